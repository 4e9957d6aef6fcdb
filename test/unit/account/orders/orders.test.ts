import { describe, expect, it } from "vitest";
import { catchUp } from "../../../../src/account/positions/executions.ts";
import {
  dueTimes,
  findByClientOrderId,
  findByIdempotencyKey,
  findOrder,
  insertOrder,
  listOrders,
  lookAgain,
  makeDue,
  makeInterruptedDue,
  makeSymbolDue,
  makeUnknownDue,
  readDue,
  executingSinceMs,
  giveUpExecuting,
  moveExecutingOn,
  readExecuting,
  readLive,
  updateOrder,
  youngestExecutingAtMs,
} from "../../../../src/account/orders/orders.ts";
import { readHoldings } from "../../../../src/account/positions/holdings.ts";
import { ClientOrderId, OrderId } from "../../../../src/domain/ids.ts";
import type { Order } from "../../../../src/domain/order.ts";
import type { Purpose } from "../../../../src/domain/pace.ts";
import { NOW_MS, aRow, anExecution, anOrder } from "../../../support/builders.ts";
import { openSqlStorage } from "../sql-storage.ts";

const WISH = { cancel_requested_at: new Date(NOW_MS).toISOString() };
const pending = anOrder();
const waiting = anOrder({ delivery: "waiting" });
const submitting = anOrder({ delivery: "submitting", attempts: 1 });
const unknown = anOrder({ delivery: "unknown", outcome: "unknown", attempts: 1, reason: { code: "timeout" } });
const live = anOrder({ delivery: "delivered", status: "new", venue_order_id: "venue-1", attempts: 1 });
const canceling = anOrder({ ...live, ...WISH });
const needsOperator = anOrder({ ...unknown, delivery: "needs_operator" });
const filled = anOrder({ ...live, status: "filled", filled_quantity: "10" });

const idOf = (index: number): OrderId => OrderId.parse(`paper_019bc224-4100-7abc-8def-0123456789a${index}`);
const numbered = (order: Order, index: number): Order => ({
  ...order,
  id: idOf(index),
  client_order_id: ClientOrderId.parse(`order-${index}`),
});

/** Tables with these orders, due at the given times, or now. */
function tablesWith(...orders: readonly (Order | readonly [Order, number | null])[]) {
  const sql = openSqlStorage();
  for (const [index, item] of orders.entries()) {
    const [order, dueAtMs] = "id" in item ? [item, NOW_MS] : item;
    insertOrder(sql, aRow({ order: numbered(order, index), dueAtMs }), null);
  }
  return sql;
}

const indexOf = ({ id }: Order): number => Number(id.at(-1));

describe("what live orders may still fill", () => {
  const working = (...orders: readonly Order[]) => readHoldings(tablesWith(...orders), { symbol: "AAPL", side: "buy" });
  const units = (...orders: readonly Order[]) => working(...orders).workingSameSide;

  it("is what is not filled of each, those of unknown outcome included", () => {
    const partly = anOrder({ ...live, status: "partially_filled", filled_quantity: "4" });
    expect(units(pending, unknown, partly, submitting, needsOperator)).toBe("46");
  });

  it("does not count another side, another symbol, or an order that is over", () => {
    expect(units(anOrder({ side: "sell" }), anOrder({ symbol: "MSFT" }), filled)).toBe("0");
  });

  it("does not count an order that waits for the end of another one, which counts until then", () => {
    expect(units(waiting, canceling)).toBe("10");
  });

  it("does not count the orders that are left out", () => {
    const sql = tablesWith(pending, live, unknown);
    expect(readHoldings(sql, live, [idOf(0), null, idOf(2)]).workingSameSide).toBe("10");
  });

  it("is money where an order is for an amount, beside the units of the others", () => {
    const byAmount = { type: "market", quantity: undefined, limit_price: undefined, notional: "500" } as const;
    const begun = anOrder({ ...byAmount, status: "partially_filled", filled_quantity: "2", average_price: "100" });
    const bounded = anOrder({ ...byAmount, type: "limit", limit_price: "90" });
    const sql = tablesWith(live, begun, bounded);
    expect(readHoldings(sql, live)).toMatchObject({
      workingSameSide: "10",
      workingByAmount: [
        { money: "300", ownPrice: undefined },
        { money: "500", ownPrice: "90" },
      ],
    });
  });

  it("follows the record", () => {
    const sql = openSqlStorage();
    insertOrder(sql, aRow({ order: live }), null);
    updateOrder(sql, aRow({ order: filled, dueAtMs: null }));
    expect(readHoldings(sql, live).workingSameSide).toBe("0");
  });
});

