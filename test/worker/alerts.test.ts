import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { Order } from "../../src/domain/order.ts";
import type { SignalReceipt } from "../../src/domain/signal/receipt.ts";
import { createApp } from "../../src/http/app.ts";
import { anAddress, call, eventually, get, placeOrder, readOrder } from "./support/gateway.ts";

const TRADINGVIEW = "52.89.214.238";
const ALERT = { symbol: "AAPL", side: "buy", type: "market", quantity: "1" };
const CAPS = { signals_per_min: 600, max_quantity: "5", max_notional: "5000" };

const app = createApp();
const settings = { ...env, UNSIGNED_SOURCES: "true" };
const certificate = (fingerprint: string, verified = "SUCCESS") => ({
  tlsClientAuth: { certPresented: "1", certVerified: verified, certRevoked: "0", certFingerprintSHA256: fingerprint },
});

type Sent = { headers?: Record<string, string>; cf?: CfProperties; bindings?: Env };

/** The gateway with unsigned sources on. */
function ask(method: string, path: string, body: object, { headers = {}, cf, bindings = settings }: Sent = {}) {
  const init = { method, body: JSON.stringify(body), headers: { "CF-Connecting-IP": anAddress(), ...headers } };
  const request = new Request<unknown, CfProperties>(
    `https://gateway.test${path}`,
    cf === undefined ? init : { ...init, cf },
  );
  return Promise.resolve(app.fetch(request, bindings, createExecutionContext()));
}

/** Makes a source, and says where it sends to. */
async function makeSource(terms: object = {}): Promise<string> {
  const id = `tv-${crypto.randomUUID().slice(0, 8)}`;
  const body = { id, kind: "tradingview", account: "second", origin: "url_token", caps: CAPS, ...terms };
  const response = await ask("POST", "/v1/sources", body, { headers: { "X-API-Key": env.BOOTSTRAP_API_KEY } });
  expect(response.status).toBe(201);
  return (await response.json<{ path: string }>()).path;
}

describe("a source that does not sign", () => {
  const signals = { stop_reach: "everything" };
  const headers = { "X-API-Key": env.BOOTSTRAP_API_KEY };
  const errors = [{ pointer: "/signals/stop_reach" }];

  it("cannot be one that stops more than itself, made so or changed so", async () => {
    const id = `tv-${crypto.randomUUID().slice(0, 8)}`;
    const terms = { id, kind: "tradingview", account: "second", origin: "url_token", caps: CAPS };
    const made = await ask("POST", "/v1/sources", { ...terms, signals }, { headers });
    expect([made.status, await made.json()]).toMatchObject([422, { errors }]);
    const [, , source] = (await makeSource()).split("/");
    const changed = await ask("PATCH", `/v1/sources/${source}`, { signals }, { headers });
    expect([changed.status, await changed.json()]).toMatchObject([422, { errors }]);
  });
});

