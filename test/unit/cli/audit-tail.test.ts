import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readTail } from "../../../src/cli/audit-tail.ts";

/** A log that can only be read forwards, and counts how often it is. */
function aLog(places: readonly number[], count: number) {
  let reads = 0;
  return {
    reads: () => reads,
    readAfter: (place: number) => {
      reads += 1;
      const rest = places.filter((candidate) => candidate > place);
      const items = rest.slice(0, count);
      return Promise.resolve({ items, nextCursor: rest.length > count ? (items.at(-1) ?? null) : null });
    },
  };
}

const tailOf = (log: ReturnType<typeof aLog>, count: number) => readTail(log.readAfter, (place) => place, count);

const somePlaces = fc
  .array(fc.integer({ min: 1, max: 40 }), { maxLength: 300 })
  .map((gaps) => gaps.map((_, at) => gaps.slice(0, at + 1).reduce((sum, gap) => sum + gap, 0)));

describe("the tail of a log", () => {
  it("is its last entries, whatever its length and gaps", async () => {
    await fc.assert(
      fc.asyncProperty(somePlaces, fc.integer({ min: 1, max: 50 }), async (places, count) => {
        expect(await tailOf(aLog(places, count), count)).toEqual(places.slice(-count));
      }),
    );
  });

  it("takes one read where everything fits", async () => {
    const log = aLog([1, 2, 3], 3);
    expect(await tailOf(log, 3)).toEqual([1, 2, 3]);
    expect(log.reads()).toBe(1);
  });

  it("of a hundred thousand entries takes some thirty", async () => {
    const log = aLog(
      Array.from({ length: 100_000 }, (_, at) => at + 1),
      20,
    );
    expect(await tailOf(log, 20)).toEqual(Array.from({ length: 20 }, (_, at) => 99_981 + at));
    expect(log.reads()).toBeLessThan(32);
  });
});
