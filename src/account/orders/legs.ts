// The legs of an order, as the venue tells of them. Each becomes an order of the account's own, by the names that the venue has
// given it, and from then on is looked at, canceled, filled and counted like any other.
import { isHeldBack, lacksSuccessor } from "../../domain/bracket.ts";
import type { VenueReport } from "../../domain/broker.ts";
import { LOOKS_WHILE_HELD_BACK } from "../../domain/follow.ts";
import { ClientOrderId, type OrderId, legIdOf } from "../../domain/ids.ts";
import { ZERO } from "../../domain/money.ts";
import { type Order, type OrderType, intentOf, isLive, isTerminal } from "../../domain/order.ts";
import { assert } from "../../domain/result.ts";
import { append } from "../journal.ts";
import { type OrderRow, findByClientOrderId, findOrder, insertOrder, updateOrder, watchAnew } from "./orders.ts";

/** What a report says of one leg. `isNew`: the row is not stored yet. */
export type ToldLeg = { readonly row: OrderRow; readonly report: VenueReport; readonly isNew: boolean };

/** What a report of their order says of its legs that is not known yet. */
export function legsTold(
  sql: SqlStorage,
  parent: Order,
  reports: readonly VenueReport[],
  nowMs: number,
): readonly ToldLeg[] {
  let legs = parent.legs?.length ?? 0;
  return reports.flatMap((report): ToldLeg[] => {
    const known = findByClientOrderId(sql, ClientOrderId.parse(report.client_order_id));
    if (known !== undefined) return isNews(parent, known.order, report) ? [{ row: known, report, isNew: false }] : [];
    legs += 1;
    return [{ row: rowOf(toOrder(parent, report, { n: legs, nowMs }), nowMs), report, isNew: true }];
  });
}

const isNews = (parent: Order, leg: Order, { status, quantity, filled_quantity }: VenueReport): boolean =>
  leg.parent === parent.id &&
  (leg.status !== status || leg.quantity !== quantity || leg.filled_quantity !== filled_quantity);

/** Nothing of it is filled yet, whatever the report says: it is recorded next, and counts what has been. */
function toOrder(
  parent: Order,
  report: VenueReport,
  { n, nowMs }: { readonly n: number; readonly nowMs: number },
): Order {
  const { quantity, limit_price, stop_price, status } = report;
  assert(quantity !== null, "a leg is for units");
  const now = new Date(nowMs).toISOString();
  return {
    id: legIdOf(parent.id, n),
    account: parent.account,
    source: parent.source,
    request_id: parent.request_id,
    client_order_id: ClientOrderId.parse(report.client_order_id),
    symbol: report.symbol,
    side: report.side,
    type: report.type,
    quantity,
    ...(limit_price === null ? {} : { limit_price }),
    ...(stop_price === null ? {} : { stop_price }),
    time_in_force: parent.time_in_force,
    extended_hours: false,
    status: isTerminal(status) ? "pending_new" : status,
    delivery: "delivered",
    outcome: "known",
    venue_order_id: report.venue_order_id,
    filled_quantity: ZERO,
    average_price: null,
    reason: null,
    // It was decided about with its order.
    verdicts: [],
    attempts: 0,
    replaces: null,
    replaced_by: null,
    parent: parent.id,
    cancel_requested_at: null,
    created_at: now,
    updated_at: now,
  };
}

const rowOf = (order: Order, nowMs: number): OrderRow => ({
  order,
  // No request asks for it, so none is a repetition of one that did.
  request: "{}",
  expiresAtMs: nowMs,
  looks: isHeldBack(order) ? LOOKS_WHILE_HELD_BACK : 0,
  absences: 0,
  dueAtMs: nowMs,
  executionsSinceMs: null,
  isExit: true,
  // A goal has done with it once its order is placed.
  goal: null,
});

/** Whether the order that this one is a leg of has not ended, as far as anybody has told. */
export function parentLives(sql: SqlStorage, { parent }: Order): boolean {
  const order = parent === undefined ? undefined : findOrder(sql, parent)?.order;
  return order !== undefined && isLive(order);
}

export function addLeg(sql: SqlStorage, row: OrderRow): void {
  const { order } = row;
  insertOrder(sql, row, null);
  append(sql, order.account, {
    time: order.created_at,
    type: "order.leg_added",
    actor: { kind: "broker", id: order.account },
    request_id: order.request_id,
    client_ip: null,
    order_id: order.id,
    symbol: order.symbol,
    result: { ok: true, code: order.status },
    data: { intent: intentOf(order), venue_order_id: order.venue_order_id, parent: order.parent },
  });
}

/** Whatever ends one order of a bracket starts or ends the others. */
export function watchRelatives(sql: SqlStorage, order: Order): void {
  const parent = order.parent === undefined ? order : findOrder(sql, order.parent)?.order;
  for (const leg of parent?.legs ?? []) if (leg !== order.id) watchAnew(sql, leg);
}

/**
 * Links a leg that somebody has replaced at the venue with the one that is there now, whichever of them was told first. To be called
 * whenever a leg is new, or has been replaced.
 */
export function linkSuccessors(sql: SqlStorage, parent: OrderId): void {
  const legs = (findOrder(sql, parent)?.order.legs ?? [])
    .map((id) => findOrder(sql, id))
    .filter((row) => row !== undefined);
  for (const row of legs.filter(({ order }) => lacksSuccessor(order))) {
    const isOfKind = ({ order }: OrderRow) => isProfit(order.type) === isProfit(row.order.type);
    const successor = legs.find((leg) => isOfKind(leg) && leg.order.status !== "replaced");
    if (successor === undefined) continue;
    const order = { ...row.order, replaced_by: successor.order.id, reason: null };
    updateOrder(sql, { ...row, order, dueAtMs: null });
  }
}

/** Of the two legs, the one that closes the position where it has gained. */
const isProfit = (type: OrderType): boolean => type === "limit";
