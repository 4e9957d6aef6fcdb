import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GCM_IV_BYTES, encryptAesGcm } from "../../../src/crypto/aes-gcm.ts";
import { decodeBase64Url, encodeBase64Url } from "../../../src/crypto/base64.ts";
import { generateDataKey, wrapDataKey } from "../../../src/crypto/data-key.ts";
import { encodeHex } from "../../../src/crypto/encoding.ts";
import { open, rewrap, seal } from "../../../src/vault/envelope.ts";
import { EncryptionKeys, type Keyring, importKeyring } from "../../../src/vault/keyring.ts";
import { type Place, credentialContext, dataKeyContext } from "../../../src/vault/place.ts";
import { CREDENTIAL_BYTES_MAX, joinSealed, keyVersionOf, splitSealed } from "../../../src/vault/sealed.ts";
import vector from "../../vectors/vault-schema-1.json" with { type: "json" };

const SCHEMA_BYTES = 1;
const HEADER_BYTES = 3;
const WRAPPED_BYTES = 12 + 32 + 16;

/** A key of 32 bytes, in the setting's spelling. */
const keyOfBytes = (version: number, byte: number): string =>
  `${version}:${btoa(String.fromCharCode(byte).repeat(32))}`;

const keyringOf = (...items: readonly string[]): Promise<Keyring> =>
  importKeyring(EncryptionKeys.parse(items.join(",")));

/** Versions 1 and 3 differ in one bit: flipping it finds another key. */
const KEY_1 = keyOfBytes(1, 0x11);
const KEY_2 = keyOfBytes(2, 0x22);
const KEY_3 = keyOfBytes(3, 0x33);

const place: Place = { table: "broker_connections", row: "paper-1", field: "credentials" };
const credential = '{"key_id":"PKCANARY","secret_key":"canary-of-the-vault"}';

const sealedWith = async (keyring: Keyring, text = credential, at = place): Promise<string> => {
  const sealed = await seal(keyring, at, text);
  if (!sealed.ok) throw new Error(`not sealed: ${sealed.error.reason}`);
  return sealed.value;
};

const bytesOf = (sealed: string): Uint8Array<ArrayBuffer> => {
  const bytes = decodeBase64Url(sealed);
  if (bytes === undefined) throw new Error("not base64url");
  return bytes;
};

/** The sealed text with its bytes changed. */
const changed = (sealed: string, change: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array): string =>
  encodeBase64Url(change(bytesOf(sealed)));

const withBitFlipped = (sealed: string, bit: number): string =>
  changed(sealed, (bytes) => bytes.map((byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)));

/** Every refusal, in words. A credential that opened says so. */
const reasonsOf = async (keyring: Keyring, texts: readonly string[]): Promise<readonly string[]> => {
  const opened = await Promise.all(texts.map((text) => open(keyring, place, text)));
  return opened.map((result) => (result.ok ? "opened" : result.error.reason));
};

const MALFORMED = { ok: false, error: { reason: "malformed" } };
const DOES_NOT_OPEN = { ok: false, error: { reason: "does_not_open" } };

