import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Limit,
  type LimitName,
  Limits,
  type LimitsDraw,
  type Meters,
  drawFromLimits,
  rateLimitFields,
  sourceStatus,
  withoutWhole,
} from "../../../src/domain/limit.ts";

const START_MS = Date.UTC(2026, 0, 15);
const WHOLE: Meters = new Map();
const DEFAULTS = Limits.parse(undefined);

/** Draws once at each time, as a caller that keeps the meters does. */
function drawAt(times: readonly number[], limits: readonly Limit[]): { draws: LimitsDraw[]; meters: Meters } {
  let meters = WHOLE;
  const draws = times.map((nowMs) => {
    const draw = drawFromLimits(meters, limits, nowMs);
    if (draw.allowed) meters = draw.meters;
    return draw;
  });
  return { draws, meters };
}

const times = (count: number, atMs = START_MS) => Array.from({ length: count }, () => atMs);

const allowedOf = (draws: readonly LimitsDraw[]) => draws.filter(({ allowed }) => allowed).length;

const TABLE: readonly [LimitName, number, number][] = [
  ["health", 60, 60],
  ["order_batch", 10, 60],
  ["circuit_breaker_reset", 5, 60],
  ["instrument_refresh", 5, 3_600],
  ["anonymous", 100, 3_600],
  ["authenticated", 10_000, 3_600],
];

describe("the limits", () => {
  it("are these where nothing is set", () => {
    const limits = Object.values(DEFAULTS).map(({ name, quota, windowSec }) => [name, quota, windowSec]);
    expect(limits).toEqual(TABLE);
    expect(Limits.parse({})).toEqual(DEFAULTS);
  });

  it("are changed one by one", () => {
    const changed = Limits.parse({ health: { quota: 5, window_sec: 10 } });
    expect(changed).toEqual({ ...DEFAULTS, health: { name: "health", quota: 5, windowSec: 10 } });
  });

  it.each<{ setting: unknown }>([
    { setting: { helth: { quota: 5, window_sec: 10 } } },
    { setting: { health: { quota: 5 } } },
    { setting: { health: { window_sec: 10 } } },
    { setting: { health: { quota: 5, window_sec: 10, name: "other" } } },
    { setting: { health: { quota: 0, window_sec: 10 } } },
    { setting: { health: { quota: 1.5, window_sec: 10 } } },
    { setting: { health: { quota: 1_000_001, window_sec: 10 } } },
    { setting: { health: { quota: "5", window_sec: 10 } } },
    { setting: { health: { quota: 5, window_sec: 0 } } },
    { setting: { health: { quota: 5, window_sec: 86_401 } } },
    { setting: { health: null } },
    { setting: { __proto__: null, constructor: { quota: 5, window_sec: 10 } } },
    { setting: null },
    { setting: "unlimited" },
  ])("are not $setting", ({ setting }) => {
    expect(Limits.safeParse(setting).success).toBe(false);
  });
});

describe.each(TABLE)("%s", (name, quota, windowSec) => {
  const limit = DEFAULTS[name];
  const tokenMs = (windowSec / quota) * 1000;

  it(`lets ${quota} through at once and then says when the next one may come`, () => {
    const { draws, meters } = drawAt(times(quota + 3), [limit]);
    expect(allowedOf(draws)).toBe(quota);
    const refused = draws.at(-1);
    const retryAfterSec = Math.ceil(tokenMs / 1000);
    expect(refused).toMatchObject({ allowed: false, violated: name, retryAfterSec });
    expect(drawFromLimits(meters, [limit], START_MS + Math.ceil(tokenMs) - 1).allowed).toBe(false);
    expect(drawFromLimits(meters, [limit], START_MS + retryAfterSec * 1000).allowed).toBe(true);
  });

  it(`lets ${quota} through again after ${windowSec} s`, () => {
    const { draws } = drawAt([...times(quota + 1), ...times(quota + 1, START_MS + windowSec * 1000)], [limit]);
    expect(allowedOf(draws)).toBe(2 * quota);
  });

  it("lets whoever keeps to it through for ever", () => {
    const steady = Array.from({ length: 3 * quota }, (_, index) => START_MS + Math.ceil(index * tokenMs));
    expect(allowedOf(drawAt(steady, [limit]).draws)).toBe(3 * quota);
  });

  it(`is forgotten ${windowSec} s after it was used up, and not before`, () => {
    const { meters } = drawAt(times(quota), [limit]);
    const wholeAtMs = START_MS + windowSec * 1000;
    expect(withoutWhole(meters, wholeAtMs - 1).size).toBe(1);
    expect(withoutWhole(meters, wholeAtMs).size).toBe(0);
  });
});

