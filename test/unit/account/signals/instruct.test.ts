import { describe, expect, it } from "vitest";
import {
  ACCOUNT,
  BALANCES,
  CALLER,
  admitSignal,
  aSignal,
  journalOf,
  numbered,
  openAccount,
  put,
  read,
  stopTrading,
  typesOf,
} from "../tables.ts";
import { writeBrokerView } from "../../../../src/account/positions/broker-view.ts";
import { requireRevision } from "../../../../src/account/configuration.ts";
import { markEquity } from "../../../../src/account/risk/funds.ts";
import { readLive } from "../../../../src/account/orders/orders.ts";
import { adoptPosition, positionIn } from "../../../../src/account/positions/positions.ts";
import { mustRecord } from "../../../../src/account/orders/record.ts";
import { receiptOf } from "../../../../src/account/signals/signals.ts";
import { wideStopsOf } from "../../../../src/account/stops/stop-by-signal.ts";
import { adoptWideStops, readStops, setStop } from "../../../../src/account/stops/stops.ts";
import { decimalOf } from "../../../../src/domain/money.ts";
import type { Order } from "../../../../src/domain/order.ts";
import type { Instruction } from "../../../../src/domain/signal/instruction.ts";
import type { SignalReceipt } from "../../../../src/domain/signal/receipt.ts";
import type { SourceCaps } from "../../../../src/domain/source.ts";
import { KNOWN_INSTRUMENTS, NOW_MS, aReport, anOrder } from "../../../support/builders.ts";
import {
  type Overrides,
  size,
  units,
  AAPL,
  BUY_10,
  EXIT,
  enter,
  target,
  signalOf,
  deliver,
  send,
  holding,
  resting,
  fill,
  pursueAll,
  termsOf,
  ordersIn,
  only,
  stepOf,
} from "../instructing.ts";
import { transactionSync } from "../sql-storage.ts";
import type { InstructionSignal } from "../../../../src/account/door/envelope.ts";

/** Every row of the account. */
const rowsIn = (sql: SqlStorage) =>
  ["orders", "goals", "signals", "signal_keys", "nonces", "used_bodies", "senders", "stops", "outbox"].map((table) => [
    table,
    tableExists(sql, table) ? sql.exec(`SELECT * FROM ${table}`).toArray() : [],
  ]);
const tableExists = (sql: SqlStorage, table: string): boolean =>
  sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", table).toArray().length > 0;

describe("a signal that comes again", () => {
  it("with the nonce of another request is refused, and nothing is written", () => {
    const sql = openAccount();
    deliver(sql, signalOf(BUY_10, { claims: { nonce: "one" } }));
    const before = rowsIn(sql);
    const again = deliver(sql, signalOf(BUY_10, { claims: { nonce: "one" }, requestId: "request-2" }));
    expect(again).toEqual({ ok: false, error: { reason: "replayed" } });
    expect(rowsIn(sql)).toEqual(before);
  });

  it("as the same request, because its answer was lost, is the same signal, and no second order", () => {
    const sql = openAccount();
    const signal = signalOf(BUY_10);
    const first = deliver(sql, signal);
    const before = rowsIn(sql);
    expect(deliver(sql, signal)).toMatchObject({
      ok: true,
      value: { value: first.ok ? first.value.value : undefined, duplicate: false },
    });
    expect(rowsIn(sql)).toEqual(before);
  });

  it("from a sender that cannot say that it repeats itself is answered as the first time", () => {
    const sql = openAccount();
    const claims = { nonce: "of-the-bytes", repeats: "answered" } as const;
    const first = deliver(sql, signalOf(BUY_10, { claims }));
    const again = deliver(sql, signalOf(BUY_10, { claims, requestId: "request-2" }));
    expect(again).toMatchObject({ ok: true, value: { duplicate: true } });
    expect(again.ok && first.ok && again.value.value).toEqual(first.ok && first.value.value);
    expect(ordersIn(sql)).toEqual(["buy 10 AAPL"]);
  });

  it("with the nonce of an order that went the short way is refused", () => {
    const sql = openAccount();
    expect(admitSignal(sql, aSignal())).toMatchObject({ ok: true });
    const { proof } = aSignal();
    const nonce = proof?.claims.nonce ?? "";
    const again = deliver(sql, signalOf(BUY_10, { claims: { nonce, repeats: "answered" }, requestId: "request-2" }));
    expect(again).toEqual({ ok: false, error: { reason: "replayed" } });
  });

  it.each<[string, Overrides]>([
    ["its name", { name: "morning" }],
    ["its idempotency key", { idempotencyKey: "morning" }],
  ])("under %s with the same content is the same signal", (_, names) => {
    const sql = openAccount();
    const first = send(sql, target("5"), names);
    const again = deliver(sql, signalOf(target("5"), { ...names, requestId: "request-2" }));
    expect(again).toMatchObject({ ok: true, value: { duplicate: true, value: { id: first.id } } });
    expect(ordersIn(sql)).toEqual(["buy 5 AAPL"]);
    expect(typesOf(sql).at(-1)).toBe("signal.duplicate");
  });

  it("under its name with other content is a conflict, of which only the record and the nonce are kept", () => {
    const sql = openAccount();
    const { id } = send(sql, target("5"), { name: "morning" });
    const other = deliver(sql, signalOf(target("6"), { name: "morning", requestId: "request-2" }));
    expect(other).toEqual({ ok: false, error: { reason: "idempotency_conflict", orderId: id } });
    expect(ordersIn(sql)).toEqual(["buy 5 AAPL"]);
    expect(journalOf(sql).at(-1)).toMatchObject({
      type: "signal.conflict",
      result: { ok: false, code: "idempotency_conflict" },
      data: { signal: id, steps: [] },
    });
    const replayed = deliver(
      sql,
      signalOf(target("6"), { name: "morning", requestId: "request-3", claims: { nonce: "nonce-of-request-2" } }),
    );
    expect(replayed).toMatchObject({ ok: false, error: { reason: "replayed" } });
  });

  it("as the same request is the same conflict, too", () => {
    const sql = openAccount();
    send(sql, target("5"), { name: "morning" });
    const other = signalOf(target("6"), { name: "morning", requestId: "request-2" });
    expect(deliver(sql, other)).toEqual(deliver(sql, other));
    expect(ordersIn(sql)).toEqual(["buy 5 AAPL"]);
  });

  it("as the same bytes, from a sender that cannot say that it repeats itself, is the same conflict without a trace", () => {
    const sql = openAccount();
    const { id } = send(sql, target("5"), { idempotencyKey: "bar" });
    const claims = { nonce: "of-the-bytes", repeats: "answered" } as const;
    const other = (requestId: string) =>
      deliver(sql, signalOf(target("6"), { idempotencyKey: "bar", claims, requestId }));
    const first = other("request-2");
    expect(first).toEqual({ ok: false, error: { reason: "idempotency_conflict", orderId: id } });
    const before = [rowsIn(sql), journalOf(sql)];
    expect(other("request-3")).toEqual(first);
    expect([rowsIn(sql), journalOf(sql)]).toEqual(before);
  });

  it("is known by every name that it has ever come with, and by no two signals' names", () => {
    const sql = openAccount();
    send(sql, target("5"), { name: "morning", idempotencyKey: "first" });
    send(sql, target("5"), { name: "morning", idempotencyKey: "second" });
    send(sql, target("6"), { name: "noon" });
    const conflicts = [{ idempotencyKey: "second" }, { name: "noon", idempotencyKey: "first" }];
    for (const [index, names] of conflicts.entries()) {
      const other = deliver(sql, signalOf(target("7"), { ...names, requestId: `other-${index}` }));
      expect(other).toMatchObject({ ok: false, error: { reason: "idempotency_conflict" } });
    }
  });

  it("from such a sender counts for its rate, and goes on the record", () => {
    const sql = openAccount();
    const limits = { ratePerSec: 1, capacity: 2 };
    const claims = { nonce: "of-the-bytes", repeats: "answered" } as const;
    const again = (requestId: string) => deliver(sql, signalOf(BUY_10, { claims, requestId }), { limits }).ok;
    expect(["request-1", "request-2", "request-3"].map(again)).toEqual([true, true, false]);
    expect(typesOf(sql)).toEqual(["order.approved", "signal.accepted", "signal.duplicate"]);
  });

  it("under a name that another source has used is a signal of its own", () => {
    const sql = openAccount();
    send(sql, target("5"), { name: "morning" });
    const source = aSignal().source.replace("default", "other") as InstructionSignal["source"];
    expect(send(sql, [{ action: "cancel" }], { name: "morning", source }).steps).toHaveLength(1);
  });
});

