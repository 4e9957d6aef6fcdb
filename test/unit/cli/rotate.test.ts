import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { splitSecrets } from "../../../src/cli/dev-vars.ts";
import { nameSecret } from "../../../src/cli/key-name.ts";
import { nextExpiry } from "../../../src/cli/rotate/api-key.ts";
import { readOverlap } from "../../../src/cli/rotate/source-secret.ts";
import { isStandardSecret } from "../../../src/cli/standard-secret.ts";
import { readSigningSecret } from "../../../src/cli/settings.ts";
import {
  type Answer,
  type Asked,
  type FakeGateway,
  aFakeGateway,
  callCommandLine,
} from "../../support/fake-gateway.ts";

let gateway: FakeGateway | undefined;
afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
});

/** A gateway that answers by method and path. */
async function answering(answers: Readonly<Record<string, Answer | (() => Answer)>>): Promise<string> {
  gateway = await aFakeGateway(({ method, path }) => {
    const answer = answers[`${method} ${path}`];
    return typeof answer === "function" ? answer() : answer;
  });
  return gateway.url;
}

const asked = (method: string): readonly Asked[] => gateway?.asked.filter((call) => call.method === method) ?? [];

describe("an overlap", () => {
  it.each([
    ["0", 0],
    ["24h", 24],
    ["90m", 1.5],
    ["7d", 168],
  ])("of %s is read in hours", (text, hours) => {
    expect(readOverlap(text)).toBe(hours);
  });

  it.each(["", "24", "h", "-1h", "1.5h", "24 h", "1w", "00000h"])("is not %j", (text) => {
    expect(() => readOverlap(text)).toThrow("--overlap takes a time like");
  });
});

describe("rotate source", () => {
  const SOURCE = {
    id: "momentum",
    name: null,
    status: "active",
    kind: "signed",
    account: "paper",
    accounts: ["paper"],
    caps: null,
    created_at: "2026-01-01T14:30:00.000Z",
    changed_at: "2026-01-01T14:30:00.000Z",
  };
  const secret = (id: string, expiresAt: string | null) => ({
    id,
    created_at: "2026-01-01T14:30:00.000Z",
    expires_at: expiresAt,
    last_used_at: null,
  });
  const made = (expiresAt: string) => ({
    source: { ...SOURCE, secrets: [secret("-old", expiresAt), secret("new", null)] },
    secret: { id: "new", secret: "whsec_the-new-one" },
  });

  it("shows the secret alone, and says how to see that the one before has gone quiet", async () => {
    const url = await answering({
      "POST /v1/sources/momentum/secrets": { status: 201, body: made("2999-01-15T14:30:00.000Z") },
    });
    const { exit, out, error } = await callCommandLine([
      "rotate",
      "source",
      "--url",
      url,
      "--overlap",
      "90m",
      "momentum",
    ]);
    expect({ exit, out }).toEqual({ exit: 0, out: "whsec_the-new-one\n" });
    expect(asked("POST")).toMatchObject([{ body: { overlap_hours: 1.5 } }]);
    expect(error).toContain("The secret before it, -old, is accepted until 2999-01-15T14:30:00Z.");
    expect(error).toContain(`  npx sallyport sources show --url ${url} momentum\n`);
    expect(error).toContain(`  npx sallyport sources retire --url ${url} -- momentum -old\n`);
    expect(error).toMatch(
      new RegExp(`If the new one has got lost .*\\n\\n {2}npx sallyport sources retire .* momentum new\\n$`),
    );
    expect(error).not.toContain("whsec_");
  });

  it("says that without an overlap the one before has ended", async () => {
    const url = await answering({
      "POST /v1/sources/momentum/secrets": { status: 201, body: made("2020-01-15T14:30:00.000Z") },
    });
    const { error } = await callCommandLine(["rotate", "source", "--url", url, "--overlap", "0", "momentum"]);
    expect(error).toContain("The secret before it is refused from now on.\n");
    expect(error).toContain(
      `If the new one has got lost on the way, make another:\n\n  npx sallyport rotate source --overlap 0`,
    );
  });

  it("names the accounts that do not refuse the one before yet", async () => {
    const body = { ...made("2020-01-15T14:30:00.000Z"), untold_accounts: ["a1", "paper"] };
    const url = await answering({ "POST /v1/sources/momentum/secrets": { status: 201, body } });
    const { error } = await callCommandLine(["rotate", "source", "--url", url, "--overlap", "0", "momentum"]);
    expect(error).toContain("refused from now on; by a1, paper, which could not be told, within five minutes.\n");
  });

  it("says where to look when nobody knows whether the source has another secret now", async () => {
    const url = await answering({
      "POST /v1/sources/momentum/secrets": { status: 503, body: { code: "unavailable", detail: "Try again." } },
    });
    const { exit, error } = await callCommandLine(["rotate", "source", "--url", url, "momentum"]);
    expect(exit).toBe(1);
    expect(error).toMatch(/look before you repeat it\.\n\n {2}npx sallyport sources show .* momentum\n$/);
  });

  it("names the commands that end one of two secrets where there is no room for a third", async () => {
    const { source } = made("2999-01-15T14:30:00.000Z");
    const url = await answering({
      "POST /v1/sources/momentum/secrets": { status: 409, body: { code: "too_many", detail: "Two at most." } },
      "GET /v1/sources/momentum": { body: source },
    });
    const { exit, out, error } = await callCommandLine(["rotate", "source", "--url", url, "momentum", "--json"]);
    expect(exit).toBe(1);
    expect(error).toMatch(/^HTTP 409 too_many: Two at most\.\n\nEnd one of the two/);
    expect(error).toContain(
      `  npx sallyport sources retire --url ${url} -- momentum -old\n    last used never, ends in `,
    );
    expect(error).toContain(
      `  npx sallyport sources retire --url ${url} momentum new\n    last used never, ends never`,
    );
    expect(JSON.parse(out)).toEqual({ code: "too_many", detail: "Two at most." });
  });

  it("shows a whole address for TradingView, and names it in its document", async () => {
    const { source } = made("2999-01-15T14:30:00.000Z");
    const body = { source: { ...source, kind: "tradingview" }, path: "/webhooks/momentum/the-token" };
    const url = await answering({ "POST /v1/sources/momentum/secrets": { status: 201, body } });
    const shown = await callCommandLine(["rotate", "source", "--url", url, "momentum"]);
    expect(shown.out).toBe(`${url}/webhooks/momentum/the-token\n`);
    expect(shown.error).toMatch(/^This is the new address of source momentum\./);
    expect(shown.error).not.toContain("the-token");
    const { out } = await callCommandLine(["rotate", "source", "--url", url, "--json", "momentum"]);
    expect(JSON.parse(out)).toEqual({ ...body, url: `${url}/webhooks/momentum/the-token` });
  });
});

