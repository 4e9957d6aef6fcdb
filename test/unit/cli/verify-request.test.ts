import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type Judge, type Part, verifyRequest } from "../../../src/cli/verify-request.ts";
import { sign, signStandardWebhook } from "../../../src/cli/sign.ts";
import house from "../../vectors/signature-v1.json" with { type: "json" };
import standard from "../../vectors/standard-webhooks.json" with { type: "json" };

const SECRET = standard.secret;
const LITERAL = "a-secret-that-is-no-base64-0123456789";
const BODY = '{"symbol":"AAPL","side":"buy","type":"market","quantity":"10"}';
const NONCE = "6f1f0a52-3c1e-4c39-9a0b-2f3b8f2d7e11";
const NOW_MS = Date.UTC(2026, 0, 15, 14, 30);
const TIMESTAMP = new Date(NOW_MS).toISOString();

type Headers = Readonly<Record<string, string | undefined>>;

const utf8 = (text: string) => new TextEncoder().encode(text);

/** How the parts fare; by default of a request of now, under the secret that signed it. */
function verify(headers: Headers, body: string | Uint8Array<ArrayBuffer> = BODY, judge: Partial<Judge> = {}) {
  const lowered = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return verifyRequest(
    { header: (name) => lowered.get(name.toLowerCase()), body: typeof body === "string" ? utf8(body) : body },
    { secrets: [SECRET], nowMs: NOW_MS, windowSec: 300, ...judge },
  );
}

const signed = (body = BODY, secret = SECRET) => sign(body, secret, new Date(NOW_MS), NONCE).headers;
const standardSigned = (body = BODY, secret = SECRET) =>
  signStandardWebhook(body, secret, new Date(NOW_MS), "msg_1").headers;

const v1Of = (text: string, secret: string | Uint8Array = SECRET) =>
  `v1=${createHmac("sha256", secret).update(text).digest("hex")}`;

const accepted = (parts: readonly Part[]) => parts.every(({ passed }) => passed === true);
const failed = (parts: readonly Part[]) =>
  parts.filter(({ passed }) => passed === false).map(({ part, code, detail }) => ({ part, code, detail }));

describe("an authentic and fresh request", () => {
  it("passes in every part, also as it was published", async () => {
    expect(accepted(await verify(signed()))).toBe(true);
    expect(accepted(await verify(standardSigned()))).toBe(true);
    const published = { "X-Timestamp": house.timestamp, "X-Nonce": house.nonce, "X-Signature": house.signature };
    expect(accepted(await verify(published, house.body, { secrets: [house.secret] }))).toBe(true);
    const shared = {
      "webhook-id": standard.id,
      "webhook-timestamp": standard.timestamp,
      "webhook-signature": standard.signature,
    };
    const then = { nowMs: Number(standard.timestamp) * 1000 };
    expect(accepted(await verify(shared, standard.body, then))).toBe(true);
  });

  it("passes under the second secret of a rotation, which is named by its number", async () => {
    const parts = await verify(signed(), BODY, { secrets: [LITERAL, SECRET] });
    expect(parts.at(-1)).toMatchObject({ passed: true, code: "v1", detail: "v1 holds, under secret 2 of 2" });
  });

  it("passes with a body-only signature, with a word about its weakness", async () => {
    const mac = createHmac("sha256", SECRET).update(BODY).digest("hex");
    const parts = await verify({ ...signed(), "X-Signature": `sha256=${mac}` });
    expect(parts.at(-1)).toMatchObject({ passed: true, code: "sha256" });
    expect(parts.at(-1)?.detail).toContain("accepted once, ever");
  });

  it("passes with a body that is no text", async () => {
    const body = new Uint8Array([0xff, 0x00, 0xfe]);
    const { headers } = sign(body, SECRET, new Date(NOW_MS), NONCE);
    expect(accepted(await verify(headers, body))).toBe(true);
    expect(failed(await verify(headers, new Uint8Array([0xff])))).toMatchObject([{ code: "signature_mismatch" }]);
  });
});

