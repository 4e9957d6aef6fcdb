import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeUtf8, encodeUtf8 } from "../../../src/crypto/encoding.ts";
import { JSON_DEPTH_MAX, type JsonRefusal, parseJson } from "../../../src/domain/json.ts";
import { type Result, err, ok } from "../../../src/domain/result.ts";

const BODY_BYTES_MAX = 64 * 1024;

/** As the gateway reads a body: the bytes have to be UTF-8 before the text can be JSON. */
function readBody(bytes: Uint8Array): Result<unknown, JsonRefusal | { readonly reason: "not_utf8" }> {
  const text = decodeUtf8(bytes);
  return text === undefined ? err({ reason: "not_utf8" }) : parseJson(text);
}

const reasonOf = (text: string): string => {
  const result = parseJson(text);
  return result.ok ? "accepted" : result.error.reason;
};

/** Fills a body to its limit with copies of `unit`. */
const filled = (unit: string, head = "", tail = ""): string =>
  head + unit.repeat(Math.floor((BODY_BYTES_MAX - head.length - tail.length) / unit.length)) + tail;

describe("a text of the RFC 8259 grammar", () => {
  it.each([
    ["an empty object", "{}"],
    ["an empty array", "[]"],
    ["white space of all four kinds", " \t\r\n[ 1 ,\t2\r\n] "],
    ["a literal on its own", "null"],
    ["a string on its own", '"a"'],
    ["a number on its own", "-1.5"],
    ["an empty string", '""'],
    ["an empty key", '{"":1}'],
    ["all literals", "[true,false,null]"],
    ["all short escapes", String.raw`["\"\\\/\b\f\n\r\t"]`],
    ["an escaped letter", String.raw`["\u0041"]`],
    ["an escaped surrogate pair", String.raw`["\uD834\uDD1E"]`],
    ["an escaped zero", String.raw`["\u0000"]`],
    ["a raw DEL", '["\u007f"]'],
    ["line and paragraph separators in a string", '["\u2028\u2029"]'],
    ["characters outside the BMP", '["\u{1f600}\u{10ffff}"]'],
    ["a string of brackets and quotes", String.raw`["]}[{\",:"]`],
    ["a string that ends in a backslash", String.raw`["\\"]`],
    ["a key with a colon", '{"a:b":1}'],
    ["white space before a colon", '{"a" \n\t: 1}'],
    ["equal keys in different objects", '[{"a":1},{"a":{"a":2}}]'],
    ["a value equal to its key", '{"a":"a"}'],
    ["zero", "[0]"],
    ["negative zero", "[-0]"],
    ["zero with an exponent", "[0e+1,0E-5]"],
    ["both letters and both signs of an exponent", "[1e5,1E5,1e+5,1e-5]"],
    ["an exponent with leading zeros", "[1e0001]"],
  ])("is accepted with %s", (_, text) => {
    expect(parseJson(text)).toEqual({ ok: true, value: JSON.parse(text) });
  });
});

