import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BackOff, forgottenAtMs, onFailure } from "../../../src/domain/back-off.ts";

const START_MS = Date.UTC(2026, 0, 15);
const WINDOW_MS = 600_000;

type Moment = {
  readonly nowMs: number;
  readonly before: BackOff | null;
  readonly backOff: BackOff;
  readonly refusedForMs: number | null;
};

/** Fails at each time in turn, as a caller that keeps the state does; it is stored between any two. */
function failAt(times: readonly number[]): Moment[] {
  let before: BackOff | null = null;
  return times.map((nowMs) => {
    const moment: Moment = { nowMs, before, ...onFailure(before, nowMs) };
    before = structuredClone(moment.backOff);
    return moment;
  });
}

const timesOf = (waitsMs: readonly number[]): number[] => {
  let nowMs = START_MS;
  return waitsMs.map((waitMs) => (nowMs += waitMs));
};

/** Fails as soon as it may: at once, and then at the end of each refusal. */
function failInStep(failures: number): Moment[] {
  const moments: Moment[] = [];
  for (let nowMs = START_MS; moments.length < failures;) {
    const last: Moment = { nowMs, before: null, ...onFailure(moments.at(-1)?.backOff ?? null, nowMs) };
    moments.push(last);
    nowMs += last.refusedForMs ?? 0;
  }
  return moments;
}

const secondsOf = (moments: readonly Moment[]) =>
  moments.map(({ refusedForMs }) => (refusedForMs === null ? null : refusedForMs / 1000));

