// What a signal wants of a position, begun as a goal, and what keeps it from being begun.
import type { PositionInstruction } from "../../domain/goal/goal.ts";
import type { Refusal } from "../../domain/goal/terms.ts";
import type { OrderId } from "../../domain/ids.ts";
import { type Decimal, ZERO, isPositive, isZero, lessThan } from "../../domain/money.ts";
import type { Side } from "../../domain/order.ts";
import { isAtLeast } from "../../domain/origin.ts";
import { assertNever } from "../../domain/result.ts";
import { APPROVAL_TTL_MS } from "../../domain/risk/approved.ts";
import { type SymbolInstruction, isInSymbol, onlyTakesOff } from "../../domain/signal/in-symbol.ts";
import type { Instruction } from "../../domain/signal/instruction.ts";
import { openGoalIn } from "./goal-store.ts";
import { type GoalContext, isLeftUnderStop, startGoal } from "./goals.ts";
import { positionIn } from "../positions/positions.ts";
import { isIdleIn } from "../positions/working.ts";
import { failed, stepOf } from "./signal-step.ts";
import type { StoredStep } from "./signals.ts";
import { tradingStateOf } from "../stops/stops.ts";
import type { Carried, Mandate } from "../door/envelope.ts";

/** `id`: of the signal, or of what is kept like one. */
export type PursuingContext = GoalContext & { readonly signal: Mandate; readonly id: OrderId };

export type CarryingContext = PursuingContext & Opening & { readonly signal: Carried };

type Opening = {
  /** From then on nothing is opened for it any more. */
  readonly opensUntilMs?: number;
};

type PursuitContext = PursuingContext &
  Opening & {
    /** What the step is called, where the instruction is not what the signal said. */
    readonly action?: string;
  };

export function pursue(sql: SqlStorage, instruction: PositionInstruction, context: PursuitContext): StoredStep {
  const { signal, id, nowMs, action = instruction.action, opensUntilMs = nowMs + APPROVAL_TTL_MS } = context;
  const step = { ...stepOf(instruction), action };
  const names = {
    id: context.newId().order,
    signal: id,
    source: signal.source,
    requestId: signal.requestId,
    sender: signal.sender,
  };
  const wanted = { ...names, expiresAtMs: opensUntilMs, instruction, settings: signal.settings };
  const started = startGoal(sql, wanted, context);
  return started.ok ? { ...step, goal: started.value.id, outcome: "working" } : failed(step, started.error);
}

/**
 * What keeps all of it from being begun: to get out of the way, orders of others are canceled before its own is held against the
 * rules, so what the rules will deny in any case must not come so far.
 */
export function refusalOf(sql: SqlStorage, instruction: Instruction, context: PursuingContext): Refusal | undefined {
  const { signal, minimumOrigin, isDisabled } = context;
  const origin = signal.sender?.origin ?? "hmac";
  if (!isAtLeast(origin, minimumOrigin)) {
    return { code: "origin_not_proven", detail: `${origin} is proven, ${minimumOrigin} is asked for` };
  }
  if (!isInSymbol(instruction)) return undefined;
  if (isMisspelled(sql, instruction, context)) {
    return {
      code: "instrument_unknown",
      detail: `the broker lists no ${instruction.symbol}, and there is nothing of it here`,
    };
  }
  if (instruction.action === "cancel") return undefined;
  if (isDisabled) return { code: "account_disabled", detail: "an operator has closed the account for every order" };
  const state = tradingStateOf(sql, { source: signal.source, symbol: instruction.symbol });
  if (state === "halted") return { code: "trading_halted", detail: "trading is halted" };
  if (state === "reducing" && signal.settings.isUnderStop !== true && isLeftUnderStop(sql, instruction.symbol)) {
    return { code: "being_left", detail: "a stop has the position closed already" };
  }
  const opens =
    instruction.action === "add" || (instruction.action === "enter" && !onlyCloses(sql, instruction, context));
  return state === "reducing" && opens ? { code: "reducing_only", detail: "only exits pass" } : undefined;
}

/** What only takes something off would have nothing to do, and say so, also where somebody means another symbol. */
const isMisspelled = (sql: SqlStorage, instruction: SymbolInstruction, { instruments }: PursuingContext): boolean =>
  onlyTakesOff(instruction) &&
  instruments.isUnlisted(instruction.symbol) &&
  isIdleIn(sql, instruction.symbol) &&
  openGoalIn(sql, instruction.symbol) === undefined;

/** As things stand. What becomes of it by the time that its turn comes opens nothing either: see `opensUntilMs`. */
export function onlyCloses(sql: SqlStorage, instruction: PositionInstruction, { signal }: PursuingContext): boolean {
  const held = positionIn(sql, instruction.symbol);
  switch (instruction.action) {
    case "enter": {
      const isExit = signal.settings.onOpposite === "exit" || instruction.opposite === "reduce";
      return isExit && opposes(instruction.side, held);
    }
    case "target":
      return isZero(instruction.position) && !isZero(held);
    case "exit":
      return true;
    case "add":
    case "reverse":
      return false;
    default:
      return assertNever(instruction);
  }
}

export const opposes = (side: Side, position: Decimal): boolean =>
  side === "sell" ? isPositive(position) : lessThan(position, ZERO);
