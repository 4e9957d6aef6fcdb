// Bytes as text and back, each in one spelling only: what is signed or compared must not have two.

const utf8Encoder = new TextEncoder();
/** `ignoreBOM` keeps a byte order mark as a character: dropping it would make two different bodies read the same. */
const utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const HEX = /^[0-9a-f]*$/;

/** Lower-case hexadecimal. */
export const encodeHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The bytes of a lower-case hexadecimal text; `undefined` for any other text. */
export function decodeHex(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 2 !== 0 || !HEX.test(text)) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let index = 0; index < bytes.length; index += 1) {
    bytes[index] = Number.parseInt(text.slice(index * 2, index * 2 + 2), 16);
  }
  return bytes;
}

/** An encoder always allocates a plain ArrayBuffer; the type of one of the platforms does not say so. */
export const encodeUtf8 = (text: string): Uint8Array<ArrayBuffer> =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  utf8Encoder.encode(text) as Uint8Array<ArrayBuffer>;

/** The text that these bytes spell; `undefined` where they are not well-formed UTF-8. Nothing is replaced or dropped. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8Decoder.decode(bytes);
  } catch {
    return undefined;
  }
}