describe("a text outside the RFC 8259 grammar", () => {
  it.each([
    ["nothing at all", ""],
    ["white space alone", " "],
    ["a comma at the end of an array", "[1,]"],
    ["a comma at the end of an object", '{"a":1,}'],
    ["a comma at the start", "[,1]"],
    ["two commas", "[1,,2]"],
    ["no comma", "[1 2]"],
    ["no value", '{"a":}'],
    ["no colon", '{"a" 1}'],
    ["two colons", '{"a"::1}'],
    ["a comma for a colon", '{"a",1}'],
    ["a colon in an array", '["a":1]'],
    ["a key that is a number", "{1:1}"],
    ["a key without quotes", "{a:1}"],
    ["a key in single quotes", "{'a':1}"],
    ["a string in single quotes", "['a']"],
    ["an open array", "[1"],
    ["an open object", '{"a":1'],
    ["an open string", '["a'],
    ["a closing bracket too many", "[1]]"],
    ["the wrong closing bracket", "[1}"],
    ["closing before opening", "]["],
    ["two texts", "{}{}"],
    ["something after the text", "[] x"],
    ["a comment of a line", "[] // x"],
    ["a comment in between", '{"a":/* x */1}'],
    ["a literal in capitals", "[True]"],
    ["a cut literal", "[tru]"],
    ["undefined", "[undefined]"],
    ["NaN", "[NaN]"],
    ["Infinity", "[Infinity]"],
    ["-Infinity", "[-Infinity]"],
    ["a plus sign", "[+1]"],
    ["a minus sign alone", "[-]"],
    ["two minus signs", "[--1]"],
    ["a leading zero", "[01]"],
    ["a leading zero behind a minus", "[-01]"],
    ["no digit before the point", "[.5]"],
    ["no digit after the point", "[1.]"],
    ["no digit between point and exponent", "[1.e5]"],
    ["two points", "[1.2.3]"],
    ["an exponent without digits", "[1e]"],
    ["an exponent with a sign alone", "[1e+]"],
    ["an exponent with a point", "[1e1.5]"],
    ["hexadecimal", "[0x1F]"],
    ["a separator in a number", "[1_000]"],
    ["full-width digits", "[１]"],
    ["a raw line feed in a string", '["a\nb"]'],
    ["a raw tab in a string", '["a\tb"]'],
    ["a raw zero in a string", '["\u0000"]'],
    ["an unknown escape", String.raw`["\x41"]`],
    ["an escape in capitals", String.raw`["\U0041"]`],
    ["an escape cut short", String.raw`["\u004"]`],
    ["an escape of no digits", String.raw`["\u00g0"]`],
    ["an escaped closing quote", String.raw`["\"]`],
    ["a backslash outside a string", String.raw`[\n]`],
    ["a bad escape in a key", String.raw`{"\x41":1}`],
    ["a byte order mark", "\ufeff{}"],
    ["a no-break space between tokens", "[1,\u00a02]"],
    ["a form feed between tokens", "[\f]"],
    ["a zero character at the end", "[]\u0000"],
  ])("is refused as malformed with %s", (_, text) => {
    expect(parseJson(text)).toEqual({ ok: false, error: { reason: "malformed" } });
  });
});

