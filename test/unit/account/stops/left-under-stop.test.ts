// What signals of sources may do to a position that a stop has left: nothing, as long as the stop is in force.
import { describe, expect, it } from "vitest";
import { flattenUnder } from "../../../../src/account/stops/flatten-under.ts";
import { readLive } from "../../../../src/account/orders/orders.ts";
import { mustRecord } from "../../../../src/account/orders/record.ts";
import { settleOrder } from "../../../../src/account/orders/settle.ts";
import { findSignal, receiptOf } from "../../../../src/account/signals/signals.ts";
import { releaseStop } from "../../../../src/account/stops/stops.ts";
import type { Order } from "../../../../src/domain/order.ts";
import { ok } from "../../../../src/domain/result.ts";
import { Settlement } from "../../../../src/domain/settlement.ts";
import type { SignalReceipt } from "../../../../src/domain/signal/receipt.ts";
import type { Instruction } from "../../../../src/domain/signal/instruction.ts";
import { NOW_MS, aReport, anOrder } from "../../../support/builders.ts";
import {
  AAPL,
  EXIT,
  enter,
  holding,
  only,
  ordersIn,
  pursueAll,
  resting,
  send,
  stepOf,
  target,
  units,
} from "../instructing.ts";
import { openSqlStorage, transactionSync } from "../sql-storage.ts";
import { ACCOUNT, CALLER, at, decidingWith, newId, numbered, openAccount, put, read, stopTrading } from "../tables.ts";

let made = 7_000;
const next = () => newId((made += 1));

/** A person stops the account and has everything left. */
function kill(sql: SqlStorage) {
  const stop = stopTrading(sql, "reducing");
  const deciding = ok({ ...decidingWith(), random: 0.5, newId: next });
  const args = { account: ACCOUNT, caller: { ...CALLER, requestId: "kill" }, nowMs: NOW_MS, newId: next, deciding };
  return {
    stop,
    receipt: receiptOf(
      sql,
      transactionSync(sql, () => flattenUnder(sql, stop, args)),
    ),
  };
}

/** What the venue says of the order, which nothing has been filled of. */
function tell(sql: SqlStorage, { id }: Pick<Order, "id">, status: "new" | "canceled"): void {
  const { order } = read(sql, { id });
  if (order.delivery === "pending") mustRecord(sql, read(sql, { id }), { type: "submitting" }, at());
  const { client_order_id, symbol, side, type, quantity = null, limit_price = null, stop_price = null } = order;
  const terms = { client_order_id, symbol, side, type, quantity, limit_price, stop_price };
  const report = aReport({ ...terms, venue_order_id: order.venue_order_id ?? `venue-of-${id}`, status });
  mustRecord(sql, read(sql, { id }), { type: "report", report }, at());
}

const readSignal = (sql: SqlStorage, { id }: SignalReceipt): SignalReceipt => {
  const found = findSignal(sql, id);
  if (found === undefined) throw new Error("a signal is not there");
  return receiptOf(sql, found.signal);
};

const STOP_LOSS = { side: "sell", type: "stop", limit_price: undefined, stop_price: "180", quantity: "10" } as const;

const SIGNALS: [string, Instruction][] = [
  ["a target as held", target("10")],
  ["a target of more", target("20")],
  ["a target of less", target("5")],
  ["a reverse to the same side", { action: "reverse", side: "buy", ...AAPL, size: units("10") }],
  ["an exit of a part", { action: "enter", side: "sell", opposite: "reduce", ...AAPL, size: units("2") }],
  [
    "an exit that may never be filled",
    { action: "exit", symbol: "AAPL", type: "limit", limit_price: { at: units("500").value } },
  ],
  ["an entry", enter("buy")],
  ["a cancel", { action: "cancel" }],
  ["a cancel in the symbol", { action: "cancel", symbol: "AAPL" }],
  ["a flatten", { action: "flatten" }],
];

