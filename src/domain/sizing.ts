// Works a size out into units: of money, of what the account is worth, of what is held, or of what may be lost. Always down to
// the instrument's lot, and with the arithmetic written out, because a size that nobody can follow is one that nobody trusts.
import type { Instrument } from "./instrument.ts";
import {
  type Decimal,
  DecimalString,
  absolute,
  decimalOf,
  divideDown,
  fractionDigits,
  greaterThan,
  isPositive,
  isZero,
  larger,
  lessThan,
  multiply,
  subtract,
} from "./money.ts";
import type { Side } from "./order.ts";
import { type Result, assertNever, err, ok } from "./result.ts";
import type { Size } from "./signal/instruction.ts";

export type SizingFacts = {
  readonly side: Side;
  /** Whether the order opens or adds to a position: then what the instrument asks of an entry is asked of it. */
  readonly isEntry: boolean;
  /** What a unit is expected to cost. */
  readonly price: Decimal | undefined;
  /** In the account's currency, like the buying power. */
  readonly equity: Decimal | undefined;
  readonly buyingPower: Decimal | undefined;
  /** Units held in the symbol, negative when short. */
  readonly position: Decimal;
  readonly instrument: Instrument | undefined;
  readonly stopLossPrice: Decimal | undefined;
  /** Whether a take profit or a stop loss goes with the order: there is none for a part of a unit. */
  readonly hasLegs?: boolean;
};

/** Units, and how they come about: one line with every number that was used. */
export type Sized = { readonly quantity: Decimal; readonly arithmetic: string };

export type SizingRefusal = {
  readonly code:
    | "size_not_positive"
    | "instrument_unknown"
    | "price_unknown"
    | "price_not_positive"
    | "equity_unknown"
    | "equity_not_positive"
    | "buying_power_unknown"
    | "buying_power_not_positive"
    | "no_position"
    /** More of the position than there is. */
    | "percent_over_100"
    | "no_stop_loss"
    /** A stop loss at the price or beyond it: nothing would be lost there, so any size would do. */
    | "stop_loss_on_wrong_side"
    /** Less than a lot, or than the instrument's least quantity or amount. */
    | "below_minimum"
    | "above_maximum";
  readonly detail: string;
};

/**
 * Units for a size, rounded down to the lot: never more than was asked for, and less than one lot less. How much is too much
 * is for the account's policy to say, with one exception: no more of a position than there is.
 */
export function sizeOrder(size: Size, facts: SizingFacts): Result<Sized, SizingRefusal> {
  if (!isPositive(size.value)) return refuse("size_not_positive", `${size.by} is ${size.value}`);
  const finest = facts.instrument?.lot_size ?? (facts.isEntry ? undefined : FINEST_LOT);
  if (finest === undefined)
    return refuse("instrument_unknown", "the broker does not list the symbol, or its list could not be read");
  const lot = facts.hasLegs === true ? larger(finest, ONE) : finest;
  const wanted = exactly(size, facts);
  if (!wanted.ok) return wanted;
  const sized = roundDown(wanted.value, lot);
  const complaint = findComplaint(sized, lot, facts);
  return complaint === undefined ? ok(sized) : err(complaint);
}

/** Of an exit in an instrument that nobody knows, the broker says whether its quantity is one: no reason to be kept in. */
const FINEST_LOT = decimalOf("0.000000001");
const PERCENT = decimalOf("0.01");
const HUNDRED = decimalOf("100");
const ONE = decimalOf("1");

/** An amount, and how it came about. */
type Amount = { readonly amount: Decimal; readonly arithmetic: string };
/** So many units; or as many as `each` goes into the amount: a fraction, because a quotient of decimals may not end. */
type Wanted = Amount & { readonly each?: Decimal };

function exactly(size: Size, facts: SizingFacts): Result<Wanted, SizingRefusal> {
  const { by, value } = size;
  switch (by) {
    case "quantity":
      return ok({ amount: value, arithmetic: value });
    case "notional":
      return atPrice({ amount: value, arithmetic: `notional ${value}` }, facts);
    case "percent_of_equity":
      return andThen(percentOf(value, "equity", facts.equity), (money) => atPrice(money, facts));
    case "percent_of_buying_power":
      return andThen(percentOf(value, "buying_power", facts.buyingPower), (money) => atPrice(money, facts));
    case "percent_of_position":
      return partOfPosition(value, facts);
    case "risk_amount":
      return byRisk({ amount: value, arithmetic: `risk ${value}` }, facts);
    case "risk_percent":
      return andThen(percentOf(value, "equity", facts.equity), (money) => byRisk(money, facts));
    default:
      return assertNever(by);
  }
}

