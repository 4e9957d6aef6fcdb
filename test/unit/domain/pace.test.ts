import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Pace, type Purpose, drawCall, onQuota, onRetryAfter, startPace } from "../../../src/domain/pace.ts";
import type { BucketLimits } from "../../../src/domain/token-bucket.ts";
import { NOW_MS } from "../../support/builders.ts";

const PURPOSES: readonly Purpose[] = ["send", "cancel", "ask", "watch"];
const LIMITS: BucketLimits = { ratePerSec: 1, capacity: 100 };

const withTokens = (tokens: number): Pace => ({ bucket: { tokens, atMs: NOW_MS }, closedUntilMs: NOW_MS });

/** How many calls are had at one moment. */
function drawAll(pace: Pace, limits: BucketLimits, purpose: Purpose): number {
  const draw = drawCall(pace, limits, purpose, NOW_MS);
  return draw.allowed ? 1 + drawAll(draw.pace, limits, purpose) : 0;
}

const limitsArbitrary = fc.record({
  ratePerSec: fc.double({ min: 0.1, max: 50, noNaN: true }),
  capacity: fc.integer({ min: 1, max: 200 }),
});

describe("a request budget", () => {
  it("starts with half of it spent", () => {
    expect(drawAll(startPace(LIMITS, NOW_MS), LIMITS, "send")).toBe(50);
  });

  it.each<[Purpose, number]>([
    ["send", 100],
    ["cancel", 100],
    ["ask", 90],
    ["watch", 75],
  ])("of 100 calls gives %s %d", (purpose, calls) => {
    expect(drawAll(withTokens(100), LIMITS, purpose)).toBe(calls);
  });

  it.each<[number, Purpose, number]>([
    [1, "ask", 1],
    [1, "watch", 1],
    [3, "ask", 3],
    [3, "watch", 3],
    [4, "ask", 3],
    [4, "watch", 3],
    [9, "ask", 8],
    [20, "ask", 18],
    [20, "watch", 15],
  ])("of %d calls gives %s %d", (capacity, purpose, calls) => {
    expect(drawAll(withTokens(capacity), { ratePerSec: 1, capacity }, purpose)).toBe(calls);
  });

  it("keeps a whole call back, however small a tenth is", () => {
    const limits = { ratePerSec: 1, capacity: 9 };
    expect(drawCall(withTokens(1.95), limits, "ask", NOW_MS).allowed).toBe(false);
    expect(drawCall(withTokens(2), limits, "ask", NOW_MS).allowed).toBe(true);
  });

  it.each(PURPOSES)("refills to its capacity and no further, also for %s", (purpose) => {
    const draw = drawCall(withTokens(0), LIMITS, purpose, NOW_MS + 86_400_000);
    expect(draw).toMatchObject({ allowed: true, pace: { bucket: { tokens: 99 } } });
  });

  it("leaves what the lesser purposes leave to the greater ones", () => {
    let pace = withTokens(100);
    const had = (["watch", "ask", "send"] as const).map((purpose) => {
      let calls = 0;
      for (let draw = drawCall(pace, LIMITS, purpose, NOW_MS); draw.allowed; calls += 1) {
        pace = draw.pace;
        draw = drawCall(pace, LIMITS, purpose, NOW_MS);
      }
      return calls;
    });
    expect(had).toEqual([75, 15, 10]);
  });

  it.each<[Purpose, number]>([
    ["send", 1_000],
    ["ask", 11_000],
    ["watch", 26_000],
  ])("that is empty makes %s wait %d ms", (purpose, waitMs) => {
    expect(drawCall(withTokens(0), LIMITS, purpose, NOW_MS)).toEqual({ allowed: false, waitMs });
  });
});

describe("a broker that says how much is left", () => {
  const reset = (afterMs: number, remaining = 0) =>
    onQuota(withTokens(100), { remaining, resetAtMs: NOW_MS + afterMs }, NOW_MS);

  it.each<[string, Pace, number]>([
    ["nothing for 20 seconds", reset(20_000), 20_000],
    ["nothing for an hour, which is believed for two minutes", reset(3_600_000), 120_000],
  ])("%s, stops every purpose until then", (_, pace, waitMs) => {
    for (const purpose of PURPOSES) {
      expect(drawCall(pace, LIMITS, purpose, NOW_MS)).toEqual({ allowed: false, waitMs });
      expect(drawCall(pace, LIMITS, purpose, NOW_MS + waitMs).allowed).toBe(true);
    }
  });

  it.each<[string, Pace]>([
    ["nothing until a moment ago", reset(-1)],
    ["nothing until now", reset(0)],
    ["one call until a minute from now", reset(60_000, 1)],
    ["nothing until a time that is no number", reset(Number.NaN)],
  ])("%s, changes nothing", (_, pace) => {
    expect(pace).toEqual(withTokens(100));
  });

  it("never opens earlier what was closed for longer", () => {
    const closed = onRetryAfter(withTokens(100), 60_000, NOW_MS);
    expect(onQuota(closed, { remaining: 0, resetAtMs: NOW_MS + 5_000 }, NOW_MS)).toBe(closed);
  });
});

