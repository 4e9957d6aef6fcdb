import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { createMemoryStore } from "../../src/brokers/paper/memory-store.ts";
import { EMBEDDED_CREDENTIALS, PaperVenueSettings } from "../../src/brokers/paper/settings.ts";
import { handleVenueRequest, setVenuePrice } from "../../src/brokers/paper/venue.ts";
import type { Decimal } from "../../src/domain/money.ts";
import type { Order } from "../../src/domain/order.ts";
import type { Portfolio } from "../../src/domain/portfolio.ts";
import { type Venue, account, withAccount } from "./support/faulty-venue.ts";
import {
  atVenue,
  call,
  eventually,
  get,
  listOrders,
  placeOrder,
  put,
  readAudit,
  readOrder,
  settled,
} from "./support/gateway.ts";

const BUY = { symbol: "AAPL", side: "buy", type: "market", quantity: "1" };
const RESTING = { symbol: "MSFT", side: "buy", type: "limit", quantity: "2", limit_price: "10", time_in_force: "gtc" };
const aKey = () => ({ "Idempotency-Key": crypto.randomUUID() });
const cancel = (id: string, headers = {}) => call("DELETE", `/v1/orders/${id}`, { headers });
const replace = (id: string, body: object | string, headers: Record<string, string> = aKey()) =>
  call("POST", `/v1/orders/${id}/replace`, { body, headers });

async function replaced(id: string, change: object): Promise<Order> {
  const response = await replace(id, change);
  expect(response.status).toBe(202);
  return response.json();
}

/** A venue that is slow to cancel: until `release`, every cancel stands still. */
function aHesitantVenue() {
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const venue =
    (real: Venue): Venue =>
    async (request) => {
      if (request.method === "DELETE") await held;
      return real(request);
    };
  return { venue, release };
}

/** A venue that is too busy to take orders, and says so. */
const busy =
  (real: Venue): Venue =>
  (request) =>
    request.method === "POST"
      ? Promise.resolve(
          Response.json(
            { code: 42910000, message: "rate limit exceeded" },
            { status: 429, headers: { "Retry-After": "1" } },
          ),
        )
      : real(request);

/** A venue that takes orders, and whose answers about them get lost. */
const unheard =
  (real: Venue): Venue =>
  async (request) => {
    const answer = await real(request);
    return request.url.includes("/orders") ? new Response(null, { status: 500 }) : answer;
  };

/** Moves the embedded market itself, whatever venue the account sees. */
const moveMarket = (symbol: string, price: string) =>
  env.PAPER_VENUES_DO.getByName("paper").setPrice(symbol, price as Decimal);

