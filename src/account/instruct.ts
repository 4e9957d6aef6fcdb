// A signal that is more than one order: its transaction. Replay, rate and idempotency as with an order; then everything that it
// asks for, in that order, all of it or nothing. The caller wraps it in transactionSync.
import type { GoalSettings, PositionInstruction } from "../domain/goal/goal.ts";
import type { Refusal } from "../domain/goal/terms.ts";
import type { OrderId } from "../domain/ids.ts";
import { type Decimal, ZERO, isPositive, isZero, lessThan } from "../domain/money.ts";
import type { Order, Side } from "../domain/order.ts";
import { type Result, assertNever, err, ok } from "../domain/result.ts";
import type { Circumstances, Notice } from "../domain/signal/format.ts";
import type { Instruction } from "../domain/signal/instruction.ts";
import { type SignalLimits, gapNotice, objectionTo } from "../domain/signal/objection.ts";
import { NO_LEGS, type PlainInstruction, plainOrder } from "../domain/signal/plain-order.ts";
import type { BucketLimits } from "../domain/token-bucket.ts";
import type { TradingStop } from "../domain/trading-stop.ts";
import { APPROVAL_TTL_MS, type Signal, type SignalRefusal, meterOf } from "./admit.ts";
import { cancelOrder } from "./cancel.ts";
import { leastRevisionOf } from "./configuration.ts";
import { type GoalContext, marketFactsOf, startGoal } from "./goals.ts";
import { append } from "./journal.ts";
import { claim, readUse } from "./nonces.ts";
import { findByIdempotencyKey, readLive } from "./orders.ts";
import { placeOrder } from "./place-order.ts";
import { positionIn, readPositions } from "./positions.ts";
import type { RecordContext } from "./record.ts";
import { type StoredSignal, type StoredStep, findSignal, findSignalByKey, storeSignal } from "./signals.ts";
import { setStop } from "./stops.ts";

export type InstructionSignal = Omit<Signal, "order" | "proof"> & {
  readonly proof: NonNullable<Signal["proof"]>;
  readonly instructions: readonly Instruction[];
  /** The sender's own name for it. */
  readonly name: string | null;
  readonly settings: GoalSettings & SignalLimits;
  readonly format: string;
  readonly circumstances: Circumstances;
  readonly notices: readonly Notice[];
};

export type InstructArgs = GoalContext & {
  readonly signal: InstructionSignal;
  readonly limits: BucketLimits;
};

export type Instructed = {
  readonly signal: StoredSignal;
  readonly duplicate: boolean;
  readonly remaining: number;
  readonly limits: BucketLimits;
};

export function instruct(sql: SqlStorage, args: InstructArgs): Result<Instructed, SignalRefusal> {
  const { signal, limits, nowMs } = args;
  const { revision } = signal.sender ?? { revision: null };
  if (revision !== null && revision < leastRevisionOf(sql, signal.source)) return err({ reason: "stale_source" });
  const { claims } = signal.proof;
  const use = readUse(sql, claims, signal.requestId, nowMs);
  if (use.used !== "never") {
    const first = use.orderId === null ? undefined : findSignal(sql, use.orderId)?.signal;
    const isAnswered = use.used === "by_itself" || claims.repeats === "answered";
    if (first === undefined || !isAnswered) return err({ reason: "replayed" });
    return ok({ signal: first, duplicate: use.used === "before", remaining: 0, limits });
  }
  const meter = meterOf(sql, args);
  const draw = meter.draw(limits);
  if (!draw.allowed) return err({ reason: "rate_limited", retryAfterMs: draw.retryAfterMs, limits });
  // What is placed below counts for itself.
  meter.save();
  const { id, duplicate, stored } = once(sql, args);
  claim(sql, claims, signal.requestId, id);
  return stored === undefined
    ? err({ reason: "idempotency_conflict", orderId: id })
    : ok({ signal: stored, duplicate, remaining: draw.remaining, limits });
}

