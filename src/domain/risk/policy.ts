// What an account may do. Every limit that is not written down refuses.
import * as z from "zod";
import { PositiveDecimal } from "../money.ts";
import { Symbol } from "../order.ts";

/**
 * `active` trades. `reducing` lets through only orders that bring the known position closer to zero. `halted` lets no
 * order through.
 */
export const TradingState = z.enum(["active", "reducing", "halted"]);
export type TradingState = z.infer<typeof TradingState>;

/** An account's policy. An absent limit denies every entry, and the denial names it. */
export const Policy = z.strictObject({
  trading_state: TradingState.default("halted"),
  /** The symbols that may be entered. */
  symbols: z.array(Symbol).max(500).optional(),
  /** Units in one order. */
  max_quantity: PositiveDecimal.optional(),
  /** Money in one order, in the account's currency. */
  max_notional: PositiveDecimal.optional(),
  /** Units held of one symbol, long or short, with everything that is on its way. */
  max_position: PositiveDecimal.optional(),
  /** How old the last trade may be to measure an order with. */
  reference_price_max_age_sec: z.number().int().positive().max(604_800).optional(),
  /** What becomes of new entries while the broker does not answer: `wait` holds them as long as their approval lasts. */
  when_circuit_open: z.enum(["deny", "wait"]).default("deny"),
});
export type Policy = z.infer<typeof Policy>;