describe("an order that somebody wants canceled", () => {
  it("ends canceled, at the venue too", async () => {
    const order = await placeOrder(RESTING);
    const response = await cancel(order.id);
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({
      id: order.id,
      cancel_requested_at: expect.any(String) as string,
    });
    expect(await settled(order.id, "canceled")).toMatchObject({ filled_quantity: "0", delivery: "delivered" });
    expect(await atVenue(order)).toMatchObject({ status: "canceled" });
  });

  it("is answered with its end when the caller waits for it", async () => {
    const order = await placeOrder(RESTING);
    const response = await cancel(order.id, { Prefer: "wait=5" });
    expect(response.status).toBe(200);
    expect(response.headers.get("Preference-Applied")).toBe("wait=5");
    expect(await response.json()).toMatchObject({ status: "canceled" });
  });

  it("can be canceled again, which changes nothing", async () => {
    const order = await placeOrder(RESTING);
    await cancel(order.id);
    const canceled = await settled(order.id, "canceled");
    const again = await cancel(order.id);
    expect(again.status).toBe(200);
    expect(await again.json()).toEqual(canceled);
  });

  it("is on record with who wanted it", async () => {
    const order = await placeOrder(RESTING);
    await cancel(order.id, { "CF-Connecting-IP": "203.0.113.9" });
    const wish = await eventually(async () =>
      (await readAudit(`&order_id=${order.id}`)).find(({ event }) => event.type === "order.cancel_requested"),
    );
    expect(wish.event).toMatchObject({ actor: { kind: "api_key", id: "bootstrap" }, client_ip: "203.0.113.9" });
  });

  it("keeps what a faster fill did", async () => {
    const response = await call("POST", "/v1/orders", { body: BUY, headers: aKey() });
    const order = await response.json<Order>();
    const answer = await cancel(order.id);
    expect([202, 409]).toContain(answer.status);
    const ended = await eventually(async () => {
      const now = await readOrder(order.id);
      return now.status === "filled" || now.status === "canceled" ? now : undefined;
    });
    // The venue fills a market order whole and at once, so a wish that came before the call is the only way to "canceled".
    expect(ended.filled_quantity).toBe(ended.status === "filled" ? "1" : "0");
  });

  it("is answered with 409 when a fill was faster than the cancel", async () => {
    const order = await placeOrder({ ...RESTING, limit_price: "200" });
    const { venue, release } = aHesitantVenue();
    const answer = await withAccount({ venue }, async () => {
      const waiting = cancel(order.id, { Prefer: "wait=5" });
      await eventually(async () => ((await readOrder(order.id)).cancel_requested_at === null ? undefined : true));
      await moveMarket("MSFT", "199");
      release();
      return waiting;
    });
    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({ code: "order_ended" });
    expect(await readOrder(order.id)).toMatchObject({ status: "filled", filled_quantity: "2" });
    await put("/v1/paper/paper/prices/MSFT", { price: "412.25" });
  });

  it("ends at once while the broker has not taken it yet", async () => {
    await withAccount({ venue: busy }, async () => {
      const response = await call("POST", "/v1/orders", { body: RESTING, headers: aKey() });
      const { id } = await response.json<Order>();
      await eventually(async () => ((await readOrder(id)).reason === null ? undefined : true));
      const canceled = await cancel(id);
      expect(canceled.status).toBe(200);
      expect(await canceled.json()).toMatchObject({ status: "canceled", delivery: "none", venue_order_id: null });
    });
  });

  it("is canceled as soon as the broker is known to have it", { timeout: 15_000 }, async () => {
    const order = await withAccount({ venue: unheard }, async () => {
      const placed = await placeOrder(RESTING);
      expect(placed).toMatchObject({ delivery: "unknown", outcome: "unknown" });
      expect((await cancel(placed.id)).status).toBe(202);
      return placed;
    });
    const canceled = await settled(order.id, "canceled");
    expect(canceled).toMatchObject({ outcome: "known", attempts: 1 });
    expect(await atVenue(canceled)).toMatchObject({ status: "canceled" });
  });

  it.each([
    ["filled", BUY],
    ["denied", { ...BUY, symbol: "TSLA" }],
  ] as const)("cannot be canceled once it is %s", async (status, body) => {
    const { id } = await placeOrder(body);
    await settled(id, status);
    const response = await cancel(id);
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ code: "order_ended" });
  });
});

describe("all orders of an account at once", () => {
  const cancelAll = (query: string) => call("DELETE", `/v1/orders${query}`);
  const live = async () => (await listOrders()).filter(({ status }) => status === "new" || status === "pending_new");

  it("can be canceled in one symbol", async () => {
    const [one, other] = [await placeOrder(RESTING), await placeOrder({ ...RESTING, symbol: "SPY" })];
    const response = await cancelAll("?symbol=MSFT");
    expect(response.status).toBe(202);
    const { orders } = await response.json<{ orders: Order[] }>();
    expect(orders.map(({ id }) => id)).toContain(one.id);
    expect(new Set(orders.map(({ symbol }) => symbol))).toEqual(new Set(["MSFT"]));
    await settled(one.id, "canceled");
    expect(await readOrder(other.id)).toMatchObject({ status: "new", cancel_requested_at: null });
  });

  it("can be canceled, and another account's stay", async () => {
    const order = await placeOrder(RESTING);
    const elsewhere = await placeOrder({ ...RESTING, account: "second" });
    expect((await cancelAll("?account=paper")).status).toBe(202);
    await settled(order.id, "canceled");
    await eventually(async () => ((await live()).length === 0 ? true : undefined));
    expect(await readOrder(elsewhere.id)).toMatchObject({ status: "new", cancel_requested_at: null });
  });

  it("are not canceled by a query with a misspelt name", async () => {
    const order = await placeOrder(RESTING);
    for (const query of ["?simbol=AAPL", "?symbol=", "?account=paper&all=1"]) {
      expect((await cancelAll(query)).status).toBe(422);
    }
    // What is left of the path of one order whose id got lost.
    expect((await cancelAll("/")).status).toBe(404);
    expect(await readOrder(order.id)).toMatchObject({ cancel_requested_at: null });
  });

  it("are canceled together with the replacements that wait for them", async () => {
    const { venue, release } = aHesitantVenue();
    const old = await placeOrder(RESTING);
    const waiting = await withAccount({ venue }, async () => {
      const { id } = await replaced(old.id, { limit_price: "11" });
      const { orders } = await (await cancelAll("?symbol=MSFT")).json<{ orders: Order[] }>();
      expect(orders.find((order) => order.id === id)).toMatchObject({ status: "canceled", delivery: "none" });
      release();
      return id;
    });
    await settled(old.id, "canceled");
    expect(await readOrder(waiting)).toMatchObject({ status: "canceled", attempts: 0 });
  });
});

