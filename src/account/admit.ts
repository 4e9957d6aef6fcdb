// One signal's transaction: replay, rate, idempotency, risk, journal. The caller wraps it in transactionSync, so it leaves
// everything or nothing. Nothing is written for a request refused here.
import type { Broker, ReferencePrice } from "../domain/broker.ts";
import type { AccountId, ClientOrderId, OrderId, SourceId } from "../domain/ids.ts";
import { ClientOrderId as ClientOrderIdSchema } from "../domain/ids.ts";
import { ZERO } from "../domain/money.ts";
import type { Order, OrderIntent } from "../domain/order.ts";
import { type Decision, assess } from "../domain/risk/assess.ts";
import { sumQuantities } from "../domain/risk/facts.ts";
import type { Policy } from "../domain/risk/policy.ts";
import { type Result, err, ok } from "../domain/result.ts";
import type { NativeOrder } from "../domain/signal/native.ts";
import type { SignatureScheme } from "../domain/signature.ts";
import type { BucketLimits } from "../domain/token-bucket.ts";
import { append, countPending } from "./journal.ts";
import { type Claims, claim, readUse } from "./nonces.ts";
import { findByClientOrderId, findByIdempotencyKey, findOrder, insertOrder, workingQuantities } from "./orders.ts";
import { positionIn } from "./positions.ts";
import { drawFromSource } from "./source-buckets.ts";

/**
 * How long an approval may wait to be sent: as long as a signal may be on its way before. A restart falls into it; a market
 * order of an hour ago, which nobody wants any more, does not.
 */
const APPROVAL_TTL_MS = 300_000;

/** A signal that has been proven authentic and fresh, and read as an order. */
export type Signal = {
  readonly source: SourceId;
  readonly scheme: SignatureScheme;
  /** Which of the source's secrets signed it. */
  readonly keyId: string;
  readonly claims: Claims;
  readonly order: NativeOrder;
  readonly idempotencyKey: string | null;
  readonly bodySha256: string;
  readonly requestId: string;
  readonly clientIp: string | null;
};

export type SignalRefusal =
  | { readonly reason: "replayed" }
  | { readonly reason: "rate_limited"; readonly retryAfterMs: number; readonly limits: BucketLimits }
  | { readonly reason: "idempotency_conflict"; readonly orderId: OrderId };

export type Admitted = {
  readonly order: Order;
  /** Whether this is the first outcome again. */
  readonly duplicate: boolean;
  /** Tokens left in the source's bucket, and its limits. */
  readonly remaining: number;
  readonly limits: BucketLimits;
};

export type AdmitArgs = {
  readonly account: AccountId;
  readonly signal: Signal;
  readonly policy: Policy;
  readonly limits: BucketLimits;
  readonly broker: Pick<Broker, "supports">;
  readonly referencePrice: ReferencePrice | undefined;
  readonly nowMs: number;
  /** The id the order gets if it is a new one, and the UUID inside it. */
  readonly newId: { readonly order: OrderId; readonly uuid: string };
};

