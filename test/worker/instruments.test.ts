import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { OpenAPIHono } from "@hono/zod-openapi";
import { HTTPException } from "hono/http-exception";
import { describe, expect, it } from "vitest";
import type { Instrument } from "../../src/domain/instrument.ts";
import type { AppEnv } from "../../src/http/env.ts";
import { requestId } from "../../src/http/middleware/request-id.ts";
import { requireConfig } from "../../src/http/middleware/require-config.ts";
import { mountInstruments } from "../../src/http/routes/instruments.ts";
import { withAccount } from "./support/faulty-venue.ts";
import { anAddress, call, eventually, get, placeOrder, readAudit } from "./support/gateway.ts";

const REFRESH = "/v1/admin/instruments/refresh";

type InstrumentList = {
  broker: string;
  listed: number;
  refreshed_at: string | null;
  instruments: Instrument[];
  not_listed: string[];
};

const refresh = (body: object = { account: "paper" }, headers: Record<string, string> = {}) =>
  call("POST", REFRESH, { body, headers });

async function makeKey(terms: object): Promise<Record<string, string>> {
  const owner = `instruments-${crypto.randomUUID().slice(0, 8)}`;
  const response = await call("POST", "/v1/api-keys", { body: { owner, ...terms } });
  const { key } = await response.json<{ key: string }>();
  return { "X-API-Key": key };
}

describe("the list of what a broker trades", () => {
  it("is read when somebody wants it, and shows by symbol what the broker has said", async () => {
    const response = await refresh();
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ listed: 3, gone: 0 });
    expect(await (await refresh()).json()).toEqual({ listed: 3, added: 0, changed: 0, gone: 0 });

    const list = await (await get("/v1/instruments?symbols=MSFT,ZZZZ,AAPL,MSFT")).json<InstrumentList>();
    expect(list).toMatchObject({ broker: "paper", listed: 3, not_listed: ["ZZZZ"] });
    expect(list.instruments.map(({ symbol }) => symbol)).toEqual(["MSFT", "AAPL"]);
    expect(list.instruments[1]).toMatchObject({ asset_class: "us_equity", status: "active", lot_size: "0.000000001" });
    expect(Date.now() - Date.parse(list.refreshed_at ?? "")).toBeLessThan(60_000);
  });

  it("is that of all accounts at the same kind of broker", async () => {
    await refresh();
    const list = await (await get("/v1/instruments?account=second&symbols=SPY")).json<InstrumentList>();
    expect(list.instruments).toMatchObject([{ symbol: "SPY" }]);
  });

  it("says without symbols how many there are", async () => {
    await refresh();
    expect(await (await get("/v1/instruments")).json()).toMatchObject({ listed: 3, instruments: [], not_listed: [] });
  });

  it("takes symbols with a slash", async () => {
    const list = await (await get("/v1/instruments?symbols=BTC%2FUSD")).json<InstrumentList>();
    expect(list.not_listed).toEqual(["BTC/USD"]);
  });

  it.each([
    ["?symbols=", "/symbols/0"],
    ["?symbols=AAPL,A APL", "/symbols/1"],
    [`?symbols=${Array.from({ length: 51 }, (_, index) => `S${index}`).join(",")}`, "/symbols"],
    ["?symbol=AAPL", "/symbol"],
    ["?account=!", "/account"],
  ])("is not shown for %s", async (query, pointer) => {
    const response = await get(`/v1/instruments${query}`);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ code: "invalid_request", errors: [{ pointer }] });
  });

  it("is shown for 50 symbols, and for an account that there is", async () => {
    const symbols = Array.from({ length: 50 }, (_, index) => `S${index}`);
    const list = await (await get(`/v1/instruments?symbols=${symbols.join(",")}`)).json<InstrumentList>();
    expect(list.not_listed).toEqual(symbols);
    expect((await get("/v1/instruments?account=nowhere")).status).toBe(404);
  });
});

