// What a signal asks for after something else in the same symbol. It waits until that is settled, and is carried out then as if it
// had come then; or it comes to nothing, as what it waits for has. Whether its turn has come is worked out anew from what is
// stored, every time. The caller wraps each in transactionSync.
import { isMoving } from "../domain/goal/obstacles.ts";
import type { Refusal } from "../domain/goal/terms.ts";
import { type Order, isTerminal } from "../domain/order.ts";
import { assert } from "../domain/result.ts";
import { APPROVAL_TTL_MS } from "../domain/risk/approved.ts";
import type { Instruction } from "../domain/signal/instruction.ts";
import { carryOut } from "./carry-out.ts";
import { readDueGoals } from "./goal-store.ts";
import { type GoalContext, carryOn, isRevoked } from "./goals.ts";
import { type OrderRow, findOrder } from "./orders.ts";
import type { CarryingContext } from "./pursue.ts";
import {
  type Sequel,
  type SymbolInstruction,
  endSequel,
  findSequel,
  readSequels,
  storeSequel,
} from "./sequel-store.ts";
import { failed, stepOf } from "./signal-step.ts";
import { type StoredStep, findSignal, stepAsItStands } from "./signals.ts";

/** Whether it is carried out now, later or, for that reason, never. */
type Turn = "now" | "later" | Refusal;

const EARLIER_FAILED = { code: "earlier_failed", detail: "what it was to come after has come to nothing" };
const SUPERSEDED = { code: "superseded", detail: "something newer is wanted of the symbol" };

/** Everything that a signal asks for, as far as its turn has come; the rest is stored. */
export function carryOutInTurn(
  sql: SqlStorage,
  instructions: readonly Instruction[],
  context: CarryingContext,
): StoredStep[] {
  const steps: StoredStep[] = [];
  /** By symbol: the place of the step that the next one comes after. */
  const latest = new Map<string, number>();
  for (const instruction of instructions) {
    if (!isInSymbol(instruction)) {
      steps.push(...carryOut(sql, instruction, context));
      continue;
    }
    const place = steps.length;
    const after = latest.get(instruction.symbol);
    const step =
      after === undefined
        ? carryOutOne(sql, instruction, context)
        : comeAfter(sql, instruction, { place, after, before: steps[after] }, context);
    steps.push(step);
    // Nothing comes after a cancel that has not waited: it is done.
    if (instruction.action !== "cancel" || step.outcome === "waiting") latest.set(instruction.symbol, place);
  }
  return steps;
}

const isInSymbol = (instruction: Instruction): instruction is SymbolInstruction =>
  "symbol" in instruction && instruction.symbol !== undefined;

type Following = Pick<Sequel, "place" | "after"> & { readonly before: StoredStep | undefined };

/** Carried out at once where there is nothing to wait for any more; so is a cancel, unless something waits before it. */
function comeAfter(
  sql: SqlStorage,
  instruction: SymbolInstruction,
  { before, ...places }: Following,
  context: CarryingContext,
): StoredStep {
  const isAtOnce = instruction.action === "cancel" && before?.outcome !== "waiting";
  const turn = isAtOnce ? "now" : turnAfter(sql, before);
  if (turn === "now") return carryOutOne(sql, instruction, context);
  if (turn !== "later") return failed(stepOf(instruction), turn);
  storeSequel(sql, sequelOf(instruction, places, context));
  return { ...stepOf(instruction), outcome: "waiting" };
}

const sequelOf = (
  instruction: SymbolInstruction,
  { place, after }: Pick<Sequel, "place" | "after">,
  { signal, id, nowMs }: CarryingContext,
): Sequel => {
  const { source, actor, sender, requestId, clientIp, settings, circumstances, stopReach } = signal;
  // What the sender believes to be held is of before the signal.
  const { positionBefore: _, ...then } = circumstances;
  const carried = { source, actor, sender, requestId, clientIp, settings, circumstances: then, stopReach };
  return { signal: id, place, after, instruction, carried, opensUntilMs: nowMs + APPROVAL_TTL_MS, isOvertaken: false };
};

