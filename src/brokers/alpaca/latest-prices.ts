// What symbols trade at: the last trade of each; where that is none or an old one, the middle of a newer quote.
import type { ReferencePrice } from "../../domain/broker.ts";
import { add, decimalOf, greaterThan, multiply, roundForWire, subtract } from "../../domain/money.ts";
import { isCredible } from "../../domain/worth.ts";
import type { BrokerAnswer } from "../request.ts";
import { type Question, type Until, readBySymbol } from "./latest-by-symbol.ts";
import { type Latest, latestCryptoPath, latestStocksPath } from "./paths.ts";
import { isCryptoPair, isTradedSymbol } from "./support.ts";
import type { AlpacaVenue } from "./venues.ts";
import { AlpacaLatestQuotes, AlpacaLatestTrades, AlpacaQuote, AlpacaTrade } from "./wire.ts";

/**
 * A decision waits for the price; without one it is made a second and a half later, and denies what needs one. Trades and quotes
 * share it: a slow answer about trades leaves the quotes what is left.
 */
const TIMEOUT_MS = 1_500;

/**
 * A trade that is older has its quote asked for as well. It is the age at which the policy in docs/rules.md begins to deny: what
 * trades more often than that costs no second call.
 */
const RECENT_TRADE_MS = 60_000;

type Prices = ReadonlyMap<string, ReferencePrice>;

type Deps = {
  readonly get: (path: string, timeoutMs: number) => Promise<BrokerAnswer>;
  readonly feed: AlpacaVenue["feed"];
  readonly nowMs: () => number;
};

/** What is not told, or not in time, is not in it. */
export async function readLatestPrices(symbols: readonly string[], { get, feed, nowMs }: Deps): Promise<Prices> {
  const traded = symbols.filter(isTradedSymbol);
  const stocks = traded.filter((symbol) => !isCryptoPair(symbol));
  const told = await readPrices(stocks, {
    get: (latest, some, timeoutMs) => get(latestStocksPath(latest, some, feed), timeoutMs),
    nowMs,
  });
  const pairs = await readPrices(traded.filter(isCryptoPair), {
    get: (latest, some, timeoutMs) => get(latestCryptoPath(latest, some), timeoutMs),
    nowMs,
  });
  return new Map([...told, ...pairs]);
}

type Market = {
  readonly get: (latest: Latest, symbols: readonly string[], timeoutMs: number) => Promise<BrokerAnswer>;
  readonly nowMs: () => number;
};

/** What Alpaca has not answered about trades, or not taken for a symbol, it is not asked about again. */
async function readPrices(symbols: readonly string[], { get, nowMs }: Market): Promise<Prices> {
  const until: Until = { untilMs: nowMs() + TIMEOUT_MS, nowMs };
  const trades = await readBySymbol(symbols, { ...TRADES, get: (some, ms) => get("trades", some, ms) }, until);
  const sinceMs = nowMs() - RECENT_TRADE_MS;
  const isRecent = (trade: ReferencePrice | undefined) => trade !== undefined && trade.atMs >= sinceMs;
  const quiet = [...trades].flatMap(([symbol, trade]) => (isRecent(trade) ? [] : [symbol]));
  const quotes = await readBySymbol(quiet, { ...QUOTES, get: (some, ms) => get("quotes", some, ms) }, until);
  return new Map(
    [...trades].flatMap(([symbol, trade]) => {
      const price = goneBy(trade, quotes.get(symbol), nowMs());
      return price === undefined ? [] : [[symbol, price]];
    }),
  );
}

type Reading = Omit<Question<ReferencePrice>, "get">;

const TRADES: Reading = {
  entriesOf: (body) => AlpacaLatestTrades.safeParse(body).data?.trades,
  read(entry) {
    const trade = AlpacaTrade.safeParse(entry).data;
    return trade && { price: trade.p, atMs: trade.t, of: "trade" };
  },
};

const QUOTES: Reading = {
  entriesOf: (body) => AlpacaLatestQuotes.safeParse(body).data?.quotes,
  read(entry) {
    const quote = AlpacaQuote.safeParse(entry).data;
    if (quote === undefined) return undefined;
    const middle = multiply(add(quote.bp, quote.ap), HALF);
    if (greaterThan(subtract(quote.ap, quote.bp), multiply(middle, SPREAD_MAX))) return undefined;
    return { price: roundForWire(middle), atMs: quote.t, of: "quote" };
  },
};

const HALF = decimalOf("0.5");

/** A part of the middle. What is quoted further apart trades somewhere between, and nobody knows where. */
const SPREAD_MAX = decimalOf("0.01");

/** A quote that cannot be believed takes the place of no trade. */
function goneBy(
  trade: ReferencePrice | undefined,
  quote: ReferencePrice | undefined,
  nowMs: number,
): ReferencePrice | undefined {
  if (quote === undefined || !isCredible(quote, nowMs)) return trade;
  return trade === undefined || quote.atMs > trade.atMs ? quote : trade;
}
