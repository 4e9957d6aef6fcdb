// What a signal that cancels is about: live orders, and goals that would still order something.
import { standingAlone } from "../domain/bracket.ts";
import { sideWanted } from "../domain/goal/goal.ts";
import type { OrderId } from "../domain/ids.ts";
import { sideAsked } from "../domain/signal/in-symbol.ts";
import type { Instruction } from "../domain/signal/instruction.ts";
import { cancelOrder } from "./cancel.ts";
import { findGoal, readOpenGoals } from "./goal-store.ts";
import { cancelGoal, isOfStop } from "./goals.ts";
import { type OrderRow, isAtOnce, readLiveRows } from "./orders.ts";
import type { PursuingContext } from "./pursue.ts";
import type { RecordContext } from "./record.ts";
import { dropSequels } from "./sequel-store.ts";
import { stepOf } from "./signal-step.ts";
import { type StoredStep, findSignalByNames } from "./signals.ts";
import { tradingStateOf } from "./stops.ts";

type CancelInstruction = Extract<Instruction, { readonly action: "cancel" }>;

/**
 * What is live of what is named, and what would still be ordered for it; by its name also what a signal has placed. But for the way
 * out that a stop in force has ordered, and what the signal itself has under way: it stands after that.
 */
export function cancelNamed(sql: SqlStorage, wanted: CancelInstruction, context: PursuingContext): StoredStep {
  const { symbol, side, client_order_id: name } = wanted;
  const { source } = context.signal;
  const isStopped = (stopped: string) => tradingStateOf(sql, { source, symbol: stopped }) !== "active";
  const named = name === undefined ? undefined : findSignalByNames(sql, context.signal.source, [name])?.signal;
  const steps = named?.steps ?? [];
  const [ordersNamed, goalsNamed] = [
    new Set(steps.flatMap(({ orders }) => orders)),
    new Set(steps.map(({ goal }) => goal)),
  ];
  const goals = readOpenGoals(sql).filter(
    ({ id, signal, goal: { instruction, settings } }) =>
      signal !== context.id &&
      !(settings.isUnderStop === true && isStopped(instruction.symbol)) &&
      (symbol === undefined || instruction.symbol === symbol) &&
      (side === undefined || sideWanted(instruction) === side) &&
      (name === undefined || goalsNamed.has(id)),
  );
  const live = readLiveRows(sql).filter(
    (row) => !(isOfStop(sql, row) && isStopped(row.order.symbol)) && !isUnderWay(sql, row, context),
  );
  const orders = (side === undefined ? live : standingAlone(live)).filter(
    ({ order, goal }) =>
      (symbol === undefined || order.symbol === symbol) &&
      (side === undefined || order.side === side) &&
      (name === undefined ||
        order.client_order_id === name ||
        ordersNamed.has(order.id) ||
        (goal !== null && goalsNamed.has(goal))),
  );
  for (const goal of goals) cancelGoal(sql, goal, context);
  const why = { code: "canceled", detail: `by signal ${context.id}` };
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

/** Of the same signal, and on its way: an order that trades at once, or any of a goal that it has begun. */
function isUnderWay(sql: SqlStorage, row: OrderRow, { signal, id }: PursuingContext): boolean {
  const goal = row.goal === null ? undefined : findGoal(sql, row.goal);
  if (goal !== undefined) return goal.signal === id && (goal.goal.stage !== "ended" || isAtOnce(row));
  return row.order.request_id === signal.requestId && isAtOnce(row);
}

/** On behalf of whoever wants it. */
export function cancelOne(sql: SqlStorage, id: OrderId, { signal, nowMs, random }: PursuingContext): OrderId[] {
  const { actor, requestId, clientIp } = signal;
  const context: RecordContext = { nowMs, random, caller: { actor, requestId, clientIp } };
  return cancelOrder(sql, id, context).ok ? [id] : [];
}
