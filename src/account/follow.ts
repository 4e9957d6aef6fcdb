// Takes one order one step further: sends it, asks the broker about it, or lets it lapse. It talks to a small deps
// interface, so it runs without a Durable Object. Every fact is recorded before the next thing happens.
import { type Broker, type FindEnding, type SubmitEnding, isSameOrder } from "../domain/broker.ts";
import { planNext } from "../domain/follow.ts";
import type { OrderEvent } from "../domain/lifecycle.ts";
import type { Order, OrderIntent } from "../domain/order.ts";
import { assertNever } from "../domain/result.ts";
import { resumeApproval } from "../domain/risk/assess.ts";
import type { OrderRow } from "./orders.ts";

export type FollowDeps = {
  readonly broker: Broker;
  readonly nowMs: () => number;
  /** Whether the trading state lets this order leave at this moment. */
  readonly mayLeave: (intent: OrderIntent) => boolean;
  /**
   * Records an event durably and returns the row as it then stands. Returns `undefined` when the order has moved on since
   * `seen` was read: then the event belongs to a past that nobody may act on.
   */
  readonly record: (seen: OrderRow, event: OrderEvent) => OrderRow | undefined;
  /** Puts the next look at the order off, without an event. */
  readonly postpone: () => void;
};

/** One step. Never called while an earlier step of the same order still runs in this process. */
export async function followOrder(row: OrderRow, deps: FollowDeps): Promise<void> {
  const { order } = row;
  const next = planNext(order, {
    nowMs: deps.nowMs(),
    expiresAtMs: row.expiresAtMs,
    looks: row.looks,
    absences: row.absences,
    deduplication: deps.broker.deduplication,
    mayLeave: !mayBeSent(order) || deps.mayLeave(intentOf(order)),
  });
  switch (next.move) {
    case "nothing":
      return deps.postpone();
    case "submit":
      return submit(row, deps);
    case "lapse":
      deps.record(row, { type: "lapsed", code: next.code });
      return;
    case "mark_interrupted":
      deps.record(row, { type: "unknown", code: "interrupted" });
      return;
    case "look_up":
      return lookUp(row, deps);
    case "give_up":
      deps.record(row, { type: "needs_operator", code: "not_found_for_a_day" });
      return;
    default:
      return assertNever(next);
  }
}

/** Only then does the trading state matter, and only then is it worth reading every live order for. */
const mayBeSent = ({ delivery }: Order): boolean => delivery === "pending" || delivery === "unknown";

/** The intent is claimed in the journal before the call leaves, and settled only if that same attempt is still open. */
async function submit(row: OrderRow, deps: FollowDeps): Promise<void> {
  const claimed = deps.record(row, { type: "submitting" });
  if (claimed === undefined) return;
  const ending = await deps.broker.submit(resumeApproval(intentOf(claimed.order), claimed.order.verdicts));
  deps.record(claimed, settle(claimed.order, ending));
}

function settle(order: Order, ending: SubmitEnding): OrderEvent {
  switch (ending.ending) {
    case "accepted":
      return isSameOrder(intentOf(order), ending.report)
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

async function lookUp(row: OrderRow, deps: FollowDeps): Promise<void> {
  const found: FindEnding = await deps.broker.find(row.order.client_order_id);
  switch (found.ending) {
    case "found":
      if (isSameOrder(intentOf(row.order), found.report)) deps.record(row, { type: "report", report: found.report });
      else if (row.order.delivery === "unknown")
        deps.record(row, { type: "needs_operator", code: "other_order_found" });
      else deps.postpone();
      return;
    case "absent":
      if (row.order.delivery === "unknown") deps.record(row, { type: "absent" });
      else deps.postpone();
      return;
    case "unknown":
      deps.postpone();
      return;
    default:
      return assertNever(found);
  }
}

/** The part of an order that was asked for. */
export function intentOf(order: Order): OrderIntent {
  return {
    account: order.account,
    client_order_id: order.client_order_id,
    symbol: order.symbol,
    side: order.side,
    type: order.type,
    quantity: order.quantity,
    notional: order.notional,
    limit_price: order.limit_price,
    stop_price: order.stop_price,
    time_in_force: order.time_in_force,
    extended_hours: order.extended_hours,
  };
}
