// The one way to a broker: what an adapter promises, and every way a call to it can end. No venue is named here.
import type { ClientOrderId } from "./ids.ts";
import type { Instrument } from "./instrument.ts";
import { type Decimal, greaterThan } from "./money.ts";
import { type Order, type OrderIntent, type OrderStatus, type OrderType, type Side, intentOf } from "./order.ts";
import type { Approved } from "./risk/approved.ts";
import type { BucketLimits } from "./token-bucket.ts";

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
  /**
   * The orders that wait for this one to be filled and then close its position, ended ones included: each has ids of its own,
   * made up by the venue, and no legs. Empty: it has none. Absent: the venue does not say.
   */
  readonly legs?: readonly VenueReport[];
};

/** One trade of an order (FIX ExecID 17, LastQty 32, LastPx 31). `execution_id` never names another one. */
export type VenueExecution = {
  readonly execution_id: string;
  readonly venue_order_id: string;
  readonly quantity: Decimal;
  readonly price: Decimal;
  readonly executed_at_ms: number;
};

/** Units held of one symbol, negative when short. */
export type VenueHolding = {
  readonly symbol: string;
  readonly quantity: Decimal;
  readonly average_price: Decimal;
  /** In the account's currency, negative when short; `null` where the broker has no price. */
  readonly market_value: Decimal | null;
};

/** In the account's currency. */
export type VenueBalances = {
  readonly currency: string;
  readonly cash: Decimal;
  readonly equity: Decimal;
  readonly buying_power: Decimal;
};

/** The call was turned away or never left: it has had no effect, for certain. */
export type NotSent = { readonly ending: "not_sent"; readonly code: string; readonly retryAfterMs: number | null };

/** Nobody can tell what the call did. */
export type Unknown = { readonly ending: "unknown"; readonly code: string };

/**
 * How an attempt to place an order ended. `rejected` is final. After `not_sent` the same id may be sent again. `unknown`
 * is everything else, a duplicate id included: look it up, never guess.
 */
export type SubmitEnding =
  | { readonly ending: "accepted"; readonly report: VenueReport }
  | { readonly ending: "rejected"; readonly code: string; readonly detail: string }
  | NotSent
  | Unknown;

export type FindEnding =
  | { readonly ending: "found"; readonly report: VenueReport }
  | { readonly ending: "absent" }
  | NotSent
  | Unknown;

/**
 * How a cancel ended. `requested`: the broker will try. `too_late`: the order has ended, or is not there. None of them says
 * how the order ends; a cancel may be repeated after each.
 */
export type CancelEnding = { readonly ending: "requested" } | { readonly ending: "too_late" } | NotSent | Unknown;

/** The whole list, or nothing: a list cut short never counts as one. */
export type ListEnding<T> = { readonly ending: "listed"; readonly items: readonly T[] } | NotSent | Unknown;

/**
 * Everything the broker lists, each symbol once, or nothing. `passedOver` counts the entries that could not be read or told
 * apart: what is not listed cannot be entered, and one strange entry must not lose all others.
 */
export type InstrumentsEnding =
  | { readonly ending: "listed"; readonly items: readonly Instrument[]; readonly passedOver: number }
  | NotSent
  | Unknown;

/** Trades, oldest first. Unless `isWhole`, there are more behind the last one. */
export type ExecutionsEnding =
  | { readonly ending: "listed"; readonly items: readonly VenueExecution[]; readonly isWhole: boolean }
  | NotSent
  | Unknown;

export type BalancesEnding = { readonly ending: "read"; readonly balances: VenueBalances } | NotSent | Unknown;

/** Whose account the credentials open, and whether orders may be placed there. `refused`: they open none. */
export type IdentityEnding =
  | {
      readonly ending: "identified";
      readonly venue_account: string;
      readonly is_paper: boolean;
      /** Why the broker takes no orders there, if it does not. */
      readonly blocked: string | null;
    }
  | { readonly ending: "refused" }
  | NotSent
  | Unknown;

/** What something trades at, by its last trade or by the middle between bid and ask, and when that trade or quote was made. */
export type ReferencePrice = { readonly price: Decimal; readonly atMs: number; readonly of: "trade" | "quote" };

/** What a broker cannot carry out, found before anything is sent. */
export type Unsupported = { readonly code: string; readonly detail: string };

/** What the broker says is left of its own budget: nothing before `resetAtMs` when `remaining` is 0. */
export type Quota = { readonly remaining: number; readonly resetAtMs: number };

