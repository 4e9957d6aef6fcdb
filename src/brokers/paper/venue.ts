// An Alpaca-compatible trading venue for one paper account: Request in, Response out. Its only effects are on the store it is
// given. Differences from Alpaca are listed in front of {@link handleVenueRequest}.
import { readCapped } from "../../capped-body.ts";
import { decodeUtf8 } from "../../crypto/encoding.ts";
import { equalSecrets } from "../../crypto/equal.ts";
import type { Decimal } from "../../domain/money.ts";
import { type Result, err, ok } from "../../domain/result.ts";
import { type Refusal, toErrorAnswer } from "./refusal.ts";
import { type Answer, ROUTES, type Route } from "./routes.ts";
import { setPrice } from "./set-price.ts";
import type { PaperVenueSettings, VenueCredentials } from "./settings.ts";
import { settleOrders } from "./settle.ts";
import type { VenueStore } from "./store.ts";

/** The largest order is a few hundred bytes. */
const BODY_BYTES_MAX = 16 * 1024;

export type Venue = {
  readonly settings: PaperVenueSettings;
  readonly credentials: VenueCredentials;
  readonly store: VenueStore;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: () => number;
  /** A new UUID with every call. */
  readonly uuid: () => string;
};

/**
 * Answers one request in the shapes and statuses of Alpaca's Trading API v2 and Market Data API v2. Never throws for
 * anything that a client can send. The writes of a request happen together or not at all.
 *
 * What differs from Alpaca:
 * - It trades US equities only, and only the symbols in its settings; no crypto, no options, no order classes but simple,
 *   bracket and oto, no trailing stops, no replacing of orders, no auctions. Whatever it does not have it refuses.
 * - The market is always open, and every price is the last trade of this very moment. A trading day ends at midnight UTC,
 *   and orders for the day with it.
 * - An order fills whole and at once, at the last price, or not at all; with `max_fill_quantity` step by step, one step each
 *   time the market is looked at, which every request does. See `matching.ts`.
 * - A take profit that was filled in part leaves the stop loss its id with fewer units, and one that gives way to the stop loss
 *   is canceled; Alpaca may replace either. See `bracket.ts`.
 * - Buying power is one times equity, and a sale of more than is held opens a short position; see `buying-power.ts`.
 * - A refused order does not use up its client order id; an accepted one does, for good, unless `deduplication` is set to
 *   something weaker than Alpaca's. Alpaca documents the latter only.
 * - The activities are trades only, with UTC in their ids.
 * - `/paper/prices` reads and moves the market.
 */
export async function handleVenueRequest(request: Request, venue: Venue): Promise<Response> {
  const answered = await answerRequest(request, venue);
  const { status, text } = answered.ok ? answered.value : errorAnswer(answered.error);
  const headers = { "Content-Type": "application/json; charset=UTF-8", "X-Request-ID": venue.uuid() };
  return new Response(text, { status, headers });
}

/** Moves the market, as `PUT /paper/prices/{symbol}` does. `false`: the symbol is not listed. */
export const setVenuePrice = (venue: Venue, symbol: string, price: Decimal): boolean =>
  venue.store.transact(() => setPrice(venue, { symbol, price, nowMs: venue.nowMs() }));

async function answerRequest(request: Request, venue: Venue): Promise<Result<Answer, Refusal>> {
  if (!isAuthorized(request, venue.credentials)) return err({ reason: "unauthorized" });
  const url = new URL(request.url);
  const found = findRoute(request.method, url.pathname);
  if (!found.ok) return found;
  const bytes = await readCapped(request.body, BODY_BYTES_MAX);
  if (bytes === undefined) return err({ reason: "too_large", bytesMax: BODY_BYTES_MAX });
  const body = decodeUtf8(bytes);
  if (body === undefined) return err({ reason: "unreadable" });

  const { route, name } = found.value;
  const nowMs = venue.nowMs();
  return venue.store.transact(() => {
    settleOrders(venue, nowMs);
    return route.handle(venue, { name, query: url.searchParams, body, nowMs, uuid: venue.uuid });
  });
}

/** Both halves are compared always: which of the two is wrong does not show in the time either. */
function isAuthorized({ headers }: Request, { keyId, secretKey }: VenueCredentials): boolean {
  const isKeyId = equalSecrets(headers.get("APCA-API-KEY-ID") ?? "", keyId);
  const isSecretKey = equalSecrets(headers.get("APCA-API-SECRET-KEY") ?? "", secretKey);
  return isKeyId && isSecretKey;
}

function findRoute(method: string, path: string): Result<{ readonly route: Route; readonly name: string }, Refusal> {
  const onPath = ROUTES.filter((route) => route.path.test(path));
  const route = onPath.find((candidate) => candidate.method === method);
  if (route === undefined) return err({ reason: onPath.length === 0 ? "unknown_path" : "unknown_method" });
  const name = decodeName(route.path.exec(path)?.[1] ?? "");
  return name === undefined ? err({ reason: "unknown_path" }) : ok({ route, name });
}

function decodeName(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

function errorAnswer(refusal: Refusal): Answer {
  const { status, body } = toErrorAnswer(refusal);
  return { status, text: JSON.stringify(body) };
}
