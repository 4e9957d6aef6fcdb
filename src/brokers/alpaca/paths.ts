// Where everything is at Alpaca: paths and queries, without the host.
import type { ClientOrderId } from "../../domain/ids.ts";
import type { ListedClass } from "./assets.ts";
import type { AlpacaVenue } from "./venues.ts";

/** What the data host has the latest of. */
export type Latest = "trades" | "quotes";

/** Alpaca's maximum. */
export const ORDERS_PER_PAGE = 500;
/** Alpaca's maximum. */
export const FILLS_PER_PAGE = 100;

export const ORDERS_PATH = "/v2/orders";
export const POSITIONS_PATH = "/v2/positions";
export const ACCOUNT_PATH = "/v2/account";

export const orderByClientIdPath = (clientOrderId: ClientOrderId): string =>
  `/v2/orders:by_client_order_id?${new URLSearchParams({ client_order_id: clientOrderId }).toString()}`;

/** Anything but an id could make a DELETE the one that cancels every order of the account: there is no path for it. */
export const orderPath = (venueOrderId: string): string | undefined =>
  /^[A-Za-z0-9-]{1,64}$/.test(venueOrderId) ? `${ORDERS_PATH}/${venueOrderId}` : undefined;

/** The order with its legs in it. */
export function nestedOrderPath(venueOrderId: string): string | undefined {
  const path = orderPath(venueOrderId);
  return path === undefined ? undefined : `${path}?nested=true`;
}

/**
 * Each leg as an order of its own: under `nested` Alpaca lists legs within their order only, and leaves them out once that has
 * been filled. Legs with the status `held` are in neither list.
 *
 * In the order of submission: an order that ends between two pages moves none that is still to come.
 */
export function openOrdersPath(afterId: string | undefined): string {
  const query = new URLSearchParams({ status: "open", limit: String(ORDERS_PER_PAGE), direction: "asc" });
  if (afterId !== undefined) query.set("after_order_id", afterId);
  return `${ORDERS_PATH}?${query.toString()}`;
}

/** Alpaca documents whole seconds, and leaves out the one that is named: up to two seconds more are asked for. */
export function fillsPath(sinceMs: number, afterId: string | undefined): string {
  const afterSec = Math.max(0, Math.floor(sinceMs / 1000) - 1);
  const after = new Date(afterSec * 1000).toISOString().replace(".000Z", "Z");
  const query = new URLSearchParams({ after, direction: "asc", page_size: String(FILLS_PER_PAGE) });
  if (afterId !== undefined) query.set("page_token", afterId);
  return `/v2/account/activities/FILL?${query.toString()}`;
}

/** Only one class is listed at a time; without one that is equities. */
export const assetsPath = (assetClass: ListedClass): string =>
  `/v2/assets?${new URLSearchParams({ status: "active", asset_class: assetClass }).toString()}`;

/** On the data host. */
export function latestStocksPath(latest: Latest, symbols: readonly string[], feed: AlpacaVenue["feed"]): string {
  const query = new URLSearchParams({ symbols: symbols.join(",") });
  if (feed !== undefined) query.set("feed", feed);
  return `/v2/stocks/${latest}/latest?${query.toString()}`;
}

/** On the data host. */
export const latestCryptoPath = (latest: Latest, symbols: readonly string[]): string =>
  `/v1beta3/crypto/us/latest/${latest}?${new URLSearchParams({ symbols: symbols.join(",") }).toString()}`;
