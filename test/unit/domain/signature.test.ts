import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  CLOCK_SKEW_SEC,
  SIGNATURES_MAX,
  checkFreshness,
  NONCE_RETENTION_MS,
  REPLAY_WINDOW_MAX_SEC,
  readSignedHeaders,
  signedPrefix,
} from "../../../src/domain/signature.ts";

const A = "a".repeat(64);
const B = "0123456789abcdef".repeat(4);
const TIMESTAMP = "2026-01-15T14:30:00Z";
const NONCE = "6f1f0a52-3c1e-4c39-9a0b-2f3b8f2d7e11";

type HeaderTable = { readonly [name: string]: string | undefined };

const read = (overrides: HeaderTable) => {
  const headers: HeaderTable = { "X-Signature": `v1=${A}`, "X-Timestamp": TIMESTAMP, "X-Nonce": NONCE, ...overrides };
  return readSignedHeaders((name) => headers[name]);
};

const malformed = (header: string) => ({ ok: false, error: { reason: "header_malformed", header } });

describe("the signed headers", () => {
  it("are read together", () => {
    expect(read({})).toEqual({
      ok: true,
      value: {
        family: "house",
        signatures: [{ scheme: "v1", hex: A }],
        timestamp: TIMESTAMP,
        timestampMs: Date.UTC(2026, 0, 15, 14, 30),
        nonce: NONCE,
      },
    });
  });

  it.each(["X-Signature", "X-Timestamp", "X-Nonce"])("are refused without %s", (header) => {
    const missing = { ok: false, error: { reason: "header_missing", header } };
    expect(read({ [header]: undefined })).toEqual(missing);
    expect(read({ [header]: "" })).toEqual(missing);
  });
});

describe("X-Signature", () => {
  it.each([
    ["one v1", `v1=${A}`, [{ scheme: "v1", hex: A }]],
    ["one sha256", `sha256=${B}`, [{ scheme: "sha256", hex: B }]],
    [
      "both schemes, in the order given",
      `sha256=${A}, v1=${B}`,
      [
        { scheme: "sha256", hex: A },
        { scheme: "v1", hex: B },
      ],
    ],
    [
      "two of one scheme without a space",
      `v1=${A},v1=${B}`,
      [
        { scheme: "v1", hex: A },
        { scheme: "v1", hex: B },
      ],
    ],
    [
      "white space around the comma",
      ` v1=${A} ,\t v1=${B} `,
      [
        { scheme: "v1", hex: A },
        { scheme: "v1", hex: B },
      ],
    ],
  ])("is accepted with %s", (_, header, signatures) => {
    expect(read({ "X-Signature": header })).toMatchObject({ ok: true, value: { signatures } });
  });

  it("is accepted with as many signatures as the limit, and refused with one more", () => {
    const list = (length: number): string => Array.from({ length }, () => `v1=${A}`).join(",");
    expect(SIGNATURES_MAX).toBe(4);
    expect(read({ "X-Signature": list(4) }).ok).toBe(true);
    expect(read({ "X-Signature": list(5) })).toEqual(malformed("X-Signature"));
  });

  it.each([
    ["capital hexadecimal", `v1=${A.toUpperCase()}`],
    ["one capital digit", `v1=${A.slice(1)}A`],
    ["63 digits", `v1=${A.slice(1)}`],
    ["65 digits", `v1=${A}a`],
    ["a truncated tag of 128 bits", `v1=${A.slice(32)}`],
    ["no digits", "v1="],
    ["a digit past f", `v1=${A.slice(1)}g`],
    ["no scheme", A],
    ["an unknown scheme", `v2=${A}`],
    ["an older hash", `sha1=${A.slice(24)}`],
    ["a scheme in capitals", `SHA256=${A}`],
    ["a space in an item", `v1= ${A}`],
    ["base64", "v1=g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="],
    ["a line feed inside", `v1=${A}\nv1=${B}`],
    ["a semicolon between items", `v1=${A};v1=${B}`],
    ["a space alone between items", `v1=${A} v1=${B}`],
    ["an empty item at the end", `v1=${A},`],
    ["an empty item at the start", `,v1=${A}`],
    ["an empty item in between", `v1=${A},,v1=${B}`],
    ["one good and one bad item", `v1=${A}, v1=x`],
    ["one good and one unknown item", `v1=${A}, t=1`],
  ])("is refused with %s", (_, header) => {
    expect(read({ "X-Signature": header })).toEqual(malformed("X-Signature"));
  });
});

