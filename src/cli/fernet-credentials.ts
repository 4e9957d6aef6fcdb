// A broker's key that another system has sealed with Fernet, opened on this machine: the gateway never sees the Fernet key.
import { decodeUtf8 } from "../crypto/encoding.ts";
import { type FernetKey, type FernetRefusal, importFernetKey, openFernet } from "../crypto/fernet.ts";
import { readBody } from "./body.ts";
import { Failure, UsageFault } from "./failure.ts";
import { printable } from "./screen.ts";

/** The keys in a file, of which any may have sealed: one a line, as Fernet writes them. Nothing of the file is repeated. */
export async function readFernetKeys(file: string): Promise<readonly FernetKey[]> {
  const text = decodeUtf8((await readBody([], file)).bytes) ?? "";
  const lines = text.split(/\s+/).filter((line) => line !== "");
  const keys = await Promise.all(lines.map((line) => importFernetKey(line)));
  const usable = keys.filter((key) => key !== undefined);
  if (usable.length > 0 && usable.length === keys.length) return usable;
  throw new Failure(`${file} has to hold a Fernet key, 32 bytes in base64url with padding, or several, one a line.`);
}

/** From a file or stdin: an object whose fields are tokens, or one token, in JSON or by itself, that holds the object. */
export async function readSealed(positionals: readonly string[], file: string | undefined): Promise<unknown> {
  if (file === undefined && positionals[0] !== "-") throw new UsageFault("Give --file FILE, or - to read stdin");
  const text = decodeUtf8((await readBody(positionals, file)).bytes)?.trim() ?? "";
  return readJson(text) ?? text;
}

/**
 * The credentials in clear. Every field has to be a token, since one that was damaged cannot be told from one that was never
 * sealed. Throws a Failure that names the field, and nothing of what it holds.
 */
export async function openSealed(sealed: unknown, keys: readonly FernetKey[]): Promise<unknown> {
  if (typeof sealed === "string") {
    const opened = readJson(await openToken("The credentials", sealed, keys));
    if (isObject(opened)) return opened;
    throw refusal("The credentials hold no JSON object");
  }
  if (!isObject(sealed)) throw refusal("The credentials are neither a Fernet token nor an object of them");
  const fields = Object.entries(sealed).map(
    async ([name, token]) => [name, await openToken(name, token, keys)] as const,
  );
  return Object.fromEntries(await Promise.all(fields));
}

async function openToken(name: string, token: unknown, keys: readonly FernetKey[]): Promise<string> {
  if (typeof token !== "string") throw refusal(`${name}: no Fernet token`);
  const opened = await openFernet(keys, token);
  if (!opened.ok) throw refusal(`${name}: ${FAULTS[opened.error.reason]}`);
  const text = decodeUtf8(opened.value);
  if (text === undefined) throw refusal(`${name}: opens, and holds no text`);
  return text;
}

const FAULTS: Readonly<Record<FernetRefusal["reason"], string>> = {
  malformed: "no Fernet token",
  mac_mismatch: "not sealed with this key, or changed since",
  does_not_decrypt: "does not decrypt, although its MAC fits",
  // Only where an age is asked for, which is not done here.
  expired: "too old",
  timestamp_in_future: "from the future",
};

const refusal = (message: string): Failure => new Failure(`${printable(message)}. Nothing was sent.`);

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
