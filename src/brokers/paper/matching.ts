// Whether an order trades at the last price. Pure and deterministic: every order that trades is filled whole, at the last
// price, however large it is; there is no book, no spread and no queue.
import Big from "big.js";
import { type Decimal, decimalOf, greaterThan, lessThan } from "../../domain/money.ts";
import type { VenueOrder } from "./order.ts";

export type Match =
  | { readonly outcome: "fills"; readonly quantity: Decimal; readonly price: Decimal }
  | { readonly outcome: "rests"; readonly triggered: boolean }
  | { readonly outcome: "cancels" };

type Terms = Pick<
  VenueOrder,
  "side" | "timeInForce" | "quantity" | "notional" | "limitPrice" | "stopPrice" | "triggered"
>;

/**
 * Holds an order against the last price.
 *
 * - A stop waits until the last price is at its stop price or beyond, and from then on is a market or limit order.
 * - A market order fills at the last price.
 * - A limit order fills when the last price is its limit or better, at that last price: a market that jumps through the
 *   limit gives the better price, as it would at an exchange.
 * - `ioc` and `fok` cancel where another order would rest. They mean the same here, since nothing is ever filled in part.
 */
export function matchOrder(order: Terms, lastPrice: Decimal): Match {
  if (!isTriggered(order, lastPrice)) return { outcome: "rests", triggered: false };
  if (isMarketable(order, lastPrice)) {
    return { outcome: "fills", quantity: quantityAt(order, lastPrice), price: lastPrice };
  }
  const waits = order.timeInForce !== "ioc" && order.timeInForce !== "fok";
  return waits ? { outcome: "rests", triggered: true } : { outcome: "cancels" };
}

function isTriggered({ triggered, side, stopPrice }: Terms, lastPrice: Decimal): boolean {
  if (triggered || stopPrice === null) return true;
  return side === "buy" ? !lessThan(lastPrice, stopPrice) : !greaterThan(lastPrice, stopPrice);
}

function isMarketable({ side, limitPrice }: Terms, lastPrice: Decimal): boolean {
  if (limitPrice === null) return true;
  return side === "buy" ? !greaterThan(lastPrice, limitPrice) : !lessThan(lastPrice, limitPrice);
}

/** Alpaca's precision for fractional shares. */
const QUANTITY_DIGITS = 9;

/** Divides towards zero: a quotient rounded up would spend more than was asked for. */
const Truncating = Big();
Truncating.DP = QUANTITY_DIGITS;
Truncating.RM = Big.roundDown;

/** Units the order is for: its quantity, or as many as its notional buys at `price`, cut after 9 decimals. */
export function quantityAt({ quantity, notional }: Pick<Terms, "quantity" | "notional">, price: Decimal): Decimal {
  return quantity ?? decimalOf(new Truncating(notional ?? "0").div(price).toFixed());
}
