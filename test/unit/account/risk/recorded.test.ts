// Which orders are read to be held against another policy, and as what each was asked for.
import { describe, expect, it } from "vitest";
import { type RecordedQuery, readRecorded } from "../../../../src/account/risk/recorded.ts";
import { OrderId, legIdOf, uuidv7 } from "../../../../src/domain/ids.ts";
import type { Order } from "../../../../src/domain/order.ts";
import { NOW_MS, anOrder } from "../../../support/builders.ts";
import { ACCOUNT, openAccount, put } from "../tables.ts";

const SECOND_MS = 1_000;

/** An account that was given an order in each of so many seconds; the first of them first. */
function withOrders(count: number) {
  const sql = openAccount();
  const orders = Array.from({ length: count }, (_, at) => {
    const atMs = NOW_MS + at * SECOND_MS;
    const id = OrderId.parse(`${ACCOUNT}_${uuidv7(atMs, new Uint8Array(10).fill(at + 1))}`);
    return put(sql, anOrder({ id, client_order_id: `order-${at}`, created_at: new Date(atMs).toISOString() })).order;
  });
  const read = (query: Partial<RecordedQuery>) => {
    const { recorded, nextCursor } = readRecorded(sql, ACCOUNT, { limit: 100, ...query });
    return { ids: recorded.map(({ order }) => order.id), nextCursor };
  };
  return { orders: orders.map(({ id }) => id), read };
}

describe("the orders on the record", () => {
  it("are all there are, the newest first", () => {
    const { orders, read } = withOrders(3);
    expect(read({})).toEqual({ ids: orders.toReversed(), nextCursor: null });
  });

  it("are those from one moment on, and before another", () => {
    const { orders, read } = withOrders(4);
    const [first, second, third, fourth] = orders;
    expect(read({ sinceMs: NOW_MS + SECOND_MS }).ids).toEqual([fourth, third, second]);
    expect(read({ untilMs: NOW_MS + SECOND_MS }).ids).toEqual([first]);
    expect(read({ sinceMs: NOW_MS + 1, untilMs: NOW_MS + 2 * SECOND_MS + 1 }).ids).toEqual([third, second]);
    expect(read({ sinceMs: NOW_MS + SECOND_MS, untilMs: NOW_MS }).ids).toEqual([]);
  });

  it("are as many as are wanted, and the cursor leads on to the older ones until there are none", () => {
    const { orders, read } = withOrders(4);
    const [first, second, third, fourth] = orders;
    expect(read({ limit: 2 })).toEqual({ ids: [fourth, third], nextCursor: third });
    expect(read({ limit: 2, before: third! })).toEqual({ ids: [second, first], nextCursor: null });
  });

  it("are not the legs of an order, which nobody has decided about; the cursor leads past them", () => {
    const sql = openAccount();
    const { id } = put(sql, anOrder()).order;
    const leg = { id: legIdOf(id, 1), client_order_id: "leg-1", parent: id, verdicts: [] };
    put(sql, anOrder(leg), { request: "{}" });
    const first = readRecorded(sql, ACCOUNT, { limit: 1 });
    const ids = [leg.id, id].toSorted().toReversed();
    expect(first.nextCursor).toBe(ids[0]);
    const second = readRecorded(sql, ACCOUNT, { limit: 1, before: first.nextCursor ?? undefined });
    expect([...first.recorded, ...second.recorded].map(({ order }) => order.id)).toEqual([id]);
  });

  it("are bounded by the cursor and by the end of the time, whichever is earlier", () => {
    const { orders, read } = withOrders(3);
    const [first, second, third] = orders;
    expect(read({ before: third, untilMs: NOW_MS + SECOND_MS }).ids).toEqual([first]);
    expect(read({ before: second, untilMs: NOW_MS + 9 * SECOND_MS }).ids).toEqual([first]);
  });
});

describe("an order on the record", () => {
  const recordOf = (request: object, order: Partial<Order> = {}, isExit = false) => {
    const sql = openAccount();
    put(sql, anOrder({ ...order }), { request: JSON.stringify(request), isExit });
    return readRecorded(sql, ACCOUNT, { limit: 1 }).recorded[0];
  };
  const replaces = anOrder().id;

  it.each<[string, object, Partial<Order>, object]>([
    ["a market order that the collar has bounded", { type: "market" }, {}, { type: "market", isByAmount: false }],
    [
      "an amount that the collar has made units of",
      { type: "market", notional: "1000" },
      {},
      { type: "market", isByAmount: true },
    ],
    ["a limit order", { type: "limit", quantity: "10" }, {}, { type: "limit", isByAmount: false, quantity: "10" }],
    [
      "an order whose size was worked out",
      { type: "limit" },
      { arithmetic: "10 units" },
      { type: "limit", isByAmount: false },
    ],
    ["a replacement", { replaces, limit_price: "187" }, {}, { type: "limit", isByAmount: false }],
    [
      "a replacement that the collar has bounded",
      { replaces, quantity: "10" },
      { arithmetic: "187.5 + 2 % = 191.25 at worst" },
      { type: "market", isByAmount: false },
    ],
  ])("says how it was asked for: %s", (_, request, order, asked) => {
    expect(recordOf(request, order)?.asked).toEqual(asked);
  });

  it("says whether it was approved as an exit", () => {
    expect(recordOf({ type: "limit" }, {}, true)).toMatchObject({ isExit: true });
    expect(recordOf({ type: "limit" })).toMatchObject({ isExit: false, order: anOrder() });
  });
});
