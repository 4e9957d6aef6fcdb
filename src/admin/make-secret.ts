// What a source proves itself with, made here and shown once: a signing secret, or the token of an address.
import { encodeBase64, encodeBase64Url } from "../crypto/base64.ts";
import { encodeUtf8 } from "../crypto/encoding.ts";
import { sha256Hex } from "../crypto/hash.ts";
import { randomBytes } from "../crypto/random.ts";
import type { Config } from "../config.ts";
import { assert } from "../domain/result.ts";
import type { StoredSecret } from "../storage/sources.ts";
import { seal } from "../vault/envelope.ts";
import { keyringOf } from "../vault/keyring.ts";
import { secretPlace } from "../vault/places.ts";
import { keyVersionOf } from "../vault/sealed.ts";

/** 256 random bits, for a secret and for a token alike. */
const SECRET_BYTES = 32;
const ID_BYTES = 8;

export type MadeSecret = { readonly shown: string; readonly stored: StoredSecret };

/** In the form that Standard Webhooks clients take too. */
export async function makeSigningSecret(config: Config, now: Date): Promise<MadeSecret> {
  const shown = `whsec_${encodeBase64(randomBytes(SECRET_BYTES))}`;
  const id = newId();
  const keyring = await keyringOf(config.CREDENTIALS_ENCRYPTION_KEYS);
  const sealed = await seal(keyring, secretPlace(id), shown);
  assert(sealed.ok, "a fresh secret can be sealed");
  const keyVersion = keyVersionOf(sealed.value) ?? keyring.primary;
  return { shown, stored: { ...fresh(id, now), sealed: sealed.value, keyVersion, tokenSha256: null } };
}

export function makeUrlToken(now: Date): MadeSecret {
  const shown = encodeBase64Url(randomBytes(SECRET_BYTES));
  const tokenSha256 = sha256Hex(encodeUtf8(shown));
  return { shown, stored: { ...fresh(newId(), now), sealed: null, keyVersion: null, tokenSha256 } };
}

const newId = (): string => encodeBase64Url(randomBytes(ID_BYTES));
const fresh = (id: string, now: Date) => ({ id, createdAt: now.toISOString(), expiresAt: null });