describe("an alert that nobody has signed", () => {
  beforeAll(() => call("PATCH", "/v1/accounts/second", { body: { minimum_origin: "url_token" } }));

  it("is taken at the source's secret address", async () => {
    const response = await ask("POST", await makeSource(), { ...ALERT, client_order_id: crypto.randomUUID() });
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({ account: "second", status: "pending_new" });
  });

  it("is read by the source's settings as they were last answered, also by an isolate that has read others", async () => {
    const path = await makeSource({ signals: { format: "native" } });
    const elsewhere = { ticker: "AAPL", action: "buy", quantity: 1 };
    expect((await ask("POST", path, elsewhere)).status).toBe(422);
    const changed = await call("PATCH", `/v1/sources/${path.split("/")[2]}`, {
      body: { signals: { format: "traderspost" } },
    });
    expect(changed.status).toBe(200);
    expect((await ask("POST", path, elsewhere)).status).toBe(200);
  });

  it("is refused while unsigned sources are off, and where anything of the address is wrong, in one and the same way", async () => {
    const path = await makeSource();
    const signature = path.split("/").at(-1) ?? "";
    const refused = [
      await ask("POST", path, ALERT, { bindings: env }),
      await ask("POST", path.slice(0, -1), ALERT),
      await ask("POST", `/webhooks/nobody/${signature}`, ALERT),
      await ask("POST", `/webhooks/default/${signature}`, ALERT),
    ];
    const answers = await Promise.all(refused.map((response) => response.json<Record<string, unknown>>()));
    expect(refused.map(({ status }) => status)).toEqual([401, 401, 401, 401]);
    for (const { request_id: _, ...answer } of answers) expect(answer).toMatchObject({ code: "unauthorized" });
    expect(new Set(answers.map(({ detail }) => detail)).size).toBe(1);
  });

  it("is the same order when the same bytes come again, and another one when they differ", async () => {
    const path = await makeSource();
    const first = await (await ask("POST", path, { ...ALERT, quantity: "2" })).json<Order>();
    const again = await ask("POST", path, { ...ALERT, quantity: "2" });
    expect([again.status, again.headers.get("Idempotency-Replayed")]).toEqual([200, "true"]);
    expect(await again.json()).toMatchObject({ id: first.id });
    const other = await (await ask("POST", path, { ...ALERT, quantity: "3" })).json<Order>();
    expect(other.id).not.toBe(first.id);
  });

  it("is denied beyond the source's caps", async () => {
    const denied = await ask("POST", await makeSource(), { ...ALERT, quantity: "6" });
    expect(await denied.json()).toMatchObject({ status: "denied", reason: { code: "source_max_quantity_exceeded" } });
  });

  it("is denied by an account that wants a better proof of its origin, an exit too", async () => {
    const path = await makeSource({ account: "paper" });
    const denied = await ask("POST", path, { ...ALERT, side: "sell" });
    expect(await denied.json()).toMatchObject({ status: "denied", reason: { code: "origin_not_proven" } });
  });

  it("cancels and leaves nothing there either", async () => {
    const resting = { ...ALERT, type: "limit", limit_price: "180", time_in_force: "gtc", account: "paper" };
    const { id } = await placeOrder(resting);
    const path = await makeSource({ account: "paper" });
    for (const instruction of [{ intent: "cancel", symbol: "AAPL" }, { intent: "flatten" }]) {
      const answer = await ask("POST", path, instruction);
      expect(await answer.json()).toMatchObject({ steps: [{ outcome: "failed", code: "origin_not_proven" }] });
    }
    expect(await readOrder(id)).toMatchObject({ status: "new", cancel_requested_at: null });
  });

  it("has to come from TradingView's addresses where its source says so", async () => {
    const path = await makeSource({ origin: "ip" });
    expect((await ask("POST", path, ALERT)).status).toBe(401);
    const forged = { "CF-Connecting-IP": anAddress(), "X-Forwarded-For": TRADINGVIEW, "True-Client-IP": TRADINGVIEW };
    expect((await ask("POST", path, ALERT, { headers: forged })).status).toBe(401);
    expect((await ask("POST", path, ALERT, { headers: { "CF-Connecting-IP": TRADINGVIEW } })).status).toBe(202);
  });

  it("has to come with a pinned and verified certificate where its source says so", async () => {
    const pinned = "ab".repeat(32);
    const path = await makeSource({ origin: "certificate", certificate_fingerprints: [pinned] });
    const headers = { "CF-Connecting-IP": TRADINGVIEW };
    const from = async (cf?: CfProperties) =>
      (await ask("POST", path, ALERT, cf === undefined ? { headers } : { headers, cf })).status;
    expect(await from()).toBe(401);
    expect(await from(certificate("cd".repeat(32)))).toBe(401);
    expect(await from(certificate(pinned, "FAILED:self signed certificate"))).toBe(401);
    expect(await from(certificate(pinned))).toBe(202);
  });
});

