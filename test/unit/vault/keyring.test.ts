import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeBase64 } from "../../../src/crypto/base64.ts";
import { EncryptionKeys, importKeyring } from "../../../src/vault/keyring.ts";

const keyText = (byte: number, length = 32): string => encodeBase64(new Uint8Array(length).fill(byte));
const A = keyText(0xaa);
const B = keyText(0xbb);

/** What is wrong with a setting; nothing where it is right. */
const problemsOf = (text: unknown): readonly string[] =>
  EncryptionKeys.safeParse(text).error?.issues.map(({ message }) => message) ?? [];

describe("CREDENTIALS_ENCRYPTION_KEYS", () => {
  it("holds keys by version, the primary one first", () => {
    expect(EncryptionKeys.parse(`2:${B},1:${A}`)).toEqual([
      { version: 2, bytes: new Uint8Array(32).fill(0xbb) },
      { version: 1, bytes: new Uint8Array(32).fill(0xaa) },
    ]);
  });

  it("may hold one key, and four", () => {
    expect(EncryptionKeys.parse(`1:${A}`)).toHaveLength(1);
    expect(
      EncryptionKeys.parse([1, 2, 3, 4].map((version) => `${version}:${keyText(version)}`).join(",")),
    ).toHaveLength(4);
  });

  it("may have white space around an item: a file that is piped in ends with a line feed", () => {
    expect(EncryptionKeys.parse(` 2:${B}, 1:${A}\n`).map(({ version }) => version)).toEqual([2, 1]);
  });

  it.each([1, 65_535])("may have version %i", (version) => {
    expect(EncryptionKeys.parse(`${version}:${A}`)[0]?.version).toBe(version);
  });

  it.each([
    ["nothing", "", "must hold at least 1 key"],
    ["white space", " \n", "must hold at least 1 key"],
    ["five keys", [1, 2, 3, 4, 5].map((n) => `${n}:${keyText(n)}`).join(","), "must hold at most 4 keys"],
    ["an empty item", `1:${A},`, "item 2 must be <version>:<key>, the version a whole number"],
    ["a key without version", A, "item 1 must be <version>:<key>, the version a whole number"],
    ["version 0", `0:${A}`, "item 1 must be <version>:<key>, the version a whole number"],
    ["a leading zero", `01:${A}`, "item 1 must be <version>:<key>, the version a whole number"],
    ["a negative version", `-1:${A}`, "item 1 must be <version>:<key>, the version a whole number"],
    ["a fraction of a version", `1.0:${A}`, "item 1 must be <version>:<key>, the version a whole number"],
    ["a version in other digits", `１:${A}`, "item 1 must be <version>:<key>, the version a whole number"],
    ["version 65536", `65536:${A}`, "item 1 must have a version from 1 to 65535"],
    ["no key", "1:", "item 1 must have a key of 32 bytes, in padded base64"],
    ["a key of 31 bytes", `1:${keyText(7, 31)}`, "item 1 must have a key of 32 bytes, in padded base64"],
    ["a key of 33 bytes", `1:${keyText(7, 33)}`, "item 1 must have a key of 32 bytes, in padded base64"],
    ["a key of 16 bytes", `2:${B},1:${keyText(7, 16)}`, "item 2 must have a key of 32 bytes, in padded base64"],
    ["a key without padding", `1:${A.slice(0, -1)}`, "item 1 must have a key of 32 bytes, in padded base64"],
    [
      "a key in base64url",
      `1:${keyText(0xff).replaceAll("/", "_")}`,
      "item 1 must have a key of 32 bytes, in padded base64",
    ],
    ["white space in a key", `1: ${A}`, "item 1 must have a key of 32 bytes, in padded base64"],
    [
      "bits behind the last byte",
      `1:${A.replace(/o=$/, "p=")}`,
      "item 1 must have a key of 32 bytes, in padded base64",
    ],
    ["a password", "1:correct horse battery staple!!!!", "item 1 must have a key of 32 bytes, in padded base64"],
    ["a key of zeros", `1:${keyText(0)}`, "item 1 must not have a key of zeros"],
    ["a version twice", `1:${A},1:${B}`, "must not hold a version twice"],
    ["a key twice", `2:${A},1:${A}`, "must not hold a key twice"],
  ])("is refused with %s", (_, text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  it("is refused as anything but a text", () => {
    expect(problemsOf(undefined)).toHaveLength(1);
    expect(problemsOf({ 1: A })).toHaveLength(1);
  });

  it("is never repeated in what is said of it", () => {
    const item = fc.oneof(fc.string(), fc.constantFrom(`1:${A}`, `1:${B}`, "1:canary", "canary:1", `70000:${A}`));
    fc.assert(
      fc.property(fc.array(item, { maxLength: 6 }), (items) => {
        const said = JSON.stringify(EncryptionKeys.safeParse(items.join(",")).error ?? "");
        for (const secret of [A, B, "canary", "70000"]) expect(said).not.toContain(secret);
      }),
    );
  });
});

describe("importKeyring", () => {
  it("takes the first key for the primary one", async () => {
    const keyring = await importKeyring(EncryptionKeys.parse(`7:${B},9:${A}`));
    expect([keyring.primary, ...keyring.keys.keys()]).toEqual([7, 7, 9]);
  });

  it("makes keys that cannot be exported", async () => {
    const keyring = await importKeyring(EncryptionKeys.parse(`1:${A}`));
    expect([...keyring.keys.values()].map(({ extractable }) => extractable)).toEqual([false]);
  });
});
