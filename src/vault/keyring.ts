// The key-encryption keys: from the setting CREDENTIALS_ENCRYPTION_KEYS to a keyring that cannot be exported.
import * as z from "zod";
import { decodeBase64, encodeBase64 } from "../crypto/base64.ts";
import { AES_256_KEY_BYTES, importWrappingKey } from "../crypto/data-key.ts";
import { type Result, assert, err, ok } from "../domain/result.ts";

/** A rotation needs two. */
const KEYS_MAX = 4;
/** A sealed text has two bytes for it. */
const KEY_VERSION_MAX = 65_535;
/** The version as it is written, so without leading zeros, and the key in base64. */
const ITEM = /^([1-9]\d{0,4}):(.*)$/;

type EncryptionKey = { readonly version: number; readonly bytes: Uint8Array<ArrayBuffer> };

/** `"2:<base64>,1:<base64>"`. The first key seals, all of them open. A message names an item by its place, never its text. */
export const EncryptionKeys = z.string().transform((text, context): readonly EncryptionKey[] => {
  const keys = readKeys(text);
  if (keys.ok) return keys.value;
  context.addIssue({ code: "custom", message: keys.error });
  return z.NEVER;
});
export type EncryptionKeys = z.infer<typeof EncryptionKeys>;

/** What the vault seals and opens with. Nothing in it can be exported, or used on anything but data keys. */
export type Keyring = {
  /** The version that seals. */
  readonly primary: number;
  readonly keys: ReadonlyMap<number, CryptoKey>;
};

export async function importKeyring(keys: EncryptionKeys): Promise<Keyring> {
  const [primary] = keys;
  assert(primary !== undefined, "a keyring has a key");
  const imported = keys.map(async ({ version, bytes }) => [version, await importWrappingKey(bytes)] as const);
  return { primary: primary.version, keys: new Map(await Promise.all(imported)) };
}

const keyrings = new WeakMap<EncryptionKeys, Promise<Keyring>>();

/** The keyring of a setting, imported once per isolate. */
export function keyringOf(keys: EncryptionKeys): Promise<Keyring> {
  const known = keyrings.get(keys) ?? importKeyring(keys);
  keyrings.set(keys, known);
  return known;
}

function readKeys(text: string): Result<readonly EncryptionKey[], string> {
  if (text.trim() === "") return err("must hold at least 1 key");
  const items = text.split(",");
  if (items.length > KEYS_MAX) return err(`must hold at most ${KEYS_MAX} keys`);
  const keys: EncryptionKey[] = [];
  for (const [index, item] of items.entries()) {
    const key = readKey(item.trim());
    if (!key.ok) return err(`item ${index + 1} ${key.error}`);
    keys.push(key.value);
  }
  if (new Set(keys.map(({ version }) => version)).size < keys.length) return err("must not hold a version twice");
  if (new Set(keys.map(({ bytes }) => encodeBase64(bytes))).size < keys.length) return err("must not hold a key twice");
  return ok(keys);
}

function readKey(item: string): Result<EncryptionKey, string> {
  const [, digits, base64] = ITEM.exec(item) ?? [];
  if (digits === undefined || base64 === undefined) return err("must be <version>:<key>, the version a whole number");
  const version = Number(digits);
  if (version > KEY_VERSION_MAX) return err(`must have a version from 1 to ${KEY_VERSION_MAX}`);
  const bytes = decodeBase64(base64);
  if (bytes?.length !== AES_256_KEY_BYTES)
    return err(`must have a key of ${AES_256_KEY_BYTES} bytes, in padded base64`);
  if (bytes.every((byte) => byte === 0)) return err("must not have a key of zeros");
  return ok({ version, bytes });
}
