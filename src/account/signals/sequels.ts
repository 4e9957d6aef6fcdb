// What a signal asks for after something else in the same symbol. It waits until that is settled, and is carried out then as if it
// had come then; what could open something comes to nothing where what it waits for has. Whether its turn has come is worked out
// anew from what is stored, every time. The caller wraps each in transactionSync.
import { closingSide, sideHeld } from "../../domain/goal/goal.ts";
import { tradesAtOnce } from "../../domain/goal/obstacles.ts";
import type { Refusal } from "../../domain/goal/terms.ts";
import type { OrderId } from "../../domain/ids.ts";
import { isPositive, negate, sum } from "../../domain/money.ts";
import { type Side, isTerminal } from "../../domain/order.ts";
import { assert } from "../../domain/result.ts";
import { APPROVAL_TTL_MS } from "../../domain/risk/approved.ts";
import { type SymbolInstruction, isInSymbol, onlyTakesOff, sideAsked } from "../../domain/signal/in-symbol.ts";
import type { Instruction } from "../../domain/signal/instruction.ts";
import { carryOut } from "./carry-out.ts";
import { readDueGoals } from "./goal-store.ts";
import { type GoalContext, carryOn, isRevoked } from "./goals.ts";
import { type OrderRow, findOrder, isAtOnce } from "../orders/orders.ts";
import { positionIn } from "../positions/positions.ts";
import type { CarryingContext } from "./pursue.ts";
import { type Sequel, endSequel, findSequel, nextAfter, readNext, storeSequel } from "./sequel-store.ts";
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
  for (const instruction of instructions) {
    steps.push(
      ...(isInSymbol(instruction) ? [inTurn(sql, instruction, steps, context)] : carryOut(sql, instruction, context)),
    );
  }
  return steps;
}

/** Carried out at once where there is nothing to wait for. */
function inTurn(
  sql: SqlStorage,
  instruction: SymbolInstruction,
  earlier: readonly StoredStep[],
  context: CarryingContext,
): StoredStep {
  const turn = turnAfter(sql, instruction, earlier);
  if (turn === "now") return carryOutOne(sql, instruction, context);
  if (turn !== "later") return failed(stepOf(instruction), turn);
  const heldBefore = positionIn(sql, instruction.symbol);
  storeSequel(sql, { ...sequelOf(instruction, earlier.length, context), heldBefore });
  return { ...stepOf(instruction), outcome: "waiting" };
}

function sequelOf(
  instruction: SymbolInstruction,
  place: number,
  { signal, id, nowMs }: CarryingContext,
): Omit<Sequel, "newer" | "heldBefore"> {
  const { source, actor, sender, requestId, clientIp, settings, circumstances, stopReach } = signal;
  // What the sender believes to be held is of before the signal.
  const { positionBefore: _, ...then } = circumstances;
  const carried = { source, actor, sender, requestId, clientIp, settings, circumstances: then, stopReach };
  return { signal: id, place, instruction, carried, opensUntilMs: nowMs + APPROVAL_TTL_MS };
}

/** A goal to be planned anew, or a sequel whose turn has come or never will. */
export type Due = {
  readonly id: string;
  readonly instruction: Instruction;
  readonly carryOn: (context: GoalContext) => void;
};

