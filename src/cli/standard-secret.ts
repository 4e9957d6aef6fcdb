// The secret as Standard Webhooks 1.0.0 writes it: `whsec_` and the base64 of the key.
import { decodeBase64 } from "../crypto/base64.ts";

const PREFIX = "whsec_";
/** The least that the standard allows. */
const KEY_BYTES_MIN = 24;

/** The bytes of the key; `undefined` for a text that is no such secret. */
export function decodeStandardSecret(secret: string): Uint8Array<ArrayBuffer> | undefined {
  if (!secret.startsWith(PREFIX)) return undefined;
  const key = decodeBase64(secret.slice(PREFIX.length));
  return key === undefined || key.length < KEY_BYTES_MIN ? undefined : key;
}

export const isStandardSecret = (secret: string): boolean => decodeStandardSecret(secret) !== undefined;
