// What a signal asks for after something else in the same symbol. It waits until that is settled, and is carried out then as if it
// had come then; what could open something comes to nothing where what it waits for has. Whether its turn has come is worked out
// anew from what is stored, every time. The caller wraps each in transactionSync.
import { tradesAtOnce } from "../domain/goal/obstacles.ts";
import type { Refusal } from "../domain/goal/terms.ts";
import type { OrderId } from "../domain/ids.ts";
import { isZero } from "../domain/money.ts";
import { isTerminal } from "../domain/order.ts";
import { assert } from "../domain/result.ts";
import { APPROVAL_TTL_MS } from "../domain/risk/approved.ts";
import { type SymbolInstruction, goesByMarket, isInSymbol, onlyTakesOff } from "../domain/signal/in-symbol.ts";
import type { Instruction } from "../domain/signal/instruction.ts";
import { carryOut } from "./carry-out.ts";
import { readDueGoals } from "./goal-store.ts";
import { type GoalContext, carryOn, isRevoked, marketFactsOf } from "./goals.ts";
import { type OrderRow, findOrder, isAtOnce } from "./orders.ts";
import type { CarryingContext } from "./pursue.ts";
import { type Sequel, endSequel, findSequel, nextAfter, putOff, readNext, storeSequel } from "./sequel-store.ts";
import { failed, stepOf } from "./signal-step.ts";
import { type StoredStep, findSignal, stepAsItStands } from "./signals.ts";

/** Whether it is carried out now, later or, for that reason, never. */
type Turn = "now" | "later" | Refusal;

const EARLIER_FAILED = { code: "earlier_failed", detail: "what it was to come after has come to nothing" };
const SUPERSEDED = { code: "superseded", detail: "something newer is wanted of the symbol" };

/** When to try again what takes a price that nobody has said. */
const PRICE_RETRY_MS = 15_000;

/** Everything that a signal asks for, as far as its turn has come; the rest is stored. */
export function carryOutInTurn(
  sql: SqlStorage,
  instructions: readonly Instruction[],
  context: CarryingContext,
): StoredStep[] {
  const steps: StoredStep[] = [];
  for (const instruction of instructions) {
    steps.push(
      ...(isInSymbol(instruction) ? [inTurn(sql, instruction, steps, context)] : carryOut(sql, instruction, context)),
    );
  }
  return steps;
}

/** Carried out at once where there is nothing to wait for. `earlier`: the steps of its signal before it. */
function inTurn(
  sql: SqlStorage,
  instruction: SymbolInstruction,
  earlier: readonly StoredStep[],
  context: CarryingContext,
): StoredStep {
  const turn = turnAfter(sql, instruction, earlier);
  if (turn === "now") return carryOutOne(sql, instruction, context);
  if (turn !== "later") return failed(stepOf(instruction), turn);
  storeSequel(sql, sequelOf(instruction, earlier.length, context));
  return { ...stepOf(instruction), outcome: "waiting" };
}

function sequelOf(
  instruction: SymbolInstruction,
  place: number,
  { signal, id, nowMs }: CarryingContext,
): Parameters<typeof storeSequel>[1] {
  const { source, actor, sender, requestId, clientIp, settings, circumstances, stopReach } = signal;
  // What the sender believes to be held is of before the signal.
  const { positionBefore: _, ...then } = circumstances;
  const carried = { source, actor, sender, requestId, clientIp, settings, circumstances: then, stopReach };
  return { signal: id, place, instruction, carried, opensUntilMs: nowMs + APPROVAL_TTL_MS };
}

/** A goal to be planned anew, or a sequel whose turn has come or never will. */
type Due = { readonly instruction: Instruction; readonly carryOn: (context: GoalContext) => void };

/** Everything that can go on by now. */
export const readDue = (sql: SqlStorage, nowMs: number): Due[] => [
  ...readDueGoals(sql).map(({ id, goal: { instruction } }): Due => ({
    instruction,
    carryOn: (context) => void carryOn(sql, id, context),
  })),
  ...readTurns(sql, nowMs).map((sequel): Due => ({
    instruction: sequel.instruction,
    carryOn: (context) => takeTurn(sql, sequel, context),
  })),
];

/** Whether there is any of that. Asked at every step of every order, so it is one question where nothing waits. */
export function isAnythingDue(sql: SqlStorage, nowMs: number): boolean {
  const { goals, sequels } = sql
    .exec<{ goals: number; sequels: number }>(
      `SELECT EXISTS (SELECT 1 FROM goals WHERE is_open = 1 AND is_due = 1) AS goals,
         EXISTS (SELECT 1 FROM sequels) AS sequels`,
    )
    .one();
  return goals === 1 || (sequels === 1 && readTurns(sql, nowMs).length > 0);
}

const readTurns = (sql: SqlStorage, nowMs: number): Sequel[] =>
  readNext(sql).filter((sequel) => turnOf(sql, sequel, nowMs) !== "later");