describe("a signal that is not let in", () => {
  it("comes from a source that has been changed since it was read", () => {
    const sql = openAccount();
    const sender = { revision: 3, origin: "hmac", caps: null, owner: null } as const;
    requireRevision(sql, aSignal().source, 4);
    expect(deliver(sql, signalOf(BUY_10, { sender }))).toEqual({ ok: false, error: { reason: "stale_source" } });
    expect(ordersIn(sql)).toEqual([]);
    expect(deliver(sql, signalOf(BUY_10, { sender: { ...sender, revision: 4 } }))).toMatchObject({ ok: true });
  });

  it("comes too soon after others, and may come again with the same nonce", () => {
    const sql = openAccount();
    const limits = { ratePerSec: 1, capacity: 1 };
    expect(deliver(sql, signalOf(BUY_10), { limits })).toMatchObject({ ok: true, value: { remaining: 0 } });
    const second = signalOf(BUY_10, { requestId: "request-2" });
    const before = rowsIn(sql);
    expect(deliver(sql, second, { limits })).toEqual({
      ok: false,
      error: { reason: "rate_limited", retryAfterMs: 1_000, limits },
    });
    expect(rowsIn(sql)).toEqual(before);
    expect(deliver(sql, second, { limits, nowMs: NOW_MS + 1_000 })).toMatchObject({ ok: true });
  });

  it("leaves nothing at all where its transaction fails: no order, no goal, no nonce", () => {
    const sql = openAccount();
    const before = rowsIn(sql);
    const signal = signalOf([BUY_10, { action: "target", symbol: "MSFT", type: "market", position: decimalOf("5") }], {
      name: "morning",
    });
    expect(() =>
      transactionSync(sql, () => {
        deliver(sql, signal);
        throw new Error("the disk is full");
      }),
    ).toThrow("the disk is full");
    expect(rowsIn(sql)).toEqual(before);
    expect(deliver(sql, signal)).toMatchObject({ ok: true, value: { duplicate: false } });
    expect(ordersIn(sql)).toEqual(["buy 10 AAPL", "buy 5 MSFT"]);
  });
});

