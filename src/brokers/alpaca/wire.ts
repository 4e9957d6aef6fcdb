// The parts of Alpaca's answers that are relied on (Trading API v2, Market Data API v2 and v1beta3). Fields not named here
// are dropped unread, so Alpaca can add some; a field named here that has another form makes the whole answer unreadable.
import Big from "big.js";
import * as z from "zod";
import { type Decimal, DecimalOnWire, PositiveDecimal, ZERO, decimalOf, lessThan } from "../../domain/money.ts";
import { OrderType, Side } from "../../domain/order.ts";

/** Orders carry money as text. A JSON number in that place has been through a float somewhere. */
const Amount = z
  .string()
  .transform((text): string | number => text)
  .pipe(DecimalOnWire)
  .refine((value) => !lessThan(value, ZERO), { error: "must not be negative" });

const OptionalAmount = Amount.nullish().transform((value) => value ?? null);

/** As many as the amounts beside it have. */
const AVERAGE_FRACTION_DIGITS = 9;

/**
 * An average is a quotient: it can have more digits than any price, and refusing it for that would lose sight of a filled
 * order. It is the one value that is rounded.
 */
const AveragePrice = z
  .string()
  .regex(/^\d{1,15}(\.\d{1,40})?$/)
  .transform((text): Decimal => decimalOf(new Big(text).round(AVERAGE_FRACTION_DIGITS, Big.roundHalfEven).toFixed()));

/** One order. `status` stays text: what it means is decided in `mapping.ts`. Order types we never send do not parse. */
export const AlpacaOrder = z.object({
  id: z.string().min(1),
  client_order_id: z.string(),
  symbol: z.string(),
  side: Side,
  type: OrderType,
  qty: OptionalAmount,
  notional: OptionalAmount,
  limit_price: OptionalAmount,
  stop_price: OptionalAmount,
  status: z.string(),
  filled_qty: Amount,
  filled_avg_price: AveragePrice.nullish().transform((value) => value ?? null),
});

/** A refusal. The refusals of the authentication layer have no code. */
export const AlpacaError = z.object({ code: z.number().int().optional(), message: z.string() });
export type AlpacaError = z.infer<typeof AlpacaError>;

/** RFC 3339 with up to nanoseconds, as milliseconds since the Unix epoch; the rest of the fraction is cut off. */
const TimestampMs = z.iso
  .datetime({ offset: true })
  .transform((text) =>
    Date.parse(text.replace(/\.(\d+)/, (_, digits: string) => `.${digits.padEnd(3, "0").slice(0, 3)}`)),
  );

/**
 * The latest trades by symbol. `p` is a JSON number: a double names every decimal of up to 15 significant digits exactly,
 * more than any price has. A trade marked `canceled` or `incorrect` does not parse.
 */
export const AlpacaLatestTrades = z.object({ trades: z.record(z.string(), z.unknown()) });
export const AlpacaTrade = z.object({ p: PositiveDecimal, t: TimestampMs, u: z.literal("corrected").optional() });