describe("headers that cannot be read", () => {
  it.each([
    ["X-Signature", undefined, "header_missing", "X-Signature is missing or empty"],
    ["X-Timestamp", "", "header_missing", "X-Timestamp is missing or empty"],
    ["X-Nonce", undefined, "header_missing", "X-Nonce is missing or empty"],
    ["X-Signature", "a".repeat(64), "header_malformed", "has no scheme in front"],
    ["X-Signature", `v1=${"A".repeat(64)}`, "header_malformed", "upper-case"],
    ["X-Signature", "v1=abc", "header_malformed", "too few hex digits"],
    ["X-Signature", standard.signature, "header_malformed", "the form of Standard Webhooks"],
    ["X-Signature", standard.signature.replace(",", "="), "header_malformed", "in base64"],
    ["X-Signature", `"v1=${"a".repeat(64)}"`, "header_malformed", "quotes"],
    ["X-Signature", `sha1=${"a".repeat(40)}`, "header_malformed", "not read here"],
    [
      "X-Signature",
      Array(5)
        .fill(`v1=${"a".repeat(64)}`)
        .join(","),
      "header_malformed",
      "more than 4",
    ],
    ["X-Signature", "?", "header_malformed", "is v1= and 64"],
    ["X-Timestamp", "1768487400", "header_malformed", "Unix seconds; it takes 2026-01-15T14:30:00.000Z"],
    ["X-Timestamp", "1768487400000", "header_malformed", "milliseconds; it takes 2026-01-15T14:30:00.000Z"],
    ["X-Timestamp", "2026-01-15T15:30:00+01:00", "header_malformed", "in UTC it is 2026-01-15T14:30:00.000Z"],
    ["X-Timestamp", "2026-01-15T14:30:00", "header_malformed", "ends in Z"],
    ["X-Timestamp", "2026-02-30T14:30:00Z", "header_malformed", "does not exist"],
    ["X-Timestamp", "today", "header_malformed", "is like 2026-01-15T14:30:00Z"],
    ["X-Nonce", "6f1f0a523c1e4c399a0b2f3b8f2d7e11", "header_malformed", "without its hyphens"],
    ["X-Nonce", "019bc224-4100-7abc-8def-0123456789ab", "header_malformed", "version 7; it takes version 4"],
    ["X-Nonce", "1", "header_malformed", "a UUID of version 4"],
  ])("are told apart: %s %j", async (name, value, code, words) => {
    const parts = await verify({ ...signed(), [name]: value });
    expect(failed(parts)).toEqual([{ part: "headers", code, detail: expect.stringContaining(words) as string }]);
    expect(failed(parts)[0]?.detail).toContain(name);
    expect(parts.slice(1).map(({ passed }) => passed)).toEqual([null, null]);
  });

  it.each([
    ["webhook-signature", undefined, "header_missing", "is missing"],
    ["webhook-signature", `v1,${"a".repeat(64)}`, "header_malformed", "in hex; it takes base64"],
    ["webhook-signature", "v1=abc", "header_malformed", "a comma"],
    ["webhook-signature", `${standard.signature},${standard.signature}`, "header_malformed", "by a space"],
    ["webhook-signature", "v1a,abc", "signature_unsupported", "no v1 signature"],
    ["webhook-timestamp", "1768487400000", "header_malformed", "milliseconds"],
    ["webhook-timestamp", "2026-01-15T14:30:00Z", "header_malformed", "Unix seconds: 1768487400"],
    ["webhook-id", "a.b", "header_malformed", "1 to 128"],
  ])("are told apart in Standard Webhooks: %s %j", async (name, value, code, words) => {
    const parts = await verify({ ...standardSigned(), [name]: value });
    expect(failed(parts)).toEqual([{ part: "headers", code, detail: expect.stringContaining(words) as string }]);
  });

  it("are those of two families at once", async () => {
    expect(failed(await verify({ ...signed(), ...standardSigned() }))).toMatchObject([{ code: "headers_ambiguous" }]);
  });
});

describe("a time out of the window", () => {
  it.each([
    [301, "timestamp_stale", "301 s old, and 300 s are allowed"],
    [-31, "timestamp_in_future", "31 s ahead, and 30 s are allowed"],
    [3605, "timestamp_stale", "3605 s old, and 300 s are allowed: about 1 h, so it may be a local time and not UTC"],
    [-19_790, "timestamp_in_future", "about 5.5 h"],
  ])("by %d s of age is the only part that fails", async (ageSec, code, words) => {
    const parts = await verify(signed(), BODY, { nowMs: NOW_MS + ageSec * 1000 });
    expect(failed(parts)).toEqual([{ part: "time", code, detail: expect.stringContaining(words) as string }]);
  });

  it("depends on the window that is set", async () => {
    expect(accepted(await verify(signed(), BODY, { nowMs: NOW_MS + 400_000, windowSec: 600 }))).toBe(true);
  });

  it("hides no wrong signature", async () => {
    const parts = await verify(signed(BODY, LITERAL), BODY, { nowMs: NOW_MS + 400_000 });
    expect(failed(parts).map(({ part }) => part)).toEqual(["time", "signature"]);
  });
});