const { health, order_batch: orderBatch, anonymous } = DEFAULTS;

describe("a request under several limits", () => {
  it("draws from each of them", () => {
    const { draws } = drawAt(times(2), [health, anonymous]);
    expect(draws[1]).toMatchObject({
      allowed: true,
      limits: [
        { name: "health", remaining: 58, resetSec: 1 },
        { name: "anonymous", remaining: 98, resetSec: 36 },
      ],
    });
  });

  it("draws from none when one refuses, and says what is left of each", () => {
    const { draws, meters } = drawAt(times(12), [health, orderBatch]);
    expect(draws.at(-1)).toEqual({
      allowed: false,
      violated: "order_batch",
      retryAfterSec: 6,
      limits: [
        { ...health, remaining: 50, resetSec: 1 },
        { ...orderBatch, remaining: 0, resetSec: 6 },
      ],
    });
    expect(meters.get("health")?.tokens).toBe(50);
  });

  it("is told of the one that keeps it out the longest, whichever comes first", () => {
    const first = drawAt(times(10), [orderBatch]);
    let { meters } = first;
    for (let drawn = 0; drawn < 100; drawn += 1) {
      const draw = drawFromLimits(meters, [anonymous], START_MS);
      if (draw.allowed) ({ meters } = draw);
    }
    for (const limits of [
      [orderBatch, anonymous],
      [anonymous, orderBatch],
    ]) {
      expect(drawFromLimits(meters, limits, START_MS)).toMatchObject({ violated: "anonymous", retryAfterSec: 36 });
    }
  });

  it("is let through when there is no limit", () => {
    expect(drawFromLimits(WHOLE, [], START_MS)).toEqual({ allowed: true, meters: new Map(), limits: [] });
  });

  it("leaves the limits that it is not under as they are", () => {
    const { meters } = drawAt(times(3), [health]);
    const draw = drawFromLimits(meters, [anonymous], START_MS);
    if (!draw.allowed) throw new Error("refused");
    expect(draw.meters.get("health")).toBe(meters.get("health"));
  });
});

const limitArbitrary: fc.Arbitrary<Limit> = fc.record({
  name: fc.constantFrom(...TABLE.map(([name]) => name)),
  quota: fc.integer({ min: 1, max: 50 }),
  windowSec: fc.integer({ min: 1, max: 5_000 }),
});
const limitsArbitrary = fc.uniqueArray(limitArbitrary, { selector: ({ name }) => name, minLength: 1, maxLength: 3 });
const waits = fc.array(fc.oneof(fc.constant(0), fc.nat({ max: 2_000 }), fc.nat({ max: 2_000_000 })), {
  maxLength: 200,
});
const timesOf = (waitsMs: readonly number[]): number[] => {
  let nowMs = START_MS;
  return waitsMs.map((waitMs) => (nowMs += waitMs));
};

