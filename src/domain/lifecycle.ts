// The life of one order as a pure state machine. Every change is an event that is journalled before anyone acts on it.
import { LEGS_MISSING } from "./bracket.ts";
import type { AuditEventType } from "./audit-entry.ts";
import type { VenueReport } from "./broker.ts";
import type { OrderId } from "./ids.ts";
import { type Decimal, ZERO, greaterThan, lessThan } from "./money.ts";
import { type Delivery, type Hold, type Order, type OrderStatus, type Verdict, isTerminal } from "./order.ts";
import { type Result, assertNever, err, ok } from "./result.ts";
import { SETTLED_BY_OPERATOR, type Settlement, checkSettlement } from "./settlement.ts";

/** The part of an order that events change; and whose leg it is, by which they go. */
export type OrderState = Pick<
  Order,
  | "parent"
  | "status"
  | "delivery"
  | "outcome"
  | "venue_order_id"
  | "quantity"
  | "filled_quantity"
  | "average_price"
  | "reason"
  | "verdicts"
  | "hold"
  | "attempts"
  | "replaced_by"
  | "cancel_requested_at"
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
  /** The broker's list of trades has caught up with what was reported: the average price is exact now. */
  | { readonly type: "executed"; readonly averagePrice: Decimal; readonly executions: readonly object[] }
  /** The approval ended before anything reached the broker. */
  | { readonly type: "lapsed"; readonly code: string }
  /** It was decided about, and the account sends nothing: a shadow. */
  | { readonly type: "shadowed" }
  /** A person lets it leave, perhaps for less than was asked for. */
  | {
      readonly type: "approved";
      readonly word: Word;
      readonly quantity: Decimal | undefined;
      readonly verdicts: readonly Verdict[];
    }
  | { readonly type: "declined"; readonly word: Word }
  /** Somebody wants the order canceled, perhaps in favour of another one. */
  | { readonly type: "cancel_requested"; readonly at: string; readonly replacedBy: OrderId | null }
  /** The broker has taken the cancel; only a report says what became of it. */
  | { readonly type: "cancel_sent" }
  /** The order it waited for has ended: it may be sent, for what is left of its quantity. */
  | { readonly type: "released"; readonly quantity: Decimal; readonly verdicts: readonly Verdict[] }
  /** The rules refuse it after the wait. */
  | { readonly type: "denied"; readonly code: string; readonly verdicts: readonly Verdict[] }
  | { readonly type: "needs_operator"; readonly code: string }
  /** For so long nobody has told of its legs, or of what has taken its place, that nobody waits for that any more. */
  | { readonly type: "legs_missing" }
  /** A person found out what became of it. */
  | { readonly type: "settled"; readonly settlement: Settlement };

/** Who has said what they think of a held order. */
export type Word = NonNullable<Hold["decided"]>;

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
      if (state.cancel_requested_at !== null) return illegal;
      return step("order.submitting", { delivery: "submitting", attempts: state.attempts + 1, reason: null });
    case "not_sent":
      if (state.delivery !== "submitting") return illegal;
      return notSent(state, event.code);
    case "unknown":
      if (state.delivery !== "submitting") return illegal;
      return step("order.unknown", { delivery: "unknown", outcome: "unknown", reason: { code: event.code } });
    case "absent":
      // Of an order that the broker had, one such answer is no news; that there are many in a row is.
      if (state.delivery === "delivered") return isTerminal(state.status) ? illegal : ok({ state });
      return state.delivery === "unknown" ? step("order.absent", {}) : illegal;
    case "rejected":
      if (state.delivery !== "submitting") return illegal;
      // A refusal of a repeat says nothing of the attempt before it: that one may have used up the very money it names.
      if (state.outcome === "unknown") return step("order.unknown", { delivery: "unknown", reason: refusal(event) });
      return step("order.rejected", { delivery: "delivered", status: "rejected", reason: refusal(event) });
    case "report":
      // What a person said was not placed has been on the wire all the same: the broker's own word counts for more.
      if (wasSettledAway(state))
        return ok(believe({ ...state, delivery: "unknown", status: "pending_new" }, event.report));
      return isUnsent(state) ? illegal : ok(believe(state, event.report));
    case "executed":
      return greaterThan(state.filled_quantity, ZERO)
        ? step("order.executed", { average_price: event.averagePrice })
        : illegal;
    case "lapsed":
      if (state.delivery !== "pending" && state.delivery !== "waiting" && state.delivery !== "held") return illegal;
      return step("order.lapsed", { delivery: "none", status: "expired", reason: { code: event.code } });
    case "shadowed":
      if (state.delivery === "none" || !isUnsent(state)) return illegal;
      return step("order.shadowed", { delivery: "none", status: "shadowed", reason: null });
    case "approved":
      if (state.delivery !== "held" || state.hold === undefined) return illegal;
      return step("order.approved", {
        delivery: "pending",
        quantity: event.quantity,
        verdicts: [...event.verdicts],
        hold: { ...state.hold, decided: event.word },
      });
    case "declined":
      if (state.delivery !== "held" || state.hold === undefined) return illegal;
      return step("order.declined", {
        delivery: "none",
        status: "denied",
        reason: { code: "declined", ...(event.word.reason === null ? {} : { detail: event.word.reason }) },
        hold: { ...state.hold, decided: event.word },
      });
    case "cancel_requested":
      return isTerminal(state.status) ? illegal : ok(wantCanceled(state, event));
    case "cancel_sent":
      if (state.delivery !== "delivered" || state.cancel_requested_at === null) return illegal;
      return isTerminal(state.status) ? ok({ state }) : step("order.cancel_sent", {});
    case "released":
      if (state.delivery !== "waiting") return illegal;
      return step("order.released", { delivery: "pending", quantity: event.quantity, verdicts: [...event.verdicts] });
    case "denied":
      if (state.delivery !== "waiting") return illegal;
      return step("order.denied", {
        delivery: "none",
        status: "denied",
        reason: { code: event.code },
        verdicts: [...event.verdicts],
      });
    case "needs_operator":
      if (isUnsent(state) || state.delivery === "needs_operator" || isTerminal(state.status)) return illegal;
      return step("order.needs_operator", {
        delivery: "needs_operator",
        outcome: "unknown",
        reason: { code: event.code },
      });
    case "legs_missing":
      if (state.delivery !== "delivered" || !isTerminal(state.status) || state.reason !== null) return illegal;
      return step("order.legs_missing", { reason: { code: LEGS_MISSING } });
    case "settled":
      if (state.delivery !== "unknown" && state.delivery !== "needs_operator") return illegal;
      if (!checkSettlement(state, event.settlement).ok) return illegal;
      return step("order.settled", settle(state, event.settlement));
    default:
      return assertNever(event);
  }
}

