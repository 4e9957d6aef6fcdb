// One signal's transaction: replay, rate, idempotency, risk, journal. The caller wraps it in transactionSync, so it leaves
// everything or nothing. Nothing is written for a request refused here.
import type { Actor } from "../domain/audit-entry.ts";
import type { ReferencePrice } from "../domain/broker.ts";
import type { ClientOrderId, OrderId, SourceId } from "../domain/ids.ts";
import { ClientOrderId as ClientOrderIdSchema, OrderId as OrderIdSchema } from "../domain/ids.ts";
import { ZERO } from "../domain/money.ts";
import type { Order, OrderIntent } from "../domain/order.ts";
import type { Decision } from "../domain/risk/assess.ts";
import { tradingDateOf } from "../domain/risk/policy.ts";
import { type Result, err, ok } from "../domain/result.ts";
import type { NativeOrder } from "../domain/signal/native.ts";
import type { SignatureScheme } from "../domain/signature.ts";
import type { BucketLimits } from "../domain/token-bucket.ts";
import { leastRevisionOf } from "./configuration.ts";
import { assessNow } from "./assess-now.ts";
import type { DecisionContext, Sender } from "./decision-context.ts";
import { append } from "./journal.ts";
import { type Claims, claim, readUse } from "./nonces.ts";
import {
  type OrderRow,
  findByClientOrderId,
  findByIdempotencyKey,
  findOrder,
  insertOrder,
  rememberKey,
} from "./orders.ts";
import { BUSY_INTERVAL_MS } from "./reconcile.ts";
import { SenderMeter } from "./sender-meter.ts";
import { findSignalByNames } from "./signals.ts";
import { stopIfRepeating } from "./repetition.ts";
import { setTimer } from "./timers.ts";

/**
 * How long an approval may wait to be sent: as long as a signal may be on its way before. A restart falls into it; a market
 * order of an hour ago, which nobody wants any more, does not.
 */
export const APPROVAL_TTL_MS = 300_000;

/** How a signal proved where it comes from, and what of that is used up by it. */
type Proof = {
  readonly scheme: SignatureScheme | "url_token";
  /** Which of the source's secrets signed it. */
  readonly keyId: string;
  readonly claims: Claims;
};

/** An order that somebody has proven to be theirs to give, and that is fresh. */
export type Signal = {
  readonly source: SourceId;
  readonly actor: Actor;
  /** `null` for an order given with an API key: its own id is what keeps it from running twice. */
  readonly proof: Proof | null;
  /** `null` for an order given with an API key. */
  readonly sender: Sender | null;
  readonly order: NativeOrder;
  readonly idempotencyKey: string | null;
  readonly bodySha256: string;
  readonly requestId: string;
  readonly clientIp: string | null;
};

export type SignalRefusal =
  /** The source has been changed since it was read: it has to be read again, and the signal proven again. */
  | { readonly reason: "stale_source" }
  | AccountDisabled
  | { readonly reason: "replayed" }
  | { readonly reason: "rate_limited"; readonly retryAfterMs: number; readonly limits: BucketLimits }
  | { readonly reason: "idempotency_conflict"; readonly orderId: OrderId };

/** The operator has closed the account for orders. */
export type AccountDisabled = { readonly reason: "account_disabled" };

export type Admitted = {
  readonly order: Order;
  /** Whether this is the first outcome again. */
  readonly duplicate: boolean;
  /** Tokens left in the source's bucket, and its limits. */
  readonly remaining: number;
  readonly limits: BucketLimits;
};

/** The id an order gets if it is a new one, and the UUID inside it. */
export type NewId = { readonly order: OrderId; readonly uuid: string };

export type AdmitArgs = DecisionContext & {
  readonly limits: BucketLimits;
  readonly signal: Signal;
  readonly referencePrice: ReferencePrice | undefined;
  readonly newId: NewId;
};

/** For an order that has passed the door. */
export type DecideArgs = Omit<AdmitArgs, "limits"> & { readonly meter: SenderMeter };

export function admit(sql: SqlStorage, args: AdmitArgs): Result<Admitted, SignalRefusal> {
  const { signal, limits, nowMs } = args;
  const { revision } = signal.sender ?? { revision: null };
  if (revision !== null && revision < leastRevisionOf(sql, signal.source)) return err({ reason: "stale_source" });
  if (signal.proof !== null) {
    const use = readUse(sql, signal.proof.claims, signal.requestId, nowMs);
    if (use.used === "by_itself") return repeatAnswer(sql, args, use.orderId);
    if (use.used === "before")
      return signal.proof.claims.repeats === "answered" ? answerAgain(sql, args, use.orderId) : REPLAYED;
  } else {
    // The same call once more, because its first answer got lost on the way out.
    const own = findEarlier(sql, signal).find(({ order }) => order.request_id === signal.requestId);
    if (own !== undefined) return ok({ order: own.order, duplicate: false, remaining: 0, limits });
  }
  const meter = meterOf(sql, args);
  const draw = meter.draw(limits);
  if (!draw.allowed) return err({ reason: "rate_limited", retryAfterMs: draw.retryAfterMs, limits });
  const decided = decide(sql, { ...args, meter });
  meter.save();
  return decided.ok ? ok({ ...decided.value, remaining: draw.remaining, limits }) : decided;
}