function percentOf(
  percent: Decimal,
  name: "equity" | "buying_power",
  whole: Decimal | undefined,
): Result<Amount, SizingRefusal> {
  if (whole === undefined) return refuse(`${name}_unknown`, `${percent} % of it cannot be worked out`);
  if (!isPositive(whole)) return refuse(`${name}_not_positive`, `there is ${whole} of it`);
  const amount = multiply(whole, multiply(percent, PERCENT));
  return ok({ amount, arithmetic: `${percent} % of ${name.replace("_", " ")} ${whole} = ${amount}` });
}

function atPrice({ amount, arithmetic }: Amount, facts: SizingFacts): Result<Wanted, SizingRefusal> {
  return andThen(readPrice(facts), (price) =>
    ok({ amount, each: price, arithmetic: `${arithmetic}; ${amount} / ${price}` }),
  );
}

function partOfPosition(percent: Decimal, { position }: SizingFacts): Result<Wanted, SizingRefusal> {
  if (isZero(position)) return refuse("no_position", `nothing is held to take ${percent} % of`);
  if (greaterThan(percent, HUNDRED)) return refuse("percent_over_100", `${percent} % is more than there is`);
  const held = absolute(position);
  const amount = multiply(held, multiply(percent, PERCENT));
  return ok({ amount, arithmetic: `${percent} % of ${held} held = ${amount}` });
}

/** As many units as lose that much between the price and the stop loss. */
function byRisk({ amount, arithmetic }: Amount, facts: SizingFacts): Result<Wanted, SizingRefusal> {
  const { stopLossPrice: stop, side } = facts;
  if (stop === undefined) return refuse("no_stop_loss", "a size by what may be lost needs a stop loss");
  return andThen(readPrice(facts), (price) => {
    const each = side === "buy" ? subtract(price, stop) : subtract(stop, price);
    if (!isPositive(each)) {
      return refuse("stop_loss_on_wrong_side", `${stop} is no loss for an order to ${side} at ${price}`);
    }
    return ok({ amount, each, arithmetic: `${arithmetic}; |${price} - ${stop}| = ${each}; ${amount} / ${each}` });
  });
}

function readPrice({ price }: SizingFacts): Result<Decimal, SizingRefusal> {
  if (price === undefined) return refuse("price_unknown", "nobody knows what a unit costs");
  return isPositive(price) ? ok(price) : refuse("price_not_positive", `${price} is no price`);
}

function roundDown({ amount, each, arithmetic }: Wanted, lot: Decimal): Sized {
  const fraction = { amount, each: each ?? ONE };
  const quantity = divideDown(amount, fraction.each, lot);
  const shown = each === undefined ? arithmetic : `${arithmetic} = ${showQuotient(fraction, lot)}`;
  const isExact = multiply(quantity, fraction.each) === amount;
  return { quantity, arithmetic: isExact ? shown : `${shown}; down to ${quantity} (lot ${lot})` };
}

type Fraction = { readonly amount: Decimal; readonly each: Decimal };

/** Three digits more than the lot has are enough to see which way it was rounded. */
const MORE_DIGITS = 3;

function showQuotient(fraction: Fraction, lot: Decimal): string {
  const digits = fractionDigits(lot) + MORE_DIGITS;
  const shown = divideDown(fraction.amount, fraction.each, decimalOf(`0.${"0".repeat(digits - 1)}1`));
  return multiply(shown, fraction.each) === fraction.amount ? shown : `${shown}…`;
}

function findComplaint({ quantity, arithmetic }: Sized, lot: Decimal, facts: SizingFacts): SizingRefusal | undefined {
  const below = (what: string): SizingRefusal => ({
    code: "below_minimum",
    detail: `${arithmetic}: less than ${what}`,
  });
  if (isZero(quantity)) return below(`one lot, ${lot}`);
  if (!DecimalString.safeParse(quantity).success) {
    return { code: "above_maximum", detail: `${arithmetic}: more digits than a quantity can have` };
  }
  const { min_quantity: leastUnits = null, min_notional: leastMoney = null } = facts.instrument ?? {};
  if (leastUnits !== null && lessThan(quantity, leastUnits)) return below(`the least quantity, ${leastUnits}`);
  if (leastMoney === null || !facts.isEntry) return undefined;
  const price = readPrice(facts);
  if (!price.ok) return price.error;
  const worth = multiply(quantity, price.value);
  return lessThan(worth, leastMoney) ? below(`the least amount, ${leastMoney}, being worth ${worth}`) : undefined;
}

const andThen = <T, U>(
  result: Result<T, SizingRefusal>,
  next: (value: T) => Result<U, SizingRefusal>,
): Result<U, SizingRefusal> => (result.ok ? next(result.value) : result);

const refuse = (code: SizingRefusal["code"], detail: string) => err<SizingRefusal>({ code, detail });