/** A goal to be planned anew, or a sequel whose turn has come or never will. */
type Due = { readonly instruction: Instruction; readonly carryOn: (context: GoalContext) => void };

/** Everything that can go on by now. */
export const readDue = (sql: SqlStorage): Due[] => [
  ...readDueGoals(sql).map(({ id, goal: { instruction } }): Due => ({
    instruction,
    carryOn: (context) => void carryOn(sql, id, context),
  })),
  ...readTurns(sql).map((sequel): Due => ({
    instruction: sequel.instruction,
    carryOn: (context) => takeTurn(sql, sequel, context),
  })),
];

/** Whether there is any of that. Asked at every step of every order, so it is one question where nothing waits. */
export function isAnythingDue(sql: SqlStorage): boolean {
  const { goals, sequels } = sql
    .exec<{ goals: number; sequels: number }>(
      `SELECT EXISTS (SELECT 1 FROM goals WHERE is_open = 1 AND is_due = 1) AS goals,
         EXISTS (SELECT 1 FROM sequels) AS sequels`,
    )
    .one();
  return goals === 1 || (sequels === 1 && readTurns(sql).length > 0);
}

const readTurns = (sql: SqlStorage): Sequel[] => readSequels(sql).filter((sequel) => turnOf(sql, sequel) !== "later");

/** Carries it out, or ends it, if its turn has come since or never will. */
function takeTurn(sql: SqlStorage, key: Pick<Sequel, "signal" | "place">, context: GoalContext): void {
  const sequel = findSequel(sql, key);
  const turn = sequel === undefined ? "later" : turnOf(sql, sequel);
  if (sequel === undefined || turn === "later") return;
  const { instruction, carried, signal: id } = sequel;
  const { nowMs } = context;
  const opensUntilMs = isRevoked(sql, carried.source, carried.sender) ? nowMs : sequel.opensUntilMs;
  const step =
    turn === "now"
      ? carryOutOne(sql, instruction, { ...context, signal: carried, id, opensUntilMs })
      : failed(stepOf(instruction), turn);
  endSequel(sql, sequel, step, context);
}

function carryOutOne(sql: SqlStorage, instruction: SymbolInstruction, context: CarryingContext): StoredStep {
  const [step, ...others] = carryOut(sql, instruction, context);
  assert(step !== undefined && others.length === 0, "what is asked of one symbol is one step");
  return step;
}

const turnOf = (sql: SqlStorage, sequel: Sequel): Turn =>
  sequel.isOvertaken ? SUPERSEDED : turnAfter(sql, findSignal(sql, sequel.signal)?.signal.steps[sequel.after]);

/** A step is settled when nothing of it is under way any more: its last order is filled whole, or rests at the venue. */
function turnAfter(sql: SqlStorage, before: StoredStep | undefined): Turn {
  assert(before !== undefined, "what waits has nothing to wait for");
  const { outcome, orders } = stepAsItStands(sql, before);
  if (outcome === "failed") return EARLIER_FAILED;
  if (outcome === "waiting" || outcome === "working") return "later";
  const last = orders.at(-1);
  const row = last === undefined ? undefined : findOrder(sql, last);
  return row === undefined ? "now" : turnAfterOrder(asAsked(row));
}

function turnAfterOrder(order: Order): Turn {
  const { status, delivery } = order;
  if (status === "filled" || status === "shadowed") return "now";
  if (isTerminal(status)) return EARLIER_FAILED;
  const rests = delivery === "delivered" && order.cancel_requested_at === null && !isMoving(order);
  return rests ? "now" : "later";
}

/** A market order that the collar has made a limit order of trades at once all the same. */
function asAsked({ order, request }: OrderRow): Order {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an order or a change of one, written by this gateway
  const asked = JSON.parse(request) as Partial<Pick<Order, "type">>;
  return asked.type === "market" ? { ...order, type: asked.type } : order;
}