describe("a sealed credential", () => {
  it("opens to the text that was sealed, whatever the text", async () => {
    const keyring = await keyringOf(KEY_2, KEY_1);
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary", minLength: 1 }), async (text) => {
        expect(await open(keyring, place, await sealedWith(keyring, text))).toEqual({ ok: true, value: text });
      }),
    );
  });

  it("opens at its place, whatever the names of the place", async () => {
    const keyring = await keyringOf(KEY_1);
    const name = fc.string({ unit: "binary" });
    await fc.assert(
      fc.asyncProperty(fc.record({ table: name, row: name, field: name }), async (at) => {
        const sealed = await sealedWith(keyring, credential, at);
        expect(await open(keyring, at, sealed)).toEqual({ ok: true, value: credential });
      }),
    );
  });

  it.each(Object.entries(vector.sealed))(
    "opens as another implementation sealed it, under key %s",
    async (_, sealed) => {
      const keyring = await keyringOf(vector.keys);
      expect(await open(keyring, vector.place, sealed)).toEqual({ ok: true, value: vector.plaintext });
    },
  );

  it("names the version of the primary key, which sealed it", async () => {
    expect(keyVersionOf(await sealedWith(await keyringOf(KEY_2, KEY_1)))).toBe(2);
    expect(keyVersionOf(await sealedWith(await keyringOf(KEY_1, KEY_2)))).toBe(1);
    expect(keyVersionOf(await sealedWith(await keyringOf(keyOfBytes(65_535, 1))))).toBe(65_535);
  });

  it("opens under every key of the ring", async () => {
    const sealed = [await sealedWith(await keyringOf(KEY_1)), await sealedWith(await keyringOf(KEY_3))];
    expect(await reasonsOf(await keyringOf(KEY_2, KEY_1, KEY_3), sealed)).toEqual(["opened", "opened"]);
  });

  it("is as long as the credential and 91 bytes more, 16 KiB of it at most", async () => {
    const keyring = await keyringOf(KEY_1);
    const lengths = [1, 2, 40, CREDENTIAL_BYTES_MAX];
    const sealed = await Promise.all(lengths.map((length) => sealedWith(keyring, "k".repeat(length))));
    expect(sealed.map((text) => bytesOf(text).length)).toEqual(lengths.map((length) => length + 91));
    expect(await reasonsOf(keyring, sealed)).toEqual(lengths.map(() => "opened"));
  });

  it("repeats no IV and no data key in 10,000", { timeout: 60_000 }, async () => {
    const keyring = await keyringOf(KEY_1);
    const ivs = new Set<string>();
    const ciphertexts = new Set<string>();
    for (let batch = 0; batch < 100; batch += 1) {
      const sealed = await Promise.all(Array.from({ length: 100 }, () => sealedWith(keyring)));
      for (const parts of sealed.map(splitSealed)) {
        if (parts === undefined) throw new Error("not a sealed text");
        ivs.add(encodeHex(parts.wrapIv)).add(encodeHex(parts.iv));
        ciphertexts.add(encodeHex(parts.wrappedKey)).add(encodeHex(parts.ciphertext));
      }
    }
    expect([ivs.size, ciphertexts.size]).toEqual([20_000, 20_000]);
  });
});

describe("what is not sealed", () => {
  it.each([
    ["an empty text", "", { reason: "empty" }],
    ["a lone high surrogate, which would come back as another character", "key\ud800", { reason: "not_unicode" }],
    ["a lone low surrogate", "\udc00key", { reason: "not_unicode" }],
    ["a surrogate pair the wrong way round", "\udc00\ud800", { reason: "not_unicode" }],
    [
      "a byte more than there is room for",
      `é${"k".repeat(CREDENTIAL_BYTES_MAX - 1)}`,
      { reason: "too_long", bytes: CREDENTIAL_BYTES_MAX + 1, bytesMax: CREDENTIAL_BYTES_MAX },
    ],
  ])("is %s", async (_, text, error) => {
    expect(await seal(await keyringOf(KEY_1), place, text)).toEqual({ ok: false, error });
  });

  it("is anything for a place whose name UTF-8 cannot spell: two such names would be one", async () => {
    await expect(seal(await keyringOf(KEY_1), { ...place, row: "\ud800" }, credential)).rejects.toThrow(
      "name of a place",
    );
  });
});

