// What the orders of a bracket do to one another. Pure.
//
// As at Alpaca, the units of a position are promised to one order at a time. Both legs are held until their order has been filled
// whole. Then the first one works: the take profit, where there is one. A stop loss beside it is still held, and takes its place
// when the price has come that far.
import { type Decimal, subtract } from "../../domain/money.ts";
import { isTriggered } from "./matching.ts";
import { type VenueOrder, canceledAt } from "./order.ts";

/**
 * The relatives that a fill of `order` changes, as they are from then on. `order` is as the fill has left it: its first leg
 * works once it is filled, and what one leg has filled is not for the other to fill.
 */
export function afterFill(order: VenueOrder, relatives: readonly VenueOrder[], atMs: number): VenueOrder[] {
  const held = relatives.find(({ status }) => status === "held");
  if (held === undefined || order.quantity === null) return [];
  const isFilled = order.status === "filled";
  if (order.parentId === null) return isFilled ? [{ ...held, status: "new", updatedAtMs: atMs }] : [];
  if (isFilled) return [canceledAt(held, atMs)];
  return [{ ...held, quantity: subtract(order.quantity, order.filledQuantity), updatedAtMs: atMs }];
}

/** The stop loss that takes the place of the take profit `order` at this price, as it is then; `undefined` where none does. */
export function findSuccessor(
  order: VenueOrder,
  relatives: readonly VenueOrder[],
  lastPrice: Decimal,
): VenueOrder | undefined {
  if (order.parentId === null) return undefined;
  const held = relatives.find((relative) => relative.status === "held" && isTriggered(relative, lastPrice));
  return held && { ...held, status: "new" };
}
