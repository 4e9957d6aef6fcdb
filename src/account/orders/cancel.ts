// A wish to cancel an order. The caller wraps it in transactionSync.
import type { OrderId } from "../../domain/ids.ts";
import { type Order, isTerminal } from "../../domain/order.ts";
import { type Result, err, ok } from "../../domain/result.ts";
import { findOrder } from "./orders.ts";
import { type RecordContext, mustRecord } from "./record.ts";

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

const cancelEvent = ({ nowMs }: RecordContext) =>
  ({ type: "cancel_requested", at: new Date(nowMs).toISOString(), replacedBy: null }) as const;
