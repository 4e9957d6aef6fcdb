// The file of secrets: that it is there, and for nobody else to read.
import { readFileSync, statSync } from "node:fs";
import { parseEnv } from "node:util";
import { type Check, failed, passed } from "../../domain/check.ts";
import { type Result, err, ok } from "../../domain/result.ts";
import { shellQuote } from "../shell-quote.ts";

export type SecretsFile = { readonly mode: number; readonly values: Readonly<Record<string, string | undefined>> };

/** `shown`: the path as it is printed. */
export function readSecretsFile(path: string, shown: string): Result<SecretsFile, Check> {
  try {
    return ok({ mode: statSync(path).mode, values: parseEnv(readFileSync(path, "utf8")) });
  } catch (thrown) {
    const isMissing = thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT";
    return err(
      failed(
        "local.dev_vars",
        isMissing ? `There is no ${shown}.` : `${shown} cannot be read.`,
        isMissing ? "npm start writes one, with fresh secrets." : `ls -l ${shellQuote(shown)}`,
      ),
    );
  }
}

/** `mode`: as `stat` has it. On Windows the bits say nothing, and are set for nobody. */
export const checkSecretsFile = (mode: number, shown: string): Check[] => [
  passed("local.dev_vars", `${shown} is there.`),
  (mode & 0o007) === 0
    ? passed("local.dev_vars_mode", `${shown} is not for everybody.`)
    : failed(
        "local.dev_vars_mode",
        `Every user of this machine can open ${shown}.`,
        `chmod 600 ${shellQuote(shown)}; if others use this machine, make new secrets as well.`,
      ),
];
