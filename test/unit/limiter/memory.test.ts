import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Limit, Limits } from "../../../src/domain/limit.ts";
import {
  type Memory,
  NOTHING,
  draw,
  fail,
  forget,
  forgetAtMs,
  isWorthKeeping,
  noteUse,
  requireRevision,
} from "../../../src/limiter/memory.ts";

const START_MS = Date.UTC(2026, 0, 15);
const LIMITS = Limits.parse({});
/** As few as it gets, and as slow. */
const FIVE_AN_HOUR: Limit = { ...LIMITS.anonymous, quota: 5 };
const EVICTION_MS = 10_000;

const isAllowed = (answer: ReturnType<typeof draw>["answer"]) => "allowed" in answer && answer.allowed;

/** A limiter's object without its machine: what is in memory, and what is on disk. */
class Subject {
  memory = NOTHING;
  disk = NOTHING;
  rows = 0;

  draw(limits: readonly Limit[], nowMs: number): boolean {
    const { memory, answer, isMissed } = draw(this.memory, { limits }, nowMs);
    this.memory = memory;
    if (isMissed) this.keep();
    return isAllowed(answer);
  }

  fail(nowMs: number): number | null {
    const { memory, retryAfterSec } = fail(this.memory, nowMs);
    if (memory !== this.memory) {
      this.memory = memory;
      this.keep();
    }
    return retryAfterSec;
  }

  keep(): void {
    this.disk = structuredClone(this.memory);
    this.rows += 1;
  }

  evict(): void {
    this.memory = structuredClone(this.disk);
  }
}

describe("a draw", () => {
  it("needs no row while its limits are whole again before an eviction", () => {
    const subject = new Subject();
    // Ten tokens of sixty a minute flow in within the ten seconds.
    for (let drawn = 0; drawn < 10; drawn += 1) expect(subject.draw([LIMITS.health], START_MS)).toBe(true);
    expect(subject.rows).toBe(0);
    subject.draw([LIMITS.health], START_MS);
    expect(subject.rows).toBe(1);
  });

  it("needs a row from a limit by the hour, and none when it is refused", () => {
    const subject = new Subject();
    for (let drawn = 0; drawn < 50; drawn += 1) subject.draw([FIVE_AN_HOUR], START_MS);
    expect(subject.rows).toBe(5);
  });

  it("is not given back by an eviction: five an hour stay five an hour", () => {
    const subject = new Subject();
    const allowed = Array.from({ length: 300 }, (_, index) => {
      subject.evict();
      return subject.draw([FIVE_AN_HOUR], START_MS + index * 11_000);
    });
    // 300 × 11 s: four more have flowed in.
    expect(allowed.filter(Boolean)).toHaveLength(9);
  });

  it("is never given back, over any calls and evictions", () => {
    const step = fc.record({
      waitMs: fc.oneof(fc.constant(0), fc.nat({ max: 3_000 }), fc.constant(EVICTION_MS), fc.nat({ max: 100_000 })),
      isEvicted: fc.boolean(),
    });
    const limit = fc.record({
      name: fc.constant("health" as const),
      quota: fc.integer({ min: 1, max: 40 }),
      windowSec: fc.integer({ min: 1, max: 600 }),
    });
    fc.assert(
      fc.property(limit, fc.array(step, { maxLength: 200 }), (drawn, steps) => {
        const subject = new Subject();
        const unbroken = new Subject();
        let nowMs = START_MS;
        for (const { waitMs, isEvicted } of steps) {
          nowMs += waitMs;
          if (isEvicted && waitMs >= EVICTION_MS) subject.evict();
          expect(subject.draw([drawn], nowMs)).toBe(unbroken.draw([drawn], nowMs));
        }
      }),
      { numRuns: 500 },
    );
  });

  it("gives back ten seconds' worth at most when the process dies in between", () => {
    const subject = new Subject();
    for (let drawn = 0; drawn < 60; drawn += 1) subject.draw([LIMITS.health], START_MS);
    subject.evict();
    expect(subject.draw([LIMITS.health], START_MS)).toBe(false);

    const light = new Subject();
    for (let drawn = 0; drawn < 10; drawn += 1) light.draw([LIMITS.health], START_MS);
    light.evict();
    const allowed = Array.from({ length: 70 }, () => light.draw([LIMITS.health], START_MS)).filter(Boolean);
    expect(allowed).toHaveLength(60);
  });
});

