import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { cancelOrder } from "../../../../src/account/orders/cancel.ts";
import {
  findGoal,
  openGoalIn,
  ordersOfGoal,
  readDueGoals,
  storeGoal,
} from "../../../../src/account/signals/goal-store.ts";
import { type GoalContext, carryOn, startGoal } from "../../../../src/account/signals/goals.ts";
import { readLive } from "../../../../src/account/orders/orders.ts";
import { adoptPosition, positionIn } from "../../../../src/account/positions/positions.ts";
import { mustRecord } from "../../../../src/account/orders/record.ts";
import { instruct } from "../../../../src/account/signals/instruct.ts";
import { type StoredSignal, receiptOf } from "../../../../src/account/signals/signals.ts";
import { type GoalSettings, type PositionInstruction, endGoal } from "../../../../src/domain/goal/goal.ts";
import { ZERO, absolute, decimalOf, isZero, lessThan } from "../../../../src/domain/money.ts";
import type { Order } from "../../../../src/domain/order.ts";
import type { Instruction } from "../../../../src/domain/signal/instruction.ts";
import type { SourceCaps } from "../../../../src/domain/source.ts";
import { NOW_MS, aReport, anOrder } from "../../../support/builders.ts";
import { LyingVenue } from "../lying-venue.ts";
import { Simulation } from "../simulation.ts";
import { openSqlStorage, transactionSync } from "../sql-storage.ts";
import {
  ACCOUNT,
  BALANCES,
  aSignal,
  decidingWith,
  journalOf,
  newId,
  numbered,
  openAccount,
  put,
  read,
  pricedAt,
} from "../tables.ts";
import { writeBrokerView } from "../../../../src/account/positions/broker-view.ts";
import { moments, onItsWord, weathers } from "../weathers.ts";

const AAPL = { symbol: "AAPL", type: "market" } as const;
const units = (value: string) => ({ by: "quantity" as const, value: decimalOf(value) });
const EXIT: PositionInstruction = { action: "exit", ...AAPL };
const ENTER: PositionInstruction = { action: "enter", side: "sell", ...AAPL, size: units("10") };
const REVERSE: PositionInstruction = { ...ENTER, action: "reverse" };
const target = (position: string): PositionInstruction => ({
  action: "target",
  ...AAPL,
  position: decimalOf(position),
});

const LAPSE_MS = 300_000;
let made = 2_000;

const contextAt = (nowMs = NOW_MS, overrides: Partial<GoalContext> = {}): GoalContext => {
  const deciding = decidingWith({ nowMs, referencePrices: pricedAt("187", nowMs - 1_000) });
  return { ...deciding, random: 0.5, newId: () => newId((made += 1)), ...overrides };
};

type Sender = Parameters<typeof startGoal>[1]["sender"];

function start(
  sql: SqlStorage,
  instruction: PositionInstruction,
  {
    nowMs = NOW_MS,
    onOpposite = "reverse",
    sender = null,
  }: { nowMs?: number; onOpposite?: GoalSettings["onOpposite"]; sender?: Sender } = {},
) {
  const { source, requestId } = aSignal();
  const id = newId((made += 1)).order;
  const names = { id, signal: `signal-of-${id}`, source, requestId, sender, expiresAtMs: nowMs + LAPSE_MS };
  const settings: GoalSettings = { onOpposite, defaultSize: null };
  return transactionSync(sql, () => startGoal(sql, { ...names, instruction, settings }, contextAt(nowMs)));
}

/** The id of a goal that was opened. */
function started(...args: Parameters<typeof start>): string {
  const goal = start(...args);
  if (!goal.ok) throw new Error(goal.error.code);
  return goal.value.id;
}

/** Plans what is due, as whoever follows the goals does. */
const pursue = (sql: SqlStorage, nowMs = NOW_MS): void =>
  transactionSync(sql, () => readDueGoals(sql).forEach(({ id }) => carryOn(sql, id, contextAt(nowMs))));

