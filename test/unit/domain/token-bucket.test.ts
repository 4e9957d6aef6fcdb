import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BucketLimits, type TokenBucket, drawToken, fullBucket } from "../../../src/domain/token-bucket.ts";

const START_MS = Date.UTC(2026, 0, 15);

/** Draws at each time in turn, as a caller that keeps the bucket does; answers the times at which a token was had. */
function drawAt(times: readonly number[], limits: BucketLimits, bucket: TokenBucket): number[] {
  const allowed: number[] = [];
  let kept = bucket;
  for (const nowMs of times) {
    const draw = drawToken(kept, limits, nowMs);
    if (!draw.allowed) continue;
    kept = draw.bucket;
    allowed.push(nowMs);
  }
  return allowed;
}

const limitsArbitrary = fc.record({
  ratePerSec: fc.integer({ min: 1, max: 1000 }),
  capacity: fc.integer({ min: 1, max: 1000 }),
});

/** Waits between calls: bursts, trickles and pauses. */
const waits = fc.array(fc.oneof(fc.constant(0), fc.nat({ max: 20 }), fc.nat({ max: 3000 })), { maxLength: 300 });

const timesOf = (waitsMs: readonly number[]): number[] => {
  let nowMs = START_MS;
  return waitsMs.map((waitMs) => (nowMs += waitMs));
};

describe("a token bucket", () => {
  it("gives no more than its capacity plus rate times elapsed time, over any stretch of any calls", () => {
    fc.assert(
      fc.property(limitsArbitrary, waits, (limits, waitsMs) => {
        const { ratePerSec, capacity } = limits;
        const allowed = drawAt(timesOf(waitsMs), limits, fullBucket(limits, START_MS));
        const excess = allowed.flatMap((fromMs, first) =>
          // A millionth of a token for the rounding of floats.
          allowed.slice(first).map((toMs, more) => more + 1 - ratePerSec * ((toMs - fromMs) / 1000) - capacity - 1e-6),
        );
        expect(excess.filter((tokens) => tokens > 0)).toEqual([]);
      }),
    );
  });

  it("gives its whole capacity at once and then refuses", () => {
    fc.assert(
      fc.property(limitsArbitrary, (limits) => {
        const times = Array.from({ length: limits.capacity + 5 }, () => START_MS);
        expect(drawAt(times, limits, fullBucket(limits, START_MS))).toHaveLength(limits.capacity);
      }),
    );
  });

  it("refills to its capacity and no further", () => {
    const limits = { ratePerSec: 10, capacity: 3 };
    const dayLaterMs = START_MS + 86_400_000;
    const times = Array.from({ length: 10 }, () => dayLaterMs);
    expect(drawAt(times, limits, fullBucket(limits, START_MS))).toHaveLength(3);
  });

  it("does not starve a caller that keeps to the rate", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 50 }), (ratePerSec, capacity) => {
        const everyMs = Math.ceil(1000 / ratePerSec);
        const times = Array.from({ length: 200 }, (_, index) => START_MS + index * everyMs);
        expect(drawAt(times, { ratePerSec, capacity }, fullBucket({ ratePerSec, capacity }, START_MS))).toHaveLength(
          200,
        );
      }),
    );
  });

  it("refuses just before the wait it asks for, and gives after it", () => {
    fc.assert(
      fc.property(limitsArbitrary, waits, (limits, waitsMs) => {
        let bucket = fullBucket(limits, START_MS);
        for (const nowMs of timesOf(waitsMs)) {
          const draw = drawToken(bucket, limits, nowMs);
          if (draw.allowed) {
            bucket = draw.bucket;
            continue;
          }
          expect(draw.retryAfterMs).toBeGreaterThan(0);
          expect(drawToken(bucket, limits, nowMs + draw.retryAfterMs).allowed).toBe(true);
          expect(drawToken(bucket, limits, nowMs + draw.retryAfterMs - 1).allowed).toBe(false);
        }
      }),
    );
  });

  it("counts the tokens that remain", () => {
    const limits = { ratePerSec: 1, capacity: 3 };
    expect(drawToken(fullBucket(limits, START_MS), limits, START_MS)).toMatchObject({ allowed: true, remaining: 2 });
  });

  it("changes nothing when it refuses", () => {
    const limits = { ratePerSec: 1, capacity: 1 };
    const empty = { tokens: 0, atMs: START_MS };
    for (let call = 0; call < 10; call += 1) drawToken(empty, limits, START_MS + call * 10);
    expect(drawToken(empty, limits, START_MS + 999).allowed).toBe(false);
    expect(drawToken(empty, limits, START_MS + 1000).allowed).toBe(true);
  });
});

describe("a clock that goes backwards", () => {
  const limits = { ratePerSec: 10, capacity: 5 };

  it("adds no token", () => {
    expect(drawToken({ tokens: 0, atMs: START_MS }, limits, START_MS - 60_000).allowed).toBe(false);
  });

  it("takes no token away", () => {
    const draw = drawToken({ tokens: 5, atMs: START_MS }, limits, START_MS - 60_000);
    expect(draw).toMatchObject({ allowed: true, remaining: 4 });
  });

  it("does not let the same stretch of time refill twice", () => {
    const draw = drawToken({ tokens: 1, atMs: START_MS }, limits, START_MS - 60_000);
    if (!draw.allowed) throw new Error("expected a token");
    expect(draw.bucket).toEqual({ tokens: 0, atMs: START_MS });
    expect(drawToken(draw.bucket, limits, START_MS).allowed).toBe(false);
  });

  it("never yields more than a clock that stood still, over any jumps", () => {
    const jumps = fc.array(fc.integer({ min: -5000, max: 5000 }), { maxLength: 200 });
    fc.assert(
      fc.property(limitsArbitrary, jumps, (anyLimits, jumpsMs) => {
        const times = timesOf(jumpsMs);
        const allowed = drawAt(times, anyLimits, fullBucket(anyLimits, START_MS));
        const latestMs = Math.max(START_MS, ...times);
        const most = anyLimits.capacity + (anyLimits.ratePerSec * (latestMs - START_MS)) / 1000;
        expect(allowed.length).toBeLessThanOrEqual(most + 1e-6);
      }),
    );
  });
});
