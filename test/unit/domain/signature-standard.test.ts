import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SIGNATURES_MAX, readSignedHeaders, standardPrefix } from "../../../src/domain/signature.ts";
import vector from "../../vectors/standard-webhooks.json" with { type: "json" };

const A = `${"A".repeat(43)}=`;
const B = vector.signature.slice("v1,".length);
const ASYMMETRIC = "hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";
const HOUSE_HEADERS = ["X-Signature", "X-Timestamp", "X-Nonce"];
const PARTS = ["signature", "timestamp", "id"];

type HeaderTable = { readonly [name: string]: string | undefined };

const readTable = (headers: HeaderTable) => readSignedHeaders((name) => headers[name]);

/** The published example, with some of its parts changed. */
const read = (overrides: HeaderTable, prefix = "webhook") => {
  const parts: HeaderTable = {
    signature: vector.signature,
    timestamp: vector.timestamp,
    id: vector.id,
    ...overrides,
  };
  return readTable(Object.fromEntries(Object.entries(parts).map(([part, text]) => [`${prefix}-${part}`, text])));
};

const malformed = (header: string) => ({ ok: false, error: { reason: "header_malformed", header } });

describe.each(["webhook", "svix"])("the %s- headers", (prefix) => {
  it("are read together", () => {
    expect(read({}, prefix)).toEqual({
      ok: true,
      value: {
        family: "standard_webhooks",
        signatures: [{ scheme: "standard_webhooks", base64: B }],
        timestamp: "1614265330",
        timestampMs: 1_614_265_330_000,
        id: vector.id,
      },
    });
  });

  it.each(PARTS)("are refused without the %s, by the name they go by", (part) => {
    const missing = { ok: false, error: { reason: "header_missing", header: `${prefix}-${part}` } };
    expect(read({ [part]: undefined }, prefix)).toEqual(missing);
    expect(read({ [part]: "" }, prefix)).toEqual(missing);
  });
});

describe("headers of two families", () => {
  const families = [HOUSE_HEADERS, PARTS.map((part) => `webhook-${part}`), PARTS.map((part) => `svix-${part}`)];
  const valid: Readonly<Record<string, string>> = {
    "X-Signature": `v1=${"a".repeat(64)}`,
    "X-Timestamp": "2026-01-15T14:30:00Z",
    "X-Nonce": "6f1f0a52-3c1e-4c39-9a0b-2f3b8f2d7e11",
    ...Object.fromEntries(
      ["webhook", "svix"].flatMap((prefix) => [
        [`${prefix}-signature`, vector.signature],
        [`${prefix}-timestamp`, vector.timestamp],
        [`${prefix}-id`, vector.id],
      ]),
    ),
  };
  const pick = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, valid[name]]));
  const mixtures = families.flatMap((whole) =>
    families
      .filter((other) => other !== whole)
      .flatMap((other) => other.map((stray) => ({ names: whole.join(", "), whole, stray }))),
  );

  it.each(mixtures)("are refused: $names, and a stray $stray", ({ whole, stray }) => {
    expect(readTable(pick(whole)).ok).toBe(true);
    const ambiguous = { ok: false, error: { reason: "headers_ambiguous" } };
    expect(readTable(pick([...whole, stray]))).toEqual(ambiguous);
    expect(readTable({ ...pick(whole), [stray]: "" })).toEqual(ambiguous);
  });

  it("are refused when each family has some of three", () => {
    const names = ["svix-id", "webhook-timestamp", "webhook-signature"];
    expect(readTable(pick(names))).toEqual({ ok: false, error: { reason: "headers_ambiguous" } });
  });
});