/** Nothing of it has reached the broker, so the broker can have nothing to say about it. */
const isUnsent = ({ delivery }: OrderState): boolean =>
  delivery === "none" || delivery === "held" || delivery === "waiting" || delivery === "pending";

const wasSettledAway = ({ delivery, reason }: OrderState): boolean =>
  delivery === "none" && reason?.code === SETTLED_BY_OPERATOR;

/** After a repeat that changed nothing, an order of unknown outcome is as unknown as before. */
function notSent(state: OrderState, code: string): Result<Step, never> {
  const delivery: Delivery = state.outcome === "unknown" ? "unknown" : "pending";
  const next: OrderState = { ...state, delivery, reason: { code } };
  // Wanted canceled while it was on the wire, and it never arrived: so it is.
  const isOver = delivery === "pending" && state.cancel_requested_at !== null;
  return ok({ state: isOver ? { ...next, delivery: "none", status: "canceled" } : next, auditType: "order.not_sent" });
}

const refusal = (event: { readonly code: string; readonly detail: string }) => ({
  code: event.code,
  detail: event.detail,
});

/** What was never sent ends at once; what the broker may have is canceled there. */
function wantCanceled(state: OrderState, event: Extract<OrderEvent, { type: "cancel_requested" }>): Step {
  if (state.cancel_requested_at !== null && event.replacedBy === null) return { state };
  const wanted: OrderState = {
    ...state,
    cancel_requested_at: state.cancel_requested_at ?? event.at,
    replaced_by: event.replacedBy ?? state.replaced_by,
  };
  return isUnsent(state)
    ? { state: { ...wanted, delivery: "none", status: "canceled" }, auditType: "order.canceled" }
    : { state: wanted, auditType: "order.cancel_requested" };
}

function settle(state: OrderState, settlement: Settlement): Partial<OrderState> {
  const reason = { code: SETTLED_BY_OPERATOR, detail: settlement.reason };
  return settlement.outcome === "not_placed"
    ? { delivery: "none", outcome: "known", status: "canceled", reason }
    : {
        delivery: "delivered",
        outcome: "known",
        status: settlement.status,
        venue_order_id: settlement.venue_order_id ?? state.venue_order_id,
        filled_quantity: settlement.filled_quantity,
        average_price: settlement.average_price ?? null,
        reason,
      };
}

/**
 * Takes in the venue's view. Reports can arrive late and out of order: what has been filled stays filled, and an ended
 * order moves only if more was filled than was known (a late fill after a cancel is believed) or if it was filled after all.
 */
function believe(state: OrderState, report: VenueReport): Step {
  const moreFilled = greaterThan(report.filled_quantity, state.filled_quantity);
  const lessFilled = lessThan(report.filled_quantity, state.filled_quantity);
  const isBetterEnd = report.status === "filled" && state.status !== "filled";
  if (lessFilled || (isTerminal(state.status) && !moreFilled && !isBetterEnd)) return { state };

  const next: OrderState = {
    ...state,
    delivery: "delivered",
    outcome: "known",
    venue_order_id: report.venue_order_id,
    reason: null,
    status: statusAfter(state.status, report.status),
    // What one leg has closed is no longer the other one's to close. Any other order is for what was asked for.
    quantity: state.parent === undefined ? state.quantity : smallerOf(state.quantity, report.quantity),
    filled_quantity: report.filled_quantity,
    // Between two fills the known average may be the exact one, and the report's a rounded one.
    average_price: moreFilled ? report.average_price : state.average_price,
  };
  const unchanged =
    state.delivery === "delivered" && next.status === state.status && next.quantity === state.quantity && !moreFilled;
  return unchanged ? { state } : { state: next, auditType: nameOf(state, next, moreFilled) };
}

const smallerOf = (known: Decimal | undefined, reported: Decimal | null): Decimal | undefined =>
  known !== undefined && reported !== null && lessThan(reported, known) ? reported : known;

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
