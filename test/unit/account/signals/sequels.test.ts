import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { approveOrder, declineOrder } from "../../../../src/account/orders/approve.ts";
import { writeBrokerView } from "../../../../src/account/positions/broker-view.ts";
import { cancelAll } from "../../../../src/account/orders/cancel-all.ts";
import { cancelOrder } from "../../../../src/account/orders/cancel.ts";
import { requireRevision } from "../../../../src/account/configuration.ts";
import { flattenUnder } from "../../../../src/account/stops/flatten-under.ts";
import { makeGoalsDue } from "../../../../src/account/signals/goal-store.ts";
import { instruct } from "../../../../src/account/signals/instruct.ts";
import { listOrdersFrom, readLive, updateOrder } from "../../../../src/account/orders/orders.ts";
import { positionIn } from "../../../../src/account/positions/positions.ts";
import { mustRecord } from "../../../../src/account/orders/record.ts";
import { isAnythingDue, readDue } from "../../../../src/account/signals/sequels.ts";
import { leaveBehind } from "../../../../src/account/shadow.ts";
import { type StoredStep, findSignal, receiptOf } from "../../../../src/account/signals/signals.ts";
import { timerAtMs } from "../../../../src/account/timers.ts";
import { decimalOf } from "../../../../src/domain/money.ts";
import { type Order, isTerminal } from "../../../../src/domain/order.ts";
import { ok } from "../../../../src/domain/result.ts";
import type { Instruction } from "../../../../src/domain/signal/instruction.ts";
import type { SignalReceipt } from "../../../../src/domain/signal/receipt.ts";
import { NOW_MS, aPolicy, aReport } from "../../../support/builders.ts";
import {
  AAPL,
  BUY_10,
  EXIT,
  contextOf,
  deliver,
  enter,
  fill,
  first,
  goOn,
  holding,
  only,
  ordersIn,
  resting,
  send,
  signalOf,
  size,
  target,
  tell,
  termsOf,
  units,
} from "../instructing.ts";
import { LyingVenue } from "../lying-venue.ts";
import { Simulation } from "../simulation.ts";
import { transactionSync } from "../sql-storage.ts";
import {
  ACCOUNT,
  BALANCES,
  CALLER,
  admitSignal,
  aSignal,
  at,
  journalOf,
  numbered,
  openAccount,
  put,
  read,
  stopTrading,
} from "../tables.ts";
import { moments, onItsWord, weathers } from "../weathers.ts";

const SELL_10 = { ...BUY_10, action: "sell" } satisfies Instruction;
const at180 = { type: "limit", limit_price: { at: decimalOf("180") } } as const;
/** It rests at the venue: nobody sells at that price. */
const BID = { ...BUY_10, ...at180 } satisfies Instruction;
/** Out of all that is held, once it has fallen by 2 %. */
const PROTECTION = {
  action: "sell",
  symbol: "AAPL",
  type: "stop",
  stop_price: { distance: decimalOf("2"), unit: "percent" },
  size: size("percent_of_position", "100"),
  reduce_only: true,
} as const satisfies Instruction;
const BUYING_AT_181 = { side: "buy", quantity: decimalOf("10"), limit_price: decimalOf("181") } as const;
const CANCEL_AAPL: Instruction = { action: "cancel", symbol: "AAPL" };
const LAPSE_MS = 300_000;

const PART = { status: "partially_filled", filled_quantity: "4", average_price: "200" } as const;

function receiptNow(sql: SqlStorage, { id }: Pick<SignalReceipt, "id">): SignalReceipt {
  const found = findSignal(sql, id);
  if (found === undefined) throw new Error(`no signal ${id}`);
  return receiptOf(sql, found.signal);
}

const outcomesOf = ({ steps }: SignalReceipt): string[] =>
  steps.map(({ outcome, code }) => (outcome === "failed" ? (code ?? "failed") : outcome));
const outcomesNow = (sql: SqlStorage, receipt: Pick<SignalReceipt, "id">): string[] =>
  outcomesOf(receiptNow(sql, receipt));
const cancelsAll = (symbol: string | undefined) => (sql: SqlStorage) =>
  void cancelAll(sql, ACCOUNT, symbol, { ...at(), caller: CALLER });
const rowsIn = (sql: SqlStorage) => sql.exec("SELECT * FROM sequels").toArray();

