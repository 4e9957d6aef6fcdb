import { describe, expect, it } from "vitest";
import { decryptAesGcm, encryptAesGcm } from "../../../src/crypto/aes-gcm.ts";
import { decodeHex, encodeHex } from "../../../src/crypto/encoding.ts";
import wycheproof from "../../vectors/wycheproof-aes-gcm.json" with { type: "json" };

const IV_BITS = 96;

const bytesOf = (hex: string): Uint8Array<ArrayBuffer> => {
  const bytes = decodeHex(hex);
  if (bytes === undefined) throw new Error(`not hexadecimal: ${hex}`);
  return bytes;
};

/** Of 128, 192 or 256 bits, as the vector has it. */
const keyOf = (hex: string): Promise<CryptoKey> =>
  crypto.subtle.importKey("raw", bytesOf(hex), "AES-GCM", false, ["encrypt", "decrypt"]);

type Vector = (typeof wycheproof)["testGroups"][number]["tests"][number] & { readonly ivBits: number };

const vectors: readonly Vector[] = wycheproof.testGroups.flatMap(({ ivSize, tests }) =>
  tests.map((test) => ({ ...test, ivBits: ivSize })),
);

const select = (result: "valid" | "invalid", isOurs: (ivBits: number) => boolean): readonly Vector[] =>
  vectors.filter((vector) => vector.result === result && isOurs(vector.ivBits));

describe("Wycheproof", () => {
  it("has 316 vectors: 197 with IVs of 96 bits, 113 with others, 6 with none", () => {
    const count = (isCounted: (ivBits: number) => boolean) => vectors.filter(({ ivBits }) => isCounted(ivBits)).length;
    expect(vectors).toHaveLength(wycheproof.numberOfTests);
    expect([count((bits) => bits === IV_BITS), count((bits) => bits > 0 && bits !== IV_BITS)]).toEqual([197, 113]);
    expect([vectors.length, count((bits) => bits === 0)]).toEqual([316, 6]);
  });

  it.each(select("valid", (bits) => bits === IV_BITS))(
    "encrypts and decrypts vector $tcId as published",
    async (vector) => {
      const key = await keyOf(vector.key);
      const options = { iv: bytesOf(vector.iv), additionalData: bytesOf(vector.aad) };
      const ciphertext = vector.ct + vector.tag;
      expect(encodeHex(await encryptAesGcm(key, bytesOf(vector.msg), options))).toBe(ciphertext);
      expect(await decryptAesGcm(key, bytesOf(ciphertext), options)).toEqual(bytesOf(vector.msg));
    },
  );

  it.each(select("invalid", (bits) => bits === IV_BITS))(
    "does not decrypt vector $tcId ($flags)",
    async ({ key, iv, aad, ct, tag }) => {
      const options = { iv: bytesOf(iv), additionalData: bytesOf(aad) };
      expect(await decryptAesGcm(await keyOf(key), bytesOf(ct + tag), options)).toBeUndefined();
    },
  );
});

describe("Wycheproof, with IVs that only the platform takes", () => {
  const algorithmOf = ({ iv, aad }: Vector) => ({
    name: "AES-GCM",
    iv: bytesOf(iv),
    additionalData: bytesOf(aad),
    tagLength: 128,
  });

  it.each(select("valid", (bits) => bits !== IV_BITS))(
    "agrees on vector $tcId, with an IV of $ivBits bits",
    async (vector) => {
      const key = await keyOf(vector.key);
      const ciphertext = await crypto.subtle.encrypt(algorithmOf(vector), key, bytesOf(vector.msg));
      expect(encodeHex(new Uint8Array(ciphertext))).toBe(vector.ct + vector.tag);
      const plaintext = await crypto.subtle.decrypt(algorithmOf(vector), key, ciphertext);
      expect(encodeHex(new Uint8Array(plaintext))).toBe(vector.msg);
    },
  );

  it.each(select("invalid", (bits) => bits !== IV_BITS))(
    "neither encrypts nor decrypts vector $tcId ($flags)",
    async (vector) => {
      const key = await keyOf(vector.key);
      await expect(crypto.subtle.encrypt(algorithmOf(vector), key, bytesOf(vector.msg))).rejects.toThrow();
      await expect(crypto.subtle.decrypt(algorithmOf(vector), key, bytesOf(vector.ct + vector.tag))).rejects.toThrow();
    },
  );
});

describe("AES-GCM", () => {
  const key = keyOf("00".repeat(32));
  const additionalData = bytesOf("aa");

  it.each([0, 1, 8, 11, 13, 16, 32])("takes no IV of %i bytes, neither way", async (ivBytes) => {
    const options = { iv: new Uint8Array(ivBytes), additionalData };
    await expect(encryptAesGcm(await key, bytesOf("00"), options)).rejects.toThrow("an IV has 12 bytes");
    await expect(decryptAesGcm(await key, new Uint8Array(17), options)).rejects.toThrow("an IV has 12 bytes");
  });

  it("does not decrypt what is shorter than a tag", async () => {
    const options = { iv: new Uint8Array(12), additionalData };
    const lengths = Array.from({ length: 16 }, (_, length) => length);
    const decrypted = await Promise.all(
      lengths.map(async (length) => decryptAesGcm(await key, new Uint8Array(length), options)),
    );
    expect(decrypted.filter((plaintext) => plaintext !== undefined)).toEqual([]);
  });

  it("reports a key that may not decrypt as a bug, not as a refusal", async () => {
    const sealing = await crypto.subtle.importKey("raw", new Uint8Array(32), "AES-GCM", false, ["encrypt"]);
    const options = { iv: new Uint8Array(12), additionalData };
    await expect(decryptAesGcm(sealing, new Uint8Array(32), options)).rejects.toThrow();
  });
});
