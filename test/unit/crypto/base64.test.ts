import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeBase64,
  decodeBase64Url,
  decodePaddedBase64Url,
  encodeBase64,
  encodeBase64Url,
} from "../../../src/crypto/base64.ts";
import { encodeUtf8 } from "../../../src/crypto/encoding.ts";

/** As another implementation spells it. */
const inNode = {
  base64: (bytes: Uint8Array) => Buffer.from(bytes).toString("base64"),
  base64Url: (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url"),
  paddedBase64Url: (bytes: Uint8Array) =>
    Buffer.from(bytes).toString("base64").replaceAll("+", "-").replaceAll("/", "_"),
};

const decoders = [
  { name: "base64", decode: decodeBase64, spell: inNode.base64 },
  { name: "base64url", decode: decodeBase64Url, spell: inNode.base64Url },
  { name: "padded base64url", decode: decodePaddedBase64Url, spell: inNode.paddedBase64Url },
];

describe.each(decoders)("$name", ({ decode, spell }) => {
  it("decodes to the bytes that another implementation has spelled", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(decode(spell(bytes))).toEqual(Uint8Array.from(bytes));
      }),
    );
  });

  it("decodes in one way only: another text is no spelling of the same bytes", () => {
    const text = fc.string({ unit: fc.constantFrom(..."ABQg0-_+/= \n".split("")), maxLength: 8 });
    fc.assert(
      fc.property(text, (spelled) => {
        const bytes = decode(spelled);
        expect(bytes === undefined || spell(bytes) === spelled).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("encoding", () => {
  it("agrees with another implementation", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(encodeBase64(bytes)).toBe(inNode.base64(bytes));
        expect(encodeBase64Url(bytes)).toBe(inNode.base64Url(bytes));
      }),
    );
  });

  // RFC 4648 section 10.
  it.each([
    ["", ""],
    ["f", "Zg=="],
    ["fo", "Zm8="],
    ["foo", "Zm9v"],
    ["foob", "Zm9vYg=="],
    ["fooba", "Zm9vYmE="],
    ["foobar", "Zm9vYmFy"],
  ])("of %j is %j", (text, base64) => {
    expect(encodeBase64(encodeUtf8(text))).toBe(base64);
    expect(decodeBase64(base64)).toEqual(encodeUtf8(text));
    expect(decodeBase64Url(base64.replaceAll("=", ""))).toEqual(encodeUtf8(text));
  });

  it.each(["Zg", "Zg=", "Zg===", "Zh==", "Zm9=", " Zg==", "Zg==\n", "Z g==", "-_-_", "=", "A", "é", "😀", "\0"])(
    "is refused as %j",
    (text) => {
      expect(decodeBase64(text)).toBeUndefined();
    },
  );

  it.each(["Zg==", "Zh", "Z", "+/+/", " Zg", "Zg\n"])("is refused as %j where it should be base64url", (text) => {
    expect(decodeBase64Url(text)).toBeUndefined();
  });
});
