// Writes one order event: state, position, follow-up time and audit entry, all in the caller's transaction.
import { LEGS_MISSING } from "../../domain/bracket.ts";
import { delayToNextAttempt, delayToNextLook, lateLookAtMs, purposeOf } from "../../domain/follow.ts";
import { type IllegalStep, type OrderEvent, advance } from "../../domain/lifecycle.ts";
import type { OrderId } from "../../domain/ids.ts";
import { greaterThan, isZero, subtract } from "../../domain/money.ts";
import { type Order, isTerminal, signOf } from "../../domain/order.ts";
import { type Result, assert, ok } from "../../domain/result.ts";
import { APPROVAL_TTL_MS } from "../../domain/risk/approved.ts";
import { tradingDateOf } from "../../domain/risk/policy.ts";
import { readConfiguration } from "../configuration.ts";
import { lastExecutedAtMs } from "../positions/executions.ts";
import { makeGoalDue } from "../signals/goal-store.ts";
import { markFilled } from "../risk/funds.ts";
import { append } from "../journal.ts";
import { addLeg, legsTold, linkSuccessors, watchRelatives } from "./legs.ts";
import { type OrderRow, makeDue, updateOrder } from "./orders.ts";
import { addToPosition, wasAdoptedSince } from "../positions/positions.ts";
import { SenderMeter } from "../door/sender-meter.ts";
import { setTimer } from "../timers.ts";
import type { Caller } from "../caller.ts";

export type RecordContext = {
  readonly nowMs: number;
  /** In [0, 1). */
  readonly random: number;
  /** Who caused it, where that is neither the broker nor the gateway. */
  readonly caller?: Caller;
};

/** The broker lists a trade a moment after it reports it. */
const EXECUTIONS_DELAY_MS = 500;
/** For how long a fill can be told after the end of its order. */
const LATE_FILL_MS_MAX = 86_400_000;
/** When to look again at an ended order after a look that told nothing. */
const LATE_RETRY_MS = 60_000;
/** A fill told so soon after the broker's count was believed may be in that count. */
const ADOPTION_DOUBT_MS = 3_600_000;
/** How far a broker's clock may be behind ours. */
const CLOCK_MARGIN_MS = 60_000;

/** Applies an event to a row and stores everything that follows from it. Returns the row as it now stands. */
export function recordEvent(
  sql: SqlStorage,
  row: OrderRow,
  event: OrderEvent,
  context: RecordContext,
): Result<OrderRow, IllegalStep> {
  const step = advance(row.order, event);
  if (!step.ok) return step;
  const { nowMs } = context;
  const { state, auditType } = step.value;

  const told = event.type === "report" ? legsTold(sql, row.order, event.report.legs ?? [], nowMs) : [];
  const order = withLegs(
    auditType === undefined ? row.order : { ...row.order, ...state, updated_at: new Date(nowMs).toISOString() },
    told.filter(({ isNew }) => isNew).map(({ row: leg }) => leg.order.id),
  );
  const looks = nextLooks(row, order, event, auditType !== undefined);
  const next: OrderRow = {
    ...row,
    order,
    looks,
    absences: nextAbsences(row, event),
    // An approved order has as long to leave as any other.
    expiresAtMs: event.type === "approved" ? nowMs + APPROVAL_TTL_MS : row.expiresAtMs,
    dueAtMs: dueAfter(event, order, looks, context),
    executionsSinceMs: executionsSince(sql, row, order, event),
  };
  updateOrder(sql, next);

  const filled = subtract(order.filled_quantity, row.order.filled_quantity);
  if (!isZero(filled)) {
    addToPosition(sql, order.symbol, signOf(order.side, filled));
    markFilled(sql, nowMs);
    if (wasAdoptedSince(sql, order.symbol, nowMs - ADOPTION_DOUBT_MS)) setTimer(sql, "reconcile", nowMs);
  }
  if (next.executionsSinceMs !== null && !isZero(filled)) setTimer(sql, "executions", nowMs + EXECUTIONS_DELAY_MS);
  const hasEnded = isTerminal(order.status) && !isTerminal(row.order.status);
  if (hasEnded && order.replaced_by !== null) makeDue(sql, order.replaced_by);
  if (hasEnded) watchRelatives(sql, order);
  if (auditType !== undefined) makeGoalDue(sql, order.symbol);
  if (auditType === "order.cancel_requested") countCancel(sql, order, nowMs);
  if (auditType !== undefined) {
    append(sql, order.account, {
      time: order.updated_at,
      type: auditType,
      actor: context.caller?.actor ?? {
        kind: BY_BROKER.has(event.type) ? "broker" : "gateway",
        id: order.account,
      },
      request_id: context.caller?.requestId ?? order.request_id,
      client_ip: context.caller?.clientIp ?? null,
      order_id: order.id,
      symbol: order.symbol,
      result: { ok: order.reason === null, code: order.reason?.code ?? order.status },
      data: { ...describe(order), ...detailsOf(event) },
    });
  }
  for (const { row: leg, report, isNew } of told) {
    if (isNew) addLeg(sql, leg);
    recordEvent(sql, leg, { type: "report", report }, context);
  }
  if (told.some(({ isNew }) => isNew)) {
    linkSuccessors(sql, order.id);
    makeGoalDue(sql, order.symbol);
  }
  if (hasEnded && order.parent !== undefined && order.status === "replaced") linkSuccessors(sql, order.parent);
  return ok(next);
}

