// The few decimal operations money and quantities need. A value is a plain decimal string on the wire and in storage, and
// a Big only while it is being computed with; it is never a float.
import Big from "big.js";
import * as z from "zod";

declare const decimal: unique symbol;

/** A decimal in canonical spelling: no exponent, no leading or trailing zeros, no `-0`. Equal values are equal strings. */
export type Decimal = string & { readonly [decimal]: true };

/** More digits than any venue quotes; a bound so that arithmetic on a caller's input stays small. */
const INTEGER_DIGITS_MAX = 15;
const FRACTION_DIGITS_MAX = 9;
/** Fraction digits kept by a division, the one operation that may not end. */
const DIVISION_DIGITS = 12;

const Exact = Big();
Exact.DP = DIVISION_DIGITS;
Exact.RM = Big.roundHalfEven;
Exact.strict = true;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place where computed values get the brand
const canonical = (value: Big): Decimal => (value.eq("0") ? "0" : trimZeros(value.toFixed())) as Decimal;

const trimZeros = (text: string): string => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);

const DIGITS = `\\d{1,${INTEGER_DIGITS_MAX}}(\\.\\d{1,${FRACTION_DIGITS_MAX}})?`;
const WIRE = new RegExp(`^-?${DIGITS}$`);
/** How the API document shows a decimal that may not be negative. It is the value that is checked, and not the sign. */
export const UNSIGNED_PATTERN = `^${DIGITS}$`;

const NOT_A_DECIMAL = 'must be a decimal like "12.5": at most 15 integer and 9 fraction digits, no exponent';

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- canonical as it stands
export const ZERO = "0" as Decimal;

/** Reads a decimal string; throws on anything else. For values this program wrote, or a schema has passed. */
export const decimalOf = (text: string): Decimal => canonical(new Exact(text));

const onWire = (text: z.ZodString, number: z.ZodNumber) =>
  z
    .union([text, number.transform(spellNumber)])
    .refine((spelled) => WIRE.test(spelled), { error: NOT_A_DECIMAL })
    .transform(decimalOf);

/**
 * A decimal on the wire: a string of at most 15 integer and 9 fraction digits, without an exponent. A JSON number is
 * accepted too; that it survived the trip through a double unchanged is checked where the JSON is read (`json.ts`).
 */
export const DecimalOnWire = onWire(z.string().meta({ pattern: WIRE.source }), z.number());

/** A decimal as this program writes it, which is always as a string. */
export const DecimalString = z
  .string({ error: 'must be a decimal string like "12.5"' })
  .regex(WIRE, { error: NOT_A_DECIMAL })
  .transform(decimalOf);

/** A decimal greater than zero, as quantities and prices are. */
export const PositiveDecimal = onWire(
  z.string().meta({ pattern: UNSIGNED_PATTERN, description: "Greater than zero." }),
  z.number().meta({ exclusiveMinimum: 0 }),
).refine(isPositive, { error: "must be greater than zero" });

/** The plain spelling of a JSON number, without the exponent that JavaScript prints for large and small values. */
function spellNumber(value: number): string {
  return new Big(value).toFixed();
}

export const add = (a: Decimal, b: Decimal): Decimal => canonical(new Exact(a).plus(b));
export const subtract = (a: Decimal, b: Decimal): Decimal => canonical(new Exact(a).minus(b));
export const multiply = (a: Decimal, b: Decimal): Decimal => canonical(new Exact(a).times(b));
export const sum = (amounts: readonly Decimal[]): Decimal => amounts.reduce(add, ZERO);
export const divide = (a: Decimal, b: Decimal): Decimal => canonical(new Exact(a).div(b));

/**
 * `a / b` as a whole number of steps, towards zero: never a step more than `a` holds. Counted in whole numbers, because a quotient
 * of decimals is rounded itself and can come out one step higher.
 */
export function divideDown(a: Decimal, b: Decimal, step: Decimal): Decimal {
  const stepWorth = multiply(b, step);
  const digits = Math.max(fractionDigits(a), fractionDigits(stepWorth));
  const steps = inUnitsOf(digits, a) / inUnitsOf(digits, stepWorth);
  return multiply(decimalOf(steps.toString()), step);
}

/** A decimal as a whole number of its last digit, where it has so many behind the point. */
const inUnitsOf = (digits: number, value: Decimal): bigint =>
  BigInt(value.replace(".", "") + "0".repeat(digits - fractionDigits(value)));

export const absolute = (a: Decimal): Decimal => canonical(new Exact(a).abs());
export const negate = (a: Decimal): Decimal => canonical(new Exact(a).neg());

/** A computed value's own spelling, as a decimal again; `undefined` for any other text. */
export const asDecimal = (text: string): Decimal | undefined =>
  /^-?\d+(\.\d+)?$/.test(text) ? decimalOf(text) : undefined;

/** Half-even, to as many digits as a decimal on the wire can have: for a quotient that is to be shown. */
export const roundForWire = (a: Decimal): Decimal =>
  canonical(new Exact(a).round(FRACTION_DIGITS_MAX, Big.roundHalfEven));

/** -1, 0 or 1 as `a` is less than, equal to or greater than `b`. */
export const compare = (a: Decimal, b: Decimal): -1 | 0 | 1 => new Exact(a).cmp(b);
export const lessThan = (a: Decimal, b: Decimal): boolean => compare(a, b) < 0;
export const greaterThan = (a: Decimal, b: Decimal): boolean => compare(a, b) > 0;
export const larger = (a: Decimal, b: Decimal): Decimal => (greaterThan(b, a) ? b : a);
export const smaller = (a: Decimal, b: Decimal): Decimal => (lessThan(b, a) ? b : a);
export function isPositive(a: Decimal): boolean {
  return compare(a, ZERO) > 0;
}
export const isZero = (a: Decimal): boolean => a === ZERO;

/** How many digits stand after the decimal point. */
export const fractionDigits = (a: Decimal): number => a.split(".")[1]?.length ?? 0;

/** Whether a decimal text names exactly the value that a double read from it would hold. */
export function survivesDouble(text: string): boolean {
  const double = Number(text);
  return Number.isFinite(double) && new Big(text).eq(new Big(double));
}
