// The account's portfolio, from its own record and the broker's last word.
import type { ReferencePrice } from "../domain/broker.ts";
import type { AccountId } from "../domain/ids.ts";
import { isZero } from "../domain/money.ts";
import { type Portfolio, toPortfolio } from "../domain/portfolio.ts";
import { readBrokerView } from "./broker-view.ts";
import { readPositions } from "./positions.ts";
import { readWorking } from "./working.ts";

/** Symbols that are asked for a price at once; the rest stays unpriced. */
const PRICES_MAX = 20;

export type PortfolioDeps = {
  readonly sql: SqlStorage;
  readonly account: AccountId;
  readonly nowMs: () => number;
  readonly latestTrade: (symbol: string) => Promise<ReferencePrice | undefined>;
};

/** What is held or on its way, and has no value in the broker's last word. */
export function unvaluedSymbols(sql: SqlStorage): string[] {
  const holdings = readBrokerView(sql)?.holdings ?? [];
  const valued = new Set(holdings.filter((held) => held.market_value !== null).map(({ symbol }) => symbol));
  const held = [...readPositions(sql)].filter(([, units]) => !isZero(units)).map(([symbol]) => symbol);
  const traded = readWorking(sql).map(({ order }) => order.symbol);
  return [...new Set([...held, ...traded])].filter((symbol) => !valued.has(symbol));
}

/** Asks the broker for the price of every symbol that it has not valued. */
export async function readPortfolio({ sql, account, nowMs, latestTrade }: PortfolioDeps): Promise<Portfolio> {
  const unpriced = unvaluedSymbols(sql).slice(0, PRICES_MAX);
  const prices = await Promise.all(unpriced.map(async (symbol) => [symbol, await latestTrade(symbol)] as const));
  const referencePrices = new Map(
    prices.flatMap(([symbol, trade]) => (trade === undefined ? [] : [[symbol, trade.price]])),
  );
  // Read after the last await, so that the figures are of one moment.
  const view = readBrokerView(sql);
  return toPortfolio({
    account,
    nowMs: nowMs(),
    asOfMs: view?.atMs ?? null,
    holdings: view?.holdings ?? [],
    balances: view?.balances ?? null,
    positions: readPositions(sql),
    orders: readWorking(sql).map(({ order }) => order),
    referencePrices,
  });
}