const goalOf = (sql: SqlStorage, id: string) => {
  const row = findGoal(sql, id);
  if (row === undefined) throw new Error(`no goal ${id}`);
  return { ...row.goal, detail: row.detail };
};
const dueIn = (sql: SqlStorage): string[] => readDueGoals(sql).map(({ id }) => id);
const ordersOf = (sql: SqlStorage, id: string): Order[] =>
  ordersOfGoal(sql, id).map((order) => read(sql, { id: order }).order);
const termsOf = ({ side, quantity, symbol }: Order): string => `${side} ${quantity} ${symbol}`;

function holding(quantity: string): SqlStorage {
  const sql = openAccount();
  adoptPosition(sql, "AAPL", decimalOf(quantity), NOW_MS - 7_200_000);
  return sql;
}

/** The venue says how an order stands, which it has by then. */
function report(sql: SqlStorage, order: Order | undefined, overrides: Parameters<typeof aReport>[0]): void {
  if (order === undefined) throw new Error("no order");
  const at = { nowMs: NOW_MS, random: 0 };
  if (read(sql, order).order.delivery === "pending") mustRecord(sql, read(sql, order), { type: "submitting" }, at);
  const { client_order_id, symbol, side, type, quantity = null } = order;
  const terms = { client_order_id, symbol, side, type, quantity, limit_price: order.limit_price ?? null };
  mustRecord(
    sql,
    read(sql, order),
    { type: "report", report: aReport({ ...terms, venue_order_id: `venue-of-${order.id}`, ...overrides }) },
    at,
  );
}

const fill = (sql: SqlStorage, order: Order | undefined): void =>
  report(sql, order, { status: "filled", filled_quantity: order?.quantity ?? "0", average_price: "187" });

const resting = (index: number, overrides: Parameters<typeof anOrder>[0] = {}): Order =>
  numbered(
    anOrder({ delivery: "delivered", status: "new", venue_order_id: `venue-${index}`, attempts: 1, ...overrides }),
    800_000 + index,
  );

