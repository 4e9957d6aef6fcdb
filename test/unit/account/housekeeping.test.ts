import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { changeBreaker, readBreaker } from "../../../src/account/breaker-store.ts";
import { Connection } from "../../../src/account/connection.ts";
import { Housekeeping } from "../../../src/account/housekeeping.ts";
import { adoptPosition, positionIn } from "../../../src/account/positions/positions.ts";
import { mustRecord } from "../../../src/account/orders/record.ts";
import { nextTimerAtMs, setTimer, timerAtMs } from "../../../src/account/timers.ts";
import type { Config } from "../../../src/config.ts";
import type { Broker } from "../../../src/domain/broker.ts";
import { CLOSED, type CircuitBreaker } from "../../../src/domain/circuit-breaker.ts";
import { decimalOf } from "../../../src/domain/money.ts";
import {
  KNOWN_INSTRUMENTS,
  NOW_MS,
  aBroker,
  aConfiguration,
  aHolding,
  aReport,
  anExecution,
  anOrder,
} from "../../support/builders.ts";
import { openSqlStorage, transactionSync } from "./sql-storage.ts";
import {
  ACCOUNT,
  BALANCES,
  aSignal,
  admitSignal,
  at,
  numbered,
  openAccount,
  put,
  read,
  tradesOf,
  stopTrading,
} from "./tables.ts";

const MINUTE_MS = 60_000;
/** When work counts as lost that has begun now. */
const LOST_AFTER_MS = 2 * MINUTE_MS;
const OPEN: CircuitBreaker = {
  state: "open",
  failures: 5,
  openedAtMs: NOW_MS,
  openings: 1,
  retryAtMs: NOW_MS + 15_000,
};
const TIMEOUT = { ending: "unknown", code: "timeout" } as const;
const live = anOrder({ delivery: "delivered", status: "new", venue_order_id: "venue-1", attempts: 1 });

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW_MS });
  for (const level of ["log", "warn", "error"] as const) vi.spyOn(console, level).mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A broker that holds nothing, and a list of what it is asked. `answers` may take the place of any of its own. */
function askedBroker(answers: Partial<Broker> = {}) {
  const calls: string[] = [];
  const broker = aBroker({
    balances: () => Promise.resolve({ ending: "read", balances: BALANCES }),
    holdings: () => Promise.resolve({ ending: "listed", items: [] }),
    executions: () => Promise.resolve({ ending: "listed", items: [], isWhole: true }),
    ...answers,
  });
  const noted = <T>(call: string, answer: Promise<T>): Promise<T> => {
    calls.push(call);
    return answer;
  };
  return {
    calls,
    broker: {
      ...broker,
      balances: () => noted("balances", broker.balances()),
      holdings: () => noted("holdings", broker.holdings()),
      executions: (sinceMs: number) => noted("executions", broker.executions(sinceMs)),
    },
  };
}

/** The account's own work over these tables, at a broker that gives these answers. */
function keep(sql: SqlStorage, answers: Partial<Broker> = {}, breaker = CLOSED) {
  const commit = <T>(change: () => T) => transactionSync(sql, change);
  const { calls, broker } = askedBroker(answers);
  const connection = new Connection({
    limits: { ratePerSec: 1_000, capacity: 1_000 },
    breaker,
    nowMs: Date.now,
    onTrouble: () => undefined,
    onBreakerChange: (before, after, caller) =>
      commit(() =>
        changeBreaker(sql, { account: ACCOUNT, before, after, caller, nowMs: Date.now(), requestId: "breaker" }),
      ),
  });
  const desk = {
    settings: aConfiguration(),
    config: {} as Config,
    broker: connection.listenTo(broker),
    connection,
  };
  const housekeeping = new Housekeeping({
    instruments: KNOWN_INSTRUMENTS,
    sql,
    account: ACCOUNT,
    commit,
    start: (work) => void work,
    deliver: () => Promise.resolve(),
    desk: () => desk,
  });
  const run = async () => {
    housekeeping.run();
    await settled();
  };
  /** What a new process does first. */
  const start = () => commit(() => housekeeping.onStart(Date.now()));
  return { calls, connection, start, run };
}

