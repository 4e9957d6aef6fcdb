// Ids that follow from a name.
import { encodeUtf8 } from "../../crypto/encoding.ts";
import { sha256Hex } from "../../crypto/hash.ts";

/** A UUIDv8 (RFC 9562 section 5.8) made of a name's hash: stable, and no id that needs to be stored. */
export function uuidOf(name: string): string {
  const hex = sha256Hex(encodeUtf8(name));
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