describe("any limits over any calls", () => {
  it("let no more through than each one's quota and what flows into it", () => {
    fc.assert(
      fc.property(limitsArbitrary, waits, (limits, waitsMs) => {
        const at = timesOf(waitsMs);
        const elapsedSec = ((at.at(-1) ?? START_MS) - START_MS) / 1000;
        const allowed = allowedOf(drawAt(at, limits).draws);
        for (const { quota, windowSec } of limits) {
          expect(allowed).toBeLessThanOrEqual(quota + (elapsedSec * quota) / windowSec + 1e-6);
        }
      }),
    );
  });

  it("keep their word: after the wait they ask for, the request passes", () => {
    fc.assert(
      fc.property(limitsArbitrary, waits, (limits, waitsMs) => {
        let meters = WHOLE;
        for (const nowMs of timesOf(waitsMs)) {
          const draw = drawFromLimits(meters, limits, nowMs);
          if (draw.allowed) {
            ({ meters } = draw);
            continue;
          }
          expect(draw.retryAfterSec).toBeGreaterThanOrEqual(1);
          expect(drawFromLimits(meters, limits, nowMs + draw.retryAfterSec * 1000).allowed).toBe(true);
        }
      }),
    );
  });

  it("lose nothing by forgetting what is whole", () => {
    fc.assert(
      fc.property(limitsArbitrary, waits, (limits, waitsMs) => {
        let kept = WHOLE;
        let forgetful = WHOLE;
        for (const nowMs of timesOf(waitsMs)) {
          const one = drawFromLimits(kept, limits, nowMs);
          const other = drawFromLimits(withoutWhole(forgetful, nowMs), limits, nowMs);
          expect(other.allowed).toBe(one.allowed);
          if (one.allowed) kept = one.meters;
          if (other.allowed) forgetful = other.meters;
        }
      }),
    );
  });
});

describe("the fields that tell of limits", () => {
  it("are those of the draft, for one limit", () => {
    const [draw] = drawAt(times(1), [health]).draws;
    expect(rateLimitFields(draw?.limits ?? [])).toEqual({
      "RateLimit-Policy": '"health";q=60;w=60',
      RateLimit: '"health";r=59;t=1',
    });
  });

  it("list several limits in their order", () => {
    const [draw] = drawAt(times(1), [anonymous, health]).draws;
    expect(rateLimitFields(draw?.limits ?? [])).toEqual({
      "RateLimit-Policy": '"anonymous";q=100;w=3600, "health";q=60;w=60',
      RateLimit: '"anonymous";r=99;t=36, "health";r=59;t=1',
    });
  });

  it("say the same moment as Retry-After when a limit refuses", () => {
    const draw = drawAt(times(11), [orderBatch]).draws.at(-1);
    expect(draw).toMatchObject({ allowed: false, retryAfterSec: 6 });
    expect(rateLimitFields(draw?.limits ?? [])["RateLimit"]).toBe('"order_batch";r=0;t=6');
  });

  it("say that more comes in no time where a limit is whole", () => {
    const refused = drawFromLimits(drawAt(times(10), [orderBatch]).meters, [health, orderBatch], START_MS);
    expect(rateLimitFields(refused.limits)["RateLimit"]).toBe('"health";r=60;t=0, "order_batch";r=0;t=6');
  });

  it("tell of a source's bucket in the same words: `t` is when there is more, and not when it is whole", () => {
    const limits = { capacity: 40, ratePerSec: 40 };
    expect(rateLimitFields([sourceStatus({ limits, remaining: 12 })])).toEqual({
      "RateLimit-Policy": '"source";q=40;w=1',
      RateLimit: '"source";r=12;t=1',
    });
  });

  it.each([
    // 30 a minute, 3 at once: one token takes two seconds.
    [{ limits: { capacity: 3, ratePerSec: 0.5 }, remaining: 2 }, '"source";r=2;t=2', '"source";q=3;w=6'],
    [{ limits: { capacity: 3, ratePerSec: 0.5 }, remaining: 0, retryAfterMs: 1 }, '"source";r=0;t=1', undefined],
    [{ limits: { capacity: 3, ratePerSec: 0.5 }, remaining: 0, retryAfterMs: 1_001 }, '"source";r=0;t=2', undefined],
    // 7 a minute: fractions of seconds are rounded up, and what is promised is kept.
    [{ limits: { capacity: 1, ratePerSec: 7 / 60 }, remaining: 0 }, '"source";r=0;t=9', '"source";q=1;w=9'],
  ])("tell of %o: %s", (source, left, policy) => {
    const fields = rateLimitFields([sourceStatus(source)]);
    expect(fields["RateLimit"]).toBe(left);
    if (policy !== undefined) expect(fields["RateLimit-Policy"]).toBe(policy);
  });

  it("are absent where there is no limit", () => {
    expect(rateLimitFields([])).toEqual({});
  });
});
