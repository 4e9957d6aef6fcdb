// Compares secrets without telling by its duration how much of a guess was right.
import { sha256 } from "@noble/hashes/sha2.js";
import { encodeUtf8 } from "./encoding.ts";

/** Compares the SHA-256 digests, all 32 bytes of them: neither the length nor any prefix of a secret shows in the time. */
export function equalSecrets(a: string, b: string): boolean {
  const left = sha256(encodeUtf8(a));
  const right = sha256(encodeUtf8(b));
  let difference = 0;
  for (let index = 0; index < left.length; index += 1) difference |= (left[index] ?? 0) ^ (right[index] ?? 0);
  return difference === 0;
}
