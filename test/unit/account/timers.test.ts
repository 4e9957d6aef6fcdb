import { describe, expect, it } from "vitest";
import { isTimerDue, nextTimerAtMs, resetTimer, setTimer, timerAtMs } from "../../../src/account/timers.ts";
import { NOW_MS } from "../../support/builders.ts";
import { openSqlStorage } from "./sql-storage.ts";

describe("a timer", () => {
  it("is not there until it is set", () => {
    const sql = openSqlStorage();
    expect([nextTimerAtMs(sql), timerAtMs(sql, "reconcile")]).toEqual([null, null]);
    expect(isTimerDue(sql, "reconcile", NOW_MS)).toBe(false);
  });

  it("is due from its time on, and stays due until it is set anew", () => {
    const sql = openSqlStorage();
    setTimer(sql, "executions", NOW_MS);
    expect(isTimerDue(sql, "executions", NOW_MS - 1)).toBe(false);
    expect(isTimerDue(sql, "executions", NOW_MS)).toBe(true);
    expect(isTimerDue(sql, "executions", NOW_MS + 86_400_000)).toBe(true);
    resetTimer(sql, "executions", NOW_MS + 1);
    expect(isTimerDue(sql, "executions", NOW_MS)).toBe(false);
  });

  it.each([
    ["set nearer moves", setTimer, -1, -1],
    ["set later stays", setTimer, 1, 0],
    ["set anew moves nearer", resetTimer, -1, -1],
    ["set anew moves away", resetTimer, 1, 1],
  ] as const)("that is %s", (_, set, toMs, thenMs) => {
    const sql = openSqlStorage();
    setTimer(sql, "reconcile", NOW_MS);
    set(sql, "reconcile", NOW_MS + toMs);
    expect(nextTimerAtMs(sql)).toBe(NOW_MS + thenMs);
  });

  it("can be stopped, also where it was not set", () => {
    const sql = openSqlStorage();
    setTimer(sql, "reconcile", NOW_MS);
    resetTimer(sql, "reconcile", null);
    resetTimer(sql, "executions", null);
    expect(nextTimerAtMs(sql)).toBeNull();
  });

  it("is each kind of work's own, and the earliest is next", () => {
    const sql = openSqlStorage();
    setTimer(sql, "reconcile", NOW_MS + 10);
    setTimer(sql, "executions", NOW_MS + 5);
    expect(nextTimerAtMs(sql)).toBe(NOW_MS + 5);
    expect([timerAtMs(sql, "reconcile"), timerAtMs(sql, "executions")]).toEqual([NOW_MS + 10, NOW_MS + 5]);
    resetTimer(sql, "executions", null);
    expect(nextTimerAtMs(sql)).toBe(NOW_MS + 10);
    expect(isTimerDue(sql, "executions", NOW_MS + 10)).toBe(false);
  });
});
