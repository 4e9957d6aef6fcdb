// Orders at the market that the collar has given a price, where goals meet them: they trade in a moment, or rest there.
import { describe, expect, it } from "vitest";
import { readLive } from "../../../../src/account/orders/orders.ts";
import { mustRecord } from "../../../../src/account/orders/record.ts";
import { makeGoalsDue } from "../../../../src/account/signals/goal-store.ts";
import { isTimerDue } from "../../../../src/account/timers.ts";
import { decimalOf } from "../../../../src/domain/money.ts";
import type { Order } from "../../../../src/domain/order.ts";
import type { Instruction } from "../../../../src/domain/signal/instruction.ts";
import { NOW_MS, aPolicy } from "../../../support/builders.ts";
import {
  BUY_10,
  EXIT,
  enter,
  fill,
  first,
  goOn as goOnBy,
  holding,
  ordersIn,
  send,
  stepOf,
  tell,
  termsOf,
  units,
} from "../instructing.ts";
import { at, openAccount, read } from "../tables.ts";

const policy = aPolicy({ price_collar_percent: "2" });
const SELL_10 = { ...BUY_10, action: "sell" } satisfies Instruction;
const ENTRY = { action: "enter", side: "buy", symbol: "AAPL", size: units("10") } as const;
const PART = { status: "partially_filled", filled_quantity: "6", average_price: "203" } as const;
const stopAt = (price: string) => ({ ...EXIT, type: "stop", stop_price: { at: decimalOf(price) } }) as const;

const sent = (sql: SqlStorage, instruction: Instruction): Order => first(send(sql, instruction, {}, { policy }));

/** Once something has changed, or the timer has gone off. */
function goOn(sql: SqlStorage, afterMs = 0): void {
  if (isTimerDue(sql, "goals", NOW_MS + afterMs)) makeGoalsDue(sql);
  goOnBy(sql, { policy, nowMs: NOW_MS + afterMs });
}

const isCanceled = (sql: SqlStorage, order: Order): boolean => read(sql, order).order.cancel_requested_at !== null;
const stops = (sql: SqlStorage): string[] =>
  readLive(sql)
    .filter(({ type, cancel_requested_at: wanted }) => type === "stop" && wanted === null)
    .map(termsOf);

describe("an entry at the market that the collar has given a price", () => {
  it.each([
    ["on its way", 50, "0"],
    ["on its way to a larger position", 50, "10"],
    ["resting", 60_000, "0"],
    ["resting beside what is held", 60_000, "10"],
  ])("is called back by an exit while %s, and nothing is held in the end", (_, afterMs, before) => {
    const sql = holding(before);
    const bought = sent(sql, BUY_10);
    if (afterMs > 1_000) tell(sql, bought);
    else mustRecord(sql, read(sql, bought), { type: "submitting" }, at());
    const left = send(sql, EXIT, {}, { policy, nowMs: NOW_MS + afterMs });
    expect(stepOf(left).outcome).toBe("working");
    expect(isCanceled(sql, bought)).toBe(true);
    fill(sql, bought);
    goOn(sql, afterMs);
    expect(ordersIn(sql)).toEqual([`sell ${Number(before) + 10} AAPL`]);
  });

  it("is not sent any more where the exit comes before that", () => {
    const sql = openAccount();
    const bought = sent(sql, BUY_10);
    send(sql, EXIT, {}, { policy, nowMs: NOW_MS + 50 });
    expect([read(sql, bought).order.status, ordersIn(sql)]).toEqual(["canceled", []]);
  });

  it.each([
    ["waited for by an exit from its own side, while it is on its way", 50, false],
    ["called back by an exit from its own side, once it rests", 60_000, true],
  ])("that first takes off what is held on the other side is %s", (_, afterMs, isCalledBack) => {
    const sql = holding("-4");
    const bought = sent(sql, BUY_10);
    expect(bought.type).toBe("limit");
    tell(sql, bought);
    const left = send(sql, { ...EXIT, position: "long" }, {}, { policy, nowMs: NOW_MS + afterMs });
    expect([stepOf(left).outcome, isCanceled(sql, bought)]).toEqual(["working", isCalledBack]);
    fill(sql, bought);
    goOn(sql, afterMs + 100);
    expect(ordersIn(sql)).toEqual(["sell 6 AAPL"]);
  });

  it("is not called back by an exit that is older", () => {
    const sql = openAccount();
    const bought = sent(sql, BUY_10);
    mustRecord(sql, read(sql, bought), { type: "submitting" }, at());
    send(sql, EXIT, {}, { policy, nowMs: NOW_MS + 50 });
    const newer = first(send(sql, { ...BUY_10, size: units("7") }, {}, { policy, nowMs: NOW_MS + 20_000 }));
    goOn(sql, 20_100);
    fill(sql, bought);
    goOn(sql, 20_200);
    expect(isCanceled(sql, newer)).toBe(false);
  });

  it("that crosses is called back by an entry on the side that is held", () => {
    const sql = holding("10");
    const sold = sent(sql, { ...SELL_10, size: units("20") });
    mustRecord(sql, read(sql, sold), { type: "submitting" }, at());
    send(sql, enter("buy"), {}, { policy, nowMs: NOW_MS + 50 });
    expect(isCanceled(sql, sold)).toBe(true);
  });
});