describe("a plain purchase or sale", () => {
  it("is worked out from the account's equity, held against the rules and stored with its arithmetic", () => {
    const sql = openAccount();
    markEquity(sql, BALANCES.equity, { date: "2026-01-15", policyVersion: 1, before: undefined, askedAtMs: NOW_MS });
    const receipt = send(sql, { action: "buy", ...AAPL, size: size("percent_of_equity", "1") });
    expect(stepOf(receipt)).toMatchObject({ action: "buy", symbol: "AAPL", outcome: "ordered", code: null });
    expect(only(receipt.orders)).toMatchObject({
      side: "buy",
      quantity: "5",
      delivery: "pending",
      arithmetic: expect.stringContaining("1 % of equity 100000 = 1000; 1000 / 200 = 5"),
    });
    expect(typesOf(sql)).toEqual(["order.approved", "signal.accepted"]);
  });

  it("is not worked out from what the broker said of the money too long ago", () => {
    const sql = openAccount();
    markEquity(sql, BALANCES.equity, { date: "2026-01-15", policyVersion: 1, before: undefined, askedAtMs: NOW_MS });
    const percent: Instruction = { action: "buy", ...AAPL, size: size("percent_of_equity", "1") };
    const late = { nowMs: NOW_MS + 300_001 };
    expect(stepOf(send(sql, percent, {}, late))).toMatchObject({
      outcome: "failed",
      code: "equity_unknown",
      orders: [],
    });
    writeBrokerView(sql, { atMs: late.nowMs, holdings: [], balances: BALANCES });
    expect(stepOf(send(sql, percent, {}, late)).outcome).toBe("ordered");
  });

  it("that the rules deny is a step that failed, with the order that says why", () => {
    const sql = openAccount();
    const receipt = send(sql, { action: "buy", ...AAPL, size: units("101") });
    const denied = only(receipt.orders);
    expect(denied).toMatchObject({ status: "denied", reason: { code: "max_quantity_exceeded" } });
    expect(stepOf(receipt)).toEqual({
      action: "buy",
      symbol: "AAPL",
      outcome: "failed",
      code: "order_denied",
      detail: `max_quantity_exceeded (101, limit 100), order ${denied.id}`,
      stop: null,
      verdicts: [],
      orders: [denied.id],
      canceled: [],
      canceled_exits: [],
    });
  });

  it("takes a bracket along, and so does an entry", () => {
    const sql = openAccount();
    const bracket = {
      take_profit: { limit_price: { at: decimalOf("210") } },
      stop_loss: { stop_price: { at: decimalOf("180") } },
    };
    for (const instruction of [
      { ...BUY_10, ...bracket },
      { ...enter("buy"), ...bracket, symbol: "MSFT" },
    ] as Instruction[]) {
      send(sql, instruction);
    }
    const legs = { take_profit: { limit_price: "210" }, stop_loss: { stop_price: "180" } };
    expect(readLive(sql)).toMatchObject([
      { symbol: "AAPL", ...legs },
      { symbol: "MSFT", ...legs },
    ]);
  });

  it("that goes out of a position leaves its bracket behind", () => {
    const sql = holding("10");
    const take_profit = { limit_price: { at: decimalOf("200") } };
    send(sql, { action: "sell", ...AAPL, size: units("4"), reduce_only: true, take_profit });
    expect(readLive(sql)).toMatchObject([{ side: "sell", quantity: "4" }]);
    expect(readLive(sql)[0]?.take_profit).toBeUndefined();
  });

  it.each<[string, "buy" | "sell", string, string[]]>([
    ["takes off what is held", "sell", "4", ["sell 4 AAPL"]],
    ["takes off no more than is held", "sell", "50", ["sell 10 AAPL"]],
    ["has nothing to take off on the other side", "buy", "4", []],
  ])("that may only reduce %s", (_, action, quantity, orders) => {
    const sql = holding("10");
    const receipt = send(sql, { action, ...AAPL, size: units(quantity), reduce_only: true });
    expect(ordersIn(sql)).toEqual(orders);
    expect(stepOf(receipt)).toMatchObject(
      orders.length === 0 ? { action, outcome: "done", code: "nothing_to_do" } : { action, outcome: "working" },
    );
  });

  it.each<[string, Instruction, string, Partial<SignalReceipt["steps"][number]>, string[]]>([
    ["opens nothing", BUY_10, "0", { outcome: "failed", code: "signal_too_old" }, []],
    ["adds nothing", BUY_10, "5", { outcome: "failed", code: "signal_too_old" }, []],
    ["takes off what it says", { ...BUY_10, action: "sell" }, "50", { outcome: "working" }, ["sell 10 AAPL"]],
    ["takes off no more than is held", { ...BUY_10, action: "sell" }, "5", { outcome: "working" }, ["sell 5 AAPL"]],
    ["buys back", BUY_10, "-5", { outcome: "working" }, ["buy 5 AAPL"]],
  ])("that comes too late %s", (_, instruction, held, step, orders) => {
    const sql = holding(held);
    const late = { settings: { max_age_sec: 60 }, circumstances: { sentAtMs: NOW_MS - 90_000 } };
    expect(stepOf(send(sql, instruction, late))).toMatchObject(step);
    expect(ordersIn(sql)).toEqual(orders);
  });
});

