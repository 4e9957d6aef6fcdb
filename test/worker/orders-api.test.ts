import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createApp } from "../../src/http/app.ts";
import type { Order } from "../../src/domain/order.ts";
import { type Venue, account, withAccount } from "./support/faulty-venue.ts";
import { call, eventually, get, listOrders, placeOrder, readAudit, readOrder, settled } from "./support/gateway.ts";

const BUY = { symbol: "AAPL", side: "buy", type: "market", quantity: "1" };
const RESTING = { symbol: "MSFT", side: "buy", type: "limit", quantity: "1", limit_price: "1", time_in_force: "gtc" };
const NOBODY = "paper_01890000-0000-7000-8000-000000000000";
const aKey = () => ({ "Idempotency-Key": crypto.randomUUID() });
const post = (body: object | string, headers: Record<string, string> = aKey()) =>
  call("POST", "/v1/orders", { body, headers });

afterEach(() => vi.restoreAllMocks());

describe("every request beside the webhook", () => {
  it.each([
    ["POST", "/v1/orders"],
    ["POST", "/v1/orders/batch"],
    ["DELETE", "/v1/orders"],
    ["DELETE", `/v1/orders/${NOBODY}`],
    ["POST", `/v1/orders/${NOBODY}/replace`],
    ["POST", `/v1/orders/${NOBODY}/settle`],
    ["GET", "/v1/executions"],
    ["GET", "/v1/portfolio"],
    ["GET", "/v1/accounts/paper/circuit-breaker"],
    ["POST", "/v1/accounts/paper/circuit-breaker/reset"],
  ])("%s %s needs the API key, in its header only", async (method, path) => {
    for (const key of ["", env.BOOTSTRAP_API_KEY.slice(0, -1)]) {
      const response = await call(method, path, { headers: { "X-API-Key": key } });
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({ code: "unauthorized" });
    }
    const inQuery = await call(method, `${path}?api_key=${env.BOOTSTRAP_API_KEY}`);
    expect(inQuery.status).toBe(400);
    expect(await inQuery.json()).toMatchObject({ code: "key_in_query" });
  });

  it.each([
    ["DELETE", `/v1/orders/${NOBODY}`, undefined],
    ["DELETE", "/v1/orders/elsewhere_01890000-0000-7000-8000-000000000000", undefined],
    ["DELETE", "/v1/orders/1", undefined],
    ["DELETE", "/v1/orders?account=elsewhere", undefined],
    ["POST", `/v1/orders/${NOBODY}/replace`, { quantity: "2" }],
    ["POST", "/v1/orders/1/replace", { quantity: "2" }],
    ["POST", `/v1/orders/${NOBODY}/settle`, { outcome: "not_placed", reason: "it is not there" }],
    ["POST", "/v1/orders/1/settle", { outcome: "not_placed", reason: "it is not there" }],
    ["GET", "/v1/executions?account=elsewhere", undefined],
    ["GET", "/v1/executions?order_id=elsewhere_01890000-0000-7000-8000-000000000000", undefined],
    ["GET", "/v1/portfolio?account=elsewhere", undefined],
    ["GET", "/v1/portfolio?account=constructor", undefined],
    ["GET", "/v1/accounts/elsewhere/circuit-breaker", undefined],
    ["POST", "/v1/accounts/elsewhere/circuit-breaker/reset", undefined],
  ])("%s %s leads nowhere and is answered with 404", async (method, path, body) => {
    const response = await call(method, path, { headers: aKey(), ...(body === undefined ? {} : { body }) });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: "not_found" });
  });
});