describe("the least revision", () => {
  const limits = [LIMITS.authenticated];

  it.each([
    [undefined, true],
    [0, true],
    [6, true],
    [7, false],
    [8, false],
  ])("7 makes a draw with revision %o stale: %s", (revision, isStale) => {
    const memory = requireRevision(NOTHING, 7);
    const request = revision === undefined ? { limits } : { limits, revision };
    const drawn = draw(memory, request, START_MS);
    expect("stale" in drawn.answer).toBe(isStale);
    expect(drawn.memory === memory).toBe(isStale);
  });

  it("is any revision where none is required", () => {
    expect(isAllowed(draw(NOTHING, { limits }, START_MS).answer)).toBe(true);
    expect(isAllowed(draw(NOTHING, { limits, revision: 0 }, START_MS).answer)).toBe(true);
  });

  it("is the greatest that was ever required, in whatever order they came", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 1 }), (revisions) => {
        const memory = revisions.reduce(requireRevision, NOTHING);
        expect(memory.leastRevision).toBe(Math.max(...revisions));
      }),
    );
  });

  it("is not forgotten, and keeps nothing else from being", () => {
    let memory = requireRevision(NOTHING, 3);
    ({ memory } = fail(noteUse(memory, START_MS), START_MS));
    ({ memory } = draw(memory, { limits, revision: 3 }, START_MS));
    const atMs = forgetAtMs(memory);
    const left = forget(memory, atMs ?? 0);
    expect(left).toEqual({ ...NOTHING, leastRevision: 3 });
    expect(forgetAtMs(left)).toBeNull();
    expect(isWorthKeeping(left, atMs ?? 0)).toBe(true);
  });
});

describe("a failure", () => {
  it("is told in whole seconds, rounded up", () => {
    const subject = new Subject();
    expect([0, 0, 0, 0, 1, 1_001].map((afterMs) => subject.fail(START_MS + afterMs))).toEqual([
      null,
      null,
      null,
      2,
      2,
      1,
    ]);
  });

  it("needs no row while it is refused, however many there are", () => {
    const subject = new Subject();
    for (let failed = 0; failed < 1_000; failed += 1) subject.fail(START_MS);
    expect(subject.rows).toBe(4);
  });

  it("is remembered over an eviction", () => {
    const subject = new Subject();
    const refused = Array.from({ length: 6 }, (_, index) => {
      subject.evict();
      return subject.fail(START_MS + index * 60_000);
    });
    expect(refused).toEqual([null, null, null, 2, 4, 8]);
  });

  it("does not draw from a limit, and a draw does not ask about failures", () => {
    const subject = new Subject();
    for (let failed = 0; failed < 10; failed += 1) subject.fail(START_MS);
    expect(subject.draw([LIMITS.anonymous], START_MS)).toBe(true);
  });
});

describe("a use of a key", () => {
  it.each([
    [0, false],
    [59_999, false],
    [60_000, true],
    [-59_999, false],
    [-60_000, true],
  ])("%d ms after the last one that was noted is noted: %s", (afterMs, isNoted) => {
    const memory = noteUse(NOTHING, START_MS);
    expect(noteUse(memory, START_MS + afterMs) !== memory).toBe(isNoted);
  });
});

describe("forgetting", () => {
  const some = (change: (memory: Memory) => Memory): [Memory, number] => {
    const memory = change(NOTHING);
    return [memory, forgetAtMs(memory) ?? Number.NaN];
  };

  it.each<[string, (memory: Memory) => Memory, number]>([
    ["one draw of 100 an hour", (memory) => draw(memory, { limits: [LIMITS.anonymous] }, START_MS).memory, 36_000],
    ["a failure", (memory) => fail(memory, START_MS).memory, 600_000],
    ["a use", (memory) => noteUse(memory, START_MS), 3_600_000],
  ])("is due for %s after %d ms, and not before", (_, change, afterMs) => {
    const [memory, atMs] = some(change);
    expect(atMs).toBe(START_MS + afterMs);
    expect(forget(memory, atMs - 1)).toEqual(memory);
    expect(forget(memory, atMs)).toEqual(NOTHING);
    expect(isWorthKeeping(forget(memory, atMs), atMs)).toBe(false);
  });

  it("is due when the last of several things is", () => {
    const [memory, atMs] = some((none) => fail(noteUse(none, START_MS), START_MS + 3_500_000).memory);
    expect(atMs).toBe(START_MS + 3_500_000 + 600_000);
    expect(forget(memory, START_MS + 3_600_000)).toEqual({ ...memory, useNotedAtMs: null });
  });

  it("is never due where there is nothing", () => {
    expect(forgetAtMs(NOTHING)).toBeNull();
    expect(isWorthKeeping(NOTHING, START_MS)).toBe(false);
  });

  it("clears the disk although an address goes on drawing, if only a little", () => {
    const { memory } = draw(NOTHING, { limits: [LIMITS.health] }, START_MS);
    expect(forget(memory, START_MS).meters.size).toBe(1);
    expect(isWorthKeeping(memory, START_MS)).toBe(false);
  });
});
