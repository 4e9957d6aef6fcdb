import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Pace, type Purpose, drawCall, onQuota, onRetryAfter, startPace } from "../../../src/domain/pace.ts";
import type { BucketLimits } from "../../../src/domain/token-bucket.ts";
import { NOW_MS } from "../../support/builders.ts";

const URGENT: readonly Purpose[] = ["cancel", "exit"];
const PATIENT: readonly Purpose[] = ["send", "ask", "watch"];
const PURPOSES = [...URGENT, ...PATIENT];
const LIMITS: BucketLimits = { ratePerSec: 1, capacity: 100 };

const withTokens = (tokens: number): Pace => ({ ...startPace(LIMITS, NOW_MS), bucket: { tokens, atMs: NOW_MS } });

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
    expect(drawAll(startPace(LIMITS, NOW_MS), LIMITS, "cancel")).toBe(50);
  });

  it.each<[Purpose, number]>([
    ["cancel", 100],
    ["exit", 100],
    ["send", 90],
    ["ask", 90],
    ["watch", 90],
  ])("of 100 calls gives %s %d", (purpose, calls) => {
    expect(drawAll(withTokens(100), LIMITS, purpose)).toBe(calls);
  });

  it.each<[number, Purpose, number]>([
    [1, "exit", 1],
    [1, "send", 1],
    [1, "watch", 1],
    [3, "ask", 3],
    [3, "watch", 3],
    [4, "cancel", 4],
    [4, "send", 3],
    [4, "ask", 3],
    [4, "watch", 3],
    [9, "ask", 8],
    [20, "ask", 18],
    [20, "watch", 18],
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

  it("leaves what the patient purposes leave to the urgent ones, and nothing to each other", () => {
    let pace = withTokens(100);
    const had = (["watch", "ask", "send", "exit", "cancel"] as const).map((purpose) => {
      let calls = 0;
      let draw = drawCall(pace, LIMITS, purpose, NOW_MS);
      for (; draw.allowed; calls += 1) draw = drawCall(draw.pace, LIMITS, purpose, NOW_MS);
      ({ pace } = draw);
      return calls;
    });
    expect(had).toEqual([90, 0, 0, 10, 0]);
  });

  it.each<[Purpose, number]>([
    ["cancel", 1_000],
    ["exit", 1_000],
    ["send", 11_000],
    ["ask", 11_000],
    ["watch", 11_000],
  ])("that is empty makes %s wait %d ms", (purpose, waitMs) => {
    expect(drawCall(withTokens(0), LIMITS, purpose, NOW_MS)).toMatchObject({ allowed: false, waitMs });
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
      expect(drawCall(pace, LIMITS, purpose, NOW_MS)).toMatchObject({ allowed: false, waitMs });
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
    expect(drawCall(pace, { ratePerSec: 0.1, capacity: 100 }, "exit", NOW_MS)).toMatchObject({
      allowed: false,
      waitMs: 10_000,
    });
  });
});

