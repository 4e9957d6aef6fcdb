import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommandLine } from "../../../src/cli/command-line.ts";
import { COMMANDS } from "../../../src/cli/commands.ts";
import type { Environment } from "../../../src/cli/settings.ts";
import { makeApiKey } from "../../../src/domain/api-key.ts";
import { aFakeGateway } from "../../support/fake-gateway.ts";

const NAMES = Object.keys(COMMANDS);
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const BUY = '{"symbol":"AAPL","side":"buy","type":"market","quantity":"1"}';

async function call(
  args: readonly string[],
  { env = {}, isTerminal = false }: { env?: Environment; isTerminal?: boolean } = {},
) {
  let out = "";
  let error = "";
  const writeOut = (text: string) => (out += text);
  const writeError = (text: string) => (error += text);
  const exit = await runCommandLine(args, { env, isTerminal, isWatched: false, writeOut, writeError });
  return { exit, out, error };
}

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "sallyport-command-line-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

describe("help", () => {
  it.each([["--help"], ["-h"], ["help"]])(
    "%s lists every command, and says what the exit status means",
    async (flag) => {
      const { exit, out, error } = await call([flag]);
      expect({ exit, error }).toEqual({ exit: 0, error: "" });
      for (const [name, { summary }] of Object.entries(COMMANDS))
        expect(out).toMatch(new RegExp(`^ {2}${name} +${summary}$`, "m"));
      expect(out).toContain("2 the command line makes no sense");
    },
  );

  it.each(NAMES)("explains %s, with examples, in either order of words", async (name) => {
    const { exit, out, error } = await call([name, "--help"]);
    expect({ exit, error }).toEqual({ exit: 0, error: "" });
    expect(out).toMatch(new RegExp(`^usage: npx sallyport ${name} `));
    expect(out).toMatch(new RegExp(`^ {2}.*npx sallyport ${name}`, "m"));
    expect(out).toContain("--json");
    expect(await call(["help", name])).toEqual({ exit, out, error });
    expect(await call([name, "-h"])).toEqual({ exit, out, error });
  });

  it.each(NAMES)("of %s fits a screen that is 100 wide", async (name) => {
    const { out } = await call([name, "--help"]);
    expect(Math.max(...out.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(100);
  });
});

describe("a command line that makes no sense", () => {
  it.each([[[]], [["nope"]], [["constructor"]], [["--json"]], [["help", "nope"]]])(
    "%j is answered with the commands",
    async (args) => {
      const { exit, out, error } = await call(args);
      expect({ exit, out }).toEqual({ exit: 2, out: "" });
      expect(error).toContain("usage: npx sallyport <command>");
    },
  );

  it.each(NAMES)("of %s is answered with its usage", async (name) => {
    const { exit, out, error } = await call([name, "--no-such-option", "--json"]);
    expect({ exit, out }).toEqual({ exit: 2, out: "" });
    expect(error).toMatch(/^Unknown option '--no-such-option'/);
    expect(error).toContain(`usage: npx sallyport ${name}`);
    expect(error).toContain(`npx sallyport ${name} --help says more.`);
  });

  it.each(NAMES)("is one that hands %s a secret", async (name) => {
    const { exit, out, error } = await call([name, `--api-key=${SECRET}`]);
    expect({ exit, out }).toEqual({ exit: 2, out: "" });
    expect(error).toContain("never taken as an argument");
    expect(error).not.toContain(SECRET);
  });

  it.each([
    [["orders", "list", "x"], "more arguments"],
    [["orders", "shove"], "orders knows list, show and cancel"],
    [["orders", "show"], "ORDER is missing"],
    [["orders", "show", "a", "--limit", "1"], "orders show knows no --limit"],
    [["orders", "--limit", "0"], "--limit takes a whole number from 1"],
    [["orders", "cancel", "a", "--wait", "11"], "--wait takes a whole number from 0 to 10"],
    [["orders", "--url", "http://example.com"], "--url takes https"],
    [["portfolio", "x"], "more arguments"],
    [["audit", "--limit", "201"], "--limit takes a whole number from 1 to 200"],
    [["audit", "--limit", "1", "--all"], "Give --limit or --all"],
    [["accounts", "list", "x"], "more arguments"],
    [
      ["accounts", "open"],
      "accounts knows list, show, create, policy, credentials, change, disable, enable and delete",
    ],
    [["accounts", "show"], "ACCOUNT is missing"],
    [["accounts", "show", "a", "--reason", "x"], "accounts show knows no --reason"],
    [["accounts", "create"], "Give --file FILE, or - to read stdin"],
    [["accounts", "policy", "a", "--file", "x"], "--reason is missing"],
    [["accounts", "policy", "--file", "x", "--reason", "x"], "ACCOUNT is missing"],
    [["accounts", "delete", "a", "b"], "Give one ACCOUNT"],
    [["accounts", "create", "--file", "x", "--reason", "x"], "accounts create knows no --reason"],
    [["accounts", "credentials", "a"], "Give --file FILE, or - to read stdin"],
    [["accounts", "credentials", "--file", "x"], "ACCOUNT is missing"],
    [["accounts", "change", "a"], "Say what changes: --name, --minimum-origin or --mode"],
    [["accounts", "change", "--name", "x"], "ACCOUNT is missing"],
    [["sources", "list", "x"], "more arguments"],
    [["sources", "open"], "sources knows list, show, create, change, disable, enable, retire and delete"],
    [["sources", "show"], "SOURCE is missing"],
    [["sources", "show", "a", "--account", "x"], "sources show knows no --account"],
    [["sources", "create", "--account", "x"], "SOURCE is missing"],
    [["sources", "create", "a"], "--account is missing"],
    [["sources", "change", "a"], "Say what changes"],
    [["sources", "retire", "a"], "SECRET is missing"],
    [["rotate"], "Say what: source, key, hmac or encryption"],
    [["rotate", "bootstrap"], "rotate knows source, key, hmac and encryption"],
    [["rotate", "source"], "SOURCE is missing"],
    [["rotate", "source", "default"], "The source default signs with API_KEY_HMAC_SECRET: npx sallyport rotate hmac"],
    [["rotate", "source", "a", "--overlap", "a day"], "--overlap takes a time like 24h"],
    [["rotate", "source", "a", "--expires", "2099-01-01T00:00Z"], "rotate source knows no --expires"],
    [["rotate", "key"], "KEY is missing"],
    [["rotate", "key", "a", "--expires", "tomorrow"], "--expires takes a time like"],
    [["rotate", "hmac", "x"], "more arguments"],
    [["rotate", "encryption", "--finish"], "rotate encryption knows no --finish"],
    [["keys", "rotate"], "keys knows list, create, show, disable, enable and delete"],
    [["keys", "show"], "KEY is missing"],
    [["keys", "list", "--owner", "x"], "keys list knows no --owner"],
    [["keys", "create", "--scope", "kill"], "--owner is missing"],
    [["keys", "create", "--owner", "desk"], "--scope is missing"],
    [["keys", "create", "--owner", "desk", "--scope", "kill", "--expires", "tomorrow"], "--expires takes a time like"],
    [["keygen"], "KIND (hmac, encryption or bootstrap) is missing"],
    [["keygen", "rsa"], "keygen knows hmac, encryption and bootstrap"],
    [["keygen", "hmac", "--version", "2"], "keygen hmac knows no --version"],
    [["keygen", "encryption", "--version", "0"], "--version takes a whole number from 1 to 65535"],
    [["sign"], "BODY is missing"],
    [["sign", ""], "BODY is empty"],
    [["sign", "{}", "--scheme", "v2"], "--scheme takes v1 or standard-webhooks"],
    [["sign", "{}", "--file", "x"], "more arguments"],
    [["send", "{}", "{}"], "Give one BODY"],
    [["send", "--wait", "abc", "{}"], "--wait takes a whole number from 0 to 10"],
    [["verify", "{}"], "The headers are missing"],
    [["verify", "-H", "nonsense", "{}"], "A header is like"],
    [["verify", "-H", "A: b", "--at", "14:30", "{}"], "--at takes a time like"],
    [["verify", "-H", "A: b", "--window", "601", "{}"], "--window takes a whole number from 1 to 600"],
  ])("%j", async (args, fault) => {
    const { exit, out, error } = await call(args, { env: { SALLYPORT_SECRET: SECRET, SALLYPORT_API_KEY: "k" } });
    expect({ exit, out }).toEqual({ exit: 2, out: "" });
    expect(error).toContain(fault);
  });
});

describe("a secret where another argument belongs", () => {
  const env = { SALLYPORT_API_KEY: "k" };

  it("is not repeated: an account with a broker's key in it", async () => {
    const { exit, error } = await call(["accounts", "create", `{"credentials":{"secret_key":"${SECRET}"}}`], { env });
    expect(exit).toBe(2);
    expect(error).not.toContain(SECRET);
  });

  it("is not repeated: a whole API key for the id of one", async () => {
    const { key } = makeApiKey("development", (length) => new Uint8Array(length).fill(7));
    const { exit, error } = await call(["keys", "disable", key], { env });
    expect(exit).toBe(2);
    expect(error).toContain("KEY is the id of a key, not the key itself.");
    expect(error).not.toContain(key);
  });

  it.each(["keys show", "rotate key"])("is not repeated by %s either", async (command) => {
    const { key } = makeApiKey("development", (length) => new Uint8Array(length).fill(7));
    const { exit, error } = await call([...command.split(" "), key], { env });
    expect(exit).toBe(2);
    expect(error).not.toContain(key);
  });

  it("is not repeated: a source's secret for the id of one", async () => {
    const { exit, error } = await call(["sources", "retire", "momentum", SECRET], { env });
    expect(exit).toBe(2);
    expect(error).toContain("SECRET is the id of a secret.");
    expect(error).not.toContain(SECRET);
  });

  it("is not repeated: a Fernet key", async () => {
    const { exit, error } = await call(["accounts", "credentials", "a", "--file", "x", `--fernet-key=${SECRET}`], {
      env,
    });
    expect(exit).toBe(2);
    expect(error).toContain("--fernet-key: a key or secret is never taken as an argument");
    expect(error).not.toContain(SECRET);
  });

  it("is not repeated: a file that is no JSON", async () => {
    const file = join(dir, "account.txt");
    writeFileSync(file, SECRET);
    const { exit, out, error } = await call(["accounts", "create", "--file", file, "--json"], { env });
    expect({ exit, error }).toEqual({ exit: 1, error: `${file} holds no JSON.\n` });
    expect(out).not.toContain(SECRET);
  });
});

describe("a failure", () => {
  it("is a message on stderr, and with --json a document on stdout as well", async () => {
    const missing = join(dir, "none");
    const plain = await call(["sign", "--secret-file", missing, "{}"]);
    expect(plain).toMatchObject({
      exit: 1,
      out: "",
      error: expect.stringMatching(/^There is no .*none\.\n$/) as string,
    });
    const json = await call(["sign", "--json", "--secret-file", missing, "{}"]);
    expect(json.error).toBe(plain.error);
    expect(JSON.parse(json.out)).toEqual({ code: "failed", detail: plain.error.trim() });
  });

  it.each([
    [["send", BUY], "orders"],
    [["accounts", "create", "--file", "package.json"], "accounts"],
    [["sources", "create", "--account", "paper", "momentum"], "sources"],
    [["keys", "create", "--owner", "desk", "--scope", "kill"], "keys"],
  ])("to learn what became of %j names the command that shows it: %s", async (args, look) => {
    const gateway = await aFakeGateway(() => ({ status: 503, body: { code: "unavailable", detail: "Try again." } }));
    const env = { SALLYPORT_URL: gateway.url, SALLYPORT_API_KEY: "k", SALLYPORT_SECRET: SECRET };
    const { exit, error } = await call(args, { env });
    await gateway.close();
    expect({ exit, error }).toEqual({
      exit: 1,
      error:
        "HTTP 503 unavailable: Try again.\n" +
        `The request may have arrived all the same: look before you repeat it.\n\n  npx sallyport ${look}\n`,
    });
  });

  it("to reach the gateway has an exit status of its own", async () => {
    const env = { SALLYPORT_URL: "http://127.0.0.1:9", SALLYPORT_API_KEY: "k", SALLYPORT_SECRET: SECRET };
    for (const args of [["orders"], ["portfolio"], ["audit"], ["accounts"], ["sources"], ["keys"], ["send", "{}"]]) {
      const { exit, out } = await call([...args, "--json"], { env });
      expect(exit).toBe(3);
      expect(JSON.parse(out)).toMatchObject({ code: "unreachable" });
    }
  });
});

describe("keygen", () => {
  it.each([
    ["hmac", [], /^whsec_([A-Za-z0-9+/]{43}=)\n$/, "base64"],
    ["encryption", [], /^1:([A-Za-z0-9+/]{43}=)\n$/, "base64"],
    ["encryption", ["--version", "12"], /^12:([A-Za-z0-9+/]{43}=)\n$/, "base64"],
    ["bootstrap", [], /^([A-Za-z0-9_-]{43})\n$/, "base64url"],
  ] as const)("%s %j prints 32 fresh bytes on stdout, and nothing else", async (kind, options, form, encoding) => {
    const seen = new Set<string>();
    for (let round = 0; round < 20; round += 1) {
      const { exit, out, error } = await call(["keygen", kind, ...options]);
      expect(exit).toBe(0);
      const [, text = ""] = form.exec(out) ?? [];
      expect(Buffer.from(text, encoding)).toHaveLength(32);
      expect(error).not.toContain(text);
      seen.add(text);
    }
    expect(seen.size).toBe(20);
  });

  it("names the setting in its document", async () => {
    const { out } = await call(["keygen", "bootstrap", "--json"]);
    expect(JSON.parse(out)).toEqual({
      setting: "BOOTSTRAP_API_KEY",
      value: expect.stringMatching(/^.{43}$/) as string,
    });
  });
});

describe("sign and verify", () => {
  const env = { SALLYPORT_SECRET: SECRET };
  const BODY = '{"note":"it\'s"}';

  it.each(["v1", "standard-webhooks"])("agree on %s", async (scheme) => {
    const signed = await call(["sign", "--scheme", scheme, BODY], { env });
    expect(signed).toMatchObject({ exit: 0, error: "" });
    const headers = join(dir, `${scheme}.txt`);
    writeFileSync(headers, signed.out);
    const verified = await call(["verify", "--headers", headers, BODY], { env });
    expect(verified.exit).toBe(0);
    expect(verified.out).toContain("Authentic and fresh.");
    const changed = await call(["verify", "--json", "--headers", headers, `${BODY} `], { env });
    expect(changed.exit).toBe(1);
    expect(JSON.parse(changed.out)).toMatchObject({ accepted: false, parts: [{}, {}, { passed: false }] });
    const later = await call(["verify", "--headers", headers, "--at", "2036-01-15T14:30Z", BODY], { env });
    expect(later.exit).toBe(1);
    expect(later.out).toMatch(/^time +FAIL/m);
  });

  it("give a document that a program can send", async () => {
    const { out } = await call(["sign", "--json", "--source", "a/b", BODY], { env });
    expect(JSON.parse(out)).toMatchObject({
      url: "http://127.0.0.1:8787/webhooks/a%2Fb",
      headers: { "X-Signature": expect.stringMatching(/^v1=/) as string },
    });
  });

  it("never print the secret", async () => {
    for (const args of [
      ["sign", BODY],
      ["sign", "--json", BODY],
      ["sign", "--curl", BODY],
    ]) {
      const { out, error } = await call(args, { env });
      expect(out + error).not.toContain(SECRET.slice("whsec_".length));
    }
  });

  it("colour for a terminal, and not where it is not wanted", async () => {
    const args = ["verify", "-H", "X-Nonce: 1", BODY];
    expect((await call(args, { env, isTerminal: true })).out).toContain("\u001b[31mFAIL\u001b[39m");
    for (const plain of [
      await call(args, { env }),
      await call([...args, "--no-color"], { env, isTerminal: true }),
      await call(args, { env: { ...env, NO_COLOR: "1" }, isTerminal: true }),
    ]) {
      expect(plain.out).not.toContain("\u001b");
    }
  });
});
