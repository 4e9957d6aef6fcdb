// Whether trading is on.
import * as z from "zod";

/**
 * `active` trades. `reducing` lets through only orders that bring the known position closer to zero. `halted` lets no
 * order through.
 */
export const TradingState = z.enum(["active", "reducing", "halted"]);
export type TradingState = z.infer<typeof TradingState>;
