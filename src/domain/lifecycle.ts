// The life of one order as a pure state machine. Every change is an event that is journalled before anyone acts on it.
import type { AuditEventType } from "./audit-entry.ts";
import type { VenueReport } from "./broker.ts";
import { greaterThan, lessThan } from "./money.ts";
import { type Delivery, type Order, type OrderStatus, isTerminal } from "./order.ts";
import { type Result, assertNever, err, ok } from "./result.ts";

/** The part of an order that events change. */
export type OrderState = Pick<
  Order,
  "status" | "delivery" | "outcome" | "venue_order_id" | "filled_quantity" | "average_price" | "reason" | "attempts"
>;

export type OrderEvent =
  /** The attempt is about to leave. */
  | { readonly type: "submitting" }
  /** The attempt certainly did not reach the broker's books. */
  | { readonly type: "not_sent"; readonly code: string; readonly retryAfterMs: number | null }
  /** Nobody knows whether the attempt reached the broker. */
  | { readonly type: "unknown"; readonly code: string }
  /** The broker was asked and does not show the order, which right after an attempt proves nothing. */
  | { readonly type: "absent" }
  | { readonly type: "rejected"; readonly code: string; readonly detail: string }
  | { readonly type: "report"; readonly report: VenueReport }
  /** The approval ended before anything reached the broker. */
  | { readonly type: "lapsed"; readonly code: string }
  | { readonly type: "needs_operator"; readonly code: string };

/** The new state and what the audit log calls the change. `auditType` is absent when the event says nothing new. */
export type Step = { readonly state: OrderState; readonly auditType?: AuditEventType };

export type IllegalStep = {
  readonly event: OrderEvent["type"];
  readonly delivery: Order["delivery"];
  readonly status: OrderStatus;
};

/** Applies one event. An event that cannot happen in this state is refused and changes nothing. */
export function advance(state: OrderState, event: OrderEvent): Result<Step, IllegalStep> {
  const illegal = err({ event: event.type, delivery: state.delivery, status: state.status });
  const step = (auditType: AuditEventType, change: Partial<OrderState>): Result<Step, never> =>
    ok({ state: { ...state, ...change }, auditType });

  switch (event.type) {
    case "submitting":
      // Out of `unknown` only the caller can know that sending the same id again is safe.
      if (state.delivery !== "pending" && state.delivery !== "unknown") return illegal;
      return step("order.submitting", { delivery: "submitting", attempts: state.attempts + 1, reason: null });
    case "not_sent":
      if (state.delivery !== "submitting") return illegal;
      return step("order.not_sent", { delivery: backTo(state, "pending"), reason: { code: event.code } });
    case "unknown":
      if (state.delivery !== "submitting") return illegal;
      return step("order.unknown", { delivery: "unknown", outcome: "unknown", reason: { code: event.code } });
    case "absent":
      return state.delivery === "unknown" ? step("order.absent", {}) : illegal;
    case "rejected":
      if (state.delivery !== "submitting") return illegal;
      // A refusal of a repeat says nothing of the attempt before it: that one may have used up the very money it names.
      if (state.outcome === "unknown") return step("order.unknown", { delivery: "unknown", reason: refusal(event) });
      return step("order.rejected", { delivery: "delivered", status: "rejected", reason: refusal(event) });
    case "report":
      return state.delivery === "none" || state.delivery === "pending" ? illegal : ok(believe(state, event.report));
    case "lapsed":
      if (state.delivery !== "pending") return illegal;
      return step("order.lapsed", { delivery: "none", status: "expired", reason: { code: event.code } });
    case "needs_operator":
      if (state.delivery !== "unknown" && state.delivery !== "submitting") return illegal;
      return step("order.needs_operator", {
        delivery: "needs_operator",
        outcome: "unknown",
        reason: { code: event.code },
      });
    default:
      return assertNever(event);
  }
}

/** After a repeat that changed nothing, an order of unknown outcome is as unknown as before. */
const backTo = (state: OrderState, delivery: Delivery): Delivery =>
  state.outcome === "unknown" ? "unknown" : delivery;

const refusal = (event: { readonly code: string; readonly detail: string }) => ({
  code: event.code,
  detail: event.detail,
});

/**
 * Takes in the venue's view. Reports can arrive late and out of order: what has been filled stays filled, and an ended
 * order moves only if more was filled than was known (a late fill after a cancel is believed) or if it was filled after all.
 */
function believe(state: OrderState, report: VenueReport): Step {
  const moreFilled = greaterThan(report.filled_quantity, state.filled_quantity);
  const lessFilled = lessThan(report.filled_quantity, state.filled_quantity);
  if (lessFilled || (isTerminal(state.status) && !moreFilled && report.status !== "filled")) return { state };

  const next: OrderState = {
    ...state,
    delivery: "delivered",
    outcome: "known",
    venue_order_id: report.venue_order_id,
    reason: null,
    status: statusAfter(state.status, report.status),
    filled_quantity: report.filled_quantity,
    average_price: report.average_price,
  };
  const unchanged = state.delivery === "delivered" && next.status === state.status && !moreFilled;
  return unchanged ? { state } : { state: next, auditType: nameOf(state, next, moreFilled) };
}

/** An ended order that fills late has still ended: an older view does not bring it back to life. A fill wins over any end. */
function statusAfter(known: OrderStatus, reported: OrderStatus): OrderStatus {
  if (known === "filled") return known;
  return isTerminal(known) && !isTerminal(reported) ? known : reported;
}

function nameOf(before: OrderState, after: OrderState, moreFilled: boolean): AuditEventType {
  switch (after.status) {
    case "filled":
    case "canceled":
    case "rejected":
    case "expired":
      return `order.${after.status}`;
    default:
      if (moreFilled) return "order.partially_filled";
      return before.delivery === "delivered" ? "order.updated" : "order.acknowledged";
  }
}