describe("an order that is replaced", () => {
  it("is canceled, and the new one stands at the venue with its terms, each naming the other", async () => {
    const old = await placeOrder(RESTING);
    const response = await replace(old.id, { quantity: "3", limit_price: "11.5" });
    expect(response.status).toBe(202);
    const order = await response.json<Order>();
    expect(response.headers.get("Location")).toBe(`/v1/orders/${order.id}`);
    expect(order).toMatchObject({ delivery: "waiting", status: "pending_new", replaces: old.id, quantity: "3" });
    expect(await settled(old.id, "canceled")).toMatchObject({ replaced_by: order.id });
    const placed = await settled(order.id, "new");
    expect(placed).toMatchObject({ replaces: old.id, symbol: "MSFT", side: "buy", time_in_force: "gtc" });
    expect(await atVenue(placed)).toMatchObject({ qty: "3", limit_price: "11.5", status: "new" });
    expect(await atVenue(old)).toMatchObject({ status: "canceled" });
  });

  it("can be replaced again through its replacement", async () => {
    const first = await placeOrder(RESTING);
    const second = await replaced(first.id, { limit_price: "11" });
    await settled(second.id, "new");
    const third = await replaced(second.id, { limit_price: "12" });
    expect(await settled(third.id, "new")).toMatchObject({ replaces: second.id, limit_price: "12" });
    expect(await readOrder(second.id)).toMatchObject({ status: "canceled", replaces: first.id, replaced_by: third.id });
  });

  it("wins over its replacement when it is filled first, and the replacement lapses", async () => {
    const old = await placeOrder({ ...RESTING, limit_price: "200" });
    const { venue, release } = aHesitantVenue();
    const { id } = await withAccount({ venue }, async () => {
      const order = await replaced(old.id, { limit_price: "190" });
      await moveMarket("MSFT", "199");
      release();
      await settled(old.id, "filled");
      return order;
    });
    expect(await settled(id, "expired")).toMatchObject({
      delivery: "none",
      attempts: 0,
      reason: { code: "replaced_order_filled" },
    });
    await put("/v1/paper/paper/prices/MSFT", { price: "412.25" });
  });

  it("is waited for also after the account was evicted", { timeout: 15_000 }, async () => {
    const old = await placeOrder(RESTING);
    const { id } = await replaced(old.id, { limit_price: "11" });
    await evictDurableObject(account());
    expect(await settled(id, "new")).toMatchObject({ limit_price: "11", attempts: 1 });
    expect(await readOrder(old.id)).toMatchObject({ status: "canceled" });
  });

  it("is waited for also by an order that replaces its replacement", async () => {
    const old = await placeOrder({ ...RESTING, limit_price: "200" });
    const { venue, release } = aHesitantVenue();
    const [second, third] = await withAccount({ venue }, async () => {
      const next = await replaced(old.id, { limit_price: "190" });
      const last = await replaced(next.id, { limit_price: "180" });
      // The old order is still open at the venue: nothing may stand there in its place.
      await scheduler.wait(1_000);
      const { status } = await atVenue(old);
      const successors = (await listOrders()).filter(({ replaces }) => replaces === old.id || replaces === next.id);
      release();
      expect(status).toBe("new");
      expect(successors.map(({ id, delivery }) => [id, delivery])).toEqual([
        [last.id, "waiting"],
        [next.id, "none"],
      ]);
      return [next, last] as const;
    });
    expect(await settled(third.id, "new")).toMatchObject({ replaces: old.id, limit_price: "180" });
    expect(await readOrder(second.id)).toMatchObject({ status: "canceled", replaced_by: third.id, attempts: 0 });
    expect(await readOrder(old.id)).toMatchObject({ status: "canceled", replaced_by: third.id });
  });

  it("makes room at once while the broker has not taken it yet", async () => {
    const { old, order } = await withAccount({ venue: busy }, async () => {
      const response = await call("POST", "/v1/orders", { body: RESTING, headers: aKey() });
      const { id } = await response.json<Order>();
      await eventually(async () => ((await readOrder(id)).reason === null ? undefined : true));
      return { old: id, order: await replaced(id, { limit_price: "11" }) };
    });
    expect(await readOrder(old)).toMatchObject({ status: "canceled", delivery: "none", replaced_by: order.id });
    expect(await settled(order.id, "new")).toMatchObject({ limit_price: "11" });
  });

  it("is canceled all the same when its replacement is canceled while it waits", async () => {
    const old = await placeOrder(RESTING);
    const { venue, release } = aHesitantVenue();
    const { id } = await withAccount({ venue }, async () => {
      const order = await replaced(old.id, { limit_price: "11" });
      expect((await cancel(order.id)).status).toBe(200);
      release();
      return order;
    });
    await settled(old.id, "canceled");
    expect(await readOrder(id)).toMatchObject({ status: "canceled", attempts: 0 });
  });

  it("counts once in the portfolio while its replacement waits", { timeout: 15_000 }, async () => {
    await call("DELETE", "/v1/orders");
    await eventually(async () => {
      const page: { orders: Order[] } = await (await get("/v1/orders?status=new")).json();
      return page.orders.length === 0 ? true : undefined;
    });
    const old = await placeOrder({ ...RESTING, symbol: "SPY" });
    const { venue, release } = aHesitantVenue();
    await withAccount({ venue }, async () => {
      await replaced(old.id, { quantity: "3" });
      const { positions }: Portfolio = await (await get("/v1/portfolio")).json();
      expect(positions.find(({ symbol }) => symbol === "SPY")).toMatchObject({ working_buy: "2" });
      release();
    });
    await settled(old.id, "canceled");
  });

  it("stays as it is when the policy denies the replacement", async () => {
    const old = await settled((await placeOrder(RESTING)).id, "new");
    const response = await replace(old.id, { quantity: "1000" });
    expect(response.status).toBe(200);
    const denied = await response.json<Order>();
    expect(denied).toMatchObject({ status: "denied", replaces: old.id, reason: { code: "max_quantity_exceeded" } });
    expect(await readOrder(old.id)).toMatchObject({ status: "new", cancel_requested_at: null, replaced_by: null });
    expect(await atVenue(old)).toMatchObject({ status: "new" });
  });

  it("takes the same request as the same replacement, and other content under its id as a conflict", async () => {
    const old = await placeOrder(RESTING);
    const headers = aKey();
    const first = await (await replace(old.id, { limit_price: "11" }, headers)).json<Order>();
    const again = await replace(old.id, { limit_price: "11" }, headers);
    expect(again.status).toBe(200);
    expect(again.headers.get("Idempotency-Replayed")).toBe("true");
    expect(await again.json()).toMatchObject({ id: first.id });
    const other = await replace(old.id, { limit_price: "12" }, headers);
    expect(other.status).toBe(409);
    expect(await other.json()).toMatchObject({ code: "idempotency_conflict" });
  });

  it("cannot be replaced a second time while the first replacement waits", async () => {
    const old = await placeOrder(RESTING);
    const { venue, release } = aHesitantVenue();
    await withAccount({ venue }, async () => {
      const { id } = await replaced(old.id, { limit_price: "11" });
      const second = await replace(old.id, { limit_price: "12" });
      expect(second.status).toBe(409);
      expect(await second.json()).toMatchObject({ code: "order_not_replaceable" });
      release();
      await settled(id, "new");
    });
  });

  it("cannot be replaced once it has ended", async () => {
    const { id } = await placeOrder(BUY);
    await settled(id, "filled");
    const response = await replace(id, { quantity: "2" });
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ code: "order_not_replaceable" });
  });

  it.each<[string, number, string, object | string]>([
    ["changes nothing", 422, "invalid_request", {}],
    ["names only a new id", 422, "invalid_request", { client_order_id: "another" }],
    ["changes what is another order", 422, "invalid_request", { symbol: "AAPL" }],
    ["gives a price the order does not have", 422, "invalid_request", { stop_price: "9" }],
    ["gives a quantity of nothing", 422, "invalid_request", { quantity: "0" }],
    ["holds a key twice", 400, "malformed_body", '{"limit_price":"11","limit_price":"12"}'],
    ["holds an inexact number", 400, "malformed_body", '{"limit_price":9007199254740993}'],
  ])("stays when the change %s", async (_, status, code, change) => {
    const old = await placeOrder(RESTING);
    const response = await replace(old.id, change);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code });
    expect(await readOrder(old.id)).toMatchObject({ cancel_requested_at: null, replaced_by: null });
  });

  it("stays when the request has no id of its own", async () => {
    const old = await placeOrder(RESTING);
    const response = await replace(old.id, { limit_price: "11" }, {});
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "idempotency_key_required" });
    expect(await readOrder(old.id)).toMatchObject({ cancel_requested_at: null });
  });

  it("is cancelled once, and leaves one order at the venue, from 10 equal requests in parallel", async () => {
    const old = await placeOrder({ ...RESTING, symbol: "SPY" });
    const headers = aKey();
    const orders = await Promise.all(
      Array.from({ length: 10 }, async () => (await replace(old.id, { limit_price: "11" }, headers)).json<Order>()),
    );
    expect(new Set(orders.map(({ id }) => id)).size).toBe(1);
    await settled(orders[0]!.id, "new");
    const page: { orders: Order[] } = await (await get("/v1/orders?symbol=SPY&status=new&limit=200")).json();
    expect(page.orders.filter((order) => order.replaces === old.id)).toHaveLength(1);
  });
});

