// Moves the market.
import type { Decimal } from "../../domain/money.ts";
import { type Market, isListed } from "./market.ts";
import { settleOrders } from "./settle.ts";

/**
 * Makes `price` (US dollars, greater than zero) the last price of a listed symbol and carries out what it triggers.
 * `false` when the symbol is not listed: symbols are listed in the settings only. To be called in a transaction.
 */
export function setPrice(
  market: Market,
  { symbol, price, nowMs }: { readonly symbol: string; readonly price: Decimal; readonly nowMs: number },
): boolean {
  if (!isListed(market, symbol)) return false;
  market.store.writePrice(symbol, price);
  settleOrders(market, nowMs);
  return true;
}
