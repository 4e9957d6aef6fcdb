// Every endpoint of the venue, and what it does to the account.
import * as z from "zod";
import { parseJson } from "../../domain/json.ts";
import { PositiveDecimal } from "../../domain/money.ts";
import { type Result, err, ok } from "../../domain/result.ts";
import { accountFigures, positionFigures } from "./account.ts";
import { readActivityQuery } from "./activity-query.ts";
import { readListQuery, splitSymbols } from "./list-query.ts";
import { type Market, findListed, isListed, lastPrice, listedSymbols } from "./market.ts";
import { isLive } from "./order.ts";
import { describeIssue } from "./order-request.ts";
import { placeOrder } from "./place-order.ts";
import type { Refusal } from "./refusal.ts";
import { readRelatives } from "./relatives.ts";
import { cancelOrder } from "./settle.ts";
import { setPrice } from "./set-price.ts";
import {
  accountJson,
  activityJson,
  assetJson,
  clockJson,
  latestTradeText,
  latestTradesText,
  nestedOrderJson,
  orderJson,
  positionJson,
} from "./wire.ts";

/** A request whose body has been read. `name` is the decoded last part of the path, where the route has one. */
type VenueRequest = {
  readonly name: string;
  readonly query: URLSearchParams;
  readonly body: string;
  readonly nowMs: number;
  readonly uuid: () => string;
};

/** `text` is JSON, or `null` for no content. */
export type Answer = { readonly status: number; readonly text: string | null };

type Handler = (market: Market, request: VenueRequest) => Result<Answer, Refusal>;

export type Route = { readonly method: string; readonly path: RegExp; readonly handle: Handler };

/** A path matches as a whole; a group in it is the `name`. */
export const ROUTES: readonly Route[] = [
  { method: "POST", path: /^\/v2\/orders$/, handle: postOrder },
  { method: "GET", path: /^\/v2\/orders$/, handle: getOrders },
  { method: "DELETE", path: /^\/v2\/orders$/, handle: deleteOrders },
  { method: "GET", path: /^\/v2\/orders:by_client_order_id$/, handle: getOrderByClientOrderId },
  { method: "GET", path: /^\/v2\/orders\/([^/]+)$/, handle: getOrder },
  { method: "DELETE", path: /^\/v2\/orders\/([^/]+)$/, handle: deleteOrder },
  { method: "GET", path: /^\/v2\/positions$/, handle: getPositions },
  { method: "GET", path: /^\/v2\/positions\/([^/]+)$/, handle: getPosition },
  { method: "GET", path: /^\/v2\/account$/, handle: (market) => json(accountJson(accountFigures(market))) },
  { method: "GET", path: /^\/v2\/account\/activities$/, handle: getActivities },
  { method: "GET", path: /^\/v2\/account\/activities\/([^/]+)$/, handle: getActivities },
  { method: "GET", path: /^\/v2\/clock$/, handle: (_, { nowMs }) => json(clockJson(nowMs)) },
  { method: "GET", path: /^\/v2\/assets$/, handle: getAssets },
  { method: "GET", path: /^\/v2\/assets\/([^/]+)$/, handle: getAsset },
  { method: "GET", path: /^\/v2\/stocks\/trades\/latest$/, handle: getLatestTrades },
  { method: "GET", path: /^\/v2\/stocks\/([^/]+)\/trades\/latest$/, handle: getLatestTrade },
  // Not Alpaca's: here the market is moved by hand.
  { method: "GET", path: /^\/paper\/prices$/, handle: getPrices },
  { method: "PUT", path: /^\/paper\/prices\/([^/]+)$/, handle: putPrice },
];

const json = (body: unknown, status = 200): Result<Answer, never> => ok({ status, text: JSON.stringify(body) });

const notFound = (message: string): Result<never, Refusal> => err({ reason: "not_found", message });

/** The answer is the order as it was accepted: a market order's fill shows on the next read, as at Alpaca. */
function postOrder(market: Market, { body, nowMs, uuid }: VenueRequest): Result<Answer, Refusal> {
  const parsed = readObject(body);
  if (parsed === undefined) return err({ reason: "unreadable" });
  const placed = placeOrder(market, { body: parsed, nowMs, uuid });
  return placed.ok ? json(nestedOrderJson(placed.value.order, placed.value.legs)) : placed;
}

function getOrders({ store }: Market, { query }: VenueRequest): Result<Answer, Refusal> {
  const wanted = readListQuery(query);
  if (!wanted.ok) return err({ reason: "invalid", message: wanted.error });
  for (const id of [wanted.value.afterOrderId, wanted.value.beforeOrderId]) {
    if (id !== undefined && store.findOrder(id) === undefined) {
      return err({ reason: "invalid", message: `order not found for ${id}` });
    }
  }
  const orders = store.listOrders(wanted.value);
  return json(
    wanted.value.nested === true
      ? orders.map((order) => nestedOrderJson(order, readRelatives(store, order)))
      : orders.map(orderJson),
  );
}

/** The legs show only where they are asked for, as Alpaca's document has it. */
function getOrder({ store }: Market, { name, query }: VenueRequest): Result<Answer, Refusal> {
  const order = store.findOrder(name);
  if (order === undefined) return notFound(`order not found for ${name}`);
  const hasLegs = query.get("nested") === "true" && order.parentId === null;
  return json(hasLegs ? nestedOrderJson(order, readRelatives(store, order)) : orderJson(order));
}