describe("a credential that was moved", () => {
  it.each([
    ["row", { ...place, row: "paper-2" }],
    ["field", { ...place, field: "credential" }],
    ["table", { ...place, table: "sources" }],
    ["letter case of the row", { ...place, row: "PAPER-1" }],
    ["boundary between table and row", { ...place, table: "broker_connection", row: "spaper-1" }],
    ["boundary between row and field", { ...place, row: "paper-1c", field: "redentials" }],
    ["order of the names", { ...place, row: place.field, field: place.row }],
  ])("does not open when only the %s differs", async (_, at) => {
    const keyring = await keyringOf(KEY_1);
    expect(await open(keyring, at, await sealedWith(keyring))).toEqual(DOES_NOT_OPEN);
    expect(await rewrap(keyring, at, await sealedWith(keyring))).toEqual(DOES_NOT_OPEN);
  });

  it.each([
    ["rows", { ...place, row: "paper-2" }],
    ["fields", { ...place, field: "secret" }],
    ["tables", { ...place, table: "sources" }],
  ])("does not open after two %s were swapped, whole or in part", async (_, other) => {
    const keyring = await keyringOf(KEY_1);
    const here = await sealedWith(keyring, "one credential", place);
    const there = await sealedWith(keyring, "another one...", other);
    const credentialAt = HEADER_BYTES + WRAPPED_BYTES;
    const mixed = changed(here, (bytes) =>
      Uint8Array.of(...bytes.slice(0, credentialAt), ...bytesOf(there).slice(credentialAt)),
    );
    expect(await open(keyring, place, there)).toEqual(DOES_NOT_OPEN);
    expect(await open(keyring, other, here)).toEqual(DOES_NOT_OPEN);
    expect(await open(keyring, place, mixed)).toEqual(DOES_NOT_OPEN);
    expect(await open(keyring, other, mixed)).toEqual(DOES_NOT_OPEN);
  });

  it("does not open with the data key of an earlier credential of the same place", async () => {
    const keyring = await keyringOf(KEY_1);
    const [earlier, later] = [await sealedWith(keyring), await sealedWith(keyring)];
    const credentialAt = HEADER_BYTES + WRAPPED_BYTES;
    const mixed = changed(later, (bytes) =>
      Uint8Array.of(...bytesOf(earlier).slice(0, credentialAt), ...bytes.slice(credentialAt)),
    );
    expect(await open(keyring, place, mixed)).toEqual(DOES_NOT_OPEN);
  });
});

