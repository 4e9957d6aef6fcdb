// Alpaca behind the `Broker` port: Trading API v2 for orders, the Market Data API for prices. The paper venue, embedded or as
// a process, speaks the same API. Sends each order once per call and retries nothing by itself.
import type { Broker, Quota } from "../../domain/broker.ts";
import type { ClientOrderId } from "../../domain/ids.ts";
import { type BrokerAnswer, type BrokerFetch, requestBroker } from "../request.ts";
import { toBalancesEnding, toExecution, toHolding, toIdentityEnding } from "./account.ts";
import { readInstruments } from "./assets.ts";
import { toCancelEnding, toFindEnding, toSubmitEnding } from "./endings.ts";
import { readLatestPrices } from "./latest-prices.ts";
import { toListedReport, toOrderBody } from "./mapping.ts";
import { readAllPages, readPages, readWhole } from "./pages.ts";
import {
  ACCOUNT_PATH,
  FILLS_PER_PAGE,
  ORDERS_PATH,
  ORDERS_PER_PAGE,
  POSITIONS_PATH,
  assetsPath,
  fillsPath,
  nestedOrderPath,
  openOrdersPath,
  orderByClientIdPath,
  orderPath,
} from "./paths.ts";
import { readQuota } from "./rate-limit.ts";
import { NOT_SENDABLE } from "./response.ts";
import { findUnsupported } from "./support.ts";
import type { AlpacaVenue } from "./venues.ts";

/** 5,000 open orders: more than one account works with at a time. */
const ORDER_PAGES_MAX = 10;
/** 1,000 trades; the next list begins where one ended. */
const FILL_PAGES_MAX = 10;

/** A full page of orders has 650 KiB. */
const LIST_BYTES_MAX = 2 * 1024 * 1024;

/**
 * 13,000 equities have 7 MB, and take 30 MB of memory while they are read; a list of this size takes 60, of the 128 that an
 * isolate has for all its objects together.
 */
const ASSETS_BYTES_MAX = 16 * 1024 * 1024;
/** Nobody waits for it, and it is long. */
const ASSETS_TIMEOUT_MS = 30_000;

export type AlpacaCredentials = { readonly keyId: string; readonly secretKey: string };

type AlpacaArguments = AlpacaVenue & {
  readonly fetch: BrokerFetch;
  /** Opens them for one call; `undefined` when they do not open, and then nothing is sent. */
  readonly credentials: () => Promise<AlpacaCredentials | undefined>;
  readonly nowMs: () => number;
  /** Hears what the trading host says is left of the rate limit. Prices come from another host, with a limit of its own. */
  readonly onQuota: (quota: Quota) => void;
};

type TradingCall = {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: string;
  readonly bodyBytesMax?: number;
  readonly timeoutMs?: number;
};

/** One account at a venue that speaks Alpaca's API. */
export function alpacaBroker(args: AlpacaArguments): Broker {
  const { fetch, tradingUrl, dataUrl, feed, deduplication, limits, credentials, nowMs, onQuota } = args;

  const callTradingHost = async ({ path, ...call }: TradingCall, keys: AlpacaCredentials): Promise<BrokerAnswer> => {
    const headers = headersOf(keys);
    const answer = await requestBroker(fetch, {
      ...call,
      url: `${tradingUrl}${path}`,
      headers: call.body === undefined ? headers : { ...headers, "Content-Type": "application/json" },
    });
    const quota = answer.kind === "response" ? readQuota(answer.headers, nowMs()) : undefined;
    if (quota !== undefined) onQuota(quota);
    return answer;
  };
  const callWithKeys = async (call: TradingCall): Promise<BrokerAnswer> => {
    const keys = await credentials();
    return keys === undefined ? NOTHING_SENT : callTradingHost(call, keys);
  };
  const get = (path: string) => callWithKeys({ method: "GET", path });
  const look = async (path: string, clientOrderId: ClientOrderId) =>
    toFindEnding(clientOrderId, await get(path), nowMs());
  const getList = (path: string) => callWithKeys({ method: "GET", path, bodyBytesMax: LIST_BYTES_MAX });
  const getAssets = (path: string) =>
    callWithKeys({ method: "GET", path, bodyBytesMax: ASSETS_BYTES_MAX, timeoutMs: ASSETS_TIMEOUT_MS });

  return {
    deduplication,
    limits,
    supports: findUnsupported,
    submit: async (intent) => {
      const keys = await credentials();
      if (keys === undefined) return NOT_SENDABLE;
      const answer = await callTradingHost({ method: "POST", path: ORDERS_PATH, body: toOrderBody(intent) }, keys);
      return toSubmitEnding({ intent, answer, nowMs: nowMs(), secrets: [keys.keyId, keys.secretKey] });
    },
    find: async (clientOrderId) => {
      const found = await look(orderByClientIdPath(clientOrderId), clientOrderId);
      // Legs are promised only in the answer to a question by Alpaca's own id, which is asked when they are not in this one.
      if (found.ending !== "found" || found.report.legs !== undefined) return found;
      const path = nestedOrderPath(found.report.venue_order_id);
      const whole = path === undefined ? found : await look(path, clientOrderId);
      return whole.ending === "found" ? whole : found;
    },
    cancel: async (venueOrderId) => {
      const path = orderPath(venueOrderId);
      if (path === undefined) return NOT_SENDABLE;
      return toCancelEnding(await callWithKeys({ method: "DELETE", path }), nowMs());
    },
    openOrders: () =>
      readAllPages({
        pageSize: ORDERS_PER_PAGE,
        pagesMax: ORDER_PAGES_MAX,
        fetchPage: (afterId) => getList(openOrdersPath(afterId)),
        readItem: toListedReport,
        nowMs,
      }),
    executions: (sinceMs) =>
      readPages({
        pageSize: FILLS_PER_PAGE,
        pagesMax: FILL_PAGES_MAX,
        fetchPage: (afterId) => getList(fillsPath(sinceMs, afterId)),
        readItem: toExecution,
        nowMs,
      }),
    holdings: async () => readWhole(await getList(POSITIONS_PATH), toHolding, nowMs()),
    balances: async () => toBalancesEnding(await get(ACCOUNT_PATH), nowMs()),
    identify: async () => toIdentityEnding(await get(ACCOUNT_PATH), nowMs()),
    instruments: () => readInstruments((assetClass) => getAssets(assetsPath(assetClass)), nowMs),
    latestTrades: async (symbols) => {
      const keys = await credentials();
      if (keys === undefined) return new Map();
      const headers = headersOf(keys);
      const getData = (path: string, timeoutMs: number) =>
        requestBroker(fetch, { method: "GET", url: `${dataUrl}${path}`, headers, timeoutMs });
      return readLatestPrices(symbols, { get: getData, feed, nowMs });
    },
  };
}

const NOTHING_SENT: BrokerAnswer = { kind: "failed", code: "not_sendable" };

const headersOf = ({ keyId, secretKey }: AlpacaCredentials) => ({
  "APCA-API-KEY-ID": keyId,
  "APCA-API-SECRET-KEY": secretKey,
});