describe("purposes of the same rank", () => {
  const SECOND_MS = 1_000;

  /** Asks for these purposes one after the other, each so long after the start. Returns what each was told. */
  function askAll(pace: Pace, asks: readonly (readonly [Purpose, number])[], limits = LIMITS): string[] {
    let now = pace;
    return asks.map(([purpose, afterMs]) => {
      const draw = drawCall(now, limits, purpose, NOW_MS + afterMs);
      now = draw.pace;
      return `${purpose} ${draw.allowed ? "may" : `in ${draw.waitMs} ms`}`;
    });
  }

  it("are served as they come while there is enough for all", () => {
    const asks = [...PATIENT, ...PATIENT, ...URGENT, ...URGENT].map((purpose) => [purpose, 0] as const);
    expect(askAll(withTokens(100), asks)).toEqual(asks.map(([purpose]) => `${purpose} may`));
  });

  it.each<[Purpose, Purpose, number]>([
    ["send", "watch", 10],
    ["watch", "ask", 10],
    ["cancel", "exit", 0],
    ["exit", "cancel", 0],
  ])("take turns when tokens are scarce: %s is served once, and not again before %s", (first, second, tokens) => {
    const told = askAll(withTokens(tokens), [
      [second, 0],
      [first, SECOND_MS],
      [first, 2 * SECOND_MS],
      [second, 2 * SECOND_MS],
      [second, 3 * SECOND_MS],
      [first, 3 * SECOND_MS],
    ]);
    expect(told).toEqual([
      `${second} in 1000 ms`,
      `${first} may`,
      `${first} in 1000 ms`,
      `${second} may`,
      `${second} in 1000 ms`,
      `${first} may`,
    ]);
  });

  it("leave a token to each that waits since before they were served", () => {
    const told = askAll(withTokens(10), [
      ["ask", 0],
      ["watch", 0],
      ["send", SECOND_MS],
      ["send", SECOND_MS],
      ["send", 3 * SECOND_MS],
      ["send", 4 * SECOND_MS],
    ]);
    expect(told.slice(2)).toEqual(["send may", "send in 3000 ms", "send in 1000 ms", "send may"]);
  });

  it("lose their turn five seconds after they were told to come back", () => {
    const scarce = { ratePerSec: 0.000_001, capacity: 100 };
    const refused = drawCall(withTokens(10), LIMITS, "watch", NOW_MS);
    expect(refused).toMatchObject({ allowed: false, waitMs: SECOND_MS });
    const served = drawCall({ ...refused.pace, bucket: { tokens: 12, atMs: NOW_MS } }, scarce, "send", NOW_MS);
    const mayAgain = (afterMs: number) => drawCall(served.pace, scarce, "send", NOW_MS + afterMs).allowed;
    expect(mayAgain(SECOND_MS + 5_000)).toBe(false);
    expect(mayAgain(SECOND_MS + 5_001)).toBe(true);
  });

  it("take no turns in a budget of one call, where one that nobody takes up would cost the other its time", () => {
    const limits = { ratePerSec: 1, capacity: 1 };
    // The exit lapses, and never comes back.
    const told = askAll(
      startPace(limits, NOW_MS),
      [
        ["cancel", SECOND_MS],
        ["exit", SECOND_MS],
        ["cancel", 2 * SECOND_MS],
        ["cancel", 3 * SECOND_MS],
      ],
      limits,
    );
    expect(told).toEqual(["cancel may", "exit in 1000 ms", "cancel may", "cancel may"]);
  });

  it("keep their place when they ask again before their time", () => {
    const told = askAll(withTokens(10), [
      ["watch", 0],
      ["send", SECOND_MS],
      ["watch", 1_500],
      ["send", 2 * SECOND_MS],
      ["watch", 2 * SECOND_MS],
    ]);
    expect(told.slice(2)).toEqual(["watch in 500 ms", "send in 1000 ms", "watch may"]);
  });

  it("do not wait for those of the other rank", () => {
    const told = askAll(withTokens(0), [
      ["watch", 0],
      ["exit", SECOND_MS],
      ["exit", 2 * SECOND_MS],
      ["exit", 3 * SECOND_MS],
    ]);
    expect(told).toEqual(["watch in 11000 ms", "exit may", "exit may", "exit may"]);
  });
});

/** A call, or a word of the broker, after a wait. */
const step = fc.record({
  waitMs: fc.oneof(fc.constant(0), fc.nat({ max: 50 }), fc.nat({ max: 20_000 })),
  purpose: fc.constantFrom(...PURPOSES),
  closedMs: fc.option(fc.nat({ max: 200_000 }), { freq: 20, nil: undefined }),
});

/** A budget after any calls and words of the broker, and when the last of them was. */
const walked = fc.tuple(limitsArbitrary, fc.array(step, { maxLength: 60 })).map(([limits, steps]) => {
  let nowMs = NOW_MS;
  let pace = startPace(limits, nowMs);
  for (const { waitMs, purpose, closedMs } of steps) {
    nowMs += waitMs;
    if (closedMs !== undefined) pace = onQuota(pace, { remaining: 0, resetAtMs: nowMs + closedMs }, nowMs);
    ({ pace } = drawCall(pace, limits, purpose, nowMs));
  }
  return { limits, pace, nowMs };
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
          ({ pace } = draw);
          if (draw.allowed) allowed.push(nowMs);
        }
        const most = limits.capacity + 60 * limits.ratePerSec + 1e-6;
        for (const fromMs of allowed) {
          expect(allowed.filter((atMs) => atMs >= fromMs && atMs <= fromMs + 60_000).length).toBeLessThanOrEqual(most);
        }
      }),
    );
  });

  it("cost the budget nothing when they are refused", () => {
    fc.assert(
      fc.property(walked, fc.constantFrom(...PURPOSES), ({ limits, pace, nowMs }, purpose) => {
        const draw = drawCall(pace, limits, purpose, nowMs);
        if (!draw.allowed) expect(draw.pace).toMatchObject({ bucket: pace.bucket, closedUntilMs: pace.closedUntilMs });
      }),
    );
  });

  it("let pass what is urgent whenever they let pass what is patient", () => {
    fc.assert(
      fc.property(walked, fc.nat({ max: 300_000 }), ({ limits, pace, nowMs }, waitMs) => {
        const passes = (purpose: Purpose) => drawCall(pace, limits, purpose, nowMs + waitMs).allowed;
        if (!PATIENT.some(passes)) return;
        // In a budget of two or three calls, without a reserve, one of them may have to leave the only call to the other.
        const mayLeaveIt = limits.capacity > 1 && limits.capacity < 4;
        expect(URGENT.filter(passes).length).toBeGreaterThanOrEqual(mayLeaveIt ? 1 : 2);
      }),
    );
  });

  it("are allowed after the wait they are given, and not before it, where nobody waits", () => {
    const anyPace = fc
      .tuple(limitsArbitrary, fc.double({ min: 0, max: 1, noNaN: true }), fc.nat({ max: 120_000 }))
      .map(([limits, filled, closedMs]) => ({
        limits,
        pace: { ...withTokens(filled * limits.capacity), closedUntilMs: NOW_MS + closedMs },
      }));
    fc.assert(
      fc.property(anyPace, fc.constantFrom(...PURPOSES), ({ limits, pace }, purpose) => {
        const draw = drawCall(pace, limits, purpose, NOW_MS);
        if (draw.allowed) return;
        expect(draw.waitMs).toBeGreaterThan(0);
        expect(drawCall(draw.pace, limits, purpose, NOW_MS + draw.waitMs).allowed).toBe(true);
        expect(drawCall(draw.pace, limits, purpose, NOW_MS + draw.waitMs - 1).allowed).toBe(false);
      }),
    );
  });

  it("are allowed after the wait they are given at the latest, also where others have a turn, if nobody drew meanwhile", () => {
    fc.assert(
      fc.property(walked, fc.constantFrom(...PURPOSES), ({ limits, pace, nowMs }, purpose) => {
        const draw = drawCall(pace, limits, purpose, nowMs);
        if (draw.allowed) return;
        expect(draw.waitMs).toBeGreaterThan(0);
        expect(drawCall(draw.pace, limits, purpose, nowMs + draw.waitMs).allowed).toBe(true);
      }),
    );
  });

  it.each(PATIENT)("leave the reserve in the bucket: %s", (purpose) => {
    fc.assert(
      fc.property(walked, fc.nat({ max: 300_000 }), ({ limits, pace, nowMs }, waitMs) => {
        const draw = drawCall(pace, limits, purpose, nowMs + waitMs);
        if (!draw.allowed || limits.capacity < 4) return;
        expect(draw.pace.bucket.tokens).toBeGreaterThanOrEqual(Math.max(1, limits.capacity / 10) - 1e-6);
      }),
    );
  });
});

