// The legs in the body of POST /v2/orders, and what of them Alpaca refuses, in its words and with its codes.
import * as z from "zod";
import { type Decimal, PositiveDecimal, fractionDigits, greaterThan, lessThan } from "../../domain/money.ts";
import type { OrderType, Side, TimeInForce } from "../../domain/order.ts";
import { optional } from "./optional.ts";
import type { OrderClass } from "./order.ts";
import type { Refusal } from "./refusal.ts";

/** Strict: Alpaca passes over a trail in a stop loss without a word, and the stop does not trail. */
export const BracketFields = {
  order_class: optional(
    z.enum(["", "simple", "bracket", "oto"], {
      error: "must be simple, bracket or oto: this venue has no other classes",
    }),
  ),
  take_profit: optional(z.strictObject({ limit_price: optional(PositiveDecimal) })),
  stop_loss: optional(
    z.strictObject({ stop_price: optional(PositiveDecimal), limit_price: optional(PositiveDecimal) }),
  ),
};

const Bracket = z.object(BracketFields);

type BracketRequest = z.infer<typeof Bracket> & {
  readonly side: Side;
  readonly type: OrderType;
  readonly time_in_force: TimeInForce;
  readonly qty: Decimal | null;
  readonly notional: Decimal | null;
  readonly extended_hours: boolean | null;
};

export const orderClassOf = ({ order_class: name }: Pick<BracketRequest, "order_class">): OrderClass =>
  name === "bracket" || name === "oto" ? name : "";

/** What is wrong with a bracket as it stands, or with an order that has legs and is none. */
export function refuseBracket(request: BracketRequest): Refusal | undefined {
  const name = orderClassOf(request);
  const { take_profit: profit, stop_loss: stop } = request;
  if (name === "") {
    return profit === null && stop === null
      ? undefined
      : { reason: "inconsistent", message: "take_profit and stop_loss need order_class bracket or oto" };
  }
  return refuseTerms(name, request) ?? refuseLegs(name, request);
}

type Name = Exclude<OrderClass, "">;

function refuseTerms(name: Name, request: BracketRequest): Refusal | undefined {
  const { type, time_in_force, extended_hours, qty, notional } = request;
  if (type !== "market" && type !== "limit") {
    return { reason: "inconsistent", message: `${name} orders must be market or limit orders` };
  }
  if (time_in_force !== "day" && time_in_force !== "gtc") {
    return { reason: "inconsistent", message: `${name} orders support only "day" or "gtc" time_in_force` };
  }
  if (extended_hours === true) {
    return { reason: "not_allowed", message: `${name} orders do not support extended hours trading` };
  }
  return notional !== null || (qty !== null && fractionDigits(qty) > 0)
    ? { reason: "invalid", message: "fractional orders must be simple orders" }
    : undefined;
}

function refuseLegs(name: Name, { side, take_profit, stop_loss }: BracketRequest): Refusal | undefined {
  if (name === "oto" && (take_profit === null) === (stop_loss === null)) {
    return { reason: "inconsistent", message: "oto orders require either take_profit or stop_loss" };
  }
  const profit = take_profit?.limit_price ?? null;
  const stop = stop_loss?.stop_price ?? null;
  if (profit === null && (name === "bracket" || take_profit !== null)) {
    return { reason: "inconsistent", message: `${name} orders require take_profit.limit_price` };
  }
  if (stop === null && (name === "bracket" || stop_loss !== null)) {
    return { reason: "inconsistent", message: `${name} orders require stop_loss.stop_price` };
  }
  if (profit === null || stop === null) return undefined;
  const isOrdered = side === "buy" ? greaterThan(profit, stop) : lessThan(profit, stop);
  const message = `take_profit.limit_price must be ${side === "buy" ? ">" : "<"} stop_loss.stop_price`;
  return isOrdered ? undefined : { reason: "invalid", message };
}
