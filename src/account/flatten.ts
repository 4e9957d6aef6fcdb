// Out of everything, or of everything in a symbol, as a signal or a person's stop asks for it.
import { closingSide, sideHeld } from "../domain/goal/goal.ts";
import { isMoving } from "../domain/goal/obstacles.ts";
import { isZero } from "../domain/money.ts";
import type { Order } from "../domain/order.ts";
import { cancelOne } from "./cancel-named.ts";
import { readOpenGoals } from "./goal-store.ts";
import { readLive } from "./orders.ts";
import { positionIn, readPositions } from "./positions.ts";
import { type PursuingContext, pursue, refusalOf } from "./pursue.ts";
import { failed, stepOf } from "./signal-step.ts";
import type { StoredStep } from "./signals.ts";

/** What could still open something is canceled, and every position left. `symbol`: only there; everywhere when `null`. */
export function flatten(sql: SqlStorage, context: PursuingContext, symbol: string | null = null): StoredStep[] {
  const exits = symbolsToLeave(sql, symbol).map((left) => exitOf(left));
  // Where no exit passes, or none is sent, what protects the position stays.
  const refusals = new Map(exits.map((exit) => [exit.symbol, refusalOf(sql, exit, context)]));
  const canceled = (context.mode === "shadow" ? [] : readLive(sql))
    .filter((order) => isReached(order.symbol, symbol) && refusals.get(order.symbol) === undefined)
    .filter((order) => !isOnItsWayOut(sql, order))
    .flatMap(({ id }) => cancelOne(sql, id, context));
  const whole: StoredStep = { ...stepOf(wholeOf(symbol)), outcome: "done", canceled };
  const steps = exits.map((exit) => {
    const refusal = refusals.get(exit.symbol);
    return refusal === undefined ? pursue(sql, exit, context) : failed(stepOf(exit), refusal);
  });
  return [whole, ...steps];
}

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

/** Asked for twice, an exit is not called back to be sent again. Where it is for too much, its symbol's goal clears it away. */
function isOnItsWayOut(sql: SqlStorage, order: Order): boolean {
  const held = sideHeld(positionIn(sql, order.symbol));
  return held !== undefined && order.side === closingSide(held) && isMoving(order);
}
