import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Activity, addToActivity, countSince, emptyActivity } from "../../../src/domain/activity.ts";

const START_MS = Date.UTC(2026, 0, 15, 14, 30);
const DATE = "2026-01-15";
const WINDOWS = [
  { window: "second", lengthMs: 1_000, slotMs: 100 },
  { window: "minute", lengthMs: 60_000, slotMs: 1_000 },
] as const;

const at = (nowMs: number, date = DATE) => ({ nowMs, date });
const ordersAt = (times: readonly number[]): Activity =>
  times.reduce((activity, nowMs) => addToActivity(activity, "orders", at(nowMs)), emptyActivity);

/** Adds one at each time in turn if the count is below the limit; answers the times at which it was. */
function admit(times: readonly number[], window: "second" | "minute", limit: number): number[] {
  let activity = emptyActivity;
  return times.filter((nowMs) => {
    if (countSince(activity, "orders", window, at(nowMs)) >= limit) return false;
    activity = addToActivity(activity, "orders", at(nowMs));
    return true;
  });
}

/** What a clock shows that moves by these steps. */
const timesOf = (steps: readonly number[], startMs: number): number[] => {
  let nowMs = startMs;
  return steps.map((step) => (nowMs += step));
};
/** The same with each time replaced by the latest one so far. */
const latestOf = (times: readonly number[]): number[] => {
  let latest = -Infinity;
  return times.map((time) => (latest = Math.max(latest, time)));
};

const startArbitrary = fc.integer({ min: START_MS, max: START_MS + 60_000 });
/** Steps for a window of this length: bursts, trickles, what is about a slot or a window, and pauses. */
const forwardSteps = (lengthMs: number) =>
  fc.array(
    fc.oneof(
      fc.constant(0),
      fc.nat({ max: 5 }),
      fc.nat({ max: lengthMs / 8 }),
      fc.integer({ min: lengthMs - 2, max: lengthMs + 2 }),
      fc.nat({ max: 3 * lengthMs }),
    ),
    { maxLength: 150 },
  );
const anySteps = (lengthMs: number) =>
  fc.array(fc.oneof(fc.constant(0), fc.integer({ min: -lengthMs, max: lengthMs }), fc.nat({ max: 3 * lengthMs })), {
    maxLength: 150,
  });

describe.each(WINDOWS)("a limit per $window", ({ window, lengthMs, slotMs }) => {
  it("never lets more than the limit into any stretch of that length, wherever it begins", () => {
    fc.assert(
      fc.property(forwardSteps(lengthMs), startArbitrary, fc.integer({ min: 1, max: 8 }), (steps, startMs, limit) => {
        const admitted = admit(timesOf(steps, startMs), window, limit);
        const tooClose = admitted.filter((time, index) => (admitted[index + limit] ?? Infinity) - time < lengthMs);
        expect(tooClose).toEqual([]);
      }),
    );
  });

  it("lets no more in when the clock is set back, however often", () => {
    fc.assert(
      fc.property(anySteps(lengthMs), startArbitrary, fc.integer({ min: 1, max: 8 }), (steps, startMs, limit) => {
        const times = timesOf(steps, startMs);
        const latest = latestOf(times);
        // Who is told the latest time so far, in place of one that went back, is let in exactly as often.
        expect(admit(times, window, limit)).toHaveLength(admit(latest, window, limit).length);
        const admitted = admit(latest, window, limit);
        const tooClose = admitted.filter((time, index) => (admitted[index + limit] ?? Infinity) - time < lengthMs);
        expect(tooClose).toEqual([]);
      }),
    );
  });

  it("lets exactly the limit in while the clock stands still", () => {
    fc.assert(
      fc.property(startArbitrary, fc.nat({ max: 30 }), (startMs, limit) => {
        const times = Array.from({ length: limit + 10 }, () => startMs);
        expect(admit(times, window, limit)).toHaveLength(limit);
      }),
    );
  });

  it("counts all of the last window, and nothing that is older than that by a slot", () => {
    fc.assert(
      fc.property(forwardSteps(lengthMs), startArbitrary, fc.nat({ max: 2 * lengthMs }), (steps, startMs, laterMs) => {
        const times = timesOf(steps, startMs);
        const nowMs = (times.at(-1) ?? startMs) + laterMs;
        const youngerThan = (ageMs: number) => times.filter((time) => time > nowMs - ageMs).length;
        const counted = countSince(ordersAt(times), "orders", window, at(nowMs));
        expect(counted).toBeGreaterThanOrEqual(youngerThan(lengthMs));
        expect(counted).toBeLessThanOrEqual(youngerThan(lengthMs + slotMs));
      }),
    );
  });

  it("still counts what happened one window ago, and no longer one slot after that", () => {
    const activity = ordersAt([START_MS]);
    expect(countSince(activity, "orders", window, at(START_MS + lengthMs))).toBe(1);
    expect(countSince(activity, "orders", window, at(START_MS + lengthMs + slotMs))).toBe(0);
  });

  it("counts no less at an earlier time than at a later one", () => {
    fc.assert(
      fc.property(anySteps(lengthMs), startArbitrary, fc.nat({ max: 5 * lengthMs }), (steps, startMs, backMs) => {
        const activity = ordersAt(timesOf(steps, startMs));
        const nowMs = startMs + 2 * lengthMs;
        const earlier = countSince(activity, "orders", window, at(nowMs - backMs));
        expect(earlier).toBeGreaterThanOrEqual(countSince(activity, "orders", window, at(nowMs)));
      }),
    );
  });

  it("counts what is added after a step back for as long as what was added before it", () => {
    const activity = ordersAt([START_MS, START_MS - 10 * lengthMs]);
    expect(countSince(activity, "orders", window, at(START_MS - 10 * lengthMs))).toBe(2);
    expect(countSince(activity, "orders", window, at(START_MS + lengthMs))).toBe(2);
    expect(countSince(activity, "orders", window, at(START_MS + lengthMs + slotMs))).toBe(0);
  });
});

