import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeEnd, describePast, describeSpan } from "../../../src/cli/age.ts";

const NOW_MS = Date.parse("2026-01-15T14:30:00Z");
const at = (ms: number): string => new Date(NOW_MS + ms).toISOString();

describe("a span", () => {
  it.each([
    [0, "0 s"],
    [-5000, "0 s"],
    [119_999, "119 s"],
    [120_000, "2 min"],
    [7_199_999, "119 min"],
    [7_200_000, "2 h"],
    [172_799_999, "47 h"],
    [172_800_000, "2 d"],
    [90 * 86_400_000, "90 d"],
  ])("of %d ms is %s", (ms, text) => {
    expect(describeSpan(ms)).toBe(text);
  });

  it("is never said to be longer than it is, nor shorter than two thirds of it", () => {
    const units = { s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };
    fc.assert(
      fc.property(fc.integer({ min: 2000, max: 10_000 * 86_400_000 }), (ms) => {
        const [count, unit] = describeSpan(ms).split(" ");
        const said = Number(count) * units[unit as keyof typeof units];
        expect(said).toBeLessThanOrEqual(ms);
        expect(said).toBeGreaterThan((ms * 2) / 3);
      }),
    );
  });
});

describe("a time", () => {
  it("is so long ago, or never was", () => {
    expect(describePast(at(-180_000), NOW_MS)).toBe("3 min ago");
    expect(describePast(at(1000), NOW_MS)).toBe("0 s ago");
    expect(describePast(null, NOW_MS)).toBe("never");
  });

  it("ends in so long, has ended, or never does", () => {
    expect(describeEnd(at(86_400_000), NOW_MS)).toBe("in 24 h");
    expect(describeEnd(at(0), NOW_MS)).toBe("0 s ago");
    expect(describeEnd(at(-86_400_000), NOW_MS)).toBe("24 h ago");
    expect(describeEnd(null, NOW_MS)).toBe("never");
  });
});
