// An order and the decision about it, as they are stored and journalled together. The caller wraps it in transactionSync.
import { type AccountId, ClientOrderId, type OrderId } from "../domain/ids.ts";
import { ZERO } from "../domain/money.ts";
import type { Order, OrderIntent } from "../domain/order.ts";
import type { Decision } from "../domain/risk/assess.ts";
import type { NativeOrder } from "../domain/signal/native.ts";
import type { DecisionContext } from "./decision-context.ts";
import type { Envelope } from "./door.ts";
import { append } from "./journal.ts";
import { insertOrder } from "./orders.ts";
import { BUSY_INTERVAL_MS } from "./reconcile.ts";
import { stopIfRepeating } from "./repetition.ts";
import type { SenderMeter } from "./sender-meter.ts";
import { setTimer } from "./timers.ts";

/**
 * How long an approval may wait to be sent: as long as a signal may be on its way before. A restart falls into it; a market
 * order of an hour ago, which nobody wants any more, does not.
 */
export const APPROVAL_TTL_MS = 300_000;

/** The id an order gets if it is a new one, and the UUID inside it. */
export type NewId = { readonly order: OrderId; readonly uuid: string };

/** Whom an order is stored for, and by what it is decided. */
export type StoreArgs = Pick<DecisionContext, "account" | "nowMs" | "recent"> & {
  readonly newId: NewId;
  readonly meter: SenderMeter;
  readonly signal: Pick<Envelope, "source" | "requestId" | "idempotencyKey">;
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

/** An order without a name of its own gets one. */
export const toIntent = (order: NativeOrder, account: AccountId, { uuid }: NewId): OrderIntent => ({
  ...order,
  account,
  client_order_id: order.client_order_id ?? ClientOrderId.parse(uuid),
});

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