/** What the signal's source has sent to this account, and may still send. */
export const meterOf = (
  sql: SqlStorage,
  { signal, policy, nowMs }: Pick<AdmitArgs, "policy" | "nowMs"> & { readonly signal: Pick<Signal, "source"> },
): SenderMeter => new SenderMeter(sql, signal.source, { nowMs, date: tradingDateOf(policy, nowMs) });

export type Conflict = { readonly reason: "idempotency_conflict"; readonly orderId: OrderId };

/** The order this signal is about: a new one, decided about here, or the one that already has its ids. */
export function decide(sql: SqlStorage, args: DecideArgs): Result<Pick<Admitted, "order" | "duplicate">, Conflict> {
  const { signal } = args;
  const request = JSON.stringify(signal.order);
  const earlier = findEarlier(sql, signal);
  const [first] = earlier;
  const names = [signal.idempotencyKey, signal.order.client_order_id ?? null].filter((name) => name !== null);
  const signaled = findSignalByNames(sql, signal.source, names);
  if (signaled !== undefined) {
    const orderId = OrderIdSchema.parse(signaled.signal.id);
    useUp(sql, signal, null);
    journalSignal(sql, args, "signal.conflict", null);
    return err({ reason: "idempotency_conflict", orderId });
  }
  if (first === undefined) {
    useUp(sql, signal, args.newId.order);
    return ok({ order: accept(sql, args, request), duplicate: false });
  }
  // What another source has placed is not this one's to repeat, or to see.
  const same = earlier.every(
    (row) => row.order.id === first.order.id && row.request === request && row.order.source === signal.source,
  );
  // Found by its other name: from now on it is found by this one too, with whatever content it comes.
  if (same && signal.idempotencyKey !== null)
    rememberKey(sql, { ...first.order, source: signal.source }, signal.idempotencyKey);
  useUp(sql, signal, same ? first.order.id : null);
  journalSignal(sql, args, same ? "signal.duplicate" : "signal.conflict", first.order);
  return same
    ? ok({ order: first.order, duplicate: true })
    : err({ reason: "idempotency_conflict", orderId: first.order.id });
}

function useUp(sql: SqlStorage, { proof, requestId }: Signal, orderId: OrderId | null): void {
  if (proof !== null) claim(sql, proof.claims, requestId, orderId);
}

const REPLAYED: Result<never, SignalRefusal> = err({ reason: "replayed" });

/** The first outcome again, for a sender that cannot say that it repeats itself. */
function answerAgain(sql: SqlStorage, args: AdmitArgs, orderId: OrderId | null): Result<Admitted, SignalRefusal> {
  const order = orderId === null ? undefined : findOrder(sql, orderId)?.order;
  if (order === undefined) return REPLAYED;
  const { limits } = args;
  const meter = meterOf(sql, args);
  const draw = meter.draw(limits);
  if (!draw.allowed) return err({ reason: "rate_limited", retryAfterMs: draw.retryAfterMs, limits });
  meter.save();
  journalSignal(sql, args, "signal.duplicate", order);
  return ok({ order, duplicate: true, remaining: draw.remaining, limits });
}

/** The same answer again for a request whose first answer got lost on its way out. Nothing is written. */
function repeatAnswer(sql: SqlStorage, { signal, limits }: AdmitArgs, orderId: OrderId | null) {
  const order = orderId === null ? undefined : findOrder(sql, orderId)?.order;
  if (order !== undefined) return ok({ order, duplicate: order.request_id !== signal.requestId, remaining: 0, limits });
  const [first] = findEarlier(sql, signal);
  return first === undefined
    ? err({ reason: "replayed" as const })
    : err({ reason: "idempotency_conflict" as const, orderId: first.order.id });
}

/** Orders that already carry one of this signal's ids. */
export function findEarlier(sql: SqlStorage, signal: Pick<Signal, "order" | "source" | "idempotencyKey">): OrderRow[] {
  const { client_order_id: clientOrderId } = signal.order;
  return [
    clientOrderId === undefined ? undefined : findByClientOrderId(sql, clientOrderId),
    signal.idempotencyKey === null ? undefined : findByIdempotencyKey(sql, signal.source, signal.idempotencyKey),
  ].filter((row) => row !== undefined);
}

function accept(sql: SqlStorage, args: DecideArgs, request: string): Order {
  const decision = assessNow(sql, toIntent(args), {
    ...args,
    source: args.signal.source,
    sender: { ...args.signal, counts: args.meter.counts() },
  });
  const decided = { request, intent: decision.intent, decision, replaces: null, goal: null };
  return storeDecided(sql, args, decided, (made) => journalSignal(sql, args, "signal.accepted", made));
}

