// The last trades of many symbols, in as few calls of the Market Data API as they take, and one at a time.
import type { ReferencePrice } from "../../domain/broker.ts";
import type { BrokerAnswer } from "../request.ts";
import { cryptoTradesPath, stockTradesPath } from "./paths.ts";
import { isCryptoPair, isTradedSymbol } from "./support.ts";
import type { AlpacaVenue } from "./venues.ts";
import { AlpacaLatestTrades, AlpacaTrade } from "./wire.ts";

/** A decision waits for the price; without one it is made a second and a half later, and denies what needs one. */
const TIMEOUT_MS = 1_500;
/** An address of 2 KB, and an answer of 15. */
const SYMBOLS_PER_CALL = 100;

type Prices = ReadonlyMap<string, ReferencePrice>;

type Deps = {
  readonly get: (path: string, timeoutMs: number) => Promise<BrokerAnswer>;
  readonly feed: AlpacaVenue["feed"];
  readonly nowMs: () => number;
};

/** What is not told, or not in time, is not in it. */
export async function readLatestTrades(symbols: readonly string[], { get, feed, nowMs }: Deps): Promise<Prices> {
  const traded = symbols.filter(isTradedSymbol);
  const stocks = traded.filter((symbol) => !isCryptoPair(symbol));
  const told = await readThose(stocks, { get: (some, ms) => get(stockTradesPath(some, feed), ms), nowMs });
  const pairs = await readThose(traded.filter(isCryptoPair), {
    get: (some, ms) => get(cryptoTradesPath(some), ms),
    nowMs,
  });
  return new Map([...told, ...pairs]);
}

type Calls = {
  readonly get: (symbols: readonly string[], timeoutMs: number) => Promise<BrokerAnswer>;
  readonly nowMs: () => number;
};

/** One symbol that Alpaca does not take spoils the answer for all: then each half is asked for by itself. */
async function readThose(
  symbols: readonly string[],
  { get, nowMs }: Calls,
  untilMs = nowMs() + TIMEOUT_MS,
): Promise<Prices> {
  const leftMs = untilMs - nowMs();
  if (symbols.length === 0 || leftMs <= 0) return NOTHING;
  const answer = symbols.length > SYMBOLS_PER_CALL ? undefined : await get(symbols, leftMs);
  const isTooMuch = answer === undefined || (answer.kind === "response" && answer.status === 400);
  if (!isTooMuch) return toPrices(symbols, answer);
  if (symbols.length === 1) return NOTHING;
  const half = Math.ceil(symbols.length / 2);
  const first = await readThose(symbols.slice(0, half), { get, nowMs }, untilMs);
  const second = await readThose(symbols.slice(half), { get, nowMs }, untilMs);
  return new Map([...first, ...second]);
}

const NOTHING: Prices = new Map();

function toPrices(symbols: readonly string[], answer: BrokerAnswer): Prices {
  if (answer.kind === "failed" || answer.status !== 200) return NOTHING;
  const trades = AlpacaLatestTrades.safeParse(answer.body).data?.trades;
  return new Map(
    symbols.flatMap((symbol) => {
      const trade = AlpacaTrade.safeParse(trades?.[symbol]).data;
      return trade === undefined ? [] : [[symbol, { price: trade.p, atMs: trade.t }]];
    }),
  );
}
