import { describe, expect, it } from "vitest";
import { flattenUnder } from "../../../../src/account/stops/flatten-under.ts";
import { readLive } from "../../../../src/account/orders/orders.ts";
import { adoptPosition } from "../../../../src/account/positions/positions.ts";
import { receiptOf } from "../../../../src/account/signals/signals.ts";
import { decimalOf } from "../../../../src/domain/money.ts";
import type { Order } from "../../../../src/domain/order.ts";
import { type Result, err, ok } from "../../../../src/domain/result.ts";
import type { SignalReceipt } from "../../../../src/domain/signal/receipt.ts";
import { NOW_MS, anOrder } from "../../../support/builders.ts";
import {
  ACCOUNT,
  CALLER,
  decidingWith,
  journalOf,
  newId,
  numbered,
  openAccount,
  put,
  read,
  stopTrading,
} from "../tables.ts";
import { transactionSync } from "../sql-storage.ts";

let made = 0;
const next = () => newId((made += 1));

const able = (isDisabled = false) => ok({ ...decidingWith({ isDisabled }), random: 0.5, newId: next });

type Deciding = ReturnType<typeof able> | Result<never, { reason: "misconfigured" }>;

/** By a person, under a stop of everything or of a symbol. */
function leave(
  sql: SqlStorage,
  {
    symbol = null,
    requestId = `kill-${(made += 1)}`,
    deciding = able(),
  }: {
    symbol?: string | null;
    requestId?: string;
    deciding?: Deciding;
  } = {},
): SignalReceipt {
  const stop = stopTrading(sql, "reducing", { symbol });
  const args = { account: ACCOUNT, caller: { ...CALLER, requestId }, nowMs: NOW_MS, newId: next, deciding };
  return receiptOf(
    sql,
    transactionSync(sql, () => flattenUnder(sql, stop, args)),
  );
}

function holding(positions: Record<string, string>): SqlStorage {
  const sql = openAccount();
  for (const [symbol, units] of Object.entries(positions)) {
    adoptPosition(sql, symbol, decimalOf(units), NOW_MS - 7_200_000);
  }
  return sql;
}

const resting = (index: number, overrides: Parameters<typeof anOrder>[0] = {}): Order =>
  numbered(
    anOrder({ delivery: "delivered", status: "new", venue_order_id: `venue-${index}`, ...overrides }),
    900_000 + index,
  );

const termsOf = ({ side, quantity, symbol }: Order): string => `${side} ${quantity} ${symbol}`;
const exitsIn = (sql: SqlStorage): string[] =>
  readLive(sql)
    .filter(({ source }) => source === "api")
    .map(termsOf);
const outcomesOf = ({ steps }: SignalReceipt) =>
  steps.map(({ action, symbol, outcome, code }) => [action, symbol, outcome, code]);

describe("a stop that leaves every position", () => {
  it("orders a way out of each, on behalf of nobody's source, and says which", () => {
    const sql = holding({ AAPL: "5", MSFT: "-3", SPY: "0" });
    const receipt = leave(sql);
    expect(exitsIn(sql)).toEqual(["sell 5 AAPL", "buy 3 MSFT"]);
    expect(receipt).toMatchObject({ source: "api", format: "stop" });
    expect(outcomesOf(receipt)).toEqual([
      ["flatten", null, "done", null],
      ["exit", "AAPL", "working", null],
      ["exit", "MSFT", "working", null],
    ]);
  });

  it("leaves the rest where it is one of a symbol", () => {
    const sql = holding({ AAPL: "5", MSFT: "3" });
    const protects = put(sql, resting(1, { symbol: "MSFT", side: "sell" })).order;
    expect(leave(sql, { symbol: "AAPL" }).steps.map(({ symbol }) => symbol)).toEqual(["AAPL", "AAPL"]);
    expect(exitsIn(sql)).toEqual(["sell 5 AAPL"]);
    expect(read(sql, protects).order.cancel_requested_at).toBeNull();
  });

  it("clears away what rests in its way first, what protects the position too", () => {
    const sql = holding({ AAPL: "5" });
    const [target, entry] = [resting(1, { side: "sell", quantity: decimalOf("5") }), resting(2)];
    for (const order of [target, entry]) put(sql, order);
    const receipt = leave(sql);
    expect(receipt.steps[0]?.canceled.toSorted()).toEqual([target.id, entry.id].toSorted());
    // Either may fill until its end is known.
    expect(exitsIn(sql)).toEqual([]);
  });

  it("is on the record: who asked for it, under which stop, and what was begun", () => {
    const sql = holding({ AAPL: "5" });
    const { id } = leave(sql, { requestId: "the-kill" });
    expect(journalOf(sql).find(({ type }) => type === "positions.flatten_requested")).toMatchObject({
      actor: CALLER.actor,
      request_id: "the-kill",
      result: { ok: true, code: "accepted" },
      data: { signal: id, steps: [{ action: "flatten" }, { action: "exit", symbol: "AAPL" }] },
    });
  });

  it("is the same one for a request that is repeated because its answer got lost", () => {
    const sql = holding({ AAPL: "5" });
    const first = leave(sql, { requestId: "lost" });
    expect(leave(sql, { requestId: "lost" })).toEqual(first);
    expect(exitsIn(sql)).toEqual(["sell 5 AAPL"]);
  });

  it("orders nothing more when it is asked for again, and has nothing to leave where nothing is held", () => {
    const sql = holding({ AAPL: "5" });
    leave(sql);
    leave(sql);
    expect(exitsIn(sql)).toEqual(["sell 5 AAPL"]);
    expect(outcomesOf(leave(openAccount()))).toEqual([["flatten", null, "done", null]]);
  });

  it("keeps what is held, and what protects it, where trading is halted, and says so", () => {
    const sql = holding({ AAPL: "5" });
    const protects = put(sql, resting(1, { side: "sell" })).order;
    stopTrading(sql, "halted");
    expect(outcomesOf(leave(sql))[1]).toEqual(["exit", "AAPL", "failed", "trading_halted"]);
    expect([exitsIn(sql), read(sql, protects).order.cancel_requested_at]).toEqual([[], null]);
  });

  it.each<[string, Deciding]>([
    ["account_disabled", able(true)],
    ["misconfigured", err({ reason: "misconfigured" })],
  ])("says of each symbol that it stays where the account is %s", (code, deciding) => {
    const sql = holding({ AAPL: "5" });
    const protects = put(sql, resting(1, { side: "sell" })).order;
    expect(outcomesOf(leave(sql, { deciding }))).toEqual([
      ["flatten", null, "done", null],
      ["exit", "AAPL", "failed", code],
    ]);
    expect([exitsIn(sql), read(sql, protects).order.cancel_requested_at]).toEqual([[], null]);
  });
});