describe("an account whose breaker is open", () => {
  it("finds out by itself that the broker is back, though it is idle", async () => {
    const sql = openAccount();
    const { calls, connection, run } = keep(sql, {}, OPEN);
    const change = { account: ACCOUNT, before: OPEN, after: OPEN, caller: undefined, nowMs: NOW_MS, requestId: "r" };
    changeBreaker(sql, change);
    // An hour of alarms: the broker would answer every call.
    for (const endMs = NOW_MS + 60 * MINUTE_MS; connection.isOpen && Date.now() < endMs;) {
      vi.setSystemTime(Math.max(nextTimerAtMs(sql) ?? Infinity, Date.now() + 1_000));
      await run();
    }
    expect([connection.breaker.state, readBreaker(sql).state]).toEqual(["closed", "closed"]);
    expect(Date.now()).toBe(OPEN.retryAtMs);
    // The comparison that was the probe, and the one that a broker which is back is asked for.
    expect(calls).toEqual(["balances", "holdings", "balances", "holdings"]);
  });

  it("probes with one call, and asks nothing else when that fails", async () => {
    const sql = openSqlStorage();
    const { calls, connection, run } = keep(sql, { balances: () => Promise.resolve(TIMEOUT) }, OPEN);
    setTimer(sql, "reconcile", NOW_MS);
    vi.setSystemTime(OPEN.retryAtMs);
    await run();
    expect(calls).toEqual(["balances"]);
    expect(connection.breaker).toMatchObject({ state: "open", openings: 2 });
    await run();
    expect(calls).toEqual(["balances"]);
  });
});

describe("positions", () => {
  it("are compared every five minutes from an approval on, though nothing lived before", async () => {
    const sql = openSqlStorage();
    const { calls, run } = keep(sql);
    setTimer(sql, "reconcile", NOW_MS);
    await run();
    expect(timerAtMs(sql, "reconcile")).toBe(NOW_MS + 60 * MINUTE_MS);
    expect(admitSignal(sql, aSignal(), { nowMs: NOW_MS + MINUTE_MS }).ok).toBe(true);
    expect(timerAtMs(sql, "reconcile")).toBe(NOW_MS + 6 * MINUTE_MS);
    vi.setSystemTime(NOW_MS + 6 * MINUTE_MS);
    await run();
    expect(calls).toEqual(["balances", "holdings", "balances", "holdings"]);
    expect(timerAtMs(sql, "reconcile")).toBe(NOW_MS + 11 * MINUTE_MS);
  });

  it("are compared no later for an approval, and no sooner for an order that is denied", () => {
    const sql = openAccount();
    setTimer(sql, "reconcile", NOW_MS + 10_000);
    admitSignal(sql, aSignal({ requestId: "one" }));
    expect(timerAtMs(sql, "reconcile")).toBe(NOW_MS + 10_000);
    const other = openAccount();
    stopTrading(other, "halted");
    const denied = admitSignal(other, aSignal());
    expect(denied).toMatchObject({ value: { order: { status: "denied" } } });
    expect(timerAtMs(other, "reconcile")).toBeNull();
  });

  it("are compared again at once where a fill is told while they are, in a symbol that was taken over", async () => {
    const sql = openAccount();
    // The broker's 20 were believed a minute ago; they are the fills of these two orders, which it tells only now.
    adoptPosition(sql, "AAPL", decimalOf("20"), NOW_MS - MINUTE_MS);
    const orders = [1, 2].map((index) => put(sql, numbered(live, index)).order);
    const tell = (index: number) => {
      const row = read(sql, orders[index] ?? live);
      const { client_order_id } = row.order;
      if (row.order.status === "filled") return;
      const report = aReport({ client_order_id, status: "filled", filled_quantity: "10", average_price: "187.25" });
      mustRecord(sql, row, { type: "report", report }, at(Date.now()));
    };
    const holdings: Broker["holdings"] = async () => {
      tell(1);
      return { ending: "listed", items: [aHolding({ quantity: "20" })] };
    };
    const { calls, run } = keep(sql, { holdings });
    tell(0);
    await run();
    expect(calls).toEqual(["balances", "holdings", "balances", "holdings"]);
    // 20 are held and 40 are counted: that is looked at again, and then believed.
    expect(positionIn(sql, "AAPL")).toBe("40");
    expect(timerAtMs(sql, "reconcile")).toBe(NOW_MS + 10_000);
    vi.setSystemTime(NOW_MS + 10_000);
    await run();
    expect(positionIn(sql, "AAPL")).toBe("20");
  });

  it("that differ are believed, though every look is taken by a new process", async () => {
    const sql = openAccount();
    setTimer(sql, "reconcile", NOW_MS);
    for (let looks = 0; looks < 3; looks++) {
      const { start, run } = keep(sql, {
        holdings: () => Promise.resolve({ ending: "listed", items: [aHolding({ quantity: "5" })] }),
      });
      start();
      await run();
      vi.setSystemTime(Math.max(nextTimerAtMs(sql) ?? 0, Date.now()));
    }
    expect(positionIn(sql, "AAPL")).toBe("5");
  });
});

