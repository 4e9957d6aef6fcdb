// AES-GCM (NIST SP 800-38D) through WebCrypto, with IVs of 96 bits and whole tags of 128, and no other sizes.
import { assert } from "../domain/result.ts";
import { orRefused } from "./or-refused.ts";

/** The one length that the cipher uses as it is. It hashes any other, and IVs that differ can then meet. */
export const GCM_IV_BYTES = 12;
/** Stands at the end of every ciphertext. */
export const GCM_TAG_BYTES = 16;

export type GcmOptions = {
  /**
   * Never twice under one key: a repeated IV gives away what keeps ciphertexts from being forged. Random IVs are good for
   * 2^32 of them under one key (section 8.3).
   */
  readonly iv: Uint8Array<ArrayBuffer>;
  /** Not part of the ciphertext, but covered by its tag. */
  readonly additionalData: Uint8Array<ArrayBuffer>;
};

export async function encryptAesGcm(
  key: CryptoKey,
  plaintext: Uint8Array<ArrayBuffer>,
  options: GcmOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.encrypt(gcmAlgorithm(options), key, plaintext));
}

/** The plaintext; `undefined` where key, IV, additional data and ciphertext do not belong together. */
export async function decryptAesGcm(
  key: CryptoKey,
  ciphertext: Uint8Array<ArrayBuffer>,
  options: GcmOptions,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const plaintext = await orRefused(crypto.subtle.decrypt(gcmAlgorithm(options), key, ciphertext));
  return plaintext === undefined ? undefined : new Uint8Array(plaintext);
}

/** The algorithm as WebCrypto wants it named. */
export function gcmAlgorithm({ iv, additionalData }: GcmOptions) {
  assert(iv.length === GCM_IV_BYTES, "an IV has 12 bytes");
  return { name: "AES-GCM", iv, additionalData, tagLength: GCM_TAG_BYTES * 8 };
}