describe("an order that is replaced after a part of it was filled", () => {
  /** A venue of its own, in which an order fills at most two units each time the market is looked at. */
  function aThinMarket() {
    const market = {
      settings: PaperVenueSettings.parse({ cash: "100000", prices: { MSFT: "412.25" }, max_fill_quantity: "2" }),
      credentials: EMBEDDED_CREDENTIALS,
      store: createMemoryStore(),
      nowMs: Date.now,
      uuid: () => crypto.randomUUID(),
    };
    return { market, venue: () => (request: Request) => handleVenueRequest(request, market) };
  }

  it("has its fills taken off the new quantity, and nothing is traded twice", { timeout: 15_000 }, async () => {
    const { market, venue } = aThinMarket();
    await withAccount({ venue }, async () => {
      const old = await placeOrder({ ...RESTING, quantity: "5", limit_price: "200" });
      setVenuePrice(market, "MSFT", "199" as Decimal);
      setVenuePrice(market, "MSFT", "412.25" as Decimal);
      const partly = await settled(old.id, "partially_filled");
      expect(partly.filled_quantity).toBe("2");

      const tooFew = await replace(old.id, { quantity: "2" });
      expect(tooFew.status).toBe(422);
      expect(await tooFew.json()).toMatchObject({ errors: [{ pointer: "/quantity" }] });

      const order = await replaced(old.id, { quantity: "6", limit_price: "190" });
      expect(await settled(order.id, "new")).toMatchObject({ quantity: "4", limit_price: "190" });
      expect(await readOrder(old.id)).toMatchObject({ status: "canceled", filled_quantity: "2" });

      setVenuePrice(market, "MSFT", "189" as Decimal);
      const filled = await settled(order.id, "filled");
      expect(Number(filled.filled_quantity) + 2).toBe(6);
    });
  });
});
