// An order and its legs, and what they are to one another: the legs wait until the order is filled, and then only one of them
// closes its position. Which one works, and when, is the venue's affair.
import { leavesQuantity } from "./leaves.ts";
import { ZERO, add, greaterThan, isPositive, smaller } from "./money.ts";
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

/** Whether the leg has given way to another one at the venue, and nobody has told to which. */
export const lacksSuccessor = ({
  parent,
  status,
  replaced_by,
}: Pick<Order, "parent" | "status" | "replaced_by">): boolean =>
  parent !== undefined && status === "replaced" && replaced_by === null;

/** Of an order whose legs, or of a leg whose successor, the venue has not told of for so long that nobody waits for it any more. */
export const LEGS_MISSING = "legs_missing";

/** Whether orders at the venue have to be reckoned with that nobody can see. What a person has settled is as that one says. */
export const isUntold = (
  order: Pick<Order, "status" | "take_profit" | "stop_loss" | "legs" | "parent" | "replaced_by" | "reason">,
): boolean => (lacksLegs(order) || lacksSuccessor(order)) && order.reason === null;

/**
 * Of all live orders, those that stand for themselves. A leg whose order lives does not: to cancel it would cancel an order on the
 * other side that nobody spoke of, and it ends with that one.
 */
export function standingAlone<T extends { readonly order: Pick<Order, "id" | "parent"> }>(live: readonly T[]): T[] {
  const ids = new Set(live.map(({ order }) => order.id));
  return live.filter(({ order }) => order.parent === undefined || !ids.has(order.parent));
}

/**
 * What the legs of an order may still trade, as one order: they are one way out and not two, also in the moment in which both look
 * live, so the one with more units left stands for both. They close no more than their order has filled, and that much is theirs to
 * close from when it is filled, also while the venue still holds them back, or has not told of them. `undefined`: nothing.
 */
export function wayOutOf(order: Order, legs: readonly Order[]): Order | undefined {
  const working = legs.filter((leg) => !isHeldBack(leg));
  const told = working.length > 0 ? working : legs;
  if (told.length === 0) return isUntold(order) ? untoldWayOut(order) : undefined;
  const leg = told.reduce(heavier);
  const units = smaller(leavesQuantity(leg), order.filled_quantity);
  if (!isPositive(units)) return undefined;
  return units === leavesQuantity(leg) ? leg : { ...leg, quantity: add(leg.filled_quantity, units) };
}

/** Of two for as many units it is the one that may trade at more prices. */
function heavier(a: Order, b: Order): Order {
  const [leftOfA, leftOfB] = [leavesQuantity(a), leavesQuantity(b)];
  if (leftOfA === leftOfB) return a.type === "limit" ? b : a;
  return greaterThan(leftOfA, leftOfB) ? a : b;
}

/** At any price: nobody has told which leg works. */
function untoldWayOut({ limit_price: _limit, take_profit: _profit, stop_loss: _stop, ...order }: Order): Order {
  const side = order.side === "buy" ? "sell" : "buy";
  const units = { quantity: order.filled_quantity, filled_quantity: ZERO };
  return { ...order, ...units, parent: order.id, side, type: "market", status: "new" };
}