describe("a credential that was changed", () => {
  it("does not open with any one bit flipped", { timeout: 60_000 }, async () => {
    const keyring = await keyringOf(KEY_1, KEY_2, KEY_3);
    const sealed = await sealedWith(keyring);
    const bits = Array.from({ length: bytesOf(sealed).length * 8 }, (_, bit) => bit);
    const texts = bits.map((bit) => withBitFlipped(sealed, bit));
    const reasons = await reasonsOf(keyring, texts);
    const [schemaEnd, versionEnd] = [SCHEMA_BYTES * 8, HEADER_BYTES * 8];
    expect(new Set(reasons.slice(0, schemaEnd))).toEqual(new Set(["malformed"]));
    // Version 1 with a bit flipped is version 3, whose key is there, or one that is not.
    expect(reasons.slice(schemaEnd, versionEnd).filter((reason) => reason === "does_not_open")).toHaveLength(1);
    expect(reasons.slice(schemaEnd, versionEnd).filter((reason) => reason === "unknown_key_version")).toHaveLength(15);
    expect(new Set(reasons.slice(versionEnd))).toEqual(new Set(["does_not_open"]));
  });

  it("does not open when cut to any shorter length, in bytes or in characters", { timeout: 60_000 }, async () => {
    const keyring = await keyringOf(KEY_1);
    const sealed = await sealedWith(keyring);
    const cutBytes = Array.from(bytesOf(sealed).keys(), (length) => changed(sealed, (bytes) => bytes.slice(0, length)));
    const cutCharacters = Array.from(sealed, (_, length) => sealed.slice(0, length));
    const reasons = await reasonsOf(keyring, [...cutBytes, ...cutCharacters]);
    expect(new Set(reasons)).toEqual(new Set(["malformed", "does_not_open"]));
  });

  it.each([
    ["a byte", (bytes: Uint8Array) => Uint8Array.of(...bytes, 0)],
    ["a block", (bytes: Uint8Array) => Uint8Array.of(...bytes, ...new Uint8Array(16))],
    ["itself", (bytes: Uint8Array) => Uint8Array.of(...bytes, ...bytes)],
  ])("does not open with %s appended", async (_, change) => {
    const keyring = await keyringOf(KEY_1);
    expect(await open(keyring, place, changed(await sealedWith(keyring), change))).toEqual(DOES_NOT_OPEN);
  });

  it.each([
    ["padding", (text: string) => `${text}=`],
    ["white space before it", (text: string) => ` ${text}`],
    ["a line feed after it", (text: string) => `${text}\n`],
    ["a character of no alphabet", (text: string) => `${text.slice(0, -1)}!`],
    ["a bit set behind its last byte", (text: string) => text.replace(/Q$/, "R")],
    ["the other alphabet", (text: string) => text.replaceAll("-", "+").replaceAll("_", "/")],
  ])("is malformed with %s", async (_, change) => {
    const keyring = await keyringOf(KEY_1);
    // Has characters of this alphabet only, and ends on one that carries two bits more than the bytes have.
    const text = vector.sealed["1"];
    expect(text).toMatch(/[-_].*Q$/);
    expect(bytesOf(text).length % 3).toBe(2);
    expect(await open(keyring, place, change(text))).toEqual(MALFORMED);
  });

  it.each([0, 2, 255])("is malformed under schema %i", async (schema) => {
    const keyring = await keyringOf(KEY_1);
    const text = changed(await sealedWith(keyring), (bytes) => Uint8Array.of(schema, ...bytes.slice(1)));
    expect(await open(keyring, place, text)).toEqual(MALFORMED);
    expect(await rewrap(keyring, place, text)).toEqual(MALFORMED);
    expect(keyVersionOf(text)).toBeUndefined();
  });

  it.each([
    ["nothing", ""],
    ["the credential in clear", credential],
    ["a character more than the longest", "A".repeat(21_989)],
    ["zeros", encodeBase64Url(new Uint8Array(200))],
  ])("is malformed as %s", async (_, text) => {
    const keyring = await keyringOf(KEY_1);
    expect(await open(keyring, place, text)).toEqual(MALFORMED);
    expect(await rewrap(keyring, place, text)).toEqual(MALFORMED);
    expect(keyVersionOf(text)).toBeUndefined();
  });

  it("is malformed as an empty credential, though everything in it fits", async () => {
    const keyring = await keyringOf(KEY_1);
    const key = keyring.keys.get(keyring.primary);
    if (key === undefined) throw new Error("no primary key");
    const dataKey = await generateDataKey();
    const iv = new Uint8Array(GCM_IV_BYTES);
    const text = joinSealed({
      keyVersion: keyring.primary,
      wrapIv: iv,
      wrappedKey: await wrapDataKey(key, dataKey, { iv, additionalData: dataKeyContext(place, keyring.primary) }),
      iv,
      ciphertext: await encryptAesGcm(dataKey, new Uint8Array(0), { iv, additionalData: credentialContext(place) }),
    });
    expect(await open(keyring, place, text)).toEqual(MALFORMED);
  });
});