describe("failures of one address", () => {
  it("are answered three times, and then refused for twice as long each time, up to five minutes", () => {
    expect(secondsOf(failInStep(14))).toEqual([null, null, null, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
  });

  it("are refused for five minutes also after a thousand refusals", () => {
    expect(secondsOf(failInStep(1_100)).at(-1)).toBe(300);
  });

  it("are counted over any ten minutes, not from one on", () => {
    const minutes = [0, 9, 11, 12, 13].map((minute) => START_MS + minute * 60_000);
    expect(secondsOf(failAt(minutes))).toEqual([null, null, null, null, 2]);
  });

  it.each([
    [599_999, 2],
    [600_000, null],
  ])("of which the first was %d ms before the fourth are refused for %o s", (afterMs, seconds) => {
    expect(secondsOf(failAt([0, 1, 2, afterMs].map((ms) => START_MS + ms))).at(-1)).toBe(seconds);
  });

  it("are never refused when there are three in more than ten minutes", () => {
    const everyFourMinutes = Array.from({ length: 500 }, (_, index) => START_MS + index * 240_000);
    expect(secondsOf(failAt(everyFourMinutes)).every((refused) => refused === null)).toBe(true);
  });

  it.each([
    [599_999, 4],
    [600_000, null],
  ])("%d ms after the end of a refusal are refused for %o s", (quietMs, seconds) => {
    const burst = Array.from({ length: 4 }, () => START_MS);
    expect(secondsOf(failAt([...burst, START_MS + 2_000 + quietMs])).at(-1)).toBe(seconds);
  });

  it("while refused are told the rest of it and change nothing", () => {
    const refused = failAt([0, 0, 0, 0].map(() => START_MS)).at(-1);
    if (refused === undefined) throw new Error("no failure");
    for (const afterMs of [0, 1, 500, 1_999]) {
      const failure = onFailure(refused.backOff, START_MS + afterMs);
      expect(failure.refusedForMs).toBe(2_000 - afterMs);
      expect(failure.backOff).toBe(refused.backOff);
    }
  });
});

/** Bursts, trickles, waits as long as refusals are, and pauses. */
const waits = fc.array(
  fc.oneof(fc.constant(0), fc.nat({ max: 3_000 }), fc.nat({ max: 320_000 }), fc.nat({ max: 1_300_000 })),
  { maxLength: 120 },
);

describe("failures at any times", () => {
  const anyMoments = waits.map((waitsMs) => failAt(timesOf(waitsMs)));

  it("are refused for at most 300 s", () => {
    fc.assert(
      fc.property(anyMoments, (moments) => {
        for (const { refusedForMs } of moments) {
          if (refusedForMs === null) continue;
          expect(refusedForMs).toBeGreaterThan(0);
          expect(refusedForMs).toBeLessThanOrEqual(300_000);
        }
      }),
    );
  });

  it("count or are refused for as long as the number of those that counted says", () => {
    fc.assert(
      fc.property(anyMoments, (moments) => {
        // The rule, said the other way round: over the whole history and without a state.
        let counted: number[] = [];
        let refusals = 0;
        let endMs = -Infinity;
        for (const { nowMs, refusedForMs } of moments) {
          if (nowMs < endMs) {
            expect(refusedForMs).toBe(endMs - nowMs);
            continue;
          }
          if (refusals > 0 && nowMs - endMs >= WINDOW_MS) [counted, refusals] = [[], 0];
          const recent = counted.filter((atMs) => nowMs - atMs < WINDOW_MS);
          if (refusals > 0 || recent.length >= 3) {
            refusals += 1;
            endMs = nowMs + Math.min(2 ** refusals, 300) * 1000;
            expect(refusedForMs).toBe(endMs - nowMs);
          } else {
            expect(refusedForMs).toBeNull();
          }
          counted.push(nowMs);
        }
      }),
    );
  });

  it("do not put off the end of a refusal", () => {
    fc.assert(
      fc.property(anyMoments, fc.array(fc.nat({ max: 299_999 })), (moments, offsetsMs) => {
        const last = moments.at(-1);
        if (last === undefined || last.backOff.state !== "refusing") return;
        const { untilMs } = last.backOff;
        let backOff: BackOff = last.backOff;
        for (const offsetMs of offsetsMs.toSorted((a, b) => a - b)) {
          const nowMs = last.nowMs + offsetMs;
          if (nowMs >= untilMs) break;
          ({ backOff } = onFailure(backOff, nowMs));
          expect(backOff).toBe(last.backOff);
        }
      }),
    );
  });

  it("are forgotten after ten quiet minutes, whatever has happened", () => {
    fc.assert(
      fc.property(anyMoments, (moments) => {
        const last = moments.at(-1);
        if (last === undefined) return;
        const quietFromMs = last.nowMs + (last.refusedForMs ?? 0);
        expect(forgottenAtMs(last.backOff)).toBeLessThanOrEqual(quietFromMs + WINDOW_MS);
        const atMs = quietFromMs + WINDOW_MS;
        expect(onFailure(last.backOff, atMs)).toEqual(onFailure(null, atMs));
      }),
    );
  });

  it("are forgotten when the state says so and not before", () => {
    fc.assert(
      fc.property(anyMoments, (moments) => {
        for (const { backOff } of moments) {
          const atMs = forgottenAtMs(backOff);
          expect(onFailure(backOff, atMs)).toEqual(onFailure(null, atMs));
          expect(onFailure(backOff, atMs - 1)).not.toEqual(onFailure(null, atMs - 1));
        }
      }),
    );
  });
});

describe("a clock that jumps", () => {
  const jumps = fc.array(fc.integer({ min: -5_000_000, max: 5_000_000 }), { maxLength: 100 });

  it("refuses nobody for more than 300 s, by the clock as it is after the jump", () => {
    fc.assert(
      fc.property(jumps, (jumpsMs) => {
        for (const { nowMs, backOff, refusedForMs } of failAt(timesOf(jumpsMs))) {
          expect(refusedForMs ?? 1).toBeGreaterThan(0);
          expect(refusedForMs ?? 1).toBeLessThanOrEqual(300_000);
          if (refusedForMs === null) continue;
          // Whoever waits for as long as told is heard, and judged anew.
          expect(onFailure(backOff, nowMs + refusedForMs).backOff).not.toBe(backOff);
          expect(onFailure(backOff, nowMs + refusedForMs - 1).refusedForMs).toBe(1);
        }
      }),
    );
  });
});