describe("a goal", () => {
  it("is carried on order by order, from its tables alone", () => {
    const sql = holding("5");
    const id = started(sql, REVERSE);
    expect(goalOf(sql, id)).toMatchObject({ stage: "reducing", order: ordersOfGoal(sql, id)[0] });
    fill(sql, ordersOf(sql, id)[0]);
    // Nothing but the tables is left of the process that began it.
    pursue(sql);
    expect(ordersOf(sql, id).map(termsOf)).toEqual(["sell 5 AAPL", "sell 10 AAPL"]);
    expect(goalOf(sql, id)).toMatchObject({ stage: "entering", order: ordersOfGoal(sql, id)[1] });
    fill(sql, ordersOf(sql, id)[1]);
    pursue(sql);
    expect(goalOf(sql, id)).toMatchObject({ stage: "ended", code: "ordered" });
    expect(positionIn(sql, "AAPL")).toBe("-10");
    expect(openGoalIn(sql, "AAPL")).toBeUndefined();
  });

  it("says how it has ended on the record, in the name of the signal that wanted it", () => {
    const sql = openAccount();
    const id = started(sql, EXIT);
    expect(journalOf(sql).at(-1)).toMatchObject({
      type: "goal.ended",
      actor: { kind: "gateway" },
      request_id: "request-1",
      symbol: "AAPL",
      result: { ok: true, code: "nothing_to_do" },
      data: { goal: id, signal: `signal-of-${id}`, instruction: EXIT, detail: "0 held" },
    });
  });

  it("waits until somebody knows what is held, and is due by then", () => {
    const sql = openSqlStorage();
    const id = started(sql, EXIT);
    expect(goalOf(sql, id)).toMatchObject({ stage: "clearing", order: null });
    adoptPosition(sql, "AAPL", decimalOf("5"), NOW_MS);
    writeBrokerView(sql, { atMs: NOW_MS, holdings: [], balances: BALANCES });
    transactionSync(sql, () => carryOn(sql, id, contextAt()));
    expect(ordersOf(sql, id).map(termsOf)).toEqual(["sell 5 AAPL"]);
  });

  it("clears what is in its way on behalf of its source, and goes on when that has ended", () => {
    const sql = openAccount();
    const inTheWay = put(sql, resting(1)).order;
    const id = started(sql, ENTER);
    expect(read(sql, inTheWay).order.cancel_requested_at).not.toBeNull();
    expect(journalOf(sql).find(({ type }) => type === "order.cancel_requested")).toMatchObject({
      actor: { kind: "source", id: "default" },
    });
    expect(ordersOf(sql, id)).toEqual([]);
    report(sql, inTheWay, { status: "canceled" });
    pursue(sql);
    expect(ordersOf(sql, id).map(termsOf)).toEqual(["sell 10 AAPL"]);
  });

  it("takes off what an order in its way has filled before its end", () => {
    const sql = openAccount();
    const inTheWay = put(sql, resting(1)).order;
    const id = started(sql, ENTER);
    report(sql, inTheWay, { status: "canceled", filled_quantity: "4", average_price: "187" });
    pursue(sql);
    expect(ordersOf(sql, id).map(termsOf)).toEqual(["sell 4 AAPL"]);
  });

  it.each<[string, (sql: SqlStorage, order: Order) => void, string]>([
    [
      "is canceled by somebody",
      (sql, order) => void cancelOrder(sql, order.id, { nowMs: NOW_MS, random: 0 }),
      "order_canceled",
    ],
    [
      "expires half filled",
      (sql, order) => report(sql, order, { status: "expired", filled_quantity: "2", average_price: "187" }),
      "order_expired",
    ],
    [
      "is rejected",
      (sql, order) => {
        const at = { nowMs: NOW_MS, random: 0 };
        const row = mustRecord(sql, read(sql, order), { type: "submitting" }, at);
        mustRecord(sql, row, { type: "rejected", code: "insufficient_funds", detail: "too little" }, at);
      },
      "order_rejected",
    ],
  ])("enters nothing where its way out %s", (_, happen, code) => {
    const sql = holding("5");
    const id = started(sql, REVERSE);
    const [exit] = ordersOf(sql, id);
    if (exit === undefined) throw new Error("no order");
    happen(sql, exit);
    pursue(sql);
    expect(goalOf(sql, id)).toMatchObject({ stage: "ended", code });
    expect(ordersOf(sql, id)).toHaveLength(1);
  });

  it("only leaves the other side where its source says so", () => {
    const sql = holding("5");
    const id = started(sql, ENTER, { onOpposite: "exit" });
    fill(sql, ordersOf(sql, id)[0]);
    pursue(sql);
    expect(goalOf(sql, id)).toMatchObject({ stage: "ended", code: "closed_opposite" });
    expect(positionIn(sql, "AAPL")).toBe("0");
  });
});

describe("a goal is due", () => {
  it("when an order in its symbol has changed, and until it has been planned", () => {
    const sql = holding("5");
    const id = started(sql, REVERSE);
    expect(dueIn(sql)).toEqual([]);
    report(sql, ordersOf(sql, id)[0], { status: "partially_filled", filled_quantity: "2", average_price: "187" });
    expect(dueIn(sql)).toEqual([id]);
    pursue(sql);
    expect(dueIn(sql)).toEqual([]);
    expect(goalOf(sql, id)).toMatchObject({ stage: "reducing" });
  });

  it("not when one in another symbol has, nor when nothing is new", () => {
    const sql = holding("5");
    const other = put(sql, resting(1, { symbol: "MSFT" })).order;
    const id = started(sql, REVERSE);
    fill(sql, other);
    expect(dueIn(sql)).toEqual([]);
    const [exit] = ordersOf(sql, id);
    report(sql, exit, { status: "new" });
    pursue(sql);
    report(sql, exit, { status: "new" });
    expect(dueIn(sql)).toEqual([]);
  });

  it("never again once it has ended", () => {
    const sql = holding("5");
    const id = started(sql, EXIT);
    report(sql, ordersOf(sql, id)[0], { status: "new" });
    pursue(sql);
    expect(goalOf(sql, id)).toMatchObject({ stage: "ended", code: "ordered" });
    fill(sql, ordersOf(sql, id)[0]);
    expect(dueIn(sql)).toEqual([]);
    const before = journalOf(sql).length;
    transactionSync(sql, () => carryOn(sql, id, contextAt()));
    expect(journalOf(sql)).toHaveLength(before);
  });
});