describe("an instruction about a position", () => {
  it.each<[string, string, Instruction, string[], Partial<SignalReceipt["steps"][number]>]>([
    ["an entry opens one", "0", enter("buy"), ["buy 10 AAPL"], { outcome: "working", code: null }],
    ["an entry into a short one sells", "0", enter("sell"), ["sell 10 AAPL"], { outcome: "working" }],
    ["an entry leaves it as it is", "5", enter("buy"), [], { outcome: "done", code: "already_there" }],
    ["an entry on the other side first leaves it", "5", enter("sell"), ["sell 5 AAPL"], { outcome: "working" }],
    [
      "adding makes it larger",
      "5",
      { action: "add", ...AAPL, size: units("3") },
      ["buy 3 AAPL"],
      { outcome: "working" },
    ],
    [
      "adding needs one",
      "0",
      { action: "add", ...AAPL, size: units("3") },
      [],
      { outcome: "failed", code: "no_position" },
    ],
    ["an exit leaves all of it", "5", EXIT, ["sell 5 AAPL"], { outcome: "working" }],
    ["an exit has nothing to leave", "0", EXIT, [], { outcome: "done", code: "nothing_to_do" }],
    ["an exit from the other side as well", "5", { ...EXIT, position: "short" }, [], { outcome: "done" }],
    [
      "a reversal leaves it first",
      "5",
      { ...enter("sell"), action: "reverse" } as Instruction,
      ["sell 5 AAPL"],
      { outcome: "working" },
    ],
    ["a target adds to it", "5", target("8"), ["buy 3 AAPL"], { outcome: "working" }],
    ["a target takes off", "5", target("2"), ["sell 3 AAPL"], { outcome: "working" }],
    ["a target on the other side leaves it first", "5", target("-2"), ["sell 5 AAPL"], { outcome: "working" }],
    ["a target may be there already", "5", target("5"), [], { outcome: "done", code: "already_there" }],
  ])("is begun at once: %s", (_, held, instruction, orders, step) => {
    const sql = holding(held);
    const receipt = send(sql, instruction);
    expect(ordersIn(sql)).toEqual(orders);
    expect(stepOf(receipt)).toMatchObject({ action: instruction.action, symbol: "AAPL", ...step });
    expect(receipt.orders.map(termsOf)).toEqual(orders);
  });

  it("takes the size that the source has where it names none, and fails without any", () => {
    const sql = openAccount();
    const { size: _, ...entry } = enter("buy") as Extract<Instruction, { action: "enter" }>;
    expect(stepOf(send(sql, entry))).toMatchObject({ outcome: "failed", code: "no_size" });
    expect(only(send(sql, entry, { settings: { defaultSize: units("7") } }).orders).quantity).toBe("7");
  });

  it("that the rules deny has failed, and says by which of them", () => {
    const sql = openAccount();
    const receipt = send(sql, enter("buy", "101"));
    expect(stepOf(receipt)).toMatchObject({
      outcome: "failed",
      code: "order_denied",
      detail: expect.stringContaining("max_quantity"),
      orders: [only(receipt.orders).id],
    });
  });

  it("opens nothing where the sender's word on what is held is held against it, and notes it where it is not", () => {
    const circumstances = { positionBefore: { side: "long" } } as const;
    const sql = openAccount();
    expect(stepOf(send(sql, enter("buy"), { circumstances, settings: { position_gap: "deny" } }))).toMatchObject({
      outcome: "failed",
      code: "position_gap",
    });
    const noted = send(sql, enter("buy"), { circumstances });
    expect(noted.notices.map(({ code }) => code)).toEqual(["position_gap"]);
    expect(stepOf(noted).verdicts).toEqual([
      { rule: "position_gap", passed: true, input: "long believed, 0 held", limit: "note" },
    ]);
    expect(ordersIn(sql)).toEqual(["buy 10 AAPL"]);
  });

  it("leaves what is held whatever the sender believes, and however late it comes", () => {
    const sql = holding("5");
    const circumstances = { positionBefore: { side: "short" }, sentAtMs: 0 } as const;
    send(sql, EXIT, { circumstances, settings: { position_gap: "deny", max_age_sec: 1 } });
    expect(ordersIn(sql)).toEqual(["sell 5 AAPL"]);
  });

  it("says of each rule about signals what it has measured, those that were passed too", () => {
    const circumstances = { sentAtMs: NOW_MS - 90_000, exchange: "NASDAQ", positionBefore: { side: "long" } } as const;
    const settings = { max_age_sec: 60, position_gap: "deny" } as const;
    expect(stepOf(send(openAccount(), enter("buy"), { circumstances, settings }))).toMatchObject({
      code: "signal_too_old",
      verdicts: [
        { rule: "signal_age", passed: false, input: "90", limit: "60", reason: "signal_too_old" },
        { rule: "delayed_feed", passed: true, input: "NASDAQ", limit: "deny" },
        { rule: "position_gap", passed: false, input: "long believed, 0 held", limit: "deny", reason: "position_gap" },
      ],
    });
  });

  it.each<[string, string, Instruction]>([
    ["an order on the other side", "5", { ...BUY_10, action: "sell" }],
    ["an order that may only reduce", "5", { ...BUY_10, action: "sell", reduce_only: true }],
    ["an exit", "5", EXIT],
    ["an exit where nothing is held", "0", EXIT],
    ["an entry that the other side keeps from being one", "-5", enter("buy")],
    ["a target of nothing", "5", target("0")],
  ])("that only closes is measured by them and not refused: %s", (_, held, instruction) => {
    const settings = { max_age_sec: 60 };
    const circumstances = { sentAtMs: NOW_MS - 90_000 };
    const step = stepOf(send(holding(held), instruction, { circumstances, settings }));
    expect(step.outcome).not.toBe("failed");
    expect(step.verdicts).toEqual([
      { rule: "signal_age", passed: true, input: "90", limit: "60", reason: "exempt_reduction" },
    ]);
  });

  it("that is kept from being begun at all is not held against them, and a cancel never is", () => {
    const late = { settings: { max_age_sec: 60 }, circumstances: { sentAtMs: NOW_MS - 90_000 } };
    const sql = openAccount();
    stopTrading(sql, "halted");
    expect(stepOf(send(sql, enter("buy"), late))).toMatchObject({ code: "trading_halted", verdicts: [] });
    expect(stepOf(send(sql, { action: "cancel" }, late))).toMatchObject({ action: "cancel", verdicts: [] });
  });

  it("is bound by the caps of its source", () => {
    const caps: SourceCaps = { signals_per_min: 60, max_quantity: decimalOf("4") };
    const sender = { revision: null, origin: "hmac", caps, owner: null } as const;
    const sql = openAccount();
    expect(only(send(sql, enter("buy"), { sender }).orders)).toMatchObject({
      status: "denied",
      reason: { code: "source_max_quantity_exceeded" },
    });
  });
});

