// New secrets, each in the form that the setting it is for has to have. The bytes come from the caller.
import { encodeBase64, encodeBase64Url } from "../crypto/base64.ts";

/** 256 bits: what HMAC-SHA256 and AES-256 have to give, and beyond anybody's guessing. */
export const KEY_BYTES = 32;

/** A key of the Standard Webhooks format, so that the same text works in their clients too. */
export const toHmacSecret = (random: Uint8Array): string => `whsec_${encodeBase64(random)}`;

/** One item of `CREDENTIALS_ENCRYPTION_KEYS`. */
export const toEncryptionKey = (version: number, random: Uint8Array): string => `${version}:${encodeBase64(random)}`;

/** A value for `BOOTSTRAP_API_KEY`. Fits a header and a shell as it is. */
export const toBootstrapKey = (random: Uint8Array): string => encodeBase64Url(random);
