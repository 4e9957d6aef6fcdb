import { describe, expect, it } from "vitest";
import { open, rewrap, seal } from "../../../src/vault/envelope.ts";
import { EncryptionKeys, importKeyring } from "../../../src/vault/keyring.ts";
import { keyVersionOf } from "../../../src/vault/sealed.ts";
import vector from "../../vectors/vault-schema-1.json" with { type: "json" };

// What a Worker seals, a command can open, and the other way round.
describe("in plain Node", () => {
  const keyring = importKeyring(EncryptionKeys.parse(vector.keys));

  it.each(Object.entries(vector.sealed))("opens the vector that is sealed under key %s", async (version, sealed) => {
    expect(keyVersionOf(sealed)).toBe(Number(version));
    expect(await open(await keyring, vector.place, sealed)).toEqual({ ok: true, value: vector.plaintext });
  });

  it("opens what it has sealed", async () => {
    const sealed = await seal(await keyring, vector.place, vector.plaintext);
    expect(sealed.ok && (await open(await keyring, vector.place, sealed.value))).toEqual({
      ok: true,
      value: vector.plaintext,
    });
  });

  it("wraps the vector of the older key again, under the newer one", async () => {
    const rewrapped = await rewrap(await keyring, vector.place, vector.sealed["1"]);
    expect(rewrapped.ok && keyVersionOf(rewrapped.value)).toBe(258);
    expect(rewrapped.ok && (await open(await keyring, vector.place, rewrapped.value))).toEqual({
      ok: true,
      value: vector.plaintext,
    });
  });

  it("refuses the vector at another place, and changed", async () => {
    const refused = { ok: false, error: { reason: "does_not_open" } };
    const sealed = vector.sealed["1"];
    expect(await open(await keyring, { ...vector.place, row: "paper-2" }, sealed)).toEqual(refused);
    expect(await rewrap(await keyring, { ...vector.place, row: "paper-2" }, sealed)).toEqual(refused);
    expect(await open(await keyring, vector.place, sealed.replace(/.{4}$/, "AAAA"))).toEqual(refused);
  });
});
