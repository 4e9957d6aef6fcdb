// What a signal that cancels is about: live orders, and goals that would still order something.
import { standingAlone } from "../../domain/bracket.ts";
import { sideWanted } from "../../domain/goal/goal.ts";
import { tradesAtOnce } from "../../domain/goal/obstacles.ts";
import type { OrderId } from "../../domain/ids.ts";
import { sideAsked } from "../../domain/signal/in-symbol.ts";
import type { Instruction } from "../../domain/signal/instruction.ts";
import { cancelOrder } from "../orders/cancel.ts";
import { findGoal, readOpenGoals } from "./goal-store.ts";
import { cancelGoal, isGoalKeptByStop, isKeptByStop } from "./goals.ts";
import { type OrderRow, isAtOnce, readLiveRows } from "../orders/orders.ts";
import type { PursuingContext } from "./pursue.ts";
import type { RecordContext } from "../orders/record.ts";
import { dropSequels } from "./sequel-store.ts";
import { stepOf } from "./signal-step.ts";
import { type StoredStep, findSignalByNames } from "./signals.ts";

type CancelInstruction = Extract<Instruction, { readonly action: "cancel" }>;

/**
 * What is live of what is named, and what would still be ordered for it; by its name also what a signal has placed. But for the way
 * out that a stop in force has ordered, and what the signal itself has under way: it stands after that.
 */
export function cancelNamed(sql: SqlStorage, wanted: CancelInstruction, context: PursuingContext): StoredStep {
  const { symbol, side, client_order_id: name } = wanted;
  const named = name === undefined ? undefined : findSignalByNames(sql, context.signal.source, [name])?.signal;
  const steps = named?.steps ?? [];
  const [ordersNamed, goalsNamed] = [
    new Set(steps.flatMap(({ orders }) => orders)),
    new Set(steps.map(({ goal }) => goal)),
  ];
  const goals = readOpenGoals(sql).filter((row) => {
    const { id, signal, goal } = row;
    const { instruction } = goal;
    return (
      !(signal === context.id && tradesAtOnce(instruction)) &&
      !isGoalKeptByStop(sql, row) &&
      (symbol === undefined || instruction.symbol === symbol) &&
      (side === undefined || sideWanted(instruction) === side) &&
      (name === undefined || goalsNamed.has(id))
    );
  });
  const live = readLiveRows(sql).filter((row) => !isKeptByStop(sql, row) && !isUnderWay(sql, row, context));
  const orders = (side === undefined ? live : standingAlone(live)).filter(
    ({ order, goal }) =>
      (symbol === undefined || order.symbol === symbol) &&
      (side === undefined || order.side === side) &&
      (name === undefined ||
        order.client_order_id === name ||
        ordersNamed.has(order.id) ||
        (goal !== null && goalsNamed.has(goal))),
  );
  const why = { code: "canceled", detail: `by signal ${context.id}` };
  for (const goal of goals) cancelGoal(sql, goal, why.detail, context);
  const dropped = dropSequels(
    sql,
    // What comes after it in its own signal is what it makes way for.
    ({ signal, instruction }) =>
      signal !== context.id &&
      (symbol === undefined || instruction.symbol === symbol) &&
      (side === undefined || sideAsked(instruction) === side) &&
      (name === undefined || signal === named?.id),
    why,
    context,
  );
  const canceled = orders.flatMap(({ order }) => cancelOne(sql, order.id, context));
  const step = { ...stepOf(wanted), canceled, outcome: "done" as const };
  if (canceled.length + goals.length + dropped.length > 0) return step;
  return { ...step, code: "nothing_to_do", detail: "no such order is live" };
}

/** Of the same signal, and at the market: it is on its way, or only waits for a person. */
function isUnderWay(sql: SqlStorage, row: OrderRow, { signal, id }: PursuingContext): boolean {
  const goal = row.goal === null ? undefined : findGoal(sql, row.goal);
  const isItsOwn = goal === undefined ? row.order.request_id === signal.requestId : goal.signal === id;
  return isItsOwn && isAtOnce(row);
}

/** On behalf of whoever wants it. */
export function cancelOne(sql: SqlStorage, id: OrderId, { signal, nowMs, random }: PursuingContext): OrderId[] {
  const { actor, requestId, clientIp } = signal;
  const context: RecordContext = { nowMs, random, caller: { actor, requestId, clientIp } };
  return cancelOrder(sql, id, context).ok ? [id] : [];
}
