// Opens Fernet tokens (github.com/fernet/spec): AES-128-CBC under HMAC-SHA256. For taking over what another system has
// sealed; nothing here makes a token.
import { type Result, err, ok } from "../domain/result.ts";
import { decodePaddedBase64Url } from "./base64.ts";
import { importHmacKey, verifyHmac } from "./hmac.ts";
import { orRefused } from "./or-refused.ts";

const VERSION = 0x80;
const MAC_KEY_BYTES = 16;
const KEY_BYTES = MAC_KEY_BYTES + 16;

// A token: version, time (8 bytes, Unix seconds), IV, ciphertext in whole blocks, MAC over all before it.
const TIMESTAMP_AT = 1;
const IV_AT = TIMESTAMP_AT + 8;
const CIPHERTEXT_AT = IV_AT + 16;
const BLOCK_BYTES = 16;
const MAC_BYTES = 32;

/** How far the clock of whoever made a token may run ahead, where its age counts. */
const CLOCK_SKEW_SEC = 60;

/** The two halves of a Fernet key. */
export type FernetKey = { readonly mac: CryptoKey; readonly cipher: CryptoKey };

/** At most `ttlSec` old by the clock of `nowMs`. */
export type FernetAge = { readonly ttlSec: number; readonly nowMs: number };

export type FernetRefusal =
  | { readonly reason: "malformed" }
  /** No key has made it, or it was changed since. */
  | { readonly reason: "mac_mismatch" }
  | { readonly reason: "expired"; readonly ageSec: number; readonly ttlSec: number }
  | { readonly reason: "timestamp_in_future"; readonly aheadSec: number; readonly skewSec: number }
  /** The MAC fits and the padding does not: whoever has the key did not encrypt this. */
  | { readonly reason: "does_not_decrypt" };

/** A key as Fernet writes it, 32 bytes in padded base64url; `undefined` for any other text. */
export async function importFernetKey(text: string): Promise<FernetKey | undefined> {
  const bytes = decodePaddedBase64Url(text);
  if (bytes?.length !== KEY_BYTES) return undefined;
  const [mac, cipher] = await Promise.all([
    importHmacKey(bytes.slice(0, MAC_KEY_BYTES)),
    crypto.subtle.importKey("raw", bytes.slice(MAC_KEY_BYTES), "AES-CBC", false, ["decrypt"]),
  ]);
  return { mac, cipher };
}

/**
 * The bytes that a token holds, under whichever of `keys` made it. Its MAC is verified, in constant time, before its time or
 * its content is looked at. Without `age`, its time is not looked at at all.
 */
export async function openFernet(
  keys: readonly FernetKey[],
  token: string,
  age?: FernetAge,
): Promise<Result<Uint8Array<ArrayBuffer>, FernetRefusal>> {
  const bytes = decodePaddedBase64Url(token);
  if (bytes === undefined || !hasTokenShape(bytes)) return err({ reason: "malformed" });
  const key = await keyThatMade(bytes, keys);
  if (key === undefined) return err({ reason: "mac_mismatch" });
  const fresh = age === undefined ? ok(undefined) : checkAge(bytes, age);
  return fresh.ok ? decrypt(key, bytes) : fresh;
}

const hasTokenShape = (bytes: Uint8Array): boolean => {
  const ciphertextBytes = bytes.length - CIPHERTEXT_AT - MAC_BYTES;
  return bytes[0] === VERSION && ciphertextBytes > 0 && ciphertextBytes % BLOCK_BYTES === 0;
};

async function keyThatMade(bytes: Uint8Array<ArrayBuffer>, keys: readonly FernetKey[]): Promise<FernetKey | undefined> {
  for (const key of keys) {
    if (await verifyHmac(key.mac, bytes.slice(-MAC_BYTES), bytes.slice(0, -MAC_BYTES))) return key;
  }
  return undefined;
}

/** Both ends belong to the window: a token exactly `ttlSec` old is fresh. */
function checkAge(bytes: Uint8Array<ArrayBuffer>, { ttlSec, nowMs }: FernetAge): Result<void, FernetRefusal> {
  // Rounds beyond 2^53, some 285 million years from now.
  const timestampSec = Number(new DataView(bytes.buffer).getBigUint64(TIMESTAMP_AT));
  const ageSec = Math.floor(nowMs / 1000) - timestampSec;
  if (ageSec > ttlSec) return err({ reason: "expired", ageSec, ttlSec });
  if (-ageSec > CLOCK_SKEW_SEC) {
    return err({ reason: "timestamp_in_future", aheadSec: -ageSec, skewSec: CLOCK_SKEW_SEC });
  }
  return ok(undefined);
}

async function decrypt(
  key: FernetKey,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Result<Uint8Array<ArrayBuffer>, FernetRefusal>> {
  const iv = bytes.slice(IV_AT, CIPHERTEXT_AT);
  const ciphertext = bytes.slice(CIPHERTEXT_AT, -MAC_BYTES);
  const plaintext = await orRefused(crypto.subtle.decrypt({ name: "AES-CBC", iv }, key.cipher, ciphertext));
  return plaintext === undefined ? err({ reason: "does_not_decrypt" }) : ok(new Uint8Array(plaintext));
}
