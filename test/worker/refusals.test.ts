import { env, exports } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createApp } from "../../src/http/app.ts";
import { withAccount } from "./support/faulty-venue.ts";
import { anAddress, call, get, listOrders, post, put, readAudit, send, sign } from "./support/gateway.ts";

const BUY = { symbol: "AAPL", side: "buy", type: "market", quantity: "1" };

const countRows = (): Promise<number> =>
  runInDurableObject(env.ACCOUNTS_DO.getByName("paper"), (_, state) => {
    const tables = ["nonces", "used_bodies", "senders", "orders", "signals", "journal"];
    return tables.reduce(
      (sum, table) => sum + state.storage.sql.exec<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table}`).one().n,
      0,
    );
  });

afterEach(() => vi.restoreAllMocks());

describe("everything that does not prove where it comes from", () => {
  const without = (name: string) => async () => {
    const signed = await sign(BUY);
    const { [name]: _, ...headers } = signed.headers;
    return post({ ...signed, headers });
  };
  const withHeader = (name: string, value: string) => async () => {
    const signed = await sign(BUY);
    return post({ ...signed, headers: { ...signed.headers, [name]: value } });
  };
  const cases: Record<string, () => Promise<Response>> = {
    "no signature": without("X-Signature"),
    "no timestamp": without("X-Timestamp"),
    "no nonce": without("X-Nonce"),
    "an empty signature": withHeader("X-Signature", ""),
    "a signature in capitals": withHeader("X-Signature", `v1=${"A".repeat(64)}`),
    "an unknown scheme": withHeader("X-Signature", `v2=${"a".repeat(64)}`),
    "five signatures": withHeader(
      "X-Signature",
      Array(5)
        .fill(`v1=${"a".repeat(64)}`)
        .join(","),
    ),
    "a nonce that is no UUID": withHeader("X-Nonce", "1"),
    "a timestamp in local time": withHeader("X-Timestamp", "2026-01-15T14:30:00+01:00"),
    "a day that does not exist": withHeader("X-Timestamp", "2026-02-30T00:00:00Z"),
    "a stale timestamp": async () => send(BUY, { at: new Date(Date.now() - 301_000) }),
    "a timestamp in the future": async () => send(BUY, { at: new Date(Date.now() + 32_000) }),
    "another secret": async () => send(BUY, { secret: "some-other-secret-0123456789-0123456789" }),
    "an unknown source": async () => post(await sign(BUY), "nobody"),
    "a source named like a prototype": async () => post(await sign(BUY), "__proto__"),
  };

  it("gets one and the same 401, and leaves no row", async () => {
    const before = await countRows();
    const bodies = new Set<string>();
    for (const [name, attempt] of Object.entries(cases)) {
      const response = await attempt();
      expect(response.status, name).toBe(401);
      expect(response.headers.get("Content-Type")).toContain("application/problem+json");
      const { request_id: _, ...body } = await response.json<Record<string, unknown>>();
      bodies.add(JSON.stringify(body));
    }
    expect(bodies.size).toBe(1);
    expect(await countRows()).toBe(before);
  });
});

describe("a body that is proven but wrong", () => {
  const long = `{"symbol":"AAPL","note":"${"x".repeat(65_536)}"}`;
  const deep = `${"[".repeat(17)}${"]".repeat(17)}`;
  it.each<[string, number, string, string | Uint8Array<ArrayBuffer>]>([
    ["over 64 KiB", 413, "body_too_large", long],
    ["empty", 400, "malformed_body", ""],
    ["not UTF-8", 400, "malformed_body", new Uint8Array([0x7b, 0xff, 0x7d])],
    ["no format that is known", 422, "invalid_request", "good morning"],
    ["nearly JSON", 400, "malformed_body", `{"symbol":"AAPL"`],
    ["nested too deep", 400, "malformed_body", deep],
    ["with a key twice", 400, "malformed_body", '{"symbol":"AAPL","side":"buy","side":"sell"}'],
    ["with an inexact number", 400, "malformed_body", '{"symbol":"AAPL","quantity":9007199254740993}'],
    ["a list", 422, "invalid_request", "[]"],
    ["with an unknown field", 422, "invalid_request", JSON.stringify({ ...BUY, limitprice: "1" })],
    ["for an account that does not exist", 422, "invalid_request", JSON.stringify({ ...BUY, account: "nowhere" })],
  ])("is refused when %s, and leaves no row", async (_, status, code, body) => {
    const before = await countRows();
    const response = await post(await sign(body));
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code, status });
    expect(await countRows()).toBe(before);
  });

  it("names every failing field", async () => {
    const response = await send({ symbol: "", side: "hold", type: "limit", quantity: "-1", color: "red" });
    expect(response.status).toBe(422);
    const { errors } = await response.json<{ errors: { pointer: string }[] }>();
    expect(errors.map(({ pointer }) => pointer)).toEqual(
      expect.arrayContaining(["/symbol", "/side", "/quantity", "/color"]),
    );
  });

  it("is refused as too large before anything is checked, also without a Content-Length", async () => {
    const signed = await sign(BUY);
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(16_384)),
    });
    const response = await exports.default.fetch("https://gateway.test/webhooks/default", {
      method: "POST",
      body: endless,
      headers: signed.headers,
    });
    expect(response.status).toBe(413);
  });
});

describe("a source over its limit", () => {
  /** Requests, answered while the account takes one a second. */
  async function flood() {
    const requests = await Promise.all(Array.from({ length: 20 }, () => sign({ ...BUY, symbol: "NOPE" })));
    const answers = await withAccount({ settings: { RATE_LIMIT_RPS: "1" } }, () =>
      Promise.all(requests.map(async (request) => ({ request, response: await post(request) }))),
    );
    const refused = answers.filter(({ response }) => response.status === 429);
    return { refused, accepted: answers.length - refused.length };
  }

  it("gets 429 with Retry-After and RateLimit fields, and nothing is stored for it", async () => {
    const before = (await listOrders()).length;
    const { refused, accepted } = await flood();
    const { headers } = refused[0]!.response;
    expect(headers.get("Retry-After")).toBe("1");
    expect(headers.get("RateLimit-Policy")).toBe('"source";q=1;w=1');
    expect(headers.get("RateLimit")).toMatch(/^"source";r=0;t=\d+$/);
    expect((await listOrders()).length - before).toBe(accepted);
  });

  it("may send the refused request again, because it was not used up", async () => {
    const { refused } = await flood();
    const again = await post(refused[0]!.request);
    expect(again.status).toBe(200);
    expect(await again.json()).toMatchObject({ status: "denied" });
    expect((await post(refused[0]!.request)).status).toBe(409);
  });
});

describe("the policy", () => {
  it("denies what it does not allow, stores the denial, and says which rule it was", async () => {
    const response = await send({ ...BUY, symbol: "TSLA", quantity: "1000" });
    expect(response.status).toBe(200);
    const order = await response.json<{
      id: string;
      status: string;
      reason: object;
      verdicts: { rule: string; passed: boolean }[];
    }>();
    expect(order).toMatchObject({ status: "denied", delivery: "none", reason: { code: "symbol_not_allowed" } });
    expect(order.verdicts.filter(({ passed }) => !passed).map(({ rule }) => rule)).toEqual(
      expect.arrayContaining(["symbol_allowed", "max_quantity"]),
    );
    expect((await listOrders()).some(({ id }) => id === order.id)).toBe(true);
  });
});

describe("a misconfigured gateway", () => {
  const broken: [string, Partial<Record<keyof Env | "LIMITS", unknown>>][] = [
    ["LIMITS.health.quota", { LIMITS: { health: { quota: 0, window_sec: 60 } } }],
    ["API_KEY_HMAC_SECRET", { API_KEY_HMAC_SECRET: undefined }],
    ["API_KEY_HMAC_SECRET", { API_KEY_HMAC_SECRET: "" }],
    ["API_KEY_HMAC_SECRET", { API_KEY_HMAC_SECRET: "short" }],
    ["API_KEY_HMAC_SECRET", { API_KEY_HMAC_SECRET: `${"a".repeat(32)},` }],
    ["API_KEY_HMAC_SECRET", { API_KEY_HMAC_SECRET: `${"a".repeat(32)},${"a".repeat(32)}` }],
    ["BOOTSTRAP_API_KEY", { BOOTSTRAP_API_KEY: "" }],
    ["CREDENTIALS_ENCRYPTION_KEYS", { CREDENTIALS_ENCRYPTION_KEYS: undefined }],
    ["CREDENTIALS_ENCRYPTION_KEYS", { CREDENTIALS_ENCRYPTION_KEYS: "" }],
    ["CREDENTIALS_ENCRYPTION_KEYS", { CREDENTIALS_ENCRYPTION_KEYS: `1:${"c2hvcnQ=".repeat(2)}` }],
    ["CREDENTIALS_ENCRYPTION_KEYS", { CREDENTIALS_ENCRYPTION_KEYS: btoa("a-key-without-a-version-0123456") }],
    ["DEFAULT_ACCOUNT", { DEFAULT_ACCOUNT: "Paper Account" }],
    ["API_KEY_ENABLED", { API_KEY_ENABLED: "no" }],
    ["UNSIGNED_SOURCES", { UNSIGNED_SOURCES: "yes" }],
    ["REPLAY_WINDOW_SEC", { REPLAY_WINDOW_SEC: "5m" }],
    ["ENVIRONMENT", { ENVIRONMENT: "prod" }],
  ];

  it.each(broken)("refuses every request with 503 and names %s in its log, never a value", async (setting, change) => {
    const lines: string[] = [];
    vi.spyOn(console, "error").mockImplementation((line: string) => void lines.push(line));
    const brokenEnv = { ...env, ...change } as unknown as Env;
    for (const path of ["/health", "/openapi.json", "/v1/orders", "/webhooks/default"]) {
      const response = await createApp().request(
        path,
        { method: path.startsWith("/webhooks") ? "POST" : "GET" },
        brokenEnv,
      );
      expect(response.status).toBe(503);
      expect(await response.json()).toMatchObject({ code: "misconfigured" });
    }
    expect(lines.join("\n")).toContain(setting);
    for (const value of Object.values(change)) {
      if (typeof value === "string" && value.length > 4) expect(lines.join("\n")).not.toContain(value);
    }
  });

  it.each(["staging", "production"])("does without API keys nowhere but in development, so not in %s", async (name) => {
    const lines: string[] = [];
    vi.spyOn(console, "error").mockImplementation((line: string) => void lines.push(line));
    const open = { ...env, ENVIRONMENT: name, API_KEY_ENABLED: "false" };
    expect((await createApp().request("/v1/orders", {}, open)).status).toBe(503);
    expect(lines.join("\n")).toContain("API_KEY_ENABLED");
  });

  it("answers 503 and stores nothing when the account cannot be reached", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const unreachable = {
      ...env,
      ACCOUNTS_DO: { getByName: () => ({ submit: () => Promise.reject(new Error("gone")) }) },
    };
    const signed = await sign(BUY);
    const response = await createApp().request(
      "/webhooks/default",
      { method: "POST", body: signed.body, headers: signed.headers },
      unreachable,
    );
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: "unavailable" });
  });
});

describe("reading", () => {
  it.each(["/v1/orders", "/v1/audit", "/v1/orders/paper_01890000-0000-7000-8000-000000000000"])(
    "%s needs the API key, in its header only",
    async (path) => {
      const key = env.BOOTSTRAP_API_KEY;
      for (const response of [
        await get(path, {}),
        await get(path, { "X-API-Key": "" }),
        await get(path, { "X-API-Key": key.slice(0, -1) }),
      ]) {
        expect(response.status).toBe(401);
        expect(await response.json()).toMatchObject({ code: "unauthorized" });
      }
      for (const query of [`api_key=${key}`, "key=x", "x-api-key=x", "access_token=x", "Authorization=x"]) {
        const response = await get(`${path}?${query}`);
        expect(response.status, query).toBe(400);
        expect(await response.json()).toMatchObject({ code: "key_in_query" });
      }
    },
  );

  it.each([
    ["/v1/orders/paper_01890000-0000-7000-8000-000000000000", 404],
    ["/v1/orders/elsewhere_01890000-0000-7000-8000-000000000000", 404],
    ["/v1/orders/1", 404],
    ["/v1/orders?account=elsewhere", 404],
    ["/v1/orders?limit=0", 422],
    ["/v1/orders?status=open", 422],
    ["/v1/orders?cursor=%27", 422],
    ["/v1/audit?type=order.lost", 422],
    ["/v1/audit?from=yesterday", 422],
    ["/nowhere", 404],
  ])("%s answers %i as a problem", async (path, status) => {
    const response = await get(path);
    expect(response.status).toBe(status);
    expect(response.headers.get("Content-Type")).toContain("application/problem+json");
  });

  it("has one answer for every key that is not the gateway's, and it names the header", async () => {
    const key = env.BOOTSTRAP_API_KEY;
    const bodies = new Set<string>();
    for (const path of ["/v1/orders", "/v1/audit"]) {
      for (const headers of [{}, { "X-API-Key": "" }, { "X-API-Key": `${key}x` }, { Authorization: `Bearer ${key}` }]) {
        const response = await get(path, headers);
        expect(response.status).toBe(401);
        const { request_id: _, ...body } = await response.json<{ request_id: string; detail: string }>();
        expect(body.detail).toContain("X-API-Key");
        bodies.add(JSON.stringify(body));
      }
    }
    expect(bodies.size).toBe(1);
  });

  it.each([
    ["/v1/orders?limit=zzz", "/limit", "must be a whole number from 1 to 200"],
    ["/v1/orders?limit=1.5", "/limit", "must be a whole number from 1 to 200"],
    ["/v1/orders?limit=201", "/limit", "must be a whole number from 1 to 200"],
    ["/v1/orders?symbols=AAPL", "/symbols", "unknown field"],
    ["/v1/orders?a%2Fb=1", "/a~1b", "unknown field"],
    [
      "/v1/orders?status=open",
      "/status",
      expect.stringMatching(/^must be one of denied, shadowed, pending_new, /) as string,
    ],
    ["/v1/orders?symbol=AAPL&symbol=SPY", "/symbol", "must be a string"],
    ["/v1/audit?cursor=zzz", "/cursor", "must be next_cursor of the page before"],
    ["/v1/audit?from=yesterday", "/from", "must be a time in UTC, like 2026-01-15T14:30:00Z"],
    ["/v1/executions?cursor=zzz", "/cursor", "must be next_cursor of the page before"],
    ["/v1/executions?order_id=1", "/order_id", "must be an order's id: <account>_<UUID>"],
    ["/v1/portfolio?acount=paper", "/acount", "unknown field"],
    ["/v1/accounts/A/circuit-breaker", "/id", "must be 1 to 32 of a-z, 0-9 and -"],
  ])("%s says which field is wrong, and what it has to be", async (path, pointer, message) => {
    const response = await get(path);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ code: "invalid_request", errors: [{ pointer, message }] });
  });

  it("says of a price that it is required", async () => {
    const response = await put("/v1/paper/paper/prices/AAPL", {});
    expect(await response.json()).toMatchObject({ errors: [{ pointer: "/price", message: "required" }] });
  });

  it("refuses a price for a symbol the paper venue does not list", async () => {
    expect((await put("/v1/paper/paper/prices/ZZZZ", { price: "1" })).status).toBe(404);
    expect((await put("/v1/paper/nowhere/prices/AAPL", { price: "1" })).status).toBe(404);
    expect((await put("/v1/paper/paper/prices/AAPL", { price: "-1" })).status).toBe(422);
  });
});

describe("a path that takes other methods", () => {
  const order = "/v1/orders/paper_01890000-0000-7000-8000-000000000000";

  it.each([
    ["GET", "/webhooks/default", "POST"],
    ["PUT", "/v1/orders", "DELETE, GET, HEAD, POST"],
    ["PATCH", order, "DELETE, GET, HEAD"],
    ["POST", order, "DELETE, GET, HEAD"],
    ["OPTIONS", order, "DELETE, GET, HEAD"],
    ["PUT", "/v1/orders/batch", "POST"],
    ["GET", `${order}/replace`, "POST"],
    ["GET", `${order}/settle`, "POST"],
    ["HEAD", `${order}/settle`, "POST"],
    ["POST", "/v1/executions", "GET, HEAD"],
    ["DELETE", "/v1/portfolio", "GET, HEAD"],
    ["DELETE", "/v1/audit", "GET, HEAD"],
    ["PUT", "/v1/accounts/paper/circuit-breaker", "GET, HEAD"],
    ["GET", "/v1/accounts/paper/circuit-breaker/reset", "POST"],
    ["POST", "/v1/paper/paper/prices/AAPL", "PUT"],
    ["POST", "/health", "GET, HEAD"],
    ["POST", "/reference", "GET, HEAD"],
    ["POST", "/openapi.json", "GET, HEAD"],
  ])("answers %s %s with 405, and with those it takes", async (method, path, allow) => {
    const response = await call(method, path);
    expect(response.status).toBe(405);
    expect(response.headers.get("Allow")).toBe(allow);
    expect(response.headers.get("Content-Type")).toContain("application/problem+json");
    if (method !== "HEAD") expect(await response.json()).toMatchObject({ code: "method_not_allowed" });
  });

  it("is not one that does not exist", async () => {
    for (const method of ["GET", "PUT", "POST"]) expect((await call(method, "/v1/nowhere")).status).toBe(404);
  });

  it("answers HEAD where it answers GET", async () => {
    expect((await call("HEAD", "/health")).status).toBe(200);
  });
});

describe("the logs", () => {
  it("never hold a secret, a signature, a key, a body or a query", async () => {
    const lines: string[] = [];
    for (const method of ["log", "warn", "error"] as const) {
      vi.spyOn(console, method).mockImplementation((line: string) => void lines.push(line));
    }
    const canary = "canary-0123456789";
    const signed = await sign({ ...BUY, note: canary });
    await post(signed);
    await post({ ...signed, headers: { ...signed.headers, "X-Signature": `v1=${"c".repeat(64)}` } });
    await get(`/v1/orders?api_key=${canary}`, { "X-API-Key": canary });
    await get(`/${canary}`, { Authorization: canary });
    const text = lines.join("\n");
    expect(lines.length).toBeGreaterThan(4);
    expect(text).not.toContain(canary);
    expect(text).not.toContain(signed.headers["X-Signature"]!.slice(3));
    expect(text).not.toContain(env.BOOTSTRAP_API_KEY);
    expect(text).not.toContain("c".repeat(64));
  });
});

describe("an address that fails again and again", () => {
  it("is refused from the fourth time on, whatever it shows, until it proves itself", async () => {
    const from = { "CF-Connecting-IP": anAddress() };
    const statuses: number[] = [];
    for (let count = 0; count < 5; count++) statuses.push((await get("/v1/orders", from)).status);
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
    const refused = await get("/v1/orders", from);
    expect(Number(refused.headers.get("Retry-After"))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ code: "rate_limited" });
    expect((await get("/v1/orders", { ...from, "X-API-Key": env.BOOTSTRAP_API_KEY })).status).toBe(200);
    expect((await send(BUY, { headers: from })).status).toBe(202);
  });
});

describe("the audit log of refusals", () => {
  it("holds nothing that was refused before its nonce was claimed", async () => {
    const types = new Set((await readAudit()).map(({ event }) => event.type));
    expect([...types].filter((type) => type.startsWith("signal."))).toEqual(["signal.accepted"]);
  });
});