describe("a newer goal", () => {
  it("takes the place of the one that is open in its symbol, and of no other", () => {
    const sql = holding("5");
    const first = started(sql, REVERSE);
    const elsewhere = started(sql, { action: "target", symbol: "MSFT", type: "market", position: decimalOf("3") });
    const second = started(sql, target("7"));
    expect(goalOf(sql, first)).toMatchObject({
      stage: "ended",
      code: "superseded",
      detail: `by signal signal-of-${second}`,
    });
    expect(openGoalIn(sql, "AAPL")?.id).toBe(second);
    expect(openGoalIn(sql, "MSFT")?.id).toBe(elsewhere);
    // The way out of before was not sent yet.
    expect(ordersOf(sql, first)[0]?.status).toBe("canceled");
    expect(ordersOf(sql, second).map(termsOf)).toEqual(["buy 2 AAPL"]);
  });

  it("waits for what the older one has at the venue", () => {
    const sql = holding("5");
    const first = started(sql, REVERSE);
    const [exit] = ordersOf(sql, first);
    report(sql, exit, { status: "partially_filled", filled_quantity: "1", average_price: "187" });
    const second = started(sql, target("7"));
    expect(ordersOf(sql, second)).toEqual([]);
    report(sql, exit, { status: "canceled", filled_quantity: "3", average_price: "187" });
    pursue(sql);
    expect(ordersOf(sql, second).map(termsOf)).toEqual(["buy 5 AAPL"]);
  });

  it("that adds to what is still being left is refused, and the older one goes on", () => {
    const sql = holding("5");
    const first = started(sql, REVERSE);
    expect(start(sql, { action: "add", ...AAPL, size: units("1") })).toMatchObject({
      ok: false,
      error: { code: "position_changing" },
    });
    expect(openGoalIn(sql, "AAPL")?.id).toBe(first);
  });
});

describe("an entry that comes late", () => {
  it("is not opened once the goal has lapsed, though it was closed for it", () => {
    const sql = holding("5");
    const id = started(sql, REVERSE);
    fill(sql, ordersOf(sql, id)[0]);
    pursue(sql, NOW_MS + LAPSE_MS);
    expect(goalOf(sql, id)).toMatchObject({ stage: "ended", code: "approval_lapsed" });
    expect(ordersOf(sql, id)).toHaveLength(1);
  });

  it("is opened until the moment before", () => {
    const sql = holding("5");
    const id = started(sql, REVERSE);
    fill(sql, ordersOf(sql, id)[0]);
    pursue(sql, NOW_MS + LAPSE_MS - 1);
    expect(ordersOf(sql, id).map(termsOf)).toEqual(["sell 5 AAPL", "sell 10 AAPL"]);
  });

  it("closes what it is to close however late that is", () => {
    const sql = openAccount();
    const inTheWay = put(sql, resting(1)).order;
    const id = started(sql, ENTER, { onOpposite: "exit" });
    report(sql, inTheWay, { status: "canceled", filled_quantity: "4", average_price: "187" });
    pursue(sql, NOW_MS + 2 * LAPSE_MS);
    expect(ordersOf(sql, id).map(termsOf)).toEqual(["sell 4 AAPL"]);
  });

  it("is bound by the caps that its source had when it was sent", () => {
    const caps: SourceCaps = { signals_per_min: 60, max_quantity: decimalOf("9") };
    const sql = holding("50");
    const id = started(sql, REVERSE, { sender: { revision: 1, origin: "hmac", caps, owner: null } });
    // An exit is never trapped by them.
    fill(sql, ordersOf(sql, id)[0]);
    pursue(sql);
    expect(ordersOf(sql, id)[1]).toMatchObject({ status: "denied", reason: { code: "source_max_quantity_exceeded" } });
    expect(goalOf(sql, id)).toMatchObject({ stage: "ended", code: "order_denied" });
  });
});

