import { describe, expect, it } from "vitest";
import type { Order } from "../../../src/domain/order.ts";
import { OrderChange, applyChange } from "../../../src/domain/signal/change.ts";
import { anOrder } from "../../support/builders.ts";

const limit = anOrder({ delivery: "delivered", status: "new", time_in_force: "gtc", extended_hours: true });
const market = anOrder({ type: "market", limit_price: undefined });
const stopLimit = anOrder({ type: "stop_limit", stop_price: "190" });

/** The order that takes the place of another one, or the fields that are wrong. */
function changed(order: Order, change: object) {
  const applied = applyChange(order, OrderChange.parse(change));
  return applied.ok ? applied.value : applied.error.map(({ pointer }) => pointer);
}

describe("a change", () => {
  it.each([
    ["the quantity", { quantity: "12" }],
    ["the quantity, as a number", { quantity: 12.5 }],
    ["the limit", { limit_price: "186" }],
    ["the stop", { stop_price: "190" }],
    ["how long it is good", { time_in_force: "gtc" }],
    ["several terms, with a name for the new order", { quantity: "5", limit_price: "1", client_order_id: "mine-2" }],
  ])("may be of %s", (_, change) => {
    expect(OrderChange.safeParse(change).success).toBe(true);
  });

  it.each([
    ["of nothing", {}],
    ["of a name only", { client_order_id: "mine-2" }],
    ["of the symbol", { quantity: "5", symbol: "MSFT" }],
    ["of the side", { quantity: "5", side: "sell" }],
    ["of the type", { limit_price: "5", type: "limit" }],
    ["to an amount of money", { notional: "500" }],
    ["to a quantity of zero", { quantity: "0" }],
    ["to a negative limit", { limit_price: "-1" }],
    ["to a limit that is not told", { limit_price: null }],
    ["to a time in force that does not exist", { time_in_force: "forever" }],
    ["with a name that none can be", { quantity: "5", client_order_id: "my order" }],
  ])("is refused %s", (_, change) => {
    expect(OrderChange.safeParse(change).success).toBe(false);
  });
});

describe("the order that takes the place of another one", () => {
  it.each([
    ["quantity", { quantity: "12" }],
    ["limit_price", { limit_price: "186" }],
    ["time_in_force", { time_in_force: "day" }],
  ])("differs in what was changed, %s, and in nothing else", (_, change) => {
    expect(changed(limit, change)).toEqual({
      symbol: "AAPL",
      side: "buy",
      type: "limit",
      quantity: "10",
      limit_price: "187.25",
      time_in_force: "gtc",
      extended_hours: true,
      account: "paper",
      ...change,
    });
  });

  it("has a name of its own", () => {
    expect(changed(limit, { quantity: "12" })).not.toHaveProperty("client_order_id", limit.client_order_id);
    expect(changed(limit, { quantity: "12", client_order_id: "mine-2" })).toHaveProperty("client_order_id", "mine-2");
  });

  it("may have another stop and limit where its type has both", () => {
    expect(changed(stopLimit, { stop_price: "191", limit_price: "192" })).toMatchObject({
      stop_price: "191",
      limit_price: "192",
    });
  });

  it.each([
    ["a limit to a market order", market, { limit_price: "186" }, "/limit_price"],
    ["a stop to a limit order", limit, { stop_price: "186" }, "/stop_price"],
  ])("cannot be made by giving %s", (_, order, change, pointer) => {
    expect(changed(order, change)).toEqual([pointer]);
  });

  it("cannot be made of an order by notional, whose units nobody knows", () => {
    const byNotional = anOrder({ type: "market", quantity: undefined, limit_price: undefined, notional: "500" });
    expect(changed(byNotional, { quantity: "5" })).toEqual(["/quantity"]);
  });
});
