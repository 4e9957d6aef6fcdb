import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Decimal,
  DecimalOnWire,
  DecimalString,
  PositiveDecimal,
  ZERO,
  absolute,
  add,
  compare,
  decimalOf,
  divide,
  divideDown,
  fractionDigits,
  greaterThan,
  isPositive,
  isZero,
  lessThan,
  multiply,
  negate,
  roundForWire,
  subtract,
  survivesDouble,
} from "../../../src/domain/money.ts";

/** Canonical: no exponent, no needless zero, no `-0`. */
const CANONICAL = /^(?!-0$)-?(?:0|[1-9]\d*)(?:\.\d*[1-9])?$/;

const digits = (max: number) =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: max }).map((list) => list.join(""));

/** Every text the wire accepts, needless zeros included. */
const wireText = fc
  .tuple(fc.boolean(), digits(15), fc.option(digits(9), { nil: undefined }))
  .map(
    ([negative, whole, fraction]) => `${negative ? "-" : ""}${whole}${fraction === undefined ? "" : `.${fraction}`}`,
  );

const decimal: fc.Arbitrary<Decimal> = wireText.map((text) => DecimalOnWire.parse(text));

/** The exact value in units of 1e-9, by other means than the code under test. */
function nanosOf(text: string): bigint {
  const [whole = "0", fraction = ""] = text.replace("-", "").split(".");
  const size = BigInt(whole + fraction.padEnd(9, "0"));
  return text.startsWith("-") ? -size : size;
}

describe("a decimal on the wire", () => {
  it("keeps its exact value and takes the canonical spelling", () => {
    fc.assert(
      fc.property(wireText, (text) => {
        const value = DecimalOnWire.parse(text);
        expect(value).toMatch(CANONICAL);
        expect(nanosOf(value)).toBe(nanosOf(text));
      }),
    );
  });

  it.each([
    ["10.0", "10"],
    ["100", "100"],
    ["0.50", "0.5"],
    ["007", "7"],
    ["-0", "0"],
    ["-0.000", "0"],
    ["-1.10", "-1.1"],
    ["999999999999999.999999999", "999999999999999.999999999"],
    ["0.000000001", "0.000000001"],
    [10, "10"],
    [0.1, "0.1"],
    [-0, "0"],
    [1e-9, "0.000000001"],
    [999999999999999, "999999999999999"],
  ])("%j is read as %s", (input, expected) => {
    expect(DecimalOnWire.parse(input)).toBe(expected);
  });

  it.each([
    ["an empty text", ""],
    ["a space", " 1"],
    ["a line feed at the end", "1\n"],
    ["a plus sign", "+1"],
    ["a minus sign alone", "-"],
    ["an exponent", "1e5"],
    ["a capital exponent", "1E5"],
    ["no digit before the point", ".5"],
    ["no digit after the point", "5."],
    ["two points", "1.2.3"],
    ["a decimal comma", "1,5"],
    ["a thousands separator", "1,000"],
    ["hexadecimal", "0x10"],
    ["full-width digits", "１"],
    ["Arabic digits", "١"],
    ["NaN as text", "NaN"],
    ["Infinity as text", "Infinity"],
    ["16 integer digits", "1000000000000000"],
    ["10 fraction digits", "0.0000000001"],
    ["10 fraction digits that are zeros", "1.0000000000"],
    ["a number of 16 integer digits", 1e15],
    ["a number past the largest plain spelling", 1e21],
    ["a number of 10 fraction digits", 1e-10],
    ["NaN", Number.NaN],
    ["Infinity", Number.POSITIVE_INFINITY],
    ["a bigint", 1n],
    ["a boolean", true],
    ["nothing", null],
    ["an absent value", undefined],
    ["a list", ["1"]],
    ["an object", { valueOf: () => 1 }],
  ])("is refused with %s", (_, input) => {
    expect(DecimalOnWire.safeParse(input).success).toBe(false);
  });
});