/** Carries it out, or ends it, if its turn has come since or never will. */
function takeTurn(sql: SqlStorage, key: Pick<Sequel, "signal" | "place">, context: GoalContext): void {
  const { nowMs } = context;
  const sequel = findSequel(sql, key);
  const turn = sequel === undefined ? "later" : turnOf(sql, sequel, nowMs);
  if (sequel === undefined || turn === "later") return;
  const { instruction } = sequel;
  if (turn === "now" && lacksPrice(sql, instruction, context)) {
    putOff(sql, sequel, nowMs + PRICE_RETRY_MS);
    return;
  }
  const step =
    turn === "now"
      ? carryOutOne(sql, instruction, { ...context, ...namesOf(sql, sequel, nowMs) })
      : failed(stepOf(instruction), turn);
  endSequel(sql, sequel, step, context);
  // What comes to nothing with it takes nothing that has to be learned first.
  const next = nextAfter(sql, sequel);
  if (next !== undefined && isRefusal(turnOf(sql, next, nowMs))) takeTurn(sql, next, context);
}

function namesOf(sql: SqlStorage, { carried, signal: id, opensUntilMs }: Sequel, nowMs: number) {
  const isOutOfForce = isRevoked(sql, carried.source, carried.sender);
  return { signal: carried, id, opensUntilMs: isOutOfForce ? nowMs : opensUntilMs };
}

/** What opens nothing is not given up because nobody says a price for a moment: it may be all that protects a position. */
function lacksPrice(sql: SqlStorage, instruction: SymbolInstruction, context: GoalContext): boolean {
  if (!onlyTakesOff(instruction) || !goesByMarket(instruction)) return false;
  const { price, position } = marketFactsOf(sql, instruction.symbol, context);
  return price === undefined && !isZero(position) && context.policy.reference_price_max_age_sec !== undefined;
}

function carryOutOne(sql: SqlStorage, instruction: SymbolInstruction, context: CarryingContext): StoredStep {
  const [step, ...others] = carryOut(sql, instruction, context);
  assert(step !== undefined && others.length === 0, "what is asked of one symbol is one step");
  return step;
}

function turnOf(sql: SqlStorage, sequel: Sequel, nowMs: number): Turn {
  const { signal, place, instruction, isOvertaken, notBeforeMs } = sequel;
  if (isOvertaken) return SUPERSEDED;
  if (notBeforeMs > nowMs) return "later";
  const found = findSignal(sql, signal);
  assert(found !== undefined, "what waits has no signal");
  return turnAfter(sql, instruction, found.signal.steps.slice(0, place));
}

/**
 * What opens waits until everything before it in its symbol is settled, and comes to nothing with any of that. What only takes
 * something off waits as well, and is carried out all the same; and where it rests, such as a stop, it waits for the end of every
 * entry before it: it is to protect them whole.
 */
function turnAfter(sql: SqlStorage, instruction: SymbolInstruction, earlier: readonly StoredStep[]): Turn {
  const before = earlier.filter(({ symbol }) => symbol === instruction.symbol);
  if (before.some(({ outcome }) => outcome === "waiting")) return "later";
  if (instruction.action === "cancel") return "now";
  const takesOff = onlyTakesOff(instruction);
  if (takesOff && !tradesAtOnce(instruction)) {
    return before.every((step) => opensNoMore(sql, step)) ? "now" : "later";
  }
  const takenBack = new Set(earlier.flatMap(({ canceled }) => canceled));
  const turns = before.map((step) => turnAfterStep(sql, step, takenBack));
  const refusal = takesOff ? undefined : turns.find(isRefusal);
  return refusal ?? (turns.includes("later") ? "later" : "now");
}

const isRefusal = (turn: Turn): turn is Refusal => typeof turn !== "string";

/** Settled is what has nothing under way any more: its last order is filled whole, or rests at the venue, or its own signal has taken it back. */
function turnAfterStep(sql: SqlStorage, step: StoredStep, takenBack: ReadonlySet<OrderId>): Turn {
  const { outcome, orders } = stepAsItStands(sql, step);
  if (outcome === "failed") return EARLIER_FAILED;
  if (outcome === "working") return "later";
  const last = orders.at(-1);
  const row = last === undefined || takenBack.has(last) ? undefined : findOrder(sql, last);
  return row === undefined ? "now" : turnAfterOrder(row);
}

function turnAfterOrder(row: OrderRow): Turn {
  const { status } = row.order;
  if (status === "filled" || status === "shadowed") return "now";
  if (isTerminal(status)) return EARLIER_FAILED;
  return rests(row) ? "now" : "later";
}

const rests = (row: OrderRow): boolean =>
  row.order.delivery === "delivered" && row.order.cancel_requested_at === null && !isAtOnce(row);

/** Whether each of its orders has ended, however, or only takes something off and rests. */
function opensNoMore(sql: SqlStorage, step: StoredStep): boolean {
  const { outcome, orders } = stepAsItStands(sql, step);
  return outcome !== "working" && orders.every((id) => isOutOfTheWay(sql, id));
}

/** What has taken an order's place is still what was asked for. */
function isOutOfTheWay(sql: SqlStorage, id: OrderId): boolean {
  const row = findOrder(sql, id);
  if (row === undefined) return true;
  const { status, replaced_by: successor } = row.order;
  const hasEnded = isTerminal(status) || (row.isExit && rests(row));
  return hasEnded && (successor === null || isOutOfTheWay(sql, successor));
}
