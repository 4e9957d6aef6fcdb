import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readAddress } from "../../../src/cli/address.ts";
import { ensureDevVars, readDevVars, settingIn } from "../../../src/cli/dev-vars.ts";
import { SECRETS } from "../../../src/cli/setting-names.ts";
import { readConnection, readGatewayAddress, readSecrets, readSigningSecret } from "../../../src/cli/settings.ts";
import { EncryptionKeys } from "../../../src/vault/keyring.ts";

const KEY = "the-api-key-of-this-machine";
const REMOTE = "https://gateway.example.com";

let dir: string;
let devVars: string;
let secretFile: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "sallyport-settings-"));
  devVars = join(dir, "dev.vars");
  writeFileSync(devVars, `API_KEY_HMAC_SECRET="older,newer"\nBOOTSTRAP_API_KEY="${KEY}"\n`);
  secretFile = join(dir, "hmac.secret");
  writeFileSync(secretFile, "from-a-file\n");
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function addressOf(text: string) {
  const address = readAddress(text);
  if (!address.ok) throw new Error(address.error);
  return address.value;
}

describe("the address", () => {
  it("is that of the option, else of the environment, else this machine's", () => {
    expect(readGatewayAddress({ url: REMOTE }, { SALLYPORT_URL: "https://b.c" }).url).toBe(REMOTE);
    expect(readGatewayAddress({}, { SALLYPORT_URL: "https://b.c" }).url).toBe("https://b.c");
    expect(readGatewayAddress({}, {}).url).toBe("http://127.0.0.1:8787");
  });

  it("is refused under the name it was given by", () => {
    expect(() => readGatewayAddress({ url: "x" }, {})).toThrow("--url takes");
    expect(() => readGatewayAddress({}, { SALLYPORT_URL: "http://example.com" })).toThrow("SALLYPORT_URL takes https");
  });
});

describe("the API key", () => {
  it("comes from the environment, else from the file", () => {
    expect(readConnection({ "dev-vars": devVars }, { SALLYPORT_API_KEY: "given" }).apiKey).toBe("given");
    expect(readConnection({ "dev-vars": devVars }, {}).apiKey).toBe(KEY);
  });

  it("of this machine is not sent to another, unless its file is named", () => {
    expect(() => readConnection({ url: REMOTE }, {})).toThrow(/^Set SALLYPORT_API_KEY\./);
    expect(readConnection({ url: REMOTE, "dev-vars": devVars }, {}).apiKey).toBe(KEY);
  });

  it("that is set and empty is a mistake, and nothing else is used in its place", () => {
    expect(() => readConnection({ "dev-vars": devVars }, { SALLYPORT_API_KEY: "" })).toThrow(
      "SALLYPORT_API_KEY is set, and empty.",
    );
  });

  it.each(["two\nlines", "with space", "ключ"])("%j is refused without being repeated", (key) => {
    expect(() => readConnection({}, { SALLYPORT_API_KEY: key })).toThrow(/^The API key holds characters/);
    expect(() => readConnection({}, { SALLYPORT_API_KEY: key })).not.toThrow(key);
  });
});

describe("the signing secret", () => {
  it("comes from its file, else from the environment, else from .dev.vars", () => {
    const both = { "secret-file": secretFile, "dev-vars": devVars };
    expect(readSigningSecret(both, { SALLYPORT_SECRET: "given" })).toBe("from-a-file");
    expect(readSigningSecret({ "dev-vars": devVars }, { SALLYPORT_SECRET: "given" })).toBe("given");
    expect(readSigningSecret({ "dev-vars": devVars }, {})).toBe("newer");
  });

  it.each(["a-secret # from the vault", "`a-secret`", "'a-secret'", '"a-secret" '])(
    "is read out of .dev.vars as the gateway reads it: %s",
    (written) => {
      const path = join(dir, "written.vars");
      writeFileSync(path, `# API_KEY_HMAC_SECRET=x\nexport API_KEY_HMAC_SECRET=${written}\n`);
      expect(readSigningSecret({ "dev-vars": path }, {})).toBe("a-secret");
    },
  );

  it("is every one of a rotation where signatures are looked at", () => {
    expect(readSecrets({ "dev-vars": devVars }, {})).toEqual(["older", "newer"]);
    expect(readSecrets({}, { SALLYPORT_SECRET: "a, b" })).toEqual(["a", "b"]);
  });

  it("of this machine signs nothing for another, unless its file is named", () => {
    expect(() => readSigningSecret({}, {}, addressOf(REMOTE))).toThrow(/^Set SALLYPORT_SECRET\./);
    expect(readSigningSecret({ "dev-vars": devVars }, {}, addressOf(REMOTE))).toBe("newer");
  });

  it("is never an empty one, which anybody could sign with", () => {
    expect(() => readSecrets({}, { SALLYPORT_SECRET: "a," })).toThrow("One of the signing secrets is empty.");
    expect(() => readSecrets({}, { SALLYPORT_SECRET: "" })).toThrow("SALLYPORT_SECRET is set, and empty.");
  });

  it("is said to be missing by the name of its file", () => {
    expect(() => readSecrets({ "secret-file": join(dir, "none") }, {})).toThrow(/^There is no .*none\.$/);
    expect(() => readSecrets({ "dev-vars": secretFile }, {})).toThrow(/does not set API_KEY_HMAC_SECRET\.$/);
    expect(() => readSecrets({ "secret-file": dir }, {})).toThrow(/cannot be read/);
  });
});

describe("fresh secrets for a laptop", () => {
  it("are read as they were written, by both readers", () => {
    const path = join(dir, "fresh.vars");
    expect(ensureDevVars(path)).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(ensureDevVars(path)).toBe(false);
    const { hmacSecret, apiKey } = readDevVars(path);
    expect(hmacSecret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(readSigningSecret({ "dev-vars": path }, {})).toBe(hmacSecret);
    expect(readConnection({ "dev-vars": path }, {}).apiKey).toBe(apiKey);
  });

  it("are all that a gateway requires, as .dev.vars.example has them", () => {
    const path = join(dir, "all.vars");
    ensureDevVars(path);
    const text = readFileSync(path, "utf8");
    expect(EncryptionKeys.safeParse(settingIn(text, "CREDENTIALS_ENCRYPTION_KEYS")).success).toBe(true);
    for (const written of [text, readFileSync(".dev.vars.example", "utf8")]) {
      expect([...written.matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name)).toEqual([...SECRETS]);
    }
  });
});
