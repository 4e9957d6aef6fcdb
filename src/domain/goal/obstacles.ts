// The live orders that have to end before a goal can order anything: what they still trade would make its order the wrong one.
import { leavesQuantity } from "../leaves.ts";
import { type Decimal, absolute, greaterThan, isPositive, subtract, sum } from "../money.ts";
import { type Order, type OrderType, type TimeInForce, hasLegs } from "../order.ts";
import { assertNever } from "../result.ts";
import {
  type Exit,
  type Goal,
  type GoalEnd,
  type GoalFacts,
  type GoalOrder,
  closingSide,
  concerns,
  openingSide,
  sideHeld,
  sideWanted,
} from "./goal.ts";

export type Obstacles = { readonly toCancel: readonly Order[]; readonly toWaitFor: readonly Order[] };

/** `next`: what the goal would order as things stand. */
export function findObstacles(goal: Goal, facts: GoalFacts, next: GoalOrder | GoalEnd): Obstacles {
  const { instruction } = goal;
  const held = sideHeld(facts.position);
  switch (instruction.action) {
    case "add":
      // More of what is held is right whatever else trades.
      return cancel([]);
    case "enter": {
      const isThere = held !== undefined && instruction.side === openingSide(held);
      // Nothing will be ordered: what rests at a price of its own, such as a stop, is left as well.
      return isThere
        ? cancel(facts.live.filter((order) => isTrading(order, facts) && order.side === closingSide(held)))
        : lettingFinish(facts.live, goal, facts);
    }
    case "reverse":
    case "target": {
      // More of what is held, or nothing: the legs that protect what is held are not in the way of that.
      const takesOff = next.move === "order" && next.stage !== "entering";
      const isProtection = ({ parent, side }: Order) =>
        parent !== undefined && held !== undefined && side === closingSide(held);
      return lettingFinish(takesOff ? facts.live : facts.live.filter((order) => !isProtection(order)), goal, facts);
    }
    case "exit":
      return ofExit(goal, instruction, facts);
    default:
      return assertNever(instruction);
  }
}

function ofExit(goal: Goal, exit: Exit, facts: GoalFacts): Obstacles {
  const { live, justSent, position } = facts;
  const held = sideHeld(position);
  const isOnItsWay = (order: Order) => isMoving(order) || justSent.has(order.id);
  if (!tradesAtOnce(exit)) return ofProtection(goal, exit, facts);
  if (held !== undefined && (concerns(exit, held) || goal.leaving.includes(held))) {
    const inTheWay = live.filter(
      (order) => order.side === closingSide(held) || isComing(order, facts) || isOpeningWithLegs(order),
    );
    return lettingFinish(inTheWay, goal, facts);
  }
  // There is nothing to get out of, unless it is on its way.
  const leadsThere = live.filter((order) => concerns(exit, order.side === "buy" ? "long" : "short"));
  return held === undefined
    ? cancel(leadsThere.filter((order) => isComing(order, facts)))
    : // On their way there they first take off what is held, as somebody else wants it.
      {
        toCancel: leadsThere.filter((order) => isHeld(order) || (isTrading(order, facts) && !isOnItsWay(order))),
        toWaitFor: leadsThere.filter(isOnItsWay),
      };
}

/**
 * An exit that rests is no reason to call back what opens more: it waits for what is on its way there, to be for all of it, and
 * meanwhile what protects stays. Then what rests to close the position makes way: its units are promised. So does an older goal's
 * entry that rests, for a limit, which leaves at a price; for a stop, which only protects, only one that is a stop as well: a broker
 * may not take two of them on opposite sides.
 */
