// A sealed credential as one text: base64url of
//
//   schema       1 byte
//   key version  2 bytes, the high one first
//   data key     12 bytes of IV, then 32 wrapped and 16 of tag
//   credential   12 bytes of IV, then ciphertext and 16 of tag
//
// The first three bytes make the first four characters, so rows can be told by their key version without decoding.
import { GCM_IV_BYTES, GCM_TAG_BYTES } from "../crypto/aes-gcm.ts";
import { decodeBase64Url, encodeBase64Url } from "../crypto/base64.ts";
import { concatBytes, uint16 } from "../crypto/bytes.ts";
import { AES_256_KEY_BYTES } from "../crypto/data-key.ts";

export const SCHEMA = 1;
/** Room for an RSA key of 4096 bits as PEM, several times over. */
export const CREDENTIAL_BYTES_MAX = 16_384;

const KEY_VERSION_AT = 1;
const WRAP_IV_AT = KEY_VERSION_AT + 2;
const WRAPPED_KEY_AT = WRAP_IV_AT + GCM_IV_BYTES;
const IV_AT = WRAPPED_KEY_AT + AES_256_KEY_BYTES + GCM_TAG_BYTES;
const CIPHERTEXT_AT = IV_AT + GCM_IV_BYTES;
/** An empty credential is never sealed. */
const SEALED_BYTES_MIN = CIPHERTEXT_AT + 1 + GCM_TAG_BYTES;
const SEALED_BYTES_MAX = CIPHERTEXT_AT + CREDENTIAL_BYTES_MAX + GCM_TAG_BYTES;
const SEALED_CHARACTERS_MAX = Math.ceil((SEALED_BYTES_MAX * 4) / 3);

declare const sealed: unique symbol;

/** A text that the vault has sealed: one in the clear does not compile where this is asked for. */
export type Sealed = string & { readonly [sealed]: true };

export type SealedParts = {
  readonly keyVersion: number;
  readonly wrapIv: Uint8Array<ArrayBuffer>;
  readonly wrappedKey: Uint8Array<ArrayBuffer>;
  readonly iv: Uint8Array<ArrayBuffer>;
  /** With its tag. */
  readonly ciphertext: Uint8Array<ArrayBuffer>;
};

export const joinSealed = (parts: SealedParts): Sealed =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- this is where the mark is put on
  encodeBase64Url(
    concatBytes(
      Uint8Array.of(SCHEMA),
      uint16(parts.keyVersion),
      parts.wrapIv,
      parts.wrappedKey,
      parts.iv,
      parts.ciphertext,
    ),
  ) as Sealed;

/** The parts as they are claimed to be, none of them believed yet; `undefined` for a text of another form or schema. */
export function splitSealed(text: string): SealedParts | undefined {
  if (text.length > SEALED_CHARACTERS_MAX) return undefined;
  const bytes = decodeBase64Url(text);
  if (bytes === undefined || bytes.length < SEALED_BYTES_MIN || bytes[0] !== SCHEMA) return undefined;
  return {
    keyVersion: new DataView(bytes.buffer).getUint16(KEY_VERSION_AT),
    wrapIv: bytes.slice(WRAP_IV_AT, WRAPPED_KEY_AT),
    wrappedKey: bytes.slice(WRAPPED_KEY_AT, IV_AT),
    iv: bytes.slice(IV_AT, CIPHERTEXT_AT),
    ciphertext: bytes.slice(CIPHERTEXT_AT),
  };
}

/** The version of the key that a text says it is sealed under; `undefined` where it is not a sealed text. */
export const keyVersionOf = (text: string): number | undefined => splitSealed(text)?.keyVersion;
