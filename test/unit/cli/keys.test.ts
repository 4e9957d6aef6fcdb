import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KEY_BYTES, toBootstrapKey, toEncryptionKey, toHmacSecret } from "../../../src/cli/keys.ts";
import { decodeStandardSecret } from "../../../src/cli/standard-secret.ts";
import { EncryptionKeys } from "../../../src/vault/keyring.ts";

const random = fc.uint8Array({ minLength: KEY_BYTES, maxLength: KEY_BYTES });
const someRandom = random.filter((bytes) => bytes.some((byte) => byte !== 0));

describe("a new secret holds all of its random bytes, in the form of", () => {
  it("Standard Webhooks", () => {
    fc.assert(
      fc.property(random, (bytes) => {
        const secret = toHmacSecret(bytes);
        expect(decodeStandardSecret(secret)).toEqual(bytes);
        // What would end an item, a line or a quoted value in .dev.vars.
        expect(secret).not.toMatch(/[,\s"']/);
      }),
    );
  });

  it("an item of CREDENTIALS_ENCRYPTION_KEYS, as the vault reads it", () => {
    fc.assert(
      fc.property(someRandom, fc.integer({ min: 1, max: 65_535 }), (bytes, version) => {
        expect(EncryptionKeys.parse(toEncryptionKey(version, bytes))).toEqual([{ version, bytes }]);
      }),
    );
  });

  it("a header and a shell's word", () => {
    fc.assert(
      fc.property(random, (bytes) => {
        const key = toBootstrapKey(bytes);
        expect(key).toMatch(/^[A-Za-z0-9_-]{43}$/);
        expect(new Uint8Array(Buffer.from(key, "base64url"))).toEqual(bytes);
      }),
    );
  });
});

describe("a secret of Standard Webhooks", () => {
  it.each([
    "",
    "whsec_",
    "whsec_AAAA",
    "whsec_not base64",
    "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  ])("is not %j", (text) => {
    expect(decodeStandardSecret(text)).toBeUndefined();
  });
});
