// What an order may still trade (FIX LeavesQty, 151): units where it has a quantity, else money.
import { type Decimal, ZERO, lessThan, multiply, roundForWire, subtract } from "./money.ts";
import type { Order } from "./order.ts";

type Size = Pick<Order, "quantity" | "notional" | "filled_quantity" | "average_price">;

/** Units; none for an order by amount. */
export const leavesQuantity = ({ quantity, filled_quantity }: Size): Decimal =>
  quantity === undefined ? ZERO : atLeastZero(subtract(quantity, filled_quantity));

/** Money; none for an order by quantity. */
export function leavesAmount({ notional, filled_quantity, average_price }: Size): Decimal {
  if (notional === undefined) return ZERO;
  return atLeastZero(roundForWire(subtract(notional, multiply(filled_quantity, average_price ?? ZERO))));
}

const atLeastZero = (a: Decimal): Decimal => (lessThan(a, ZERO) ? ZERO : a);
