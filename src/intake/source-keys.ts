// A source's live secrets as keys, kept per isolate. The source `default` is fed from API_KEY_HMAC_SECRET alone.
import type { Config } from "../config.ts";
import { decodeBase64 } from "../crypto/base64.ts";
import { encodeHex, encodeUtf8 } from "../crypto/encoding.ts";
import { importHmacKey, signHmac } from "../crypto/hmac.ts";
import { randomBytes } from "../crypto/random.ts";
import { SourceId } from "../domain/ids.ts";
import { SIGNATURE_SCHEMES, type SignatureScheme } from "../domain/signature.ts";

/** A secret of a source: usable, and named without giving it away. */
export type SourceKey = { readonly id: string; readonly keys: Readonly<Record<SignatureScheme, CryptoKey>> };

const DEFAULT_SOURCE = "default";
const KEY_ID_CHARACTERS = 16;

const STANDARD_SECRET_PREFIX = "whsec_";
/** The least that Standard Webhooks allows. */
const STANDARD_KEY_BYTES_MIN = 24;

const cache = new WeakMap<Config, Promise<readonly SourceKey[]>>();

/** The keys a source signs with, or `undefined` for a source that does not exist. */
export function keysOf(source: string, config: Config): Promise<readonly SourceKey[]> | undefined {
  return source === DEFAULT_SOURCE ? defaultKeys(config) : undefined;
}

/** Stand-ins for an unknown source, so that refusing it takes the same work as refusing a wrong signature. */
export const decoyKeys = (config: Config): Promise<readonly SourceKey[]> => defaultKeys(config);

export const DEFAULT_SOURCE_ID = SourceId.parse(DEFAULT_SOURCE);

/** How the source `default` may sign: in every way there is. */
export const DEFAULT_SOURCE_SCHEMES: ReadonlySet<SignatureScheme> = new Set(SIGNATURE_SCHEMES);

function defaultKeys(config: Config): Promise<readonly SourceKey[]> {
  const known = cache.get(config);
  if (known !== undefined) return known;
  const keys = Promise.all(config.API_KEY_HMAC_SECRET.map(importSourceKey));
  cache.set(config, keys);
  return keys;
}

/** The house schemes sign under the secret's literal text, Standard Webhooks under the bytes that `whsec_…` spells. */
export async function importSourceKey(secret: string): Promise<SourceKey> {
  const literal = await importHmacKey(secret);
  // A secret without that form gets a key that nobody has: nothing matches, and refusing takes the same work.
  const decoded = await importHmacKey(decodeStandardSecret(secret) ?? randomBytes(32));
  const tag = await signHmac(literal, encodeUtf8("sallyport key id"));
  return {
    id: encodeHex(tag).slice(0, KEY_ID_CHARACTERS),
    keys: { v1: literal, sha256: literal, standard_webhooks: decoded },
  };
}

function decodeStandardSecret(secret: string): Uint8Array<ArrayBuffer> | undefined {
  if (!secret.startsWith(STANDARD_SECRET_PREFIX)) return undefined;
  const bytes = decodeBase64(secret.slice(STANDARD_SECRET_PREFIX.length));
  return bytes === undefined || bytes.length < STANDARD_KEY_BYTES_MIN ? undefined : bytes;
}