describe("what a signal asks for after something else in the same symbol", () => {
  it("waits, and nothing of it is ordered", () => {
    const sql = openAccount();
    const receipt = send(sql, [BUY_10, SELL_10]);
    expect(outcomesOf(receipt)).toEqual(["ordered", "waiting"]);
    expect(receipt.steps[1]).toMatchObject({ action: "sell", symbol: "AAPL", code: null, orders: [] });
    goOn(sql);
    expect(ordersIn(sql)).toEqual(["buy 10 AAPL"]);
    expect(isAnythingDue(sql)).toBe(false);
  });

  it("is carried out once the order before it is filled to the last unit", () => {
    const sql = openAccount();
    const receipt = send(sql, [BUY_10, SELL_10]);
    tell(sql, first(receipt), PART);
    goOn(sql);
    expect(outcomesNow(sql, receipt)).toEqual(["ordered", "waiting"]);
    fill(sql, first(receipt));
    expect(isAnythingDue(sql)).toBe(true);
    goOn(sql);
    const { steps, orders } = receiptNow(sql, receipt);
    expect(orders.map(termsOf)).toEqual(["buy 10 AAPL", "sell 10 AAPL"]);
    expect(steps[1]).toMatchObject({ outcome: "ordered", orders: [orders[1]?.id] });
    expect([rowsIn(sql), isAnythingDue(sql)]).toEqual([[], false]);
  });

  it("is carried out once the order before it rests at the venue", () => {
    const sql = openAccount();
    const receipt = send(sql, [BID, { ...BID, action: "sell" }]);
    expect(outcomesNow(sql, receipt)).toEqual(["ordered", "waiting"]);
    tell(sql, first(receipt));
    goOn(sql, { policy: aPolicy({ self_match: "off" }) });
    expect(outcomesNow(sql, receipt)).toEqual(["ordered", "ordered"]);
  });

  it("waits for an order that trades at once also where the collar has named its price", () => {
    const sql = openAccount();
    const receipt = send(sql, [BUY_10, SELL_10], {}, { policy: aPolicy({ price_collar_percent: "2" }) });
    expect(first(receipt)).toMatchObject({ type: "limit" });
    tell(sql, first(receipt));
    goOn(sql);
    expect(outcomesNow(sql, receipt)).toEqual(["ordered", "waiting"]);
    fill(sql, first(receipt));
    goOn(sql);
    expect(outcomesNow(sql, receipt)).toEqual(["ordered", "ordered"]);
  });

  it("waits while somebody wants the resting order canceled", () => {
    const sql = openAccount();
    const receipt = send(sql, [BID, SELL_10]);
    tell(sql, first(receipt));
    cancelOrder(sql, first(receipt).id, at());
    goOn(sql);
    expect(outcomesNow(sql, receipt)).toEqual(["ordered", "waiting"]);
    tell(sql, first(receipt), { status: "canceled" });
    goOn(sql);
    expect(outcomesNow(sql, receipt)).toEqual(["ordered", "earlier_failed"]);
  });

  it("is carried out once a position is reached, in its signal's order", () => {
    const sql = holding("5");
    const receipt = send(sql, [EXIT, BUY_10, PROTECTION]);
    expect(outcomesOf(receipt)).toEqual(["working", "waiting", "waiting"]);
    fill(sql, first(receipt));
    goOn(sql);
    expect(outcomesNow(sql, receipt)).toEqual(["ordered", "ordered", "waiting"]);
    const bought = receiptNow(sql, receipt).orders[1];
    if (bought === undefined) throw new Error("nothing was bought");
    fill(sql, bought);
    goOn(sql);
    expect(ordersIn(sql)).toEqual(["sell 10 AAPL"]);
    const protection = receiptNow(sql, receipt).orders[2];
    expect(protection).toMatchObject({ type: "stop", stop_price: "196" });
    if (protection !== undefined) tell(sql, protection);
    goOn(sql);
    expect(outcomesNow(sql, receipt)).toEqual(["ordered", "ordered", "ordered"]);
  });

  it("does not wait where there was nothing to do before it, and then no row is written", () => {
    const sql = openAccount();
    expect(outcomesOf(send(sql, [EXIT, BUY_10]))).toEqual(["done", "ordered"]);
    expect(rowsIn(sql)).toEqual([]);
  });

  it("does not wait in another symbol, and leaves no row there", () => {
    const sql = openAccount();
    const receipt = send(sql, [BUY_10, SELL_10, { ...BUY_10, symbol: "MSFT" }]);
    expect(outcomesOf(receipt)).toEqual(["ordered", "waiting", "ordered"]);
    expect(ordersIn(sql)).toEqual(["buy 10 AAPL", "buy 10 MSFT"]);
    expect(rowsIn(sql)).toHaveLength(1);
  });

  it("waits for a held order until somebody has decided", () => {
    const policy = aPolicy({
      approval: { above: "1", expires_sec: 600, two_persons: false, max_drift_percent: "off" },
    });
    const held = () => {
      const sql = openAccount();
      const receipt = send(sql, [BUY_10, SELL_10], {}, { policy });
      expect(first(receipt).delivery).toBe("held");
      goOn(sql);
      expect(outcomesNow(sql, receipt)).toEqual(["ordered", "waiting"]);
      return { sql, receipt, id: first(receipt).id };
    };
    const declined = held();
    declineOrder(declined.sql, declined.id, null, { ...at(), caller: CALLER });
    goOn(declined.sql);
    expect(outcomesNow(declined.sql, declined.receipt)).toEqual(["ordered", "earlier_failed"]);
    const approved = held();
    const word = { ...contextOf({ policy }), ...at(), caller: CALLER };
    expect(approveOrder(approved.sql, approved.id, { quantity: undefined, why: null }, word).ok).toBe(true);
    goOn(approved.sql);
    expect(outcomesNow(approved.sql, approved.receipt)).toEqual(["ordered", "waiting"]);
    fill(approved.sql, approved);
    goOn(approved.sql);
    expect(outcomesNow(approved.sql, approved.receipt)).toEqual(["ordered", "ordered"]);
  });

  it.each(["rejected", "canceled", "expired"] as const)("comes to nothing with an order that ends as %s", (status) => {
    const sql = openAccount();
    const receipt = send(sql, [BUY_10, SELL_10, BUY_10]);
    tell(sql, first(receipt), PART);
    tell(sql, first(receipt), { ...PART, status });
    goOn(sql);
    expect(outcomesNow(sql, receipt)).toEqual(["ordered", "earlier_failed", "earlier_failed"]);
    expect([ordersIn(sql), rowsIn(sql)]).toEqual([[], []]);
  });

  it("comes to nothing with an order that lapses, or that the rules deny", () => {
    const sql = openAccount();
    const receipt = send(sql, [BUY_10, SELL_10]);
    mustRecord(sql, read(sql, first(receipt)), { type: "lapsed", code: "approval_lapsed" }, at());
    goOn(sql);
    expect(outcomesNow(sql, receipt)).toEqual(["ordered", "earlier_failed"]);
    const denied = send(sql, [{ ...BUY_10, size: units("101") }, SELL_10, BUY_10]);
    expect(outcomesOf(denied)).toEqual(["order_denied", "earlier_failed", "earlier_failed"]);
    expect(rowsIn(sql)).toEqual([]);
  });

  it("comes to nothing with a position that is not reached", () => {
    const sql = holding("5");
    const receipt = send(sql, [EXIT, BUY_10]);
    tell(sql, first(receipt), { status: "rejected" });
    goOn(sql);
    expect(outcomesNow(sql, receipt)).toEqual(["order_rejected", "earlier_failed"]);
  });

  it("comes to nothing where the last order of a goal ends unfilled after the goal", () => {
    const sql = openAccount();
    const receipt = send(sql, [enter("buy"), BUY_10]);
    tell(sql, first(receipt), PART);
    goOn(sql);
    expect(outcomesNow(sql, receipt)).toEqual(["ordered", "waiting"]);
    tell(sql, first(receipt), { ...PART, status: "expired" });
    goOn(sql);
    expect(outcomesNow(sql, receipt)).toEqual(["ordered", "earlier_failed"]);
  });

  it("passes the rules of then, and goes on the record", () => {
    const sql = openAccount();
    const receipt = send(sql, [BUY_10, { ...BUY_10, size: units("20") }]);
    fill(sql, first(receipt));
    goOn(sql, { policy: aPolicy({ max_quantity: "15" }) });
    const { steps, orders } = receiptNow(sql, receipt);
    expect(steps[1]).toMatchObject({ outcome: "failed", code: "order_denied" });
    expect(orders[1]).toMatchObject({ status: "denied", request_id: receipt.request_id });
    expect(journalOf(sql).at(-1)).toMatchObject({
      type: "signal.continued",
      request_id: receipt.request_id,
      order_id: orders[1]?.id,
      result: { ok: false, code: "order_denied" },
      data: { signal: receipt.id, place: 1 },
    });
  });

  it("is opened nowhere that only exits pass by then", () => {
    const sql = openAccount();
    const receipt = send(sql, [BUY_10, BUY_10]);
    fill(sql, first(receipt));
    stopTrading(sql, "halted");
    goOn(sql);
    expect(outcomesNow(sql, receipt)).toEqual(["ordered", "trading_halted"]);
  });

  it("follows a shadowed order at once: nothing is under way", () => {
    const sql = openAccount();
    const receipt = send(sql, [BUY_10, { ...BUY_10, size: units("5") }, enter("buy")], {}, { mode: "shadow" });
    expect(outcomesOf(receipt)).toEqual(["shadowed", "shadowed", "shadowed"]);
    expect(rowsIn(sql)).toEqual([]);
  });

  it("is not held against the position that the sender saw before the signal", () => {
    const sql = holding("5");
    const circumstances = { positionBefore: { side: "long", size: decimalOf("5") } } as const;
    const receipt = send(sql, [EXIT, enter("sell")], { circumstances, settings: { position_gap: "deny" } });
    fill(sql, first(receipt));
    goOn(sql);
    expect(outcomesNow(sql, receipt)).toEqual(["ordered", "working"]);
  });
});

