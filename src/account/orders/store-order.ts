// An order and the decision about it, as they are stored and journalled together. The caller wraps it in transactionSync.
import { type AccountId, ClientOrderId, type OrderId } from "../../domain/ids.ts";
import { ZERO } from "../../domain/money.ts";
import type { Hold, Order, OrderIntent } from "../../domain/order.ts";
import { APPROVAL_TTL_MS } from "../../domain/risk/approved.ts";
import type { Decision } from "../../domain/risk/assess.ts";
import type { NativeOrder } from "../../domain/signal/native.ts";
import type { DecisionContext } from "../risk/decision-context.ts";
import { append } from "../journal.ts";
import { type OrderRow, insertOrder } from "./orders.ts";
import { BUSY_INTERVAL_MS } from "../positions/reconcile.ts";
import { mustRecord } from "./record.ts";
import { stopIfRepeating } from "../stops/repetition.ts";
import type { SenderMeter } from "../door/sender-meter.ts";
import { setTimer } from "../timers.ts";
import type { Envelope } from "../door/envelope.ts";

/** The id an order gets if it is a new one, and the UUID inside it. */
export type NewId = { readonly order: OrderId; readonly uuid: string };

/** Whom an order is stored for, and by what it is decided. */
export type StoreArgs = Pick<DecisionContext, "account" | "nowMs" | "recent" | "policy" | "overridden" | "mode"> & {
  readonly newId: NewId;
  readonly meter: SenderMeter;
  readonly signal: Pick<Envelope, "source" | "requestId" | "idempotencyKey">;
  /** Whose order it is. */
  readonly owner: string | null;
};

/**
 * Stores an order and the decision about it. One that takes the place of another waits for its end. In a shadow account an
 * approved one ends here, whatever it would have waited for. `beforehand`: what comes before it on the record.
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
  const expiresAtMs = order.hold === undefined ? args.nowMs + APPROVAL_TTL_MS : Date.parse(order.hold.expires_at);
  const row: OrderRow = {
    order,
    request,
    expiresAtMs,
    looks: 0,
    absences: 0,
    dueAtMs: dueAtMs(order, args.nowMs, expiresAtMs),
    executionsSinceMs: null,
    isExit: decision.outcome === "approved" && decision.isReduction,
    goal,
  };
  insertOrder(sql, row, args.signal.idempotencyKey);
  if (order.delivery === "pending") setTimer(sql, "reconcile", args.nowMs + BUSY_INTERVAL_MS);
  if (decision.outcome === "approved") {
    args.recent.add({ order, request });
    args.meter.count("orders", "messages");
  }
  beforehand(order);
  append(sql, args.account, {
    time: order.created_at,
    type: decision.outcome === "denied" ? "order.denied" : order.hold === undefined ? "order.approved" : "order.held",
    actor: { kind: "gateway", id: args.account },
    request_id: args.signal.requestId,
    client_ip: null,
    order_id: order.id,
    symbol: order.symbol,
    result: {
      ok: decision.outcome === "approved",
      code: order.reason?.code ?? (order.hold === undefined ? "approved" : "held"),
    },
    data: {
      intent,
      ...(decision.arithmetic === undefined ? {} : { arithmetic: decision.arithmetic }),
      verdicts: decision.verdicts,
      ...(args.overridden.length === 0 ? {} : { overridden: args.overridden }),
      ...(replaces === null ? {} : { replaces }),
      ...(order.hold === undefined ? {} : { hold: order.hold }),
    },
  });
  stopIfRepeating(sql, order, { account: args.account, nowMs: args.nowMs, uuid: args.newId.uuid });
  if (args.mode === "live" || decision.outcome === "denied") return order;
  return mustRecord(sql, row, { type: "shadowed" }, { nowMs: args.nowMs, random: 0 }).order;
}

/** An order without a name of its own gets one. */
export const toIntent = (order: NativeOrder, account: AccountId, { uuid }: NewId): OrderIntent => ({
  ...order,
  account,
  client_order_id: order.client_order_id ?? ClientOrderId.parse(uuid),
});

function dueAtMs({ delivery }: Order, nowMs: number, expiresAtMs: number): number | null {
  if (delivery === "none") return null;
  return delivery === "pending" ? nowMs : expiresAtMs;
}

function holdOf({ owner, nowMs, policy: { approval } }: StoreArgs, decision: Decision): Hold | undefined {
  if (decision.outcome === "denied" || decision.hold === null || approval === "auto") return undefined;
  const expires_at = new Date(nowMs + approval.expires_sec * 1000).toISOString();
  return { expires_at, price: decision.hold.price, owner, decided: null };
}

function toOrder(args: StoreArgs, intent: OrderIntent, decision: Decision, replaces: OrderId | null): Order {
  const { signal, newId, nowMs } = args;
  const approved = decision.outcome === "approved";
  const hold = holdOf(args, decision);
  const delivery = hold !== undefined ? "held" : replaces === null ? "pending" : "waiting";
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
    ...(hold === undefined ? {} : { hold }),
    attempts: 0,
    replaces,
    replaced_by: null,
    cancel_requested_at: null,
    created_at: now,
    updated_at: now,
  };
}