function withLegs(order: Order, added: readonly OrderId[]): Order {
  if (added.length === 0) return order;
  const reason = order.reason?.code === LEGS_MISSING ? null : order.reason;
  return { ...order, reason, legs: [...(order.legs ?? []), ...added] };
}

/**
 * Puts the next look at an order off, because there was nothing to see; not before `notBeforeMs`. The few looks at an order
 * that has ended are for fills that are told late: one that told nothing at all is taken again, for a day.
 */
export function postponeLook(sql: SqlStorage, row: OrderRow, nowMs: number, notBeforeMs = 0, looked = 1): void {
  const { order } = row;
  const looks = row.looks + looked;
  const endedAtMs = Date.parse(order.updated_at);
  const mayFillLate = order.delivery === "delivered" && nowMs - endedAtMs < LATE_FILL_MS_MAX;
  const atMs = lookAtMs(order, looks, nowMs) ?? (mayFillLate ? nowMs + LATE_RETRY_MS : null);
  updateOrder(sql, { ...row, looks, dueAtMs: atMs === null ? null : Math.max(atMs, notBeforeMs) });
}

function dueAfter(event: OrderEvent, order: Order, looks: number, { nowMs, random }: RecordContext): number | null {
  if (event.type === "released" || event.type === "approved") return nowMs;
  return event.type === "not_sent" && !isTerminal(order.status)
    ? nowMs + delayToNextAttempt(order.attempts, event.retryAfterMs, random)
    : lookAtMs(order, looks, nowMs);
}

function lookAtMs(order: Order, looks: number, nowMs: number): number | null {
  if (isTerminal(order.status)) return lateLookAtMs(order, Date.parse(order.updated_at), nowMs);
  const delayMs = delayToNextLook(order, looks);
  return delayMs === null ? null : nowMs + delayMs;
}

/** Whose word these events are. */
const BY_BROKER: ReadonlySet<OrderEvent["type"]> = new Set(["report", "rejected", "executed", "cancel_sent"]);

/** An order that moved, or is wanted canceled, is looked at soon again; one that did not, less and less often. */
function nextLooks(row: OrderRow, order: Order, event: OrderEvent, changed: boolean): number {
  if (event.type === "executed") return row.looks;
  const moved =
    changed &&
    (order.delivery !== row.order.delivery ||
      order.status !== row.order.status ||
      order.cancel_requested_at !== row.order.cancel_requested_at);
  if (moved) return 0;
  const isLook = event.type === "report" || event.type === "absent";
  // While a cancel is due, only a look from before somebody wanted it can tell anything.
  if (isLook && purposeOf(row.order, row.looks, row.isExit) === "cancel") return row.looks;
  // The broker answers: how long to wait is a matter of how often it did, not of how often it did not.
  return event.type === "absent" ? row.absences + 1 : row.looks + 1;
}

/** Only a sight of the order counts against them: a broker can take cancels for an order that it has lost. */
function nextAbsences({ absences }: OrderRow, event: OrderEvent): number {
  if (event.type === "absent") return absences + 1;
  return event.type === "report" || event.type === "submitting" ? 0 : absences;
}

/** A trade that was just reported can have happened at any time since the last one that was read, or since the order was made. */
function executionsSince(sql: SqlStorage, row: OrderRow, order: Order, event: OrderEvent): number | null {
  if (event.type === "executed") return null;
  // What an operator says was traded elsewhere is in no list of ours.
  if (event.type === "settled") return row.executionsSinceMs;
  if (!greaterThan(order.filled_quantity, row.order.filled_quantity)) return row.executionsSinceMs;
  return row.executionsSinceMs ?? (lastExecutedAtMs(sql, order.id) ?? Date.parse(order.created_at)) - CLOCK_MARGIN_MS;
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

/** What the state alone does not tell. */
function detailsOf(event: OrderEvent): Record<string, unknown> {
  switch (event.type) {
    case "cancel_requested":
      return event.replacedBy === null ? {} : { replaced_by: event.replacedBy };
    case "released":
      return { quantity: event.quantity, verdicts: event.verdicts };
    case "approved":
      return { quantity: event.quantity, verdicts: event.verdicts, reason: event.word.reason };
    case "denied":
      return { verdicts: event.verdicts };
    case "executed":
      return { executions: event.executions };
    case "settled":
      return { settlement: event.settlement };
    default:
      return {};
  }
}

/** What is never sent is no message: that ends as canceled at once. */
function countCancel(sql: SqlStorage, { source }: Order, nowMs: number): void {
  const date = tradingDateOf(readConfiguration(sql)?.policy ?? {}, nowMs);
  const meter = new SenderMeter(sql, source, { nowMs, date });
  meter.count("messages");
  meter.save();
}

/** Applies an event that cannot be refused, because the caller has just looked. */
export function mustRecord(sql: SqlStorage, row: OrderRow, event: OrderEvent, context: RecordContext): OrderRow {
  const recorded = recordEvent(sql, row, event, context);
  assert(recorded.ok, `an order refused ${event.type}`);
  return recorded.value;
}
