// The part of the examination that needs no gateway: Node, wrangler.toml, the secrets, and the database on this machine.
import { join, relative } from "node:path";
import type { Check } from "../../domain/check.ts";
import { DEV_VARS } from "../dev-vars.ts";
import { checkLocalDatabase } from "./local-database.ts";
import { checkNode } from "./node-version.ts";
import { PROJECT } from "./project.ts";
import { readWranglerConfig, readWranglersNode, wranglerConfigRead } from "./read-wrangler.ts";
import { checkSecretsFile, readSecretsFile } from "./secrets-file.ts";
import { checkSettingValues } from "./settings.ts";
import { type Meant, type WranglerConfig, checkWranglerConfig } from "./wrangler-config.ts";

export type Machine = {
  /** The environment of wrangler.toml that is meant; `undefined`: the top of the file. */
  readonly environment: Meant;
  /** Whether the gateway is on this machine, so that the secrets and the database here are its own. */
  readonly isGatewayHere: boolean;
  readonly secretsFile: string | undefined;
  readonly stateDir: string | undefined;
};

export type MachineFound = {
  readonly checks: readonly Check[];
  /** Where an environment is meant: what wrangler.toml has its gateway run as. */
  readonly runsAs: string | undefined;
};

export async function checkThisMachine(machine: Machine): Promise<MachineFound> {
  const { environment, isGatewayHere, secretsFile, stateDir } = machine;
  const node = checkNode(process.versions.node, readWranglersNode());
  const read = await readWranglerConfig(join(PROJECT, "wrangler.toml"));
  const config = read.ok ? read.value : undefined;
  const checks = [
    node,
    ...(read.ok ? [wranglerConfigRead(), ...checkWranglerConfig(read.value, environment)] : [read.error]),
    ...(isGatewayHere
      ? [...checkSecrets(config, secretsFile ?? DEV_VARS), checkLocalDatabase(stateDir ?? STATE)]
      : checkVars(config, environment)),
  ];
  const named = environment === undefined ? undefined : config?.env[environment]?.vars["ENVIRONMENT"];
  return { checks, runsAs: typeof named === "string" ? named : undefined };
}

const STATE = join(PROJECT, ".wrangler", "state");

function checkSecrets(config: WranglerConfig | undefined, path: string): Check[] {
  const file = relative(process.cwd(), path);
  const read = readSecretsFile(path, file);
  if (!read.ok) return [read.error];
  const { mode, values } = read.value;
  const settings = config === undefined ? [] : checkSettingValues(config.vars, { file, values }, "[vars]");
  return [...checkSecretsFile(mode, file), ...settings];
}

function checkVars(config: WranglerConfig | undefined, environment: Meant): Check[] {
  const section = environment === undefined ? config : config?.env[environment];
  const table = environment === undefined ? "[vars]" : `[env.${environment}.vars]`;
  return section === undefined ? [] : checkSettingValues(section.vars, null, table);
}