describe("X-Timestamp", () => {
  it.each([
    ["a whole second", "2026-01-15T14:30:00Z", Date.UTC(2026, 0, 15, 14, 30, 0)],
    ["one fraction digit", "2026-01-15T14:30:00.5Z", Date.UTC(2026, 0, 15, 14, 30, 0, 500)],
    ["milliseconds", "2026-01-15T14:30:00.123Z", Date.UTC(2026, 0, 15, 14, 30, 0, 123)],
    ["nanoseconds, cut to milliseconds", "2026-01-15T14:30:00.123999999Z", Date.UTC(2026, 0, 15, 14, 30, 0, 123)],
    ["the last nanosecond of a day", "2026-01-15T23:59:59.999999999Z", Date.UTC(2026, 0, 15, 23, 59, 59, 999)],
    ["a leap day", "2028-02-29T00:00:00Z", Date.UTC(2028, 1, 29)],
    ["the last second of a year", "2026-12-31T23:59:59Z", Date.UTC(2026, 11, 31, 23, 59, 59)],
  ])("is accepted as %s", (_, timestamp, timestampMs) => {
    expect(read({ "X-Timestamp": timestamp })).toMatchObject({ ok: true, value: { timestamp, timestampMs } });
  });

  it.each([
    ["the 30th of February", "2026-02-30T00:00:00Z"],
    ["the 29th of February of a common year", "2026-02-29T00:00:00Z"],
    ["the 31st of April", "2026-04-31T00:00:00Z"],
    ["month 00", "2026-00-15T14:30:00Z"],
    ["month 13", "2026-13-15T14:30:00Z"],
    ["day 00", "2026-01-00T14:30:00Z"],
    ["hour 24", "2026-01-15T24:00:00Z"],
    ["minute 60", "2026-01-15T14:60:00Z"],
    ["second 60", "2026-01-15T14:30:60Z"],
    ["a leap second", "2016-12-31T23:59:60Z"],
    ["no Z", "2026-01-15T14:30:00"],
    ["a lower-case z", "2026-01-15T14:30:00z"],
    ["a lower-case t", "2026-01-15t14:30:00Z"],
    ["a space for the T", "2026-01-15 14:30:00Z"],
    ["an offset of zero", "2026-01-15T14:30:00+00:00"],
    ["another offset", "2026-01-15T15:30:00+01:00"],
    ["10 fraction digits", "2026-01-15T14:30:00.0123456789Z"],
    ["a point without digits", "2026-01-15T14:30:00.Z"],
    ["a comma for the point", "2026-01-15T14:30:00,5Z"],
    ["no seconds", "2026-01-15T14:30Z"],
    ["the basic format", "20260115T143000Z"],
    ["a date alone", "2026-01-15"],
    ["a year of two digits", "26-01-15T14:30:00Z"],
    ["an expanded year", "+002026-01-15T14:30:00Z"],
    ["Unix seconds", "1768487400"],
    ["an HTTP date", "Thu, 15 Jan 2026 14:30:00 GMT"],
    ["white space in front", " 2026-01-15T14:30:00Z"],
    ["a line feed at the end", "2026-01-15T14:30:00Z\n"],
    ["full-width digits", "２026-01-15T14:30:00Z"],
    ["the header sent twice", `${TIMESTAMP}, ${TIMESTAMP}`],
  ])("is refused as %s", (_, timestamp) => {
    expect(read({ "X-Timestamp": timestamp })).toEqual(malformed("X-Timestamp"));
  });

  it("is read back to the same instant for any time to the millisecond", () => {
    const years = {
      min: new Date("0000-01-01T00:00:00Z"),
      max: new Date("9999-12-31T23:59:59.999Z"),
      noInvalidDate: true,
    };
    fc.assert(
      fc.property(fc.date(years), (date) => {
        expect(read({ "X-Timestamp": date.toISOString() })).toMatchObject({ value: { timestampMs: date.getTime() } });
      }),
    );
  });
});

