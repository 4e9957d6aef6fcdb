import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Origin, isAtLeast } from "../../../src/domain/origin.ts";

const FROM_THE_WEAKEST = ["url_token", "ip", "certificate", "hmac"] as const;
const anyOrigin = fc.constantFrom(...FROM_THE_WEAKEST);

describe("an origin", () => {
  it("is one of four, and a signature is the best proof of it", () => {
    expect(Origin.options).toEqual(FROM_THE_WEAKEST);
    expect(Origin.safeParse("signature").success).toBe(false);
  });

  it.each(FROM_THE_WEAKEST)("%s meets its own minimum and every weaker one, and no stronger one", (origin) => {
    const met = FROM_THE_WEAKEST.filter((minimum) => isAtLeast(origin, minimum));
    expect(met).toEqual(FROM_THE_WEAKEST.slice(0, FROM_THE_WEAKEST.indexOf(origin) + 1));
  });

  it("is never better and worse than another at the same time, and better than better is better", () => {
    fc.assert(
      fc.property(anyOrigin, anyOrigin, anyOrigin, (a, b, c) => {
        expect(isAtLeast(a, b) && isAtLeast(b, a)).toBe(a === b);
        expect(isAtLeast(a, b) || isAtLeast(b, a)).toBe(true);
        if (isAtLeast(a, b) && isAtLeast(b, c)) expect(isAtLeast(a, c)).toBe(true);
      }),
    );
  });
});
