// Wishes to cancel: one order, or all that live. The caller wraps each in transactionSync.
import type { AccountId, OrderId } from "../domain/ids.ts";
import { type Order, isTerminal } from "../domain/order.ts";
import { type Result, err, ok } from "../domain/result.ts";
import { append } from "./journal.ts";
import { findOrder, readLive } from "./orders.ts";
import { type RecordContext, mustRecord } from "./record.ts";
import type { Caller } from "./caller.ts";

export type CancelRefusal =
  | { readonly reason: "order_unknown" }
  /** It has ended in another way, so there is nothing to cancel. */
  | { readonly reason: "order_ended"; readonly order: Order };

/**
 * Asked again of a canceled order, or of one that somebody wants canceled already, it changes nothing. Whoever wants an order
 * canceled wants nothing in its place, so what has replaced it is canceled too, as long as it lives.
 */
export function cancelOrder(sql: SqlStorage, id: OrderId, context: RecordContext): Result<Order, CancelRefusal> {
  const row = findOrder(sql, id);
  if (row === undefined) return err({ reason: "order_unknown" });
  if (row.order.replaced_by !== null) cancelOrder(sql, row.order.replaced_by, context);
  if (isTerminal(row.order.status)) {
    return row.order.status === "canceled" ? ok(row.order) : err({ reason: "order_ended", order: row.order });
  }
  if (row.order.cancel_requested_at !== null) return ok(row.order);
  return ok(mustRecord(sql, row, cancelEvent(context), context).order);
}

/** Every live order, or those in one symbol; replacements that wait among them. */
export function cancelLiveOrders(
  sql: SqlStorage,
  account: AccountId,
  symbol: string | undefined,
  context: RecordContext & { readonly caller: Caller },
): Order[] {
  const live = readLive(sql).filter((order) => symbol === undefined || order.symbol === symbol);
  append(sql, account, {
    time: new Date(context.nowMs).toISOString(),
    type: "orders.cancel_requested",
    actor: context.caller.actor,
    request_id: context.caller.requestId,
    client_ip: context.caller.clientIp,
    order_id: null,
    symbol: symbol ?? null,
    result: { ok: true, code: "accepted" },
    data: { orders: live.length },
  });
  // Replacements first: canceled before the orders they wait for, none of them is released.
  const waitingFirst = live.toSorted((a, b) => Number(b.delivery === "waiting") - Number(a.delivery === "waiting"));
  return waitingFirst.flatMap(({ id }) => {
    const canceled = cancelOrder(sql, id, context);
    return canceled.ok ? [canceled.value] : [];
  });
}

const cancelEvent = ({ nowMs }: RecordContext) =>
  ({ type: "cancel_requested", at: new Date(nowMs).toISOString(), replacedBy: null }) as const;
