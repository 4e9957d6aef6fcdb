// One order in our words and in Alpaca's. Pure, and exact in both directions: every decimal goes out as it was approved.
import type { VenueReport } from "../../domain/broker.ts";
import { ClientOrderId } from "../../domain/ids.ts";
import { greaterThan } from "../../domain/money.ts";
import { type OrderIntent, type OrderStatus, OrderType } from "../../domain/order.ts";
import { type Result, err, ok } from "../../domain/result.ts";
import { AlpacaLegs, AlpacaOrder, AlpacaOrderKind } from "./wire.ts";

/** The JSON text that `POST /v2/orders` takes. The same intent always gives the same bytes. */
export const toOrderBody = (intent: OrderIntent): string =>
  JSON.stringify({
    symbol: intent.symbol,
    qty: intent.quantity,
    notional: intent.notional,
    side: intent.side,
    type: intent.type,
    time_in_force: intent.time_in_force,
    limit_price: intent.limit_price,
    stop_price: intent.stop_price,
    // Absent means false, and only an order that asks for it has to be one that may.
    extended_hours: intent.extended_hours ? true : undefined,
    ...toBracketFields(intent),
    client_order_id: intent.client_order_id,
  });

/** An order with two legs is a `bracket`, one with one leg is an `oto` (one triggers the other). */
function toBracketFields({ take_profit, stop_loss }: OrderIntent) {
  if (take_profit === undefined && stop_loss === undefined) return {};
  return {
    order_class: take_profit !== undefined && stop_loss !== undefined ? "bracket" : "oto",
    take_profit: take_profit && { limit_price: take_profit.limit_price },
    stop_loss: stop_loss && { stop_price: stop_loss.stop_price, limit_price: stop_loss.limit_price },
  };
}

/**
 * Alpaca's status names are FIX's, but for two: `accepted` has not been routed yet, and `held` is a leg that Alpaca
 * holds back until its order is filled, or the other leg is canceled. A name that is not in this table is never guessed at.
 */
const STATUSES: ReadonlyMap<string, OrderStatus> = new Map([
  ["accepted", "pending_new"],
  ["pending_new", "pending_new"],
  ["held", "suspended"],
  ["new", "new"],
  ["partially_filled", "partially_filled"],
  ["filled", "filled"],
  ["done_for_day", "done_for_day"],
  ["canceled", "canceled"],
  ["replaced", "replaced"],
  ["pending_cancel", "pending_cancel"],
  ["stopped", "stopped"],
  ["rejected", "rejected"],
  ["suspended", "suspended"],
  ["calculated", "calculated"],
  ["expired", "expired"],
  ["accepted_for_bidding", "accepted_for_bidding"],
  ["pending_replace", "pending_replace"],
]);

type Unreadable = "unreadable_order" | "unrecognised_status";

/** Reads Alpaca's JSON of one order. A replaced order is reported as itself, not as its replacement. */
export function toVenueReport(body: unknown): Result<VenueReport, Unreadable> {
  const report = readAlone(body);
  if (!report.ok) return report;
  const nested = AlpacaLegs.safeParse(body);
  if (!nested.success) return err("unreadable_order");
  const legs: VenueReport[] = [];
  for (const item of nested.data.legs) {
    const leg = readAlone(item);
    if (!leg.ok) return leg;
    // A leg is followed by the name that Alpaca has given it.
    if (!ClientOrderId.safeParse(leg.value.client_order_id).success) return err("unreadable_order");
    legs.push(leg.value);
  }
  return legs.length === 0 ? report : ok({ ...report.value, legs });
}

/** Reads an order without the legs that may be in it. Only of an order that stands alone is it said that it has none. */
function readAlone(body: unknown): Result<VenueReport, Unreadable> {
  const order = AlpacaOrder.safeParse(body);
  if (!order.success) return err("unreadable_order");
  const { id, qty, filled_qty, filled_avg_price, order_class, ...same } = order.data;
  // A position would be counted from it, and exits would be measured by that.
  if (qty !== null && greaterThan(filled_qty, qty)) return err("unreadable_order");
  const status = STATUSES.get(same.status);
  if (status === undefined) return err("unrecognised_status");
  return ok({
    ...same,
    status,
    venue_order_id: id,
    quantity: qty,
    filled_quantity: filled_qty,
    average_price: filled_avg_price,
    ...(SINGLE_ORDER_CLASSES.has(order_class) ? { legs: [] } : {}),
  });
}

/**
 * Reads one order of a list of everything that is open; `undefined` for one of a kind that we never send, which somebody
 * placed beside us: a trailing stop, a multi-leg order.
 */
export function toListedReport(body: unknown): Result<VenueReport | undefined, Unreadable> {
  const kind = AlpacaOrderKind.safeParse(body);
  if (!kind.success) return err("unreadable_order");
  const { type, order_class } = kind.data;
  const isOurKind = OrderType.safeParse(type).success && OUR_ORDER_CLASSES.has(order_class ?? "");
  return isOurKind ? readAlone(body) : ok(undefined);
}

const SINGLE_ORDER_CLASSES: ReadonlySet<string> = new Set(["", "simple"]);
const OUR_ORDER_CLASSES: ReadonlySet<string> = new Set([...SINGLE_ORDER_CLASSES, "bracket", "oto"]);