describe("a limit per day", () => {
  it("counts all of the date, whatever the time", () => {
    const activity = ordersAt([START_MS, START_MS + 6 * 3_600_000]);
    expect(countSince(activity, "orders", "day", at(START_MS + 8 * 3_600_000))).toBe(2);
  });

  it("begins again with the next date", () => {
    const activity = ordersAt([START_MS]);
    expect(countSince(activity, "orders", "day", at(START_MS + 1, "2026-01-16"))).toBe(0);
    const next = addToActivity(activity, "orders", at(START_MS + 1, "2026-01-16"));
    expect(countSince(next, "orders", "day", at(START_MS + 1, "2026-01-16"))).toBe(1);
  });

  it("keeps its count when the date goes back", () => {
    const activity = addToActivity(ordersAt([START_MS]), "orders", at(START_MS, "2026-01-14"));
    expect(countSince(activity, "orders", "day", at(START_MS, "2026-01-14"))).toBe(2);
    expect(countSince(activity, "orders", "day", at(START_MS))).toBe(2);
  });
});

describe("activity", () => {
  it("counts nothing to begin with", () => {
    for (const window of ["second", "minute", "day"] as const) {
      expect(countSince(emptyActivity, "orders", window, at(START_MS))).toBe(0);
    }
  });

  it("counts orders and messages apart", () => {
    const activity = addToActivity(ordersAt([START_MS]), "messages", at(START_MS), 3);
    expect(countSince(activity, "orders", "second", at(START_MS))).toBe(1);
    expect(countSince(activity, "messages", "second", at(START_MS))).toBe(3);
  });

  it("adds several as one by one", () => {
    fc.assert(
      fc.property(anySteps(60_000), fc.nat({ max: 5 }), (steps, n) => {
        const activity = ordersAt(timesOf(steps, START_MS));
        const oneByOne = Array.from({ length: n }).reduce<Activity>(
          (counted) => addToActivity(counted, "orders", at(START_MS)),
          activity,
        );
        const together = addToActivity(activity, "orders", at(START_MS), n);
        for (const { window } of WINDOWS) {
          expect(countSince(together, "orders", window, at(START_MS))).toBe(
            countSince(oneByOne, "orders", window, at(START_MS)),
          );
        }
      }),
    );
  });

  it("stops on anything but whole events", () => {
    for (const n of [-1, 0.5, Number.NaN, Infinity]) {
      expect(() => addToActivity(emptyActivity, "orders", at(START_MS), n)).toThrow("assertion failed");
    }
  });

  it("comes back from JSON as it was", () => {
    const activity = ordersAt([START_MS, START_MS + 150, START_MS + 30_000]);
    expect(JSON.parse(JSON.stringify(activity))).toEqual(activity);
  });

  it("stays small however much happens", () => {
    fc.assert(
      fc.property(fc.oneof(anySteps(1_000), anySteps(60_000)), (steps) => {
        const { orders } = ordersAt(timesOf(steps, START_MS));
        expect(numbersIn(orders)).toBeLessThanOrEqual(75);
        for (const { window } of WINDOWS) expect(orders[window].counts.at(-1)).not.toBe(0);
      }),
    );
    const everyTenthForHours = Array.from({ length: 20_000 }, (_, index) => START_MS + index * 100);
    expect(numbersIn(ordersAt(everyTenthForHours).orders)).toBe(75);
  });

  it("keeps nothing of what no window reaches", () => {
    const busy = ordersAt(Array.from({ length: 500 }, (_, index) => START_MS + index * 200));
    const nowMs = START_MS + 86_400_000;
    expect(addToActivity(busy, "orders", at(nowMs, "2026-01-16"))).toEqual(
      addToActivity(emptyActivity, "orders", at(nowMs, "2026-01-16")),
    );
  });

  it("changes nothing in what it was given", () => {
    const activity = ordersAt([START_MS, START_MS + 500]);
    const before = structuredClone(activity);
    addToActivity(activity, "orders", at(START_MS + 700));
    countSince(activity, "orders", "minute", at(START_MS + 90_000));
    expect(activity).toEqual(before);
    expect(countSince(emptyActivity, "orders", "day", at(START_MS))).toBe(0);
  });
});

const numbersIn = (value: unknown): number => {
  if (typeof value === "number") return 1;
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce<number>((total, inside) => total + numbersIn(inside), 0);
};
