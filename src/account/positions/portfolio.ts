// The account's portfolio, from its own record and the broker's last word.
import type { AccountId } from "../../domain/ids.ts";
import { isZero } from "../../domain/money.ts";
import { type Portfolio, toPortfolio } from "../../domain/portfolio.ts";
import { isValued } from "../../domain/worth.ts";
import { readBrokerView } from "./broker-view.ts";
import { readPositions } from "./positions.ts";
import type { LastTrades } from "../risk/reference-prices.ts";
import { readWorking } from "./working.ts";

export type PortfolioDeps = {
  readonly sql: SqlStorage;
  readonly account: AccountId;
  readonly nowMs: () => number;
  readonly latestTrades: (symbols: readonly string[]) => Promise<LastTrades>;
};

/** What is held or on its way, and has no value in the broker's last word, or none that it has told since then. */
export function unvaluedSymbols(sql: SqlStorage, toldSinceMs = -Infinity): string[] {
  const view = readBrokerView(sql);
  const holdings = view === undefined || view.atMs < toldSinceMs ? [] : view.holdings;
  const valued = new Set(holdings.filter(isValued).map(({ symbol }) => symbol));
  const held = [...readPositions(sql)].filter(([, units]) => !isZero(units)).map(([symbol]) => symbol);
  const traded = readWorking(sql).map(({ order }) => order.symbol);
  return [...new Set([...held, ...traded])].filter((symbol) => !valued.has(symbol));
}

/** Asks the broker for the price of every symbol that it has not valued. */
export async function readPortfolio({ sql, account, nowMs, latestTrades }: PortfolioDeps): Promise<Portfolio> {
  const lastTrades = await latestTrades(unvaluedSymbols(sql));
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
    lastTrades,
  });
}