describe("an order", () => {
  it("is found by each of its names, and not by the names of others", () => {
    const sql = openSqlStorage();
    const row = aRow({ looks: 3, absences: 2, executionsSinceMs: NOW_MS - 5 });
    const { id, client_order_id: clientOrderId, source } = row.order;
    insertOrder(sql, row, "key-1");
    expect(findOrder(sql, id)).toEqual(row);
    expect(findByClientOrderId(sql, clientOrderId)).toEqual(row);
    expect(findByIdempotencyKey(sql, source, "key-1")).toEqual(row);
    expect(findByIdempotencyKey(sql, "other" as typeof source, "key-1")).toBeUndefined();
    expect(findByIdempotencyKey(sql, source, "key-2")).toBeUndefined();
    expect(findOrder(sql, idOf(1))).toBeUndefined();
  });

  it("cannot have the client order id of another one", () => {
    const sql = openSqlStorage();
    insertOrder(sql, aRow(), null);
    expect(() => insertOrder(sql, aRow({ order: anOrder({ id: idOf(7) }) }), null)).toThrow("UNIQUE");
  });
});

describe("what is due", () => {
  const all = [pending, waiting, submitting, unknown, needsOperator, live, canceling] as const;

  it.each<[Purpose, readonly number[]]>([
    ["send", [0, 1, 2]],
    ["ask", [3]],
    ["watch", [4, 5]],
    ["cancel", [6]],
  ])("is sorted by what for: %s", (purpose, indices) => {
    const due = readDue(tablesWith(...all), purpose, NOW_MS, 10);
    expect(due.map(({ order }) => indexOf(order))).toEqual(indices);
  });

  it("comes longest overdue first, not before its time, and not more than asked for", () => {
    const sql = tablesWith([pending, NOW_MS], [pending, NOW_MS - 9], [pending, NOW_MS + 1], [pending, 0]);
    expect(readDue(sql, "send", NOW_MS, 10).map(({ order }) => indexOf(order))).toEqual([3, 1, 0]);
    expect(readDue(sql, "send", NOW_MS, 2).map(({ order }) => indexOf(order))).toEqual([3, 1]);
  });

  it("moves to another purpose with the order", () => {
    const sql = tablesWith(live);
    updateOrder(sql, aRow({ order: numbered(canceling, 0) }));
    expect(readDue(sql, "watch", NOW_MS, 10)).toEqual([]);
    expect(readDue(sql, "cancel", NOW_MS, 10)).toHaveLength(1);
    updateOrder(sql, aRow({ order: numbered(canceling, 0), looks: 1 }));
    expect(readDue(sql, "watch", NOW_MS, 10)).toHaveLength(1);
  });

  it.each([
    ["nothing is due and nothing will be", [[filled, null]], { isAnyDue: false, nextMs: null }],
    [
      "everything is yet to come",
      [
        [live, 7],
        [pending, 5],
        [unknown, 6],
        [canceling, 8],
      ],
      { isAnyDue: false, nextMs: NOW_MS + 5 },
    ],
    [
      "everything is due",
      [
        [live, 0],
        [pending, -5],
        [filled, null],
      ],
      { isAnyDue: true, nextMs: null },
    ],
    [
      "some is due and some is yet to come",
      [
        [live, 0],
        [unknown, 3],
        [pending, 4],
      ],
      { isAnyDue: true, nextMs: NOW_MS + 3 },
    ],
  ] as const)("is told together with what is next: %s", (_, orders, times) => {
    const due = orders.map(([order, inMs]) => [order, inMs === null ? null : NOW_MS + inMs] as const);
    expect(dueTimes(tablesWith(...due), NOW_MS)).toEqual(times);
  });

  it("is nothing in an account without orders", () => {
    expect(dueTimes(openSqlStorage(), NOW_MS)).toEqual({ isAnyDue: false, nextMs: null });
  });
});