describe("what a receipt says of a goal", () => {
  const stepWith = (sql: SqlStorage, goal: string) => {
    const step = {
      action: "enter",
      symbol: "AAPL",
      goal,
      outcome: "working",
      code: null,
      detail: null,
      stop: null,
      verdicts: [],
      orders: [],
      canceled: [],
    } as const;
    const signal: StoredSignal = {
      id: newId(999).order,
      account: ACCOUNT,
      source: aSignal().source,
      requestId: "request-1",
      format: "text",
      steps: [step],
      notices: [],
      createdAt: new Date(NOW_MS).toISOString(),
    };
    return receiptOf(sql, signal).steps[0];
  };

  it.each([
    ["ordered", "ordered"],
    ["already_there", "done"],
    ["nothing_to_do", "done"],
    ["closed_opposite", "done"],
    ["superseded", "failed"],
    ["no_position", "failed"],
    ["reduce_only", "failed"],
    ["no_size", "failed"],
    ["approval_lapsed", "failed"],
    ["price_unknown", "failed"],
    ["equity_unknown", "failed"],
    ["below_minimum", "failed"],
    ["limit_price_missing", "failed"],
    ["order_denied", "failed"],
    ["order_rejected", "failed"],
    ["order_canceled", "failed"],
    ["order_expired", "failed"],
  ])("%s means %s", (code, outcome) => {
    const sql = holding("5");
    const id = started(sql, REVERSE);
    const row = findGoal(sql, id);
    if (row === undefined) throw new Error("no goal");
    storeGoal(sql, { ...row, goal: endGoal(row.goal, code), detail: "with numbers" });
    expect(stepWith(sql, id)).toMatchObject({ outcome, code, detail: "with numbers", orders: ordersOfGoal(sql, id) });
  });

  it("is that it works for as long as it is open", () => {
    const sql = holding("5");
    const id = started(sql, REVERSE);
    expect(stepWith(sql, id)).toMatchObject({ outcome: "working", code: null, orders: ordersOfGoal(sql, id) });
  });
});

const at187 = { type: "limit", limit_price: { at: decimalOf("187") } } as const;
const sizes = fc.integer({ min: 1, max: 9 }).map((count) => units(String(count)));
const terms = fc.constantFrom(AAPL, AAPL, { symbol: "AAPL", ...at187 } as const);
const sides = fc.constantFrom("buy" as const, "sell" as const);

const wishes: fc.Arbitrary<Instruction> = fc.oneof(
  fc
    .tuple(terms, sides, sizes, fc.constantFrom("reduce" as const, undefined))
    .map(([how, side, size, opposite]): Instruction => ({ action: "enter", side, size, opposite, ...how })),
  fc.tuple(terms, sides, sizes).map(([how, side, size]): Instruction => ({ action: "reverse", side, size, ...how })),
  fc.tuple(terms, sizes).map(([how, size]): Instruction => ({ action: "add", size, ...how })),
  fc
    .tuple(terms, fc.integer({ min: -9, max: 9 }))
    .map(([how, count]): Instruction => ({ action: "target", position: decimalOf(String(count)), ...how })),
  fc
    .tuple(fc.constantFrom("long" as const, "short" as const, undefined), fc.option(sizes, { nil: undefined }))
    .map(([position, size]): Instruction => ({ action: "exit", position, size, ...AAPL })),
  fc.tuple(sides, sizes).map(([action, size]): Instruction => ({ action, size, reduce_only: true, ...AAPL })),
  fc.constantFrom<Instruction>({ action: "flatten" }, { action: "cancel" }),
);