describe("a purpose that keeps asking", () => {
  const limits = fc.record({
    ratePerSec: fc.constantFrom(0.5, 2.5, 10),
    // Less has no reserve.
    capacity: fc.integer({ min: 4, max: 50 }),
  });
  /** How long each purpose leaves between two calls asked for, in tenths of the time that a call takes to flow in. */
  const gaps = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 6 });
  const rhythm = fc.oneof(fc.constant([1]), gaps);
  const rhythms = fc.record({ cancel: rhythm, exit: rhythm, send: rhythm, ask: rhythm, watch: rhythm });
  type Rhythms = Readonly<Record<Purpose, readonly number[]>>;

  /** What whole milliseconds add to a wait that ends with the tenth call at the latest. */
  const ROUNDING_MS = 20;
  const LASTS_CALLS = 80;

  /**
   * The longest wait of each, in calls' inflow, while all ask without end. Who is refused asks again when told to, or sooner by
   * its own rhythm; who is served wants the next call after `pause` more.
   */
  function longestWaits({ ratePerSec, capacity }: BucketLimits, asks: Rhythms, pause: (purpose: Purpose) => number) {
    const callMs = 1_000 / ratePerSec;
    const endMs = NOW_MS + LASTS_CALLS * callMs;
    let pace = startPace({ ratePerSec, capacity }, NOW_MS);
    const askers = PURPOSES.map((purpose) => ({ purpose, count: 0, nextMs: NOW_MS, sinceMs: NOW_MS, longest: 0 }));
    for (let nowMs = NOW_MS; nowMs < endMs; nowMs = Math.min(...askers.map(({ nextMs }) => nextMs))) {
      for (const asker of askers.filter(({ nextMs }) => nextMs <= nowMs)) {
        const draw = drawCall(pace, { ratePerSec, capacity }, asker.purpose, nowMs);
        ({ pace } = draw);
        const own = asks[asker.purpose];
        const gapMs = Math.ceil(((own[asker.count++ % own.length] ?? 1) * callMs) / 10);
        asker.longest = Math.max(asker.longest, (nowMs - asker.sinceMs - ROUNDING_MS) / callMs);
        asker.nextMs = nowMs + (draw.allowed ? gapMs + pause(asker.purpose) * callMs : Math.min(gapMs, draw.waitMs));
        if (draw.allowed) asker.sinceMs = asker.nextMs;
      }
    }
    return (ranked: readonly Purpose[]) =>
      Math.max(...askers.filter(({ purpose }) => ranked.includes(purpose)).map(({ longest }) => longest));
  }

  it("and is urgent waits for the inflow of two calls at most, whatever the others want", () => {
    fc.assert(
      fc.property(limits, rhythms, (budget, asks) => {
        expect(longestWaits(budget, asks, () => 0)(URGENT)).toBeLessThanOrEqual(2);
      }),
    );
  });

  it("and is patient waits for twice the reserve and ten calls at most, while the urgent leave half of the inflow", () => {
    fc.assert(
      fc.property(limits, rhythms, (budget, asks) => {
        const pause = (purpose: Purpose) => (URGENT.includes(purpose) ? 4 : 0);
        const reserve = Math.max(1, budget.capacity / 10);
        expect(longestWaits(budget, asks, pause)(PATIENT)).toBeLessThanOrEqual(2 * reserve + 10);
      }),
    );
  });
});
