import { describe, expect, it } from "vitest";
import { type BreakerChange, changeBreaker, readBreaker } from "../../../src/account/breaker-store.ts";
import { nextTimerAtMs, setTimer } from "../../../src/account/timers.ts";
import { CLOSED, type CircuitBreaker } from "../../../src/domain/circuit-breaker.ts";
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
