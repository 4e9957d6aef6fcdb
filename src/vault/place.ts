// Where a sealed credential belongs, as the bytes that tie it there.
import { concatBytes, uint16, uint32 } from "../crypto/bytes.ts";
import { encodeUtf8 } from "../crypto/encoding.ts";
import { assert } from "../domain/result.ts";
import { SCHEMA } from "./sealed.ts";

/** The column that a sealed credential is stored in: what is sealed for one place opens at no other. */
export type Place = { readonly table: string; readonly row: string; readonly field: string };

/** Additional data of the credential. The key version is not in it: a rotation leaves the credential's ciphertext alone. */
export const credentialContext = (place: Place): Uint8Array<ArrayBuffer> => lengthPrefixed(placeParts(place));

/** Additional data of the wrapped data key: a key wrapped under one version does not pass for one of another. */
export const dataKeyContext = (place: Place, keyVersion: number): Uint8Array<ArrayBuffer> =>
  lengthPrefixed([...placeParts(place), uint16(keyVersion)]);

function placeParts({ table, row, field }: Place): Uint8Array[] {
  const names = [table, row, field];
  assert(
    names.every((name) => name.isWellFormed()),
    "the name of a place is well-formed Unicode",
  );
  return [encodeUtf8("sallyport"), Uint8Array.of(SCHEMA), ...names.map(encodeUtf8)];
}

/** Each part with its length before it, so that no two lists of parts spell the same bytes. */
const lengthPrefixed = (parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> =>
  concatBytes(...parts.flatMap((part) => [uint32(part.length), part]));
