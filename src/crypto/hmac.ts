// HMAC-SHA256 (RFC 2104) through WebCrypto. Tags are whole: 32 bytes, never truncated.
import { assert } from "../domain/result.ts";
import { encodeUtf8 } from "./encoding.ts";

const HMAC_SHA256 = { name: "HMAC", hash: "SHA-256" };

/**
 * A key for signing and verifying. A text stands for its UTF-8 bytes, whatever it looks like: `whsec_…` is not decoded here.
 * An empty secret is refused because anybody can compute its tags.
 */
export async function importHmacKey(secret: string | Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  const bytes = typeof secret === "string" ? encodeUtf8(secret) : secret;
  assert(bytes.length > 0, "an HMAC secret must not be empty");
  return crypto.subtle.importKey("raw", bytes, HMAC_SHA256, false, ["sign", "verify"]);
}

export async function signHmac(key: CryptoKey, data: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, data));
}

/** Whether `mac` is the whole tag of `data`. The comparison is the platform's own, in constant time. */
export const verifyHmac = (
  key: CryptoKey,
  mac: Uint8Array<ArrayBuffer>,
  data: Uint8Array<ArrayBuffer>,
): Promise<boolean> => crypto.subtle.verify("HMAC", key, mac, data);