describe("an order at the market that the collar has given a price, and that rests there", () => {
  /** A sale from before the fill of its purchase was told of: no exit yet, so it is bounded. */
  function saleResting(quantity: string) {
    const sql = openAccount();
    const bought = sent(sql, BUY_10);
    tell(sql, bought);
    const sale = sent(sql, { ...SELL_10, size: units(quantity) });
    expect(sale.type).toBe("limit");
    fill(sql, bought);
    tell(sql, sale);
    return { sql, sale };
  }

  it("is not what an exit at the market waits for: it makes way", () => {
    const { sql, sale } = saleResting("10");
    send(sql, EXIT, {}, { policy });
    expect(isCanceled(sql, sale)).toBe(true);
    tell(sql, sale, { status: "canceled" });
    goOn(sql);
    expect(ordersIn(sql)).toEqual(["sell 10 AAPL"]);
  });

  it("is not what a flatten waits for", () => {
    const { sql, sale } = saleResting("4");
    send(sql, { action: "flatten" }, {}, { policy });
    expect(isCanceled(sql, sale)).toBe(true);
  });

  it("is ordered anew by an entry that comes again", () => {
    const sql = openAccount();
    const bought = sent(sql, enter("buy"));
    tell(sql, bought);
    send(sql, enter("buy"), {}, { policy });
    expect(isCanceled(sql, bought)).toBe(true);
  });

  it("is waited for by a stop for a while, and no longer: what it has filled by then is protected", () => {
    const sql = openAccount();
    const bought = sent(sql, enter("buy"));
    tell(sql, bought, PART);
    send(sql, stopAt("170"), {}, { policy });
    goOn(sql, 10_000);
    expect(stops(sql)).toEqual([]);
    goOn(sql, 20_000);
    expect(stops(sql)).toEqual(["sell 6 AAPL"]);
    expect(isCanceled(sql, bought)).toBe(false);
  });

  it("is on its way as long as nobody knows whether the broker has it", () => {
    const sql = openAccount();
    const bought = sent(sql, enter("buy"));
    mustRecord(sql, read(sql, bought), { type: "submitting" }, at());
    send(sql, stopAt("170"), {}, { policy });
    goOn(sql, 60_000);
    fill(sql, bought);
    goOn(sql, 61_000);
    expect(stops(sql)).toEqual(["sell 10 AAPL"]);
  });

  it("is on its way for a moment also where what it has filled so far is too little to be protected", () => {
    const sql = openAccount();
    const bought = sent(sql, enter("buy"));
    tell(sql, bought, { ...PART, filled_quantity: "1" });
    const half = { by: "percent_of_position", value: decimalOf("50") } as const;
    send(sql, { ...stopAt("170"), size: half }, {}, { policy });
    fill(sql, bought);
    goOn(sql);
    expect(stops(sql)).toEqual(["sell 5 AAPL"]);
  });

  it("makes way for a stop then where it has legs of its own, which close all that it fills", () => {
    const sql = openAccount();
    const bought = sent(sql, { ...ENTRY, type: "market", stop_loss: { stop_price: { at: decimalOf("170") } } });
    tell(sql, bought, PART);
    send(sql, stopAt("170"), {}, { policy });
    goOn(sql, 20_000);
    expect(isCanceled(sql, bought)).toBe(true);
  });

  it("makes way then for a limit that leaves", () => {
    const sql = openAccount();
    const bought = sent(sql, enter("buy"));
    tell(sql, bought, PART);
    send(sql, { ...EXIT, type: "limit", limit_price: { at: decimalOf("205") } }, {}, { policy });
    goOn(sql, 20_000);
    expect(isCanceled(sql, bought)).toBe(true);
  });
});

describe("a limit out of a side that is not held", () => {
  it("leaves what protects the other side", () => {
    const sql = openAccount();
    fill(sql, sent(sql, BUY_10));
    tell(sql, sent(sql, stopAt("170")));
    goOn(sql);
    const outOfShort = { ...EXIT, position: "short", type: "limit", limit_price: { at: decimalOf("190") } } as const;
    send(sql, outOfShort, {}, { policy });
    expect(stops(sql)).toEqual(["sell 10 AAPL"]);
  });
});

describe("an entry by a stop that rests", () => {
  it("stays where a stop that protects finds nothing held, and orders nothing", () => {
    const sql = openAccount();
    const entry = sent(sql, { ...ENTRY, type: "stop", stop_price: { at: decimalOf("201") } });
    tell(sql, entry);
    send(sql, stopAt("170"), {}, { policy });
    expect(isCanceled(sql, entry)).toBe(false);
  });
});