describe("X-Nonce", () => {
  it("is accepted as any UUID version 4, and kept as received", () => {
    fc.assert(
      fc.property(fc.uuid({ version: 4 }), fc.boolean(), (uuid, inCapitals) => {
        const nonce = inCapitals ? uuid.toUpperCase() : uuid;
        expect(read({ "X-Nonce": nonce })).toMatchObject({ ok: true, value: { nonce } });
      }),
    );
  });

  it.each([
    ["a UUID version 1", "6f1f0a52-3c1e-1c39-9a0b-2f3b8f2d7e11"],
    ["a UUID version 7", "6f1f0a52-3c1e-7c39-9a0b-2f3b8f2d7e11"],
    ["another variant", "6f1f0a52-3c1e-4c39-ca0b-2f3b8f2d7e11"],
    ["the nil UUID", "00000000-0000-0000-0000-000000000000"],
    ["no hyphens", NONCE.replaceAll("-", "")],
    ["braces", `{${NONCE}}`],
    ["a URN", `urn:uuid:${NONCE}`],
    ["a digit too few", NONCE.slice(0, -1)],
    ["a digit too many", `${NONCE}0`],
    ["a line feed at the end", `${NONCE}\n`],
    ["white space in front", ` ${NONCE}`],
    ["the header sent twice", `${NONCE}, ${NONCE}`],
    ["any other text", "nonce"],
  ])("is refused as %s", (_, nonce) => {
    expect(read({ "X-Nonce": nonce })).toEqual(malformed("X-Nonce"));
  });
});

describe("freshness", () => {
  const nowMs = Date.UTC(2026, 0, 15, 14, 30);
  const windowSec = 300;
  const at = (offsetMs: number) => checkFreshness({ timestampMs: nowMs + offsetMs, nowMs, windowSec });

  it.each([
    ["now", 0],
    ["300 s back", -300_000],
    ["30 s ahead", 30_000],
  ])("holds for a timestamp %s", (_, offsetMs) => {
    expect(at(offsetMs).ok).toBe(true);
  });

  it("ends 1 ms past the window", () => {
    expect(at(-300_001)).toEqual({ ok: false, error: { reason: "timestamp_stale", ageMs: 300_001, windowSec } });
  });

  it("ends 1 ms past the skew", () => {
    expect(at(30_001)).toEqual({
      ok: false,
      error: { reason: "timestamp_in_future", aheadMs: 30_001, skewSec: CLOCK_SKEW_SEC },
    });
  });

  it("does not grow ahead with the window", () => {
    const ahead = { timestampMs: nowMs + 30_001, nowMs, windowSec: 3600 };
    expect(checkFreshness(ahead).ok).toBe(false);
  });
});

describe("the retention of nonces", () => {
  it("covers at least 330 s for the window of 300 s", () => {
    expect(NONCE_RETENTION_MS).toBeGreaterThanOrEqual(330_000);
  });

  it("outlasts the freshness of every timestamp that was fresh when its nonce was seen, also under a wider window", () => {
    const arbitrary = fc.record({
      windowSec: fc.integer({ min: 1, max: REPLAY_WINDOW_MAX_SEC }),
      widerSec: fc.integer({ min: 1, max: REPLAY_WINDOW_MAX_SEC }),
      offsetMs: fc.integer({ min: -4_000_000, max: 40_000 }),
      laterMs: fc.nat({ max: 8_000_000 }),
    });
    fc.assert(
      fc.property(arbitrary, ({ windowSec, widerSec, offsetMs, laterMs }) => {
        const seenMs = Date.UTC(2026, 0, 15);
        const fresh = (nowMs: number, window: number) =>
          checkFreshness({ timestampMs: seenMs + offsetMs, nowMs, windowSec: window }).ok;
        const isReplayable = fresh(seenMs, windowSec) && fresh(seenMs + laterMs, widerSec);
        const isForgotten = laterMs >= NONCE_RETENTION_MS;
        expect(isReplayable && isForgotten).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("the signed prefix", () => {
  it("spells version, timestamp and nonce on a line each", () => {
    expect(signedPrefix({ timestamp: TIMESTAMP, nonce: NONCE })).toBe(`v1\n${TIMESTAMP}\n${NONCE}\n`);
  });

  it("keeps the characters of the timestamp as received", () => {
    const timestamp = "2026-01-15T14:30:00.100Z";
    expect(signedPrefix({ timestamp, nonce: NONCE })).toContain(`\n${timestamp}\n`);
  });
});