describe("what only takes something off", () => {
  const stops = (sql: SqlStorage): string[] =>
    readLive(sql)
      .filter(({ type, cancel_requested_at: wanted }) => type === "stop" && wanted === null)
      .map(termsOf);

  const STOP_190 = resting(1, { side: "sell", type: "stop", stop_price: decimalOf("190") });

  it.each<[string, Parameters<typeof aReport>[0]]>([
    ["is filled in part and canceled", { ...PART, status: "canceled" }],
    ["is rejected", { status: "rejected" }],
  ])("protects what its signal has bared also where the purchase before it %s", (_, told) => {
    const sql = holding("5");
    const { order: stop } = put(sql, STOP_190, { isExit: true });
    const receipt = send(sql, [CANCEL_AAPL, BUY_10, PROTECTION]);
    tell(sql, stop, { status: "canceled", venue_order_id: "venue-1" });
    tell(sql, first(receipt), told);
    goOn(sql);
    expect(outcomesNow(sql, receipt)).toEqual(["done", "ordered", "working"]);
    expect(stops(sql)).toEqual([`sell ${positionIn(sql, "AAPL")} AAPL`]);
  });

  it("protects what the purchase before it has filled of a part", () => {
    const sql = openAccount();
    const receipt = send(sql, [BUY_10, PROTECTION]);
    tell(sql, first(receipt), { ...PART, status: "canceled" });
    goOn(sql);
    expect(stops(sql)).toEqual(["sell 4 AAPL"]);
  });

  const DENIED = { ...BUY_10, size: units("101") };

  it.each<[string, Instruction[]]>([
    ["denied", [DENIED, PROTECTION]],
    ["rejected", [BUY_10, PROTECTION]],
  ])("leaves what protects what was held before where nothing has come of the purchase: %s", (_, instructions) => {
    const sql = holding("50");
    const { order: stop } = put(sql, STOP_190);
    const receipt = send(sql, instructions);
    const [bought] = receipt.orders;
    if (bought?.delivery === "pending") tell(sql, bought, { status: "rejected" });
    goOn(sql);
    expect(outcomesNow(sql, receipt)[1]).toBe("earlier_failed");
    expect(read(sql, stop).order.cancel_requested_at).toBeNull();
  });

  it("closes what is held where the purchase before it is denied, if that was asked for", () => {
    const left = holding("5");
    send(left, [DENIED, EXIT]);
    expect(ordersIn(left)).toEqual(["sell 5 AAPL"]);
  });

  it("does not let anything be opened after what has failed before it", () => {
    const sql = holding("5");
    const receipt = send(sql, [BUY_10, EXIT, BUY_10]);
    tell(sql, first(receipt), { status: "canceled" });
    goOn(sql);
    expect(outcomesNow(sql, receipt)).toEqual(["ordered", "working", "earlier_failed"]);
  });

  it.each<[string, Instruction, Instruction]>([
    ["a limit that rests, or is filled a moment later", BID, PROTECTION],
    ["a limit of a target", { ...target("10"), ...at180 }, PROTECTION],
    [
      "a limit of an entry",
      { ...enter("buy"), ...at180 },
      { ...EXIT, type: "stop", stop_price: { at: decimalOf("170") } },
    ],
  ])("at a price of its own waits until the entry is over, to protect all of it: behind %s", (_, entry, protection) => {
    const sql = openAccount();
    const receipt = send(sql, [entry, protection]);
    tell(sql, first(receipt));
    goOn(sql);
    tell(sql, first(receipt), PART);
    goOn(sql);
    expect(outcomesNow(sql, receipt)[1]).toBe("waiting");
    expect(read(sql, first(receipt)).order.cancel_requested_at).toBeNull();
    fill(sql, first(receipt));
    goOn(sql);
    expect(stops(sql)).toEqual([`sell ${first(receipt).quantity} AAPL`]);
  });

  it("waits for the order that a person has put in the place of the entry", () => {
    const sql = openAccount();
    const receipt = send(sql, [BID, PROTECTION]);
    tell(sql, first(receipt));
    const successor = put(sql, resting(7, { ...BUYING_AT_181, replaces: first(receipt).id })).order;
    const row = read(sql, first(receipt));
    updateOrder(sql, { ...row, order: { ...row.order, replaced_by: successor.id, status: "replaced" } });
    goOn(sql);
    expect(outcomesNow(sql, receipt)[1]).toBe("waiting");
    tell(sql, successor, { status: "filled", filled_quantity: "10", average_price: "181", venue_order_id: "venue-7" });
    goOn(sql);
    expect(stops(sql)).toEqual(["sell 10 AAPL"]);
  });

  it("at the market is carried out as soon as what is before it is settled", () => {
    const sql = holding("5");
    const receipt = send(sql, [BID, EXIT]);
    expect(outcomesOf(receipt)[1]).toBe("waiting");
    tell(sql, first(receipt));
    goOn(sql);
    expect(outcomesNow(sql, receipt)[1]).toBe("working");
  });

  it("is tried again where nobody says a price in that moment, or in the one in which it is done waiting", () => {
    const sql = holding("5");
    const { order: stop } = put(sql, STOP_190);
    const receipt = send(sql, [CANCEL_AAPL, BUY_10, PROTECTION]);
    fill(sql, first(receipt));
    const unpriced = { ...contextOf(), referencePrices: new Map() };
    const goOnUnpriced = () => transactionSync(sql, () => readDue(sql).forEach(({ carryOn }) => carryOn(unpriced)));
    goOnUnpriced();
    tell(sql, stop, { status: "canceled", venue_order_id: "venue-1" });
    goOnUnpriced();
    expect([outcomesNow(sql, receipt)[2], isAnythingDue(sql)]).toEqual(["working", false]);
    expect(timerAtMs(sql, "goals")).toBeLessThan(NOW_MS + 60_000);
    makeGoalsDue(sql);
    goOn(sql);
    expect(stops(sql)).toEqual(["sell 15 AAPL"]);
  });

  it("is not overtaken by an older plan's, which makes way for it", () => {
    const sql = openAccount();
    const older = send(sql, [BUY_10, PROTECTION]);
    const newer = send(sql, [BID, PROTECTION]);
    tell(sql, first(newer));
    fill(sql, first(older));
    goOn(sql);
    const [stop] = readLive(sql).filter(({ side }) => side === "sell");
    if (stop === undefined) throw new Error("nothing protects it");
    tell(sql, stop);
    fill(sql, first(newer));
    goOn(sql);
    tell(sql, stop, { status: "canceled" });
    goOn(sql);
    expect(stops(sql)).toEqual(["sell 20 AAPL"]);
  });

  it("is placed beside nothing that moves, and what protects until then stays: also where the collar has named a price", () => {
    const policy = aPolicy({ price_collar_percent: "2" });
    const stopAt = (price: string) => ({ ...EXIT, type: "stop", stop_price: { at: decimalOf(price) } }) as const;
    for (const purchase of [enter("buy"), BUY_10]) {
      const flat = openAccount();
      const bought = first(send(flat, purchase, {}, { policy }));
      tell(flat, bought);
      send(flat, stopAt("170"), {}, { policy });
      fill(flat, bought);
      goOn(flat, { policy });
      expect(stops(flat)).toEqual(["sell 10 AAPL"]);
    }
    const sql = holding("10");
    const { order: stop } = put(sql, STOP_190, { isExit: true });
    const more = first(send(sql, { ...BUY_10, size: units("1") }, {}, { policy }));
    send(sql, stopAt("175"), {}, { policy });
    expect(read(sql, stop).order.cancel_requested_at).toBeNull();
    fill(sql, more);
    goOn(sql, { policy });
    tell(sql, stop, { status: "canceled", venue_order_id: "venue-1" });
    goOn(sql, { policy });
    expect(stops(sql)).toEqual(["sell 11 AAPL"]);
  });

  it("is kept from nothing by a part that its signal has sold", () => {
    const sql = holding("10");
    const stop = { ...EXIT, type: "stop", stop_price: { at: decimalOf("170") } } as const;
    const receipt = send(sql, [{ ...SELL_10, size: size("notional", "1000") }, stop]);
    const more = first(send(sql, { ...BUY_10, size: units("3") }));
    fill(sql, first(receipt));
    fill(sql, more);
    goOn(sql);
    expect(stops(sql)).toEqual(["sell 8 AAPL"]);
  });

  it("protects also where its signal has canceled a stop from before there was anything to protect", () => {
    const sql = openAccount();
    const bought = only(send(sql, BUY_10).orders);
    tell(sql, bought);
    const stop = only(send(sql, { ...SELL_10, type: "stop", stop_price: { at: decimalOf("190") } }).orders);
    tell(sql, stop);
    fill(sql, bought);
    send(sql, [CANCEL_AAPL, DENIED, PROTECTION]);
    tell(sql, stop, { status: "canceled" });
    goOn(sql);
    expect(stops(sql)).toEqual(["sell 10 AAPL"]);
  });

  it("is for what a sale of more than is held has opened", () => {
    const sql = holding("10");
    const stop = { ...EXIT, type: "stop", stop_price: { at: decimalOf("220") } } as const;
    const receipt = send(sql, [{ ...SELL_10, size: units("15") }, stop]);
    const more = only(send(sql, { ...SELL_10, size: units("3") }).orders);
    fill(sql, first(receipt));
    fill(sql, more);
    goOn(sql);
    expect(stops(sql)).toEqual(["buy 8 AAPL"]);
  });

  it("does not clear what protects others where its signal has canceled nothing but entries", () => {
    const sql = holding("50");
    const { order: stop } = put(sql, STOP_190, { isExit: true });
    put(sql, resting(2, { side: "buy" }));
    const takeProfit = {
      ...PROTECTION,
      type: "limit",
      stop_price: undefined,
      limit_price: { at: decimalOf("220") },
    } as const;
    const receipt = send(sql, [{ action: "cancel", symbol: "AAPL", side: "buy" }, DENIED, takeProfit]);
    expect(outcomesNow(sql, receipt)[2]).toBe("earlier_failed");
    expect(read(sql, stop).order.cancel_requested_at).toBeNull();
  });

  it("at the market gives way to a newer purchase, and calls nothing back", () => {
    const sql = openAccount();
    const older = send(sql, [BUY_10, EXIT]);
    const newer = send(sql, { ...BUY_10, size: units("3") });
    fill(sql, first(older));
    goOn(sql);
    expect(read(sql, first(newer)).order.cancel_requested_at).toBeNull();
    expect(outcomesNow(sql, older)[1]).toBe("superseded");
  });

  it("waits for a purchase of another plan that is on its way, to protect that as well", () => {
    const sql = openAccount();
    const receipt = send(sql, [BUY_10, PROTECTION]);
    const more = only(send(sql, { ...BUY_10, size: units("1") }).orders);
    fill(sql, first(receipt));
    goOn(sql);
    expect(outcomesNow(sql, receipt)[1]).toBe("working");
    expect(read(sql, more).order.cancel_requested_at).toBeNull();
    fill(sql, more);
    goOn(sql);
    expect(stops(sql)).toEqual(["sell 11 AAPL"]);
  });

  it("is overtaken by an order on its own side, and not by one that opens more: that is protected as well", () => {
    const sql = openAccount();
    const receipt = send(sql, [BUY_10, PROTECTION]);
    const more = only(send(sql, { ...BUY_10, size: units("2") }).orders);
    fill(sql, first(receipt));
    fill(sql, more);
    goOn(sql);
    expect(stops(sql)).toEqual(["sell 12 AAPL"]);
    const unsided = openAccount();
    const exit = send(unsided, [BUY_10, { ...EXIT, type: "stop", stop_price: { at: decimalOf("170") } }]);
    send(unsided, { ...BUY_10, ...at180, size: units("1") });
    fill(unsided, first(exit));
    goOn(unsided);
    expect(stops(unsided)).toEqual(["sell 10 AAPL"]);
    const other = openAccount();
    const overtaken = send(other, [BUY_10, PROTECTION]);
    fill(other, first(overtaken));
    send(other, { ...SELL_10, type: "stop", stop_price: { at: decimalOf("170") } });
    goOn(other);
    expect(outcomesNow(other, overtaken)[1]).toBe("superseded");
  });

  it.each<[string, string]>([
    ["has turned round what was held", "30"],
    ["has closed it", "10"],
  ])("is not for what is held after somebody else %s", (_, sold) => {
    const sql = openAccount();
    const plan = send(sql, [BUY_10, { ...EXIT, type: "stop", stop_price: { at: decimalOf("190") } }]);
    tell(sql, first(plan));
    fill(sql, first(send(sql, { ...SELL_10, size: units(sold) })));
    const short = send(sql, { ...SELL_10, size: units("5") });
    tell(sql, first(short));
    fill(sql, first(plan));
    goOn(sql);
    expect(outcomesNow(sql, plan)[1]).toBe("superseded");
    expect(ordersIn(sql)).toEqual(["sell 5 AAPL"]);
  });

  it("is not for what somebody else has opened, where nothing came of its own entry", () => {
    const sql = openAccount();
    const plan = send(sql, [
      { ...BUY_10, ...at180 },
      { ...EXIT, type: "stop", stop_price: { at: decimalOf("170") } },
    ]);
    tell(sql, first(plan));
    fill(sql, first(send(sql, { ...BUY_10, size: units("3") })));
    tell(sql, first(plan), { status: "expired" });
    goOn(sql);
    expect([outcomesNow(sql, plan)[1], ordersIn(sql)]).toEqual(["superseded", []]);
  });

  it("closes what a sale by money has opened, though nobody knew of which size that would be", () => {
    const sql = holding("5");
    const worth = size("notional", "2000");
    const stop = { ...EXIT, type: "stop", stop_price: { at: decimalOf("210") } } as const;
    const receipt = send(sql, [{ ...SELL_10, size: worth }, stop]);
    expect(ordersIn(sql)).toEqual(["sell 10 AAPL"]);
    send(sql, { ...SELL_10, type: "limit", limit_price: { at: decimalOf("195") }, size: units("1") });
    fill(sql, first(receipt));
    goOn(sql);
    expect(stops(sql)).toEqual(["buy 5 AAPL"]);
  });
});