/** What it has come to: the signal that has its names already, or a new one; nothing, where that one asked for something else. */
function once(
  sql: SqlStorage,
  args: InstructArgs,
): { readonly id: OrderId; readonly duplicate: boolean; readonly stored: StoredSignal | undefined } {
  const { signal } = args;
  const request = JSON.stringify(signal.instructions);
  const keys = [...new Set([signal.idempotencyKey, signal.name].filter((key) => key !== null))];
  // A name that an order has is not a signal's as well.
  const ordered = keys.flatMap((key) => findByIdempotencyKey(sql, signal.source, key)?.order.id ?? [])[0];
  if (ordered !== undefined) return { id: ordered, duplicate: true, stored: undefined };
  const earlier = keys.map((key) => findSignalByKey(sql, signal.source, key)).find((found) => found !== undefined);
  if (earlier !== undefined) {
    const isSame = earlier.request === request;
    journalSignal(sql, args, isSame ? "signal.duplicate" : "signal.conflict", earlier.signal);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a signal's id has the form of an order's
    return { id: earlier.signal.id as OrderId, duplicate: true, stored: isSame ? earlier.signal : undefined };
  }
  const { order: id } = args.newId();
  const gaps = gapsIn(sql, signal);
  const steps = signal.instructions.flatMap((instruction) => carryOut(sql, instruction, { ...args, signal, id }));
  const stored: StoredSignal = {
    id,
    account: args.account,
    source: signal.source,
    requestId: signal.requestId,
    format: signal.format,
    steps,
    notices: [...signal.notices, ...gaps],
    createdAt: new Date(args.nowMs).toISOString(),
  };
  storeSignal(sql, stored, request, keys);
  journalSignal(sql, args, "signal.accepted", stored);
  return { id, duplicate: false, stored };
}

const gapsIn = (sql: SqlStorage, { instructions, circumstances, settings }: InstructionSignal): Notice[] =>
  [...new Set(instructions.flatMap((instruction) => ("symbol" in instruction ? (instruction.symbol ?? []) : [])))]
    .map((symbol) => gapNotice(circumstances, settings, positionIn(sql, symbol)))
    .filter((notice) => notice !== undefined);

type CarryingContext = GoalContext & { readonly signal: InstructionSignal; readonly id: OrderId };

function carryOut(sql: SqlStorage, instruction: Instruction, context: CarryingContext): StoredStep[] {
  switch (instruction.action) {
    case "buy":
    case "sell": {
      const { action } = instruction;
      const objection = objectionOf(sql, instruction.symbol, context);
      if (objection === undefined && instruction.reduce_only !== true) return [place(sql, instruction, context)];
      const isExit = instruction.reduce_only === true || opposes(action, positionIn(sql, instruction.symbol));
      if (objection !== undefined && !isExit) return [failed(stepOf(instruction), objection)];
      return [pursue(sql, exitOf(instruction), action, context)];
    }
    case "exit":
      return [pursue(sql, instruction, instruction.action, context)];
    case "enter":
    case "add":
    case "reverse":
    case "target": {
      const objection = objectionOf(sql, instruction.symbol, context);
      if (objection !== undefined) return [failed(stepOf(instruction), objection)];
      return [pursue(sql, instruction, instruction.action, context)];
    }
    case "flatten":
      return flatten(sql, context);
    case "cancel":
      return [cancel(sql, instruction, context)];
    case "stop":
      return [stop(sql, instruction, context)];
    default:
      return assertNever(instruction);
  }
}

const objectionOf = (sql: SqlStorage, symbol: string, { signal, nowMs }: CarryingContext): Refusal | undefined =>
  objectionTo(signal.circumstances, signal.settings, { nowMs, position: positionIn(sql, symbol) });

const opposes = (side: Side, position: Decimal): boolean =>
  side === "sell" ? isPositive(position) : lessThan(position, ZERO);

/** A sale that may only take something off is a way out of what is long, and a purchase out of what is short. */
const exitOf = ({ action, ...terms }: PlainInstruction): PositionInstruction => ({
  ...terms,
  action: "exit",
  position: action === "sell" ? "long" : "short",
});

function place(sql: SqlStorage, instruction: PlainInstruction, context: CarryingContext): StoredStep {
  const { signal, referencePrices } = context;
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
    referencePrice: referencePrices.get(instruction.symbol),
  });
  if (order.status === "denied")
    return { ...failed(step, { code: "order_denied", detail: codeOf(order) }), orders: [order.id] };
  return { ...step, outcome: "ordered", orders: [order.id] };
}

function pursue(
  sql: SqlStorage,
  instruction: PositionInstruction,
  action: string,
  context: CarryingContext,
): StoredStep {
  const { signal, id, nowMs } = context;
  const step = { ...stepOf(instruction), action };
  if (instruction.take_profit !== undefined || instruction.stop_loss !== undefined) return failed(step, NO_LEGS);
  const names = {
    id: context.newId().order,
    signal: id,
    source: signal.source,
    requestId: signal.requestId,
    sender: signal.sender,
  };
  const wanted = { ...names, expiresAtMs: nowMs + APPROVAL_TTL_MS, instruction, settings: signal.settings };
  const started = startGoal(sql, wanted, context);
  return started.ok ? { ...step, goal: started.value.id, outcome: "working" } : failed(step, started.error);
}