/** One trading account at one broker. No method throws: what goes wrong is an ending. */
export type Broker = {
  readonly deduplication: Deduplication;
  /**
   * The calls the broker takes, prices excluded: in any minute it is called `capacity + 60 * ratePerSec` times at most, where
   * a list counts once, however many pages it has (ten at most), and so do the two calls of a comparison, and the two that
   * finding an order with legs can take.
   */
  readonly limits: BucketLimits;
  /** Whether the broker can carry out such an order at all; pure. */
  readonly supports: (intent: OrderIntent) => Unsupported | undefined;
  readonly submit: (intent: Approved<OrderIntent>) => Promise<SubmitEnding>;
  /** Looks wherever the broker keeps orders, ended ones included. An order is found with its legs. */
  readonly find: (clientOrderId: ClientOrderId) => Promise<FindEnding>;
  /** With one order of a bracket the broker cancels all that are left of it. */
  readonly cancel: (venueOrderId: string) => Promise<CancelEnding>;
  /**
   * Every order that is open now, each once: a leg is listed as an order of its own. One that is held back need not be listed;
   * it shows in what is found of the order that it belongs to.
   */
  readonly openOrders: () => Promise<ListEnding<VenueReport>>;
  /**
   * The account's trades since then, and perhaps some from just before. The broker may show a trade later than the order it
   * belongs to.
   */
  readonly executions: (sinceMs: number) => Promise<ExecutionsEnding>;
  readonly holdings: () => Promise<ListEnding<VenueHolding>>;
  readonly balances: () => Promise<BalancesEnding>;
  readonly identify: () => Promise<IdentityEnding>;
  /** What can be traded there, and in which steps. It can be megabytes: for once a day, and not for two accounts at once. */
  readonly instruments: () => Promise<InstrumentsEnding>;
  /**
   * What each of these symbols trades at, as far as the broker says: all of them in one question, where it takes one. It is the
   * last trade; where that is none or an old one, an adapter may go by a quote that is newer.
   */
  readonly latestTrades: (symbols: readonly string[]) => Promise<ReadonlyMap<string, ReferencePrice>>;
};

/** Whether what a venue shows under an order's name is that order, as far as the venue may change it. */
export function isThatOrder(order: Order, report: VenueReport): boolean {
  if (order.parent !== undefined) return isThatLeg(order, report);
  const { legs, ...alone } = report;
  // Once its legs are known, somebody may have put others in their place, at other prices.
  return order.legs === undefined
    ? isSameOrder(intentOf(order), report)
    : isSameOrder(intentOf(order), alone) && (legs === undefined || legs.every((leg) => mayBeLegOf(order, leg)));
}

const mayBeLegOf = ({ symbol, side, quantity }: Order, leg: VenueReport): boolean =>
  leg.symbol === symbol &&
  leg.side !== side &&
  leg.quantity !== null &&
  quantity !== undefined &&
  !greaterThan(leg.quantity, quantity);

/** Of how many units a leg is, changes with every fill of the other one. */
const isThatLeg = (leg: Order, report: VenueReport): boolean =>
  report.client_order_id === leg.client_order_id &&
  report.symbol === leg.symbol &&
  report.side === leg.side &&
  (isSameType(leg, report) || isCappedStop(leg, report)) &&
  report.stop_price === (leg.stop_price ?? null) &&
  report.quantity !== null;

/** Whether a venue's order is the one we asked for: the same id can have been used from elsewhere. */
export function isSameOrder(intent: OrderIntent, report: VenueReport): boolean {
  return (
    report.client_order_id === intent.client_order_id &&
    report.symbol === intent.symbol &&
    report.side === intent.side &&
    (isSameType(intent, report) || isCappedStop(intent, report)) &&
    report.stop_price === (intent.stop_price ?? null) &&
    // A venue may add the quantity it made of a notional order; what was asked for has to be there.
    (intent.quantity === undefined ? report.notional === intent.notional : report.quantity === intent.quantity) &&
    (report.legs === undefined || isSameBracket(intent, report.legs))
  );
}

/** The terms by which an order is told from another one. */
type PricedTerms = Pick<OrderIntent, "side" | "type" | "limit_price" | "stop_price">;

const isSameType = (terms: PricedTerms, report: VenueReport): boolean =>
  report.type === terms.type && report.limit_price === (terms.limit_price ?? null);

/**
 * Whether the venue has made a stop limit of a stop that buys, with a limit of its own a few percent above the stop price,
 * so that no jump fills it at just any price. It is still our order: it can only buy at fewer prices than we asked for.
 */
const isCappedStop = (terms: PricedTerms, report: VenueReport): boolean =>
  terms.type === "stop" && terms.side === "buy" && report.type === "stop_limit" && report.limit_price !== null;

/**
 * Whether these are the legs that were asked for: each of them is there, and nothing else is. One that took the place of
 * another has the same terms.
 */
function isSameBracket(intent: OrderIntent, legs: readonly VenueReport[]): boolean {
  const wanted = legsOf(intent);
  return (
    wanted.every((terms) => legs.some((leg) => isWantedLeg(intent, terms, leg))) &&
    legs.every((leg) => wanted.some((terms) => isWantedLeg(intent, terms, leg)))
  );
}

function legsOf({ side, take_profit, stop_loss }: OrderIntent): PricedTerms[] {
  const closing = side === "buy" ? "sell" : "buy";
  const legs: PricedTerms[] = [];
  if (take_profit !== undefined) legs.push({ side: closing, type: "limit", ...take_profit });
  if (stop_loss !== undefined) {
    const type = stop_loss.limit_price === undefined ? "stop" : "stop_limit";
    legs.push({ side: closing, type, ...stop_loss });
  }
  return legs;
}

/** What one leg has closed is no longer in the other: a leg can have fewer units than the order, and never more. */
const isWantedLeg = ({ symbol, quantity }: OrderIntent, terms: PricedTerms, leg: VenueReport): boolean =>
  leg.symbol === symbol &&
  leg.side === terms.side &&
  (isSameType(terms, leg) || isCappedStop(terms, leg)) &&
  leg.stop_price === (terms.stop_price ?? null) &&
  leg.quantity !== null &&
  quantity !== undefined &&
  !greaterThan(leg.quantity, quantity);