describe("leaving everything", () => {
  const flatten: Instruction = { action: "flatten" };

  it("cancels what lives, sells what is long and buys back what is short", () => {
    const sql = holding("5");
    adoptPosition(sql, "MSFT", decimalOf("-3"), NOW_MS - 7_200_000);
    const pending = put(sql, numbered(anOrder(), 900_001)).order;
    const receipt = send(sql, flatten);
    expect(receipt.steps.map(({ action, symbol, outcome }) => [action, symbol, outcome])).toEqual([
      ["flatten", null, "done"],
      ["exit", "AAPL", "working"],
      ["exit", "MSFT", "working"],
    ]);
    expect(receipt.steps[0]?.canceled).toEqual([pending.id]);
    expect(read(sql, pending).order.status).toBe("canceled");
    expect(receipt.orders.map(termsOf)).toEqual(["sell 5 AAPL", "buy 3 MSFT"]);
  });

  it("waits for the end of an order that may still fill, also where nothing is held", () => {
    const sql = openAccount();
    const live = put(sql, resting(1, { type: "market", limit_price: undefined })).order;
    const receipt = send(sql, flatten);
    expect(receipt.steps).toMatchObject([
      { action: "flatten", canceled: [live.id] },
      { action: "exit", symbol: "AAPL", outcome: "working", orders: [] },
    ]);
    expect(read(sql, live).order.cancel_requested_at).not.toBeNull();
  });

  it("supersedes what was to be held, and lets the way out of it go on that is under way", () => {
    const sql = holding("5");
    const reversal = send(sql, { ...enter("sell"), action: "reverse" } as Instruction);
    send(sql, flatten);
    expect(sql.exec("SELECT id FROM goals WHERE is_open = 1").toArray()).toHaveLength(1);
    expect(journalOf(sql).find(({ type }) => type === "goal.ended")).toMatchObject({ result: { code: "superseded" } });
    expect(read(sql, only(reversal.orders)).order.cancel_requested_at).toBeNull();
    expect(ordersIn(sql)).toEqual(["sell 5 AAPL"]);
    fill(sql, only(reversal.orders));
    pursueAll(sql);
    expect([positionIn(sql, "AAPL"), ordersIn(sql)]).toEqual(["0", []]);
  });

  it("has nothing to do where there is nothing", () => {
    expect(send(openAccount(), flatten).steps).toMatchObject([{ action: "flatten", outcome: "done", canceled: [] }]);
  });
});

describe("a cancel of what protects a position", () => {
  it("says which of the orders do, apart from those that would open something", () => {
    const sql = holding("10");
    const entry = only(send(sql, { ...BUY_10, type: "limit", limit_price: { at: decimalOf("100") } }).orders);
    const stop = {
      action: "sell",
      ...AAPL,
      type: "stop",
      stop_price: { at: decimalOf("90") },
      size: units("10"),
    } as const;
    const exit = only(send(sql, stop).orders);
    const step = stepOf(send(sql, { action: "cancel" }));
    expect(step).toMatchObject({ canceled: [exit.id, entry.id], canceled_exits: [exit.id] });
  });
});

describe("canceling", () => {
  const AAPL_BUY = resting(1);
  const AAPL_SELL = resting(2, { side: "sell" });
  const MSFT_BUY = resting(3, { symbol: "MSFT" });
  const ENDED = resting(4, { status: "filled", filled_quantity: "10" });

  it.each<[string, Instruction, Order[]]>([
    ["all", { action: "cancel" }, [AAPL_BUY, AAPL_SELL, MSFT_BUY]],
    ["those in a symbol", { action: "cancel", symbol: "AAPL" }, [AAPL_BUY, AAPL_SELL]],
    ["those on a side", { action: "cancel", side: "buy" }, [AAPL_BUY, MSFT_BUY]],
    ["those on a side of a symbol", { action: "cancel", symbol: "AAPL", side: "sell" }, [AAPL_SELL]],
    ["the one of a name", { action: "cancel", client_order_id: MSFT_BUY.client_order_id }, [MSFT_BUY]],
  ])("reaches %s of the orders that live, and no other", (_, which, reached) => {
    const sql = openAccount();
    for (const order of [AAPL_BUY, AAPL_SELL, MSFT_BUY, ENDED]) put(sql, order);
    const step = stepOf(send(sql, which));
    expect(step).toMatchObject({ action: "cancel", outcome: "done", code: null });
    expect(step.canceled.toSorted()).toEqual(reached.map(({ id }) => id).toSorted());
    const wished = readLive(sql).filter(({ cancel_requested_at: wish }) => wish !== null);
    expect(wished.map(({ id }) => id).toSorted()).toEqual(reached.map(({ id }) => id).toSorted());
  });

  it("on a side asks nothing of a leg whose order lives, on the other side", () => {
    const sql = openAccount();
    const entry = resting(1, { stop_loss: { stop_price: "180" } });
    const leg = { side: "sell", status: "suspended", parent: entry.id };
    put(sql, entry);
    put(sql, resting(2, leg));
    put(sql, resting(3, { side: "sell" }));
    const canceled = (side: "buy" | "sell") => stepOf(send(sql, { action: "cancel", side })).canceled;
    expect(canceled("sell")).toEqual([resting(3).id]);
    put(sql, resting(4, { ...leg, status: "new", parent: resting(9).id }));
    expect(canceled("sell")).toContain(resting(4).id);
    expect(canceled("buy")).toEqual([entry.id]);
  });

  it("says so where there is nothing to cancel", () => {
    const sql = openAccount();
    put(sql, ENDED);
    expect(stepOf(send(sql, { action: "cancel" }))).toMatchObject({
      outcome: "done",
      code: "nothing_to_do",
      canceled: [],
    });
  });

  it("comes before what the same signal asks for next", () => {
    const sql = openAccount();
    const pending = put(sql, numbered(anOrder(), 900_009)).order;
    const receipt = send(sql, [{ action: "cancel", symbol: "AAPL" }, BUY_10]);
    expect(receipt.steps.map(({ outcome }) => outcome)).toEqual(["done", "ordered"]);
    expect(receipt.steps[0]?.canceled).toEqual([pending.id]);
    expect(ordersIn(sql)).toEqual(["buy 10 AAPL"]);
  });

  it("is journalled as the source's wish", () => {
    const sql = openAccount();
    put(sql, AAPL_BUY);
    send(sql, { action: "cancel" }, { requestId: "wish" });
    expect(journalOf(sql).find(({ type }) => type === "order.cancel_requested")).toMatchObject({
      actor: { kind: "source", id: "default" },
      request_id: "wish",
    });
  });
});