/** Everything that can go on by now. */
export const readDue = (sql: SqlStorage): Due[] => [
  ...readDueGoals(sql).map(({ id, goal: { instruction } }): Due => ({
    id,
    instruction,
    carryOn: (context) => void carryOn(sql, id, context),
  })),
  ...readTurns(sql).map((sequel): Due => ({
    id: `${sequel.signal}/${sequel.place}`,
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

const readTurns = (sql: SqlStorage): Sequel[] => readNext(sql).filter((sequel) => turnOf(sql, sequel) !== "later");

/** Carries it out, or ends it, if its turn has come since or never will. */
function takeTurn(sql: SqlStorage, key: Pick<Sequel, "signal" | "place">, context: GoalContext): void {
  const sequel = findSequel(sql, key);
  const turn = sequel === undefined ? "later" : turnOf(sql, sequel);
  if (sequel === undefined || turn === "later") return;
  const { instruction, carried, signal: id } = sequel;
  const opensUntilMs = isRevoked(sql, carried.source, carried.sender) ? context.nowMs : sequel.opensUntilMs;
  const step =
    turn === "now"
      ? carryOutOne(sql, instruction, { ...context, signal: carried, id, opensUntilMs })
      : failed(stepOf(instruction), turn);
  endSequel(sql, sequel, step, context);
  // What comes to nothing with it takes nothing that has to be learned first.
  const next = nextAfter(sql, sequel);
  if (next !== undefined && isRefusal(turnOf(sql, next))) takeTurn(sql, next, context);
}

function carryOutOne(sql: SqlStorage, instruction: SymbolInstruction, context: CarryingContext): StoredStep {
  const [step, ...others] = carryOut(sql, instruction, context);
  assert(step !== undefined && others.length === 0, "what is asked of one symbol is one step");
  return step;
}

function turnOf(sql: SqlStorage, sequel: Sequel): Turn {
  const { signal, place, instruction, newer } = sequel;
  const isOvertaken = newer.goal || (!restsToProtect(instruction) && (newer.buy || newer.sell));
  if (isOvertaken) return SUPERSEDED;
  const found = findSignal(sql, signal);
  assert(found !== undefined, "what waits has no signal");
  const earlier = found.signal.steps.slice(0, place);
  const turn = turnAfter(sql, instruction, earlier);
  return turn !== "later" && isProtectionOvertaken(sql, sequel, earlier) ? SUPERSEDED : turn;
}

/**
 * What opens more is protected as well. An order that closes is the newer word on what is held; and what has been turned round, or
 * opened, by somebody else is not its to close. Which of these it is, is known once everything before it is over.
 */
function isProtectionOvertaken(
  sql: SqlStorage,
  { instruction, newer, heldBefore }: Sequel,
  earlier: readonly StoredStep[],
): boolean {
  if (!newer.buy && !newer.sell) return false;
  const { symbol } = instruction;
  const asked = sideAsked(instruction);
  if (asked !== undefined) return newer[asked];
  const own = earlier
    .flatMap(({ orders }) => orders.flatMap((id) => withSuccessors(sql, id)))
    .filter(({ order }) => order.symbol === symbol)
    .map(({ order }) => (order.side === "buy" ? order.filled_quantity : negate(order.filled_quantity)));
  const meant = sideHeld(sum([heldBefore, ...own]));
  return meant === undefined || meant !== sideHeld(positionIn(sql, symbol)) || newer[closingSide(meant)];
}

const restsToProtect = (instruction: SymbolInstruction): boolean =>
  instruction.action !== "cancel" && onlyTakesOff(instruction) && !tradesAtOnce(instruction);

function sideClosing(sql: SqlStorage, symbol: string): Side | undefined {
  const held = sideHeld(positionIn(sql, symbol));
  return held && closingSide(held);
}

/**
 * What opens waits until everything before it in its symbol is settled, and comes to nothing with any of that. What takes something
 * off at once waits as well, and is carried out all the same. What rests to protect: see {@link turnToProtect}.
 */
function turnAfter(sql: SqlStorage, instruction: SymbolInstruction, earlier: readonly StoredStep[]): Turn {
  const before = earlier.filter(({ symbol }) => symbol === instruction.symbol);
  if (before.some(({ outcome }) => outcome === "waiting")) return "later";
  if (instruction.action === "cancel") return "now";
  const takesOff = onlyTakesOff(instruction);
  const takenBack = new Set(earlier.flatMap(({ canceled }) => canceled));
  const turns = before.map((step) => turnAfterStep(sql, step, takenBack));
  const refusal = turns.find(isRefusal);
  if (restsToProtect(instruction)) {
    const hasCleared = [...takenBack].some((id) => closes(sql, findOrder(sql, id), instruction.symbol));
    return turnToProtect(sql, before, hasCleared ? undefined : refusal);
  }
  const isLate = turns.includes("later");
  return (takesOff ? undefined : refusal) ?? (isLate ? "later" : "now");
}

/** Also one that was no exit yet when it was placed. */
function closes(sql: SqlStorage, row: OrderRow | undefined, symbol: string): boolean {
  if (row === undefined || row.order.symbol !== symbol) return false;
  return row.isExit || row.order.side === sideClosing(sql, symbol);
}

const isRefusal = (turn: Turn): turn is Refusal => typeof turn !== "string";

/**
 * It waits for the end of every entry before it, to protect all of what they have opened. Where one of them has come to nothing, and
 * its signal has neither filled anything nor canceled what protected it, what is held is as it was: that is not its to clear.
 */
function turnToProtect(sql: SqlStorage, before: readonly StoredStep[], refusal: Refusal | undefined): Turn {
  const steps = before.map((step) => stepAsItStands(sql, step));
  const rows = steps.flatMap(({ orders }) => orders.flatMap((id) => withSuccessors(sql, id)));
  const isOver = steps.every(({ outcome }) => outcome !== "working") && rows.every(isOutOfTheWay);
  if (!isOver) return "later";
  const hasChanged = rows.some(({ order, isExit }) => isExit || isPositive(order.filled_quantity));
  return hasChanged ? "now" : (refusal ?? "now");
}

/** Settled is what has nothing under way any more: its last order is filled whole, or rests at the venue. */
function turnAfterStep(sql: SqlStorage, step: StoredStep, takenBack: ReadonlySet<OrderId>): Turn {
  const { outcome, orders } = stepAsItStands(sql, step);
  if (outcome === "failed") return EARLIER_FAILED;
  if (outcome === "working") return "later";
  const last = orders.at(-1);
  const rows = last === undefined ? [] : withSuccessors(sql, last);
  const row = rows.find(({ order }) => order.status === "filled" || !isTerminal(order.status)) ?? rows.at(-1);
  if (row === undefined) return "now";
  if (last !== undefined && takenBack.has(last)) return isTerminal(row.order.status) ? "now" : "later";
  return turnAfterOrder(row);
}

function turnAfterOrder(row: OrderRow): Turn {
  const { status } = row.order;
  if (status === "filled" || status === "shadowed") return "now";
  if (isTerminal(status)) return EARLIER_FAILED;
  return rests(row) ? "now" : "later";
}

const rests = (row: OrderRow): boolean =>
  row.order.delivery === "delivered" && row.order.cancel_requested_at === null && !isAtOnce(row);

/** An order, and what somebody has put in its place: that is still what was asked for. */
function withSuccessors(sql: SqlStorage, id: OrderId): OrderRow[] {
  const row = findOrder(sql, id);
  if (row === undefined) return [];
  const { replaced_by: next } = row.order;
  return next === null ? [row] : [row, ...withSuccessors(sql, next)];
}

/** Whether it has ended, however, or only takes something off and rests. */
const isOutOfTheWay = (row: OrderRow): boolean => isTerminal(row.order.status) || (row.isExit && rests(row));