describe("rotate key", () => {
  const KEY = {
    id: "4fT0aZk91Q",
    owner: "desk",
    status: "active",
    scopes: ["orders:read", "kill"],
    accounts: ["paper"],
    addresses: ["203.0.113.0/24"],
    expires_at: null as string | null,
    created_by: "bootstrap",
    created_at: "2026-01-01T00:00:00.000Z",
    changed_at: "2026-01-01T00:00:00.000Z",
    last_used_at: null,
    rotation_due: true,
  };
  const of = (key: typeof KEY) => ({
    [`GET /v1/api-keys/${KEY.id}`]: { body: key },
    "POST /v1/api-keys": { status: 201, body: { api_key: { ...key, id: "8aB3cD5eF7" }, key: "sp_dev_the-new-one" } },
  });

  it("makes another with the same terms, and says how the first goes", async () => {
    const url = await answering(of(KEY));
    const { exit, out, error } = await callCommandLine(["rotate", "key", "--url", url, KEY.id]);
    expect({ exit, out }).toEqual({ exit: 0, out: "sp_dev_the-new-one\n" });
    const { owner, scopes, accounts, addresses } = KEY;
    const body = { owner, scopes, accounts, addresses, expires_at: null, reason: `in the place of ${KEY.id}` };
    expect(asked("POST")).toMatchObject([{ body }]);
    expect(error).toMatch(/^This is key 8aB3cD5eF7 of desk, good for what 4fT0aZk91Q is good for\./);
    expect(error).toContain(`  npx sallyport keys show --url ${url} 4fT0aZk91Q\n`);
    expect(error).toContain(`  npx sallyport keys delete --url ${url} 4fT0aZk91Q\n`);
    expect(error).toMatch(/If the new one has got lost .*\n\n {2}npx sallyport keys delete .* 8aB3cD5eF7\n$/);
    expect(error).not.toContain("the-new-one");
  });

  it("takes another end, and another reason", async () => {
    const url = await answering(of(KEY));
    const given = ["--expires", "2099-01-01T00:00Z", "--reason", "a new laptop"];
    await callCommandLine(["rotate", "key", "--url", url, ...given, KEY.id]);
    expect(asked("POST")).toMatchObject([{ body: { expires_at: "2099-01-01T00:00:00.000Z", reason: "a new laptop" } }]);
  });

  it("says where to look when nobody knows whether there is another key now", async () => {
    const unknown = { status: 503, body: { code: "unavailable", detail: "Try again." } };
    const url = await answering({ ...of(KEY), "POST /v1/api-keys": unknown });
    const { error } = await callCommandLine(["rotate", "key", "--url", url, KEY.id]);
    expect(error).toContain(`look before you repeat it.\n\n  npx sallyport keys --url ${url}\n`);
  });

  it.each(["disabled", "deleted"])("makes none in the place of one that is %s", async (status) => {
    const url = await answering(of({ ...KEY, status }));
    const { exit, out, error } = await callCommandLine(["rotate", "key", "--url", url, KEY.id]);
    expect({ exit, out }).toEqual({ exit: 1, out: "" });
    expect(error).toBe(`Key 4fT0aZk91Q is ${status}, and is not replaced by a new one.\n`);
    expect(asked("POST")).toEqual([]);
  });

  it("lets the new one last as long as the old one was meant to", () => {
    const createdAt = "2026-01-01T00:00:00.000Z";
    const nowMs = Date.parse("2026-03-01T12:00:00.000Z");
    expect(nextExpiry({ created_at: createdAt, expires_at: "2026-01-31T00:00:00.000Z" }, nowMs)).toBe(
      "2026-03-31T12:00:00.000Z",
    );
    expect(nextExpiry({ created_at: createdAt, expires_at: null }, nowMs)).toBeNull();
  });
});

