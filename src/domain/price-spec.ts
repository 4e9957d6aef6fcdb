// Makes a price of what a sender says about one: the price itself, or how far from where the order would trade. Always on the
// instrument's tick, because a broker refuses anything between two.
import { type Instrument, roundToTick, tickAt } from "./instrument.ts";
import {
  type Decimal,
  DecimalString,
  ZERO,
  add,
  decimalOf,
  isPositive,
  lessThan,
  multiply,
  subtract,
} from "./money.ts";
import type { Side } from "./order.ts";
import { type Result, err, ok } from "./result.ts";
import type { PriceSpec } from "./signal/instruction.ts";

/** What a price is for: of the order itself the limit or the stop, of the position it opens the legs that close it again. */
export type PriceRole = "limit" | "stop" | "take_profit" | "stop_loss";

export type PriceFacts = {
  readonly role: PriceRole;
  /** The order's own side for its limit and stop; for a leg the side of the order that opens the position: `buy` for a long one. */
  readonly side: Side;
  /** What a distance counts from: the market for an order, the price of the entry for a leg. */
  readonly from: Decimal | undefined;
  readonly instrument: Instrument | undefined;
};

export type PriceRefusal = {
  readonly code:
    | "price_unknown"
    | "price_not_positive"
    | "price_out_of_range"
    | "distance_negative"
    /** Less than a tick away: a stop there would go off at once. */
    | "distance_too_small"
    | "tick_unknown";
  readonly detail: string;
};

/**
 * The price that the order may name, rounded so that it asks for no more than its sender did:
 *
 * | role        | long, or buy        | short, or sell        | because                                         |
 * | ----------- | ------------------- | --------------------- | ----------------------------------------------- |
 * | limit       | below `from`, down  | above `from`, up      | no worse a price than the limit                 |
 * | stop        | above `from`, up    | below `from`, down    | nothing is entered before the stop is reached   |
 * | take_profit | above `from`, up    | below `from`, down    | it is a limit: no less profit                   |
 * | stop_loss   | below `from`, up    | above `from`, down    | no more is lost, nor than was counted on        |
 *
 * A stop loss alone is rounded towards what it counts from. Away from it, a position that was sized by what it may lose would
 * lose more than that.
 */
export function resolvePrice(spec: PriceSpec, facts: PriceFacts): Result<Decimal, PriceRefusal> {
  const exact = "at" in spec ? ok(spec.at) : atDistance(spec, facts);
  if (!exact.ok) return exact;
  const rounded = onTick(exact.value, facts);
  if (!rounded.ok || "at" in spec || facts.role === "limit" || facts.from === undefined) return rounded;
  return isBeyond(rounded.value, facts.from, facts)
    ? rounded
    : refuse("distance_too_small", `${exact.value} is less than a tick away from ${facts.from}`);
}

/** Whether the price lies on its role's side of another one, and not at it. */
export function isBeyond(price: Decimal, from: Decimal, facts: Pick<PriceFacts, "role" | "side">): boolean {
  return liesBelow(facts) ? lessThan(price, from) : lessThan(from, price);
}

const PERCENT = decimalOf("0.01");

function atDistance(spec: Exclude<PriceSpec, { at: Decimal }>, facts: PriceFacts): Result<Decimal, PriceRefusal> {
  const { from } = facts;
  if (from === undefined) return refuse("price_unknown", "a distance needs a price to count from");
  if (!isPositive(from)) return refuse("price_not_positive", `cannot count from ${from}`);
  if (lessThan(spec.distance, ZERO)) return refuse("distance_negative", `a distance has no sign: ${spec.distance}`);
  const distance = spec.unit === "amount" ? spec.distance : multiply(from, multiply(spec.distance, PERCENT));
  return ok(liesBelow(facts) ? subtract(from, distance) : add(from, distance));
}

function onTick(price: Decimal, facts: PriceFacts): Result<Decimal, PriceRefusal> {
  const { instrument } = facts;
  if (!isPositive(price)) return refuse("price_not_positive", `${price} is no price`);
  if (instrument === undefined || tickAt(price, instrument) === undefined) {
    return refuse("tick_unknown", `nobody knows in which steps a price like ${price} goes`);
  }
  const rounded = roundToTick(price, instrument, roundsDown(facts) ? "down" : "up");
  if (rounded === undefined) return refuse("price_not_positive", `${price} is less than a tick`);
  return DecimalString.safeParse(rounded).success
    ? ok(rounded)
    : refuse("price_out_of_range", `${rounded} has more digits than a price can have`);
}

const liesBelow = ({ role, side }: Pick<PriceFacts, "role" | "side">): boolean =>
  (role === "limit" || role === "stop_loss") === (side === "buy");

const roundsDown = (facts: PriceFacts): boolean => liesBelow(facts) !== (facts.role === "stop_loss");

const refuse = (code: PriceRefusal["code"], detail: string) => err<PriceRefusal>({ code, detail });
