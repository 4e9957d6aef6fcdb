// Secrets for a laptop: written once, fresh and random, and never written over.
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

export type DevSecrets = { readonly hmacSecret: string; readonly apiKey: string };

/** The text of a `.dev.vars` file with secrets nobody has seen. */
function freshDevVars(): string {
  const secret = (): string => randomBytes(32).toString("base64url");
  return [
    "# Written by npm start with fresh random secrets. .dev.vars.example explains each setting.",
    `API_KEY_HMAC_SECRET="${secret()}"`,
    `BOOTSTRAP_API_KEY="${secret()}"`,
    "BROKER_CREDENTIALS='{}'",
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
    const [, value] = new RegExp(`^\\s*${name}\\s*=\\s*["']?([^"'\\n]+?)["']?\\s*$`, "m").exec(text) ?? [];
    if (value === undefined) throw new Error(`${path} does not set ${name}`);
    return value;
  };
  const hmacSecret = setting("API_KEY_HMAC_SECRET").split(",").at(-1)?.trim() ?? "";
  return { hmacSecret, apiKey: setting("BOOTSTRAP_API_KEY") };
}