describe("a cancel among other instructions", () => {
  it("is carried out in its place, and nothing waits for it", () => {
    const sql = openAccount();
    const { order } = put(sql, resting(1));
    const receipt = send(sql, [CANCEL_AAPL, { ...BID, symbol: "MSFT" }, { action: "cancel", symbol: "MSFT" }]);
    expect(receipt.steps[0]).toMatchObject({ outcome: "done", canceled: [order.id] });
    expect(receipt.steps[2]).toMatchObject({ outcome: "done", canceled: [first(receipt).id] });
    expect(rowsIn(sql)).toEqual([]);
  });

  it.each<[string, Instruction]>([
    ["an order", BID],
    ["an entry", { ...enter("buy"), ...at180 }],
    ["a target", { ...target("10"), ...at180 }],
  ])("takes back what rests of its own signal: %s", (_, entry) => {
    const sql = openAccount();
    send(sql, [entry, CANCEL_AAPL]);
    goOn(sql);
    expect(ordersIn(sql)).toEqual([]);
  });

  it("takes back what rests of its own signal, and what opens waits for its end", () => {
    const sql = openAccount();
    const receipt = send(sql, [BUY_10, BID, BUY_10, CANCEL_AAPL, { ...BUY_10, size: units("3") }]);
    const nth = (index: number) => {
      const order = receiptNow(sql, receipt).orders[index];
      if (order === undefined) throw new Error("not ordered");
      return order;
    };
    fill(sql, nth(0));
    goOn(sql);
    tell(sql, nth(1));
    goOn(sql);
    fill(sql, nth(2));
    goOn(sql);
    expect(outcomesNow(sql, receipt)).toEqual(["ordered", "ordered", "ordered", "done", "waiting"]);
    tell(sql, nth(1), { status: "canceled" });
    goOn(sql);
    expect(outcomesNow(sql, receipt)[4]).toBe("ordered");
  });

  it.each<[string, Instruction[]]>([
    ["in its symbol", [EXIT, CANCEL_AAPL]],
    ["everywhere", [target("0"), { action: "cancel" }]],
    ["behind a sale", [SELL_10, CANCEL_AAPL]],
    ["behind one that the collar has named a price for", [{ ...SELL_10, reduce_only: true }, CANCEL_AAPL]],
  ])("leaves what its own signal has on its way at the market: %s", (_, instructions) => {
    const sql = holding("10");
    const { order: stop } = put(sql, resting(1, { side: "sell", type: "stop", stop_price: decimalOf("190") }));
    const receipt = send(sql, instructions, {}, { policy: aPolicy({ price_collar_percent: "2" }) });
    tell(sql, stop, { status: "canceled", venue_order_id: "venue-1" });
    goOn(sql);
    expect(outcomesNow(sql, receipt)[1]).toBe("done");
    expect(ordersIn(sql)).toEqual(["sell 10 AAPL"]);
  });

  it("waits where something waits before it, and takes back what its own signal has placed by then", () => {
    const sql = openAccount();
    const receipt = send(sql, [BUY_10, BID, CANCEL_AAPL, PROTECTION]);
    expect(outcomesOf(receipt)).toEqual(["ordered", "waiting", "waiting", "waiting"]);
    fill(sql, first(receipt));
    goOn(sql);
    const { steps, orders } = receiptNow(sql, receipt);
    expect(steps[2]).toMatchObject({ outcome: "done", canceled: [orders[1]?.id] });
    expect(steps[3]?.outcome).toBe("working");
  });

  it("of everything is carried out where it stands, and leaves what its own signal still wants", () => {
    const sql = openAccount();
    const receipt = send(sql, [BUY_10, SELL_10, { action: "cancel" }]);
    expect(outcomesOf(receipt)).toEqual(["ordered", "waiting", "done"]);
    fill(sql, first(receipt));
    goOn(sql);
    expect(outcomesNow(sql, receipt)).toEqual(["ordered", "ordered", "done"]);
  });

  it("that has waited is carried out also where what it waited for has come to nothing", () => {
    const sql = openAccount();
    const { order } = put(sql, resting(1));
    const receipt = send(sql, [BUY_10, BUY_10, CANCEL_AAPL]);
    tell(sql, first(receipt), { status: "rejected" });
    goOn(sql);
    expect(outcomesNow(sql, receipt)).toEqual(["ordered", "earlier_failed", "done"]);
    expect(receiptNow(sql, receipt).steps[2]?.canceled).toEqual([order.id]);
  });

  it("waits no more than a stop does, which binds what waits", () => {
    const sql = openAccount();
    const receipt = send(sql, [BUY_10, BUY_10, { action: "stop", state: "reducing" }]);
    expect(receipt.steps[2]).toMatchObject({ action: "stop", outcome: "done" });
    expect(outcomesOf(receipt)[1]).toBe("waiting");
    goOn(sql);
    // The stop has canceled the entry.
    expect(outcomesNow(sql, receipt)[1]).toBe("earlier_failed");
    const flattening: Instruction = { action: "stop", state: "reducing", flatten: true };
    const left = send(holding("5"), [{ ...SELL_10, size: units("1") }, BUY_10, flattening], { stopReach: "account" });
    expect(outcomesOf(left)).toEqual(["ordered", "waiting", "done", "done", "working"]);
  });
});

