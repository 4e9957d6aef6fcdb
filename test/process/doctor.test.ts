// npx sallyport doctor against gateways that are well, and against ones that are broken on purpose.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Gateway, startGateway } from "../../src/cli/gateway-process.ts";
import { type PaperVenue, startPaperVenue } from "../../src/cli/paper-venue.ts";
import { type AccountDefinition, ensureAccount } from "../../src/cli/starter-account.ts";
import { type World, aWorld } from "./support/running-gateway.ts";

type Check = { check: string; account: string | null; status: string; detail: string; advice: string | null };
type Examination = { exit: number | null; output: string; checks: Check[] };

let world: World;
let gateway: Gateway;
let refusing: PaperVenue;
let gone: PaperVenue;
beforeAll(async () => {
  world = await aWorld();
  gateway = await world.start();
  refusing = await startPaperVenue({ credentials: KEYS });
  gone = await startPaperVenue({ credentials: KEYS });
  await ensureAccount(gateway.url, world.secrets.apiKey, atVenue("refusing", refusing.url));
  await ensureAccount(gateway.url, world.secrets.apiKey, atVenue("gone", gone.url));
}, 120_000);
afterAll(async () => {
  await gateway.stop();
  await refusing.close();
  world.dispose();
});

const KEYS = { keyId: "a-venue-key", secretKey: "a-venue-secret" };
const atVenue = (id: string, url: string): AccountDefinition => ({
  id,
  connection: { broker: "paper_process", url },
  credentials: { key_id: KEYS.keyId, secret_key: KEYS.secretKey },
  policy: { symbols: ["AAPL"] },
});

const secretsFile = () => join(world.dir, "secrets.env");

/** Runs it to its end. Whatever it finds, it shows no secret. */
async function run(args: readonly string[]) {
  const { SALLYPORT_URL: _url, SALLYPORT_API_KEY: _key, SALLYPORT_SECRET: _secret, ...rest } = process.env;
  // What takes the longest is to load wrangler; its compiled code is kept from one run to the next.
  const environment = { ...rest, NODE_COMPILE_CACHE: join(world.dir, "compiled") };
  const child = spawn(process.execPath, ["src/cli/sallyport.js", "doctor", ...args], { env: environment });
  let [output, stdout] = ["", ""];
  child.stdout.on("data", (text: Buffer) => {
    output += String(text);
    stdout += String(text);
  });
  child.stderr.on("data", (text: Buffer) => (output += String(text)));
  const [exit] = (await once(child, "close")) as [number | null];
  const values = readFileSync(secretsFile(), "utf8").matchAll(/="(.+)"/g);
  for (const [, secret] of values) expect(output).not.toContain(secret);
  return { exit, output, stdout };
}

type Place = { url?: string; secrets?: string; state?: string };

async function examine({
  url = gateway.url,
  secrets = secretsFile(),
  state = world.dir,
}: Place = {}): Promise<Examination> {
  const args = ["--url", url, "--dev-vars", secrets, "--state", state, "--json"];
  const { exit, output, stdout } = await run(args);
  const { status, checks } = JSON.parse(stdout) as { status: string; checks: Check[] };
  for (const check of checks) expect(check.advice === null, JSON.stringify(check)).toBe(check.status === "ok");
  expect(status === "failed").toBe(exit === 1);
  return { exit, output, checks };
}

const failuresOf = ({ checks }: Examination): string[] =>
  checks
    .filter(({ status }) => status === "failed")
    .map(({ check, account }) => (account === null ? check : `${check} ${account}`));

const adviceOn = ({ checks }: Examination, name: string, account: string | null = null): string =>
  checks.find((check) => check.check === name && check.account === account)?.advice ?? "";

/** A copy of the world's secrets with some of its text replaced. */
function otherSecrets(name: string, pattern: RegExp, replacement: string): string {
  const path = join(world.dir, name);
  const text = readFileSync(secretsFile(), "utf8");
  expect(text).toMatch(pattern);
  writeFileSync(path, text.replace(pattern, replacement), { mode: 0o600 });
  return path;
}

