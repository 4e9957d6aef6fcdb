// What the operator sets for the paper venue, and the key of the venue that is embedded in the Worker.
import * as z from "zod";
import { DecimalOnWire, PositiveDecimal, ZERO, lessThan } from "../../domain/money.ts";

const SYMBOLS_MAX = 500;

/** US equities, the one asset class this venue trades: `AAPL`, `BRK.B`. */
const ListedSymbol = z
  .string()
  .regex(/^[A-Z]{1,5}(\.[A-Z]{1,4})?$/, { error: "must be the symbol of a US equity, like AAPL or BRK.B" });

/** What the venue does with a client order id it has seen before; the words are those of the port. Alpaca's is permanent. */
const PaperVenueDeduplication = z.enum(["permanent", "open_orders", "none"]).default("permanent");

/**
 * `cash`: US dollars the account starts with; what its fills added is kept apart, so a change of the setting moves the
 * cash by as much. `prices`: every listed symbol and the last trade price in US dollars that it starts with, which holds
 * until another one is set at the venue. No other symbol trades. `max_fill_quantity`: the units that one order fills at
 * most each time the market is looked at; without it every order fills whole.
 */
export const PaperVenueSettings = z.strictObject({
  cash: DecimalOnWire.refine((cash) => !lessThan(cash, ZERO), { error: "must not be negative" }),
  prices: z.record(ListedSymbol, PositiveDecimal).refine((prices) => Object.keys(prices).length <= SYMBOLS_MAX, {
    error: `must list at most ${SYMBOLS_MAX} symbols`,
  }),
  deduplication: PaperVenueDeduplication,
  max_fill_quantity: PositiveDecimal.optional(),
});
export type PaperVenueSettings = z.infer<typeof PaperVenueSettings>;

/** The key that a client of a venue has to show, in the headers that Alpaca uses. */
export type VenueCredentials = { readonly keyId: string; readonly secretKey: string };

/** Not a secret: the embedded venue has no address, only the Worker itself can reach it. */
export const EMBEDDED_CREDENTIALS: VenueCredentials = { keyId: "embedded", secretKey: "embedded" };
