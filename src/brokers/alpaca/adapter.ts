// Alpaca behind the `Broker` port: Trading API v2 for orders, the Market Data API for prices. The embedded paper venue speaks
// the same API and is reached with another `fetch`. Sends each order once per call and retries nothing by itself.
import type { Broker, ReferencePrice } from "../../domain/broker.ts";
import { type BrokerAnswer, type BrokerFetch, requestBroker } from "../request.ts";
import { toFindEnding, toSubmitEnding } from "./endings.ts";
import { toOrderBody } from "./mapping.ts";
import { findUnsupported, isCryptoPair } from "./support.ts";
import { AlpacaLatestTrades, AlpacaTrade } from "./wire.ts";

/** A decision waits for the price; without one it is made a second and a half later, and denies what needs one. */
const LATEST_TRADE_TIMEOUT_MS = 1_500;

/** Origins, without a trailing slash. `feed` names the stock feed, where the data host has more than one. */
type AlpacaHosts = { readonly tradingUrl: string; readonly dataUrl: string; readonly feed?: "iex" | "sip" };

/** Alpaca's simulated trading, with keys of its own. `iex` is the feed that needs no subscription. */
export const ALPACA_PAPER: AlpacaHosts = {
  tradingUrl: "https://paper-api.alpaca.markets",
  dataUrl: "https://data.alpaca.markets",
  feed: "iex",
};

/** Real money. */
export const ALPACA_LIVE: AlpacaHosts = { ...ALPACA_PAPER, tradingUrl: "https://api.alpaca.markets" };

type AlpacaCredentials = { readonly keyId: string; readonly secretKey: string };

type AlpacaArguments = AlpacaHosts & {
  readonly fetch: BrokerFetch;
  readonly credentials: AlpacaCredentials;
  readonly nowMs: () => number;
};

/**
 * One Alpaca account. `deduplication` is permanent: Alpaca refuses a client order id it has seen, also after that order
 * was canceled.
 */
export function alpacaBroker(args: AlpacaArguments): Broker {
  const { fetch, tradingUrl, dataUrl, feed, credentials, nowMs } = args;
  const headers = { "APCA-API-KEY-ID": credentials.keyId, "APCA-API-SECRET-KEY": credentials.secretKey };
  const secrets = [credentials.keyId, credentials.secretKey];

  return {
    deduplication: "permanent",
    supports: findUnsupported,
    submit: async (intent) => {
      const answer = await requestBroker(fetch, {
        method: "POST",
        url: `${tradingUrl}/v2/orders`,
        headers: { ...headers, "Content-Type": "application/json" },
        body: toOrderBody(intent),
      });
      return toSubmitEnding({ intent, answer, nowMs: nowMs(), secrets });
    },
    find: async (clientOrderId) => {
      const query = new URLSearchParams({ client_order_id: clientOrderId });
      const url = `${tradingUrl}/v2/orders:by_client_order_id?${query.toString()}`;
      return toFindEnding(clientOrderId, await requestBroker(fetch, { method: "GET", url, headers }));
    },
    latestTrade: async (symbol) => {
      const url = `${dataUrl}${latestTradePath(symbol, feed)}`;
      const timeoutMs = LATEST_TRADE_TIMEOUT_MS;
      return toReferencePrice(symbol, await requestBroker(fetch, { method: "GET", url, headers, timeoutMs }));
    },
  };
}

function latestTradePath(symbol: string, feed: AlpacaHosts["feed"]): string {
  const query = new URLSearchParams({ symbols: symbol });
  if (isCryptoPair(symbol)) return `/v1beta3/crypto/us/latest/trades?${query.toString()}`;
  if (feed !== undefined) query.set("feed", feed);
  return `/v2/stocks/trades/latest?${query.toString()}`;
}

function toReferencePrice(symbol: string, answer: BrokerAnswer): ReferencePrice | undefined {
  if (answer.kind === "failed" || answer.status !== 200) return undefined;
  const trades = AlpacaLatestTrades.safeParse(answer.body).data?.trades;
  const trade = AlpacaTrade.safeParse(trades?.[symbol]).data;
  return trade === undefined ? undefined : { price: trade.p, atMs: trade.t };
}
