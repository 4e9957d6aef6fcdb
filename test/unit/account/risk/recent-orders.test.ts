import { describe, expect, it } from "vitest";
import { RecentOrders } from "../../../../src/account/risk/recent-orders.ts";
import { OrderId, SourceId, orderIdOf, uuidv7 } from "../../../../src/domain/ids.ts";
import { type Order, intentOf } from "../../../../src/domain/order.ts";
import { NOW_MS, anOrder } from "../../../support/builders.ts";
import { openSqlStorage } from "../sql-storage.ts";
import { ACCOUNT, put } from "../tables.ts";

const SOURCE = SourceId.parse("default");
let made = 0;

/** An order made so many seconds ago. */
function madeAgo(ageSec: number, overrides: Parameters<typeof anOrder>[0] = {}): Order {
  const atMs = NOW_MS - ageSec * 1_000;
  made += 1;
  const id: OrderId = orderIdOf(ACCOUNT, uuidv7(atMs, new Uint8Array(10).fill(made)));
  return anOrder({ id, client_order_id: `order-${made}`, created_at: new Date(atMs).toISOString(), ...overrides });
}

const factsAfter = (orders: readonly Order[], asked = madeAgo(0), source = SOURCE) => {
  const sql = openSqlStorage();
  for (const order of orders) put(sql, order);
  return new RecentOrders(sql, ACCOUNT, NOW_MS).factsFor(intentOf(asked), source, NOW_MS);
};

describe("what an account has ordered lately", () => {
  it("is nothing at first", () => {
    expect(factsAfter([])).toEqual({ sameOrderAgeMs: null, repeatAgesMs: [] });
  });

  it("is read from its orders by a new process, and known at once to the one that made them", () => {
    const [older, newer] = [madeAgo(30), madeAgo(5)];
    const known = { sameOrderAgeMs: 5_000, repeatAgesMs: [5_000, 30_000] };
    expect(factsAfter([older, newer])).toEqual(known);
    const recent = new RecentOrders(openSqlStorage(), ACCOUNT, NOW_MS);
    for (const order of [older, newer]) recent.add({ order, request: JSON.stringify(intentOf(order)) });
    expect(recent.factsFor(intentOf(madeAgo(0)), SOURCE, NOW_MS)).toEqual(known);
  });

  it("knows a market order by what was asked for, whatever limit the collar has given it", () => {
    const asked = { symbol: "AAPL", side: "buy", type: "market", quantity: "10" };
    const recent = new RecentOrders(openSqlStorage(), ACCOUNT, NOW_MS);
    recent.add({ order: madeAgo(5, { limit_price: "191.25" }), request: JSON.stringify(asked) });
    const factsOf = (order: Order) => recent.factsFor(intentOf(order), SOURCE, NOW_MS).sameOrderAgeMs;
    expect(factsOf(madeAgo(0, { type: "market", limit_price: undefined }))).toBe(5_000);
    expect(factsOf(madeAgo(0, { limit_price: "191.25" }))).toBeNull();
  });

  it("leaves out what was denied, and what is older than an hour", () => {
    const orders = [madeAgo(3_601), madeAgo(10, { status: "denied", delivery: "none" })];
    expect(factsAfter(orders)).toEqual({ sameOrderAgeMs: null, repeatAgesMs: [] });
  });

  it.each([
    ["symbol", { symbol: "MSFT" }],
    ["side", { side: "sell" }],
    ["type", { type: "stop_limit", stop_price: "188" }],
    ["quantity", { quantity: "11" }],
    ["price", { limit_price: "187.26" }],
  ])("is not the same order with another %s", (_, difference) => {
    expect(factsAfter([madeAgo(5)], madeAgo(0, difference)).sameOrderAgeMs).toBeNull();
  });

  it("is the same order from whichever source, and a repetition only of one source, symbol and side", () => {
    const other = SourceId.parse("other");
    expect(factsAfter([madeAgo(5)], madeAgo(0), other)).toEqual({ sameOrderAgeMs: 5_000, repeatAgesMs: [] });
    expect(factsAfter([madeAgo(5)], madeAgo(0, { quantity: "3" })).repeatAgesMs).toEqual([5_000]);
    expect(factsAfter([madeAgo(5)], madeAgo(0, { side: "sell" })).repeatAgesMs).toEqual([]);
  });

  it("does not grow without end", () => {
    const recent = new RecentOrders(openSqlStorage(), ACCOUNT, NOW_MS);
    for (let index = 0; index < 150; index += 1) recent.add({ order: madeAgo(5), request: "{}" });
    expect(recent.factsFor(intentOf(madeAgo(0)), SOURCE, NOW_MS).repeatAgesMs).toHaveLength(100);
  });
});
