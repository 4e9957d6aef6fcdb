// Data keys: each encrypts one thing, and is stored beside it, itself encrypted under a wrapping key (AES-256-GCM both).
import { assert } from "../domain/result.ts";
import { type GcmOptions, gcmAlgorithm } from "./aes-gcm.ts";
import { orRefused } from "./or-refused.ts";

export const AES_256_KEY_BYTES = 32;

/** A key for nothing but wrapping and unwrapping other keys. Cannot be exported. */
export async function importWrappingKey(bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  assert(bytes.length === AES_256_KEY_BYTES, "an AES-256 key has 32 bytes");
  return crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["wrapKey", "unwrapKey"]);
}

/** A fresh AES-256 key for one encryption, extractable so that it can be wrapped. */
export async function generateDataKey(): Promise<CryptoKey> {
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: AES_256_KEY_BYTES * 8 }, true, ["encrypt"]);
  assert(!("publicKey" in key), "a symmetric key is no pair");
  return key;
}

/** Encrypts a data key's 32 bytes. They stay inside the platform and are never seen here. */
export async function wrapDataKey(
  wrappingKey: CryptoKey,
  dataKey: CryptoKey,
  options: GcmOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.wrapKey("raw", dataKey, wrappingKey, gcmAlgorithm(options)));
}

/**
 * The data key, good for its purpose only: to decrypt with, or to be wrapped again. `undefined` where key, IV, additional data
 * and wrapped key do not belong together.
 */
export const unwrapDataKey = (
  wrappingKey: CryptoKey,
  wrapped: Uint8Array<ArrayBuffer>,
  options: GcmOptions & { readonly purpose: "decrypt" | "wrap" },
): Promise<CryptoKey | undefined> => {
  const isForWrapping = options.purpose === "wrap";
  // A key without any usage does not unwrap, so one that is only to be wrapped has the usage it was generated with.
  const usages: ["encrypt" | "decrypt"] = [isForWrapping ? "encrypt" : "decrypt"];
  return orRefused(
    crypto.subtle.unwrapKey("raw", wrapped, wrappingKey, gcmAlgorithm(options), "AES-GCM", isForWrapping, usages),
  );
};
