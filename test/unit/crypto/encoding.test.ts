import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeHex, decodeUtf8, encodeHex, encodeUtf8 } from "../../../src/crypto/encoding.ts";

/** Any character but a lone surrogate, which UTF-8 cannot spell. */
const character = fc
  .oneof(fc.integer({ min: 0, max: 0xd7ff }), fc.integer({ min: 0xe000, max: 0x10ffff }))
  .map((code) => String.fromCodePoint(code));

/** Whole characters, byte order marks and encoded surrogates among them, with bytes missing or added here and there. */
const nearlyUtf8 = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: character.map((text) => [...encodeUtf8(text)]) },
      { weight: 1, arbitrary: fc.constantFrom([0xef, 0xbb, 0xbf], [0xed, 0xa0, 0x80], [0xc0, 0x80]) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }).map((byte) => [byte]) },
    ),
    { maxLength: 6 },
  )
  .map((parts) => Uint8Array.from(parts.flat()));

describe("hexadecimal", () => {
  it("decodes to the bytes it was made from", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(decodeHex(encodeHex(bytes))).toEqual(Uint8Array.from(bytes));
      }),
    );
  });

  it("is lower-case, two digits a byte", () => {
    expect(encodeHex(Uint8Array.of(0, 1, 0x0f, 0xab, 0xff))).toBe("00010fabff");
  });

  it.each(["0", "abc", "AB", "aB", "0x00", "zz", "0g", " 00", "00 ", "00\n", "-1", "+1", "１１"])(
    "is refused as %j",
    (text) => {
      expect(decodeHex(text)).toBeUndefined();
    },
  );
});

describe("UTF-8", () => {
  it("decodes to the text it was made from", () => {
    fc.assert(
      fc.property(fc.string({ unit: character }), (text) => {
        expect(decodeUtf8(encodeUtf8(text))).toBe(text);
      }),
    );
  });

  it("is decoded in one way only: other bytes never give the same text", () => {
    fc.assert(
      fc.property(nearlyUtf8, (bytes) => {
        const text = decodeUtf8(bytes);
        expect(text === undefined || encodeHex(encodeUtf8(text)) === encodeHex(bytes)).toBe(true);
      }),
    );
  });

  it("keeps a byte order mark", () => {
    expect(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe("\ufeffa");
  });

  it.each([
    ["a lone continuation byte", [0x80]],
    ["a byte that never occurs", [0xff]],
    ["a cut sequence", [0xe2, 0x82]],
    ["an overlong zero", [0xc0, 0x80]],
    ["an encoded surrogate", [0xed, 0xa0, 0x80]],
    ["a code point past the last", [0xf4, 0x90, 0x80, 0x80]],
  ])("is refused with %s", (_, bytes) => {
    expect(decodeUtf8(Uint8Array.from(bytes))).toBeUndefined();
  });

  it("is read afresh after a refusal", () => {
    decodeUtf8(Uint8Array.of(0xe2, 0x82));
    expect(decodeUtf8(Uint8Array.of(0x61))).toBe("a");
  });
});
