// A signal that is more than one order: its transaction. Replay, rate and idempotency as with an order; then everything that it
// asks for, in that order, all of it or nothing. The caller wraps it in transactionSync.
import { type GoalSettings, type PositionInstruction, sideWanted } from "../domain/goal/goal.ts";
import type { Refusal } from "../domain/goal/terms.ts";
import { ClientOrderId, type OrderId, OrderId as OrderIdSchema } from "../domain/ids.ts";
import { isAtLeast } from "../domain/origin.ts";
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
import { readOpenGoals } from "./goal-store.ts";
import { type GoalContext, cancelGoal, marketFactsOf, startGoal } from "./goals.ts";
import { append } from "./journal.ts";
import { claim, readUse } from "./nonces.ts";
import { findByClientOrderId, findByIdempotencyKey, readLive, readLiveRows } from "./orders.ts";
import { placeOrder } from "./place-order.ts";
import { positionIn, readPositions } from "./positions.ts";
import type { RecordContext } from "./record.ts";
import {
  type StoredSignal,
  type StoredStep,
  findSignal,
  findSignalByNames,
  findSignalsByNames,
  rememberNames,
  storeSignal,
} from "./signals.ts";
import { setStop, tradingStateOf } from "./stops.ts";

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
  const first = use.used === "never" || use.orderId === null ? undefined : findSignal(sql, use.orderId)?.signal;
  // The same call once more, because its first answer got lost on the way out.
  if (use.used === "by_itself") return first === undefined ? repeatRefusal(sql, args) : answered(args, first, false, 0);
  if (use.used === "before" && (first === undefined || claims.repeats === "refused")) return REPLAYED;

  const meter = meterOf(sql, args);
  // Each thing that it asks for is as much as a signal of its own.
  const draws = signal.instructions.map(() => meter.draw(limits));
  const short = draws.find((draw) => !draw.allowed);
  if (short?.allowed === false) return err({ reason: "rate_limited", retryAfterMs: short.retryAfterMs, limits });
  const last = draws.at(-1);
  const remaining = last?.allowed === true ? last.remaining : 0;
  // What is placed below counts for itself.
  meter.save();
  if (first !== undefined) {
    journalSignal(sql, args, "signal.duplicate", first);
    return answered(args, first, true, remaining);
  }
  const known = findKnown(sql, signal);
  if (known === undefined) {
    const stored = carryOutAll(sql, args);
    claim(sql, claims, signal.requestId, idOf(stored));
    return answered(args, stored, false, remaining);
  }
  journalSignal(sql, args, known.same === undefined ? "signal.conflict" : "signal.duplicate", known.same ?? null);
  if (known.same === undefined) {
    claim(sql, claims, signal.requestId, null);
    return err({ reason: "idempotency_conflict", orderId: known.id });
  }
  claim(sql, claims, signal.requestId, known.id);
  rememberNames(sql, known.same, namesOf(signal));
  return answered(args, known.same, true, remaining);
}

const REPLAYED = err({ reason: "replayed" as const });

const answered = (
  { limits }: InstructArgs,
  signal: StoredSignal,
  duplicate: boolean,
  remaining: number,
): Result<Instructed, never> => ok({ signal, duplicate, remaining, limits });

/** A conflict left nothing but its nonce. */
function repeatRefusal(sql: SqlStorage, { signal }: InstructArgs): Result<never, SignalRefusal> {
  const known = findKnown(sql, signal);
  return known === undefined ? REPLAYED : err({ reason: "idempotency_conflict", orderId: known.id });
}

const namesOf = ({ idempotencyKey, name }: InstructionSignal): string[] => [
  ...new Set([idempotencyKey, name].filter((text) => text !== null)),
];

/** What has one of its names already: `same`, where that is a signal of the same content, and nothing else has the other name. */
function findKnown(
  sql: SqlStorage,
  signal: InstructionSignal,
): { readonly id: OrderId; readonly same: StoredSignal | undefined } | undefined {
  const names = namesOf(signal);
  // A name that an order has is not a signal's as well.
  const ordered = names.flatMap((name) => {
    const named = ClientOrderId.safeParse(name);
    const byName = named.success ? findByClientOrderId(sql, named.data) : undefined;
    return (findByIdempotencyKey(sql, signal.source, name) ?? byName)?.order.id ?? [];
  })[0];
  if (ordered !== undefined) return { id: ordered, same: undefined };
  const [first, ...others] = findSignalsByNames(sql, signal.source, names);
  if (first === undefined) return undefined;
  const isSame = others.length === 0 && first.request === JSON.stringify(signal.instructions);
  return { id: idOf(first.signal), same: isSame ? first.signal : undefined };
}

/** A signal's id has the form of an order's. */
const idOf = ({ id }: StoredSignal): OrderId => OrderIdSchema.parse(id);

function carryOutAll(sql: SqlStorage, args: InstructArgs): StoredSignal {
  const { signal } = args;
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
  storeSignal(sql, stored, JSON.stringify(signal.instructions), namesOf(signal));
  journalSignal(sql, args, "signal.accepted", stored);
  return stored;
}

const gapsIn = (sql: SqlStorage, { instructions, circumstances, settings }: InstructionSignal): Notice[] =>
  [...new Set(instructions.flatMap((instruction) => ("symbol" in instruction ? (instruction.symbol ?? []) : [])))]
    .map((symbol) => gapNotice(circumstances, settings, positionIn(sql, symbol)))
    .filter((notice) => notice !== undefined);

type CarryingContext = GoalContext & { readonly signal: InstructionSignal; readonly id: OrderId };

