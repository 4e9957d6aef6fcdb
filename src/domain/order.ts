// What an order is. Fields and statuses carry FIX 5.0 meanings (tag numbers in brackets), spelled in snake_case.
import * as z from "zod";
import { AccountId, ClientOrderId, OrderId, SourceId } from "./ids.ts";
import { type Decimal, DecimalString, negate } from "./money.ts";

/** Side (54). A sale of more than the position holds is a short sale where the account allows it. */
export const Side = z.enum(["buy", "sell"]);
export type Side = z.infer<typeof Side>;

/** OrdType (40). */
export const OrderType = z.enum(["market", "limit", "stop", "stop_limit"]);
export type OrderType = z.infer<typeof OrderType>;

/** TimeInForce (59): day 0, gtc 1, opg 2, ioc 3, fok 4, cls 7. */
export const TimeInForce = z.enum(["day", "gtc", "opg", "cls", "ioc", "fok"]);
export type TimeInForce = z.infer<typeof TimeInForce>;

/** Symbol (55) in the broker's own spelling. */
export const Symbol = z.string().regex(/^[A-Za-z0-9._/-]{1,20}$/, {
  error: "must be 1 to 20 of A-Z, a-z, 0-9 and . _ / -",
});

/** The leg that closes the position at a profit: a limit order on the other side, for as many units. */
const TakeProfit = z.strictObject({
  /** Price (44). */
  limit_price: DecimalString,
});

/** The leg that closes the position at a loss: a stop on the other side, for as many units. */
const StopLoss = z.strictObject({
  /** StopPx (99). */
  stop_price: DecimalString,
  /** Price (44). With it the leg is a stop limit. */
  limit_price: DecimalString.optional(),
});

const terms = {
  symbol: Symbol,
  side: Side,
  type: OrderType,
  /** OrderQty (38), in units of the instrument. Exactly one of `quantity` and `notional` is present. */
  quantity: DecimalString.optional(),
  /** CashOrderQty (152), in the account's currency. */
  notional: DecimalString.optional(),
  /** Price (44). */
  limit_price: DecimalString.optional(),
  /** StopPx (99). */
  stop_price: DecimalString.optional(),
  time_in_force: TimeInForce,
  /** Whether the order may also trade before and after the regular session. */
  extended_hours: z.boolean(),
  /** A leg waits until the whole order is filled (ContingencyType 1385, One Triggers the Other 2). */
  take_profit: TakeProfit.optional(),
  /** Beside a take profit: the one that closes the position ends the other (One Cancels the Other 1). */
  stop_loss: StopLoss.optional(),
};

/** One wanted order for one account. It is written before the first attempt to send it and never changes. */
export const OrderIntent = z
  .strictObject({ account: AccountId, client_order_id: ClientOrderId, ...terms })
  .refine((intent) => (intent.quantity === undefined) !== (intent.notional === undefined), {
    error: "give quantity or notional",
  });
export type OrderIntent = z.infer<typeof OrderIntent>;

/**
 * OrdStatus (39), and two words of our own, which FIX has none for: `denied` is the refusal of our own policy, where `rejected`
 * is the venue's, and `shadowed` is an order that the rules let pass, in an account that sends none.
 */
export const OrderStatus = z.enum([
  "denied",
  "shadowed",
  "pending_new",
  "new",
  "partially_filled",
  "filled",
  "done_for_day",
  "canceled",
  "replaced",
  "pending_cancel",
  "stopped",
  "rejected",
  "suspended",
  "calculated",
  "expired",
  "accepted_for_bidding",
  "pending_replace",
]);
export type OrderStatus = z.infer<typeof OrderStatus>;

/**
 * Where the order stands on its way to the broker: `none` will never be sent (denied, shadowed, lapsed, canceled before), `held` waits
 * for a person's word, `waiting` waits for the end of the order it replaces, `pending` waits for an attempt, `submitting` has one on the wire, `unknown`
 * had one whose outcome nobody knows yet, `delivered` is in the broker's hands or was refused by them, `needs_operator`
 * cannot be settled by machine.
 */
export const Delivery = z.enum([
  "none",
  "held",
  "waiting",
  "pending",
  "submitting",
  "unknown",
  "delivered",
  "needs_operator",
]);
export type Delivery = z.infer<typeof Delivery>;

/**
 * Whether every attempt's outcome is known. While one is not, the order may exist at the broker: it counts as exposure,
 * and nothing said about a later attempt settles it, only the venue's own report does.
 */
