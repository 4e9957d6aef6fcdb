// Entries with a take profit and a stop loss through every door, at the embedded paper venue: followed until the position is
// closed, whatever closes it, also through the end of the process.
import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import type { Order } from "../../src/domain/order.ts";
import type { SignalReceipt } from "../../src/domain/signal/receipt.ts";
import { SETTLED_MS } from "../../src/directory/directory.ts";
import { makeAccount } from "../support/make-account.ts";
import { call, eventually, get, post, put, readAudit, readOrder, sign } from "./support/gateway.ts";

const ENTRY = { symbol: "AAPL", side: "buy", type: "market", quantity: "10" };
const BOTH = { take_profit: { limit_price: "200" }, stop_loss: { stop_price: "180" } };

/** An account of its own, so that a price that moves is nobody else's. */
function aDesk(id: string) {
  const account = env.ACCOUNTS_DO.getByName(id);
  const read = async (order: Pick<Order, "id">) => readOrder(order.id);
  const legsOf = async (order: Pick<Order, "id">) =>
    Promise.all(((await read(order)).legs ?? []).map((leg) => readOrder(leg)));
  const statusesOf = async (order: Pick<Order, "id">) =>
    [await read(order), ...(await legsOf(order))].map(({ status }) => status).join(" ");
  return {
    id,
    account,
    legsOf,
    place: async (order: object): Promise<Order> => {
      const headers = { "Idempotency-Key": crypto.randomUUID(), Prefer: "wait=5" };
      const response = await call("POST", "/v1/orders", { body: { account: id, ...ENTRY, ...order }, headers });
      if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
      return response.json();
    },
    moveTo: async (price: string) => {
      expect((await put(`/v1/paper/${id}/prices/AAPL`, { price })).ok).toBe(true);
    },
    /** The order, its take profit and its stop loss. */
    becomes: (order: Pick<Order, "id">, statuses: string) =>
      eventually(async () => ((await statusesOf(order)) === statuses ? true : undefined)).catch(async () =>
        expect(await statusesOf(order)).toBe(statuses),
      ),
    positionOf: async (symbol = "AAPL"): Promise<string> => {
      const { positions } = await (
        await get(`/v1/portfolio?account=${id}`)
      ).json<{ positions: { symbol: string; quantity: string }[] }>();
      return positions.find((position) => position.symbol === symbol)?.quantity ?? "0";
    },
    orders: async (): Promise<Order[]> =>
      (await (await get(`/v1/orders?account=${id}`)).json<{ orders: Order[] }>()).orders,
  };
}

/** As many as there are tests that take one. */
const desks = Array.from({ length: 13 }, (_, index) => `brackets-${index + 1}`);
const anotherDesk = () => aDesk(desks.pop() ?? "");