export function admit(sql: SqlStorage, args: AdmitArgs): Result<Admitted, SignalRefusal> {
  const { signal, limits, nowMs } = args;
  const use = readUse(sql, signal.claims, signal.requestId, nowMs);
  if (use.used === "before") return err({ reason: "replayed" });
  if (use.used === "by_itself") return repeatAnswer(sql, args, use.orderId);

  const draw = drawFromSource(sql, signal.source, limits, nowMs);
  if (!draw.allowed) return err({ reason: "rate_limited", retryAfterMs: draw.retryAfterMs, limits });

  const request = JSON.stringify(signal.order);
  const admitted = (order: Order, duplicate: boolean) => ok({ order, duplicate, remaining: draw.remaining, limits });
  const earlier = findEarlier(sql, signal);
  const [first] = earlier;
  if (first === undefined) {
    claim(sql, signal.claims, signal.requestId, args.newId.order);
    return admitted(accept(sql, args, request), false);
  }

  const same = earlier.every((row) => row.order.id === first.order.id && row.request === request);
  claim(sql, signal.claims, signal.requestId, same ? first.order.id : null);
  journalSignal(sql, args, same ? "signal.duplicate" : "signal.conflict", first.order);
  return same ? admitted(first.order, true) : err({ reason: "idempotency_conflict", orderId: first.order.id });
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
function findEarlier(sql: SqlStorage, signal: Signal) {
  const { client_order_id: clientOrderId } = signal.order;
  return [
    clientOrderId === undefined ? undefined : findByClientOrderId(sql, clientOrderId),
    signal.idempotencyKey === null ? undefined : findByIdempotencyKey(sql, signal.source, signal.idempotencyKey),
  ].filter((row) => row !== undefined);
}

function accept(sql: SqlStorage, args: AdmitArgs, request: string): Order {
  const intent = toIntent(args);
  const decision = assess(intent, args.policy, {
    nowMs: args.nowMs,
    position: positionIn(sql, intent.symbol),
    workingSameSide: sumQuantities(workingQuantities(sql, intent.symbol, intent.side)),
    referencePrice: args.referencePrice,
    auditBacklog: countPending(sql),
    unsupported: args.broker.supports(intent),
  });
  const order = toOrder(args, intent, decision);
  insertOrder(
    sql,
    {
      order,
      request,
      expiresAtMs: args.nowMs + APPROVAL_TTL_MS,
      looks: 0,
      absences: 0,
      dueAtMs: decision.outcome === "approved" ? args.nowMs : null,
    },
    args.signal.idempotencyKey,
  );
  journalSignal(sql, args, "signal.accepted", order);
  append(sql, args.account, {
    time: order.created_at,
    type: decision.outcome === "approved" ? "order.approved" : "order.denied",
    actor: { kind: "gateway", id: args.account },
    request_id: args.signal.requestId,
    client_ip: null,
    order_id: order.id,
    symbol: order.symbol,
    result: { ok: decision.outcome === "approved", code: order.reason?.code ?? "approved" },
    data: { intent, verdicts: decision.verdicts },
  });
  return order;
}

function toIntent({ account, signal, newId }: AdmitArgs): OrderIntent {
  const clientOrderId: ClientOrderId = signal.order.client_order_id ?? ClientOrderIdSchema.parse(newId.uuid);
  return { ...signal.order, account, client_order_id: clientOrderId };
}

function toOrder({ signal, newId, nowMs }: AdmitArgs, intent: OrderIntent, decision: Decision): Order {
  const approved = decision.outcome === "approved";
  const now = new Date(nowMs).toISOString();
  return {
    id: newId.order,
    source: signal.source,
    request_id: signal.requestId,
    ...intent,
    status: approved ? "pending_new" : "denied",
    delivery: approved ? "pending" : "none",
    outcome: "known",
    venue_order_id: null,
    filled_quantity: ZERO,
    average_price: null,
    reason: approved ? null : { code: decision.reason },
    verdicts: [...decision.verdicts],
    attempts: 0,
    created_at: now,
    updated_at: now,
  };
}

function journalSignal(
  sql: SqlStorage,
  { account, signal, nowMs }: AdmitArgs,
  type: "signal.accepted" | "signal.duplicate" | "signal.conflict",
  order: Order | null,
): void {
  append(sql, account, {
    time: new Date(nowMs).toISOString(),
    type,
    actor: { kind: "source", id: signal.source },
    request_id: signal.requestId,
    client_ip: signal.clientIp,
    order_id: order?.id ?? null,
    symbol: signal.order.symbol,
    result: { ok: type !== "signal.conflict", code: type === "signal.conflict" ? "idempotency_conflict" : "accepted" },
    data: {
      scheme: signal.scheme,
      key_id: signal.keyId,
      nonce: signal.claims.nonce,
      body_sha256: signal.bodySha256,
      idempotency_key: signal.idempotencyKey,
      order: signal.order,
    },
  });
}
