import { describe, expect, it } from "vitest";
import { type Batch, type BatchArgs, admitBatch } from "../../../../src/account/orders/batch.ts";
import { cancelOrder } from "../../../../src/account/orders/cancel.ts";
import { findByClientOrderId, listOrders } from "../../../../src/account/orders/orders.ts";
import { addToPosition } from "../../../../src/account/positions/positions.ts";
import { ClientOrderId } from "../../../../src/domain/ids.ts";
import { decimalOf } from "../../../../src/domain/money.ts";
import { NativeOrder } from "../../../../src/domain/signal/native.ts";
import { aPolicy, aTrade, NOW_MS } from "../../../support/builders.ts";
import {
  aSignal,
  admitSignal,
  at,
  decidingWith,
  idOf,
  journalOf,
  newId,
  openAccount,
  typesOf,
  stopTrading,
} from "../tables.ts";

const { order: ORDER, proof: _proof, idempotencyKey: _key, ...SENDER } = aSignal({ requestId: "batch-1" });

const aNative = (overrides: object = {}) => NativeOrder.parse({ ...ORDER, ...overrides });

/** A request with these orders; one that is `undefined` could not be read. */
const aBatch = (orders: readonly (object | undefined)[], overrides: Partial<Batch> = {}): Batch => ({
  ...SENDER,
  idempotencyKey: "key-1",
  orders: orders.flatMap((order, index) => (order === undefined ? [] : [{ index, order: aNative(order) }])),
  ...overrides,
});

function submit(sql: SqlStorage, batch: Batch, context: Partial<Omit<BatchArgs, "batch">> = {}) {
  let index = 100 + listOrders(sql, { limit: 1_000 }).length;
  const args = { ...decidingWith(context), newId: () => newId(index++), ...context };
  return admitBatch(sql, { ...args, batch });
}

/** What came of each item, in a few words. */
function outcomesOf(result: ReturnType<typeof submit>) {
  if (!result.ok) throw new Error(result.error.reason);
  return result.value.items.map(({ index, outcome }) => {
    if (!outcome.ok) return `${index} ${outcome.error.reason} ${Number(outcome.error.orderId.slice(-3))}`;
    const { order, duplicate } = outcome.value;
    return `${index} ${order.reason?.code ?? order.delivery} ${Number(order.id.slice(-3))}${duplicate ? " again" : ""}`;
  });
}

describe("several orders in one request", () => {
  it("are each decided by themselves, and keep their places", () => {
    const sql = openAccount();
    const result = submit(sql, aBatch([{}, { quantity: "101" }, undefined, { symbol: "TSLA" }, { symbol: "MSFT" }]));
    expect(outcomesOf(result)).toEqual([
      "0 pending 100",
      "1 max_quantity_exceeded 101",
      "3 symbol_not_allowed 102",
      "4 pending 103",
    ]);
    expect(result).toMatchObject({ value: { duplicate: false } });
  });

  it("know those before them: two exits do not close one position twice", () => {
    const sql = openAccount();
    addToPosition(sql, "AAPL", decimalOf("10"));
    const exit = { side: "sell", type: "market", limit_price: undefined };
    stopTrading(sql, "reducing");
    expect(outcomesOf(submit(sql, aBatch([exit, exit])))).toEqual(["0 pending 100", "1 reducing_only 101"]);
  });

  it("are each measured with the price of their own symbol", () => {
    const sql = openAccount();
    const marketOf = (symbol: string) => ({ symbol, type: "market", limit_price: undefined });
    const referencePrices = new Map([
      ["AAPL", aTrade("100", NOW_MS)],
      ["SPY", aTrade("5000", NOW_MS)],
    ]);
    const batch = aBatch(["AAPL", "MSFT", "SPY"].map(marketOf));
    expect(outcomesOf(submit(sql, batch, { referencePrices, policy: aPolicy({ symbols: "any" }) }))).toEqual([
      "0 pending 100",
      "1 reference_price_unknown 101",
      "2 max_notional_exceeded 102",
    ]);
  });

  it("are journalled one by one, and then the batch with what came of each", () => {
    const sql = openAccount();
    submit(sql, aBatch([{}, { quantity: "101" }]));
    expect(typesOf(sql)).toEqual([
      ...["signal.accepted", "order.approved", "signal.accepted", "order.denied"],
      "batch.accepted",
    ]);
    expect(journalOf(sql).at(-1)).toMatchObject({
      actor: SENDER.actor,
      request_id: "batch-1",
      data: {
        idempotency_key: "key-1",
        items: [
          { index: 0, orderId: idOf(100) },
          { index: 1, orderId: idOf(101) },
        ],
      },
    });
  });

  it("draw from the source once", () => {
    const sql = openAccount();
    const limits = { ratePerSec: 0.001, capacity: 1 };
    expect(outcomesOf(submit(sql, aBatch([{}, {}, {}]), { limits }))).toHaveLength(3);
    const refused = submit(sql, aBatch([{}], { idempotencyKey: "key-2", requestId: "batch-2" }), { limits });
    expect(refused).toMatchObject({ ok: false, error: { reason: "rate_limited" } });
    expect(listOrders(sql, { limit: 10 })).toHaveLength(3);
  });
});

