// What a goal does next. Reduce first: no order crosses zero, and nothing is opened before what stood in its way is out of it.
import { ZERO } from "../money.ts";
import { type Order, isTerminal } from "../order.ts";
import { assert } from "../result.ts";
import { onlyTakesOff } from "../signal/in-symbol.ts";
import {
  type Goal,
  type GoalEnd,
  type GoalFacts,
  type GoalMove,
  type GoalOrder,
  closingSide,
  sideHeld,
} from "./goal.ts";
import { makesRoom, planOrder } from "./order.ts";
import { findObstacles, isMoving, tradesAtOnce } from "./obstacles.ts";

const WAIT = { move: "wait" } as const;
const WAIT_A_WHILE = { move: "wait", isForAWhile: true } as const;

/**
 * The next move, from stored facts alone: to be asked again whenever an order in the symbol has changed, and to be carried out
 * in the transaction that the facts were read in. An order of unknown outcome is live, and waited for like any other.
 */
export function planGoal(goal: Goal, facts: GoalFacts): GoalMove {
  if (goal.stage === "ended") return WAIT;
  if (goal.order !== null) {
    assert(facts.ordered?.id === goal.order, "a goal was planned without its order");
    const followed = follow(goal, facts.ordered);
    if (followed !== "go_on") return followed;
  }
  if (!facts.positionKnown) return WAIT;
  const next = planOrder(goal, facts);
  // Nobody is kept in a position, or without a stop, because nobody says a price for the moment.
  if (isForWantOfPrice(next) && facts.goesByPrice && onlyTakesOff(goal.instruction)) return WAIT_A_WHILE;
  const isStill = !facts.live.some(
    (order) => isMoving(order) || isBeingCanceled(order) || (isProtection(goal) && isOpening(order, facts)),
  );
  // Where nothing will be ordered, nothing makes way for it. What moves may change that.
  if (isStill && next.move === "end" && isRefusal(next)) return next;
  if (facts.legsUntold && takesOff(next)) return WAIT;
  const { toCancel, toWaitFor } = findObstacles(goal, facts, next);
  const unasked = toCancel.filter((order) => !isBeingCanceled(order));
  if (unasked.length > 0) {
    return {
      move: "cancel",
      orders: unasked.map(({ id }) => id),
      before: next.move === "order" ? next : null,
      regardless: unasked.filter((order) => isMoving(order) || !closes(order, facts)).map(({ id }) => id),
      isFinal: isStill,
    };
  }
  if (toWaitFor.some(({ id, delivery }) => facts.justSent.has(id) && delivery === "delivered")) return WAIT_A_WHILE;
  return toCancel.length + toWaitFor.length > 0 ? WAIT : next;
}

function closes({ side }: Order, { position }: GoalFacts): boolean {
  const held = sideHeld(position);
  return held !== undefined && side === closingSide(held);
}

/** What a resting exit waits for, to be for all of it. */
const isOpening = (order: Order, facts: GoalFacts): boolean => facts.justSent.has(order.id) && !closes(order, facts);

const isBeingCanceled = ({ cancel_requested_at }: Order): boolean => cancel_requested_at !== null;

/** Whether something keeps an order from being placed, and not that there is none to place. */
const isRefusal = ({ code }: GoalEnd): boolean => code !== "nothing_to_do" && code !== "already_there";

const isProtection = ({ instruction }: Goal): boolean => instruction.action === "exit" && !tradesAtOnce(instruction);

const isForWantOfPrice = (next: GoalOrder | GoalEnd): boolean => next.move === "end" && next.code === "price_unknown";

const takesOff = (next: GoalOrder | GoalEnd): boolean => next.move === "order" && next.stage !== "entering";

/** What follows from how the stage's order stands. An exit that an entry waits for has to be filled to the last unit. */
function follow(goal: Goal, ordered: Order): GoalMove | "go_on" {
  const { instruction, settings } = goal;
  const isForEntry = goal.stage === "reducing" && makesRoom(instruction, ordered.side);
  const { status } = ordered;
  if (status === "filled" && isForEntry) {
    return instruction.action === "enter" && settings.onOpposite === "exit"
      ? end("closed_opposite", describe(ordered))
      : "go_on";
  }
  if (status !== "filled" && isTerminal(status)) return end(`order_${status}`, describe(ordered));
  return ordered.delivery === "delivered" && !isForEntry ? end("ordered", wanted(ordered)) : WAIT;
}

/** How far it is filled, the order itself says: the goal has ended before it has. */
const wanted = ({ side, quantity = ZERO }: Order): string => `${side} ${quantity}`;

const describe = (order: Order): string =>
  `${wanted(order)}, ${order.filled_quantity} filled${order.reason === null ? "" : `: ${order.reason.code}`}`;

const end = (code: string, detail: string): GoalEnd => ({ move: "end", code, detail });