describe("an order with a take profit and a stop loss", () => {
  beforeAll(async () => {
    for (const id of desks) await makeAccount(id);
    // Until every isolate finds them, see the directory.
    await scheduler.wait(SETTLED_MS);
  });

  it.each<[string, object, string, string]>([
    ["its take profit", BOTH, "201", "filled filled canceled"],
    ["its stop loss", BOTH, "179", "filled canceled filled"],
    ["its take profit alone", { take_profit: BOTH.take_profit }, "201", "filled filled"],
    ["its stop loss alone", { stop_loss: BOTH.stop_loss }, "179", "filled filled"],
  ])("is flat again at %s", async (_, legs, price, expected) => {
    const { place, becomes, moveTo, positionOf, account } = anotherDesk();
    const order = await place(legs);
    await becomes(order, expected.split(" ").length === 3 ? "filled new suspended" : "filled new");
    expect(await positionOf()).toBe("10");
    await evictDurableObject(account);
    await moveTo(price);
    await becomes(order, expected);
    expect(await positionOf()).toBe("0");
  });

  it("tells of its legs, which are orders like any other", async () => {
    const { place, becomes, legsOf, orders } = anotherDesk();
    const order = await place(BOTH);
    expect(order).toMatchObject(BOTH);
    await becomes(order, "filled new suspended");
    const [profit, stop] = await legsOf(order);
    expect(profit).toMatchObject({ parent: order.id, side: "sell", type: "limit", limit_price: "200", quantity: "10" });
    expect(stop).toMatchObject({ parent: order.id, side: "sell", type: "stop", stop_price: "180", quantity: "10" });
    expect(new Set((await orders()).map(({ id }) => id))).toEqual(new Set([order.id, profit?.id, stop?.id]));
    const added = await eventually(async () => {
      const audit = await readAudit(`&account=${order.account}&order_id=${profit?.id}`);
      return audit.find(({ event }) => event.type === "order.leg_added");
    });
    expect(added.event.data).toMatchObject({ parent: order.id, venue_order_id: profit?.venue_order_id });
  });

  it("ends with its legs when it is canceled before it is filled", async () => {
    const { place, becomes, positionOf } = anotherDesk();
    const order = await place({ ...BOTH, type: "limit", limit_price: "185" });
    await becomes(order, "new suspended suspended");
    expect((await call("DELETE", `/v1/orders/${order.id}`)).ok).toBe(true);
    await becomes(order, "canceled canceled canceled");
    expect(await positionOf()).toBe("0");
  });

  it("loses both legs with one of them, and keeps its position", async () => {
    const { place, becomes, legsOf, positionOf } = anotherDesk();
    const order = await place(BOTH);
    await becomes(order, "filled new suspended");
    const [, stop] = await legsOf(order);
    expect((await call("DELETE", `/v1/orders/${stop?.id}`)).ok).toBe(true);
    await becomes(order, "filled canceled canceled");
    expect(await positionOf()).toBe("10");
  });

  it("is not replaced, and neither is a leg of it", async () => {
    const { place, becomes, legsOf } = anotherDesk();
    const order = await place({ ...BOTH, type: "limit", limit_price: "185" });
    await becomes(order, "new suspended suspended");
    for (const { id } of [order, ...(await legsOf(order))]) {
      const headers = { "Idempotency-Key": crypto.randomUUID() };
      const refused = await call("POST", `/v1/orders/${id}/replace`, { body: { quantity: "4" }, headers });
      expect(refused.status).toBe(409);
      expect(await refused.json()).toMatchObject({
        code: "order_not_replaceable",
        detail: expect.stringContaining("take profit"),
      });
    }
  });

  it.each<[string, object, string]>([
    ["a stop that is no loss", { ...BOTH, stop_loss: { stop_price: "201" } }, "bracket_prices"],
    ["a part of a unit", { ...BOTH, quantity: "1.5" }, "unsupported_bracket"],
    ["an amount of money", { ...BOTH, quantity: undefined, notional: "1000" }, "unsupported_bracket"],
    ["a price between two ticks", { ...BOTH, take_profit: { limit_price: "200.005" } }, "price_increment"],
  ])("is denied with %s, before anything is sent", async (_, change, code) => {
    const { place } = anotherDesk();
    expect(await place(change)).toMatchObject({ status: "denied", reason: { code }, attempts: 0 });
  });

  it("may be one of a batch", async () => {
    const { id, becomes } = anotherDesk();
    const orders = [{ ...ENTRY, ...BOTH }];
    const headers = { "Idempotency-Key": crypto.randomUUID() };
    const response = await call("POST", "/v1/orders/batch", { body: { account: id, orders }, headers });
    const answer = await response.json<{ orders: { order: Order }[] }>();
    const [first] = answer.orders;
    expect(first?.order).toMatchObject(BOTH);
    if (first !== undefined) await becomes(first.order, "filled new suspended");
  });
});