describe("a position that a stop has left", () => {
  it.each(SIGNALS)("has its exit go on at the venue through %s", (_, instruction) => {
    const sql = holding("10");
    kill(sql);
    const exit = only(readLive(sql));
    tell(sql, exit, "new");
    pursueAll(sql);
    send(sql, instruction);
    pursueAll(sql);
    expect(read(sql, exit).order.cancel_requested_at).toBeNull();
    expect(ordersIn(sql)).toEqual(["sell 10 AAPL"]);
  });

  it.each(SIGNALS)("is left also while the way is being cleared, through %s", (_, instruction) => {
    const sql = holding("10");
    const stopLoss = put(sql, resting(1, STOP_LOSS)).order;
    kill(sql);
    send(sql, instruction);
    tell(sql, stopLoss, "canceled");
    pursueAll(sql);
    expect(ordersIn(sql)).toEqual(["sell 10 AAPL"]);
  });

  it("refuses the signal by a code of its own", () => {
    const sql = holding("10");
    kill(sql);
    expect(stepOf(send(sql, target("5")))).toMatchObject({ outcome: "failed", code: "being_left" });
  });

  it("is the sources' again once the stop is released", () => {
    const sql = holding("10");
    const { stop } = kill(sql);
    const exit = only(readLive(sql));
    tell(sql, exit, "new");
    releaseStop(sql, stop.id, { level: "gateway", why: null }, { ...at(), account: ACCOUNT, caller: CALLER });
    send(sql, { action: "cancel", symbol: "AAPL" });
    expect(read(sql, exit).order.cancel_requested_at).not.toBeNull();
  });

  it("is not said to be left where the broker has never said what is held", () => {
    const { receipt } = kill(openSqlStorage());
    expect(receipt.steps).toMatchObject([{ action: "flatten", outcome: "failed", code: "position_unknown" }]);
  });
});

describe("a source whose exit the rules deny", () => {
  const sender = {
    revision: null,
    origin: "url_token",
    caps: { signals_per_min: 60, max_quantity: units("4").value },
    owner: null,
  } as const;

  it.each<[string, Instruction, object[]]>([
    ["an exit", EXIT, []],
    ["a flatten", { action: "flatten" }, []],
    ["a flatten beside an entry that rests", { action: "flatten" }, [{ limit_price: "150" }]],
    ["an exit beside a market order on its way", EXIT, [{ type: "market", limit_price: undefined }]],
    ["an exit beside a cancel on its way", EXIT, [{ cancel_requested_at: new Date(NOW_MS).toISOString() }]],
  ])("leaves what protects the position by %s", (_, instruction, others) => {
    const sql = holding("10");
    const stopLoss = put(sql, resting(1, STOP_LOSS)).order;
    const beside = others.map((terms, index) => put(sql, resting(index + 2, { quantity: "1", ...terms })).order);
    const receipt = send(sql, instruction, { sender }, { minimumOrigin: "url_token" });
    for (const order of beside) tell(sql, order, "canceled");
    pursueAll(sql, { minimumOrigin: "url_token" });
    expect(readSignal(sql, receipt).steps.at(-1)).toMatchObject({ outcome: "failed", code: "order_denied" });
    expect(read(sql, stopLoss).order.cancel_requested_at).toBeNull();
  });
});

describe("a bracket that a person has settled as filled", () => {
  it("is left by a stop, without its legs being waited for", () => {
    const sql = openAccount();
    const terms = { take_profit: { limit_price: "210" }, stop_loss: { stop_price: "180" } };
    const state = {
      delivery: "needs_operator",
      outcome: "unknown",
      attempts: 1,
      reason: { code: "not_found" },
    } as const;
    const entry = put(sql, numbered(anOrder({ ...terms, ...state }), 1)).order;
    const settlement = Settlement.parse({
      outcome: "placed",
      status: "filled",
      filled_quantity: "10",
      average_price: "200",
      without_broker: true,
      reason: "on the phone",
    });
    expect(settleOrder(sql, entry.id, settlement, { ...at(), caller: CALLER }).ok).toBe(true);
    kill(sql);
    expect(ordersIn(sql)).toEqual(["sell 10 AAPL"]);
  });
});