describe("webhook-signature", () => {
  const one = { scheme: "standard_webhooks", base64: A };
  const two = { scheme: "standard_webhooks", base64: B };
  it.each([
    ["one signature", `v1,${A}`, [one]],
    ["one for each of two keys", `v1,${A} v1,${B}`, [one, two]],
    ["an asymmetric one, which is passed over", `v1,${A} v1a,${ASYMMETRIC}`, [one]],
    ["one of a version to come, which is passed over", `v2,x v1,${B}`, [two]],
  ])("is accepted with %s", (_, signature, signatures) => {
    expect(read({ signature })).toMatchObject({ ok: true, value: { signatures } });
  });

  it("is accepted with as many signatures as the limit, of whatever version, and refused with one more", () => {
    expect(SIGNATURES_MAX).toBe(4);
    expect(read({ signature: Array(4).fill(`v1,${A}`).join(" ") }).ok).toBe(true);
    expect(read({ signature: Array(5).fill(`v1,${A}`).join(" ") })).toEqual(malformed("webhook-signature"));
    expect(read({ signature: `${`v1a,${ASYMMETRIC} `.repeat(4)}v1,${A}` })).toEqual(malformed("webhook-signature"));
  });

  it("is refused as unsupported with no signature that is read here", () => {
    const unsupported = { ok: false, error: { reason: "signature_unsupported", header: "webhook-signature" } };
    expect(read({ signature: `v1a,${ASYMMETRIC}` })).toEqual(unsupported);
    expect(read({ signature: `v2,${A} v3,${B}` })).toEqual(unsupported);
  });

  it.each([
    ["no version", A],
    ["a version in capitals", `V1,${A}`],
    ["the house spelling", `v1=${"a".repeat(64)}`],
    ["hexadecimal", `v1,${"a".repeat(64)}`],
    ["no padding", `v1,${A.slice(0, -1)}`],
    ["padding twice", `v1,${A}=`],
    ["a spare bit set", `v1,${"A".repeat(42)}B=`],
    ["the other spare bit set", `v1,${"A".repeat(42)}C=`],
    ["31 bytes", `v1,${"A".repeat(42)}==`],
    ["33 bytes", `v1,${"A".repeat(44)}`],
    ["a truncated tag of 128 bits", `v1,${"A".repeat(22)}==`],
    ["the URL-safe alphabet", `v1,${B.replaceAll("+", "-").replaceAll("/", "_")}`],
    ["text after a second comma", `v1,${A},x`],
    ["no text", "v1,"],
    ["a space in front", ` v1,${A}`],
    ["a space at the end", `v1,${A} `],
    ["two spaces between", `v1,${A}  v1,${B}`],
    ["a tab between", `v1,${A}\tv1,${B}`],
    ["a comma between, as when the header is sent twice", `v1,${A}, v1,${B}`],
    ["an asymmetric one first, when the header is sent twice", `v1a,${ASYMMETRIC}, v1,${B}`],
    ["a line feed at the end", `v1,${A}\n`],
    ["one good and one bad signature", `v1,${A} v1,x`],
    ["one good signature and one without version", `v1,${A} ${B}`],
  ])("is refused with %s", (_, signature) => {
    expect(read({ signature })).toEqual(malformed("webhook-signature"));
  });
});

describe("webhook-timestamp", () => {
  it.each([
    ["the first second of ten digits", "1000000000", Date.UTC(2001, 8, 9, 1, 46, 40)],
    ["the last", "9999999999", Date.UTC(2286, 10, 20, 17, 46, 39)],
  ])("is accepted as %s", (_, timestamp, timestampMs) => {
    expect(read({ timestamp })).toMatchObject({ ok: true, value: { timestamp, timestampMs } });
  });

  it.each([
    ["a leading zero", "01614265330"],
    ["nine digits", "999999999"],
    ["milliseconds", "1614265330000"],
    ["an exponent", "1614265330e0"],
    ["scientific notation", "1.61426533e9"],
    ["a fraction", "1614265330.0"],
    ["a plus sign", "+1614265330"],
    ["a minus sign", "-1614265330"],
    ["hexadecimal", "0x60381fb2"],
    ["white space in front", " 1614265330"],
    ["white space at the end", "1614265330 "],
    ["a line feed at the end", "1614265330\n"],
    ["letters at the end", "1614265330abc"],
    ["digit groups", "1_614_265_330"],
    ["full-width digits", "１614265330"],
    ["ISO 8601", "2021-02-25T15:02:10Z"],
    ["the header sent twice", "1614265330, 1614265330"],
    ["infinity", "Infinity"],
  ])("is refused with %s", (_, timestamp) => {
    expect(read({ timestamp })).toEqual(malformed("webhook-timestamp"));
  });
});

describe("webhook-id", () => {
  it.each([
    ["an id of Svix", "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"],
    ["a UUID", "6f1f0a52-3c1e-4c39-9a0b-2f3b8f2d7e11"],
    ["a number", "1"],
    ["128 characters", "x".repeat(128)],
  ])("is accepted as %s, and kept as received", (_, id) => {
    expect(read({ id })).toMatchObject({ ok: true, value: { id } });
  });

  it.each([
    ["a full stop", "msg.1614265330"],
    ["a full stop at the end", "msg."],
    ["129 characters", "x".repeat(129)],
    ["a space", "msg 1"],
    ["a colon", "msg:1"],
    ["a letter past ASCII", "mśg"],
    ["a line feed at the end", "msg\n"],
    ["the header sent twice", "msg, msg"],
  ])("is refused with %s", (_, id) => {
    expect(read({ id })).toEqual(malformed("webhook-id"));
  });
});

describe("the signed prefix", () => {
  it("separates id, timestamp and body by full stops", () => {
    expect(standardPrefix(vector)).toBe(`${vector.id}.${vector.timestamp}.`);
  });

  it("can be cut out of the signed text in one way only, so no text has two readings", () => {
    const idOf = fc.stringMatching(/^[A-Za-z0-9_-]{1,128}$/);
    const timestampOf = fc.integer({ min: 1_000_000_000, max: 9_999_999_999 }).map(String);
    fc.assert(
      fc.property(idOf, timestampOf, fc.string(), (id, timestamp, body) => {
        expect(read({ id, timestamp }).ok).toBe(true);
        const [first, second, ...rest] = `${standardPrefix({ id, timestamp })}${body}`.split(".");
        expect([first, second, rest.join(".")]).toEqual([id, timestamp, body]);
      }),
    );
  });
});