describe("a signal with a take profit and a stop loss", () => {
  const secrets = new Map<string, string>();
  const SOURCES = ["bracketed-posts", "bracketed-exits", "bracketed-turns", "bracketed-plain"] as const;

  beforeAll(async () => {
    for (const id of SOURCES) await makeAccount(id);
    await scheduler.wait(SETTLED_MS);
    for (const id of SOURCES) {
      const response = await call("POST", "/v1/sources", { body: { id, kind: "signed", account: id } });
      secrets.set(id, (await response.json<{ secret: { secret: string } }>()).secret.secret);
    }
  });

  const send = async (source: string, body: object): Promise<Response> =>
    post(await sign(body, { secret: secrets.get(source) ?? "", headers: { Prefer: "wait=5" } }), source);

  const desk = (id: string) => ({
    entryOf: () =>
      eventually(async () => {
        const { orders } = await (await get(`/v1/orders?account=${id}`)).json<{ orders: Order[] }>();
        return orders.find(({ legs }) => legs !== undefined);
      }),
    statuses: async () => {
      const { orders } = await (await get(`/v1/orders?account=${id}`)).json<{ orders: Order[] }>();
      return orders.map(({ side, type, status }) => `${side} ${type} ${status}`).toSorted();
    },
  });

  it("in TradersPost's words is carried out", async () => {
    const { entryOf, statuses } = desk("bracketed-posts");
    const response = await send("bracketed-posts", {
      ticker: "AAPL",
      action: "buy",
      quantity: 10,
      takeProfit: { percent: 5 },
      stopLoss: { type: "stop", amount: 7.5 },
    });
    expect(response.status).toBeLessThan(300);
    const entry = await entryOf();
    expect(entry).toMatchObject({
      take_profit: { limit_price: "196.88" },
      stop_loss: { stop_price: "180" },
      quantity: "10",
    });
    await put("/v1/paper/bracketed-posts/prices/AAPL", { price: "197" });
    const expected = ["buy market filled", "sell limit filled", "sell stop canceled"];
    await eventually(async () => ((await statuses()).join() === expected.join() ? true : undefined));
  });

  it("leaves the way out open: an exit ends flat, with nothing live", async () => {
    const { statuses, entryOf } = desk("bracketed-exits");
    await send("bracketed-exits", { intent: "enter", symbol: "AAPL", side: "buy", quantity: "10", ...BOTH });
    await entryOf();
    await eventually(async () => ((await statuses()).includes("sell limit new") ? true : undefined));
    await evictDurableObject(env.ACCOUNTS_DO.getByName("bracketed-exits"));
    const receipt = await (await send("bracketed-exits", { intent: "exit", symbol: "AAPL" })).json<SignalReceipt>();
    expect(receipt.steps).toMatchObject([{ action: "exit" }]);
    const expected = ["buy market filled", "sell limit canceled", "sell market filled", "sell stop canceled"];
    await eventually(async () => ((await statuses()).join() === expected.join() ? true : undefined)).catch(async () =>
      expect(await statuses()).toEqual(expected),
    );
  });

  it("may turn a position around, each side with its own", async () => {
    const { statuses, entryOf } = desk("bracketed-turns");
    await send("bracketed-turns", { intent: "enter", symbol: "AAPL", side: "buy", quantity: "10", ...BOTH });
    await entryOf();
    await eventually(async () => ((await statuses()).includes("sell limit new") ? true : undefined));
    const turned = { take_profit: { limit_price: "180" }, stop_loss: { stop_price: "200" } };
    await send("bracketed-turns", { intent: "reverse", symbol: "AAPL", side: "sell", quantity: "4", ...turned });
    const expected = [
      "buy limit new",
      "buy market filled",
      "buy stop suspended",
      "sell limit canceled",
      "sell market filled",
      "sell market filled",
      "sell stop canceled",
    ];
    await eventually(async () => ((await statuses()).join() === expected.join() ? true : undefined)).catch(async () =>
      expect(await statuses()).toEqual(expected),
    );
    const { positions } = await (
      await get("/v1/portfolio?account=bracketed-turns")
    ).json<{ positions: { quantity: string; working_buy: string }[] }>();
    expect(positions).toMatchObject([{ quantity: "-4", working_buy: "4" }]);
  });

  it("that is a signed order has them as well", async () => {
    const { entryOf } = desk("bracketed-plain");
    const order = await (await send("bracketed-plain", { ...ENTRY, ...BOTH })).json<Order>();
    expect(order).toMatchObject(BOTH);
    expect((await entryOf()).id).toBe(order.id);
  });
});
