import { createCipheriv, createHmac } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeUtf8 } from "../../../src/crypto/encoding.ts";
import { type FernetKey, importFernetKey, openFernet } from "../../../src/crypto/fernet.ts";
import generated from "../../vectors/fernet-generate.json" with { type: "json" };
import invalid from "../../vectors/fernet-invalid.json" with { type: "json" };
import verified from "../../vectors/fernet-verify.json" with { type: "json" };

const SECRET = Buffer.alloc(32, "fernet-key-of-this-test-file-only");
const OTHER_SECRET = Buffer.alloc(32, "another-fernet-key-of-this-file!");
const SEALED_AT_SEC = 1_700_000_000;

/** Base64url with the padding that Fernet has. */
const padded = (bytes: Buffer): string => bytes.toString("base64").replaceAll("+", "-").replaceAll("/", "_");

const keyOf = async (text: string): Promise<FernetKey> => {
  const key = await importFernetKey(text);
  if (key === undefined) throw new Error("not a Fernet key");
  return key;
};

/** A token as another implementation makes it. */
function tokenOf(
  plaintext: Uint8Array,
  options: { secret?: Buffer; version?: number; timestampSec?: bigint; padding?: boolean } = {},
): Buffer {
  const { secret = SECRET, version = 0x80, timestampSec = BigInt(SEALED_AT_SEC), padding = true } = options;
  const iv = Buffer.alloc(16, 0x5a);
  const cipher = createCipheriv("aes-128-cbc", secret.subarray(16), iv).setAutoPadding(padding);
  const head = Buffer.alloc(9);
  head.writeUInt8(version);
  head.writeBigUInt64BE(timestampSec, 1);
  const body = Buffer.concat([head, iv, cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([body, createHmac("sha256", secret.subarray(0, 16)).update(body).digest()]);
}

const key = keyOf(padded(SECRET));
const otherKey = keyOf(padded(OTHER_SECRET));
const token = tokenOf(encodeUtf8("a credential"));
const opened = { ok: true, value: encodeUtf8("a credential") };
const refused = (reason: string) => ({ ok: false, error: { reason } });

describe("the published vectors", () => {
  it.each(generated)("open: $src", async ({ token: published, secret, src }) => {
    expect(await openFernet([await keyOf(secret)], published)).toEqual({ ok: true, value: encodeUtf8(src) });
  });

  it.each(verified)("open within their time: $src", async ({ token: published, secret, src, now, ttl_sec }) => {
    const age = { ttlSec: ttl_sec, nowMs: Date.parse(now) };
    expect(await openFernet([await keyOf(secret)], published, age)).toEqual({ ok: true, value: encodeUtf8(src) });
  });

  const reasons: Record<string, object> = {
    "incorrect mac": { reason: "mac_mismatch" },
    "too short": { reason: "malformed" },
    "invalid base64": { reason: "malformed" },
    "payload size not multiple of block size": { reason: "malformed" },
    "payload padding error": { reason: "does_not_decrypt" },
    "far-future TS (unacceptable clock skew)": { reason: "timestamp_in_future", aheadSec: 36_000, skewSec: 60 },
    "expired TTL": { reason: "expired", ageSec: 90, ttlSec: 60 },
    "incorrect IV (causes padding error)": { reason: "does_not_decrypt" },
  };

  it("have eight ways to be invalid", () => {
    expect(invalid.map(({ desc }) => desc)).toEqual(Object.keys(reasons));
  });

  it.each(invalid)("are refused: $desc", async ({ desc, token: published, secret, now, ttl_sec }) => {
    const age = { ttlSec: ttl_sec, nowMs: Date.parse(now) };
    expect(await openFernet([await keyOf(secret)], published, age)).toEqual({ ok: false, error: reasons[desc] });
  });
});

describe("a token", () => {
  it("opens to the bytes that another implementation has sealed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (bytes) => {
        const result = await openFernet([await key], padded(tokenOf(bytes)));
        expect(result).toEqual({ ok: true, value: Uint8Array.from(bytes) });
      }),
    );
  });

  it("opens under any of several keys, in any order", async () => {
    expect(await openFernet([await key, await otherKey], padded(token))).toEqual(opened);
    expect(await openFernet([await otherKey, await key], padded(token))).toEqual(opened);
  });

  it("does not open under another key, nor under none", async () => {
    expect(await openFernet([await otherKey], padded(token))).toEqual(refused("mac_mismatch"));
    expect(await openFernet([], padded(token))).toEqual(refused("mac_mismatch"));
  });

  it("does not decrypt under a key that has only the MAC half in common", async () => {
    const half = Buffer.concat([SECRET.subarray(0, 16), OTHER_SECRET.subarray(16)]);
    expect(await openFernet([await keyOf(padded(half))], padded(token))).toEqual(refused("does_not_decrypt"));
  });

  it("does not open with any one bit flipped", async () => {
    const bits = Array.from({ length: token.length * 8 }, (_, bit) => bit);
    const results = await Promise.all(
      bits.map(async (bit) => {
        const flipped = Buffer.from(token);
        flipped[bit >> 3] = (token[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        return openFernet([await key], padded(flipped));
      }),
    );
    expect(results).toEqual(bits.map((bit) => refused(bit < 8 ? "malformed" : "mac_mismatch")));
  });

  it("does not open when cut to any shorter length, nor with bytes appended", async () => {
    const changed = [
      ...Array.from(token.keys(), (length) => token.subarray(0, length)),
      ...[1, 16, 32].map((length) => Buffer.concat([token, Buffer.alloc(length)])),
    ];
    const results = await Promise.all(changed.map(async (bytes) => openFernet([await key], padded(bytes))));
    expect(results.filter(({ ok }) => ok)).toEqual([]);
  });

  it("is malformed under another version, though its MAC fits", async () => {
    const other = tokenOf(encodeUtf8("a credential"), { version: 0x81 });
    expect(await openFernet([await key], padded(other))).toEqual(refused("malformed"));
  });

  it("is malformed without ciphertext, though its MAC fits", async () => {
    const empty = tokenOf(new Uint8Array(0), { padding: false });
    expect(await openFernet([await key], padded(empty))).toEqual(refused("malformed"));
  });

  it.each([
    ["without padding", (text: string) => text.replaceAll("=", "")],
    ["in the other alphabet", (text: string) => text.replaceAll("-", "+").replaceAll("_", "/")],
    ["with a line feed", (text: string) => `${text}\n`],
    ["as nothing", () => ""],
  ])("is malformed %s", async (_, change) => {
    const text = padded(tokenOf(encodeUtf8("of a length that needs padding"), { timestampSec: 0xfbefbefbefbefbefn }));
    expect(text).toMatch(/^(?=.*[-_]).*=$/);
    expect(await openFernet([await key], text)).toMatchObject({ ok: true });
    expect(await openFernet([await key], change(text))).toEqual(refused("malformed"));
  });
});