function getOrderByClientOrderId({ store }: Market, { query }: VenueRequest): Result<Answer, Refusal> {
  const clientOrderId = query.get("client_order_id");
  if (clientOrderId === null || clientOrderId === "") {
    return err({ reason: "invalid", message: "client_order_id is required" });
  }
  const order = store.findOrderByClientOrderId(clientOrderId);
  return order === undefined ? notFound(`order not found for ${clientOrderId}`) : json(orderJson(order));
}

function deleteOrder(market: Market, { name, nowMs }: VenueRequest): Result<Answer, Refusal> {
  const order = market.store.findOrder(name);
  if (order === undefined) return notFound(`order not found for ${name}`);
  if (!isLive(order)) return err({ reason: "not_cancelable", status: order.status });
  cancelOrder(market, order, nowMs);
  return ok({ status: 204, text: null });
}

/** Cancels every open order, and says so of each. */
function deleteOrders(market: Market, { nowMs }: VenueRequest): Result<Answer, Refusal> {
  const open = market.store.listOpenOrders();
  for (const order of open) cancelOrder(market, order, nowMs);
  return json(
    open.map(({ id }) => ({ id, status: 200 })),
    207,
  );
}

function getActivities({ store }: Market, { name, query }: VenueRequest): Result<Answer, Refusal> {
  const wanted = readActivityQuery(query, name === "" ? undefined : name);
  if (!wanted.ok) return err({ reason: "invalid", message: wanted.error });
  if (wanted.value === null) return json([]);
  const { continueAfterId } = wanted.value;
  if (continueAfterId !== undefined && store.findExecution(continueAfterId) === undefined) {
    return err({ reason: "invalid", message: "page_token is not the id of an activity" });
  }
  return json(store.listExecutions(wanted.value).map(activityJson));
}

function getPositions(market: Market): Result<Answer, Refusal> {
  return json(positionFigures(market).map(positionJson));
}

function getPosition(market: Market, { name }: VenueRequest): Result<Answer, Refusal> {
  const symbol = findListed(market, name) ?? name;
  const position = positionFigures(market).find((held) => held.symbol === symbol);
  return position === undefined ? notFound("position does not exist") : json(positionJson(position));
}

/** Filters by `status`, `asset_class` and `exchange`; every asset here has the same three. */
function getAssets(market: Market, { query }: VenueRequest): Result<Answer, Refusal> {
  const matches = (asset: ReturnType<typeof assetJson>): boolean =>
    (query.get("status") ?? asset.status) === asset.status &&
    (query.get("asset_class") ?? asset.class) === asset.class &&
    (query.get("exchange") ?? asset.exchange) === asset.exchange;
  return json(listedSymbols(market).map(assetJson).filter(matches));
}

function getAsset(market: Market, { name }: VenueRequest): Result<Answer, Refusal> {
  const symbol = findListed(market, name);
  return symbol === undefined ? notFound(`asset not found for ${name}`) : json(assetJson(symbol));
}

/** Symbols that are not listed are left out, as at Alpaca. */
function getLatestTrades(market: Market, { query, nowMs }: VenueRequest): Result<Answer, Refusal> {
  const symbols = query.get("symbols");
  if (symbols === null || symbols === "") return err({ reason: "invalid", message: "symbols is required" });
  const wanted = new Set(splitSymbols(symbols));
  const trades = pricesIn(market).filter(({ symbol }) => wanted.has(symbol));
  return ok({ status: 200, text: latestTradesText(trades, nowMs) });
}

function getLatestTrade(market: Market, { name, nowMs }: VenueRequest): Result<Answer, Refusal> {
  const price = lastPrice(market, name);
  if (price === undefined) return notFound(`no trade found for ${name}`);
  return ok({ status: 200, text: latestTradeText({ symbol: name, price }, nowMs) });
}

function getPrices(market: Market): Result<Answer, Refusal> {
  return json({ prices: Object.fromEntries(pricesIn(market).map(({ symbol, price }) => [symbol, price])) });
}

const PriceBody = z.strictObject({ price: PositiveDecimal });

/** `{"price":"190.00"}` becomes the last price, and resting orders are held against it before the answer is given. */
function putPrice(market: Market, { name, body, nowMs }: VenueRequest): Result<Answer, Refusal> {
  if (!isListed(market, name)) return notFound(`asset not found for ${name}`);
  const parsed = readObject(body);
  if (parsed === undefined) return err({ reason: "unreadable" });
  const wanted = PriceBody.safeParse(parsed);
  if (!wanted.success) return err({ reason: "invalid", message: describeIssue(wanted.error) });
  const { price } = wanted.data;
  setPrice(market, { symbol: name, price, nowMs });
  return json({ symbol: name, price });
}

function pricesIn(market: Market) {
  return listedSymbols(market).flatMap((symbol) => {
    const price = lastPrice(market, symbol);
    return price === undefined ? [] : [{ symbol, price }];
  });
}

/** The JSON object that the body is, `undefined` for any other text. */
function readObject(body: string): object | undefined {
  const parsed = parseJson(body);
  if (!parsed.ok || typeof parsed.value !== "object" || Array.isArray(parsed.value)) return undefined;
  return parsed.value ?? undefined;
}
