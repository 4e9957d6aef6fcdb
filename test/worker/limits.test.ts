// Every limit that has a route, reached over HTTP, and waited for on a clock of the test's own.
import { createExecutionContext, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { ApiKey } from "../../src/domain/access.ts";
import { Limits } from "../../src/domain/limit.ts";
import type { Source } from "../../src/domain/source.ts";
import { createApp } from "../../src/http/app.ts";
import { limiterStub } from "../../src/limiter/stub.ts";
import { anAddress, call, post, send, sign } from "./support/gateway.ts";

/** Decided about without asking a broker, and denied. */
const DENIED = { symbol: "NOPE", side: "buy", type: "market", quantity: "1" };
const WRONG_KEY = "test-only-bootstrap-api-key-9876543210";

vi.setConfig({ testTimeout: 60_000 });

/** The clock goes when it is told to, and never falls behind the real one, by which the platform rings alarms. */
beforeAll(() => void vi.useFakeTimers({ toFake: ["Date"], now: Date.now() }));
beforeEach(() => void vi.setSystemTime(Math.max(Date.now(), vi.getRealSystemTime())));
afterAll(() => void vi.useRealTimers());

const waitMs = (ms: number) => vi.setSystemTime(Date.now() + ms);
const waitSec = (seconds: number) => waitMs(seconds * 1000);

const from = (ip: string, key?: string) => ({
  "CF-Connecting-IP": ip,
  ...(key === undefined ? {} : { "X-API-Key": key }),
});

const readHealth = (ip: string) => call("GET", "/health", { headers: from(ip) });
const readDocument = (ip: string) => call("GET", "/openapi.json", { headers: from(ip) });
const resetBreaker = (ip: string, key?: string) =>
  call("POST", "/v1/accounts/paper/circuit-breaker/reset", { headers: from(ip, key) });
const refreshInstruments = (ip: string, key?: string) =>
  call("POST", "/v1/admin/instruments/refresh", { headers: from(ip, key), body: { account: "paper" } });
const placeBatch = (ip: string, key?: string) =>
  call("POST", "/v1/orders/batch", {
    headers: { ...from(ip, key), "Idempotency-Key": crypto.randomUUID() },
    body: { orders: [DENIED] },
  });
const readOrders = (ip: string, key?: string) => call("GET", "/v1/orders?limit=1", { headers: from(ip, key) });

/** The answers' statuses. */
async function statusesOf(count: number, ask: () => Promise<Response>): Promise<number[]> {
  const statuses: number[] = [];
  for (let asked = 0; asked < count; asked += 1) statuses.push((await ask()).status);
  return statuses;
}

const all = (count: number, status: number): number[] => Array.from({ length: count }, () => status);

/** What a field of the draft says: name → parameters, as in `"health";r=59;t=1, "anonymous";r=99;t=36`. */
function fieldOf(response: Response, field: "RateLimit" | "RateLimit-Policy"): Record<string, string> {
  const items = response.headers.get(field)?.split(", ") ?? [];
  return Object.fromEntries(items.map((item) => /^"(\w+)";(.+)$/.exec(item)?.slice(1) ?? [item, "unreadable"]));
}

async function expectRefused(response: Response, name: string, retryAfterSec: number): Promise<void> {
  expect(response.status).toBe(429);
  expect(response.headers.get("Retry-After")).toBe(String(retryAfterSec));
  expect(fieldOf(response, "RateLimit")).toEqual({ [name]: `r=0;t=${retryAfterSec}` });
  expect(Object.keys(fieldOf(response, "RateLimit-Policy"))).toEqual([name]);
  expect(await response.json()).toMatchObject({ code: "rate_limited", status: 429 });
}

async function make<T>(path: string, body: object): Promise<T> {
  const response = await call("POST", path, { body });
  if (response.status !== 201) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
  // What was made is found by whoever looks more than a second later, and this clock stood still meanwhile.
  waitSec(2);
  return response.json();
}

const aName = () => `it-${crypto.randomUUID().slice(0, 8)}`;

const makeKey = (scopes: readonly string[] = ["orders:read", "orders:write", "admin:orders"]) =>
  make<{ key: string; api_key: ApiKey }>("/v1/api-keys", { owner: aName(), scopes });

describe.each([
  { name: "health", quota: 60, windowSec: 60, ask: readHealth },
  { name: "order_batch", quota: 10, windowSec: 60, ask: placeBatch },
  { name: "circuit_breaker_reset", quota: 5, windowSec: 60, ask: resetBreaker },
  { name: "instrument_refresh", quota: 5, windowSec: 3_600, ask: refreshInstruments },
  { name: "anonymous", quota: 100, windowSec: 3_600, ask: readDocument },
])("an address under the limit $name", ({ name, quota, windowSec, ask }) => {
  const tokenSec = windowSec / quota;

  it(`is let in ${quota} times in ${windowSec} s, refused, and let in again when it was told`, async () => {
    const ip = anAddress();
    expect(await statusesOf(quota - 1, () => ask(ip))).toEqual(all(quota - 1, 200));
    const last = await ask(ip);
    expect(last.status).toBe(200);
    expect(fieldOf(last, "RateLimit")[name]).toBe(`r=0;t=${tokenSec}`);
    expect(fieldOf(last, "RateLimit-Policy")[name]).toBe(`q=${quota};w=${windowSec}`);

    await expectRefused(await ask(ip), name, tokenSec);
    waitMs(tokenSec * 1000 - 1);
    await expectRefused(await ask(ip), name, 1);
    waitMs(1);
    expect((await ask(ip)).status).toBe(200);
    await expectRefused(await ask(ip), name, tokenSec);

    waitSec(windowSec);
    const whole = await ask(ip);
    expect(whole.status).toBe(200);
    expect(fieldOf(whole, "RateLimit")[name]).toBe(`r=${quota - 1};t=${tokenSec}`);
  });
});

describe("an address", () => {
  it.each([
    ["its /64, where it is IPv6", ["2001:db8:77:1::1", "2001:db8:77:1:ffff:ffff:ffff:ffff"], "2001:db8:77:2::1"],
    ["itself, however it is written", ["203.0.113.77", "::ffff:203.0.113.77"], "203.0.113.78"],
  ])("is counted by %s", async (_, [one = "", other = ""], neighbour) => {
    expect(await statusesOf(3, () => resetBreaker(one))).toEqual(all(3, 200));
    expect(await statusesOf(2, () => resetBreaker(other))).toEqual(all(2, 200));
    await expectRefused(await resetBreaker(one), "circuit_breaker_reset", 12);
    await expectRefused(await resetBreaker(other), "circuit_breaker_reset", 12);
    expect((await resetBreaker(neighbour)).status).toBe(200);
  });

  it("has a limit of its own for each route, whatever keys it has", async () => {
    const ip = anAddress();
    const { key } = await makeKey();
    await statusesOf(5, () => resetBreaker(ip));
    await expectRefused(await resetBreaker(ip, key), "circuit_breaker_reset", 12);
    expect((await placeBatch(ip, key)).status).toBe(200);
    expect((await readHealth(ip)).status).toBe(200);
  });
});

describe("an API key", () => {
  const DEFAULT = Limits.parse({}).authenticated;
  const remainingOf = (response: Response) =>
    Number(/^r=(\d+);/.exec(fieldOf(response, "RateLimit")["authenticated"] ?? "")?.[1]);

  it("is good for 10,000 requests an hour, from wherever they come", async () => {
    const { key, api_key: made } = await makeKey();
    // All but the last of them inside of the object: it is the same call that a request makes.
    await runInDurableObject(limiterStub(env, `key:${made.id}`), (limiter) => {
      const draw = () => limiter.draw({ limits: [DEFAULT], revision: made.revision });
      for (let drawn = 1; drawn < 10_000; drawn += 1) expect(draw()).toMatchObject({ allowed: true });
    });

    const last = await readOrders(anAddress(), key);
    expect(last.status).toBe(200);
    expect(fieldOf(last, "RateLimit-Policy")).toEqual({ authenticated: "q=10000;w=3600" });
    expect(fieldOf(last, "RateLimit")).toEqual({ authenticated: "r=0;t=1" });
    await expectRefused(await readOrders(anAddress(), key), "authenticated", 1);
    expect((await readOrders(anAddress(), (await makeKey()).key)).status).toBe(200);

    // Making the other key took two seconds: as many as five requests flowed in.
    expect(await statusesOf(6, () => readOrders(anAddress(), key))).toEqual([...all(5, 200), 429]);
    waitSec(3_600);
    expect(remainingOf(await readOrders(anAddress(), key))).toBe(9_999);
  });

  it("is told of both limits where a route has one of its own", async () => {
    const { key } = await makeKey();
    const response = await placeBatch(anAddress(), key);
    expect(fieldOf(response, "RateLimit-Policy")).toEqual({
      authenticated: "q=10000;w=3600",
      order_batch: "q=10;w=60",
    });
    expect(fieldOf(response, "RateLimit")).toEqual({ authenticated: "r=9999;t=1", order_batch: "r=9;t=6" });
  });

  it.each([
    ["order_batch", 10, placeBatch],
    ["circuit_breaker_reset", 5, resetBreaker],
  ])("keeps its budget while the address is refused by %s", async (_, quota, ask) => {
    const ip = anAddress();
    const { key } = await makeKey();
    await statusesOf(quota, () => ask(ip));
    const before = remainingOf(await readOrders(ip, key));
    expect(await statusesOf(20, () => ask(ip, key))).toEqual(all(20, 429));
    expect(remainingOf(await readOrders(ip, key))).toBe(before - 1);
  });

  it("pays for what it has no scope for", async () => {
    const { key } = await makeKey(["orders:read"]);
    expect((await placeBatch(anAddress(), key)).status).toBe(403);
    expect(remainingOf(await readOrders(anAddress(), key))).toBe(9_998);
  });

  it("that was changed draws once from each limit", async () => {
    const ip = anAddress();
    const { key, api_key: made } = await makeKey();
    expect((await readOrders(ip, key)).status).toBe(200);
    const change = { scopes: ["orders:read", "orders:write"] };
    expect((await call("PATCH", `/v1/api-keys/${made.id}`, { body: change })).status).toBe(200);
    waitMs(1);
    expect(fieldOf(await placeBatch(ip, key), "RateLimit")).toMatchObject({
      authenticated: "r=9998;t=1",
      order_batch: "r=9;t=6",
    });
  });

  it("that was deleted is not told what it lacked", async () => {
    const { key, api_key: made } = await makeKey(["orders:read"]);
    expect((await placeBatch(anAddress(), key)).status).toBe(403);
    expect((await call("DELETE", `/v1/api-keys/${made.id}`)).status).toBe(200);
    waitMs(1);
    expect((await placeBatch(anAddress(), key)).status).toBe(401);
  });
});

describe("the setting LIMITS", () => {
  const LIMITS = { health: { quota: 2, window_sec: 10 }, authenticated: { quota: 3, window_sec: 30 } };
  const changed = { ...env, LIMITS };
  const ask = async (path: string, headers: Record<string, string>) =>
    createApp().request(path, { headers }, changed, createExecutionContext());

  it("changes a limit of an address", async () => {
    const ip = anAddress();
    const askHealth = () => ask("/health", from(ip));
    expect(await statusesOf(2, askHealth)).toEqual(all(2, 200));
    await expectRefused(await askHealth(), "health", 5);
    waitMs(4_999);
    await expectRefused(await askHealth(), "health", 1);
    waitMs(1);
    expect(await statusesOf(2, askHealth)).toEqual([200, 429]);
  });

  it("changes the limit of a key, which is counted apart from all others", async () => {
    const { key } = await makeKey();
    const { key: other } = await makeKey();
    const askOrders = () => ask("/v1/orders", from(anAddress(), key));
    expect(await statusesOf(3, askOrders)).toEqual(all(3, 200));
    await expectRefused(await askOrders(), "authenticated", 10);
    expect((await ask("/v1/orders", from(anAddress(), other))).status).toBe(200);
    waitMs(9_999);
    await expectRefused(await askOrders(), "authenticated", 1);
    waitMs(1);
    expect(await statusesOf(2, askOrders)).toEqual([200, 429]);
  });

  it("leaves the limits that it does not name as they are", async () => {
    const response = await ask("/openapi.json", from(anAddress()));
    expect(fieldOf(response, "RateLimit-Policy")).toEqual({ anonymous: "q=100;w=3600" });
  });
});

describe("a source", () => {
  type Made = { source: Source; secret: { secret: string } };
  const makeSource = async (terms: object = {}) => {
    const made = await make<Made>("/v1/sources", { id: aName(), kind: "signed", account: "paper", ...terms });
    const { id } = made.source;
    return async (account?: string) =>
      post(await sign({ ...DENIED, ...(account === undefined ? {} : { account }) }, made.secret), id);
  };

  it("may send RATE_LIMIT_RPS signals in a second, and the next when it was told", async () => {
    const signal = await makeSource();
    expect(await statusesOf(39, signal)).toEqual(all(39, 200));
    const last = await signal();
    expect(last.status).toBe(200);
    expect(fieldOf(last, "RateLimit-Policy")).toEqual({ source: "q=40;w=1" });
    expect(fieldOf(last, "RateLimit")).toEqual({ source: "r=0;t=1" });
    await expectRefused(await signal(), "source", 1);
    waitMs(24);
    await expectRefused(await signal(), "source", 1);
    waitMs(1);
    expect(await statusesOf(2, signal)).toEqual([200, 429]);
    waitSec(1);
    expect(await statusesOf(41, signal)).toEqual([...all(40, 200), 429]);
  });

  it("is counted apart from other sources, and at each account", async () => {
    const signal = await makeSource({ accounts: ["paper", "second"] });
    const other = await makeSource();
    expect((await statusesOf(41, signal)).at(-1)).toBe(429);
    expect((await other()).status).toBe(200);
    expect((await signal("second")).status).toBe(200);
    expect((await signal()).status).toBe(429);
  });

  it("with a cap of its own is held to that: a tenth of a minute's at once", async () => {
    const signal = await makeSource({ caps: { signals_per_min: 30 } });
    expect(await statusesOf(2, signal)).toEqual(all(2, 200));
    expect(fieldOf(await signal(), "RateLimit")).toEqual({ source: "r=0;t=2" });
    const refused = await signal();
    expect(fieldOf(refused, "RateLimit-Policy")).toEqual({ source: "q=3;w=6" });
    await expectRefused(refused, "source", 2);
    waitMs(1_999);
    await expectRefused(await signal(), "source", 1);
    waitMs(1);
    expect(await statusesOf(2, signal)).toEqual([200, 429]);
  });

  it("that all API keys are together is told the same", async () => {
    const place = () =>
      call("POST", "/v1/orders", { body: DENIED, headers: { "Idempotency-Key": crypto.randomUUID() } });
    waitSec(1);
    const answers = await Promise.all(Array.from({ length: 41 }, place));
    const refused = answers.find(({ status }) => status === 429);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(40);
    expect(refused?.headers.get("Retry-After")).toBe("1");
  });
});

describe("an address that proves nothing", () => {
  const fail = (ip: string) => readOrders(ip, WRONG_KEY);
  const lockOut = async (ip: string) => {
    expect(await statusesOf(4, () => fail(ip))).toEqual([401, 401, 401, 429]);
  };

  it("is put off for twice as long each time, up to five minutes, and starts anew after ten quiet ones", async () => {
    const ip = anAddress();
    expect(await statusesOf(3, () => fail(ip))).toEqual(all(3, 401));
    const waits: number[] = [];
    for (let refusals = 0; refusals < 10; refusals += 1) {
      const refused = await fail(ip);
      expect(refused.status).toBe(429);
      expect(refused.headers.get("RateLimit")).toBeNull();
      const retryAfterSec = Number(refused.headers.get("Retry-After"));
      waits.push(retryAfterSec);
      waitMs(retryAfterSec * 1000 - 1);
      expect((await fail(ip)).headers.get("Retry-After")).toBe("1");
      waitMs(1);
    }
    expect(waits).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    waitSec(600);
    await lockOut(ip);
  });

  it("is counted by its failures of all kinds", async () => {
    const ip = anAddress();
    const headers = { "CF-Connecting-IP": ip };
    const failures = [
      () => call("GET", "/v1/orders", { headers: from(ip, "") }),
      () => call("GET", "/v1/orders", { headers: from(ip, `sp_dev_${"0".repeat(48)}`) }),
      () => send(DENIED, { secret: "test-only-hmac-secret-nobody-0123456789", headers }),
      () => call("POST", "/webhooks/default", { headers, body: DENIED }),
    ];
    const statuses: number[] = [];
    for (const failure of failures) statuses.push((await failure()).status);
    expect(statuses).toEqual([401, 401, 401, 429]);
  });

  it("keeps nobody out who proves themselves, from the same address and meanwhile", async () => {
    const ip = anAddress();
    const { key } = await makeKey();
    await lockOut(ip);
    expect((await readOrders(ip)).status).toBe(200);
    expect((await readOrders(ip, key)).status).toBe(200);
    expect((await send(DENIED, { headers: { "CF-Connecting-IP": ip } })).status).toBe(200);
    expect((await readHealth(ip)).status).toBe(200);
    expect((await fail(ip)).status).toBe(429);
  });

  it("is its /64, and no neighbour", async () => {
    await lockOut("2001:db8:99:1::1");
    expect((await fail("2001:db8:99:1::2")).status).toBe(429);
    expect((await fail("2001:db8:99:2::1")).status).toBe(401);
  });
});
