// Signed notes (C2SP signed-note): a text, and under it lines with who has signed it. Ed25519 is what they are signed with here.
import { decodeBase64, encodeBase64 } from "../crypto/base64.ts";
import { concatBytes } from "../crypto/bytes.ts";
import { encodeHex, encodeUtf8 } from "../crypto/encoding.ts";
import type { Sha256 } from "./tree.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** The signature type of Ed25519, in front of a key wherever one is written. */
const ED25519 = 1;
const ED25519_KEY_BYTES = 32;
const KEY_ID_BYTES = 4;

/** Somebody whose notes are believed. */
export type VerifierKey = { readonly name: string; readonly publicKey: Bytes };

/** `seed`: the private key, as RFC 8032 has it. */
export type SignerKey = { readonly name: string; readonly seed: Bytes };

/** Of one line: who says that they have signed the text. Whether that is so, nobody has looked at yet. */
type NoteSignature = { readonly name: string; readonly keyId: Bytes; readonly signature: Bytes };

/** `text` ends with a newline, and is what is signed. */
export type Note = { readonly text: string; readonly signatures: readonly NoteSignature[] };

export type Verify = (publicKey: Bytes, signature: Bytes, signed: Bytes) => Promise<boolean>;

/** What a name may be: it stands between a plus sign and a space. */
const isKeyName = (name: string): boolean => /^[^\s+\p{Cc}]+$/u.test(name);

/** The first four bytes of a hash over the name and the key: which of somebody's keys a line is about. */
export const keyIdOf = ({ name, publicKey }: VerifierKey, sha256: Sha256): Bytes =>
  sha256(concatBytes(encodeUtf8(`${name}\n`), Uint8Array.of(ED25519), publicKey)).slice(0, KEY_ID_BYTES);

/** As a verifier is given a key: `name+id+key`. */
export const formatVerifierKey = (key: VerifierKey, sha256: Sha256): string =>
  [key.name, encodeHex(keyIdOf(key, sha256)), encodeBase64(concatBytes(Uint8Array.of(ED25519), key.publicKey))].join(
    "+",
  );

/** `undefined` where it is no key of Ed25519, or its id is not the key's own. */
export function parseVerifierKey(text: string, sha256: Sha256): VerifierKey | undefined {
  const parts = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/s.exec(text);
  const [, name = "", id, encoded = ""] = parts ?? [];
  const publicKey = keyIn(encoded);
  if (!isKeyName(name) || publicKey === undefined) return undefined;
  const key = { name, publicKey };
  return encodeHex(keyIdOf(key, sha256)) === id ? key : undefined;
}

const PRIVATE = "PRIVATE+KEY";

/** As a signer keeps a key: `PRIVATE+KEY+name+id+seed`. `id`: of its public key. */
export const formatSignerKey = ({ name, seed }: SignerKey, id: Bytes): string =>
  [PRIVATE, name, encodeHex(id), encodeBase64(concatBytes(Uint8Array.of(ED25519), seed))].join("+");

/** `undefined` where it is none. Whether its id is the right one, its public key says. */
export function parseSignerKey(text: string): (SignerKey & { readonly id: string }) | undefined {
  const [, name = "", id = "", encoded = ""] = /^PRIVATE\+KEY\+([^+]+)\+([0-9a-f]{8})\+(.+)$/s.exec(text) ?? [];
  const seed = keyIn(encoded);
  return isKeyName(name) && seed !== undefined ? { name, seed, id } : undefined;
}

function keyIn(encoded: string): Bytes | undefined {
  const bytes = decodeBase64(encoded);
  return bytes?.[0] === ED25519 && bytes.length === 1 + ED25519_KEY_BYTES ? bytes.slice(1) : undefined;
}

/** Between the text and the lines of who has signed it. */
const SEPARATOR = "\n\n";
const DASH = "— ";
/** More than anybody has signers. */
const SIGNATURES_MAX = 100;

export function formatNote({ text, signatures }: Note): string {
  const lines = signatures.map(
    ({ name, keyId, signature }) => `${DASH}${name} ${encodeBase64(concatBytes(keyId, signature))}\n`,
  );
  return `${text}\n${lines.join("")}`;
}

/** `undefined` where it is no note. The text may have blank lines of its own: the last one is where it ends. */
export function parseNote(note: string): Note | undefined {
  const end = note.lastIndexOf(SEPARATOR);
  if (end <= 0 || !note.endsWith("\n") || /[^\P{Cc}\n]/u.test(note)) return undefined;
  const lines = note.slice(end + SEPARATOR.length, -1).split("\n");
  const signatures = lines.map(signatureIn).filter((signature) => signature !== undefined);
  const isWhole = signatures.length === lines.length && lines.length <= SIGNATURES_MAX;
  return isWhole ? { text: note.slice(0, end + 1), signatures } : undefined;
}

function signatureIn(line: string): NoteSignature | undefined {
  const [, name = "", encoded = ""] = /^— (\S+) (\S+)$/.exec(line) ?? [];
  const bytes = decodeBase64(encoded);
  if (!isKeyName(name) || bytes === undefined || bytes.length <= KEY_ID_BYTES) return undefined;
  return { name, keyId: bytes.slice(0, KEY_ID_BYTES), signature: bytes.slice(KEY_ID_BYTES) };
}

/**
 * Whether one of these keys has signed it. A line by a key that is not one of them says nothing; one by a key that is, and that does
 * not hold, makes the note worthless, whatever stands in others.
 */
export async function isSignedBy(
  { text, signatures }: Note,
  keys: readonly VerifierKey[],
  { verify, sha256 }: { readonly verify: Verify; readonly sha256: Sha256 },
): Promise<boolean> {
  const signed = encodeUtf8(text);
  let isSigned = false;
  for (const { name, keyId, signature } of signatures) {
    const key = keys.find((one) => one.name === name && encodeHex(keyIdOf(one, sha256)) === encodeHex(keyId));
    if (key === undefined) continue;
    if (!(await verify(key.publicKey, signature, signed))) return false;
    isSigned = true;
  }
  return isSigned;
}
