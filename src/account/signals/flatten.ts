// Out of everything, or of everything in a symbol, as a signal or a person's stop asks for it.
import { closingSide, sideHeld } from "../../domain/goal/goal.ts";
import { isZero } from "../../domain/money.ts";
import type { Order } from "../../domain/order.ts";
import { isPositionKnown } from "../positions/broker-view.ts";
import { cancelOne } from "./cancel-named.ts";
import { readOpenGoals } from "./goal-store.ts";
import { findOrder, readLive } from "../orders/orders.ts";
import { positionIn, readPositions } from "../positions/positions.ts";
import { type PursuingContext, pursue, refusalOf } from "./pursue.ts";
import { dropSequels } from "./sequel-store.ts";
import { failed, stepOf } from "./signal-step.ts";
import type { StoredStep } from "./signals.ts";

/**
 * What could still open something is canceled, and every position left. What closes one makes way for its exit: see planGoal.
 * `symbol`: only there; everywhere when `null`.
 */
export function flatten(sql: SqlStorage, context: PursuingContext, symbol: string | null = null): StoredStep[] {
  const exits = symbolsToLeave(sql, symbol).map((left) => exitOf(left));
  // Where no exit passes, or none is sent, what is on its way stays.
  const refusals = new Map(exits.map((exit) => [exit.symbol, refusalOf(sql, exit, context)]));
  const isLeft = (left: string) => isReached(left, symbol) && refusals.get(left) === undefined;
  const live = (context.mode === "shadow" ? [] : readLive(sql)).filter(
    (order) => isLeft(order.symbol) && order.cancel_requested_at === null,
  );
  for (const { id } of live.filter((order) => !isClosing(sql, order))) cancelOne(sql, id, context);
  dropSequels(sql, ({ signal, instruction }) => signal !== context.id && isLeft(instruction.symbol), LEFT, context);
  const steps = exits.map((exit) => {
    const refusal = refusals.get(exit.symbol);
    return refusal === undefined ? pursue(sql, exit, context) : failed(stepOf(exit), refusal);
  });
  const canceled = live.map(({ id }) => id).filter((id) => findOrder(sql, id)?.order.cancel_requested_at !== null);
  const whole: StoredStep = { ...stepOf(wholeOf(symbol)), outcome: "done", canceled };
  return [isPositionKnown(sql) ? whole : failed(whole, UNKNOWN), ...steps];
}

const LEFT = { code: "superseded", detail: "every position is closed" };

const UNKNOWN = {
  code: "position_unknown",
  detail: "the broker has never said what is held: what was opened here is closed; ask again once it has said",
};

/** The same where the account can decide nothing: what is held stays, and each symbol says so. */
export const keepAll = (
  sql: SqlStorage,
  refusal: { readonly code: string; readonly detail: string },
  symbol: string | null,
): StoredStep[] => [
  { ...stepOf(wholeOf(symbol)), outcome: "done" },
  ...symbolsToLeave(sql, symbol).map((kept) => failed(stepOf(exitOf(kept)), refusal)),
];

/** An order that is being canceled may fill all the same, and a goal may be between its orders: those are left as well. */
function symbolsToLeave(sql: SqlStorage, within: string | null): string[] {
  const held = [...readPositions(sql)].filter(([, units]) => !isZero(units)).map(([symbol]) => symbol);
  const wanted = readOpenGoals(sql).map(({ goal }) => goal.instruction.symbol);
  const live = readLive(sql).map(({ symbol }) => symbol);
  return [...new Set([...held, ...wanted, ...live])].filter((symbol) => isReached(symbol, within)).toSorted();
}

const isReached = (symbol: string, within: string | null): boolean => within === null || symbol === within;

const wholeOf = (symbol: string | null) => ({ action: "flatten", symbol: symbol ?? undefined });

const exitOf = (symbol: string) => ({ action: "exit" as const, symbol, type: "market" as const });

/** Also one at the market that is on its way out already: it is not called back to be sent again. */
function isClosing(sql: SqlStorage, order: Order): boolean {
  const held = sideHeld(positionIn(sql, order.symbol));
  return held !== undefined && order.side === closingSide(held);
}