const Outcome = z.enum(["known", "unknown"]);

/** One rule's part in the decision: what it looked at, against which limit, and what it said. */
export const Verdict = z.strictObject({
  rule: z.string(),
  passed: z.boolean(),
  /** What the rule measured, as text. */
  input: z.string(),
  /** The limit it was held against, or `null` where the limit is not set. */
  limit: z.string().nullable(),
  /** Why it failed, as a stable code. */
  reason: z.string().optional(),
});
export type Verdict = z.infer<typeof Verdict>;

/** What a person has to say of an order before it leaves, and what has been said. */
const Hold = z.strictObject({
  expires_at: z.iso.datetime(),
  /** Of the last trade when the order was held; `null` where nobody knew one. */
  price: DecimalString.nullable(),
  /** Whose order it is: the owner of the source, or of the API key; `null` where none is known. */
  owner: z.string().nullable(),
  decided: z
    .strictObject({ by: z.string(), at: z.iso.datetime(), request_id: z.string(), reason: z.string().nullable() })
    .nullable(),
});
export type Hold = z.infer<typeof Hold>;

/** An order as the gateway tracks it, and as the API shows it. */
export const Order = z
  .strictObject({
    id: OrderId,
    account: AccountId,
    source: SourceId,
    request_id: z.string(),
    client_order_id: ClientOrderId,
    ...terms,
    status: OrderStatus,
    delivery: Delivery,
    outcome: Outcome,
    /** The venue's own OrderID (37). */
    venue_order_id: z.string().nullable(),
    /** CumQty (14). */
    filled_quantity: DecimalString,
    /** AvgPx (6), `null` before the first fill. */
    average_price: DecimalString.nullable(),
    /** Why the order was denied or rejected, lapsed, or is unknown. */
    reason: z.strictObject({ code: z.string(), detail: z.string().optional() }).nullable(),
    /** How its price or quantity came about, where the gateway has worked it out. */
    arithmetic: z.string().optional(),
    verdicts: z.array(Verdict),
    /** Of an order that a person has to approve, or had to. */
    hold: Hold.optional(),
    /** Attempts to send, the first included. */
    attempts: z.number().int(),
    /** The order that this one takes the place of. Its `quantity` is the total wanted until it is released, then the rest. */
    replaces: OrderId.nullable(),
    /** The order that takes the place of this one. */
    replaced_by: OrderId.nullable(),
    /** Of a leg: the order whose position it closes. The venue has made it, with names of its own. */
    parent: OrderId.optional(),
    /** The legs that the venue has made for this order, ended ones included, once it has told of them. */
    legs: z.array(OrderId).optional(),
    /** When somebody first wanted it canceled. A fill can still be faster. */
    cancel_requested_at: z.iso.datetime().nullable(),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: "Order" });
export type Order = z.infer<typeof Order>;

const TERMINAL: ReadonlySet<OrderStatus> = new Set([
  "denied",
  "shadowed",
  "filled",
  "canceled",
  "replaced",
  "rejected",
  "expired",
]);

/** Whether nothing more is expected. A late fill can still arrive after `canceled` or `expired`, and is then believed. */
export const isTerminal = (status: OrderStatus): boolean => TERMINAL.has(status);

/** Whether the order can still trade, as far as anybody knows. */
export const isLive = (order: Pick<Order, "status">): boolean => !isTerminal(order.status);

/** Whether a caller who waits has the broker's word, or will never get one. */
export const isAnswered = ({ delivery }: Pick<Order, "delivery">): boolean =>
  delivery !== "waiting" && delivery !== "pending" && delivery !== "submitting";

/** Whether the order has a take profit or a stop loss beside it, which the venue makes orders of their own of. */
export const hasLegs = ({ take_profit, stop_loss }: Pick<OrderIntent, "take_profit" | "stop_loss">): boolean =>
  take_profit !== undefined || stop_loss !== undefined;

/** +quantity for a purchase, -quantity for a sale. */
export const signOf = (side: Side, quantity: Decimal): Decimal => (side === "buy" ? quantity : negate(quantity));

/** The price that an order names itself, if it does. */
export const ownPriceOf = (order: Pick<OrderIntent, "limit_price" | "stop_price">): Decimal | undefined =>
  order.limit_price ?? order.stop_price;

/** The part of an order that was asked for. */
export const intentOf = (order: Order): OrderIntent => ({
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
  take_profit: order.take_profit,
  stop_loss: order.stop_loss,
});
