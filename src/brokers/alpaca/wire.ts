// The parts of Alpaca's answers that are relied on (Trading API v2, Market Data API v2 and v1beta3). Fields not named here
// are dropped unread, so Alpaca can add some; a field named here that has another form makes the whole answer unreadable.
import * as z from "zod";
import {
  type Decimal,
  DecimalString,
  PositiveDecimal,
  ZERO,
  decimalOf,
  isPositive,
  lessThan,
  roundForWire,
} from "../../domain/money.ts";
import { OrderType, Side, Symbol } from "../../domain/order.ts";

/** Orders carry money as text. A JSON number in that place has been through a float somewhere. */
const Amount = DecimalString.refine(isNotNegative, { error: "must not be negative" });

/** Long enough for every id and symbol Alpaca has; what is longer is not one of them, and is not stored. */
const Word = z.string().max(128);
const Id = Word.min(1);

const OptionalAmount = Amount.nullish().transform((value) => value ?? null);

/**
 * What Alpaca has computed and no order says: averages, which are quotients, and values, which are products. They can have
 * more digits than any price, and refusing one for that would lose sight of a filled order or of the whole account. They
 * are rounded, and nothing else is.
 */
const Computed = z
  .string()
  .regex(/^-?\d{1,15}(\.\d{1,40})?$/)
  .transform((text): Decimal => roundForWire(decimalOf(text)));

const AveragePrice = Computed.refine(isNotNegative);

/** RFC 3339 with up to nanoseconds, as milliseconds since the Unix epoch; the rest of the fraction is cut off. */
const TimestampMs = z.iso
  .datetime({ offset: true })
  .transform((text) =>
    Date.parse(text.replace(/\.(\d+)/, (_, digits: string) => `.${digits.padEnd(3, "0").slice(0, 3)}`)),
  );

/**
 * One order. `status` stays text: what it means is decided in `mapping.ts`. Order types we never send do not parse.
 * `order_class` is empty for an order that stands alone; of a bracket the legs have their order's class.
 */
export const AlpacaOrder = z.object({
  id: Id,
  client_order_id: Word,
  symbol: Word,
  side: Side,
  type: OrderType,
  qty: OptionalAmount,
  notional: OptionalAmount,
  limit_price: OptionalAmount,
  stop_price: OptionalAmount,
  status: Word,
  filled_qty: Amount,
  filled_avg_price: AveragePrice.nullish().transform((value) => value ?? null),
  order_class: Word.nullish().transform((value) => value ?? ""),
});

/** The legs of an order, in the answers that tell of them. */
export const AlpacaLegs = z.object({
  legs: z
    .array(z.unknown())
    .nullish()
    .transform((value) => value ?? []),
});

/** A list is read item by item, so that one which is not for us can be passed over. */
export const AlpacaList = z.array(z.unknown());
export const AlpacaListItem = z.object({ id: Id });

/** What tells an order of a kind that we never send. */
export const AlpacaOrderKind = z.object({ type: z.string(), order_class: z.string().nullish() });

/** An account activity of the type FILL: one trade. */
export const AlpacaFill = z.object({
  id: Id,
  order_id: Id,
  qty: Amount,
  price: Amount,
  transaction_time: TimestampMs,
});

/** What is held of one symbol. */
export const AlpacaPosition = z.object({
  symbol: Id,
  asset_class: Word,
  side: z.enum(["long", "short"]),
  qty: DecimalString,
  avg_entry_price: AveragePrice,
  market_value: Computed.nullish().transform((value) => value ?? null),
});

/** The account's money. Cash is negative when it is borrowed. */
export const AlpacaAccount = z.object({
  currency: Id,
  cash: Computed,
  equity: Computed,
  buying_power: Computed,
});

/** Whose account it is. A paper account's number begins with PA. */
export const AlpacaIdentity = z.object({
  account_number: Id,
  status: Word,
  trading_blocked: z.boolean(),
  account_blocked: z.boolean(),
});

const OptionalStep = DecimalString.refine(isPositive)
  .nullish()
  .transform((value) => value ?? null);

/**
 * One asset. Steps and the least size of an order are given for crypto only. `borrow_status` takes the place of
 * `easy_to_borrow`; what is no equity has neither, sooner or later.
 */
export const AlpacaAsset = z.object({
  class: Word,
  exchange: Word.nullish().transform((value) => (value === undefined || value === "" ? null : value)),
  symbol: Symbol,
  status: z.enum(["active", "inactive"]),
  tradable: z.boolean(),
  shortable: z.boolean(),
  easy_to_borrow: z.boolean().nullish(),
  borrow_status: Word.nullish(),
  fractionable: z.boolean(),
  min_order_size: OptionalStep,
  min_trade_increment: OptionalStep,
  price_increment: OptionalStep,
});
export type AlpacaAsset = z.infer<typeof AlpacaAsset>;

/** A refusal. The refusals of the authentication layer have no code. */
export const AlpacaError = z.object({ code: z.number().int().optional(), message: z.string() });
export type AlpacaError = z.infer<typeof AlpacaError>;

/**
 * The latest trades by symbol. `p` is a JSON number: a double names every decimal of up to 15 significant digits exactly,
 * more than any price has. A trade marked `canceled` or `incorrect` does not parse.
 */
export const AlpacaLatestTrades = z.object({ trades: z.record(z.string(), z.unknown()) });
export const AlpacaTrade = z.object({ p: PositiveDecimal, t: TimestampMs, u: z.literal("corrected").optional() });

/**
 * The latest quotes by symbol, with numbers like those of trades. A side that nobody is on is 0: such a quote does not parse, nor
 * does a crossed one, with the ask below the bid, which says nothing of the price between them.
 */
export const AlpacaLatestQuotes = z.object({ quotes: z.record(z.string(), z.unknown()) });
export const AlpacaQuote = z
  .object({ bp: PositiveDecimal, ap: PositiveDecimal, t: TimestampMs })
  .refine(({ bp, ap }) => !lessThan(ap, bp));

function isNotNegative(value: Decimal): boolean {
  return !lessThan(value, ZERO);
}
