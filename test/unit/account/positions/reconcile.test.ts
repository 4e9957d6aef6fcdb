import { afterEach, describe, expect, it, vi } from "vitest";
import {
  isPositionKnown,
  readBrokerView,
  readSuspects,
  writeBrokerView,
} from "../../../../src/account/positions/broker-view.ts";
import { positionIn, adoptPosition } from "../../../../src/account/positions/positions.ts";
import { reconcileAccount } from "../../../../src/account/positions/reconcile.ts";
import type { BalancesEnding, ListEnding, VenueHolding } from "../../../../src/domain/broker.ts";
import { decimalOf } from "../../../../src/domain/money.ts";
import type { Suspect } from "../../../../src/domain/reconcile.ts";
import { NOW_MS, aBroker, aHolding, aReport, anOrder } from "../../../support/builders.ts";
import { Simulation } from "../simulation.ts";
import { openSqlStorage } from "../sql-storage.ts";
import { ACCOUNT, BALANCES, journalOf, openAccount, put, read, typesOf } from "../tables.ts";

const live = anOrder({ delivery: "delivered", status: "new", venue_order_id: "venue-1", attempts: 1 });
const READ: BalancesEnding = { ending: "read", balances: BALANCES };
const TIMEOUT = { ending: "unknown", code: "timeout" } as const;
const listed = (...items: readonly VenueHolding[]): ListEnding<VenueHolding> => ({ ending: "listed", items });

type Answers = { holdings?: ListEnding<VenueHolding>; balances?: BalancesEnding; whileAsking?: () => void };

/** Compares once, with these answers. */
function compare(sql: SqlStorage, answers: Answers = {}, nowMs = NOW_MS) {
  return reconcileAccount({
    sql,
    account: ACCOUNT,
    broker: {
      balances: () => Promise.resolve(answers.balances ?? READ),
      holdings: () => {
        answers.whileAsking?.();
        return Promise.resolve(answers.holdings ?? listed());
      },
    },
    nowMs: () => nowMs,
    commit: (change) => change(),
    requestId: "compare-1",
    onBalances: () => undefined,
  });
}

/** Tables of an account in which these differences were left open. */
function openSuspecting(...suspects: readonly Suspect[]): SqlStorage {
  const sql = openAccount();
  writeBrokerView(sql, { atMs: NOW_MS, holdings: [], balances: BALANCES, suspects });
  return sql;
}

const aSuspect = (ours: string, theirs: string, sinceMs = NOW_MS): Suspect => ({
  symbol: "AAPL",
  ours: decimalOf(ours),
  theirs: decimalOf(theirs),
  sinceMs,
});

