// A person's word on a held order. Everything is looked at anew in the moment it is given, and the first word counts. The caller
// wraps each in transactionSync.
import { personOf } from "../../domain/access.ts";
import { type FieldError, INVALID_FIELD } from "../../domain/fields.ts";
import type { OrderId } from "../../domain/ids.ts";
import type { Word } from "../../domain/lifecycle.ts";
import { type Decimal, greaterThan } from "../../domain/money.ts";
import { type Hold, type Order, type Verdict, intentOf } from "../../domain/order.ts";
import { type Result, err, ok } from "../../domain/result.ts";
import { assess } from "../../domain/risk/assess.ts";
import { driftSince, priceAtHold } from "../../domain/risk/hold.ts";
import type { Policy } from "../../domain/risk/policy.ts";
import { factsNow } from "../risk/assess-now.ts";
import type { DecisionContext } from "../risk/decision-context.ts";
import { type OrderRow, askedTypeOf, findOrder, readLive } from "./orders.ts";
import { type RecordContext, mustRecord } from "./record.ts";
import type { Caller } from "../caller.ts";

export type NotHeld =
  | { readonly reason: "order_unknown" }
  /** It never was, or somebody was faster, or its time is over. */
  | { readonly reason: "order_not_held"; readonly order: Order };

export type ApprovalRefusal =
  | NotHeld
  /** Whoever is behind an order does not approve it; `owner` is `null` where nobody knows who that is. */
  | { readonly reason: "second_person_required"; readonly owner: string | null }
  | { readonly reason: "invalid_change"; readonly errors: readonly FieldError[] }
  | { readonly reason: "price_moved"; readonly drift: string }
  | { readonly reason: "approval_refused"; readonly code: string; readonly verdicts: readonly Verdict[] };

export type Approval = {
  /** Fewer units than were asked for. */
  readonly quantity: Decimal | undefined;
  readonly why: string | null;
};

type WordContext = RecordContext & { readonly caller: Caller };

export type ApproveArgs = DecisionContext & WordContext;

/** The orders that wait for a person, what expires first on top. */
export const listHeld = (sql: SqlStorage): Order[] =>
  readLive(sql)
    .filter(({ delivery }) => delivery === "held")
    .toSorted((a, b) => (a.hold?.expires_at ?? "").localeCompare(b.hold?.expires_at ?? ""));

/** What is refused stays held, and nothing of it is sent. */
export function approveOrder(
  sql: SqlStorage,
  id: OrderId,
  { quantity, why }: Approval,
  args: ApproveArgs,
): Result<Order, ApprovalRefusal> {
  const said = saidBy(sql, id, args.caller);
  if (said !== undefined) return ok(said);
  const found = findHeld(sql, id, args.nowMs);
  if (!found.ok) return found;
  const { row, hold } = found.value;
  const { order } = row;
  const second = secondPerson(hold, args.caller, args.policy);
  if (!second.ok) return second;
  if (quantity !== undefined && (order.quantity === undefined || greaterThan(quantity, order.quantity))) {
    const message = order.quantity === undefined ? "it is for an amount of money" : `must be ${order.quantity} at most`;
    return err({ reason: "invalid_change", errors: [{ pointer: "/quantity", code: INVALID_FIELD, message }] });
  }

  const intent = quantity === undefined ? intentOf(order) : { ...intentOf(order), quantity };
  // Its sender has proven itself, and it has been counted, when it was held.
  const context = { ...args, source: order.source, sender: null, askedType: askedTypeOf(row) };
  const facts = factsNow(sql, intent, context, [order.id]);
  const decision = assess(intent, args.policy, facts);
  const { verdicts } = decision;
  if (decision.outcome === "denied") return err({ reason: "approval_refused", code: decision.reason, verdicts });
  // The policy has come to ask for a bound since.
  if (decision.intent.type !== order.type) {
    return err({ reason: "approval_refused", code: "market_order_unbounded", verdicts });
  }
  const drift = decision.isReduction ? undefined : driftSince(hold.price, priceAtHold(facts), args.policy);
  if (drift !== undefined) return err({ reason: "price_moved", drift });
  const event = { type: "approved", word: wordOf(args, why), quantity: intent.quantity, verdicts } as const;
  return ok(mustRecord(sql, row, event, args).order);
}

export function declineOrder(
  sql: SqlStorage,
  id: OrderId,
  why: string | null,
  context: WordContext,
): Result<Order, NotHeld> {
  const said = saidBy(sql, id, context.caller);
  if (said !== undefined) return ok(said);
  const found = findHeld(sql, id, context.nowMs);
  if (!found.ok) return found;
  return ok(mustRecord(sql, found.value.row, { type: "declined", word: wordOf(context, why) }, context).order);
}

/** The order, if this very request has been carried out already and its answer got lost. */
function saidBy(sql: SqlStorage, id: OrderId, { requestId }: Caller): Order | undefined {
  const order = findOrder(sql, id)?.order;
  return order?.hold?.decided?.request_id === requestId ? order : undefined;
}

type Held = { readonly row: OrderRow; readonly hold: Hold };

function findHeld(sql: SqlStorage, id: OrderId, nowMs: number): Result<Held, NotHeld> {
  const row = findOrder(sql, id);
  if (row === undefined) return err({ reason: "order_unknown" });
  const { order } = row;
  return order.delivery === "held" && order.hold !== undefined && nowMs < row.expiresAtMs
    ? ok({ row, hold: order.hold })
    : err({ reason: "order_not_held", order });
}

function secondPerson({ owner }: Hold, { actor }: Caller, { approval }: Policy): Result<void, ApprovalRefusal> {
  if (approval === "auto" || !approval.two_persons) return ok(undefined);
  // Who nobody knows could be anybody.
  const isAnother = owner !== null && nameOf(owner) !== nameOf(personOf(actor.id));
  return isAnother ? ok(undefined) : err({ reason: "second_person_required", owner });
}

/** An owner is written by hand, once for a source and once for a key. */
const nameOf = (person: string): string => person.normalize("NFKC").trim().toLowerCase();

const wordOf = ({ caller, nowMs }: WordContext, why: string | null): Word => ({
  by: caller.actor.id,
  at: new Date(nowMs).toISOString(),
  request_id: caller.requestId,
  reason: why,
});
