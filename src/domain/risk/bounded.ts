// A market order trades at any price, and brokers bound it for nobody. One that opens a position becomes a limit order that trades
// at once, and not beyond the collar.
import { type Instrument, isOnTick, roundToTick, tickAt } from "../instrument.ts";
import {
  type Decimal,
  add,
  decimalOf,
  divideDown,
  greaterThan,
  isPositive,
  larger,
  lessThan,
  multiply,
  subtract,
} from "../money.ts";
import type { OrderIntent } from "../order.ts";
import { type RiskFacts, isReduction } from "./facts.ts";
import type { Policy } from "./policy.ts";
import { OFF } from "./rule.ts";

/** `arithmetic`: how its price came about, and its quantity where it was for an amount of money. */
export type Bounded = { readonly intent: OrderIntent; readonly arithmetic?: string };

/** The order as it is to be placed: itself, unless it opens a position at any price and there is a collar. */
export function boundMarketOrder(intent: OrderIntent, policy: Policy, facts: RiskFacts): Bounded {
  const { price_collar_percent: collar } = policy;
  const { referencePrice, instrument } = facts;
  if (intent.type !== "market" || collar === undefined || collar === OFF || isReduction(intent, facts))
    return { intent };
  // Without these nobody knows where its bound is: the rules say so.
  if (referencePrice === undefined || instrument === undefined || !isPositive(referencePrice.price)) return { intent };
  const isBuy = intent.side === "buy";
  const room = multiply(referencePrice.price, multiply(collar, PERCENT));
  const furthest = isBuy ? add(referencePrice.price, room) : subtract(referencePrice.price, room);
  const collared = isPositive(furthest) ? roundToTick(furthest, instrument, isBuy ? "down" : "up") : undefined;
  if (collared === undefined || !isOnTick(collared, instrument)) return { intent };
  const before = beforeTakeProfit(intent, { from: referencePrice.price, to: collared, instrument });
  const limit = before?.limit ?? collared;
  const market = referencePrice.of === "quote" ? `${referencePrice.price} between bid and ask` : referencePrice.price;
  const worst = `${market} ${isBuy ? "+" : "-"} ${collar} % = ${collared} at worst${before?.why ?? ""}`;
  const { notional, ...terms } = intent;
  if (notional === undefined) return { intent: { ...intent, type: "limit", limit_price: limit }, arithmetic: worst };
  // At its worst a sale is for more units, which may be more than are meant: it is for what the amount is worth now.
  const price = isBuy ? limit : referencePrice.price;
  const quantity = divideDown(notional, price, instrument.lot_size);
  if (!isPositive(quantity)) return { intent };
  return {
    intent: { ...terms, type: "limit", limit_price: limit, quantity },
    arithmetic: `${worst}; ${notional} / ${price} = ${quantity}, down to lots of ${instrument.lot_size}`,
  };
}

/** A bound that lies beyond the take profit: there the position would be closed as soon as it is there, so it ends a step before. */
function beforeTakeProfit(
  { side, take_profit }: OrderIntent,
  { from, to, instrument }: { readonly from: Decimal; readonly to: Decimal; readonly instrument: Instrument },
): { readonly limit: Decimal; readonly why: string } | undefined {
  const profit = take_profit?.limit_price;
  const tick = profit === undefined ? undefined : tickAt(profit, instrument);
  if (profit === undefined || tick === undefined) return undefined;
  const isBuy = side === "buy";
  const step = larger(tick, LEAST_DISTANCE);
  const limit = isBuy ? subtract(profit, step) : add(profit, step);
  const isBetween = isBuy
    ? lessThan(limit, to) && !lessThan(limit, from)
    : greaterThan(limit, to) && !greaterThan(limit, from);
  return isBetween ? { limit, why: `, ${limit} for the take profit at ${profit}` } : undefined;
}

const PERCENT = decimalOf("0.01");
/** Below a dollar, a step of the price is nearer to the take profit than a broker lets the limit be. */
const LEAST_DISTANCE = decimalOf("0.01");
