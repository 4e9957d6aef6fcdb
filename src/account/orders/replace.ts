// One order in the place of another: a cancel and a new order, linked. The new one waits until the old one has ended, takes
// off its quantity what the old one filled, and is looked at by the rules once more. The caller wraps each in transactionSync.
import { isOfBracket } from "../../domain/bracket.ts";
import type { OrderId } from "../../domain/ids.ts";
import type { OrderEvent } from "../../domain/lifecycle.ts";
import { ZERO, isPositive, subtract } from "../../domain/money.ts";
import { type Order, intentOf, isTerminal } from "../../domain/order.ts";
import { type Result, assert, err, ok } from "../../domain/result.ts";
import { type OrderChange, applyChange } from "../../domain/signal/change.ts";
import { type FieldError, INVALID_FIELD } from "../../domain/fields.ts";
import { type Admitted, type AdmitArgs, type Signal, findEarlier, noteOrder } from "./admit.ts";
import { assessNow } from "../risk/assess-now.ts";
import type { DecisionContext } from "../risk/decision-context.ts";
import { type RateLimited, meterOf, ownerOf } from "../door/door.ts";
import { type OrderRow, askedTypeOf, findOrder, makeDue } from "./orders.ts";
import { type RecordContext, mustRecord } from "./record.ts";
import { storeDecided, toIntent } from "./store-order.ts";
import type { Envelope } from "../door/envelope.ts";

export type ReplaceRefusal =
  | { readonly reason: "order_unknown" }
  /** It has ended, or somebody wants it canceled or replaced already, or it is an order of a bracket. */
  | { readonly reason: "not_replaceable"; readonly order: Order }
  | { readonly reason: "invalid_change"; readonly errors: readonly FieldError[] }
  /** A person would have to approve the order in its place, and the old one cannot wait for that. */
  | { readonly reason: "approval_required" }
  | RateLimited
  | { readonly reason: "idempotency_conflict"; readonly orderId: OrderId };

/** Which order, and what is to be different about the one in its place. */
export type Replacement = Omit<Envelope, "proof"> & {
  readonly original: OrderId;
  readonly change: OrderChange;
};

export type ReplaceArgs = Omit<AdmitArgs, "signal"> & RecordContext & { readonly replacement: Replacement };