describe("an alert with the order's name and the bar's time", () => {
  beforeAll(() => call("PATCH", "/v1/accounts/second", { body: { minimum_origin: "url_token" } }));
  afterEach(() => vi.restoreAllMocks());

  const LONG = {
    ticker: "NASDAQ:AAPL",
    action: "buy",
    contracts: "1",
    id: "Long",
    time: "2026-01-15T14:25:00Z",
    timenow: "2026-01-15T14:30:02Z",
    close: "187.25",
  };
  /** Fired once more: the strategy was loaded again, say. */
  const LATER = { comment: "again", ...LONG, timenow: "2026-01-15T14:30:09Z", close: "187.31", contracts: 1 };

  const sourceOf = (path: string): string => path.split("/")[2] ?? "";

  /** What the source has had ordered. */
  async function ordersOf(path: string): Promise<string[]> {
    const { orders } = await (await get("/v1/orders?account=second&limit=200")).json<{ orders: Order[] }>();
    return orders
      .filter(({ source }) => source === sourceOf(path))
      .map(({ side, quantity }) => `${side} ${quantity}`)
      .toReversed();
  }

  async function receive(path: string, alert: object): Promise<SignalReceipt> {
    const response = await ask("POST", path, alert);
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
    return response.json();
  }

  it("is the same signal whatever bytes carry it", async () => {
    const path = await makeSource();
    const first = await receive(path, LONG);
    expect(first).toMatchObject({ format: "tradingview", steps: [{ outcome: "ordered" }] });
    const again = await ask("POST", path, LATER);
    expect([again.status, again.headers.get("Idempotency-Replayed")]).toEqual([200, "true"]);
    expect((await again.json<SignalReceipt>()).id).toBe(first.id);
    expect(await ordersOf(path)).toEqual(["buy 1"]);
  });

  it("is one signal also where two of them come at once", async () => {
    const path = await makeSource();
    const receipts = await Promise.all([LONG, LATER, { ...LATER, comment: "third" }].map((one) => receive(path, one)));
    expect(new Set(receipts.map(({ id }) => id)).size).toBe(1);
    expect(await ordersOf(path)).toEqual(["buy 1"]);
  });

  it("is a signal of its own for the next bar, under another name, and for the other way", async () => {
    const path = await makeSource();
    const others = [
      { ...LONG, time: "2026-01-15T14:30:00Z" },
      { ...LONG, id: "Long 2" },
      { ...LONG, action: "sell" },
    ];
    for (const alert of [LONG, ...others]) await receive(path, alert);
    expect(await ordersOf(path)).toEqual(["buy 1", "buy 1", "buy 1", "sell 1"]);
  });

  it("is refused where it wants something else than the first one, which is on the record and in the log", async () => {
    const path = await makeSource();
    const first = await receive(path, LONG);
    const lines: string[] = [];
    vi.spyOn(console, "warn").mockImplementation((line: string) => void lines.push(line));
    const more = { ...LATER, contracts: "3" };
    // The same bytes once more have the same answer.
    for (const refused of [await ask("POST", path, more), await ask("POST", path, more)]) {
      expect([refused.status, (await refused.json<{ code: string }>()).code]).toEqual([409, "idempotency_conflict"]);
    }
    expect(await ordersOf(path)).toEqual(["buy 1"]);

    const alerts = lines.map((line): unknown => JSON.parse(line));
    expect(alerts).toContainEqual(
      expect.objectContaining({ level: "warn", event: "signal.conflict", source: sourceOf(path), first: first.id }),
    );
    const { entries } = await eventually(async () => {
      const page = await (
        await get("/v1/audit?account=second&type=signal.conflict&limit=200")
      ).json<{ entries: { event: string }[] }>();
      const own = page.entries.map(({ event }) => event).filter((event) => event.includes(sourceOf(path)));
      return own.length > 0 ? { entries: own } : undefined;
    });
    expect(entries.map((event): unknown => JSON.parse(event))).toMatchObject([
      {
        actor: { kind: "source", id: sourceOf(path) },
        result: { ok: false, code: "idempotency_conflict" },
        data: {
          signal: first.id,
          idempotency_key: expect.stringMatching(/^content:[0-9a-f]{64}$/),
          instructions: [{ size: { value: "3" } }],
        },
      },
    ]);
  });

  it("is known for good, long after the same bytes have been forgotten", async () => {
    const path = await makeSource({ deduplicate_sec: 1 });
    const first = await receive(path, LONG);
    const more = { ...LONG, contracts: "3" };
    expect((await ask("POST", path, more)).status).toBe(409);
    await scheduler.wait(1_100);
    expect((await receive(path, LONG)).id).toBe(first.id);
    expect((await ask("POST", path, more)).status).toBe(409);
    expect(await ordersOf(path)).toEqual(["buy 1"]);
  });

  it("is answered as the first one also where nothing came of that", async () => {
    const path = await makeSource();
    const tooMuch = { ...LONG, contracts: "6" };
    const first = await receive(path, tooMuch);
    expect(first).toMatchObject({ steps: [{ outcome: "failed", code: "order_denied" }] });
    expect(await receive(path, { ...tooMuch, timenow: LATER.timenow })).toEqual(first);
  });
});