describe("comparing positions with the broker's", () => {
  it("makes known what is held, keeps what the broker said, and comes again in an hour", async () => {
    const sql = openSqlStorage();
    expect(isPositionKnown(sql)).toBe(false);
    const compared = await compare(sql, { holdings: listed(aHolding({ quantity: "25" })) });
    expect(compared).toEqual({ nextInMs: 3_600_000, done: true });
    expect(readSuspects(sql)).toEqual([]);
    expect(isPositionKnown(sql)).toBe(true);
    expect(positionIn(sql, "AAPL")).toBe("25");
    expect(readBrokerView(sql)).toEqual({
      atMs: NOW_MS,
      holdings: [aHolding({ quantity: "25" })],
      balances: BALANCES,
    });
  });

  it("journals what it believes instead of our count", async () => {
    const sql = openSqlStorage();
    adoptPosition(sql, "MSFT", decimalOf("3"), NOW_MS);
    await compare(sql, { holdings: listed(aHolding()) });
    expect(journalOf(sql)).toMatchObject([
      { type: "position.reconciled", symbol: "AAPL", request_id: "compare-1", data: { counted: "0", held: "10" } },
      { type: "position.reconciled", symbol: "MSFT", data: { counted: "3", held: "0" } },
    ]);
    expect(journalOf(sql)[0]).toMatchObject({ actor: { kind: "gateway", id: ACCOUNT }, order_id: null });
  });

  it("comes again in five minutes while orders live", async () => {
    const sql = openAccount();
    put(sql, live);
    expect(await compare(sql)).toMatchObject({ nextInMs: 300_000 });
  });

  it("comes again in ten seconds where something differs, after a look at the orders in that symbol", async () => {
    const sql = openAccount();
    put(sql, live, { dueAtMs: NOW_MS + 60_000 });
    expect(await compare(sql, { holdings: listed(aHolding()) })).toEqual({ nextInMs: 10_000, done: true });
    expect(readSuspects(sql)).toEqual([aSuspect("0", "10")]);
    expect(positionIn(sql, "AAPL")).toBe("0");
    expect(read(sql, live).dueAtMs).toBe(0);
    expect(typesOf(sql)).toEqual([]);
  });

  it("believes a difference that is the very same ten seconds later", async () => {
    const sql = openAccount();
    await compare(sql, { holdings: listed(aHolding()) });
    expect(await compare(sql, { holdings: listed(aHolding()) }, NOW_MS + 9_999)).toMatchObject({ nextInMs: 10_000 });
    expect(positionIn(sql, "AAPL")).toBe("0");
    expect(await compare(sql, { holdings: listed(aHolding()) }, NOW_MS + 10_000)).toMatchObject({
      nextInMs: 3_600_000,
    });
    expect(readSuspects(sql)).toEqual([]);
    expect(positionIn(sql, "AAPL")).toBe("10");
    expect(typesOf(sql)).toEqual(["position.reconciled"]);
  });

  it("does not believe what a fill explains that came in while the broker was asked, and suspects it anew", async () => {
    const sql = openSuspecting(aSuspect("10", "4", 0));
    const holdings = listed(aHolding({ quantity: "4" }));
    const whileAsking = () => adoptPosition(sql, "AAPL", decimalOf("10"), NOW_MS);
    expect(await compare(sql, { holdings, whileAsking })).toEqual({ nextInMs: 10_000, done: true });
    expect(readSuspects(sql)).toEqual([aSuspect("10", "4")]);
    expect(positionIn(sql, "AAPL")).toBe("10");
    expect(typesOf(sql)).toEqual([]);
  });

  it("asks for the holdings after the balances, and not at all without those", async () => {
    const asked: string[] = [];
    const whileAsking = () => asked.push("holdings");
    const sql = openAccount();
    await compare(sql, { whileAsking, balances: TIMEOUT });
    expect(asked).toEqual([]);
    await compare(sql, { whileAsking });
    expect(asked).toEqual(["holdings"]);
  });

  it.each<[string, Answers]>([
    ["holdings", { holdings: TIMEOUT }],
    ["balances", { balances: TIMEOUT }],
    [
      "holdings, because the call was turned away",
      { holdings: { ending: "not_sent", code: "rate_limited", retryAfterMs: 9 } },
    ],
  ])("changes nothing without the broker's %s, keeps its suspicion, and comes again soon", async (_, answers) => {
    const sql = openSuspecting(aSuspect("0", "10", 0));
    const before = readBrokerView(sql);
    expect(await compare(sql, answers, NOW_MS + 5_000)).toEqual({ nextInMs: 15_000, done: false });
    expect(readSuspects(sql)).toEqual([aSuspect("0", "10", 0)]);
    expect(readBrokerView(sql)).toEqual(before);
    expect(typesOf(sql)).toEqual([]);
    const unknown = openSqlStorage();
    await compare(unknown, answers);
    expect(isPositionKnown(unknown)).toBe(false);
  });
});

describe("a fill that the broker's holdings show before its order does", () => {
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  it("is counted once, also while the looks at the order are not answered", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const simulation = new Simulation();
    const { sql } = simulation;
    simulation.compares = true;
    put(sql, live);
    const filled = aReport({ status: "filled", filled_quantity: "10", average_price: "187" });
    const isAnswered = () => simulation.nowMs > NOW_MS + 120_000;
    simulation.start(
      aBroker({
        balances: () => simulation.call(5, () => READ),
        holdings: () => simulation.call(5, () => listed(aHolding())),
        find: () => simulation.call(5, () => (isAnswered() ? { ending: "found", report: filled } : TIMEOUT)),
        executions: () => simulation.call(5, () => ({ ending: "listed", items: [], isWhole: true })),
      }),
    );
    const counted: string[] = [];
    await simulation.run(
      () => read(sql, live).order.status === "filled",
      () => counted.push(positionIn(sql, "AAPL")),
    );
    expect(counted).not.toContain("20");
  });
});