describe("rotate hmac", () => {
  const OLD = "old-secret-0123456789-0123456789-0";
  let dir: string;
  let file: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "sallyport-rotate-"));
    file = join(dir, "hmac.secret");
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const secretsIn = (path: string) => splitSecrets(readFileSync(path, "utf8").trim());

  it("puts a new secret behind the old one, shows neither, and says what to do", async () => {
    writeFileSync(file, `${OLD}\n`, { mode: 0o644 });
    const { exit, out, error } = await callCommandLine(["rotate", "hmac", "--secret-file", file]);
    expect({ exit, error }).toEqual({ exit: 0, error: "" });
    const [old = "", fresh = "", ...more] = secretsIn(file);
    expect({ old, more }).toEqual({ old: OLD, more: [] });
    expect(isStandardSecret(fresh)).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    // What signs from now on is the new one, which the gateway has to have first.
    expect(readSigningSecret({ "secret-file": file }, {})).toBe(fresh);
    for (const secret of [OLD, fresh]) expect(out).not.toContain(secret);
    expect(out).toMatch(/ {2}1\. [^]*npx wrangler secret put API_KEY_HMAC_SECRET --env production < .*hmac\.secret\n/);
    expect(out).toContain(`grep -c ${await nameSecret(OLD)}`);
    expect(out).toContain(`the new one ${await nameSecret(fresh)}`);
    expect(out).toContain("npx sallyport rotate hmac --finish --secret-file ");
  });

  it("takes the old one away when it is finished, and not before", async () => {
    writeFileSync(file, OLD);
    const finish = () => callCommandLine(["rotate", "hmac", "--finish", "--secret-file", file, "--json"]);
    expect(await finish()).toMatchObject({ exit: 1, error: expect.stringMatching(/holds one secret/) as string });
    await callCommandLine(["rotate", "hmac", "--secret-file", file]);
    const [, fresh = ""] = secretsIn(file);
    const { exit, out } = await finish();
    expect(exit).toBe(0);
    expect(secretsIn(file)).toEqual([fresh]);
    expect(JSON.parse(out)).toMatchObject({ setting: "API_KEY_HMAC_SECRET", keys: { new: await nameSecret(fresh) } });
    expect(out).not.toContain(fresh);
  });

  it("adds no third one", async () => {
    writeFileSync(file, `${OLD},${OLD}2`);
    const { exit, error } = await callCommandLine(["rotate", "hmac", "--secret-file", file]);
    expect(exit).toBe(1);
    expect(error).toMatch(/holds two secrets already\. .* npx sallyport rotate hmac --finish --secret-file /);
    expect(secretsIn(file)).toEqual([OLD, `${OLD}2`]);
  });

  it("leaves a file alone in which a secret is empty", async () => {
    writeFileSync(file, `${OLD},\n`);
    expect(await callCommandLine(["rotate", "hmac", "--finish", "--secret-file", file])).toMatchObject({ exit: 1 });
    expect(readFileSync(file, "utf8")).toBe(`${OLD},\n`);
  });

  it("changes the line in .dev.vars for a gateway on this machine, and nothing else", async () => {
    const devVars = join(dir, "dev.vars");
    const others = '# mine\nBOOTSTRAP_API_KEY="key"\n';
    writeFileSync(devVars, `API_KEY_HMAC_SECRET="${OLD}"\n${others}`);
    const { exit, out } = await callCommandLine(["rotate", "hmac", "--dev-vars", devVars]);
    expect(exit).toBe(0);
    expect(out).toMatch(/Stop the gateway and start it again\..* until then, what npx sallyport signs .* gets 401\./);
    const [, fresh] = /^API_KEY_HMAC_SECRET="old-[^,"]*,(whsec_[^,"]*)"$/m.exec(readFileSync(devVars, "utf8")) ?? [];
    expect(fresh).toBeDefined();
    expect((await callCommandLine(["rotate", "hmac", "--finish", "--dev-vars", devVars])).exit).toBe(0);
    expect(readFileSync(devVars, "utf8")).toBe(`API_KEY_HMAC_SECRET="${fresh}"\n${others}`);
  });

  it("does not take .dev.vars for the secret of a gateway on another machine", async () => {
    const { exit, error } = await callCommandLine(["rotate", "hmac", "--url", "https://gateway.example.com"]);
    expect(exit).toBe(1);
    expect(error).toMatch(/^https:\/\/gateway\.example\.com is another machine: give --secret-file FILE/);
  });
});