describe("a signature that does not match", () => {
  const JSON_BODY = JSON.parse(BODY) as object;
  const whole = (body: string, { timestamp = TIMESTAMP, nonce = NONCE } = {}) => `v1\n${timestamp}\n${nonce}\n${body}`;

  it.each([
    ["another secret", v1Of(whole(BODY), LITERAL), BODY, "matches under no secret"],
    ["another body", v1Of(whole(BODY.replace("10", "99"))), BODY, "matches under no secret"],
    ["a line break too many", v1Of(whole(BODY)), `${BODY}\n`, "without the line break at its end"],
    ["a line break lost", v1Of(whole(`${BODY}\n`)), BODY, "with a line break at its end"],
    ["CRLF made LF", v1Of(whole("{\r\n}")), "{\n}", "with CRLF line ends"],
    ["LF made CRLF", v1Of(whole("{\n}")), "{\r\n}", "with LF line ends"],
    ["a byte order mark added", v1Of(whole(BODY)), `\ufeff${BODY}`, "without a byte order mark"],
    ["JSON indented", v1Of(whole(BODY)), JSON.stringify(JSON_BODY, null, 4), "without spaces"],
    ["JSON compacted", v1Of(whole(JSON.stringify(JSON_BODY, null, 2))), BODY, "with line breaks"],
    ["Python's JSON compacted", v1Of(whole('{"a": [1, "b"], "c": null}')), '{"a":[1,"b"],"c":null}', "as Python does"],
    ["a stream read twice", v1Of(whole("")), BODY, "over an empty body"],
    ["the body alone", v1Of(BODY), BODY, "what sha256= stands for"],
    ["no version line", v1Of(`${TIMESTAMP}\n${NONCE}\n${BODY}`), BODY, "without the first line"],
    ["another order", v1Of(`v1\n${NONCE}\n${TIMESTAMP}\n${BODY}`), BODY, "nonce before the timestamp"],
    ["full stops", v1Of(`v1.${TIMESTAMP}.${NONCE}.${BODY}`), BODY, "full stops"],
    ["a literal backslash", v1Of(`v1\\n${TIMESTAMP}\\n${NONCE}\\n${BODY}`), BODY, "two characters"],
    [
      "another spelling of the time",
      v1Of(whole(BODY, { timestamp: "2026-01-15T14:30:00Z" })),
      BODY,
      "written as 2026-01-15T14:30:00Z",
    ],
    ["Unix seconds", v1Of(whole(BODY, { timestamp: "1768487400" })), BODY, "written as 1768487400"],
    ["a decoded secret", v1Of(whole(BODY), Buffer.from(SECRET.slice(6), "base64")), BODY, "the bytes that whsec_"],
    ["a bare secret", v1Of(whole(BODY), SECRET.slice(6)), BODY, "without whsec_"],
    ["a line break after the secret", v1Of(whole(BODY), `${SECRET}\n`), BODY, "secret with a line break"],
    ["two mistakes", v1Of(BODY, SECRET.slice(6)), BODY, "stands for, and under the text of the secret without whsec_"],
  ])("because of %s", async (_name, signature, body, words) => {
    const parts = await verify({ ...signed(), "X-Signature": signature }, body);
    expect(failed(parts)).toEqual([
      { part: "signature", code: "signature_mismatch", detail: expect.stringContaining(words) as string },
    ]);
  });

  it("because it says sha256= and is v1", async () => {
    const parts = await verify({ ...signed(), "X-Signature": v1Of(whole(BODY)).replace("v1", "sha256") });
    expect(failed(parts)[0]?.detail).toContain("which is what v1= stands for");
  });

  it("because the secret's hex digits were decoded", async () => {
    const secrets = ["00112233445566778899aabbccddeeff00112233"];
    const signature = v1Of(whole(BODY), Buffer.from(secrets[0] ?? "", "hex"));
    const parts = await verify({ ...signed(), "X-Signature": signature }, BODY, { secrets });
    expect(failed(parts)[0]?.detail).toContain("hex digits stand for");
  });

  it.each([
    ["the literal secret", `msg_1.1768487400.${BODY}`, SECRET, "under the literal text"],
    ["the body alone", BODY, Buffer.from(SECRET.slice(6), "base64"), "over the body alone"],
    ["no id", `1768487400.${BODY}`, Buffer.from(SECRET.slice(6), "base64"), "without the id"],
  ])("in Standard Webhooks, because of %s", async (_name, text, key, words) => {
    const mac = createHmac("sha256", key).update(text).digest("base64");
    const parts = await verify({ ...standardSigned(), "webhook-signature": `v1,${mac}` });
    expect(failed(parts)[0]?.detail).toContain(words);
  });

  it("because no secret is one of Standard Webhooks", async () => {
    const parts = await verify(standardSigned(), BODY, { secrets: [LITERAL] });
    expect(failed(parts)).toMatchObject([{ part: "signature", code: "secret_unsuitable" }]);
  });

  it("is explained without a word of the secret", async () => {
    const parts = await verify(signed(BODY, LITERAL), BODY, { secrets: [SECRET, LITERAL.toUpperCase()] });
    const said = JSON.stringify(parts);
    for (const secret of [SECRET, SECRET.slice(6), LITERAL.toUpperCase()]) expect(said).not.toContain(secret);
  });
});