describe("an order placed with the API key", () => {
  it("is recorded, answered with 202, and filled at the paper venue", async () => {
    const response = await post(BUY);
    expect(response.status).toBe(202);
    const order = await response.json<Order>();
    expect(order).toMatchObject({ source: "api", status: "pending_new", account: "paper" });
    expect(response.headers.get("Location")).toBe(`/v1/orders/${order.id}`);
    expect(response.headers.get("RateLimit-Policy")).toBe('"source";q=40;w=1, "authenticated";q=10000;w=3600');
    expect(await settled(order.id, "filled")).toMatchObject({ filled_quantity: "1" });
  });

  it("waits for the broker's word when asked to", async () => {
    const response = await post(BUY, { ...aKey(), Prefer: "wait=5" });
    expect(response.headers.get("Preference-Applied")).toBe("wait=5");
    expect(await response.json()).toMatchObject({ delivery: "delivered" });
  });

  it("goes to the account that it names", async () => {
    expect(await placeOrder({ ...BUY, account: "second" })).toMatchObject({ account: "second" });
  });

  it("is in the audit log as the key holder's", async () => {
    const order = await placeOrder(BUY);
    const accepted = await eventually(async () =>
      (await readAudit(`&order_id=${order.id}`)).find(({ event }) => event.type === "signal.accepted"),
    );
    expect(accepted.event).toMatchObject({
      actor: { kind: "api_key", id: "bootstrap" },
      request_id: order.request_id,
      data: { body_sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
    });
  });

  it("is denied by the policy with 200, and stored", async () => {
    const response = await post({ ...BUY, symbol: "TSLA" });
    expect(response.status).toBe(200);
    expect(response.headers.get("Idempotency-Replayed")).toBeNull();
    expect(await response.json()).toMatchObject({ status: "denied", reason: { code: "symbol_not_allowed" } });
  });

  it("is refused without an id of its own, and the answer says how to give it one", async () => {
    const response = await post(BUY, {});
    expect(response.status).toBe(400);
    const problem = await response.json<{ code: string; detail: string }>();
    expect(problem.code).toBe("idempotency_key_required");
    expect(problem.detail).toContain("Idempotency-Key");
    expect(problem.detail).toContain("client_order_id");
  });

  it.each([
    ["its key", () => ({ body: BUY, headers: aKey() })],
    ["its client_order_id", () => ({ body: { ...BUY, client_order_id: crypto.randomUUID() }, headers: {} })],
  ])("comes back as the same order under %s, and with 409 when its content differs", async (_, request) => {
    const { body, headers } = request();
    const first = await (await post(body, headers)).json<Order>();
    const again = await post(body, headers);
    expect(again.status).toBe(200);
    expect(again.headers.get("Idempotency-Replayed")).toBe("true");
    expect(await again.json()).toMatchObject({ id: first.id });
    const other = await post({ ...body, quantity: "2" }, headers);
    expect(other.status).toBe(409);
    expect(await other.json()).toMatchObject({ code: "idempotency_conflict" });
  });

  it("may have both a key and a client_order_id, and comes back under either", async () => {
    const named = { ...RESTING, client_order_id: crypto.randomUUID() };
    const headers = aKey();
    const { id } = await (await post(named, headers)).json<Order>();
    for (const again of [post(named, headers), post(named, {}), post(named, aKey())]) {
      expect(await (await again).json()).toMatchObject({ id });
    }
    // Without its client_order_id the content is another one.
    expect((await post(RESTING, headers)).status).toBe(409);
  });

  it("is not the order whose client_order_id is spelled like its key", async () => {
    const name = crypto.randomUUID();
    const [named, keyed] = [
      await post({ ...RESTING, client_order_id: name }, {}),
      await post(RESTING, { "Idempotency-Key": name }),
    ];
    expect([named.status, keyed.status]).toEqual([202, 202]);
    expect((await named.json<Order>()).id).not.toBe((await keyed.json<Order>()).id);
  });

  it("cannot have the names of two orders", async () => {
    const [named, headers] = [{ ...RESTING, client_order_id: crypto.randomUUID() }, aKey()];
    await post(named, {});
    await post(RESTING, headers);
    expect((await post(named, headers)).status).toBe(409);
  });

  it("comes of 20 equal requests in parallel once", async () => {
    const headers = aKey();
    const orders = await Promise.all(
      Array.from({ length: 20 }, async () => (await post(RESTING, headers)).json<Order>()),
    );
    expect(new Set(orders.map(({ id }) => id)).size).toBe(1);
  });

  it("is stored once when the account's first answer gets lost", async () => {
    let calls = 0;
    const forgetful = {
      getByName: () => ({
        submit: async (...args: Parameters<ReturnType<typeof account>["submit"]>) => {
          const answer = await account().submit(...args);
          calls += 1;
          if (calls === 1) throw new Error("the object was reset");
          return answer;
        },
      }),
    };
    const request = {
      method: "POST",
      body: JSON.stringify({ ...RESTING, limit_price: "4" }),
      headers: { "X-API-Key": env.BOOTSTRAP_API_KEY, ...aKey() },
    };
    const response = await createApp().request("/v1/orders", request, { ...env, ACCOUNTS_DO: forgetful });
    expect(response.status).toBe(202);
    const { id } = await response.json<Order>();
    expect((await listOrders()).filter((order) => order.limit_price === "4").map((order) => order.id)).toEqual([id]);
  });

  it.each<[string, number, string, object | string]>([
    ["over 64 KiB", 413, "body_too_large", `{"symbol":"AAPL","note":"${"x".repeat(65_536)}"}`],
    ["empty", 400, "malformed_body", ""],
    ["not JSON", 400, "malformed_body", "buy AAPL"],
    ["with a key twice", 400, "malformed_body", '{"symbol":"AAPL","side":"buy","side":"sell"}'],
    ["with an inexact number", 400, "malformed_body", '{"symbol":"AAPL","quantity":9007199254740993}'],
    ["with an unknown field", 422, "invalid_request", { ...BUY, limitprice: "1" }],
    ["for an account that does not exist", 422, "invalid_request", { ...BUY, account: "nowhere" }],
  ])("is refused when its body is %s", async (_, status, code, body) => {
    const before = (await listOrders()).length;
    const response = await post(body);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code, status });
    expect((await listOrders()).length).toBe(before);
  });

  it.each(["x".repeat(256), "a key", 'a"key', "a\\key", '"a', '""'])(
    "is refused when its key cannot be read, and told what a key is: %s",
    async (key) => {
      const response = await post(BUY, { "Idempotency-Key": key });
      expect(response.status).toBe(400);
      const problem = await response.json<{ code: string; detail: string }>();
      expect(problem.code).toBe("invalid_header");
      expect(problem.detail).toContain("1 to 255 printable ASCII characters, none of them a space");
    },
  );

  it("is found by its client_order_id", async () => {
    const clientOrderId = crypto.randomUUID();
    const { id } = await placeOrder({ ...RESTING, client_order_id: clientOrderId });
    const find = async (query: string) => (await (await get(`/v1/orders?${query}`)).json<{ orders: Order[] }>()).orders;
    expect(await find(`client_order_id=${clientOrderId}`)).toMatchObject([{ id }]);
    expect(await find(`client_order_id=${clientOrderId}&symbol=AAPL`)).toEqual([]);
    expect(await find("client_order_id=nobody-has-this")).toEqual([]);
    expect((await get("/v1/orders?client_order_id=no%20name")).status).toBe(422);
  });

  it("is refused with 429 and Retry-After over the limit", async () => {
    const responses = await withAccount({ settings: { RATE_LIMIT_RPS: "1" } }, () =>
      Promise.all(Array.from({ length: 20 }, () => post({ ...BUY, symbol: "NOPE" }))),
    );
    const refused = responses.find(({ status }) => status === 429);
    expect(refused?.headers.get("Retry-After")).toBe("1");
  });
});