/** Out of everything: what could still open something is canceled, and every position left. */
function flatten(sql: SqlStorage, context: CarryingContext): StoredStep[] {
  const live = readLive(sql);
  const canceled = live.flatMap(({ id }) => cancelOne(sql, id, context));
  const held = [...readPositions(sql)].filter(([, units]) => !isZero(units)).map(([symbol]) => symbol);
  // An order that is being canceled may fill all the same: its symbol is left as well.
  const symbols = [...new Set([...held, ...live.map(({ symbol }) => symbol)])].toSorted();
  const whole: StoredStep = { ...stepOf({ action: "flatten" }), outcome: "done", canceled };
  return [whole, ...symbols.map((symbol) => pursue(sql, { action: "exit", symbol, type: "market" }, "exit", context))];
}

function cancel(
  sql: SqlStorage,
  wanted: Extract<Instruction, { readonly action: "cancel" }>,
  context: CarryingContext,
): StoredStep {
  const reached = readLive(sql).filter(
    (order) =>
      (wanted.symbol === undefined || order.symbol === wanted.symbol) &&
      (wanted.side === undefined || order.side === wanted.side) &&
      (wanted.client_order_id === undefined || order.client_order_id === wanted.client_order_id),
  );
  const canceled = reached.flatMap(({ id }) => cancelOne(sql, id, context));
  const step = { ...stepOf(wanted), canceled, outcome: "done" as const };
  return canceled.length > 0 ? step : { ...step, code: "nothing_to_do", detail: "no such order is live" };
}

/** A source takes itself away: what others send is not for it to stop. */
function stop(
  sql: SqlStorage,
  { state }: Extract<Instruction, { readonly action: "stop" }>,
  { signal, account, nowMs, random, newId }: CarryingContext,
): StoredStep {
  const wanted: TradingStop = {
    id: newId().uuid,
    account,
    source: signal.source,
    symbol: null,
    state,
    level: "source",
    set_by: signal.source,
    set_at: new Date(nowMs).toISOString(),
    reason: `signal ${signal.requestId}`,
  };
  const caller = { actor: signal.actor, requestId: signal.requestId, clientIp: signal.clientIp };
  const set = setStop(sql, wanted, "entries", { account, nowMs, random, caller });
  const canceled = set.canceled.map(({ id }) => id);
  return { ...stepOf({ action: "stop" }), outcome: "done", canceled, detail: `${state}, stop ${set.stop.id}` };
}

function cancelOne(sql: SqlStorage, id: OrderId, { signal, nowMs, random }: CarryingContext): OrderId[] {
  const { actor, requestId, clientIp } = signal;
  const context: RecordContext = { nowMs, random, caller: { actor, requestId, clientIp } };
  return cancelOrder(sql, id, context).ok ? [id] : [];
}

const stepOf = (instruction: { readonly action: string; readonly symbol?: string | undefined }): StoredStep => ({
  action: instruction.action,
  symbol: instruction.symbol ?? null,
  goal: null,
  outcome: "working",
  code: null,
  detail: null,
  orders: [],
  canceled: [],
});

const failed = (step: StoredStep, { code, detail }: Refusal): StoredStep => ({
  ...step,
  outcome: "failed",
  code,
  detail,
});

const codeOf = ({ reason, id }: Order): string => `${reason?.code ?? "denied"}, order ${id}`;

function journalSignal(
  sql: SqlStorage,
  { account, signal, nowMs }: InstructArgs,
  type: "signal.accepted" | "signal.duplicate" | "signal.conflict",
  stored: StoredSignal,
): void {
  const { scheme, keyId, claims } = signal.proof;
  append(sql, account, {
    time: new Date(nowMs).toISOString(),
    type,
    actor: signal.actor,
    request_id: signal.requestId,
    client_ip: signal.clientIp,
    order_id: null,
    symbol: null,
    result: { ok: type !== "signal.conflict", code: type === "signal.conflict" ? "idempotency_conflict" : "accepted" },
    data: {
      scheme,
      key_id: keyId,
      nonce: claims.nonce,
      body_sha256: signal.bodySha256,
      idempotency_key: signal.idempotencyKey,
      signal: stored.id,
      format: signal.format,
      instructions: signal.instructions,
      circumstances: signal.circumstances,
      notices: signal.notices,
      steps: stored.steps,
    },
  });
}