describe("the key version", () => {
  it("is refused when the ring has no such key", async () => {
    const sealed = await sealedWith(await keyringOf(KEY_1));
    const keyring = await keyringOf(KEY_2);
    const error = { reason: "unknown_key_version", keyVersion: 1 };
    expect(await open(keyring, place, sealed)).toEqual({ ok: false, error });
    expect(await rewrap(keyring, place, sealed)).toEqual({ ok: false, error });
  });

  it("does not open when changed to another key of the ring", async () => {
    const keyring = await keyringOf(KEY_1, KEY_2);
    const sealed = changed(await sealedWith(keyring), (bytes) => Uint8Array.of(1, 0, 2, ...bytes.slice(HEADER_BYTES)));
    expect(keyVersionOf(sealed)).toBe(2);
    expect(await open(keyring, place, sealed)).toEqual(DOES_NOT_OPEN);
  });

  it("does not open when changed to another version of the very same key bytes", async () => {
    const sealed = await sealedWith(await keyringOf(KEY_1));
    const relabelled = changed(sealed, (bytes) => Uint8Array.of(1, 0, 2, ...bytes.slice(HEADER_BYTES)));
    expect(await open(await keyringOf(keyOfBytes(2, 0x11)), place, relabelled)).toEqual(DOES_NOT_OPEN);
  });

  it("does not open under a key of the same version and other bytes", async () => {
    const sealed = await sealedWith(await keyringOf(KEY_1));
    const keyring = await keyringOf(keyOfBytes(1, 0x12));
    expect(await open(keyring, place, sealed)).toEqual(DOES_NOT_OPEN);
    expect(await rewrap(keyring, place, sealed)).toEqual(DOES_NOT_OPEN);
  });
});

describe("rotation", () => {
  it("keeps the credential and changes the key: the old ring opens it no more, the new key alone does", async () => {
    const old = await keyringOf(KEY_1);
    const before = await sealedWith(old);
    const after = await rewrap(await keyringOf(KEY_2, KEY_1), place, before);
    if (!after.ok) throw new Error(after.error.reason);
    expect(keyVersionOf(after.value)).toBe(2);
    expect(await open(await keyringOf(KEY_2), place, after.value)).toEqual({ ok: true, value: credential });
    expect(await open(old, place, after.value)).toEqual({
      ok: false,
      error: { reason: "unknown_key_version", keyVersion: 2 },
    });
  });

  it("leaves the credential's own bytes alone, and wraps the data key under a fresh IV", async () => {
    const before = await sealedWith(await keyringOf(KEY_1));
    const after = await rewrap(await keyringOf(KEY_2, KEY_1), place, before);
    if (!after.ok) throw new Error(after.error.reason);
    const [from, to] = [splitSealed(before), splitSealed(after.value)];
    expect(to?.ciphertext).toEqual(from?.ciphertext);
    expect(to?.iv).toEqual(from?.iv);
    expect(to?.wrapIv).not.toEqual(from?.wrapIv);
    expect(to?.wrappedKey).not.toEqual(from?.wrappedKey);
  });

  it("leaves a text that is under the primary key as it is", async () => {
    const keyring = await keyringOf(KEY_2, KEY_1);
    const sealed = await sealedWith(keyring);
    expect(await rewrap(keyring, place, sealed)).toEqual({ ok: true, value: sealed });
  });

  it("keeps any credential, through any order of keys", async () => {
    const rings = await Promise.all([
      keyringOf(KEY_1, KEY_2, KEY_3),
      keyringOf(KEY_2, KEY_3, KEY_1),
      keyringOf(KEY_3, KEY_1, KEY_2),
    ]);
    const steps = fc.array(fc.constantFrom(...rings), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary", minLength: 1 }), steps, async (text, keyrings) => {
        let sealed = await sealedWith(rings[0], text);
        for (const keyring of keyrings) {
          const next = await rewrap(keyring, place, sealed);
          expect(next.ok && keyVersionOf(next.value)).toBe(keyring.primary);
          if (next.ok) sealed = next.value;
        }
        expect(await open(rings[0], place, sealed)).toEqual({ ok: true, value: text });
      }),
    );
  });
});

describe("a keyring", () => {
  it("has keys that cannot be exported, and that encrypt nothing but other keys", async () => {
    const { keys, primary } = await keyringOf(KEY_2, KEY_1);
    expect([primary, ...keys.keys()]).toEqual([2, 2, 1]);
    for (const key of keys.values()) {
      expect(key.extractable).toBe(false);
      expect([...key.usages].sort()).toEqual(["unwrapKey", "wrapKey"]);
      await expect(crypto.subtle.exportKey("raw", key)).rejects.toThrow();
    }
  });
});
