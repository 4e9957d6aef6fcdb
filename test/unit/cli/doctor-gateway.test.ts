import { once } from "node:events";
import { type Server, type ServerResponse, createServer } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkGateway } from "../../../src/cli/doctor/gateway.ts";
import { UsageFault } from "../../../src/cli/failure.ts";

const KEY = "an-api-key-that-nobody-may-see";
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
beforeEach(async () => {
  health = json(200, HEALTH);
  diagnostics = found([]);
  server = createServer((request, response) => {
    if (request.url === "/health") return health(response);
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

/** The gateway's own answer, by a clock that is so far ahead. */
const found =
  (checks: readonly object[], aheadMs = 0): Answer =>
  (response) => {
    const time = new Date(Date.now() + aheadMs).toISOString();
    json(200, { status: "ok", time, replay_window_sec: 300, checks })(response);
  };

async function examine(key: string = KEY) {
  const checks = await checkGateway({ url }, { SALLYPORT_API_KEY: key });
  expect(JSON.stringify(checks)).not.toContain(key);
  for (const { status, advice } of checks) expect(advice === null).toBe(status === "ok");
  return Object.fromEntries(checks.map(({ check, status }) => [check, status]));
}

const WELL = { "gateway.reachable": "ok", "gateway.health": "ok", "gateway.clock": "ok" };

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
    const checks = await checkGateway({ url }, { SALLYPORT_API_KEY: KEY });
    expect(checks.at(-1)?.advice).toMatch(advice);
  });

  it.each([
    ["development", "ok"],
    ["production", "failed"],
  ])("is the one that is meant, or not: it runs as development, and %s is meant", async (runsAs, status) => {
    const checks = await checkGateway({ url }, { SALLYPORT_API_KEY: KEY }, runsAs);
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
    expect(await examine()).toEqual({ ...WELL, "gateway.clock": status });
  });

  it.each([
    [-8_000, "warning"],
    [310_000, "failed"],
    [-40_000, "failed"],
  ])("tells in its Date that its clock is %i ms ahead: %s", async (aheadMs, status) => {
    health = json(200, HEALTH, { Date: new Date(Date.now() + aheadMs).toUTCString() });
    expect(await examine()).toEqual({ ...WELL, "gateway.clock": status });
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
    const checks = await checkGateway({ url }, { SALLYPORT_API_KEY: KEY });
    expect(checks).toMatchObject([{ check: "gateway.reachable", status: "failed" }]);
    expect(checks[0]?.advice).toContain("npm start");
  });

  it("is nowhere, by an address that is none", async () => {
    await expect(checkGateway({ url: "gateway" }, {})).rejects.toThrow(UsageFault);
  });
});
