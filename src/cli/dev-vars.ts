// Secrets for a laptop: written once, fresh and random, and never written over.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseEnv } from "node:util";
import { randomBytes } from "../crypto/random.ts";
import { KEY_BYTES, toBootstrapKey, toEncryptionKey, toHmacSecret } from "./keys.ts";

/** The project's own file, wherever a command is called from. */
export const DEV_VARS = join(dirname(fileURLToPath(import.meta.url)), "..", "..", ".dev.vars");

export type DevSecrets = { readonly hmacSecret: string; readonly apiKey: string };

/** The text of a `.dev.vars` file with secrets nobody has seen. */
function freshDevVars(): string {
  return [
    "# Written by npm start with fresh random secrets. .dev.vars.example explains each setting.",
    `API_KEY_HMAC_SECRET="${toHmacSecret(randomBytes(KEY_BYTES))}"`,
    `BOOTSTRAP_API_KEY="${toBootstrapKey(randomBytes(KEY_BYTES))}"`,
    `CREDENTIALS_ENCRYPTION_KEYS="${toEncryptionKey(1, randomBytes(KEY_BYTES))}"`,
    "",
  ].join("\n");
}

/** Writes the file if there is none; says whether it did. The file is readable by its owner alone. */
export function ensureDevVars(path: string): boolean {
  try {
    writeFileSync(path, freshDevVars(), { flag: "wx", mode: 0o600 });
    return true;
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "EEXIST") return false;
    throw thrown;
  }
}

/** The secrets a local sender and reader need. During a rotation (`old,new`) the last one signs. */
export function readDevVars(path: string): DevSecrets {
  const text = readFileSync(path, "utf8");
  const setting = (name: string): string => {
    const value = settingIn(text, name);
    if (value === undefined) throw new Error(`${path} does not set ${name}`);
    return value;
  };
  return {
    hmacSecret: splitSecrets(setting("API_KEY_HMAC_SECRET")).at(-1) ?? "",
    apiKey: setting("BOOTSTRAP_API_KEY"),
  };
}

/** The value of one setting in the text of a `.dev.vars` file; `undefined` where it has none, or an empty one. */
export const settingIn = (text: string, name: string): string | undefined => parseEnv(text)[name] || undefined;

/** `"old,new"` as the gateway reads it. */
export const splitSecrets = (text: string): readonly string[] => text.split(",").map((item) => item.trim());
