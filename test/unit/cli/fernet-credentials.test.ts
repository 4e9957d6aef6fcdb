import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSealed, readFernetKeys, readSealed } from "../../../src/cli/fernet-credentials.ts";
import { aFernetKey, sealFernet } from "../../support/fernet.ts";
import generated from "../../vectors/fernet-generate.json" with { type: "json" };

const KEY = aFernetKey();
const OTHER_KEY = aFernetKey();
const CREDENTIALS = { key_id: "PK0123456789", secret_key: "a-secret-of-the-broker" };

const seal = (content: string | Buffer, key = KEY): string => sealFernet(content, key);

const sealedFields = (key = KEY) => ({
  key_id: seal(CREDENTIALS.key_id, key),
  secret_key: seal(CREDENTIALS.secret_key, key),
});

let dir: string;
let file: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "sallyport-fernet-"));
  file = join(dir, "file");
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function keysIn(text: string) {
  writeFileSync(file, text);
  return readFernetKeys(file);
}

async function messageOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
  throw new Error("nothing was refused");
}

describe("sealed credentials open", () => {
  it("field by field", async () => {
    expect(await openSealed(sealedFields(), await keysIn(`${KEY}\n`))).toEqual(CREDENTIALS);
  });

  it("as one token that holds all of them", async () => {
    expect(await openSealed(seal(JSON.stringify(CREDENTIALS)), await keysIn(KEY))).toEqual(CREDENTIALS);
  });

  it("under any of several keys", async () => {
    const keys = await keysIn(`${OTHER_KEY}\n${KEY}\n`);
    const { key_id } = sealedFields();
    const { secret_key } = sealedFields(OTHER_KEY);
    expect(await openSealed({ key_id, secret_key }, keys)).toEqual(CREDENTIALS);
  });

  it("when the published implementation has sealed them", async () => {
    for (const { token, secret, src } of generated) {
      expect(await openSealed({ secret_key: token }, await keysIn(secret))).toEqual({ secret_key: src });
    }
  });
});

describe("sealed credentials are refused, and nothing of them is repeated", () => {
  it.each([
    ["a field that was never sealed", () => ({ ...sealedFields(), key_id: "PK0123456789" }), "key_id: no Fernet token"],
    ["a field that is no text", () => ({ ...sealedFields(), key_id: 5 }), "key_id: no Fernet token"],
    [
      "a field under another key",
      () => ({ ...sealedFields(), secret_key: seal("a-secret-of-the-broker", OTHER_KEY) }),
      "secret_key: not sealed with this key, or changed since",
    ],
    [
      "a field that was changed",
      () => ({ ...sealedFields(), secret_key: seal("x").replace(/.(.{6})$/, (_, end: string) => `_${end}`) }),
      "secret_key: not sealed with this key, or changed since",
    ],
    ["a field that holds no text", () => ({ key_id: seal(Buffer.from([0xff])) }), "key_id: opens, and holds no text"],
    ["a token that holds no JSON", () => seal("a-secret-of-the-broker"), "The credentials hold no JSON object"],
    ["a token that holds a list", () => seal("[]"), "The credentials hold no JSON object"],
    ["a text that is no token", () => "a-secret-of-the-broker", "The credentials: no Fernet token"],
    ["a list", () => [], "The credentials are neither"],
    ["nothing", () => undefined, "The credentials are neither"],
  ])("%s", async (_, sealed, fault) => {
    const message = await messageOf(openSealed(sealed(), await keysIn(KEY)));
    expect(message).toContain(fault);
    expect(message).toMatch(/\. Nothing was sent\.$/);
    expect(message).not.toMatch(/PK0123456789|a-secret-of-the-broker|gAAAA/);
  });

  it.each(["", "\n", "too short", `${KEY} not-a-key`, KEY.slice(0, -1), `"${KEY}"`])(
    "where the file of keys holds %j",
    async (text) => {
      const message = await messageOf(keysIn(text));
      expect(message).toMatch(/^.* has to hold a Fernet key, /);
      expect(message).not.toContain(KEY.slice(0, 8));
    },
  );
});

describe("a file of sealed credentials", () => {
  it.each([
    ['{"key_id":"gAAA"}', { key_id: "gAAA" }],
    ['"gAAA"', "gAAA"],
    ["gAAA==\n", "gAAA=="],
    ["", ""],
  ])("%j is read as it is meant", async (text, sealed) => {
    writeFileSync(file, text);
    expect(await readSealed([], file)).toEqual(sealed);
  });

  it("is never an argument", async () => {
    const message = await messageOf(readSealed([seal("x")], undefined));
    expect(message).toBe("Give --file FILE, or - to read stdin");
  });
});