describe("the time of a token", () => {
  const at = async (ageSec: number, ttlSec: number) =>
    openFernet([await key], padded(token), { ttlSec, nowMs: (SEALED_AT_SEC + ageSec) * 1000 });

  it.each([0, 1, 59, 60])("is fresh %i seconds later, within 60", async (ageSec) => {
    expect(await at(ageSec, 60)).toEqual(opened);
  });

  it("has passed a second after its end", async () => {
    expect(await at(61, 60)).toEqual({ ok: false, error: { reason: "expired", ageSec: 61, ttlSec: 60 } });
  });

  it("may run 60 seconds ahead, and no more", async () => {
    expect(await at(-60, 0)).toEqual(opened);
    const error = { reason: "timestamp_in_future", aheadSec: 61, skewSec: 60 };
    expect(await at(-61, 0)).toEqual({ ok: false, error });
  });

  it("may be the greatest there is, and is far ahead then", async () => {
    const last = tokenOf(encodeUtf8("a credential"), { timestampSec: 2n ** 64n - 1n });
    const age = { ttlSec: 60, nowMs: SEALED_AT_SEC * 1000 };
    expect(await openFernet([await key], padded(last), age)).toMatchObject(refused("timestamp_in_future"));
    expect(await openFernet([await key], padded(last))).toEqual(opened);
  });

  it("is not looked at unless asked for", async () => {
    expect(await openFernet([await key], padded(token))).toEqual(opened);
  });

  it("is not believed before the MAC: a changed one is no matter of age", async () => {
    const changed = Buffer.from(token);
    changed.writeBigUInt64BE(0n, 1);
    const age = { ttlSec: 60, nowMs: SEALED_AT_SEC * 1000 };
    expect(await openFernet([await key], padded(changed), age)).toEqual(refused("mac_mismatch"));
  });
});

describe("a Fernet key", () => {
  it.each([
    ["nothing", ""],
    ["31 bytes", padded(SECRET.subarray(1))],
    ["33 bytes", padded(Buffer.concat([SECRET, Buffer.from([1])]))],
    ["no padding", padded(SECRET).replaceAll("=", "")],
    ["a line feed", `${padded(SECRET)}\n`],
    ["a password", "correct horse battery staple, and more of it"],
  ])("is refused with %s", async (_, text) => {
    expect(await importFernetKey(text)).toBeUndefined();
  });

  it("cannot be exported, and its cipher half only decrypts", async () => {
    const { mac, cipher } = await key;
    expect([mac.extractable, cipher.extractable, cipher.usages]).toEqual([false, false, ["decrypt"]]);
  });
});
