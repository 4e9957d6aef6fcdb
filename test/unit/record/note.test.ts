// Signed notes, against the example that Go's golang.org/x/mod/sumdb/note is documented with and the one of the specification.
import { createHash, webcrypto } from "node:crypto";
import { describe, expect, it } from "vitest";
import { encodeHex, encodeUtf8 } from "../../../src/crypto/encoding.ts";
import {
  type Verify,
  formatNote,
  formatSignerKey,
  formatVerifierKey,
  isSignedBy,
  keyIdOf,
  parseNote,
  parseSignerKey,
  parseVerifierKey,
} from "../../../src/record/note.ts";
import { formatCheckpoint, parseCheckpoint } from "../../../src/record/checkpoint.ts";
import type { Sha256 } from "../../../src/record/tree.ts";

const sha256: Sha256 = (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest());
const verify: Verify = async (publicKey, signature, signed) => {
  const key = await webcrypto.subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
  return webcrypto.subtle.verify("Ed25519", key, signature, signed);
};
const isBy = async (note: string, ...vkeys: string[]) => {
  const parsed = parseNote(note);
  const keys = vkeys.map((text) => parseVerifierKey(text, sha256)).filter((key) => key !== undefined);
  expect(keys).toHaveLength(vkeys.length);
  return parsed !== undefined && isSignedBy(parsed, keys, { verify, sha256 });
};

const PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const PETERS_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const LINE =
  "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const NOTE = `${TEXT}\n${LINE}`;
const OTHER = formatVerifierKey({ name: "EnochRoot", publicKey: new Uint8Array(32).fill(7) }, sha256);

describe("a signed note", () => {
  it("is what its signer has signed, to the last byte", async () => {
    expect(await isBy(NOTE, PETER)).toBe(true);
    expect(await isBy(NOTE.replace("answer", "Answer"), PETER)).toBe(false);
    expect(await isBy(NOTE.replace("problem is.\n\n", "problem is.\n\n\n"), PETER)).toBe(false);
  });

  it("is read and written as it stands", () => {
    const note = parseNote(NOTE);
    expect(note).toMatchObject({ text: TEXT, signatures: [{ name: "PeterNeumann" }] });
    expect(note && formatNote(note)).toBe(NOTE);
  });

  it("proves nothing to whoever does not know its signer, and keeps its worth beside strangers' lines", async () => {
    const stranger = "— EnochRoot AAAAAAAB\n";
    expect(await isBy(NOTE, OTHER)).toBe(false);
    expect(await isBy(NOTE)).toBe(false);
    expect(await isBy(`${NOTE}${stranger}`, PETER)).toBe(true);
  });

  it("is worthless where one of the known lines does not hold", async () => {
    const [, id] = OTHER.split("+");
    const forged = `— EnochRoot ${Buffer.concat([Buffer.from(id ?? "", "hex"), Buffer.alloc(64)]).toString("base64")}\n`;
    expect(await isBy(`${NOTE}${forged}`, PETER, OTHER)).toBe(false);
    expect(await isBy(`${TEXT}\n${forged}${LINE}`, PETER, OTHER)).toBe(false);
  });

  it.each([
    ["is empty", ""],
    ["has no signature", `${TEXT}\n`],
    ["has no text", `\n\n${LINE}`],
    ["has no blank line", `${TEXT}${LINE}`],
    ["does not end its last line", NOTE.slice(0, -1)],
    ["has a line that is no signature", `${NOTE}hello\n`],
    ["has a hyphen for the dash", NOTE.replace("—", "-")],
    ["has a carriage return", NOTE.replaceAll("\n", "\r\n")],
    ["has a signature that is no base64", NOTE.replace("x08g", "x08*")],
    ["has more signatures than anybody has signers", `${TEXT}\n${LINE.repeat(101)}`],
  ])("is none where it %s", (_, note) => {
    expect(parseNote(note)).toBeUndefined();
  });
});

describe("a key", () => {
  it("is written as it is read", () => {
    const key = parseVerifierKey(PETER, sha256);
    expect(key && formatVerifierKey(key, sha256)).toBe(PETER);
    const signer = parseSignerKey(PETERS_SECRET);
    expect(signer?.id).toBe("c74f20a3");
    expect(key && signer && formatSignerKey(signer, keyIdOf(key, sha256))).toBe(PETERS_SECRET);
  });

  it("signs what its public half verifies", async () => {
    const signer = parseSignerKey(PETERS_SECRET);
    const der = Buffer.concat([
      Buffer.from("302e020100300506032b657004220420", "hex"),
      signer?.seed ?? Buffer.alloc(0),
    ]);
    const key = await webcrypto.subtle.importKey("pkcs8", der, "Ed25519", false, ["sign"]);
    const signature = new Uint8Array(await webcrypto.subtle.sign("Ed25519", key, encodeUtf8(TEXT)));
    expect(encodeHex(signature)).toBe(encodeHex(parseNote(NOTE)?.signatures[0]?.signature ?? new Uint8Array()));
  });

  it.each([
    ["has another id", PETER.replace("c74f20a3", "c74f20a4")],
    ["is of another type", PETER.replace("+ARpc", "+AhpC")],
    ["is too short", "PeterNeumann+c74f20a3+ARpc"],
    ["has no name", PETER.replace("PeterNeumann", "")],
    ["has a space in its name", PETER.replace("PeterNeumann", "Peter Neumann")],
    ["is a private one", PETERS_SECRET],
  ])("is none where it %s", (_, text) => {
    expect(parseVerifierKey(text, sha256)).toBeUndefined();
  });
});

describe("a checkpoint", () => {
  const SPECIFIED = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

  it("is read and written as the specification's example", () => {
    const checkpoint = parseCheckpoint(SPECIFIED);
    expect(checkpoint).toMatchObject({ origin: "example.com/behind-the-sofa", size: 20_852_163 });
    expect(checkpoint && formatCheckpoint(checkpoint)).toBe(SPECIFIED);
  });

  it("may say more than is asked for", () => {
    expect(parseCheckpoint(`${SPECIFIED}an extension\n`)?.size).toBe(20_852_163);
  });

  it.each([
    ["has no origin", SPECIFIED.replace("example.com/behind-the-sofa", "")],
    ["has a size with a zero in front", SPECIFIED.replace("2085", "02085")],
    ["has a size below zero", SPECIFIED.replace("2085", "-2085")],
    ["has a root of another length", SPECIFIED.replace("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=", "CsUY")],
    ["ends in the middle of a line", SPECIFIED.slice(0, -1)],
    ["has a blank line", `${SPECIFIED}\nmore\n`],
  ])("is none where it %s", (_, text) => {
    expect(parseCheckpoint(text)).toBeUndefined();
  });
});
