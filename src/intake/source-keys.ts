// A source's live secrets as keys, kept per isolate. The source `default` is fed from API_KEY_HMAC_SECRET alone.
import type { Config } from "../config.ts";
import { encodeHex, encodeUtf8 } from "../crypto/encoding.ts";
import { importHmacKey, signHmac } from "../crypto/hmac.ts";
import { SourceId } from "../domain/ids.ts";

/** A secret of a source: usable, and named without giving it away. */
export type SourceKey = { readonly id: string; readonly key: CryptoKey };

const DEFAULT_SOURCE = "default";
const KEY_ID_CHARACTERS = 16;

const cache = new WeakMap<Config, Promise<readonly SourceKey[]>>();

/** The keys a source signs with, or `undefined` for a source that does not exist. */
export function keysOf(source: string, config: Config): Promise<readonly SourceKey[]> | undefined {
  return source === DEFAULT_SOURCE ? defaultKeys(config) : undefined;
}

/** Stand-ins for an unknown source, so that refusing it takes the same work as refusing a wrong signature. */
export const decoyKeys = (config: Config): Promise<readonly SourceKey[]> => defaultKeys(config);

export const DEFAULT_SOURCE_ID = SourceId.parse(DEFAULT_SOURCE);

function defaultKeys(config: Config): Promise<readonly SourceKey[]> {
  const known = cache.get(config);
  if (known !== undefined) return known;
  const keys = Promise.all(config.API_KEY_HMAC_SECRET.map(importSourceKey));
  cache.set(config, keys);
  return keys;
}

async function importSourceKey(secret: string): Promise<SourceKey> {
  const key = await importHmacKey(secret);
  const tag = await signHmac(key, encodeUtf8("sallyport key id"));
  return { id: encodeHex(tag).slice(0, KEY_ID_CHARACTERS), key };
}