describe("work that a timer is for", () => {
  /** Balances that come when they are told to. */
  const lateBalances = () => Promise.withResolvers<Awaited<ReturnType<Broker["balances"]>>>();

  it("is looked after two minutes later while it runs, in case its process dies", async () => {
    const sql = openAccount();
    const { promise, resolve: answer } = lateBalances();
    const { run } = keep(sql, { balances: () => promise });
    setTimer(sql, "reconcile", NOW_MS);
    await run();
    expect(timerAtMs(sql, "reconcile")).toBe(NOW_MS + LOST_AFTER_MS);
    answer({ ending: "read", balances: BALANCES });
    await settled();
    expect(timerAtMs(sql, "reconcile")).toBe(NOW_MS + 60 * MINUTE_MS);
  });

  it("is done again when it was wanted while it ran, and at the time that was wanted", async () => {
    const sql = openAccount();
    const { promise, resolve: answer } = lateBalances();
    const { calls, run } = keep(sql, { balances: () => promise });
    setTimer(sql, "reconcile", NOW_MS);
    await run();
    setTimer(sql, "reconcile", NOW_MS + 500);
    answer({ ending: "read", balances: BALANCES });
    await settled();
    expect(timerAtMs(sql, "reconcile")).toBe(NOW_MS + 500);
    vi.setSystemTime(NOW_MS + 500);
    await run();
    expect(calls).toEqual(["balances", "holdings", "balances", "holdings"]);
    expect(timerAtMs(sql, "reconcile")).toBe(NOW_MS + 500 + 60 * MINUTE_MS);
  });

  it("is not done sooner because somebody wanted it later than it is due by itself", async () => {
    const sql = openAccount();
    const { promise, resolve: answer } = lateBalances();
    const { run } = keep(sql, { balances: () => promise });
    setTimer(sql, "reconcile", NOW_MS);
    await run();
    setTimer(sql, "reconcile", NOW_MS + MINUTE_MS);
    answer(TIMEOUT);
    await settled();
    expect(timerAtMs(sql, "reconcile")).toBe(NOW_MS + 15_000);
  });

  it("reads the trades of an order that filled while a list was on its way", async () => {
    const sql = openAccount();
    const fill = (index: number) => {
      const order = numbered(anOrder({ ...live, venue_order_id: `venue-${index}` }), index);
      const { client_order_id } = order;
      const terms = { client_order_id, venue_order_id: `venue-${index}` };
      const report = aReport({ ...terms, status: "filled", filled_quantity: "10", average_price: "187.25" });
      mustRecord(sql, put(sql, order), { type: "report", report }, at(Date.now()));
    };
    let lists = 0;
    const executions: Broker["executions"] = async () => {
      lists += 1;
      const items = [1, 2]
        .slice(0, lists)
        .map((index) => anExecution({ execution_id: `execution-${index}`, venue_order_id: `venue-${index}` }));
      if (lists === 1) fill(2);
      return { ending: "listed", items, isWhole: true };
    };
    const { run } = keep(sql, { executions });
    fill(1);
    vi.setSystemTime(NOW_MS + 500);
    await run();
    expect(tradesOf(sql)).toHaveLength(1);
    expect(timerAtMs(sql, "executions")).toBe(NOW_MS + 1_000);
    vi.setSystemTime(NOW_MS + 1_000);
    await run();
    expect(tradesOf(sql)).toHaveLength(2);
    expect(timerAtMs(sql, "executions")).toBeNull();
  });

  it("reads a list of trades on from where its last piece ended, until it is whole", async () => {
    const sql = openAccount();
    const filled = anOrder({ ...live, status: "filled", filled_quantity: "10", average_price: "187.25" });
    put(sql, filled, { executionsSinceMs: NOW_MS - MINUTE_MS });
    const askedSinceMs: number[] = [];
    const executions: Broker["executions"] = async (sinceMs) => {
      askedSinceMs.push(sinceMs);
      const isWhole = askedSinceMs.length === 2;
      const foreign = anExecution({ venue_order_id: "venue-9", executed_at_ms: NOW_MS - 30_000 });
      return { ending: "listed", items: isWhole ? [anExecution()] : [foreign], isWhole };
    };
    const { run } = keep(sql, { executions });
    setTimer(sql, "executions", NOW_MS);
    await run();
    vi.setSystemTime(NOW_MS + 1_000);
    await run();
    expect(askedSinceMs).toEqual([NOW_MS - MINUTE_MS, NOW_MS - 30_000]);
    expect(tradesOf(sql)).toHaveLength(1);
    expect(timerAtMs(sql, "executions")).toBeNull();
  });
});
