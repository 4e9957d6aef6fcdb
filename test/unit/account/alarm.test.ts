import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Alarm } from "../../../src/account/alarm.ts";
import { makeGoalsDue } from "../../../src/account/signals/goal-store.ts";
import { NOW_MS, anOrder } from "../../support/builders.ts";
import { enter, send } from "./instructing.ts";
import { numbered, openAccount, put } from "./tables.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: NOW_MS });
});
afterEach(() => {
  vi.useRealTimers();
});

/** An alarm over an account's tables, and when it was set to ring, counted from now. */
function anAlarm({ ownMs = Infinity, isUsable = true }: { ownMs?: number; isUsable?: boolean } = {}) {
  const sql = openAccount();
  const setMs: number[] = [];
  const alarm = new Alarm({
    sql,
    start: () => undefined,
    setAlarm: (atMs) => Promise.resolve(void setMs.push(atMs - NOW_MS)),
    housekeeping: { nextAtMs: (nowMs) => nowMs + ownMs },
    isUsable: () => isUsable,
  });
  const order = (index: number, inMs: number) =>
    put(sql, numbered(anOrder({ delivery: "delivered", status: "new" }), index), { dueAtMs: NOW_MS + inMs });
  return { sql, alarm, setMs, order };
}

describe("the alarm", () => {
  it("is not set where nothing is due, ever", () => {
    const { alarm, setMs } = anAlarm();
    alarm.set();
    expect(setMs).toEqual([]);
  });

  it("rings for what is due first: an order, or the account's own work", () => {
    const { alarm, setMs, order } = anAlarm({ ownMs: 30_000 });
    order(1, 60_000);
    alarm.set();
    order(2, 5_000);
    alarm.set();
    expect(setMs).toEqual([30_000, 5_000]);
  });

  it("is not put off: one that rings too early only finds less to do", () => {
    const { alarm, setMs, order } = anAlarm();
    order(1, 5_000);
    alarm.set();
    vi.setSystemTime(NOW_MS + 1_000);
    order(2, 9_000);
    alarm.set();
    expect(setMs).toEqual([5_000]);
  });

  it("is set anew once it has rung, or nobody knows whether it is set", () => {
    const { alarm, setMs, order } = anAlarm();
    order(1, 5_000);
    alarm.set();
    alarm.forget();
    alarm.set();
    expect(setMs).toEqual([5_000, 5_000]);
  });

  it("rings a moment after what is being worked on, should the process die of it", () => {
    const { alarm, setMs, order } = anAlarm();
    order(1, 0);
    alarm.set();
    expect(setMs).toEqual([1_000]);
  });

  it.each([
    [300, 300],
    [10, 50],
    [120_000, 15_000],
  ])("rings for what the connection holds back for %d ms in %d ms", (heldMs, ringsMs) => {
    const { alarm, setMs, order } = anAlarm();
    order(1, 0);
    alarm.holdBack(NOW_MS + heldMs);
    alarm.set();
    expect(setMs).toEqual([ringsMs]);
    alarm.forget();
    alarm.holdBack(null);
    alarm.set();
    expect(setMs).toEqual([ringsMs, 1_000]);
  });

  it("rings once a minute for an order of an account whose settings cannot be used", () => {
    const { alarm, setMs, order } = anAlarm({ isUsable: false });
    order(1, 0);
    alarm.set();
    expect(setMs).toEqual([60_000]);
  });

  it("rings for a goal that is to be planned anew", () => {
    const { sql, alarm, setMs } = anAlarm();
    put(sql, numbered(anOrder({ delivery: "delivered", status: "new", side: "sell" }), 1), {
      dueAtMs: NOW_MS + 60_000,
    });
    send(sql, enter("buy"));
    makeGoalsDue(sql);
    alarm.set();
    expect(setMs).toEqual([1_000]);
  });

  it("rings again after it has failed", async () => {
    const { alarm, setMs } = anAlarm();
    await alarm.ringAgain();
    expect(setMs).toEqual([1_000]);
  });
});