type PursuingContext = CarryingContext & {
  /** What the step is called, where the instruction is not what the signal said. */
  readonly action?: string;
  /** From then on nothing is opened for it any more. */
  readonly opensUntilMs?: number;
};

function carryOut(sql: SqlStorage, instruction: Instruction, context: CarryingContext): StoredStep[] {
  const refusal = refusalOf(sql, instruction, context);
  if (refusal !== undefined) return [failed(stepOf(instruction), refusal)];
  switch (instruction.action) {
    case "buy":
    case "sell": {
      const objection = objectionOf(sql, instruction.symbol, context);
      if (objection === undefined && instruction.reduce_only !== true) return [place(sql, instruction, context)];
      const isExit =
        instruction.reduce_only === true || opposes(instruction.action, positionIn(sql, instruction.symbol));
      if (objection !== undefined && !isExit) return [failed(stepOf(instruction), objection)];
      return [exitBy(sql, instruction, context)];
    }
    case "exit":
      return [pursue(sql, instruction, context)];
    case "enter":
    case "add":
    case "reverse":
    case "target": {
      const objection = objectionOf(sql, instruction.symbol, context);
      if (objection === undefined) return [pursue(sql, instruction, context)];
      return onlyCloses(sql, instruction, context)
        ? [pursue(sql, instruction, { ...context, opensUntilMs: context.nowMs })]
        : [failed(stepOf(instruction), objection)];
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

/**
 * What keeps all of it from being begun: to get out of the way, orders of others are canceled before its own is held against the
 * rules, so what the rules will deny in any case must not come so far.
 */
function refusalOf(sql: SqlStorage, instruction: Instruction, context: CarryingContext): Refusal | undefined {
  const { signal, minimumOrigin } = context;
  const origin = signal.sender?.origin ?? "hmac";
  if (!isAtLeast(origin, minimumOrigin)) {
    return { code: "origin_not_proven", detail: `${origin} is proven, ${minimumOrigin} is asked for` };
  }
  if (!("symbol" in instruction) || instruction.symbol === undefined || instruction.action === "cancel")
    return undefined;
  const state = tradingStateOf(sql, { source: signal.source, symbol: instruction.symbol });
  if (state === "halted") return { code: "trading_halted", detail: "trading is halted" };
  const opens =
    instruction.action === "add" || (instruction.action === "enter" && !onlyCloses(sql, instruction, context));
  return state === "reducing" && opens ? { code: "reducing_only", detail: "only exits pass" } : undefined;
}

const objectionOf = (sql: SqlStorage, symbol: string, { signal, nowMs }: CarryingContext): Refusal | undefined =>
  objectionTo(signal.circumstances, signal.settings, { nowMs, position: positionIn(sql, symbol) });

/** As things stand. What becomes of it by the time that its turn comes opens nothing either: see `opensUntilMs`. */
function onlyCloses(sql: SqlStorage, instruction: PositionInstruction, { signal }: CarryingContext): boolean {
  const held = positionIn(sql, instruction.symbol);
  switch (instruction.action) {
    case "enter":
      return signal.settings.onOpposite === "exit" && opposes(instruction.side, held);
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

const opposes = (side: Side, position: Decimal): boolean =>
  side === "sell" ? isPositive(position) : lessThan(position, ZERO);

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

function pursue(sql: SqlStorage, instruction: PositionInstruction, context: PursuingContext): StoredStep {
  const { signal, id, nowMs, action = instruction.action, opensUntilMs = nowMs + APPROVAL_TTL_MS } = context;
  const step = { ...stepOf(instruction), action };
  if (instruction.take_profit !== undefined || instruction.stop_loss !== undefined) return failed(step, NO_LEGS);
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

/** Out of everything: what could still open something is canceled, and every position left. */
function flatten(sql: SqlStorage, context: CarryingContext): StoredStep[] {
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

/** What is live of what is named, and what would still be ordered for it. By its name also what a signal has placed. */
function cancel(sql: SqlStorage, wanted: CancelInstruction, context: CarryingContext): StoredStep {
  const { symbol, side, client_order_id: name } = wanted;
  const steps = name === undefined ? [] : (findSignalByNames(sql, context.signal.source, [name])?.signal.steps ?? []);
  const [ordersNamed, goalsNamed] = [
    new Set(steps.flatMap(({ orders }) => orders)),
    new Set(steps.map(({ goal }) => goal)),
  ];
  const goals = readOpenGoals(sql).filter(
    ({ id, goal: { instruction } }) =>
      (symbol === undefined || instruction.symbol === symbol) &&
      (side === undefined || sideWanted(instruction) === side) &&
      (name === undefined || goalsNamed.has(id)),
  );
  const orders = readLiveRows(sql).filter(
    ({ order, goal }) =>
      (symbol === undefined || order.symbol === symbol) &&
      (side === undefined || order.side === side) &&
      (name === undefined ||
        order.client_order_id === name ||
        ordersNamed.has(order.id) ||
        (goal !== null && goalsNamed.has(goal))),
  );
  for (const goal of goals) cancelGoal(sql, goal, context);
  const canceled = orders.flatMap(({ order }) => cancelOne(sql, order.id, context));
  const step = { ...stepOf(wanted), canceled, outcome: "done" as const };
  if (canceled.length + goals.length > 0) return step;
  return { ...step, code: "nothing_to_do", detail: "no such order is live" };
}

type CancelInstruction = Extract<Instruction, { readonly action: "cancel" }>;

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
  stored: StoredSignal | null,
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
      signal: stored?.id ?? null,
      format: signal.format,
      instructions: signal.instructions,
      circumstances: signal.circumstances,
      notices: signal.notices,
      steps: stored?.steps ?? [],
    },
  });
}
