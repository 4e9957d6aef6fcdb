import { describe, expect, it } from "vitest";
import { encodeHex, encodeUtf8 } from "../../../src/crypto/encoding.ts";
import { importHmacKey, signHmac, verifyHmac } from "../../../src/crypto/hmac.ts";
import { signedPrefix } from "../../../src/domain/signature.ts";
import vector from "../../vectors/signature-v1.json" with { type: "json" };

// The command line signs in Node what the gateway verifies in workerd.
describe("in plain Node", () => {
  it("signs the v1 vector", async () => {
    const key = await importHmacKey(vector.secret);
    const data = encodeUtf8(signedPrefix(vector) + vector.body);
    const mac = await signHmac(key, data);
    expect(`v1=${encodeHex(mac)}`).toBe(vector.signature);
    expect(await verifyHmac(key, mac, data)).toBe(true);
  });

  it("refuses an empty secret", async () => {
    await expect(importHmacKey("")).rejects.toThrow("must not be empty");
  });
});
