// What the market makes of an order at the last price. Pure and deterministic: there is no book, no spread and no queue. An
// order that trades is filled whole, unless the venue is set to fill it step by step.
import {
  type Decimal,
  ZERO,
  decimalOf,
  divideDown,
  greaterThan,
  isZero,
  lessThan,
  subtract,
} from "../../domain/money.ts";
import type { VenueOrder } from "./order.ts";

/**
 * `leaves`: units not filled, at the price that was just traded. `status`: the order's, with this fill. `cancels` ends what
 * is left of the order; what was filled before stays filled.
 */
export type Match =
  | {
      readonly outcome: "fills";
      readonly quantity: Decimal;
      readonly price: Decimal;
      readonly leaves: Decimal;
      readonly status: "filled" | "partially_filled" | "canceled";
    }
  | { readonly outcome: "rests"; readonly triggered: boolean }
  | { readonly outcome: "cancels" };

type Terms = Pick<
  VenueOrder,
  | "side"
  | "timeInForce"
  | "quantity"
  | "notional"
  | "limitPrice"
  | "stopPrice"
  | "triggered"
  | "filledQuantity"
  | "filledCost"
>;

/** One look at the market: its price in US dollars, and the units it gives one order at most. */
export type Look = { readonly lastPrice: Decimal; readonly maxFillQuantity?: Decimal | undefined };

/**
 * Holds an order against the market once.
 *
 * - A stop waits until the last price is at its stop price or beyond, and from then on is a market or limit order.
 * - A market order fills at the last price.
 * - A limit order fills when the last price is its limit or better, at that last price: a market that jumps through the
 *   limit gives the better price, as it would at an exchange.
 * - `ioc` takes what this look gives and cancels the rest. `fok` takes all of it or nothing.
 */
export function matchOrder(order: Terms, { lastPrice, maxFillQuantity }: Look): Match {
  if (!isTriggered(order, lastPrice)) return { outcome: "rests", triggered: false };
  if (!isMarketable(order, lastPrice)) {
    return isImmediate(order) ? { outcome: "cancels" } : { outcome: "rests", triggered: true };
  }
  const wanted = remainingAt(order, lastPrice);
  const isPartial = maxFillQuantity !== undefined && lessThan(maxFillQuantity, wanted);
  // Nothing is wanted where the rest of a notional buys nothing any more, at a price that high.
  if (isZero(wanted) || (isPartial && order.timeInForce === "fok")) return { outcome: "cancels" };
  const quantity = isPartial ? maxFillQuantity : wanted;
  return {
    outcome: "fills",
    quantity,
    price: lastPrice,
    leaves: subtract(wanted, quantity),
    status: !isPartial ? "filled" : isImmediate(order) ? "canceled" : "partially_filled",
  };
}

const isImmediate = ({ timeInForce }: Terms): boolean => timeInForce === "ioc" || timeInForce === "fok";

/** Whether the price has reached the order's stop price, now or before. */
export function isTriggered(
  { triggered, side, stopPrice }: Pick<Terms, "triggered" | "side" | "stopPrice">,
  lastPrice: Decimal,
): boolean {
  if (triggered || stopPrice === null) return true;
  return side === "buy" ? !lessThan(lastPrice, stopPrice) : !greaterThan(lastPrice, stopPrice);
}

function isMarketable({ side, limitPrice }: Terms, lastPrice: Decimal): boolean {
  if (limitPrice === null) return true;
  return side === "buy" ? !greaterThan(lastPrice, limitPrice) : !lessThan(lastPrice, limitPrice);
}

/** Alpaca's precision for fractional shares. */
const QUANTITY_STEP = decimalOf("0.000000001");

/** Units an order still wants: the rest of its quantity, or what the rest of its notional buys at `price`, cut after 9 decimals. */
export function remainingAt(
  {
    quantity,
    notional,
    filledQuantity,
    filledCost,
  }: Pick<Terms, "quantity" | "notional" | "filledQuantity" | "filledCost">,
  price: Decimal,
): Decimal {
  if (quantity !== null) return subtract(quantity, filledQuantity);
  const unspent = subtract(notional ?? ZERO, filledCost);
  return divideDown(unspent, price, QUANTITY_STEP);
}
