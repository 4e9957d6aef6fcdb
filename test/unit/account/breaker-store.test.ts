import { describe, expect, it } from "vitest";
import { type BreakerChange, changeBreaker, readBreaker } from "../../../src/account/breaker-store.ts";
import { nextTimerAtMs, setTimer } from "../../../src/account/timers.ts";
import { CLOSED, type CircuitBreaker } from "../../../src/domain/circuit-breaker.ts";
import { purposeOf } from "../../../src/domain/follow.ts";
import { NOW_MS, anOrder } from "../../support/builders.ts";
import { openSqlStorage } from "./sql-storage.ts";
import { ACCOUNT, CALLER, journalOf, numbered, put, read, typesOf } from "./tables.ts";

const FAILING: CircuitBreaker = { state: "closed", failures: 4 };
const OUTAGE = { failures: 5, openedAtMs: NOW_MS, openings: 1 };
const OPEN: CircuitBreaker = { state: "open", ...OUTAGE, retryAtMs: NOW_MS + 15_000 };
const HALF_OPEN: CircuitBreaker = { state: "half_open", ...OUTAGE, probeAtMs: NOW_MS };

function change(
  sql: SqlStorage,
  before: CircuitBreaker,
  after: CircuitBreaker,
  overrides: Partial<BreakerChange> = {},
) {
  const facts = { account: ACCOUNT, nowMs: NOW_MS, requestId: "breaker-1", caller: undefined };
  changeBreaker(sql, { ...facts, before, after, ...overrides });
}

describe("the circuit breaker of an account", () => {
  it("is closed where nothing is written", () => {
    expect(readBreaker(openSqlStorage())).toBe(CLOSED);
  });

  it.each([
    ["open", FAILING, OPEN],
    ["half open", OPEN, HALF_OPEN],
    ["closed", OPEN, CLOSED],
  ])("is %s for the next process as it was left", (_, before, after) => {
    const sql = openSqlStorage();
    change(sql, before, after);
    expect(readBreaker(sql)).toEqual(after);
  });

  it.each<[string, CircuitBreaker, CircuitBreaker, string[]]>([
    ["opening", FAILING, OPEN, ["circuit_breaker.opened"]],
    ["one more failure while open", OPEN, { ...OPEN, failures: 6 }, []],
    ["a probe that leaves", OPEN, HALF_OPEN, []],
    ["a probe that fails", HALF_OPEN, OPEN, []],
    ["closing from open", OPEN, CLOSED, ["circuit_breaker.closed"]],
    ["closing by a probe", HALF_OPEN, CLOSED, ["circuit_breaker.closed"]],
  ])("is journalled when it opens and when it closes: %s", (_, before, after, types) => {
    const sql = openSqlStorage();
    change(sql, before, after);
    expect(typesOf(sql)).toEqual(types);
  });

  it("says in the journal that the account itself opened it, and how many calls in a row had failed", () => {
    const sql = openSqlStorage();
    change(sql, FAILING, OPEN);
    expect(journalOf(sql)[0]).toMatchObject({
      actor: { kind: "gateway", id: ACCOUNT },
      request_id: "breaker-1",
      result: { ok: false, code: "open" },
      data: { consecutive_failures: 5 },
    });
  });

  it("says in the journal who reset it", () => {
    const sql = openSqlStorage();
    change(sql, OPEN, CLOSED, { caller: CALLER });
    expect(journalOf(sql)[0]).toMatchObject({
      type: "circuit_breaker.reset",
      actor: CALLER.actor,
      request_id: CALLER.requestId,
      client_ip: CALLER.clientIp,
      result: { ok: true, code: "closed" },
      data: { consecutive_failures: 5 },
    });
  });
});

describe("what follows from a change", () => {
  it.each<[string, CircuitBreaker, CircuitBreaker, number]>([
    ["open: the comparison of positions probes the broker", FAILING, OPEN, NOW_MS + 15_000],
    ["half open: it probes again where the probe is lost", OPEN, HALF_OPEN, NOW_MS + 30_000],
    ["closed: positions are compared at once", OPEN, CLOSED, NOW_MS],
  ])("%s", (_, before, after, atMs) => {
    const sql = openSqlStorage();
    setTimer(sql, "reconcile", NOW_MS - 1);
    change(sql, before, after);
    expect(nextTimerAtMs(sql)).toBe(atMs);
  });

  it("a broker that is gone is sent every cancel that somebody wants, and no other order is due sooner", () => {
    const sql = openSqlStorage();
    const laterMs = NOW_MS + 300_000;
    const live = anOrder({ delivery: "delivered", status: "new", venue_order_id: "venue-1", attempts: 1 });
    const canceling = anOrder({ ...live, cancel_requested_at: new Date(NOW_MS).toISOString() });
    const rows = [
      // Between two cancels it is looked at.
      put(sql, numbered(canceling, 1), { dueAtMs: laterMs, looks: 3 }),
      put(sql, numbered(canceling, 2), { dueAtMs: laterMs, looks: 4 }),
      put(sql, numbered(live, 3), { dueAtMs: laterMs }),
      put(sql, numbered({ ...canceling, status: "canceled" }, 4), { dueAtMs: null }),
    ];
    change(sql, FAILING, OPEN);
    const after = rows.map(({ order }) => read(sql, order));
    expect(after.map(({ dueAtMs }) => dueAtMs)).toEqual([0, laterMs, laterMs, null]);
    expect(after.slice(0, 3).map(({ order, looks }) => purposeOf(order, looks, false))).toEqual([
      "cancel",
      "cancel",
      "watch",
    ]);
  });

  it("a broker that is still gone is not sent them at once again", () => {
    const sql = openSqlStorage();
    const laterMs = NOW_MS + 300_000;
    const canceling = anOrder({
      delivery: "delivered",
      status: "new",
      venue_order_id: "venue-1",
      cancel_requested_at: new Date(NOW_MS).toISOString(),
    });
    put(sql, canceling, { dueAtMs: laterMs, looks: 3 });
    change(sql, OPEN, HALF_OPEN);
    change(sql, HALF_OPEN, OPEN);
    expect(read(sql, canceling)).toMatchObject({ dueAtMs: laterMs, looks: 3 });
  });

  it("a broker that is back is asked about every order of unknown outcome, and about no other", () => {
    const sql = openSqlStorage();
    const laterMs = NOW_MS + 300_000;
    const orders = (["unknown", "needs_operator", "delivered", "pending"] as const).map((delivery, index) =>
      put(sql, numbered(anOrder({ delivery, outcome: "unknown" }), index), { dueAtMs: laterMs }),
    );
    const dueTimes = () => orders.map(({ order }) => read(sql, order).dueAtMs);
    change(sql, FAILING, OPEN);
    change(sql, OPEN, HALF_OPEN);
    expect(dueTimes()).toEqual([laterMs, laterMs, laterMs, laterMs]);
    change(sql, HALF_OPEN, CLOSED);
    expect(dueTimes()).toEqual([0, laterMs, laterMs, laterMs]);
  });
});
