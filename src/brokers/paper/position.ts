// How a fill changes a position: average cost, as Alpaca accounts for it. Pure.
import { type Decimal, ZERO, add, divide, isZero, lessThan, multiply } from "../../domain/money.ts";

/**
 * Units held and what they cost in US dollars; both negative for a short position, both zero for none. The cost is kept
 * rather than the average price, because a sum is exact and a quotient is not.
 */
export type Position = { readonly symbol: string; readonly quantity: Decimal; readonly costBasis: Decimal };

export const flatPosition = (symbol: string): Position => ({ symbol, quantity: ZERO, costBasis: ZERO });

/**
 * The position after `units` (negative when sold) traded at `price`. What adds to it adds its cost; what reduces it takes
 * the same share of the cost as of the units, rounded half-even at 12 digits where that share has no end; what goes
 * through zero opens the other side at `price`.
 */
export function applyFill(position: Position, fill: { readonly units: Decimal; readonly price: Decimal }): Position {
  const { symbol } = position;
  const quantity = add(position.quantity, fill.units);
  if (isZero(quantity)) return flatPosition(symbol);
  if (isZero(position.quantity) || isSameSide(position.quantity, fill.units)) {
    return { symbol, quantity, costBasis: add(position.costBasis, multiply(fill.units, fill.price)) };
  }
  const costBasis = isSameSide(position.quantity, quantity)
    ? divide(multiply(position.costBasis, quantity), position.quantity)
    : multiply(quantity, fill.price);
  return { symbol, quantity, costBasis };
}

const isSameSide = (a: Decimal, b: Decimal): boolean => lessThan(a, ZERO) === lessThan(b, ZERO);