/** Whom an order is stored for, and by what it is decided. */
export type StoreArgs = Pick<DecideArgs, "account" | "nowMs" | "newId" | "recent" | "meter"> & {
  readonly signal: Pick<Signal, "source" | "requestId" | "idempotencyKey">;
};

/**
 * Stores an order and the decision about it. One that takes the place of another waits for its end. `beforehand`: what comes
 * before it on the record.
 */
export function storeDecided(
  sql: SqlStorage,
  args: StoreArgs,
  decided: {
    readonly request: string;
    readonly intent: OrderIntent;
    readonly decision: Decision;
    readonly replaces: OrderId | null;
    /** The goal that it is for, if it is for one. */
    readonly goal: string | null;
  },
  beforehand: (order: Order) => void = () => undefined,
): Order {
  const { intent, decision, request, replaces, goal } = decided;
  const order = toOrder(args, intent, decision, replaces);
  const expiresAtMs = args.nowMs + APPROVAL_TTL_MS;
  const dueAtMs = order.delivery === "pending" ? args.nowMs : order.delivery === "waiting" ? expiresAtMs : null;
  insertOrder(
    sql,
    {
      order,
      request,
      expiresAtMs,
      looks: 0,
      absences: 0,
      dueAtMs,
      executionsSinceMs: null,
      isExit: decision.outcome === "approved" && decision.isReduction,
      goal,
    },
    args.signal.idempotencyKey,
  );
  if (order.delivery === "pending") setTimer(sql, "reconcile", args.nowMs + BUSY_INTERVAL_MS);
  if (decision.outcome === "approved") {
    args.recent.add(order);
    args.meter.count("orders", "messages");
  }
  beforehand(order);
  append(sql, args.account, {
    time: order.created_at,
    type: decision.outcome === "approved" ? "order.approved" : "order.denied",
    actor: { kind: "gateway", id: args.account },
    request_id: args.signal.requestId,
    client_ip: null,
    order_id: order.id,
    symbol: order.symbol,
    result: { ok: decision.outcome === "approved", code: order.reason?.code ?? "approved" },
    data: {
      intent,
      ...(decision.arithmetic === undefined ? {} : { arithmetic: decision.arithmetic }),
      verdicts: decision.verdicts,
      ...(replaces === null ? {} : { replaces }),
    },
  });
  stopIfRepeating(sql, order, { account: args.account, nowMs: args.nowMs, uuid: args.newId.uuid });
  return order;
}

export function toIntent({
  account,
  signal,
  newId,
}: Pick<DecideArgs, "account" | "newId"> & { readonly signal: Pick<Signal, "order"> }): OrderIntent {
  const clientOrderId: ClientOrderId = signal.order.client_order_id ?? ClientOrderIdSchema.parse(newId.uuid);
  return { ...signal.order, account, client_order_id: clientOrderId };
}

function toOrder(
  { signal, newId, nowMs }: StoreArgs,
  intent: OrderIntent,
  decision: Decision,
  replaces: OrderId | null,
): Order {
  const approved = decision.outcome === "approved";
  const delivery = replaces === null ? "pending" : "waiting";
  const now = new Date(nowMs).toISOString();
  return {
    id: newId.order,
    source: signal.source,
    request_id: signal.requestId,
    ...intent,
    status: approved ? "pending_new" : "denied",
    delivery: approved ? delivery : "none",
    outcome: "known",
    venue_order_id: null,
    filled_quantity: ZERO,
    average_price: null,
    reason: approved ? null : { code: decision.reason },
    ...(decision.arithmetic === undefined ? {} : { arithmetic: decision.arithmetic }),
    verdicts: [...decision.verdicts],
    attempts: 0,
    replaces,
    replaced_by: null,
    cancel_requested_at: null,
    created_at: now,
    updated_at: now,
  };
}

export function journalSignal(
  sql: SqlStorage,
  { account, signal, nowMs }: Pick<DecideArgs, "account" | "signal" | "nowMs">,
  type: "signal.accepted" | "signal.duplicate" | "signal.conflict",
  order: Order | null,
): void {
  append(sql, account, {
    time: new Date(nowMs).toISOString(),
    type,
    actor: signal.actor,
    request_id: signal.requestId,
    client_ip: signal.clientIp,
    order_id: order?.id ?? null,
    symbol: signal.order.symbol,
    result: { ok: type !== "signal.conflict", code: type === "signal.conflict" ? "idempotency_conflict" : "accepted" },
    data: {
      ...(signal.proof === null
        ? {}
        : { scheme: signal.proof.scheme, key_id: signal.proof.keyId, nonce: signal.proof.claims.nonce }),
      body_sha256: signal.bodySha256,
      idempotency_key: signal.idempotencyKey,
      order: signal.order,
    },
  });
}