describe("the same batch again", () => {
  const orders = [{}, { symbol: "TSLA" }, { client_order_id: "mine-1" }];

  it("is the same orders as they now stand, and costs no token", () => {
    const sql = openAccount();
    const limits = { ratePerSec: 0.001, capacity: 1 };
    submit(sql, aBatch(orders), { limits });
    cancelOrder(sql, idOf(100), at());
    const again = submit(sql, aBatch(orders, { requestId: "batch-2" }), { limits });
    expect(again).toMatchObject({
      value: { duplicate: true, items: [{ outcome: { value: { order: { status: "canceled" } } } }, {}, {}] },
    });
    expect(outcomesOf(again)).toEqual(["0 none 100 again", "1 symbol_not_allowed 101 again", "2 pending 102 again"]);
    expect(listOrders(sql, { limit: 10 })).toHaveLength(3);
    expect(typesOf(sql).at(-1)).toBe("batch.duplicate");
  });

  it("by the same call, whose answer got lost, is the first answer and not journalled", () => {
    const sql = openAccount();
    const first = submit(sql, aBatch(orders));
    const count = typesOf(sql).length;
    expect(submit(sql, aBatch(orders))).toEqual(first);
    expect(typesOf(sql)).toHaveLength(count);
  });

  it("with other content is refused, and nothing of it is decided", () => {
    const sql = openAccount();
    submit(sql, aBatch(orders));
    const other = aBatch([{ quantity: "5" }], { requestId: "batch-2", bodySha256: "1".repeat(64) });
    expect(submit(sql, other)).toEqual({ ok: false, error: { reason: "batch_conflict" } });
    expect(listOrders(sql, { limit: 10 })).toHaveLength(3);
    expect(typesOf(sql).at(-1)).toBe("batch.conflict");
  });

  it("of another source is another batch", () => {
    const sql = openAccount();
    submit(sql, aBatch([{}]));
    const source = "other" as typeof SENDER.source;
    expect(submit(sql, aBatch([{}], { source, requestId: "batch-2" }))).toMatchObject({ value: { duplicate: false } });
    expect(listOrders(sql, { limit: 10 })).toHaveLength(2);
  });

  it("under another key is another batch", () => {
    const sql = openAccount();
    submit(sql, aBatch([{}]));
    submit(sql, aBatch([{}], { idempotencyKey: "key-2", requestId: "batch-2" }));
    expect(listOrders(sql, { limit: 10 })).toHaveLength(2);
  });
});

describe("a client order id that is there already", () => {
  const named = { client_order_id: "mine-1" };

  it("twice in one batch with the same content is one order", () => {
    const sql = openAccount();
    expect(outcomesOf(submit(sql, aBatch([named, named])))).toEqual(["0 pending 100", "1 pending 100 again"]);
    expect(listOrders(sql, { limit: 10 })).toHaveLength(1);
  });

  it("twice in one batch with other content is a conflict for the second", () => {
    const sql = openAccount();
    const result = submit(sql, aBatch([named, { ...named, quantity: "5" }, {}]));
    expect(outcomesOf(result)).toEqual(["0 pending 100", "1 idempotency_conflict 100", "2 pending 101"]);
    expect(findByClientOrderId(sql, ClientOrderId.parse("mine-1"))?.order.quantity).toBe("10");
  });

  it("from an earlier signal with the same content is that order, with other content a conflict", () => {
    const sql = openAccount();
    admitSignal(sql, aSignal({ order: named }));
    const result = submit(sql, aBatch([named, { ...named, quantity: "5" }]));
    expect(outcomesOf(result).map((outcome) => outcome.replace(/ \d+( |$)/, " "))).toEqual([
      "0 pending again",
      "1 idempotency_conflict ",
    ]);
    expect(listOrders(sql, { limit: 10 })).toHaveLength(1);
  });

  it("is told the same when the batch comes again", () => {
    const sql = openAccount();
    const orders = [named, named, { ...named, quantity: "5" }];
    const first = outcomesOf(submit(sql, aBatch(orders)));
    expect(outcomesOf(submit(sql, aBatch(orders)))).toEqual(first);
    expect(outcomesOf(submit(sql, aBatch(orders, { requestId: "batch-2" })))).toEqual([
      "0 pending 100 again",
      "1 pending 100 again",
      "2 idempotency_conflict 100",
    ]);
  });
});
