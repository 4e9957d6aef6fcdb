import { once } from "node:events";
import { createHmac } from "node:crypto";
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkGateway } from "../../../src/cli/doctor/gateway.ts";
import { UsageFault } from "../../../src/cli/failure.ts";

const KEY = "an-api-key-that-nobody-may-see";
const SECRET = "a-signing-secret-that-nobody-may-see";
const HEALTH = { status: "ok", environment: "development", version: "0.1.0" };

type Answer = (response: ServerResponse) => void;
const json =
  (status: number, body: object, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(status, { "Content-Type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  };
const refusal = (status: number, code: string): Answer => json(status, { code, detail: `detail of ${code}`, status });

let server: Server;
let url: string;
let health: Answer;
let diagnostics: Answer;
/** To a signal that is proven, and to one that is not. */
let signal: { proven: Answer; unproven: Answer };
let signals: string[];
beforeEach(async () => {
  health = json(200, HEALTH);
  diagnostics = found([]);
  signal = { proven: refusal(400, "malformed_body"), unproven: refusal(401, "unauthorized") };
  signals = [];
  server = createServer((request, response) => {
    if (request.url === "/health") return health(response);
    if (request.url === "/webhooks/default") return void takeSignal(request, response);
    return request.headers["x-api-key"] === KEY ? diagnostics(response) : refusal(401, "unauthorized")(response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** Believes what is signed with SECRET, by the README. */
async function takeSignal(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = "";
  for await (const piece of request) body += String(piece);
  signals.push(body);
  const { "x-timestamp": time, "x-nonce": nonce, "x-signature": signature } = request.headers;
  const mac = createHmac("sha256", SECRET)
    .update(`v1\n${String(time)}\n${String(nonce)}\n${body}`)
    .digest("hex");
  (signature === `v1=${mac}` ? signal.proven : signal.unproven)(response);
}

/** The gateway's own answer, by a clock that is so far ahead. */
const found =
  (checks: readonly object[], aheadMs = 0): Answer =>
  (response) => {
    const time = new Date(Date.now() + aheadMs).toISOString();
    json(200, { status: "ok", time, replay_window_sec: 300, checks })(response);
  };

async function examine(key: string = KEY) {
  const checks = await checkGateway({ url }, { SALLYPORT_API_KEY: key, SALLYPORT_SECRET: SECRET });
  expect(JSON.stringify(checks)).not.toContain(SECRET);
  expect(JSON.stringify(checks)).not.toContain(key);
  for (const { status, advice } of checks) expect(advice === null).toBe(status === "ok");
  return Object.fromEntries(checks.map(({ check, status }) => [check, status]));
}

const WELL = {
  "gateway.reachable": "ok",
  "gateway.health": "ok",
  "gateway.clock": "ok",
  "gateway.signing_secret": "ok",
};

describe("a gateway that is asked", () => {
  it("is there, is well, has the right time, and says how everything else is", async () => {
    const check = { check: "database.triggers", account: null, status: "ok", detail: "d", advice: null };
    diagnostics = found([check, { ...check, check: "vault.keys", status: "failed", advice: "do" }]);
    expect(await examine()).toEqual({ ...WELL, "database.triggers": "ok", "vault.keys": "failed" });
  });

  it("may have words of a newer version, which are not taken for good ones", async () => {
    diagnostics = found([
      { check: "new.check", account: null, status: "dreadful", detail: "d", advice: "do", more: 1 },
    ]);
    expect(await examine()).toEqual({ ...WELL, "new.check": "failed" });
  });

  it.each([
    ["unauthorized", 401, /SALLYPORT_API_KEY/],
    ["scope_missing", 403, /the scope admin:accounts and is good for all accounts/],
    ["beyond_own_rights", 403, /the scope admin:accounts and is good for all accounts/],
    ["not_found", 404, /gateway's log/],
    ["unavailable", 503, /gateway's log/],
  ])("may refuse to say so, and that can be mended: %s", async (code, status, advice) => {
    diagnostics = refusal(status, code);
    expect(await examine()).toEqual({ ...WELL, "gateway.diagnostics": "failed" });
    const checks = await checkGateway({ url }, { SALLYPORT_API_KEY: KEY, SALLYPORT_SECRET: SECRET });
    expect(checks.at(-1)?.advice).toMatch(advice);
  });

  it.each([
    ["development", "ok"],
    ["production", "failed"],
  ])("is the one that is meant, or not: it runs as development, and %s is meant", async (runsAs, status) => {
    const checks = await checkGateway({ url }, { SALLYPORT_API_KEY: KEY, SALLYPORT_SECRET: SECRET }, runsAs);
    expect(checks.find(({ check }) => check === "gateway.environment")).toMatchObject({ status });
  });

  it("does not take another key", async () => {
    expect(await examine("another-key-that-nobody-may-see")).toEqual({ ...WELL, "gateway.diagnostics": "failed" });
  });

  it("is asked without a key when there is none, as far as that goes", async () => {
    const checks = await checkGateway({ url, "dev-vars": "/nowhere/.dev.vars" }, {});
    expect(checks.at(-1)).toMatchObject({ check: "gateway.diagnostics", status: "failed" });
    expect(checks.at(-1)?.advice).toContain("SALLYPORT_API_KEY");
  });

  it.each([
    [6_000, "warning"],
    [-6_000, "warning"],
    [310_000, "failed"],
    [-40_000, "failed"],
  ])("tells in its answer that its clock is %i ms ahead: %s", async (aheadMs, status) => {
    diagnostics = found([], aheadMs);
    const signing = status === "failed" ? "warning" : "ok";
    expect(await examine()).toEqual({ ...WELL, "gateway.clock": status, "gateway.signing_secret": signing });
  });

  it.each([
    [-8_000, "warning"],
    [310_000, "failed"],
    [-40_000, "failed"],
  ])("tells in its Date that its clock is %i ms ahead: %s", async (aheadMs, status) => {
    health = json(200, HEALTH, { Date: new Date(Date.now() + aheadMs).toUTCString() });
    const signing = status === "failed" ? "warning" : "ok";
    expect(await examine()).toEqual({ ...WELL, "gateway.clock": status, "gateway.signing_secret": signing });
  });
});

describe("the secret that signs here", () => {
  const examineWith = async (env: Record<string, string>) => {
    const options = { url, "dev-vars": "/nowhere/.dev.vars" };
    const checks = await checkGateway(options, { SALLYPORT_API_KEY: KEY, ...env });
    return checks.find(({ check }) => check === "gateway.signing_secret");
  };

  it("is tried with a signature over nothing, which can be no order", async () => {
    expect(await examineWith({ SALLYPORT_SECRET: SECRET })).toMatchObject({ status: "ok" });
    expect(signals).toEqual([""]);
  });

  it("is the last of two, which the gateway may not have yet", async () => {
    const check = await examineWith({ SALLYPORT_SECRET: `${SECRET},the-new-one` });
    expect(check).toMatchObject({ status: "failed" });
    expect(check?.advice).toMatch(/stop the gateway and start it again.*SALLYPORT_SECRET/);
    expect(JSON.stringify(check)).not.toContain("the-new-one");
  });

  it("has been refused so often that the address waits", async () => {
    signal.unproven = json(429, { code: "rate_limited", detail: "d" }, { "Retry-After": "40" });
    const check = await examineWith({ SALLYPORT_SECRET: "another" });
    expect(check).toMatchObject({ status: "failed", detail: expect.stringMatching(/waits for 40 s\.$/) as string });
  });

  it("is not checked where there is none, and nothing is sent", async () => {
    const check = await examineWith({});
    expect(check).toMatchObject({ status: "warning", detail: expect.stringMatching(/^Not checked: /) as string });
    expect(check?.advice).toContain("SALLYPORT_SECRET");
    expect(signals).toEqual([]);
  });

  it.each([
    ["in maintenance", refusal(503, "maintenance")],
    ["that cannot say", refusal(503, "unavailable")],
    ["that takes everything", json(200, {})],
  ])("is not checked by a gateway %s", async (_, answer) => {
    signal = { proven: answer, unproven: answer };
    expect(await examineWith({ SALLYPORT_SECRET: SECRET })).toMatchObject({ status: "warning" });
  });
});

describe("a key that was refused", () => {
  it("so often that the address waits is said to be wrong, and for how long", async () => {
    diagnostics = json(429, { code: "rate_limited", detail: "d" }, { "Retry-After": "40" });
    expect(await examine()).toEqual({ ...WELL, "gateway.diagnostics": "failed" });
    const last = (await checkGateway({ url }, { SALLYPORT_API_KEY: KEY, SALLYPORT_SECRET: SECRET })).at(-1);
    expect(last?.detail).toBe(
      "The gateway does not take the API key; after several refusals, this address waits for 40 s.",
    );
    expect(last?.advice).toContain("SALLYPORT_API_KEY");
  });

  it("by its own limit is not a wrong one", async () => {
    diagnostics = json(
      429,
      { code: "rate_limited", detail: "Slow down." },
      { RateLimit: '"key";r=0', "Retry-After": "1" },
    );
    const last = (await checkGateway({ url }, { SALLYPORT_API_KEY: KEY, SALLYPORT_SECRET: SECRET })).at(-1);
    expect(last).toMatchObject({ status: "failed", detail: "Slow down." });
  });
});

describe("what the gateway advises", () => {
  it("names the gateway that was asked, and the file of secrets", async () => {
    const advice = "npx sallyport accounts enable paper; or npx sallyport keygen hmac";
    diagnostics = found([{ check: "x", account: null, status: "warning", detail: "d", advice }]);
    const options = { url, "dev-vars": "my secrets" };
    const checks = await checkGateway(options, { SALLYPORT_API_KEY: KEY, SALLYPORT_SECRET: SECRET });
    expect(checks.at(-1)?.advice).toBe(
      `npx sallyport accounts --url ${url} --dev-vars 'my secrets' enable paper; or npx sallyport keygen hmac`,
    );
  });
});

describe("a gateway that cannot be asked", () => {
  it.each([
    ["is not configured", refusal(503, "misconfigured"), "gateway.health"],
    ["is asked too often", refusal(429, "rate_limited"), "gateway.health"],
    ["is another program", json(200, { hello: "world" }), "gateway.reachable"],
  ] as const)("%s", async (_, answer, check) => {
    health = answer;
    expect(await examine()).toEqual({ [check]: "failed" });
  });

  it("is not there", async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
    const checks = await checkGateway({ url }, { SALLYPORT_API_KEY: KEY, SALLYPORT_SECRET: SECRET });
    expect(checks).toMatchObject([{ check: "gateway.reachable", status: "failed" }]);
    expect(checks[0]?.advice).toContain("npm start");
  });

  it("is not there, by an address elsewhere", async () => {
    const checks = await checkGateway(
      { url: url.replace("http://127.0.0.1", "https://0.0.0.0") },
      { SALLYPORT_API_KEY: KEY },
    );
    expect(checks).toMatchObject([{ check: "gateway.reachable", status: "failed" }]);
    expect(checks[0]?.advice).toMatch(/^Check the address/);
  });

  it("is nowhere, by an address that is none", async () => {
    await expect(checkGateway({ url: "gateway" }, {})).rejects.toThrow(UsageFault);
  });
});