describe("bringing forward", () => {
  const LATER = NOW_MS + 50_000;
  const timesOf = (sql: SqlStorage, count: number) =>
    Array.from({ length: count }, (_, index) => findOrder(sql, idOf(index))?.dueAtMs);

  it("the attempts that were cut off leaves all other orders where they are", () => {
    const sql = tablesWith([submitting, LATER], [pending, LATER], [unknown, LATER], [live, LATER], [waiting, LATER]);
    makeInterruptedDue(sql);
    expect(timesOf(sql, 5)).toEqual([0, LATER, LATER, LATER, LATER]);
  });

  it("the orders of unknown outcome leaves all other orders where they are", () => {
    const sql = tablesWith([unknown, LATER], [unknown, null], [pending, LATER], [live, LATER], [needsOperator, LATER]);
    makeUnknownDue(sql);
    expect(timesOf(sql, 5)).toEqual([0, null, LATER, LATER, LATER]);
  });

  it("the orders in a symbol leaves those that are yet to be sent, and other symbols, where they are", () => {
    const sql = tablesWith(
      [live, LATER],
      [anOrder({ ...live, symbol: "MSFT" }), LATER],
      [pending, LATER],
      [filled, null],
    );
    makeSymbolDue(sql, "AAPL");
    expect(timesOf(sql, 4)).toEqual([0, LATER, LATER, null]);
  });

  it("one order leaves the others where they are, and one that is over without a time", () => {
    const sql = tablesWith([live, LATER], [live, LATER], [filled, null]);
    makeDue(sql, idOf(0));
    makeDue(sql, idOf(2));
    expect(timesOf(sql, 3)).toEqual([0, LATER, null]);
  });

  it("one order to be looked at once more does so also where it is over", () => {
    const sql = tablesWith([live, LATER], [live, LATER], [filled, null]);
    lookAgain(sql, idOf(0));
    lookAgain(sql, idOf(2));
    expect(timesOf(sql, 3)).toEqual([0, LATER, 0]);
  });
});

describe("lists of orders", () => {
  it("are newest first, by status and symbol, in pages without gaps", () => {
    const msft = anOrder({ ...live, symbol: "MSFT" });
    const sql = tablesWith(live, msft, filled, live, pending);
    const list = (query: Partial<Parameters<typeof listOrders>[1]>) =>
      listOrders(sql, { limit: 10, ...query }).map(indexOf);
    expect(list({})).toEqual([4, 3, 2, 1, 0]);
    expect(list({ status: "new" })).toEqual([3, 1, 0]);
    expect(list({ symbol: "MSFT" })).toEqual([1]);
    expect(list({ clientOrderId: ClientOrderId.parse("order-3") })).toEqual([3]);
    expect(list({ status: "new", symbol: "AAPL" })).toEqual([3, 0]);
    expect(list({ limit: 2 })).toEqual([4, 3]);
    expect(list({ limit: 2, before: idOf(3) })).toEqual([2, 1]);
    expect(list({ limit: 2, before: idOf(1) })).toEqual([0]);
  });

  it("of those that live hold every one that may still trade", () => {
    const late = anOrder({ ...live, status: "canceled" });
    const sql = tablesWith(pending, waiting, submitting, unknown, needsOperator, live, canceling, late, [filled, null]);
    expect(
      readLive(sql)
        .map(indexOf)
        .toSorted((a, b) => a - b),
    ).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });
});