/** A venue that takes orders, or does not, and in no case answers for them. */
const mute =
  ({ takes }: { takes: boolean }): ((real: Venue) => Venue) =>
  (real) =>
  async (request) => {
    if (request.method === "POST" && takes) await real(request);
    return request.url.includes("/orders") ? new Response(null, { status: 500 }) : real(request);
  };

describe("an order of unknown outcome", () => {
  // A venue that answers nothing opens the breaker, and then the next order would be denied.
  beforeEach(async () => void (await call("POST", "/v1/accounts/paper/circuit-breaker/reset")));

  /** The broker does not answer in most of these. */
  const settle = (id: string, body: object) =>
    call("POST", `/v1/orders/${id}/settle`, { body: { without_broker: true, ...body } });
  const unknown = (id: string) =>
    eventually(async () => ((await readOrder(id)).delivery === "unknown" ? true : undefined));

  it("ends as the operator says when the broker has no word on it", async () => {
    const order = await withAccount({ venue: mute({ takes: false }) }, async () => {
      const { id } = await placeOrder(RESTING);
      await unknown(id);
      const response = await settle(id, { outcome: "not_placed", reason: "asked their support" });
      expect(response.status).toBe(200);
      return response.json<Order>();
    });
    expect(order).toMatchObject({ status: "canceled", delivery: "none", outcome: "known" });
    expect(order.reason).toEqual({ code: "settled_by_operator", detail: "asked their support" });
    const event = await eventually(async () =>
      (await readAudit(`&order_id=${order.id}`)).find(({ event: { type } }) => type === "order.settled"),
    );
    expect(event.event.actor).toEqual({ kind: "api_key", id: "bootstrap" });
  });

  it("moves the position by what the operator says was filled", async () => {
    const held = async () => {
      const portfolio = await (
        await get("/v1/portfolio")
      ).json<{
        positions: { symbol: string; quantity: string }[];
      }>();
      return Number(portfolio.positions.find(({ symbol }) => symbol === "SPY")?.quantity ?? "0");
    };
    const before = await held();
    await withAccount({ venue: mute({ takes: false }) }, async () => {
      const { id } = await placeOrder({ ...RESTING, symbol: "SPY", quantity: "3" });
      await unknown(id);
      const filled = { outcome: "placed", status: "filled", filled_quantity: "3", average_price: "1", reason: "seen" };
      const response = await settle(id, filled);
      expect(await response.json()).toMatchObject({ status: "filled", filled_quantity: "3", average_price: "1" });
    });
    expect(await held()).toBe(before + 3);
  });

  it("is not settled by hand where the broker knows it", async () => {
    const { id } = await withAccount({ venue: mute({ takes: true }) }, async () => {
      const order = await placeOrder(RESTING);
      await unknown(order.id);
      return order;
    });
    const response = await settle(id, { outcome: "not_placed", reason: "it is not on my screen" });
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ code: "order_outcome_known" });
    expect(await readOrder(id)).toMatchObject({ status: "new", delivery: "delivered" });
  });

  it.each<[string, number, string, object]>([
    ["without a reason", 422, "/reason", { outcome: "not_placed" }],
    ["with an outcome that does not exist", 422, "/outcome", { outcome: "lost", reason: "x" }],
    ["with an unknown field", 422, "/price", { outcome: "not_placed", reason: "x", price: "1" }],
    [
      "with more than was ordered",
      422,
      "/filled_quantity",
      { outcome: "placed", status: "filled", filled_quantity: "2", average_price: "1", reason: "x" },
    ],
  ])("cannot be settled %s", async (_, status, pointer, body) => {
    await withAccount({ venue: mute({ takes: false }) }, async () => {
      const { id } = await placeOrder(RESTING);
      await unknown(id);
      const response = await settle(id, body);
      expect(response.status).toBe(status);
      const { errors } = await response.json<{ errors: { pointer: string }[] }>();
      expect(errors.map((error) => error.pointer)).toContain(pointer);
      await settle(id, { outcome: "not_placed", reason: "end of the test" });
    });
  });
});

describe("an order whose outcome is known", () => {
  it("cannot be settled by hand", async () => {
    const { id } = await placeOrder(RESTING);
    const body = { outcome: "not_placed", reason: "I would rather not" };
    const response = await call("POST", `/v1/orders/${id}/settle`, { body });
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ code: "order_outcome_known" });
  });
});
