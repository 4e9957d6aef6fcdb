import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { changeBreaker, readBreaker } from "../../../src/account/breaker-store.ts";
import { writeBrokerView } from "../../../src/account/broker-view.ts";
import { Connection } from "../../../src/account/connection.ts";
import { Housekeeping } from "../../../src/account/housekeeping.ts";
import { nextTimerAtMs } from "../../../src/account/timers.ts";
import type { Config } from "../../../src/config.ts";
import { NOW_MS, aBroker, aPolicy } from "../../support/builders.ts";
import { openSqlStorage, transactionSync } from "./sql-storage.ts";
import { ACCOUNT, BALANCES } from "./tables.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW_MS });
  for (const level of ["warn", "error"] as const) vi.spyOn(console, level).mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const settled = () => new Promise((resolve) => setImmediate(resolve));

it("an idle account whose breaker is open finds out by itself that the broker is back", async () => {
  const sql = openSqlStorage();
  writeBrokerView(sql, { atMs: NOW_MS, holdings: [], balances: BALANCES });
  const commit = <T>(change: () => T) => transactionSync(sql, change);
  const connection = new Connection({
    limits: { ratePerSec: 1_000, capacity: 1_000 },
    breaker: { state: "open", failures: 5, openedAtMs: NOW_MS, openings: 1, retryAtMs: NOW_MS + 15_000 },
    nowMs: Date.now,
    onTrouble: () => undefined,
    onBreakerChange: (before, after, caller) =>
      commit(() =>
        changeBreaker(sql, { account: ACCOUNT, before, after, caller, nowMs: Date.now(), requestId: "breaker" }),
      ),
  });
  let calls = 0;
  const broker = connection.listenTo({
    ...aBroker(),
    balances: () => Promise.resolve({ ending: "read" as const, balances: BALANCES }).finally(() => (calls += 1)),
    holdings: () => Promise.resolve({ ending: "listed" as const, items: [] }).finally(() => (calls += 1)),
  });
  const housekeeping = new Housekeeping({
    sql,
    account: ACCOUNT,
    commit,
    start: (work) => void work,
    deliver: () => Promise.reject(new Error("nothing is to be delivered here")),
    desk: () => ({ settings: { broker: "paper", policy: aPolicy() }, config: {} as Config, broker, connection }),
  });
  commit(() =>
    changeBreaker(sql, {
      account: ACCOUNT,
      before: connection.breaker,
      after: connection.breaker,
      caller: undefined,
      nowMs: NOW_MS,
      requestId: "r",
    }),
  );

  // An hour of alarms: the broker would answer every call.
  for (const endMs = NOW_MS + 3_600_000; connection.isOpen && Date.now() < endMs;) {
    vi.setSystemTime(Math.max(nextTimerAtMs(sql) ?? Infinity, Date.now() + 1_000));
    housekeeping.run();
    await settled();
  }
  expect({ calls, state: connection.breaker.state, kept: readBreaker(sql).state }).toEqual({
    calls: 2,
    state: "closed",
    kept: "closed",
  });
});
