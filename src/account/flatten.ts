// Out of everything, as a signal asks for it.
import { isZero } from "../domain/money.ts";
import { cancelOne } from "./cancel-named.ts";
import { readOpenGoals } from "./goal-store.ts";
import { readLive } from "./orders.ts";
import { readPositions } from "./positions.ts";
import { type CarryingContext, pursue, refusalOf } from "./pursue.ts";
import { failed, stepOf } from "./signal-step.ts";
import type { StoredStep } from "./signals.ts";

/** Out of everything: what could still open something is canceled, and every position left. */
export function flatten(sql: SqlStorage, context: CarryingContext): StoredStep[] {
  const live = readLive(sql);
  const held = [...readPositions(sql)].filter(([, units]) => !isZero(units)).map(([symbol]) => symbol);
  const wanted = readOpenGoals(sql).map(({ goal }) => goal.instruction.symbol);
  // An order that is being canceled may fill all the same, and a goal may be between its orders: those are left as well.
  const symbols = [...new Set([...held, ...wanted, ...live.map(({ symbol }) => symbol)])].toSorted();
  const exits = symbols.map((symbol) => ({ action: "exit" as const, symbol, type: "market" as const }));
  // Where no exit passes, what protects the position stays.
  const refusals = new Map(exits.map((exit) => [exit.symbol, refusalOf(sql, exit, context)]));
  const canceled = live
    .filter(({ symbol }) => refusals.get(symbol) === undefined)
    .flatMap(({ id }) => cancelOne(sql, id, context));
  const whole: StoredStep = { ...stepOf({ action: "flatten" }), outcome: "done", canceled };
  const steps = exits.map((exit) => {
    const refusal = refusals.get(exit.symbol);
    return refusal === undefined ? pursue(sql, exit, context) : failed(stepOf(exit), refusal);
  });
  return [whole, ...steps];
}