/** What everybody sees of the gateway through a proxy whose clock is so far ahead. */
async function aProxy(aheadMs: number) {
  const pass = async (request: IncomingMessage, response: ServerResponse) => {
    const headers = { "X-API-Key": String(request.headers["x-api-key"] ?? "") };
    const answer = await fetch(`${gateway.url}${request.url}`, { headers });
    const date = new Date(Date.now() + aheadMs).toUTCString();
    response.writeHead(answer.status, { "Content-Type": answer.headers.get("Content-Type") ?? "", Date: date });
    response.end(await answer.text());
  };
  const server = createServer((request, response) => void pass(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  return { url, close: () => server.close() };
}

describe("a gateway that is well", () => {
  it("has no failure, and the exit status is 0", async () => {
    const found = await examine();
    expect(failuresOf(found)).toEqual([]);
    expect(found.exit).toBe(0);
    const names = found.checks.map(({ check }) => check);
    for (const name of ["local.node", "local.settings", "gateway.clock", "binding.DB", "database.triggers"]) {
      expect(names).toContain(name);
    }
    const brokers = found.checks.filter(({ check }) => check === "account.broker");
    expect(brokers.map(({ account, status }) => [account, status])).toEqual([
      ["gone", "ok"],
      ["paper", "ok"],
      ["refusing", "ok"],
    ]);
  });

  it("is shown as a table that ends in a count", async () => {
    const { exit, stdout } = await run(["--url", gateway.url, "--dev-vars", secretsFile(), "--state", world.dir]);
    expect(exit).toBe(0);
    expect(stdout).toMatch(/^ +CHECK +WHAT WAS FOUND\n/);
    expect(stdout).toMatch(/^ok +account\.broker paper +paper answers/m);
    expect(stdout).toMatch(/\n\n\d+ ok\.\n$/);
  });

  it("fails by the clock of a proxy that is far behind", async () => {
    const proxy = await aProxy(-200_000);
    const found = await examine({ url: proxy.url });
    proxy.close();
    expect(failuresOf(found)).toEqual(["gateway.clock"]);
    expect(found.exit).toBe(1);
    expect(adviceOn(found, "gateway.clock")).toContain("timedatectl set-ntp true");
  });

  it("is not asked by whoever has another key, and that is said", async () => {
    const secrets = otherSecrets("other-key.env", /BOOTSTRAP_API_KEY=".*"/, `BOOTSTRAP_API_KEY="${"k".repeat(43)}"`);
    const found = await examine({ secrets });
    expect(failuresOf(found)).toEqual(["gateway.diagnostics"]);
    expect(adviceOn(found, "gateway.diagnostics")).toContain("SALLYPORT_API_KEY");
  });
});

describe("a gateway that was not started again after its secret was rotated", () => {
  it("does not believe what is signed here, and that is said", async () => {
    const fresh = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
    const found = await examine({
      secrets: otherSecrets("rotated.env", /API_KEY_HMAC_SECRET="(.*)"/, `API_KEY_HMAC_SECRET="$1,${fresh}"`),
    });
    expect(failuresOf(found)).toEqual(["gateway.signing_secret"]);
    expect(adviceOn(found, "gateway.signing_secret")).toContain("stop the gateway and start it again");
    expect(found.output).not.toContain(fresh);
  });
});

describe("a gateway that does not run", () => {
  beforeAll(async () => {
    await gateway.stop();
  });

  it("is one failure, and the rest is looked at all the same", async () => {
    const found = await examine();
    expect(found.exit).toBe(1);
    expect(failuresOf(found)).toEqual(["gateway.reachable"]);
    expect(adviceOn(found, "gateway.reachable")).toContain("npm start");
    expect(found.checks.find(({ check }) => check === "local.database")).toMatchObject({
      status: "ok",
      detail: expect.stringMatching(/^All \d+ migrations are applied\.$/) as string,
    });
  });

  it.each([
    ["is missing", /BOOTSTRAP_API_KEY=.*\n/, "", "BOOTSTRAP_API_KEY is missing.", "keygen bootstrap"],
    ["is too short", /(API_KEY_HMAC_SECRET)=".*"/, '$1="short"', "API_KEY_HMAC_SECRET is not valid: ", "keygen hmac"],
  ])("may have a secret that %s", async (name, pattern, replacement, detail, command) => {
    const found = await examine({ secrets: otherSecrets(`${name}.env`, pattern, replacement) });
    expect(found.exit).toBe(1);
    expect(failuresOf(found)).toContain("local.settings");
    expect(found.checks.find(({ check }) => check === "local.settings")?.detail).toContain(detail);
    expect(adviceOn(found, "local.settings")).toContain(`npx sallyport ${command}`);
  });

  it("may have its secrets lie open", async () => {
    const secrets = otherSecrets("open.env", /$/, "");
    chmodSync(secrets, 0o644);
    const found = await examine({ secrets });
    expect(failuresOf(found)).toEqual(["local.dev_vars_mode", "gateway.reachable"]);
    expect(adviceOn(found, "local.dev_vars_mode")).toContain("chmod 600 ");
  });

  it("is not looked for on this machine when another environment is meant", async () => {
    const { exit, stdout } = await run(["--env", "production", "--json"]);
    const { checks } = JSON.parse(stdout) as { checks: Check[] };
    const found = { exit, output: stdout, checks };
    const names = checks.map(({ check }) => check);
    // Placeholders or not, which depends on whose wrangler.toml this is.
    expect(names).toEqual(expect.arrayContaining(["local.database_id", "local.domain"]));
    expect(names).not.toContain("local.dev_vars");
    expect(names).not.toContain("local.database");
    expect(exit).toBe(failuresOf(found).length === 0 ? 0 : 1);
  });
});

describe("a gateway whose database and brokers are not as they were", () => {
  beforeAll(async () => {
    dropTrigger("order_audit_log_no_update");
    const { port } = new URL(refusing.url);
    await gone.close();
    await refusing.close();
    refusing = await startPaperVenue({ credentials: { keyId: "another", secretKey: "key" }, port: Number(port) });
    gateway = await world.start();
  });

  function dropTrigger(name: string): void {
    const directory = join(world.dir, "v3", "d1", "miniflare-D1DatabaseObject");
    for (const file of readdirSync(directory).filter((entry) => entry.endsWith(".sqlite"))) {
      const database = new DatabaseSync(join(directory, file));
      database.exec(`DROP TRIGGER IF EXISTS ${name}`);
      database.close();
    }
  }

  it("has each of them found, with what to do", async () => {
    // A broker counts as there for some seconds after its last word.
    let found = await examine();
    for (const deadlineMs = Date.now() + 30_000; failuresOf(found).length < 3 && Date.now() < deadlineMs;) {
      found = await examine();
    }
    expect(found.exit).toBe(1);
    expect(failuresOf(found).filter((name) => !name.startsWith("account.circuit_breaker"))).toEqual([
      "database.triggers",
      "account.broker gone",
      "account.broker refusing",
    ]);
    expect(adviceOn(found, "database.triggers")).toContain("--file migrations/0001_audit_log_rules.sql");
    expect(adviceOn(found, "account.broker", "refusing")).toMatch(
      /npx sallyport accounts --url \S+ --dev-vars \S+ credentials refusing --file FILE/,
    );
    expect(adviceOn(found, "account.broker", "gone")).toContain("whether the broker is down");
    expect(found.checks.find(({ check, account }) => check === "account.broker" && account === "paper")?.status).toBe(
      "ok",
    );
    expect(found.output).not.toContain(KEYS.secretKey);
  });
});

describe("a gateway whose database was never made", () => {
  it("is told which migrations to apply", async () => {
    const dir = mkdtempSync(join(tmpdir(), "sallyport-unmade-"));
    const unmade = await startGateway({ stateDir: dir, envFile: secretsFile() });
    try {
      const found = await examine({ url: unmade.url, state: dir });
      expect(found.exit).toBe(1);
      expect(failuresOf(found)).toEqual(["database.migrations"]);
      expect(adviceOn(found, "database.migrations")).toContain("npm start");
    } finally {
      await unmade.stop();
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
