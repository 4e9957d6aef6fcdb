// An order and its legs, and what they are to one another: the legs wait until the order is filled, and then only one of them
// closes its position. Which one works, and when, is the venue's affair.
import { leavesQuantity } from "./leaves.ts";
import { greaterThan } from "./money.ts";
import { type Order, hasLegs } from "./order.ts";

/**
 * Whether the venue holds the order back until another one of its bracket has ended. It cannot trade meanwhile, so it stands for
 * nothing that could be held, and no list of open orders need show it.
 */
export const isHeldBack = ({ parent, status }: Pick<Order, "parent" | "status">): boolean =>
  parent !== undefined && status === "suspended";

/** Whether the order is one of several that end together: with legs, or a leg. */
export const isOfBracket = (order: Pick<Order, "parent" | "take_profit" | "stop_loss">): boolean =>
  order.parent !== undefined || hasLegs(order);

/** Whether a position was opened by the order, and the venue has not told yet which orders are to close it. */
export const lacksLegs = (order: Pick<Order, "status" | "take_profit" | "stop_loss" | "legs">): boolean =>
  order.status === "filled" && hasLegs(order) && order.legs === undefined;

/**
 * Of all live orders, those that stand for themselves. A leg whose order lives does not: to cancel it would cancel an order on the
 * other side that nobody spoke of, and it ends with that one.
 */
export function standingAlone<T extends { readonly order: Pick<Order, "id" | "parent"> }>(live: readonly T[]): T[] {
  const ids = new Set(live.map(({ order }) => order.id));
  return live.filter(({ order }) => order.parent === undefined || !ids.has(order.parent));
}

type Tradable = Pick<
  Order,
  "parent" | "status" | "type" | "quantity" | "notional" | "filled_quantity" | "average_price"
>;

/**
 * Of these live orders, the ones that can all trade beside one another. The legs of an order are one way out and not two, also in
 * the moment in which both look live: the one with more units left stands for both.
 */
export function tradable<T extends Tradable>(orders: readonly T[]): T[] {
  const alone = orders.filter(({ parent }) => parent === undefined);
  const legs = orders.filter((order) => order.parent !== undefined && !isHeldBack(order));
  const byParent = Map.groupBy(legs, ({ parent }) => parent);
  return [...alone, ...[...byParent.values()].map((both) => both.reduce(heavier))];
}

/** Of two for as many units it is the one that may trade at more prices. */
function heavier<T extends Tradable>(a: T, b: T): T {
  const [leftOfA, leftOfB] = [leavesQuantity(a), leavesQuantity(b)];
  if (leftOfA === leftOfB) return a.type === "limit" ? b : a;
  return greaterThan(leftOfA, leftOfB) ? a : b;
}
