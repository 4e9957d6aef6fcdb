// Reads wrangler.toml with wrangler itself, so that both read the same.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { type Check, failed, passed } from "../../domain/check.ts";
import { type Result, err, ok } from "../../domain/result.ts";
import { PROJECT } from "./project.ts";
import { WranglerConfig } from "./wrangler-config.ts";

const CHECK = "local.wrangler_toml";

/** What `engines` of the installed wrangler says; `undefined` where none is installed. */
export function readWranglersNode(): string | undefined {
  try {
    const text = readFileSync(join(PROJECT, "node_modules", "wrangler", "package.json"), "utf8");
    return z.object({ engines: z.object({ node: z.string() }) }).parse(JSON.parse(text)).engines.node;
  } catch {
    return undefined;
  }
}

export async function readWranglerConfig(path: string): Promise<Result<WranglerConfig, Check>> {
  const refuse = (detail: string, advice: string) => err(failed(CHECK, detail, advice));
  // Takes a second to load, and no other command needs it.
  const wrangler = await import("wrangler").catch(() => undefined);
  if (wrangler === undefined) return refuse("Wrangler cannot be loaded.", "npm ci");
  try {
    const config = WranglerConfig.safeParse(wrangler.experimental_readRawConfig({ config: path }).rawConfig);
    if (config.success) return ok(config.data);
    const [issue] = config.error.issues;
    return refuse(`wrangler.toml: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`, REPAIR);
  } catch (thrown) {
    return refuse(`wrangler.toml cannot be read: ${describe(thrown)}`, REPAIR);
  }
}

const REPAIR = "git diff HEAD -- wrangler.toml shows what has changed.";

export const wranglerConfigRead = (): Check => passed(CHECK, "wrangler.toml can be read.");

/** The first line: the rest of a parser's message draws the place. */
const describe = (thrown: unknown): string =>
  (thrown instanceof Error ? thrown.message : String(thrown)).split("\n")[0] ?? "";