describe("orders whose trades have not all been read", () => {
  const iso = (ms: number) => new Date(ms).toISOString();

  /** Orders that filled at `NOW_MS`, or when told, with trades to be read since then; `venue-<index>` at the venue. */
  function executing(...since: readonly (number | readonly [sinceMs: number | null, filledAtMs: number] | null)[]) {
    const sql = openSqlStorage();
    for (const [index, at] of since.entries()) {
      const [sinceMs, filledAtMs] = typeof at === "object" && at !== null ? at : [at, NOW_MS];
      const order = { ...numbered(filled, index), venue_order_id: `venue-${index}`, updated_at: iso(filledAtMs) };
      insertOrder(sql, aRow({ order, dueAtMs: null, executionsSinceMs: sinceMs }), null);
    }
    return sql;
  }
  const sinceOf = (sql: SqlStorage, index: number) => findOrder(sql, idOf(index))?.executionsSinceMs;

  it("are found by their ids at the venue, and no others are", () => {
    const sql = executing(NOW_MS, null, NOW_MS - 5);
    const indexes = (...ids: string[]) =>
      readExecuting(sql, ids)
        .map(({ order }) => indexOf(order))
        .toSorted((a, b) => a - b);
    expect(indexes("venue-0", "venue-1", "venue-2", "venue-9")).toEqual([0, 2]);
    expect(indexes("venue-2")).toEqual([2]);
    expect(indexes("venue-1")).toEqual([]);
    expect(indexes()).toEqual([]);
  });

  it("are found, whatever is asked for, where some of their trades are kept that do not count yet", () => {
    const sql = executing(NOW_MS, NOW_MS, null);
    for (const index of [0, 2]) {
      const { order } = findOrder(sql, idOf(index)) ?? aRow();
      catchUp(sql, order, [anExecution({ execution_id: `execution-${index}`, quantity: "4" })]);
    }
    expect(readExecuting(sql, []).map(({ order }) => indexOf(order))).toEqual([0]);
  });

  it("are asked for since the earliest of them, and as often as the youngest needs", () => {
    const sql = executing([NOW_MS, NOW_MS + 7], null, [NOW_MS - 5, NOW_MS + 3], [null, NOW_MS + 99]);
    expect([executingSinceMs(sql), youngestExecutingAtMs(sql)]).toEqual([NOW_MS - 5, NOW_MS + 7]);
    const none = executing(null);
    expect([executingSinceMs(none), youngestExecutingAtMs(none)]).toEqual([null, null]);
  });

  it("move on together with what has been listed for them, and never back", () => {
    const sql = executing(NOW_MS - 5, NOW_MS, NOW_MS + 10, null);
    moveExecutingOn(sql, { sinceMs: NOW_MS - 5, askedAtMs: NOW_MS }, NOW_MS + 9);
    expect([0, 1, 2, 3].map((index) => sinceOf(sql, index))).toEqual([NOW_MS + 9, NOW_MS + 9, NOW_MS + 10, null]);
  });

  it("that came to wait for earlier trades than were listed stay where they are", () => {
    const sql = executing(NOW_MS - 5, NOW_MS - 6);
    moveExecutingOn(sql, { sinceMs: NOW_MS - 5, askedAtMs: NOW_MS }, NOW_MS);
    expect([0, 1].map((index) => sinceOf(sql, index))).toEqual([NOW_MS, NOW_MS - 6]);
  });

  it("that were told to have filled after the list was begun stay where they are", () => {
    const sql = executing([NOW_MS - 5, NOW_MS], [NOW_MS - 5, NOW_MS + 1]);
    moveExecutingOn(sql, { sinceMs: NOW_MS - 5, askedAtMs: NOW_MS }, NOW_MS);
    expect([0, 1].map((index) => sinceOf(sql, index))).toEqual([NOW_MS, NOW_MS - 5]);
  });

  it("are given up by the time they last filled, and named", () => {
    const sql = executing([NOW_MS, NOW_MS - 1], [NOW_MS, NOW_MS], [NOW_MS, NOW_MS + 1], [null, NOW_MS - 1]);
    expect(giveUpExecuting(sql, NOW_MS)).toEqual([idOf(0), idOf(1)]);
    expect([0, 1, 2].map((index) => sinceOf(sql, index))).toEqual([null, null, NOW_MS]);
    expect(giveUpExecuting(sql, NOW_MS)).toEqual([]);
  });
});
