// The name that the gateway gives a secret which has no id of its own, and writes into the audit log.
import { encodeHex, encodeUtf8 } from "../crypto/encoding.ts";
import { importHmacKey, signHmac } from "../crypto/hmac.ts";

const CHARACTERS = 16;

/** The `key_id` of what this secret has signed. Does not give it away. */
export async function nameSecret(secret: string): Promise<string> {
  const tag = await signHmac(await importHmacKey(secret), encodeUtf8("sallyport key id"));
  return encodeHex(tag).slice(0, CHARACTERS);
}