describe("a call turned away", () => {
  it.each<[number | null, number]>([
    [5_000, 5_000],
    [120_001, 120_000],
    [null, 1_000],
    [0, 1_000],
    [-1, 1_000],
  ])("with %s ms to wait closes the budget for %d ms", (retryAfterMs, closedMs) => {
    expect(onRetryAfter(withTokens(100), retryAfterMs, NOW_MS).closedUntilMs).toBe(NOW_MS + closedMs);
  });

  it("waits for the opening and then for a token", () => {
    const pace = onRetryAfter(withTokens(0), 2_000, NOW_MS);
    expect(drawCall(pace, { ratePerSec: 0.1, capacity: 100 }, "send", NOW_MS)).toEqual({
      allowed: false,
      waitMs: 10_000,
    });
  });
});

/** A call, or a word of the broker, after a wait. */
const step = fc.record({
  waitMs: fc.oneof(fc.constant(0), fc.nat({ max: 50 }), fc.nat({ max: 20_000 })),
  purpose: fc.constantFrom(...PURPOSES),
  closedMs: fc.option(fc.nat({ max: 200_000 }), { freq: 20, nil: undefined }),
});

describe("any calls for any purposes", () => {
  it("are never more within 60 seconds than the capacity and what flows in", () => {
    fc.assert(
      fc.property(limitsArbitrary, fc.array(step, { maxLength: 300 }), (limits, steps) => {
        const allowed: number[] = [];
        let nowMs = NOW_MS;
        let pace = startPace(limits, nowMs);
        for (const { waitMs, purpose, closedMs } of steps) {
          nowMs += waitMs;
          if (closedMs !== undefined) pace = onQuota(pace, { remaining: 0, resetAtMs: nowMs + closedMs }, nowMs);
          const draw = drawCall(pace, limits, purpose, nowMs);
          if (!draw.allowed) continue;
          pace = draw.pace;
          allowed.push(nowMs);
        }
        const most = limits.capacity + 60 * limits.ratePerSec + 1e-6;
        for (const fromMs of allowed) {
          expect(allowed.filter((atMs) => atMs >= fromMs && atMs <= fromMs + 60_000).length).toBeLessThanOrEqual(most);
        }
      }),
    );
  });

  const anyPace = fc
    .tuple(limitsArbitrary, fc.double({ min: 0, max: 1, noNaN: true }), fc.nat({ max: 120_000 }))
    .map(([limits, filled, closedMs]) => ({
      limits,
      pace: { bucket: { tokens: filled * limits.capacity, atMs: NOW_MS }, closedUntilMs: NOW_MS + closedMs },
    }));

  it("let pass what matters more whenever they let pass what matters less", () => {
    fc.assert(
      fc.property(anyPace, fc.nat({ max: 300_000 }), ({ limits, pace }, waitMs) => {
        const passes = (purpose: Purpose) => drawCall(pace, limits, purpose, NOW_MS + waitMs).allowed;
        if (passes("watch")) expect(passes("ask")).toBe(true);
        if (passes("ask")) expect(passes("send")).toBe(true);
        expect(passes("cancel")).toBe(passes("send"));
      }),
    );
  });

  it("are allowed after the wait they are given, and not before it", () => {
    fc.assert(
      fc.property(anyPace, fc.constantFrom(...PURPOSES), ({ limits, pace }, purpose) => {
        const draw = drawCall(pace, limits, purpose, NOW_MS);
        if (draw.allowed) return;
        expect(draw.waitMs).toBeGreaterThan(0);
        expect(drawCall(pace, limits, purpose, NOW_MS + draw.waitMs).allowed).toBe(true);
        expect(drawCall(pace, limits, purpose, NOW_MS + draw.waitMs - 1).allowed).toBe(false);
      }),
    );
  });

  it("leave a watcher's reserve in the bucket", () => {
    fc.assert(
      fc.property(anyPace, ({ limits, pace }) => {
        const draw = drawCall(pace, limits, "watch", NOW_MS + 200_000);
        if (draw.allowed && limits.capacity >= 4) {
          expect(draw.pace.bucket.tokens).toBeGreaterThanOrEqual(limits.capacity / 4 - 1e-6);
        }
      }),
    );
  });
});
