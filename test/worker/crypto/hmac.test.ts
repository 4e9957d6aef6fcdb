import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { describe, expect, it } from "vitest";
import { decodeHex, encodeHex, encodeUtf8 } from "../../../src/crypto/encoding.ts";
import { importHmacKey, signHmac, verifyHmac } from "../../../src/crypto/hmac.ts";
import { signedPrefix } from "../../../src/domain/signature.ts";
import rfc4231 from "../../vectors/rfc4231-hmac-sha256.json" with { type: "json" };
import houseVector from "../../vectors/signature-v1.json" with { type: "json" };
import standardWebhooks from "../../vectors/standard-webhooks.json" with { type: "json" };

const TAG_BYTES = 32;

const bytesOf = (hex: string): Uint8Array<ArrayBuffer> => {
  const bytes = decodeHex(hex);
  if (bytes === undefined) throw new Error(`not hexadecimal: ${hex}`);
  return bytes;
};

const base64 = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));

/** A fixed byte sequence without a pattern: every run of the test sees the same keys and messages. */
const fixedBytes = (length: number, seed: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length }, (_, index) => (Math.imul(index + seed, 2654435761) >>> 13) & 0xff);

const withBitFlipped = (tag: Uint8Array, bit: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(tag, (byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));

describe("RFC 4231", () => {
  it.each(rfc4231)("signs test case $testCase as published", async ({ key, data, tag }) => {
    const mac = await signHmac(await importHmacKey(bytesOf(key)), bytesOf(data));
    expect(mac).toHaveLength(TAG_BYTES);
    expect(encodeHex(mac).slice(0, tag.length)).toBe(tag);
  });

  it.each(rfc4231.filter(({ tag }) => tag.length === TAG_BYTES * 2))(
    "verifies the published tag of test case $testCase",
    async ({ key, data, tag }) => {
      expect(await verifyHmac(await importHmacKey(bytesOf(key)), bytesOf(tag), bytesOf(data))).toBe(true);
    },
  );

  it("refuses the truncated tag of test case 5, right as its bits are", async () => {
    const truncated = rfc4231.find(({ testCase }) => testCase === 5);
    if (truncated === undefined) throw new Error("test case 5 is missing");
    const key = await importHmacKey(bytesOf(truncated.key));
    expect(await verifyHmac(key, bytesOf(truncated.tag), bytesOf(truncated.data))).toBe(false);
  });
});

describe("Standard Webhooks", () => {
  const { secret, id, timestamp, body, signature } = standardWebhooks;
  const data = encodeUtf8(`${id}.${timestamp}.${body}`);
  const tag = base64(signature.slice("v1,".length));

  it("verifies the published example under the decoded secret", async () => {
    const key = await importHmacKey(base64(secret.slice("whsec_".length)));
    expect(await signHmac(key, data)).toEqual(tag);
    expect(await verifyHmac(key, tag, data)).toBe(true);
  });

  it("refuses the published example under the secret's text", async () => {
    expect(await verifyHmac(await importHmacKey(secret), tag, data)).toBe(false);
  });
});

describe("the v1 scheme", () => {
  const { secret, timestamp, nonce, body, signature } = houseVector;
  const tag = bytesOf(signature.slice("v1=".length));
  const verify = async (changed: Partial<typeof houseVector>): Promise<boolean> => {
    const request = { timestamp, nonce, body, secret, ...changed };
    return verifyHmac(await importHmacKey(request.secret), tag, encodeUtf8(signedPrefix(request) + request.body));
  };

  it("verifies its vector", async () => {
    expect(await verify({})).toBe(true);
  });

  it.each([
    ["timestamp", { timestamp: "2026-01-15T14:30:01Z" }],
    ["spelling of the timestamp", { timestamp: "2026-01-15T14:30:00.0Z" }],
    ["nonce", { nonce: "6f1f0a52-3c1e-4c39-9a0b-2f3b8f2d7e12" }],
    ["body", { body: houseVector.body.replace('"10"', '"100"') }],
    ["white space of the body", { body: `${houseVector.body}\n` }],
    ["secret", { secret: `${houseVector.secret}=` }],
  ])("refuses its vector when only the %s differs", async (_, changed) => {
    expect(await verify(changed)).toBe(false);
  });
});

describe("verifyHmac", () => {
  // Around the block size (64 bytes), where HMAC pads a key or hashes it first.
  const keyLengths = [1, 16, 31, 32, 63, 64, 65, 131];
  const messageLengths = [0, 1, 16, 55, 56, 63, 64, 65, 1000, 65_536];
  const cases = keyLengths.flatMap((keyBytes) => messageLengths.map((messageBytes) => ({ keyBytes, messageBytes })));

  it.each(cases)(
    "agrees with another implementation for a key of $keyBytes and a message of $messageBytes bytes",
    async ({ keyBytes, messageBytes }) => {
      const secret = fixedBytes(keyBytes, 7);
      const message = fixedBytes(messageBytes, 1009);
      const expected = Uint8Array.from(hmac(sha256, secret, message));
      const key = await importHmacKey(secret);
      expect(await signHmac(key, message)).toEqual(expected);
      expect(await verifyHmac(key, expected, message)).toBe(true);
    },
  );

  it.each([16, 32, 65])(
    "refuses a tag with any one of its 256 bits flipped, under a key of %i bytes",
    async (keyBytes) => {
      const key = await importHmacKey(fixedBytes(keyBytes, 3));
      const message = fixedBytes(100, 5);
      const tag = await signHmac(key, message);
      const bits = Array.from({ length: TAG_BYTES * 8 }, (_, bit) => bit);
      const accepted = await Promise.all(bits.map((bit) => verifyHmac(key, withBitFlipped(tag, bit), message)));
      expect(accepted.filter(Boolean)).toEqual([]);
    },
  );

  it("refuses a right tag cut to any shorter length, the empty one included", async () => {
    const key = await importHmacKey(fixedBytes(32, 3));
    const message = fixedBytes(100, 5);
    const tag = await signHmac(key, message);
    const lengths = Array.from({ length: TAG_BYTES }, (_, length) => length);
    const accepted = await Promise.all(lengths.map((length) => verifyHmac(key, tag.slice(0, length), message)));
    expect(accepted.filter(Boolean)).toEqual([]);
  });

  it.each([
    ["with a byte more", (tag: Uint8Array) => Uint8Array.of(...tag, 0)],
    ["twice", (tag: Uint8Array) => Uint8Array.of(...tag, ...tag)],
    ["backwards", (tag: Uint8Array) => Uint8Array.from(tag).toReversed()],
    ["inverted", (tag: Uint8Array) => Uint8Array.from(tag, (byte) => byte ^ 0xff)],
    ["of zeros", () => new Uint8Array(TAG_BYTES)],
    ["of ones", () => new Uint8Array(TAG_BYTES).fill(0xff)],
  ])("refuses a tag %s", async (_, change) => {
    const key = await importHmacKey(fixedBytes(32, 3));
    const message = fixedBytes(100, 5);
    expect(await verifyHmac(key, change(await signHmac(key, message)), message)).toBe(false);
  });

  it("refuses a tag made under another secret", async () => {
    const message = fixedBytes(100, 5);
    const tag = await signHmac(await importHmacKey(fixedBytes(32, 3)), message);
    expect(await verifyHmac(await importHmacKey(fixedBytes(32, 4)), tag, message)).toBe(false);
  });
});

describe("importHmacKey", () => {
  it.each([
    ["text", ""],
    ["byte array", new Uint8Array(0)],
  ])("refuses an empty %s", async (_, secret) => {
    await expect(importHmacKey(secret)).rejects.toThrow("must not be empty");
  });

  it("takes a text for its UTF-8 bytes", async () => {
    const fromText = await importHmacKey("clé");
    const fromBytes = await importHmacKey(bytesOf("636cc3a9"));
    const message = encodeUtf8("x");
    expect(await signHmac(fromText, message)).toEqual(await signHmac(fromBytes, message));
  });

  it("makes a key that cannot be exported", async () => {
    expect((await importHmacKey("a secret")).extractable).toBe(false);
  });
});
