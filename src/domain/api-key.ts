// The form of an API key, `sp_<env>_<id><secret><checksum>`: one that can be told from other text, named without being
// shown, and checked for typing errors before anybody is asked. What a key may do is not in here, nor whether it is known.
import * as z from "zod";
import { type Result, err, ok } from "./result.ts";

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** Random bytes from here on would make the first characters of the alphabet likelier, so they are drawn again. */
const UNBIASED_BYTES = 256 - (256 % BASE62.length);

const ID_CHARACTERS = 10;
/** 190 random bits. */
const SECRET_CHARACTERS = 32;
/** 62⁶ is the first power that holds 32 bits. */
const CHECKSUM_CHARACTERS = 6;

const ROTATION_DUE_MS = 90 * 86_400_000;

/** Where a gateway runs; a key names it, so that one that was taken to the wrong gateway is told apart. */
export type Environment = "development" | "staging" | "production";

const ENVIRONMENTS = { dev: "development", staging: "staging", prod: "production" } as const;
const WORDS = { development: "dev", staging: "staging", production: "prod" } as const;

/** The public name of a key: fit for a log line, an audit entry and a list of keys. */
export const ApiKeyId = z
  .string()
  .regex(/^[0-9A-Za-z]{10}$/, { error: "must be 10 of 0-9, A-Z and a-z" })
  .brand("ApiKeyId");
export type ApiKeyId = z.infer<typeof ApiKeyId>;

/**
 * Finds keys in source code, logs and tickets. Without look-around and flags, so that every secret scanner takes it; no
 * character of a key is one that a double click stops at.
 */
export const API_KEY_PATTERN = /\bsp_(?:dev|staging|prod)_[0-9A-Za-z]{48}\b/;

const WHOLE_KEY = /^sp_(dev|staging|prod)_([0-9A-Za-z]{10})[0-9A-Za-z]{32}[0-9A-Za-z]{6}$/;

/** More than an id, which is public: some of the secret, if not all of it. */
const SOME_OF_A_KEY = /sp_(?:dev|staging|prod)_[0-9A-Za-z]{11}/;

export type NewApiKey = {
  readonly id: ApiKeyId;
  /** The whole key: shown once, and stored as its hash only. */
  readonly key: string;
};

/** A fresh key. `randomBytes` answers that many bytes of a cryptographic generator. */
export function makeApiKey(environment: Environment, randomBytes: (length: number) => Uint8Array): NewApiKey {
  const id = randomBase62(ID_CHARACTERS, randomBytes);
  const unchecked = `sp_${WORDS[environment]}_${id}${randomBase62(SECRET_CHARACTERS, randomBytes)}`;
  return { id: ApiKeyId.parse(id), key: unchecked + checksumOf(unchecked) };
}

/** `mistyped`: it begins like a key of this gateway, and was cut, lengthened or changed on its way. */
export type ApiKeyError = { readonly reason: "not_an_api_key" } | { readonly reason: "mistyped" };

/** Whose key a text says it is. Proves nothing: anybody can compute a checksum. */
export function readApiKey(
  text: string,
): Result<{ readonly id: ApiKeyId; readonly environment: Environment }, ApiKeyError> {
  const [, word, id] = WHOLE_KEY.exec(text) ?? [];
  if (id === undefined || !isWord(word)) return err({ reason: text.startsWith("sp_") ? "mistyped" : "not_an_api_key" });
  const unchecked = text.slice(0, -CHECKSUM_CHARACTERS);
  if (text !== unchecked + checksumOf(unchecked)) return err({ reason: "mistyped" });
  return ok({ id: ApiKeyId.parse(id), environment: ENVIRONMENTS[word] });
}

const isWord = (word: string | undefined): word is keyof typeof ENVIRONMENTS =>
  word !== undefined && Object.hasOwn(ENVIRONMENTS, word);

/**
 * Whether there is a key in a text, or enough of one to give part of its secret away. Reads a query string as it was sent:
 * no character of a key is one that gets percent-encoded.
 */
export const looksLikeApiKey = (text: string): boolean => SOME_OF_A_KEY.test(text);

/** Whether a key has been in use for 90 days. A reminder: what ends a key is its expiry. */
export const isRotationDue = (key: { readonly createdAtMs: number }, nowMs: number): boolean =>
  nowMs - key.createdAtMs >= ROTATION_DUE_MS;

function randomBase62(length: number, randomBytes: (length: number) => Uint8Array): string {
  let text = "";
  while (text.length < length) {
    for (const byte of randomBytes(length - text.length)) {
      if (byte < UNBIASED_BYTES) text += BASE62.charAt(byte % BASE62.length);
    }
  }
  return text;
}

function checksumOf(ascii: string): string {
  let text = "";
  let rest = crc32(ascii);
  while (text.length < CHECKSUM_CHARACTERS) {
    text = BASE62.charAt(rest % BASE62.length) + text;
    rest = Math.floor(rest / BASE62.length);
  }
  return text;
}

/** CRC-32 of ISO 3309 and IEEE 802.3, as in zip and PNG: the polynomial 0x04C11DB7, its bits reversed. */
function crc32(ascii: string): number {
  let crc = 0xffffffff;
  for (let index = 0; index < ascii.length; index += 1) {
    crc ^= ascii.charCodeAt(index);
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ ((crc & 1) * 0xedb88320);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