/** A replacement that the rules deny leaves the old order as it is. */
export function replaceOrder(
  sql: SqlStorage,
  args: ReplaceArgs,
): Result<Pick<Admitted, "order" | "duplicate">, ReplaceRefusal> {
  const { original: originalId, change, ...sender } = args.replacement;
  const original = findOrder(sql, originalId);
  if (original === undefined) return err({ reason: "order_unknown" });
  const changed = applyChange(original.order, change);
  if (!changed.ok) return err({ reason: "invalid_change", errors: changed.error });
  const signal: Signal = { ...sender, order: changed.value, proof: null };
  const request = JSON.stringify({ replaces: originalId, ...change });

  const earlier = findEarlier(sql, signal);
  const [first] = earlier;
  if (first !== undefined) {
    const same = earlier.every((row) => row.order.id === first.order.id && row.request === request);
    const isItself = first.order.request_id === signal.requestId;
    if (!isItself) noteOrder(sql, { ...args, signal }, same ? "signal.duplicate" : "signal.conflict", first.order);
    return same
      ? ok({ order: first.order, duplicate: !isItself })
      : err({ reason: "idempotency_conflict", orderId: first.order.id });
  }

  const { order: named } = original;
  if (isTerminal(named.status) || named.cancel_requested_at !== null || isOfBracket(named)) {
    return err({ reason: "not_replaceable", order: named });
  }
  // An order that waits has nothing at the broker: the one it waits for is what has to end first.
  const predecessor =
    named.delivery === "waiting" && named.replaces !== null ? findOrder(sql, named.replaces) : original;
  assert(predecessor !== undefined, "an order waits for one that is not there");
  const { order: old } = predecessor;
  const meter = meterOf(sql, signal.source, args);
  const draw = meter.draw(args.limits);
  if (!draw.allowed) return err({ reason: "rate_limited", retryAfterMs: draw.retryAfterMs, limits: args.limits });
  const newId = args.newId();
  const intent = toIntent(signal.order, args.account, newId);
  const rest = subtract(intent.quantity ?? ZERO, old.filled_quantity);
  if (!isPositive(rest)) {
    const message = `must be more than the ${old.filled_quantity} already filled`;
    return err({ reason: "invalid_change", errors: [{ pointer: "/quantity", code: INVALID_FIELD, message }] });
  }
  // What is left of the old order makes room for the new one.
  const decision = assessNow(
    sql,
    { ...intent, quantity: rest },
    { ...args, source: signal.source, sender: { ...signal, counts: meter.counts() } },
    [old.id, named.id],
  );
  if (decision.outcome === "approved" && decision.hold !== null) return err({ reason: "approval_required" });
  const order = storeDecided(
    sql,
    { ...args, newId, signal, meter, owner: ownerOf(signal) },
    { request, intent: { ...decision.intent, quantity: intent.quantity }, decision, replaces: old.id, goal: null },
    (made) => noteOrder(sql, { ...args, signal }, "signal.accepted", made),
  );
  meter.save();
  // In a shadow account the order in its place is not sent, so the old one works on.
  if (decision.outcome === "approved" && args.mode === "live") {
    const at = new Date(args.nowMs).toISOString();
    const { actor, requestId, clientIp } = signal;
    const context: RecordContext = { ...args, caller: { actor, requestId, clientIp } };
    const event = { type: "cancel_requested", at, replacedBy: order.id } as const;
    mustRecord(sql, original, event, context);
    if (old.id === named.id) return ok({ order, duplicate: false });
    if (isTerminal(old.status)) makeDue(sql, order.id);
    else mustRecord(sql, predecessor, event, context);
  }
  return ok({ order, duplicate: false });
}

export type ReleaseArgs = DecisionContext & RecordContext;

/** Sends a waiting order on its way, or ends it, now that the order it waits for has ended. */
export function releaseOrder(sql: SqlStorage, id: OrderId, args: ReleaseArgs): void {
  const row = findOrder(sql, id);
  if (row === undefined || row.order.delivery !== "waiting") return;
  const old = row.order.replaces === null ? undefined : findOrder(sql, row.order.replaces)?.order;
  assert(old !== undefined && isTerminal(old.status), "an order was released before the one it waits for had ended");
  mustRecord(sql, row, releaseEvent(sql, row, old, args), args);
}

function releaseEvent(sql: SqlStorage, row: OrderRow, old: Order, args: ReleaseArgs): OrderEvent {
  const { order: waiting, expiresAtMs } = row;
  // Filled, rejected or run out of time by itself: there was nothing to replace.
  if (old.status !== "canceled") return { type: "lapsed", code: `replaced_order_${old.status}` };
  if (args.nowMs >= expiresAtMs) return { type: "lapsed", code: "approval_lapsed" };
  const quantity = subtract(waiting.quantity ?? ZERO, old.filled_quantity);
  if (!isPositive(quantity)) return { type: "lapsed", code: "replaced_order_filled" };
  const decision = assessNow(
    sql,
    { ...intentOf(waiting), quantity },
    { ...args, source: waiting.source, sender: null, askedType: askedTypeOf(row) },
    [waiting.id],
  );
  if (decision.outcome === "approved" && decision.hold !== null) {
    return { type: "denied", code: "approval_required", verdicts: decision.verdicts };
  }
  // Taken for an exit when it was accepted, and an entry by now: nothing has bounded its price.
  if (decision.outcome === "approved" && decision.intent.type !== waiting.type) {
    return { type: "denied", code: "market_order_unbounded", verdicts: decision.verdicts };
  }
  return decision.outcome === "approved"
    ? { type: "released", quantity, verdicts: decision.verdicts }
    : { type: "denied", code: decision.reason, verdicts: decision.verdicts };
}
