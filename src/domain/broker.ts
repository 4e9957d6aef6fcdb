// The one way to a broker: what an adapter promises, and every way a call to it can end. No venue is named here.
import type { ClientOrderId } from "./ids.ts";
import type { Decimal } from "./money.ts";
import type { OrderIntent, OrderStatus, OrderType, Side } from "./order.ts";
import type { Approved } from "./risk/approved.ts";

/**
 * What the broker does with a client order id it has seen before. `permanent`: refuses it, for good, so the same id can
 * be sent again without a second effect. `open_orders`: refuses it only while the first order is open. `none`: takes it.
 */
export type Deduplication = "permanent" | "open_orders" | "none";

/** The venue's view of one order. */
export type VenueReport = {
  readonly venue_order_id: string;
  readonly client_order_id: string;
  readonly symbol: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly quantity: Decimal | null;
  readonly notional: Decimal | null;
  readonly limit_price: Decimal | null;
  readonly stop_price: Decimal | null;
  readonly status: OrderStatus;
  /** CumQty (14). */
  readonly filled_quantity: Decimal;
  /** AvgPx (6). */
  readonly average_price: Decimal | null;
};

/**
 * How an attempt to place an order ended. `rejected` is final. `not_sent` is certain: the broker has not taken it, and
 * the same id may be sent again. `unknown` is everything else, a duplicate id included: look it up, never guess.
 */
export type SubmitEnding =
  | { readonly ending: "accepted"; readonly report: VenueReport }
  | { readonly ending: "rejected"; readonly code: string; readonly detail: string }
  | { readonly ending: "not_sent"; readonly code: string; readonly retryAfterMs: number | null }
  | { readonly ending: "unknown"; readonly code: string };

export type FindEnding =
  | { readonly ending: "found"; readonly report: VenueReport }
  | { readonly ending: "absent" }
  | { readonly ending: "unknown"; readonly code: string };

/** A traded price and when it traded. */
export type ReferencePrice = { readonly price: Decimal; readonly atMs: number };

/** What a broker cannot carry out, found before anything is sent. */
export type Unsupported = { readonly code: string; readonly detail: string };

/** One trading account at one broker. No method throws: what goes wrong is an ending. */
export type Broker = {
  readonly deduplication: Deduplication;
  /** Whether the broker can carry out such an order at all; pure. */
  readonly supports: (intent: OrderIntent) => Unsupported | undefined;
  readonly submit: (intent: Approved<OrderIntent>) => Promise<SubmitEnding>;
  readonly find: (clientOrderId: ClientOrderId) => Promise<FindEnding>;
  /** The last trade, or `undefined` when the broker does not say. */
  readonly latestTrade: (symbol: string) => Promise<ReferencePrice | undefined>;
};

/** Whether a venue's order is the one we asked for: the same id can have been used from elsewhere. */
export function isSameOrder(intent: OrderIntent, report: VenueReport): boolean {
  return (
    report.client_order_id === intent.client_order_id &&
    report.symbol === intent.symbol &&
    report.side === intent.side &&
    report.type === intent.type &&
    report.limit_price === (intent.limit_price ?? null) &&
    report.stop_price === (intent.stop_price ?? null) &&
    // A venue may add the quantity it made of a notional order; what was asked for has to be there.
    (intent.quantity === undefined ? report.notional === intent.notional : report.quantity === intent.quantity)
  );
}
