import { describe, expect, it } from "vitest";
import { readUntold, readWorking } from "../../../../src/account/positions/working.ts";
import { legIdOf } from "../../../../src/domain/ids.ts";
import type { Order } from "../../../../src/domain/order.ts";
import { anOrder } from "../../../support/builders.ts";
import { numbered, openAccount, put } from "../tables.ts";

const live = (index: number, overrides: Parameters<typeof anOrder>[0] = {}): Order =>
  numbered(anOrder({ status: "new", delivery: "delivered", ...overrides }), index);

const entry = live(1, {
  status: "filled",
  filled_quantity: "10",
  take_profit: { limit_price: "200" },
  stop_loss: { stop_price: "180" },
});
const legOf = (n: number, overrides: Parameters<typeof anOrder>[0] = {}): Order =>
  anOrder({
    ...live(1),
    id: legIdOf(entry.id, n),
    client_order_id: `leg-${n}`,
    side: "sell",
    limit_price: "200",
    parent: entry.id,
    ...overrides,
  });

/** What may still trade, after `orders` have been stored. */
function workingOf(...orders: readonly Order[]): string[] {
  const sql = openAccount();
  for (const order of orders) put(sql, order, { dueAtMs: order.status === "filled" ? null : 0 });
  return readWorking(sql)
    .map(({ order: { side, quantity, type } }) => `${side} ${quantity} ${type}`)
    .toSorted();
}

describe("what may still trade", () => {
  it("is every order that lives, those of unknown outcome included", () => {
    const unknown = live(2, { delivery: "unknown", status: "pending_new", side: "sell" });
    expect(workingOf(live(1), unknown)).toEqual(["buy 10 limit", "sell 10 limit"]);
  });

  it.each<[string, Parameters<typeof anOrder>[0]]>([
    ["waits for the end of another order", { delivery: "waiting" }],
    ["is over", { status: "canceled" }],
    ["was denied", { status: "denied", delivery: "none" }],
  ])("is no order that %s", (_, overrides) => {
    expect(workingOf(live(1, overrides))).toEqual([]);
  });

  it("is one way out of an order with two legs", () => {
    const parent: Order = { ...entry, legs: [1, 2].map((n) => legIdOf(entry.id, n)) };
    expect(workingOf(parent, legOf(1), legOf(2, { type: "stop", status: "suspended" }))).toEqual(["sell 10 limit"]);
  });

  it("is what an order that is filled in part has to be closed of, beside what it still opens", () => {
    const parent = { ...entry, ...live(1, { filled_quantity: "8", status: "partially_filled" }) };
    const held = { status: "suspended" } as const;
    expect(workingOf(parent, legOf(1, held), legOf(2, { ...held, type: "stop" }))).toEqual([
      "buy 10 limit",
      "sell 8 stop",
    ]);
  });

  it("is also the way out that the venue has not told of, as long as it is asked", () => {
    const sql = openAccount();
    put(sql, entry);
    expect(readWorking(sql)).toMatchObject([
      { order: { side: "sell", quantity: "10", type: "market", parent: entry.id }, isExit: true },
    ]);
    expect(readUntold(sql, "AAPL")).toHaveLength(1);
    expect(readUntold(sql, "MSFT")).toEqual([]);
    expect(workingOf(entry)).toEqual([]);
  });

  it("is a leg that was replaced until what has taken its place is known", () => {
    const sql = openAccount();
    put(sql, { ...entry, legs: [legIdOf(entry.id, 1)] }, { dueAtMs: null });
    put(sql, legOf(1, { status: "replaced" }));
    expect(readWorking(sql)).toMatchObject([{ order: { id: legIdOf(entry.id, 1), quantity: "10" } }]);
    expect(readUntold(sql, "AAPL")).toHaveLength(1);
  });
});
