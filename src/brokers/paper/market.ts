// The venue's market: the listed symbols and the last price of each. It is always open, and always trades at that price.
import type { Decimal } from "../../domain/money.ts";
import type { PaperVenueSettings } from "./settings.ts";
import type { VenueStore } from "./store.ts";
import { uuidOf } from "./uuid.ts";

export type Market = { readonly settings: PaperVenueSettings; readonly store: VenueStore };

export const listedSymbols = ({ settings }: Market): string[] => Object.keys(settings.prices).sort();

/** `hasOwn`: the name comes from a client, and `constructor` is in every object. */
export const isListed = ({ settings }: Market, symbol: string): boolean => Object.hasOwn(settings.prices, symbol);

/** The last price in US dollars, `undefined` when the symbol is not listed, or not any more. */
export function lastPrice(market: Market, symbol: string): Decimal | undefined {
  return isListed(market, symbol) ? (market.store.readPrice(symbol) ?? market.settings.prices[symbol]) : undefined;
}

/** {@link lastPrice} for one pass over many orders, in which no price moves: each symbol is read once. */
export function rememberPrices(market: Market): (symbol: string) => Decimal | undefined {
  const known = new Map<string, Decimal | undefined>();
  return (symbol) => {
    if (!known.has(symbol)) known.set(symbol, lastPrice(market, symbol));
    return known.get(symbol);
  };
}

/** The listed symbol that a client calls by its symbol or by its asset id. */
export const findListed = (market: Market, symbolOrAssetId: string): string | undefined =>
  isListed(market, symbolOrAssetId)
    ? symbolOrAssetId
    : listedSymbols(market).find((symbol) => assetIdOf(symbol) === symbolOrAssetId);

/** The same symbol has the same id at every venue. */
export const assetIdOf = (symbol: string): string => uuidOf(`asset:${symbol}`);

const DAY_MS = 86_400_000;

/** When the venue's trading day ends: the next midnight UTC. The next one begins at the same moment. */
export const endOfDayMs = (nowMs: number): number => (Math.floor(nowMs / DAY_MS) + 1) * DAY_MS;