describe("what waits for its turn", () => {
  /** An account with a purchase under way and a sale to come after it. */
  function waiting(named: Parameters<typeof send>[2] = {}) {
    const sql = openAccount();
    const receipt = send(sql, [BUY_10, SELL_10], named);
    const ends = () => {
      fill(sql, first(receipt));
      goOn(sql);
      return outcomesNow(sql, receipt)[1];
    };
    return { sql, receipt, ends };
  }

  it.each<[string, string, (sql: SqlStorage) => void]>([
    ["an order of a newer signal", "superseded", (sql) => send(sql, BUY_10)],
    ["an order that went the short way", "superseded", (sql) => admitSignal(sql, aSignal({ requestId: "short" }))],
    ["a newer signal's goal", "superseded", (sql) => send(sql, target("3"))],
    ["a goal that had nothing to do", "superseded", (sql) => send(sql, EXIT)],
    ["a cancel of everything", "canceled", (sql) => send(sql, { action: "cancel" })],
    ["a cancel in its symbol", "canceled", (sql) => send(sql, CANCEL_AAPL)],
    ["a cancel on its side", "canceled", (sql) => send(sql, { action: "cancel", side: "sell" })],
    ["a cancel by its signal's name", "canceled", (sql) => send(sql, { action: "cancel", client_order_id: "morning" })],
    ["a flatten", "superseded", (sql) => send(sql, { action: "flatten" })],
    [
      "a stop that flattens",
      "superseded",
      (sql) => send(sql, { action: "stop", state: "reducing", flatten: true }, { stopReach: "account" }),
    ],
    ["a person's wish to cancel everything", "canceled", cancelsAll(undefined)],
    ["a person's wish to cancel everything in its symbol", "canceled", cancelsAll("AAPL")],
    ["another mode of the account", "mode_changed", (sql) => leaveBehind(sql, { account: ACCOUNT, nowMs: NOW_MS })],
  ])("is dropped by %s", (_, code, happen) => {
    const { sql, receipt, ends } = waiting({ name: "morning" });
    happen(sql);
    goOn(sql);
    expect([outcomesNow(sql, receipt)[1], rowsIn(sql)]).toEqual([code, []]);
    if (read(sql, first(receipt)).order.delivery === "pending") expect(ends()).toBe(code);
  });

  it("does not keep a person's wish to cancel everything from leaving a stop's exit alone", () => {
    const sql = holding("5");
    const { order: protection } = put(sql, resting(1, { side: "sell", type: "stop", stop_price: decimalOf("190") }));
    const deciding = ok(contextOf());
    const args = { account: ACCOUNT, caller: CALLER, nowMs: NOW_MS, newId: contextOf().newId, deciding };
    transactionSync(sql, () => flattenUnder(sql, stopTrading(sql, "reducing"), args));
    cancelsAll(undefined)(sql);
    tell(sql, protection, { status: "canceled", venue_order_id: "venue-1" });
    goOn(sql);
    expect(ordersIn(sql)).toEqual(["sell 5 AAPL"]);
    cancelsAll(undefined)(sql);
    expect(ordersIn(sql)).toEqual(["sell 5 AAPL"]);
  });

  it("is dropped by a person who has everything closed", () => {
    const { sql, receipt } = waiting();
    const deciding = ok(contextOf());
    const args = { account: ACCOUNT, caller: CALLER, nowMs: NOW_MS, newId: contextOf().newId, deciding };
    transactionSync(sql, () => flattenUnder(sql, stopTrading(sql, "reducing"), args));
    expect([outcomesNow(sql, receipt)[1], rowsIn(sql)]).toEqual(["superseded", []]);
  });

  it.each<[string, (sql: SqlStorage) => void]>([
    ["an order in another symbol", (sql) => send(sql, { ...BUY_10, symbol: "MSFT" })],
    ["an order that the rules deny", (sql) => send(sql, { ...BUY_10, size: units("101") })],
    ["a cancel on the other side", (sql) => void send(sql, { action: "cancel", side: "buy", symbol: "MSFT" })],
    ["a cancel by another name", (sql) => send(sql, { action: "cancel", client_order_id: "evening" })],
    [
      "a flatten that its source has no right to",
      (sql) => {
        const sender = { revision: null, origin: "url_token", caps: null, owner: null } as const;
        send(sql, { action: "flatten" }, { sender }, { minimumOrigin: "hmac" });
      },
    ],
    ["a person's wish to cancel everything in another symbol", cancelsAll("MSFT")],
    ["a stop that it passes", (sql) => send(sql, { action: "stop", state: "reducing" }, { source: other })],
  ])("is not dropped by %s", (_, happen) => {
    const { sql, ends } = waiting();
    happen(sql);
    goOn(sql);
    expect(ends()).toBe("ordered");
  });

  const other = aSignal().source.replace("default", "other") as Order["source"];

  it("is not dropped by what a goal orders that was there before it, or by the legs of an order", () => {
    const sql = openAccount();
    // The goal waits for this one.
    const before = put(sql, numbered(resting(1), 1)).order;
    send(sql, target("-3"));
    const receipt = send(sql, [
      { ...BUY_10, symbol: "MSFT" },
      { ...SELL_10, symbol: "MSFT" },
    ]);
    tell(sql, before, { status: "canceled" });
    goOn(sql);
    const bid = send(sql, [BID, { ...SELL_10, size: units("1") }], { source: other });
    put(sql, { ...numbered(resting(2), 2), parent: before.id });
    tell(sql, first(bid));
    goOn(sql, { policy: aPolicy({ self_match: "off" }) });
    expect(outcomesNow(sql, bid)).toEqual(["ordered", "ordered"]);
    expect(outcomesNow(sql, receipt)).toEqual(["ordered", "waiting"]);
  });

  it("opens nothing five minutes after its signal, and closes what it is to close", () => {
    const late = { nowMs: NOW_MS + LAPSE_MS };
    for (const [instruction, outcome] of [
      [SELL_10, "working"],
      [PROTECTION, "working"],
      [target("0"), "working"],
      [BUY_10, "approval_lapsed"],
      [enter("sell"), "working"],
      [{ action: "reverse", side: "sell", ...AAPL, size: units("1") }, "approval_lapsed"],
    ] as [Instruction, string][]) {
      const sql = openAccount();
      const receipt = send(sql, [BUY_10, instruction]);
      fill(sql, first(receipt));
      goOn(sql, late);
      expect(outcomesNow(sql, receipt)).toEqual(["ordered", outcome]);
      expect(ordersIn(sql)).toEqual(outcome === "working" ? ["sell 10 AAPL"] : []);
    }
  });

  it("opens nothing for a source that has been changed since, as goals do not", () => {
    const sender = { revision: 3, origin: "hmac", caps: null, owner: null } as const;
    for (const [instruction, outcome] of [
      [BUY_10, "approval_lapsed"],
      [SELL_10, "working"],
    ] as [Instruction, string][]) {
      const sql = openAccount();
      const receipt = send(sql, [BUY_10, instruction], { sender });
      requireRevision(sql, aSignal().source, 4);
      fill(sql, first(receipt));
      goOn(sql);
      expect(outcomesNow(sql, receipt)).toEqual(["ordered", outcome]);
    }
  });

  it("opens nothing late by a goal either that was begun in time", () => {
    const sql = holding("5");
    const receipt = send(sql, [SELL_10, { action: "reverse", side: "buy", ...AAPL, size: units("3") }]);
    fill(sql, first(receipt));
    goOn(sql, { nowMs: NOW_MS + LAPSE_MS - 1 });
    const exit = only(readLive(sql));
    expect(termsOf(exit)).toBe("buy 5 AAPL");
    fill(sql, exit);
    goOn(sql, { nowMs: NOW_MS + LAPSE_MS });
    expect(outcomesNow(sql, receipt)).toEqual(["ordered", "approval_lapsed"]);
    expect([positionIn(sql, "AAPL"), ordersIn(sql)]).toEqual(["0", []]);
  });

  it("is carried out once, whole or not at all, wherever the process ends", () => {
    const { sql, receipt } = waiting();
    fill(sql, first(receipt));
    expect(() =>
      transactionSync(sql, () => {
        readDue(sql).forEach(({ carryOn }) => carryOn(contextOf()));
        throw new Error("the disk is full");
      }),
    ).toThrow("the disk is full");
    expect([outcomesNow(sql, receipt)[1], ordersIn(sql)]).toEqual(["waiting", []]);
    const due = readDue(sql);
    for (let times = 0; times < 2; times += 1) due.forEach(({ carryOn }) => carryOn(contextOf()));
    expect(ordersIn(sql)).toEqual(["sell 10 AAPL"]);
  });

  it("is not done anew by the same signal, which is answered as it stands", () => {
    const { sql, receipt, ends } = waiting({ name: "morning" });
    ends();
    const again = deliver(sql, signalOf([BUY_10, SELL_10], { name: "morning", requestId: "again" }));
    if (!again.ok) throw new Error(again.error.reason);
    expect(again.value.duplicate).toBe(true);
    expect(receiptOf(sql, again.value.value)).toEqual(receiptNow(sql, receipt));
    expect(ordersIn(sql)).toEqual(["sell 10 AAPL"]);
  });

  it("takes as much of the rate as if it had been sent by itself, and no more than there ever is", () => {
    const limits = { ratePerSec: 1, capacity: 2 };
    for (const instructions of [
      [BUY_10, SELL_10],
      [BUY_10, SELL_10, BUY_10],
    ]) {
      const sql = openAccount();
      expect(deliver(sql, signalOf(instructions), { limits })).toMatchObject({ value: { remaining: 0 } });
      const next = deliver(sql, signalOf(instructions, { requestId: "next" }), { limits });
      expect(next).toMatchObject({ error: { reason: "rate_limited" } });
      const later = { limits, nowMs: NOW_MS + 2_000 };
      expect(deliver(sql, signalOf(instructions, { requestId: "later" }), later)).toMatchObject({ ok: true });
    }
  });
});

