// Seals credentials for storage and opens them again: each under a data key of its own, the data key under a key of the
// keyring, both tied to the place they are stored at (AES-256-GCM, random IVs). It refuses whatever it has not sealed itself.
//
// The length of a credential shows. A broker's keys have the lengths the broker gives all of its keys, and the broker stands
// in clear in the same row. A secret that people choose, whose length says something, has to be padded by who stores it.
import { GCM_IV_BYTES, decryptAesGcm, encryptAesGcm } from "../crypto/aes-gcm.ts";
import { generateDataKey, unwrapDataKey, wrapDataKey } from "../crypto/data-key.ts";
import { decodeUtf8, encodeUtf8 } from "../crypto/encoding.ts";
import { randomBytes } from "../crypto/random.ts";
import { type Result, assert, err, ok } from "../domain/result.ts";
import type { Keyring } from "./keyring.ts";
import { type Place, credentialContext, dataKeyContext } from "./place.ts";
import { CREDENTIAL_BYTES_MAX, type Sealed, type SealedParts, joinSealed, splitSealed } from "./sealed.ts";

/** A text that is not sealed because it would not come back, or not as it was. None of these says anything of its content. */
export type SealRefusal =
  | { readonly reason: "empty" }
  /** A lone surrogate: UTF-8 cannot spell it. */
  | { readonly reason: "not_unicode" }
  | { readonly reason: "too_long"; readonly bytes: number; readonly bytesMax: number };

export type OpenRefusal =
  | { readonly reason: "malformed" }
  | { readonly reason: "unknown_key_version"; readonly keyVersion: number }
  /** Changed, moved from another place, or sealed under other bytes of this version. Which of them cannot be told. */
  | { readonly reason: "does_not_open" };

/** Seals a text for one place, under the primary key. */
export async function seal(keyring: Keyring, place: Place, plaintext: string): Promise<Result<Sealed, SealRefusal>> {
  if (plaintext === "") return err({ reason: "empty" });
  if (!plaintext.isWellFormed()) return err({ reason: "not_unicode" });
  const bytes = encodeUtf8(plaintext);
  if (bytes.length > CREDENTIAL_BYTES_MAX) {
    return err({ reason: "too_long", bytes: bytes.length, bytesMax: CREDENTIAL_BYTES_MAX });
  }
  const dataKey = await generateDataKey();
  const iv = randomBytes(GCM_IV_BYTES);
  const ciphertext = await encryptAesGcm(dataKey, bytes, { iv, additionalData: credentialContext(place) });
  const wrapped = await wrapUnderPrimary(keyring, place, dataKey);
  return ok(joinSealed({ ...wrapped, iv, ciphertext }));
}

/** The text that was sealed for this place. */
export async function open(keyring: Keyring, place: Place, sealed: string): Promise<Result<string, OpenRefusal>> {
  const unwrapped = await unwrap(keyring, place, sealed, "decrypt");
  if (!unwrapped.ok) return unwrapped;
  const { parts, dataKey } = unwrapped.value;
  const bytes = await decryptAesGcm(dataKey, parts.ciphertext, {
    iv: parts.iv,
    additionalData: credentialContext(place),
  });
  const plaintext = bytes === undefined ? undefined : decodeUtf8(bytes);
  return plaintext === undefined ? err({ reason: "does_not_open" }) : ok(plaintext);
}

/**
 * The same credential with its data key wrapped under the primary key; what already is comes back as it was. The data key has
 * to unwrap at this place in either case. The credential itself is neither opened nor checked.
 */
export async function rewrap(keyring: Keyring, place: Place, sealed: string): Promise<Result<Sealed, OpenRefusal>> {
  const unwrapped = await unwrap(keyring, place, sealed, "wrap");
  if (!unwrapped.ok) return unwrapped;
  const { parts, dataKey } = unwrapped.value;
  if (parts.keyVersion === keyring.primary) return ok(joinSealed(parts));
  return ok(joinSealed({ ...parts, ...(await wrapUnderPrimary(keyring, place, dataKey)) }));
}

/** The version in the text chooses the key, and only that key is tried: AES-GCM lets one ciphertext open under two keys. */
async function unwrap(
  keyring: Keyring,
  place: Place,
  sealed: string,
  purpose: "decrypt" | "wrap",
): Promise<Result<{ readonly parts: SealedParts; readonly dataKey: CryptoKey }, OpenRefusal>> {
  const parts = splitSealed(sealed);
  if (parts === undefined) return err({ reason: "malformed" });
  const { keyVersion, wrapIv, wrappedKey } = parts;
  const key = keyring.keys.get(keyVersion);
  if (key === undefined) return err({ reason: "unknown_key_version", keyVersion });
  const additionalData = dataKeyContext(place, keyVersion);
  const dataKey = await unwrapDataKey(key, wrappedKey, { iv: wrapIv, additionalData, purpose });
  return dataKey === undefined ? err({ reason: "does_not_open" }) : ok({ parts, dataKey });
}

async function wrapUnderPrimary(
  keyring: Keyring,
  place: Place,
  dataKey: CryptoKey,
): Promise<Pick<SealedParts, "keyVersion" | "wrapIv" | "wrappedKey">> {
  const keyVersion = keyring.primary;
  const key = keyring.keys.get(keyVersion);
  assert(key !== undefined, "the primary key is in the keyring");
  const wrapIv = randomBytes(GCM_IV_BYTES);
  const additionalData = dataKeyContext(place, keyVersion);
  return { keyVersion, wrapIv, wrappedKey: await wrapDataKey(key, dataKey, { iv: wrapIv, additionalData }) };
}