function ofProtection(goal: Goal, exit: Exit, facts: GoalFacts): Obstacles {
  const { live, ofGoals, justSent, position } = facts;
  const held = sideHeld(position);
  const isOnItsWay = (order: Order) => isMoving(order) || justSent.has(order.id) || order.cancel_requested_at !== null;
  const isStop = ({ type }: Pick<Order, "type">) => type === "stop" || type === "stop_limit";
  const isResting = (order: Order) => ofGoals.has(order.id) && !isOnItsWay(order);
  if (held === undefined || !(concerns(exit, held) || goal.leaving.includes(held))) {
    // There is nothing to get out of, unless it is on its way.
    const leadsThere = live.filter(({ side }) =>
      held === undefined ? concerns(exit, side === "buy" ? "long" : "short") : side === closingSide(held),
    );
    const toCancel = isStop(exit) || held !== undefined ? [] : leadsThere.filter(isResting);
    return { toCancel, toWaitFor: leadsThere.filter(isOnItsWay) };
  }
  const closing = live.filter(({ side }) => side === closingSide(held));
  const opening = live.filter(({ side }) => side === openingSide(held));
  const toWaitFor = opening.filter(isOnItsWay);
  if (toWaitFor.length > 0) return { toCancel: [], toWaitFor };
  const stale = opening.filter((order) => isResting(order) && (!isStop(exit) || isStop(order)));
  return lettingFinish([...closing, ...stale, ...opening.filter(isOpeningWithLegs)], goal, facts);
}

/** One that is being canceled may fill until its end is known, and one that waits for a person may be approved. */
const isComing = (order: Order, facts: GoalFacts): boolean =>
  facts.ofGoals.has(order.id) || isTrading(order, facts) || isHeld(order) || order.cancel_requested_at !== null;

/** At the market, whatever the collar has made of it. What came after the goal is a newer wish, and not the goal's to call back. */
const isTrading = (order: Order, { atMarket, newer }: GoalFacts): boolean =>
  !newer.has(order.id) && (atMarket.has(order.id) || isMoving(order));

/** Its legs close what it has filled so far as soon as it is whole, also where something else has closed that by then. */
const isOpeningWithLegs = (order: Order): boolean => hasLegs(order) && isPositive(order.filled_quantity);

/**
 * Canceled is what does not lead where the goal leads as well. What does is under way already: in its place nothing would be
 * there sooner, and a rule or the broker could refuse it.
 */
function lettingFinish(inTheWay: readonly Order[], goal: Goal, facts: GoalFacts): Obstacles {
  const helpful = findHelpful(inTheWay.filter(isMoving), goal, facts);
  return { toCancel: inTheWay.filter((order) => !helpful.includes(order)), toWaitFor: helpful };
}

function findHelpful(moving: readonly Order[], goal: Goal, { position }: GoalFacts): readonly Order[] {
  const { instruction } = goal;
  const held = sideHeld(position);
  const wanted = sideWanted(instruction);
  if (held !== undefined && openingSide(held) !== wanted) {
    const exits = moving.filter(({ side }) => side === closingSide(held));
    // A way out that has a price may be open where the market is closed.
    return instruction.type === "market" ? ifWithin(absolute(position), exits) : [];
  }
  const entries = moving.filter(({ side }) => side === wanted);
  if (instruction.action === "enter") return entries;
  const units = unitsWanted(goal);
  return units === undefined ? [] : ifWithin(subtract(units, absolute(position)), entries);
}

/** As far as anybody can tell without a price. */
function unitsWanted({ instruction, settings }: Goal): Decimal | undefined {
  if (instruction.action === "target") return absolute(instruction.position);
  const size = instruction.size ?? settings.defaultSize;
  return instruction.action === "reverse" && size?.by === "quantity" ? size.value : undefined;
}

/** The orders, if together they trade no more than that. */
function ifWithin(units: Decimal, orders: readonly Order[]): readonly Order[] {
  const isKnown = orders.every(({ quantity }) => quantity !== undefined);
  return isKnown && !greaterThan(sum(orders.map(leavesQuantity)), units) ? orders : [];
}

const cancel = (toCancel: readonly Order[]): Obstacles => ({ toCancel, toWaitFor: [] });

/** Whether the order trades as soon as the venue can, and does not rest at a price, for an auction or for a person. */
export const isMoving = (order: Order): boolean => !isHeld(order) && tradesAtOnce(order);

type Timing = { readonly type: OrderType; readonly time_in_force?: TimeInForce | undefined };

/** The same of what is asked for, whoever has to let it pass. */
export const tradesAtOnce = ({ type, time_in_force: until }: Timing): boolean =>
  until === "ioc" || until === "fok" || (type === "market" && until !== "opg" && until !== "cls");

/** Nobody may ever approve it: nothing waits for it. */
const isHeld = ({ delivery }: Order): boolean => delivery === "held";