const wishes: fc.Arbitrary<Instruction> = fc
  .record({
    size: fc.integer({ min: 1, max: 9 }).map((count) => units(String(count))),
    side: fc.constantFrom("buy" as const, "sell" as const),
    terms: fc.constantFrom(AAPL, AAPL, { symbol: "AAPL", ...at180 } as const),
    action: fc.constantFrom("plain", "plain", "enter", "exit", "target", "cancel", "protect"),
  })
  .map(({ size: wanted, side, terms, action }): Instruction => {
    if (action === "protect") return { ...PROTECTION, action: side };
    if (action === "plain") return { action: side, size: wanted, ...terms };
    if (action === "enter") return { action, side, size: wanted, ...terms };
    if (action === "target") return { action, position: wanted.value, ...terms };
    return action === "exit" ? { action, ...AAPL } : CANCEL_AAPL;
  });

const days = fc.record({
  weather: weathers,
  plans: fc.array(fc.record({ instructions: fc.array(wishes, { minLength: 2, maxLength: 4 }), afterMs: moments }), {
    minLength: 1,
    maxLength: 2,
  }),
  crashesAfterMs: fc.array(moments, { maxLength: 2 }),
  learnMs: fc.constantFrom(1, 30, 2_000),
});

describe("any plan on any day", () => {
  beforeEach(() => {
    for (const level of ["info", "log", "warn", "error"] as const)
      vi.spyOn(console, level).mockImplementation(() => undefined);
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  type Seen = Map<string, StoredStep>;
  type Planned = { readonly id: string; readonly instructions: readonly Instruction[] };

  /** A step becomes something once, in its turn, and what opens only after what has not failed; and then it stays that. */
  function expectInTurn(sql: SqlStorage, { id, instructions }: Planned, seen: Seen): void {
    const stored = findSignal(sql, id)?.signal.steps ?? [];
    for (const [place, step] of stored.entries()) {
      const key = `${id} ${place}`;
      const known = seen.get(key);
      if (known !== undefined) expect(step).toEqual(known);
      if (known !== undefined || step.outcome === "waiting") continue;
      seen.set(key, step);
      const instruction = instructions[place];
      if (step.outcome === "failed" || instruction === undefined) continue;
      const before = receiptNow(sql, { id }).steps.slice(0, place);
      expect(before.map(({ outcome }) => outcome)).not.toContain("waiting");
      if (instruction.action === "cancel") continue;
      const takenBack = new Set(before.flatMap(({ canceled }) => canceled));
      const isProtection = instruction.action !== "exit" && "stop_price" in instruction;
      for (const { outcome, orders } of before) {
        if (instruction.action !== "exit" && !isProtection) expect(["ordered", "done"]).toContain(outcome);
        const last = orders.at(-1);
        if (last === undefined || takenBack.has(last)) continue;
        const { order, isExit } = read(sql, { id: last });
        const hasEnded = isTerminal(order.status);
        const rests = order.type !== "market" && order.delivery === "delivered" && !hasEnded;
        if (isProtection) expect(hasEnded || (isExit && rests)).toBe(true);
        else expect(rests || (instruction.action === "exit" ? hasEnded : order.status === "filled")).toBe(true);
      }
    }
  }

  /** Nothing has come of the signal but what its steps say. */
  function expectOnce(sql: SqlStorage, { id, request_id, steps }: SignalReceipt): void {
    const named = findSignal(sql, id)?.signal.steps ?? [];
    const goals = sql.exec<{ id: string }>("SELECT id FROM goals WHERE signal = ?", id).toArray();
    expect(goals.map((goal) => goal.id)).toEqual(named.flatMap(({ goal }) => goal ?? []));
    const orders = listOrdersFrom(sql, "").filter(({ order }) => order.request_id === request_id);
    expect(orders.map(({ order }) => order.id)).toEqual(steps.flatMap((step) => step.orders).toSorted());
  }

  async function live({
    weather,
    plans,
    crashesAfterMs,
    learnMs,
  }: typeof days extends fc.Arbitrary<infer Day> ? Day : never) {
    const simulation = new Simulation();
    const { sql } = simulation;
    writeBrokerView(sql, { atMs: NOW_MS, holdings: [], balances: BALANCES });
    const venue = new LyingVenue(weather, simulation);
    const context = () => contextOf({ nowMs: simulation.nowMs });
    const seen: Seen = new Map();
    const signals: Planned[] = [];
    const look = () => signals.forEach((planned) => expectInTurn(sql, planned, seen));
    for (const [index, { instructions, afterMs }] of plans.entries()) {
      simulation.at(NOW_MS + afterMs, () => {
        const signal = signalOf(instructions, { requestId: `plan-${index}` });
        const args = { ...context(), limits: { ratePerSec: 1_000, capacity: 1_000 }, signal };
        const instructed = transactionSync(sql, () => instruct(sql, args));
        if (instructed.ok) signals.push({ id: instructed.value.value.id, instructions });
        look();
      });
    }
    for (const afterMs of crashesAfterMs) simulation.at(NOW_MS + afterMs, () => simulation.crash());
    const lastMs = NOW_MS + Math.max(...plans.map(({ afterMs }) => afterMs), ...crashesAfterMs);
    simulation.at(lastMs + 1, () => undefined);
    simulation.start(onItsWord(venue));
    const isQuiet = () =>
      simulation.nowMs > lastMs &&
      !isAnythingDue(sql) &&
      readLive(sql).every(({ delivery }) => delivery === "needs_operator");
    await simulation.run(isQuiet, () => {
      // What is due is carried out once prices are learned: by then it may be due no more.
      for (const { carryOn } of readDue(sql)) {
        simulation.at(simulation.nowMs + learnMs, () => {
          transactionSync(sql, () => carryOn(context()));
          look();
        });
      }
    });
    return { sql, receipts: signals.map((planned) => receiptNow(sql, planned)) };
  }

  it("carries each thing out at most once, in order, opens nothing after what failed, and ends every step", async () => {
    await fc.assert(
      fc.asyncProperty(days, async (day) => {
        const { sql, receipts } = await live(day);
        expect(receipts).toHaveLength(day.plans.length);
        for (const receipt of receipts) expectOnce(sql, receipt);
        // A person has the word about these.
        if (readLive(sql).length > 0) return;
        for (const receipt of receipts) expect(outcomesOf(receipt)).not.toContain("waiting");
        expect(rowsIn(sql)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});
