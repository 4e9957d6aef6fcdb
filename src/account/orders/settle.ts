// What an operator found out about an order that no machine could settle. The caller wraps it in transactionSync.
import type { OrderId } from "../../domain/ids.ts";
import type { Order } from "../../domain/order.ts";
import { type Result, err, ok } from "../../domain/result.ts";
import { type Settlement, checkSettlement } from "../../domain/settlement.ts";
import type { FieldError } from "../../domain/fields.ts";
import { findOrder } from "./orders.ts";
import { type RecordContext, mustRecord } from "./record.ts";

export type SettleRefusal =
  | { readonly reason: "order_unknown" }
  /** The broker has said what became of it, or is about to. */
  | { readonly reason: "order_known"; readonly order: Order }
  /** The broker could not be asked, and nobody has said that it need not be. */
  | { readonly reason: "broker_silent"; readonly code: string }
  | { readonly reason: "invalid_settlement"; readonly errors: readonly FieldError[] };

export function settleOrder(
  sql: SqlStorage,
  id: OrderId,
  settlement: Settlement,
  context: RecordContext,
): Result<Order, SettleRefusal> {
  const row = findOrder(sql, id);
  if (row === undefined) return err({ reason: "order_unknown" });
  if (!isUnsettled(row.order)) return err({ reason: "order_known", order: row.order });
  const checked = checkSettlement(row.order, settlement);
  if (!checked.ok) return err({ reason: "invalid_settlement", errors: [checked.error] });
  return ok(mustRecord(sql, row, { type: "settled", settlement: checked.value }, context).order);
}

/** Whether nobody knows what became of the order. */
export const isUnsettled = ({ delivery }: Pick<Order, "delivery">): boolean =>
  delivery === "unknown" || delivery === "needs_operator";
