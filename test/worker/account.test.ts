import { env } from "cloudflare:workers";
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { Order } from "../../src/domain/order.ts";
import { eventually, get, listOrders, put, readOrder, sendOrder, settled } from "./support/gateway.ts";

const account = () => env.ACCOUNTS_DO.getByName("paper");
const LIMIT = { symbol: "MSFT", side: "buy", type: "limit", quantity: "2", limit_price: "400", time_in_force: "gtc" };

describe("an order that rests", () => {
  it("is followed and fills when the price crosses its limit", async () => {
    const order = await sendOrder(LIMIT);
    expect(await eventually(async () => ((await readOrder(order.id)).status === "new" ? true : undefined))).toBe(true);
    expect((await put("/v1/paper/paper/prices/MSFT", { price: "399.5" })).status).toBe(200);
    const filled = await settled(order.id, "filled");
    expect(filled).toMatchObject({ filled_quantity: "2", average_price: "399.5" });
  });

  it("survives the eviction of its account", async () => {
    const order = await sendOrder({ ...LIMIT, limit_price: "300" });
    await evictDurableObject(account());
    expect(await readOrder(order.id)).toMatchObject({ id: order.id, limit_price: "300" });
    await put("/v1/paper/paper/prices/MSFT", { price: "299" });
    expect(await settled(order.id, "filled")).toMatchObject({ average_price: "299" });
  });
});

describe("an attempt cut off by a crash", () => {
  it("is looked up under the same id and adopted, and is sent no second time", async () => {
    const order = await sendOrder({ ...LIMIT, symbol: "SPY", limit_price: "500" });
    // As a crash right after the request left would leave it: on record as being sent, its answer never seen.
    await runInDurableObject(account(), (_, state) => {
      const interrupted: Order = { ...order, delivery: "submitting", status: "pending_new", venue_order_id: null };
      state.storage.sql.exec(
        "UPDATE orders SET state = ?, purpose = 'send', due_at_ms = ? WHERE id = ?",
        JSON.stringify(interrupted),
        Date.now() + 30_000,
        order.id,
      );
    });
    await evictDurableObject(account());
    await get(`/v1/orders/${order.id}`);
    const adopted = await eventually(async () => {
      const now = await readOrder(order.id);
      return now.delivery === "delivered" ? now : undefined;
    });
    expect(adopted).toMatchObject({
      status: "new",
      outcome: "known",
      venue_order_id: order.venue_order_id,
      attempts: order.attempts,
    });
  });
});

describe("positions", () => {
  it("let a sale that only reduces the position through, whatever the entry limits say", async () => {
    await put("/v1/paper/paper/prices/AAPL", { price: "150" });
    for (const quantity of ["100", "60"]) {
      await settled((await sendOrder({ symbol: "AAPL", side: "buy", type: "market", quantity })).id, "filled");
    }
    const tooMuch = await sendOrder({ symbol: "AAPL", side: "sell", type: "market", quantity: "161" });
    expect(tooMuch.status).toBe("denied");
    const exit = await sendOrder({ symbol: "AAPL", side: "sell", type: "market", quantity: "160" });
    expect(exit.verdicts.find(({ rule }) => rule === "max_quantity")).toMatchObject({
      passed: true,
      reason: "exempt_reduction",
    });
    await settled(exit.id, "filled");
  });
});

describe("a listing", () => {
  it("pages through orders, newest first, and filters them", async () => {
    const { orders, next_cursor } = await (
      await get("/v1/orders?limit=2")
    ).json<{
      orders: Order[];
      next_cursor: string;
    }>();
    expect(orders).toHaveLength(2);
    const rest = await (
      await get(`/v1/orders?limit=200&cursor=${next_cursor}`)
    ).json<{
      orders: Order[];
      next_cursor: null;
    }>();
    expect(rest.next_cursor).toBeNull();
    expect([...orders, ...rest.orders]).toEqual(await listOrders());
    const ids = (await listOrders()).map(({ id }) => id);
    expect(ids).toEqual([...ids].sort().reverse());
    const denied = await (await get("/v1/orders?status=denied&symbol=AAPL")).json<{ orders: Order[] }>();
    expect(denied.orders.map(({ status, symbol }) => `${status} ${symbol}`)).toEqual(["denied AAPL"]);
  });
});
