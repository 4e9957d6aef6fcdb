// Takes one order one step further: sends it, cancels it, asks the broker about it, or lets it lapse. It talks to a small deps
// interface, so it runs without a Durable Object. Every fact is recorded before the next thing happens.
import {
  type Broker,
  type CancelEnding,
  type FindEnding,
  type SubmitEnding,
  isThatOrder,
} from "../../domain/broker.ts";
import { LOOKS_PER_CANCEL, type NextMove, isGone, planNext } from "../../domain/follow.ts";
import type { OrderEvent } from "../../domain/lifecycle.ts";
import { type Order, intentOf, isLive } from "../../domain/order.ts";
import type { Purpose } from "../../domain/pace.ts";
import { assertNever } from "../../domain/result.ts";
import { resumeApproval } from "../../domain/risk/assess.ts";
import type { OrderRow } from "../orders/orders.ts";

export type PlanDeps = {
  readonly broker: Pick<Broker, "deduplication">;
  readonly nowMs: () => number;
  /** Whether the trading state lets this order leave at this moment. */
  readonly mayLeave: (order: Order) => boolean;
  /** Whether the account is a shadow, and sends nothing. */
  readonly isShadow: boolean;
  /** Whether the order that this one waits for has ended. */
  readonly predecessorEnded: (order: Order) => boolean;
  /** Whether the order that this one is a leg of has not ended. */
  readonly parentLives: (leg: Order) => boolean;
};

export type StepDeps = {
  readonly broker: Broker;
  /**
   * Records an event durably and returns the row as it then stands. Returns `undefined` when the order has moved on since
   * `seen` was read: then the event belongs to a past that nobody may act on.
   */
  readonly record: (seen: OrderRow, event: OrderEvent) => OrderRow | undefined;
  /** Puts what is next for the order off, without an event; `retryAfterMs` is the broker's own hint. */
  readonly postpone: (retryAfterMs?: number | null, looks?: number) => void;
  /** Whether the circuit breaker is open: then cancels pass, and looks do not. */
  readonly isCutOff: () => boolean;
  /** Has the order looked at that this one is a leg of. */
  readonly lookAtParent: () => void;
  /** Sends a waiting order on its way, or ends it, now that the one it waits for has ended. */
  readonly release: () => Promise<void>;
};

/** What the order needs next. */
export const planStep = (row: OrderRow, deps: PlanDeps): NextMove =>
  planNext(row.order, {
    nowMs: deps.nowMs(),
    expiresAtMs: row.expiresAtMs,
    looks: row.looks,
    absences: row.absences,
    deduplication: deps.broker.deduplication,
    mayLeave: !mayBeSent(row.order) || deps.mayLeave(row.order),
    isShadow: deps.isShadow,
    predecessorEnded: row.order.delivery === "waiting" && deps.predecessorEnded(row.order),
    parentLives: row.order.parent !== undefined && deps.parentLives(row.order),
  });

/** Only then does the trading state matter, and only then is it worth reading every live order for. */
const mayBeSent = ({ delivery }: Order): boolean => delivery === "pending" || delivery === "unknown";

/** What the broker is called for in this move; `undefined` when it is not called at all. */
export function purposeOfMove({ move }: NextMove, { order, isExit }: OrderRow): Purpose | undefined {
  if (move === "submit") return isExit ? "exit" : "send";
  if (move === "cancel") return "cancel";
  if (move === "look_up") return order.delivery === "unknown" ? "ask" : "watch";
  return undefined;
}

/** Makes the move. Never called while an earlier step of the same order still runs in this process. */
export async function takeStep(row: OrderRow, next: NextMove, deps: StepDeps): Promise<void> {
  switch (next.move) {
    case "nothing":
      return deps.postpone();
    case "submit":
      return submit(row, deps);
    case "lapse":
      deps.record(row, { type: "lapsed", code: next.code });
      return;
    case "shadow":
      deps.record(row, { type: "shadowed" });
      return;
    case "release":
      return deps.release();
    case "mark_interrupted":
      deps.record(row, { type: "unknown", code: "interrupted" });
      return;
    case "look_up":
      return lookUp(row, deps);
    case "look_at_parent":
      return deps.lookAtParent();
    case "give_up_legs":
      deps.record(row, { type: "legs_missing" });
      return;
    case "cancel":
      return cancel(row, deps);
    case "give_up":
      deps.record(row, { type: "needs_operator", code: next.code });
      return;
    default:
      return assertNever(next);
  }
}

/** The intent is claimed in the journal before the call leaves, and settled only if that same attempt is still open. */
async function submit(row: OrderRow, deps: StepDeps): Promise<void> {
  const claimed = deps.record(row, { type: "submitting" });
  if (claimed === undefined) return;
  const ending = await deps.broker.submit(resumeApproval(intentOf(claimed.order), claimed.order.verdicts));
  deps.record(claimed, settle(claimed.order, ending));
}

function settle(order: Order, ending: SubmitEnding): OrderEvent {
  switch (ending.ending) {
    case "accepted":
      return isThatOrder(order, ending.report)
        ? { type: "report", report: ending.report }
        : { type: "unknown", code: "other_order_returned" };
    case "rejected":
      return { type: "rejected", code: ending.code, detail: ending.detail };
    case "not_sent":
      return { type: "not_sent", code: ending.code, retryAfterMs: ending.retryAfterMs };
    case "unknown":
      return { type: "unknown", code: ending.code };
    default:
      return assertNever(ending);
  }
}

async function lookUp(row: OrderRow, deps: StepDeps): Promise<void> {
  const found: FindEnding = await deps.broker.find(row.order.client_order_id);
  switch (found.ending) {
    case "found":
      if (isThatOrder(row.order, found.report)) deps.record(row, { type: "report", report: found.report });
      else noteOther(row, deps);
      return;
    case "absent":
      if (isMissed(row)) deps.record(row, { type: "absent" });
      else deps.postpone();
      return;
    case "not_sent":
      return deps.postpone(found.retryAfterMs);
    case "unknown":
      return deps.postpone();
    default:
      return assertNever(found);
  }
}

/** Under our id the broker has other terms. Of an order that it had as we know it, one such answer may be a mistake. */
function noteOther(row: OrderRow, deps: StepDeps): void {
  if (!isMissed(row)) return deps.postpone();
  const isSure = row.order.delivery === "unknown" || isGone(row.absences + 1);
  deps.record(row, isSure ? { type: "needs_operator", code: "other_order_found" } : { type: "absent" });
}

/** Whether the broker should have the order, as far as we know. */
const isMissed = ({ order }: OrderRow): boolean => order.delivery !== "needs_operator" && isLive(order);

/** A cancel may be sent again and again, so it needs no claim. Whatever its ending, the next look tells. */
async function cancel(row: OrderRow, deps: StepDeps): Promise<void> {
  const { venue_order_id: venueOrderId } = row.order;
  if (venueOrderId === null) return deps.postpone();
  const ending: CancelEnding = await deps.broker.cancel(venueOrderId);
  switch (ending.ending) {
    case "requested":
      deps.record(row, { type: "cancel_sent" });
      return;
    case "not_sent":
      return deps.postpone(ending.retryAfterMs, looksToCancelAgain(deps));
    case "unknown":
      return deps.postpone(0, looksToCancelAgain(deps));
    case "too_late":
      return deps.postpone();
    default:
      return assertNever(ending);
  }
}

/** A look would say more than a second cancel, but while the breaker is open only the cancel passes. */
const looksToCancelAgain = ({ isCutOff }: StepDeps): number => (isCutOff() ? LOOKS_PER_CANCEL : 1);
