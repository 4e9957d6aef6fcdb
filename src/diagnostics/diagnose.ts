// Everything that is looked at of a running gateway, in the order in which a mistake would show: settings, bindings, database,
// vault, keys, accounts.
import type { Config } from "../config.ts";
import type { ApiKey } from "../domain/access.ts";
import type { Account } from "../domain/account.ts";
import { listAccounts } from "../storage/accounts.ts";
import { listApiKeys } from "../storage/api-keys.ts";
import type { Source } from "../domain/source.ts";
import { listSources } from "../storage/sources.ts";
import { type Database, openDatabase } from "../storage/client.ts";
import type { Structure } from "../storage/migrations.ts";
import { countSealed } from "../storage/sealed.ts";
import { readStructure } from "../storage/structure.ts";
import { checkApiKeys } from "./api-keys.ts";
import { checkAccounts } from "./ask-accounts.ts";
import { checkObjects, judgeAnswer } from "./bindings.ts";
import { checkMigrations, checkTriggers, missingMigrations } from "./database.ts";
import type { GatewayCheck } from "./gateway-checks.ts";
import { checkSources } from "./sources.ts";
import { look } from "./look.ts";
import { checkDefaultAccount, checkSettings } from "./settings.ts";
import { checkVault } from "./vault.ts";
import type { Caller } from "../account/caller.ts";

export type DiagnoseDeps = {
  readonly config: Config;
  readonly env: Env;
  readonly caller: Caller;
  /** Whether the request came through Cloudflare. */
  readonly isAtEdge: boolean;
  readonly now: Date;
};

/** Never throws: what cannot be looked at is a check that failed. */
export async function diagnose({ config, env, caller, isAtEdge, now }: DiagnoseDeps): Promise<GatewayCheck[]> {
  const read = await look("binding.DB", () => readDatabase(openDatabase(env.DB), now));
  const contents = read.ok ? read.value.contents : undefined;
  const accounts = contents?.accounts.filter(({ status }) => status !== "deleted");
  const [objects, ofAccounts] = await Promise.all([
    checkObjects({ env, caller, accounts }),
    accounts === undefined ? [] : checkAccounts(accounts, { env, database: openDatabase(env.DB) }),
  ]);
  return [
    ...checkSettings(config, { isAtEdge, sources: contents?.sources ?? [] }),
    ...(contents === undefined
      ? []
      : [checkDefaultAccount(config.ENVIRONMENT, contents.accounts.find(isDefault(config)))]),
    judgeAnswer("DB", env, read),
    ...objects,
    ...(read.ok ? checkStructure(read.value.structure, config) : []),
    ...(contents === undefined ? [] : checkContents(contents, config, now)),
    ...ofAccounts,
  ];
}

type Contents = {
  readonly accounts: readonly Account[];
  readonly sources: readonly Source[];
  readonly apiKeys: readonly ApiKey[];
  readonly sealed: ReadonlyMap<number, number>;
};

/** What the tables hold is read once they are those that this code knows. */
async function readDatabase(
  database: Database,
  now: Date,
): Promise<{ readonly structure: Structure; readonly contents: Contents | undefined }> {
  const structure = await readStructure(database);
  if (missingMigrations(structure).length > 0) return { structure, contents: undefined };
  const [accounts, sources, apiKeys, sealed] = await Promise.all([
    listAccounts(database),
    listSources(database),
    listApiKeys(database, now),
    countSealed(database),
  ]);
  const contents = {
    accounts,
    sources: sources.map(({ source }) => source),
    apiKeys: apiKeys.map(({ key }) => key),
    sealed,
  };
  return { structure, contents };
}

const checkStructure = (structure: Structure, { ENVIRONMENT }: Config): GatewayCheck[] => [
  checkMigrations(structure, ENVIRONMENT),
  checkTriggers(structure, ENVIRONMENT),
];

const checkContents = ({ sources, apiKeys, sealed }: Contents, config: Config, now: Date): GatewayCheck[] => [
  ...checkVault(
    config.CREDENTIALS_ENCRYPTION_KEYS.map(({ version }) => version),
    sealed,
  ),
  checkSources(sources, now.getTime()),
  ...checkApiKeys(apiKeys, now.getTime()),
];

const isDefault =
  ({ DEFAULT_ACCOUNT }: Config) =>
  ({ id }: Account): boolean =>
    id === DEFAULT_ACCOUNT;
