// What comes of one instruction of a signal: an order, a goal, a cancel or a stop. The caller wraps it in transactionSync.
import type { GoalSettings, PositionInstruction } from "../../domain/goal/goal.ts";
import type { Refusal } from "../../domain/goal/terms.ts";
import type { Order, Verdict } from "../../domain/order.ts";
import { assertNever } from "../../domain/result.ts";
import type { Instruction } from "../../domain/signal/instruction.ts";
import { examineSignal, objectionIn, verdictsFrom } from "../../domain/signal/objection.ts";
import { type PlainInstruction, plainOrder } from "../../domain/signal/plain-order.ts";
import { cancelNamed } from "./cancel-named.ts";
import { flatten } from "./flatten.ts";
import { marketFactsOf } from "./goals.ts";
import { placeOrder } from "../orders/place-order.ts";
import { positionIn } from "../positions/positions.ts";
import { type CarryingContext, onlyCloses, opposes, pursue, refusalOf } from "./pursue.ts";
import { failed, stepOf } from "./signal-step.ts";
import type { StoredStep } from "./signals.ts";
import { stopBySignal } from "../stops/stop-by-signal.ts";

export function carryOut(sql: SqlStorage, instruction: Instruction, context: CarryingContext): StoredStep[] {
  const refusal = refusalOf(sql, instruction, context);
  if (refusal !== undefined) return [failed(stepOf(instruction), refusal)];
  switch (instruction.action) {
    case "buy":
    case "sell": {
      const isExit =
        instruction.reduce_only === true || opposes(instruction.action, positionIn(sql, instruction.symbol));
      const { objection, verdicts } = holdAgainstRules(sql, instruction.symbol, isExit, context);
      if (objection !== undefined && !isExit) return [{ ...failed(stepOf(instruction), objection), verdicts }];
      const isOrder = objection === undefined && instruction.reduce_only !== true;
      return [{ ...(isOrder ? place : exitBy)(sql, instruction, context), verdicts }];
    }
    case "exit": {
      const { verdicts } = holdAgainstRules(sql, instruction.symbol, true, context);
      return [{ ...pursue(sql, instruction, context), verdicts }];
    }
    case "enter":
    case "add":
    case "reverse":
    case "target": {
      const isExit = onlyCloses(sql, instruction, context);
      const { objection, verdicts } = holdAgainstRules(sql, instruction.symbol, isExit, context);
      if (objection !== undefined && !isExit) return [{ ...failed(stepOf(instruction), objection), verdicts }];
      const pursuing = objection === undefined ? context : { ...context, opensUntilMs: context.nowMs };
      return [{ ...pursue(sql, instruction, pursuing), verdicts }];
    }
    case "flatten":
      return flatten(sql, context);
    case "cancel":
      return [cancelNamed(sql, instruction, context)];
    case "stop":
      return stopBySignal(sql, instruction, context);
    default:
      return assertNever(instruction);
  }
}

/** What the rules about a signal say of it at this moment, and why nothing is opened for it, if that is so. */
function holdAgainstRules(
  sql: SqlStorage,
  symbol: string,
  isExit: boolean,
  { signal, nowMs, opensUntilMs = Infinity }: CarryingContext,
): { readonly objection: Refusal | undefined; readonly verdicts: readonly Verdict[] } {
  const facts = { nowMs, position: positionIn(sql, symbol) };
  const findings = examineSignal(signal.circumstances, signal.settings, facts);
  const objection = nowMs >= opensUntilMs ? LAPSED : objectionIn(findings);
  return { objection, verdicts: verdictsFrom(findings, isExit) };
}

const LAPSED: Refusal = { code: "approval_lapsed", detail: "the signal is too old to open anything" };

/** A sale that may only take something off is a way out of what is long, and a purchase out of what is short. */
const exitOf = (
  { action, size, ...terms }: PlainInstruction,
  { defaultSize }: GoalSettings,
): Extract<PositionInstruction, { readonly action: "exit" }> => ({
  ...terms,
  action: "exit",
  size: size ?? defaultSize ?? undefined,
  position: action === "sell" ? "long" : "short",
});

/** Without a size it is as much as the order would have been, and never all that is held. */
function exitBy(sql: SqlStorage, instruction: PlainInstruction, context: CarryingContext): StoredStep {
  const exit = exitOf(instruction, context.signal.settings);
  if (exit.size !== undefined) return pursue(sql, exit, { ...context, action: instruction.action });
  return failed(stepOf(instruction), { code: "no_size", detail: "neither the signal nor the source says how much" });
}

function place(sql: SqlStorage, instruction: PlainInstruction, context: CarryingContext): StoredStep {
  const { signal } = context;
  const planned = plainOrder(instruction, signal.settings.defaultSize, marketFactsOf(sql, instruction.symbol, context));
  const step = stepOf(instruction);
  if (!planned.ok) return failed(step, planned.error);
  const order = placeOrder(sql, planned.value.order, {
    ...context,
    source: signal.source,
    requestId: signal.requestId,
    sender: signal.sender,
    goal: null,
    arithmetic: planned.value.arithmetic,
  });
  if (order.status === "denied")
    return { ...failed(step, { code: "order_denied", detail: whyDenied(order) }), orders: [order.id] };
  return { ...step, outcome: order.status === "shadowed" ? "shadowed" : "ordered", orders: [order.id] };
}

/** With what the rule has measured, and the limit it was held against. */
function whyDenied({ reason, id, verdicts }: Order): string {
  const verdict = verdicts.find(({ passed }) => !passed);
  const measured = verdict === undefined ? "" : ` (${verdict.input}, limit ${verdict.limit ?? "not set"})`;
  return `${reason?.code ?? "denied"}${measured}, order ${id}`;
}