describe("bytes that are not UTF-8", () => {
  it.each([
    ["a lone continuation byte", [0x22, 0x81, 0x22]],
    ["an overlong sequence", [0x22, 0xc0, 0xaf, 0x22]],
    ["an encoded surrogate", [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ["a code point past the last", [0x22, 0xf4, 0xbf, 0xbf, 0xbf, 0x22]],
    ["a cut sequence", [0x22, 0xe0, 0xff, 0x22]],
    ["Latin-1", [0x22, 0xe9, 0x22]],
    ["UTF-16 with a byte order mark", [0xff, 0xfe, 0x5b, 0x00, 0x5d, 0x00]],
  ])("are refused before they are read as JSON: %s", (_, bytes) => {
    expect(readBody(Uint8Array.from(bytes))).toEqual({ ok: false, error: { reason: "not_utf8" } });
  });

  it("leave a UTF-8 byte order mark in the text, where JSON refuses it", () => {
    expect(readBody(Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d))).toEqual({
      ok: false,
      error: { reason: "malformed" },
    });
  });
});

// What RFC 8259 leaves to the implementation, one expected outcome each.
describe("where RFC 8259 leaves the choice", () => {
  it.each([
    ["a lone high surrogate", String.raw`["\ud800"]`, "accepted"],
    ["a lone low surrogate", String.raw`["\udc00"]`, "accepted"],
    ["surrogates in the wrong order", String.raw`["\udd1e\ud834"]`, "accepted"],
    ["a lone surrogate as a key", String.raw`{"\udfaa":0}`, "accepted"],
    ["an integer a double holds, of 21 digits", "[100000000000000000000]", "accepted"],
    ["an integer a double rounds", "[123123123123123123123123123123]", "inexact_number"],
    ["a number over the largest double", "[1e309]", "inexact_number"],
    ["a number under the smallest double", "[1e-400]", "inexact_number"],
    ["nesting of 500", "[".repeat(500) + "]".repeat(500), "too_deep"],
    ["a repeated key", '{"a":1,"a":1}', "duplicate_key"],
  ])("%s is decided once and for all", (_, text, outcome) => {
    expect(reasonOf(text)).toBe(outcome);
  });
});

describe("keys", () => {
  it.each([
    ["spelled alike", '{"qty":"1","qty":"2"}', "qty"],
    ["with equal values", '{"qty":"1","qty":"1"}', "qty"],
    ["one of them escaped", String.raw`{"qty":"1","\u0071ty":"2"}`, "qty"],
    ["escaped with different capitals", String.raw`{"\u004A":1,"\u004a":2}`, "J"],
    ["a solidus escaped and not", String.raw`{"a/b":1,"a\/b":2}`, "a/b"],
    ["apart by a nested object", '{"a":1,"b":{"a":1},"a":2}', "a"],
    ["apart by a nested array", '{"a":1,"b":[{"a":1},[]],"a":2}', "a"],
    ["in a nested object", '{"o":[{"a":1,"a":2}]}', "a"],
    ["both empty", '{"":1,"":2}', ""],
    ["with white space before the colon", '{"a" :1,"a"\n:2}', "a"],
  ])("that are equal are refused: %s", (_, text, key) => {
    expect(parseJson(text)).toEqual({ ok: false, error: { reason: "duplicate_key", key } });
  });

  it.each([
    ["in capitals", '{"qty":1,"QTY":2}'],
    ["in composition (é and e with an accent)", '{"\u00e9":1,"e\u0301":2}'],
    ["by a zero at the end", String.raw`{"a":1,"a\u0000":2}`],
    ["by a space", '{"a":1,"a ":2}'],
  ])("that differ %s are two keys", (_, text) => {
    expect(parseJson(text)).toEqual({ ok: true, value: JSON.parse(text) });
  });

  it.each([
    ["plain", '{"__proto__":{"admin":true}}'],
    ["escaped", String.raw`{"\u005f_proto__":1}`],
    ["nested", '{"a":[{"__proto__":1}]}'],
  ])("named __proto__ are refused: %s", (_, text) => {
    expect(parseJson(text).ok).toBe(false);
  });

  it("that name other properties of every object are ordinary keys", () => {
    const result = parseJson('{"constructor":1,"toString":2,"hasOwnProperty":3}');
    expect(result).toEqual({ ok: true, value: { constructor: 1, toString: 2, hasOwnProperty: 3 } });
  });

  it("named __proto__ as a value are just text", () => {
    expect(parseJson('["__proto__"]')).toEqual({ ok: true, value: ["__proto__"] });
  });
});

describe("depth", () => {
  const nested = (depth: number, open: string, close: string): string => open.repeat(depth) + "1" + close.repeat(depth);

  it.each([
    ["arrays", "[", "]"],
    ["objects", '{"a":', "}"],
  ])("of %s is accepted up to the limit and refused one over it", (_, open, close) => {
    expect(reasonOf(nested(JSON_DEPTH_MAX, open, close))).toBe("accepted");
    expect(parseJson(nested(JSON_DEPTH_MAX + 1, open, close))).toEqual({
      ok: false,
      error: { reason: "too_deep", depthMax: JSON_DEPTH_MAX },
    });
  });

  it("counts nesting, not brackets", () => {
    expect(reasonOf(filled("[[]],", "[", "[]]"))).toBe("accepted");
  });

  it("does not count brackets inside strings", () => {
    expect(reasonOf(JSON.stringify(["[{".repeat(100)]))).toBe("accepted");
  });
});

describe("numbers", () => {
  it.each([
    "0.1",
    "10.0",
    "0.30000000000000004",
    "9007199254740992",
    "9007199254740994",
    "-12345678.123456",
    "1e22",
    "1.7976931348623157e308",
    "5e-324",
    "0e1000",
    "0.0e-1000",
    "1e00000000002",
  ])("that a double gives back unchanged are accepted: %s", (text) => {
    expect(parseJson(`{"qty":${text}}`)).toEqual({ ok: true, value: { qty: Number(text) } });
  });

  it.each([
    "1e400",
    "-1e400",
    "1E-400",
    "-1e-400",
    "1e1000",
    "-1E+1000",
    "1e-1000",
    "1.5e99999999999999999999",
    "1e-99999999999999999999",
    "123123e100000",
    "9007199254740993",
    "-9007199254740993",
    "0.1000000000000000055511151231257827",
    "0.12345678901234567890",
    "123456789012345.123456",
    "1.7976931348623159e308",
    "1e-325",
  ])("that a double would change are refused: %s", (text) => {
    expect(parseJson(`{"qty":${text}}`)).toEqual({ ok: false, error: { reason: "inexact_number", text } });
  });

  it("inside a string are left alone", () => {
    expect(parseJson('{"qty":"9007199254740993"}')).toEqual({ ok: true, value: { qty: "9007199254740993" } });
  });
});

// A parser that backtracks needs minutes for one of these; the test's own time limit is the assertion.
describe("a body at its size limit made to be slow", () => {
  it.each([
    ["quotes", filled('"')],
    ["escaped quotes that never end", filled('\\"', '"')],
    ["backslashes in an open string", filled("\\\\", '"')],
    ["escaped quotes in one string", filled('\\"', '["', '"]')],
    ["short strings", filled('"",', "[", '""]')],
    ["strings followed by white space", filled('"a"   ')],
    ["white space after one string", filled(" ", '"a"')],
    ["white space before a colon", filled(" ", '{"a"', ":1}")],
    ["opening brackets", filled("[")],
    ["closing brackets", filled("]")],
    ["opening and closing brackets", filled("[]")],
    ["open objects", filled('{"":')],
    ["distinct keys", `{${Array.from({ length: 6000 }, (_, index) => `"${index}":0`).join()}}`],
    ["one number of many digits", filled("9")],
    ["one fraction of many digits", filled("1", "0.")],
    ["one fraction of many zeros", filled("0", "0.", "1")],
    ["one exponent of many digits", filled("9", "1e")],
    ["one negative exponent of many digits", filled("9", "1e-")],
    ["signs and digits", filled("-1e+")],
    ["points and digits", filled("1.")],
    ["many numbers", filled("1.5e3,", "[", "0]")],
    ["minus signs", filled("-")],
  ])("is answered within the time limit: %s", (_, text) => {
    expect(encodeUtf8(text).length).toBeLessThanOrEqual(BODY_BYTES_MAX);
    expect(typeof parseJson(text).ok).toBe("boolean");
  });
});

describe("any JSON value", () => {
  // -0 is written as 0, and a double's shortest spelling is always exact.
  const json = fc.jsonValue({ maxDepth: JSON_DEPTH_MAX - 1 }).map((value) => JSON.stringify(value));

  it("is read back as JSON.parse reads it", () => {
    fc.assert(
      fc.property(json, (text) => {
        fc.pre(!text.includes("__proto__"));
        expect(parseJson(text)).toEqual({ ok: true, value: JSON.parse(text) });
      }),
    );
  });

  it("is read the same however it is spaced", () => {
    fc.assert(
      fc.property(json, fc.constantFrom(1, "\t", "    "), (text, space) => {
        fc.pre(!text.includes("__proto__"));
        expect(parseJson(JSON.stringify(JSON.parse(text), null, space))).toEqual({ ok: true, value: JSON.parse(text) });
      }),
    );
  });
});

describe("any text", () => {
  it("is never accepted where JSON.parse refuses it, and never read differently", () => {
    const jsonLike = fc
      .array(fc.constantFrom("{", "}", "[", "]", '"', ":", ",", "\\", "a", "1", "0", "-", ".", "e", " ", "null", '"a"'))
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(jsonLike, (text) => {
        const result = parseJson(text);
        expect(result).toEqual(result.ok ? ok(JSON.parse(text)) : result);
      }),
      { numRuns: 2000 },
    );
  });
});