describe("a refresh", () => {
  it("is on the account's record, with who wanted it", async () => {
    const headers = { "CF-Connecting-IP": "203.0.113.40" };
    const response = await refresh({ account: "second" }, headers);
    const entry = await eventually(
      async () =>
        (await readAudit("&account=second&type=instruments.refreshed")).find(
          ({ event }) => event.request_id === response.headers.get("X-Request-Id"),
        )?.event,
    );
    expect(entry).toMatchObject({
      actor: { kind: "api_key", id: "bootstrap" },
      client_ip: "203.0.113.40",
      result: { ok: true, code: "refreshed" },
      data: { broker: "paper", listed: 3 },
    });
  });

  it("takes the scope admin:accounts, and the list takes orders:read", async () => {
    const [reader, administrator] = await Promise.all([
      makeKey({ scopes: ["orders:read"] }),
      makeKey({ scopes: ["admin:accounts"] }),
    ]);
    expect((await refresh(undefined, reader)).status).toBe(403);
    expect((await refresh(undefined, administrator)).status).toBe(200);
    expect((await call("GET", "/v1/instruments", { headers: reader })).status).toBe(200);
    expect((await call("GET", "/v1/instruments", { headers: administrator })).status).toBe(403);
  });

  it("is of no account that is not the caller's, as of none that is not there", async () => {
    const second = await makeKey({ scopes: ["admin:accounts"], accounts: ["second"] });
    const answers = await Promise.all(["paper", "nowhere"].map(async (account) => refresh({ account }, second)));
    expect(answers.map(({ status }) => status)).toEqual([422, 422]);
    for (const answer of answers) expect(await answer.json()).toMatchObject({ errors: [{ pointer: "/account" }] });
    expect((await refresh({ account: "second" }, second)).status).toBe(200);
  });

  it.each([{}, { account: "paper", force: true }, { account: "!" }])("is not wanted with %j", async (body) => {
    expect((await refresh(body)).status).toBe(422);
  });

  it("can be wanted five times an hour from one address", async () => {
    const headers = { "CF-Connecting-IP": anAddress() };
    for (let times = 0; times < 5; times += 1) expect((await refresh(undefined, headers)).status).toBe(200);
    const refused = await refresh(undefined, headers);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("Retry-After"))).toBeGreaterThan(700);
    expect(refused.headers.get("RateLimit-Policy")).toContain('"instrument_refresh";q=5;w=3600');
  });
});

describe("a refresh that comes to nothing", () => {
  /** The routes alone, at an account whose object answers so. */
  function refreshAt(answer: object): Promise<Response> {
    const app = new OpenAPIHono<AppEnv>();
    app.use(requestId);
    app.use(requireConfig);
    mountInstruments(app);
    app.onError((thrown, c) => (thrown instanceof HTTPException ? thrown.getResponse() : c.text(String(thrown), 500)));
    const headers = { "CF-Connecting-IP": anAddress(), "X-API-Key": env.BOOTSTRAP_API_KEY };
    const request = new Request(`https://gateway.test${REFRESH}`, {
      method: "POST",
      headers,
      body: JSON.stringify({ account: "paper" }),
    });
    const accounts = { getByName: () => ({ refreshInstruments: () => Promise.resolve(answer) }) };
    return Promise.resolve(app.fetch(request, { ...env, ACCOUNTS_DO: accounts }, createExecutionContext()));
  }

  it("is answered with what came of it otherwise", async () => {
    const value = { listed: 10, added: 1, changed: 2, gone: 3 };
    const response = await refreshAt({ ok: true, value });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(value);
  });

  it.each([
    [{ reason: "broker_silent", code: "timeout" }, "broker_silent", "15"],
    [{ reason: "not_stored" }, "unavailable", "5"],
    [{ reason: "misconfigured", problem: "is deleted" }, "misconfigured", "60"],
  ])("because of %j is answered with 503, and when to try again", async (error, code, retryAfter) => {
    const response = await refreshAt({ ok: false, error });
    expect(response.status).toBe(503);
    expect(response.headers.get("Retry-After")).toBe(retryAfter);
    expect(await response.json()).toMatchObject({ code });
  });
});

describe("an order in what the broker does not list", () => {
  it("is denied, also where every symbol may be entered", async () => {
    await withAccount({ configured: { policy: { symbols: "any" } } }, async () => {
      const order = { side: "buy", type: "market", quantity: "1" };
      const denied = await placeOrder({ ...order, symbol: "ZZZZ" });
      expect(denied).toMatchObject({ status: "denied", reason: { code: "instrument_unknown" } });
      expect(await placeOrder({ ...order, symbol: "AAPL" })).not.toMatchObject({ status: "denied" });
    });
  });
});
