// Bytes as base64 and back (RFC 4648 sections 4 and 5), in one spelling only: a text with spare bits that are not zero, or
// with the wrong padding, is no text of this alphabet (section 3.5).

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$/;
const PADDING = /=+$/;

/** With padding. */
export const encodeBase64 = (bytes: Uint8Array): string =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

/** The bytes of a padded base64 text; `undefined` for any other text. */
export const decodeBase64 = (text: string): Uint8Array<ArrayBuffer> | undefined =>
  BASE64.test(text) ? Uint8Array.from(atob(text), (character) => character.charCodeAt(0)) : undefined;

/** The URL-safe alphabet, without padding. */
export const encodeBase64Url = (bytes: Uint8Array): string =>
  encodeBase64(bytes).replace(PADDING, "").replaceAll("+", "-").replaceAll("/", "_");

/** The bytes of an unpadded base64url text; `undefined` for any other text. */
export const decodeBase64Url = (text: string): Uint8Array<ArrayBuffer> | undefined =>
  text.includes("=") ? undefined : decodePaddedBase64Url(text.padEnd(Math.ceil(text.length / 4) * 4, "="));

/** The bytes of a padded base64url text; `undefined` for any other text. */
export const decodePaddedBase64Url = (text: string): Uint8Array<ArrayBuffer> | undefined =>
  /[+/]/.test(text) ? undefined : decodeBase64(text.replaceAll("-", "+").replaceAll("_", "/"));