describe("a source that stops itself", () => {
  it("opens nothing any more, has its entries canceled, and still exits", () => {
    const sql = holding("5");
    const entry = only(send(sql, BUY_10).orders);
    const receipt = send(sql, { action: "stop", state: "reducing" });
    const stopped = stepOf(receipt);
    expect(stopped).toMatchObject({ action: "stop", outcome: "done", canceled: [entry.id], canceled_exits: [] });
    const { id, ...stop } = only(readStops(sql));
    expect(stop).toMatchObject({
      source: "default",
      level: "source",
      state: "reducing",
      set_by: "default",
      symbol: null,
      reason: `signal ${receipt.id}`,
    });
    expect(stopped.stop).toEqual({ id, state: "reducing", account: ACCOUNT, source: "default" });
    expect(stepOf(send(sql, BUY_10))).toMatchObject({ outcome: "failed", code: "order_denied" });
    expect(stepOf(send(sql, enter("buy")))).toMatchObject({ outcome: "failed", code: "reducing_only" });
    expect(stepOf(send(sql, EXIT))).toMatchObject({ outcome: "working" });
    expect(ordersIn(sql)).toEqual(["sell 5 AAPL"]);
  });

  it("stops nobody else, and only once however often it says so", () => {
    const sql = openAccount();
    const theirs = put(sql, { ...numbered(anOrder(), 900_010), source: "other" as Order["source"] }).order;
    send(sql, { action: "stop", state: "halted" });
    send(sql, { action: "stop", state: "halted" });
    expect(readStops(sql)).toHaveLength(1);
    expect(read(sql, theirs).order.status).toBe("pending_new");
  });

  it("can be stopped by others too", () => {
    const sql = holding("5");
    stopTrading(sql, "halted");
    expect(stepOf(send(sql, EXIT))).toMatchObject({ outcome: "failed", code: "trading_halted" });
  });

  it("leaves no position with it, which are not its own alone, and is stopped all the same", () => {
    const sql = holding("5");
    const { steps } = send(sql, { action: "stop", state: "reducing", flatten: true });
    expect(steps).toMatchObject([
      { action: "stop", outcome: "done" },
      { action: "flatten", outcome: "failed", code: "not_of_a_source" },
    ]);
    expect([readStops(sql).length, ordersIn(sql)]).toEqual([1, []]);
  });
});

describe("a source that may stop more than itself", () => {
  const stopAll: Instruction = { action: "stop", state: "reducing" };

  it("stops everybody in the account, and has everybody's entries canceled", () => {
    const sql = openAccount();
    const theirs = put(sql, { ...numbered(anOrder(), 900_011), source: "other" as Order["source"] }).order;
    expect(stepOf(send(sql, stopAll, { stopReach: "account" })).canceled).toEqual([theirs.id]);
    expect(only(readStops(sql))).toMatchObject({ account: ACCOUNT, source: null, level: "account", set_by: "default" });
    expect(admitSignal(sql, aSignal({ requestId: "theirs", source: "other" as Order["source"] }))).toMatchObject({
      value: { order: { status: "denied", reason: { code: "reducing_only" } } },
    });
  });

  it("leaves every position with it, and says of each what becomes of it", () => {
    const sql = holding("5");
    adoptPosition(sql, "MSFT", decimalOf("-3"), NOW_MS - 7_200_000);
    const { steps } = send(sql, { ...stopAll, flatten: true }, { stopReach: "account" });
    expect(steps[0]?.stop).toMatchObject({ account: ACCOUNT, source: null });
    expect(steps.map(({ action, symbol, outcome }) => [action, symbol, outcome])).toEqual([
      ["stop", null, "done"],
      ["flatten", null, "done"],
      ["exit", "AAPL", "working"],
      ["exit", "MSFT", "working"],
    ]);
    expect(ordersIn(sql)).toEqual(["sell 5 AAPL", "buy 3 MSFT"]);
  });

  it("stops everything here at once, and hands on what every other account is to be told", () => {
    const sql = openAccount();
    const signal = signalOf({ ...stopAll, flatten: true }, { stopReach: "everything" });
    deliver(sql, signal);
    const stop = only(readStops(sql));
    expect(stop).toMatchObject({ account: null, source: null, level: "gateway" });
    expect(stepOf(send(sql, stopAll, { stopReach: "everything", requestId: "again" })).stop).toEqual({
      id: stop.id,
      state: "reducing",
      account: null,
      source: null,
    });
    expect(wideStopsOf(sql, signal, ACCOUNT)).toEqual([{ stop, actions: { cancels: "entries", flatten: true } }]);
  });

  it("has one stop of everything, however often it says so, and none once a person has released it", () => {
    const sql = openAccount();
    const overrides = { stopReach: "everything" } as const;
    for (const requestId of ["first", "second"]) send(sql, stopAll, { ...overrides, requestId });
    const stop = only(readStops(sql));
    adoptWideStops(sql, [{ stop, isReleased: true }], { account: ACCOUNT, nowMs: NOW_MS, requestId: "released" });
    expect(wideStopsOf(sql, signalOf(stopAll, overrides), ACCOUNT)).toEqual([]);
    // Somebody who has not heard of that does not set it again.
    setStop(sql, stop, "all", { nowMs: NOW_MS, random: 0, account: ACCOUNT, caller: CALLER });
    expect(readStops(sql)).toEqual([]);
  });

  it.each(["url_token", "ip", "certificate"] as const)("stops itself alone by a signal of origin %s", (origin) => {
    const sql = openAccount();
    const sender = { revision: null, origin, caps: null, owner: null };
    const overrides = { stopReach: "everything", sender } as const;
    send(sql, stopAll, overrides, { minimumOrigin: "url_token" });
    expect(only(readStops(sql))).toMatchObject({ account: ACCOUNT, source: "default", level: "source" });
    expect(wideStopsOf(sql, signalOf(stopAll, overrides), ACCOUNT)).toEqual([]);
  });
});