describe("a positive decimal on the wire", () => {
  it.each(["0.000000001", "1", 0.5])("accepts %j", (input) => {
    expect(PositiveDecimal.safeParse(input).success).toBe(true);
  });

  it.each(["0", "0.000", "-0", "-1", "-0.000000001", 0, -0, -1, "", "x"])("refuses %j", (input) => {
    expect(PositiveDecimal.safeParse(input).success).toBe(false);
  });
});

describe("arithmetic", () => {
  it("adds and subtracts exactly", () => {
    fc.assert(
      fc.property(decimal, decimal, (a, b) => {
        expect(nanosOf(add(a, b))).toBe(nanosOf(a) + nanosOf(b));
        expect(nanosOf(subtract(a, b))).toBe(nanosOf(a) - nanosOf(b));
      }),
    );
  });

  it("takes back by subtraction what addition put on", () => {
    fc.assert(
      fc.property(decimal, decimal, (a, b) => {
        expect(subtract(add(a, b), b)).toBe(a);
      }),
    );
  });

  it("adds in any order and grouping to the same text", () => {
    fc.assert(
      fc.property(decimal, decimal, decimal, (a, b, c) => {
        expect(add(a, b)).toBe(add(b, a));
        expect(add(add(a, b), c)).toBe(add(a, add(b, c)));
      }),
    );
  });

  it("multiplies exactly", () => {
    fc.assert(
      fc.property(decimal, decimal, (a, b) => {
        const product = multiply(a, b);
        const [whole = "", fraction = ""] = product.replace("-", "").split(".");
        const size = BigInt(whole + fraction.padEnd(18, "0"));
        expect(product.startsWith("-") ? -size : size).toBe(nanosOf(a) * nanosOf(b));
      }),
    );
  });

  it("subtracts a value from itself to a zero without a sign", () => {
    fc.assert(
      fc.property(decimal, (a) => {
        expect(subtract(a, a)).toBe(ZERO);
      }),
    );
  });

  it("answers every operation in canonical spelling, without an exponent", () => {
    fc.assert(
      fc.property(decimal, decimal, (a, b) => {
        const results = [add(a, b), subtract(a, b), multiply(a, b), absolute(a), negate(a)];
        if (!isZero(b)) results.push(divide(a, b));
        for (const result of results) expect(result).toMatch(CANONICAL);
      }),
    );
  });

  it("negates twice to the same value, and zero to zero", () => {
    fc.assert(
      fc.property(decimal, (a) => {
        expect(negate(negate(a))).toBe(a);
      }),
    );
    expect(negate(ZERO)).toBe(ZERO);
  });

  it("makes an absolute value that is never negative", () => {
    fc.assert(
      fc.property(decimal, (a) => {
        expect(absolute(a)).toBe(lessThan(a, ZERO) ? negate(a) : a);
      }),
    );
  });

  it.each([
    ["0.1", "0.2", "0.3"],
    ["999999999999999.999999999", "0.000000001", "1000000000000000"],
    ["1", "-1", "0"],
  ])("adds %s and %s to %s", (a, b, sum) => {
    expect(add(decimalOf(a), decimalOf(b))).toBe(sum);
  });

  it.each([
    ["1", "8", "0.125"],
    ["1", "3", "0.333333333333"],
    ["2", "3", "0.666666666667"],
    ["-2", "3", "-0.666666666667"],
    ["0.000000000001", "2", "0"],
    ["0.000000000003", "2", "0.000000000002"],
    ["-0.000000000001", "2", "0"],
  ])("divides %s by %s to %s: 12 fraction digits, halves to the even digit", (a, b, quotient) => {
    expect(divide(decimalOf(a), decimalOf(b))).toBe(quotient);
  });

  it("throws on a division by zero", () => {
    expect(() => divide(decimalOf("1"), ZERO)).toThrow("Division by zero");
  });
});

