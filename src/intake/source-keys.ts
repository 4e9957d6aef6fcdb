// A source's secret as the keys that signatures are checked with.
import { decodeBase64 } from "../crypto/base64.ts";
import { encodeHex, encodeUtf8 } from "../crypto/encoding.ts";
import { importHmacKey, signHmac } from "../crypto/hmac.ts";
import { randomBytes } from "../crypto/random.ts";
import type { SignatureScheme } from "../domain/signature.ts";

/** A secret of a source: usable, and named without giving it away. */
export type SourceKey = { readonly id: string; readonly keys: Readonly<Record<SignatureScheme, CryptoKey>> };

const KEY_ID_CHARACTERS = 16;

const STANDARD_SECRET_PREFIX = "whsec_";
/** The least that Standard Webhooks allows. */
const STANDARD_KEY_BYTES_MIN = 24;

/**
 * The house schemes sign under the secret's literal text, Standard Webhooks under the bytes that `whsec_…` spells. A secret
 * without an id of its own is named after itself.
 */
export async function importSourceKey(secret: string, id?: string): Promise<SourceKey> {
  const literal = await importHmacKey(secret);
  // A secret without that form gets a key that nobody has: nothing matches, and refusing takes the same work.
  const decoded = await importHmacKey(decodeStandardSecret(secret) ?? randomBytes(32));
  const tag = await signHmac(literal, encodeUtf8("sallyport key id"));
  return {
    id: id ?? encodeHex(tag).slice(0, KEY_ID_CHARACTERS),
    keys: { v1: literal, sha256: literal, standard_webhooks: decoded },
  };
}

function decodeStandardSecret(secret: string): Uint8Array<ArrayBuffer> | undefined {
  if (!secret.startsWith(STANDARD_SECRET_PREFIX)) return undefined;
  const bytes = decodeBase64(secret.slice(STANDARD_SECRET_PREFIX.length));
  return bytes === undefined || bytes.length < STANDARD_KEY_BYTES_MIN ? undefined : bytes;
}