describe("a flatten asked for while another one is on its way", () => {
  it("does not call its exits back to send them again", () => {
    const sql = holding("5");
    const first = only(send(sql, { action: "flatten" }).orders);
    send(sql, { action: "flatten" });
    expect(read(sql, first).order.cancel_requested_at).toBeNull();
    expect(ordersIn(sql)).toEqual(["sell 5 AAPL"]);
    fill(sql, first);
    pursueAll(sql);
    expect([positionIn(sql, "AAPL"), ordersIn(sql)]).toEqual(["0", []]);
  });
});

describe("what is kept of a signal", () => {
  it("names what it asked for, in its order, and all orders that came of it", () => {
    const sql = openAccount();
    const notice = { pointer: "/apikey", code: "not_regarded", message: "it is another service's" };
    const receipt = send(
      sql,
      [BUY_10, { action: "target", symbol: "MSFT", type: "market", position: decimalOf("-5") }],
      {
        requestId: "request-7",
        format: "text",
        notices: [notice],
      },
    );
    expect(receipt).toMatchObject({
      account: "paper",
      source: "default",
      request_id: "request-7",
      format: "text",
      notices: [notice],
      created_at: new Date(NOW_MS).toISOString(),
    });
    expect(receipt.steps.map(({ action, symbol }) => `${action} ${symbol}`)).toEqual(["buy AAPL", "target MSFT"]);
    expect(receipt.orders.map(termsOf)).toEqual(["buy 10 AAPL", "sell 5 MSFT"]);
    expect(journalOf(sql).at(-1)).toMatchObject({
      type: "signal.accepted",
      data: { signal: receipt.id, nonce: "nonce-of-request-7" },
    });
  });

  it("shows its orders as they now stand", () => {
    const sql = openAccount();
    const signal = signalOf(BUY_10);
    const delivered = deliver(sql, signal);
    if (!delivered.ok) throw new Error(delivered.error.reason);
    fill(sql, only(receiptOf(sql, delivered.value.value).orders));
    expect(only(receiptOf(sql, delivered.value.value).orders)).toMatchObject({
      status: "filled",
      filled_quantity: "10",
    });
  });

  it("does not show what has been removed since", () => {
    const sql = openAccount();
    const delivered = deliver(sql, signalOf(BUY_10));
    if (!delivered.ok) throw new Error(delivered.error.reason);
    sql.exec("DELETE FROM orders");
    expect(receiptOf(sql, delivered.value.value).orders).toEqual([]);
  });
});

describe("what is still to come of goals", () => {
  const end = (sql: SqlStorage, { id, client_order_id }: Order, overrides: Parameters<typeof aReport>[0]) =>
    mustRecord(
      sql,
      read(sql, { id }),
      { type: "report", report: aReport({ client_order_id, ...overrides }) },
      { nowMs: NOW_MS, random: 0 },
    );

  const FILLED = { status: "filled", filled_quantity: "10", average_price: "187" } as const;

  it("ends with flatten, where a reversal is between its two orders", () => {
    const sql = holding("5");
    const reversal = send(sql, { action: "reverse", side: "sell", ...AAPL, size: units("10") });
    fill(sql, only(reversal.orders));
    send(sql, { action: "flatten" });
    pursueAll(sql);
    expect(ordersIn(sql)).toEqual([]);
  });

  it("is left by flatten as well, when a resting order fills while it is being canceled", () => {
    const sql = openAccount();
    const { order } = put(sql, resting(1));
    send(sql, { action: "flatten" });
    end(sql, order, FILLED);
    pursueAll(sql);
    expect(positionIn(sql, "AAPL")).toBe("10");
    expect(ordersIn(sql)).toEqual(["sell 10 AAPL"]);
  });

  it("ends with cancel, before it has ordered anything", () => {
    const sql = openAccount();
    const { order } = put(sql, resting(1));
    send(sql, enter("sell"));
    expect(stepOf(send(sql, { action: "cancel" }))).toMatchObject({ outcome: "done", code: null });
    end(sql, order, { status: "canceled" });
    pursueAll(sql);
    expect(ordersIn(sql)).toEqual([]);
  });

  it("is canceled by the name of its signal", () => {
    const sql = openAccount();
    const limit = { type: "limit", limit_price: { at: decimalOf("180") } } as const;
    const wanted: Instruction = { action: "target", symbol: "AAPL", ...limit, position: decimalOf("5") };
    const { orders } = send(sql, wanted, { name: "morning" });
    expect(stepOf(send(sql, { action: "cancel", client_order_id: "evening" }))).toMatchObject({
      code: "nothing_to_do",
    });
    expect(stepOf(send(sql, { action: "cancel", client_order_id: "morning" })).canceled).toEqual(
      orders.map(({ id }) => id),
    );
  });
});