describe("a quotient in whole steps", () => {
  const positive = decimal.map(absolute).filter(isPositive);

  it("is the most that does not exceed what was divided", () => {
    fc.assert(
      fc.property(positive, positive, positive, (a, b, step) => {
        const quotient = divideDown(a, b, step);
        expect(greaterThan(multiply(quotient, b), a)).toBe(false);
        expect(greaterThan(multiply(add(quotient, step), b), a)).toBe(true);
      }),
    );
  });

  it.each([
    ["7", "2", "1", "3"],
    ["17836.24", "50999.81", "0.000000001", "0.349731498"],
    ["50999.999999999", "10200", "1", "4"],
    ["51000", "10200", "1", "5"],
    ["1", "3", "0.25", "0.25"],
  ])("%s by %s in steps of %s is %s", (a, b, step, quotient) => {
    expect(divideDown(decimalOf(a), decimalOf(b), decimalOf(step))).toBe(quotient);
  });
});

describe("comparison", () => {
  it("orders as the exact values do", () => {
    fc.assert(
      fc.property(decimal, decimal, (a, b) => {
        const expected = nanosOf(a) < nanosOf(b) ? -1 : nanosOf(a) > nanosOf(b) ? 1 : 0;
        expect(compare(a, b)).toBe(expected);
      }),
    );
  });

  it("is antisymmetric, and zero only between equal texts", () => {
    fc.assert(
      fc.property(decimal, decimal, (a, b) => {
        expect(compare(a, b) + compare(b, a)).toBe(0);
        expect(compare(a, b) === 0).toBe(a === b);
        expect(compare(a, a)).toBe(0);
      }),
    );
  });

  it("says less, greater and positive consistently", () => {
    fc.assert(
      fc.property(decimal, decimal, (a, b) => {
        expect(lessThan(a, b)).toBe(compare(a, b) === -1);
        expect(greaterThan(a, b)).toBe(compare(a, b) === 1);
        expect(isPositive(a)).toBe(compare(a, ZERO) === 1);
        expect(isZero(a)).toBe(compare(a, ZERO) === 0);
      }),
    );
  });
});

describe("decimalOf", () => {
  it("reads every canonical decimal as itself", () => {
    fc.assert(
      fc.property(decimal, (a) => {
        expect(decimalOf(a)).toBe(a);
      }),
    );
  });

  it.each(["", " ", "x", "1,5", "--1", "0x1", "NaN", "Infinity", "1 "])("throws on %j", (text) => {
    expect(() => decimalOf(text)).toThrow("Invalid number");
  });
});

describe("fractionDigits", () => {
  it.each([
    ["0", 0],
    ["100", 0],
    ["-1.5", 1],
    ["0.000000001", 9],
    ["10.0", 0],
  ])("of %s is %i", (text, expected) => {
    expect(fractionDigits(decimalOf(text))).toBe(expected);
  });
});

describe("survivesDouble", () => {
  it("holds for every spelling that JavaScript itself gives a finite number", () => {
    fc.assert(
      fc.property(fc.double({ noDefaultInfinity: true, noNaN: true }), (value) => {
        expect(survivesDouble(String(value))).toBe(true);
        expect(survivesDouble(JSON.stringify(value))).toBe(true);
      }),
    );
  });

  it("holds exactly for the integers that a double holds", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 2n ** 53n, max: 2n ** 54n }), (value) => {
        expect(survivesDouble(String(value))).toBe(value % 2n === 0n);
      }),
    );
  });
});

describe("a quotient that is to be shown", () => {
  it.each([
    ["1.000000001", "1.000000001"],
    ["1.0000000014", "1.000000001"],
    ["1.0000000015", "1.000000002"],
    ["1.0000000025", "1.000000002"],
    ["-1.0000000015", "-1.000000002"],
    ["0.0000000004", "0"],
    ["-0.0000000004", "0"],
    ["123456789012345", "123456789012345"],
  ])("has nine digits after the point, and a half goes to the even one: %s is %s", (exact, shown) => {
    expect(roundForWire(decimalOf(exact))).toBe(shown);
  });

  it("can be read from the wire again, and is off by half of the last digit at most", () => {
    const parts = fc.integer({ min: 1, max: 1_000_000 });
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        const exact = divide(decimalOf(String(a)), decimalOf(String(b)));
        const shown = roundForWire(exact);
        expect(DecimalString.parse(shown)).toBe(shown);
        expect(compare(absolute(subtract(shown, exact)), decimalOf("0.0000000005"))).toBeLessThanOrEqual(0);
      }),
    );
  });
});
