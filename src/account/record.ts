// Writes one order event: state, position, follow-up time and audit entry, all in the caller's transaction.
import { type IllegalStep, type OrderEvent, type OrderState, advance } from "../domain/lifecycle.ts";
import { delayToNextAttempt, delayToNextLook } from "../domain/follow.ts";
import { isZero, subtract } from "../domain/money.ts";
import { type Order, signOf } from "../domain/order.ts";
import { type Result, ok } from "../domain/result.ts";
import { append } from "./journal.ts";
import { type OrderRow, updateOrder } from "./orders.ts";
import { addToPosition } from "./positions.ts";

/** Applies an event to a row and stores everything that follows from it. Returns the row as it now stands. */
export function recordEvent(
  sql: SqlStorage,
  row: OrderRow,
  event: OrderEvent,
  nowMs: number,
): Result<OrderRow, IllegalStep> {
  const step = advance(row.order, event);
  if (!step.ok) return step;
  const { state, auditType } = step.value;

  const order: Order =
    auditType === undefined ? row.order : { ...row.order, ...state, updated_at: new Date(nowMs).toISOString() };
  const looks = nextLooks(row, state, auditType !== undefined);
  const delay =
    event.type === "not_sent" ? delayToNextAttempt(order.attempts, event.retryAfterMs) : delayToNextLook(order, looks);
  const next: OrderRow = {
    ...row,
    order,
    looks,
    absences: event.type === "absent" ? row.absences + 1 : state.delivery === "unknown" ? row.absences : 0,
    dueAtMs: delay === null ? null : nowMs + delay,
  };
  updateOrder(sql, next);

  const filled = subtract(order.filled_quantity, row.order.filled_quantity);
  if (!isZero(filled)) addToPosition(sql, order.symbol, signOf(order.side, filled));
  if (auditType !== undefined) {
    append(sql, order.account, {
      time: order.updated_at,
      type: auditType,
      actor: { kind: event.type === "report" || event.type === "rejected" ? "broker" : "gateway", id: order.account },
      request_id: order.request_id,
      client_ip: null,
      order_id: order.id,
      symbol: order.symbol,
      result: { ok: order.reason === null, code: order.reason?.code ?? order.status },
      data: describe(order),
    });
  }
  return ok(next);
}

/** Puts the next look at an order off, because there was nothing new to see. */
export function postponeLook(sql: SqlStorage, row: OrderRow, nowMs: number): void {
  const looks = row.looks + 1;
  const delay = delayToNextLook(row.order, looks);
  updateOrder(sql, { ...row, looks, dueAtMs: delay === null ? null : nowMs + delay });
}

/** An order that moved is looked at soon again; one that did not, less and less often. */
function nextLooks(row: OrderRow, state: OrderState, changed: boolean): number {
  const moved = changed && (state.delivery !== row.order.delivery || state.status !== row.order.status);
  return moved ? 0 : row.looks + 1;
}

const describe = (order: Order): Record<string, unknown> => ({
  client_order_id: order.client_order_id,
  status: order.status,
  delivery: order.delivery,
  attempts: order.attempts,
  venue_order_id: order.venue_order_id,
  filled_quantity: order.filled_quantity,
  average_price: order.average_price,
  reason: order.reason,
});