describe("what only closes a position", () => {
  const LATE: Overrides = {
    settings: { max_age_sec: 60, defaultSize: units("2") },
    circumstances: { sentAtMs: NOW_MS - 90_000 },
  };

  it("is carried out late, where nothing is to be held in the end", () => {
    const sql = holding("5");
    expect(stepOf(send(sql, target("0"), LATE))).toMatchObject({ outcome: "working" });
    expect(ordersIn(sql)).toEqual(["sell 5 AAPL"]);
  });

  it("is carried out late, where the other side would not be opened anyway", () => {
    const sql = holding("5");
    send(sql, enter("sell"), LATE);
    expect(ordersIn(sql)).toEqual(["sell 5 AAPL"]);
  });

  it("is no reversal, which is refused late as a whole", () => {
    const sql = holding("5");
    expect(
      stepOf(send(sql, enter("sell"), { ...LATE, settings: { ...LATE.settings, onOpposite: "reverse" } })),
    ).toMatchObject({
      outcome: "failed",
      code: "signal_too_old",
    });
    expect(ordersIn(sql)).toEqual([]);
  });

  it("is an entry that takes its size off the other side, late and where only exits pass, whatever the source says", () => {
    const wanted: Instruction = { action: "enter", side: "sell", opposite: "reduce", ...AAPL, size: units("2") };
    const settings = { onOpposite: "reverse" } as const;
    for (const overrides of [{ settings }, { ...LATE, settings: { ...LATE.settings, ...settings } }]) {
      const sql = holding("5");
      if (!("circumstances" in overrides)) stopTrading(sql, "reducing");
      const order = only(send(sql, wanted, overrides).orders);
      expect(ordersIn(sql)).toEqual(["sell 2 AAPL"]);
      fill(sql, order);
      pursueAll(sql);
      expect([positionIn(sql, "AAPL"), ordersIn(sql)]).toEqual(["3", []]);
    }
  });

  it("opens nothing late, also where all that is held on the other side is taken off first", () => {
    const wanted: Instruction = { action: "enter", side: "sell", opposite: "reduce", ...AAPL, size: units("8") };
    const sql = holding("5");
    const { orders } = send(sql, wanted, { ...LATE, settings: { ...LATE.settings, onOpposite: "reverse" } });
    fill(sql, only(orders));
    pursueAll(sql);
    expect([positionIn(sql, "AAPL"), ordersIn(sql)]).toEqual(["0", []]);
  });

  it("passes where only exits do", () => {
    const sql = holding("5");
    stopTrading(sql, "reducing");
    send(sql, enter("sell"));
    expect(ordersIn(sql)).toEqual(["sell 5 AAPL"]);
  });

  it("is no more than the source's own size, late or reduce only", () => {
    for (const [reduceOnly, overrides] of [
      [false, LATE],
      [true, { settings: { defaultSize: units("2") } }],
    ] as const) {
      const sql = holding("10");
      send(sql, { action: "sell", ...AAPL, reduce_only: reduceOnly }, overrides);
      expect(ordersIn(sql)).toEqual(["sell 2 AAPL"]);
    }
  });

  it("leaves what protects the position where it may not pass", () => {
    const sql = holding("10");
    const terms = { side: "sell", type: "stop", limit_price: undefined, stop_price: "180" } as const;
    const { id } = put(sql, resting(1, terms)).order;
    stopTrading(sql, "halted");
    expect(send(sql, { action: "flatten" }).steps[1]).toMatchObject({ outcome: "failed", code: "trading_halted" });
    expect(read(sql, { id }).order.cancel_requested_at).toBeNull();
  });
});

describe("a symbol that the broker does not list", () => {
  const instruments = { ...KNOWN_INSTRUMENTS, isUnlisted: () => true };

  it.each<[string, Instruction]>([
    ["an exit", { ...EXIT, symbol: "APPL" }],
    ["a target of nothing", { action: "target", symbol: "APPL", type: "market", position: decimalOf("0") }],
    ["a cancel", { action: "cancel", symbol: "APPL" }],
    ["a sale that only reduces", { ...BUY_10, action: "sell", symbol: "APPL", reduce_only: true }],
  ])("is no symbol of %s that had nothing to do", (_, instruction) => {
    expect(stepOf(send(openAccount(), instruction, {}, { instruments }))).toMatchObject({
      outcome: "failed",
      code: "instrument_unknown",
    });
  });

  it("is left all the same while it is held", () => {
    const sql = holding("4");
    expect(send(sql, EXIT, {}, { instruments }).orders.map(termsOf)).toEqual(["sell 4 AAPL"]);
  });

  it("is canceled all the same where an order is live", () => {
    const sql = openAccount();
    const { order } = put(sql, resting(1));
    expect(stepOf(send(sql, { action: "cancel", symbol: "AAPL" }, {}, { instruments })).canceled).toEqual([order.id]);
  });
});