describe("rotate encryption", () => {
  const version = (number: number, rows: number, hasKey = true) => ({ version: number, rows, has_key: hasKey });
  const vault = (...versions: readonly object[]) => ({ primary: 2, versions });

  /** Vaults as they are looked at, one after the other, and answers to being told to move. */
  async function moving(vaults: readonly object[], moves: readonly object[]): Promise<string> {
    const [vaultsLeft, movesLeft] = [[...vaults], [...moves]];
    return answering({
      "GET /v1/vault": () => ({ body: vaultsLeft.shift() }),
      "POST /v1/vault/rewrap": () => ({ body: { primary: 2, ...movesLeft.shift() } }),
    });
  }

  it("asks until nothing is left, and says which key can go", async () => {
    const url = await moving(
      [vault(version(2, 1), version(1, 70)), vault(version(2, 71), version(1, 0))],
      [
        { rewrapped: 50, left: 20, closed: [] },
        { rewrapped: 20, left: 0, closed: [] },
      ],
    );
    const { exit, out, error } = await callCommandLine(["rotate", "encryption", "--url", url]);
    expect({ exit, error }).toEqual({ exit: 0, error: "50 moved, 20 left\n70 moved, 0 left\n" });
    expect(out).toMatch(/^Everything is sealed under version 2\.\n/);
    expect(out).toMatch(/^ +2 +71 +seals\n +1 +0 +not needed any more$/m);
    expect(out).toContain("Take version 1 out of CREDENTIALS_ENCRYPTION_KEYS in .dev.vars");
  });

  it("moves nothing where there is nothing to move, and says how to begin where there is one key", async () => {
    const url = await moving([vault(version(2, 4)), vault(version(2, 4))], []);
    const { exit, out, error } = await callCommandLine(["rotate", "encryption", "--url", url]);
    expect({ exit, error }).toEqual({ exit: 0, error: "" });
    expect(asked("POST")).toEqual([]);
    expect(out).toContain("\n  npx sallyport keygen encryption --version 3\n");
  });

  it("fails when rows do not open, names them, and asks no longer than that helps", async () => {
    const closed = ["broker_connections a1", "source_secrets x3"];
    const url = await moving(
      [
        vault(version(2, 0), version(1, 3), version(7, 2, false)),
        vault(version(2, 3), version(1, 0), version(7, 2, false)),
      ],
      [
        { rewrapped: 3, left: 2, closed },
        { rewrapped: 0, left: 2, closed },
      ],
    );
    const { exit, out, error } = await callCommandLine(["rotate", "encryption", "--url", url]);
    expect({ exit, error }).toEqual({ exit: 1, error: "3 moved, 2 left\n3 moved, 2 left\n" });
    expect(out).toMatch(/^2 of what is sealed could not be moved under version 2\.\n/);
    expect(out).toMatch(/^ +7 +2 +missing$/m);
    for (const row of closed) expect(out).toContain(`\n  ${row}\n`);
    expect(out).not.toContain("Take version");
  });

  it("gives a document with all of it", async () => {
    const versions = [version(2, 3), version(1, 1)];
    const closed = ["broker_connections a1"];
    const url = await moving([vault(...versions), vault(...versions)], [{ rewrapped: 0, left: 1, closed }]);
    const { exit, out } = await callCommandLine(["rotate", "encryption", "--url", url, "--json"]);
    expect(exit).toBe(1);
    expect(JSON.parse(out)).toEqual({ primary: 2, versions, rewrapped: 0, left: 1, closed });
  });

  it("fails as the gateway says where it is refused", async () => {
    const problem = { status: 403, body: { code: "scope_missing", detail: "It needs admin:vault." } };
    const url = await answering({ "GET /v1/vault": problem });
    const { exit, error } = await callCommandLine(["rotate", "encryption", "--url", url]);
    expect({ exit, error }).toEqual({ exit: 1, error: "HTTP 403 scope_missing: It needs admin:vault.\n" });
  });
});
