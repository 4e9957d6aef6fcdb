import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { equalSecrets } from "../../../src/crypto/equal.ts";

describe("equalSecrets", () => {
  it("holds for a secret and itself", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary-ascii" }), (secret) => {
        expect(equalSecrets(secret, secret)).toBe(true);
      }),
    );
  });

  it("holds for no two different secrets", () => {
    const text = fc.string({ unit: "binary-ascii" });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(equalSecrets(a, b)).toBe(a === b);
      }),
    );
  });

  it.each([
    ["the empty text", "secret", ""],
    ["a prefix", "secret", "secre"],
    ["a longer text", "secret", "secret0"],
    ["other capitals", "secret", "Secret"],
    ["white space at the end", "secret", "secret "],
    ["another composition of the same letter", "\u00e9", "e\u0301"],
  ])("does not hold for a secret and %s", (_, a, b) => {
    expect(equalSecrets(a, b)).toBe(false);
  });
});
