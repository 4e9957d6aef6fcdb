// How well a signal proves where it comes from.
import * as z from "zod";

const ORIGINS = ["url_token", "ip", "certificate", "hmac"] as const;

/**
 * From the weakest to the strongest: whoever has the URL; who also calls from one of TradingView's addresses; who also shows
 * its client certificate; who has signed the signal itself.
 */
export const Origin = z.enum(ORIGINS).meta({ id: "Origin" });
export type Origin = z.infer<typeof Origin>;

export const isAtLeast = (origin: Origin, minimum: Origin): boolean =>
  ORIGINS.indexOf(origin) >= ORIGINS.indexOf(minimum);