const days = fc.record({
  weather: weathers,
  signals: fc.array(fc.record({ instruction: wishes, afterMs: moments }), { minLength: 1, maxLength: 6 }),
  crashesAfterMs: fc.array(moments, { maxLength: 2 }),
  onOpposite: fc.constantFrom("exit" as const, "reverse" as const),
});

describe("any instructions at any time", () => {
  let drawn = 0;
  beforeEach(() => {
    for (const level of ["info", "log", "warn", "error"] as const)
      vi.spyOn(console, level).mockImplementation(() => undefined);
    // Jitter is drawn from a sequence that starts anew with each day, so that a failing day fails again.
    vi.spyOn(crypto, "getRandomValues").mockImplementation((bytes) => {
      drawn = (drawn * 1_103_515_245 + 12_345) % 2 ** 31;
      new DataView(bytes?.buffer ?? new ArrayBuffer(4)).setUint32(0, drawn * 2);
      return bytes;
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  async function live({
    weather,
    signals,
    crashesAfterMs,
    onOpposite,
  }: typeof days extends fc.Arbitrary<infer Day> ? Day : never) {
    drawn = 0;
    const simulation = new Simulation();
    const { sql } = simulation;
    writeBrokerView(sql, { atMs: NOW_MS, holdings: [], balances: BALANCES });
    const crossings: string[] = [];
    const venue: LyingVenue = new LyingVenue(weather, simulation, ({ side, quantity = ZERO }) => {
      const held = venue.holdings().find(({ symbol }) => symbol === "AAPL")?.quantity ?? ZERO;
      const isOpposed = !isZero(held) && (side === "sell") === !lessThan(held, ZERO);
      if (isOpposed && lessThan(absolute(held), quantity)) crossings.push(`${side} ${quantity} at ${held}`);
    });
    for (const [index, { instruction, afterMs }] of signals.entries()) {
      simulation.at(NOW_MS + afterMs, () => {
        const { order: _order, proof, ...sender } = aSignal({ requestId: `request-${index}` });
        if (proof === null) throw new Error("a signal proves itself");
        const settings = {
          onOpposite,
          defaultSize: null,
          max_age_sec: null,
          delayed_feed: "deny",
          position_gap: "note",
        } as const;
        const said = { name: null, format: "native", circumstances: {}, notices: [] } as const;
        const told = { ...said, settings, stopReach: "source" } as const;
        const signal = { ...sender, proof, ...told, instructions: [instruction] };
        const limits = { ratePerSec: 1_000, capacity: 1_000 };
        transactionSync(sql, () => instruct(sql, { ...contextAt(simulation.nowMs), limits, signal }));
      });
    }
    for (const afterMs of crashesAfterMs) simulation.at(NOW_MS + afterMs, () => simulation.crash());
    const lastMs = NOW_MS + Math.max(...signals.map(({ afterMs }) => afterMs), ...crashesAfterMs);
    simulation.start(onItsWord(venue));
    const isQuiet = () =>
      simulation.nowMs > lastMs &&
      readDueGoals(sql).length === 0 &&
      readLive(sql).every(({ delivery }) => delivery === "needs_operator");
    // The clock goes on to the last signal also where nothing is due until then.
    simulation.at(lastMs + 1, () => undefined);
    await simulation.run(isQuiet, () => {
      expect(crossings).toEqual([]);
      pursue(sql, simulation.nowMs);
      expect(readDueGoals(sql)).toEqual([]);
    });
    return { simulation, venue };
  }

  it("never make an order cross zero, and when all is quiet, no goal is open but one that waits for a person", async () => {
    await fc.assert(
      fc.asyncProperty(days, async (day) => {
        const { simulation, venue } = await live(day);
        const { sql } = simulation;
        const open = openGoalIn(sql, "AAPL");
        expect(open === undefined || readLive(sql).length > 0).toBe(true);
        if (readLive(sql).length > 0) return;
        const held = venue.holdings().find(({ symbol }) => symbol === "AAPL")?.quantity ?? ZERO;
        expect(positionIn(sql, "AAPL")).toBe(held);
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});
