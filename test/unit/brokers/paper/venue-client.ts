// A venue with a clock that stands still and ids that count, and a client that talks to it in Requests.
import { createMemoryStore } from "../../../../src/brokers/paper/memory-store.ts";
import { PaperVenueSettings } from "../../../../src/brokers/paper/settings.ts";
import type { VenueStore } from "../../../../src/brokers/paper/store.ts";
import type { Deduplication } from "../../../../src/domain/broker.ts";
import { type Venue, handleVenueRequest } from "../../../../src/brokers/paper/venue.ts";

/** The time at every venue until it is moved. */
export const NOW_MS = Date.UTC(2026, 0, 15, 14, 30);

const CREDENTIALS = { keyId: "test-key", secretKey: "test-secret" };
const KEY_HEADERS = { "APCA-API-KEY-ID": CREDENTIALS.keyId, "APCA-API-SECRET-KEY": CREDENTIALS.secretKey };

export type VenueAnswer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed JSON; `undefined` for an answer without content. */
  readonly body: unknown;
};

/** An order as the venue tells of it. */
export type OrderJson = Readonly<Record<string, unknown>> & { readonly id: string; readonly client_order_id: string };

export type VenueClient = {
  readonly venue: Venue;
  readonly send: (
    method: string,
    path: string,
    options?: { readonly body?: string; readonly headers?: Record<string, string> },
  ) => Promise<VenueAnswer>;
  /** The JSON of an answer that has to be a 200. */
  readonly get: <T = Record<string, unknown>>(path: string) => Promise<T>;
  /** Posts a day order to buy 10 AAPL at the market, with these fields instead; `undefined` leaves a field out. */
  readonly post: (fields?: Record<string, unknown>) => Promise<VenueAnswer>;
  /** Posts an order that has to be accepted, and reads it back. */
  readonly place: (fields?: Record<string, unknown>) => Promise<OrderJson>;
  readonly setPrice: (symbol: string, price: string) => Promise<VenueAnswer>;
  readonly advance: (ms: number) => void;
};

export type VenueOptions = {
  readonly store?: VenueStore;
  readonly cash?: string;
  readonly deduplication?: Deduplication;
  readonly maxFillQuantity?: string | undefined;
};

/** Starts with 100,000 dollars; AAPL at 187.50, MSFT at 412.25, and PENNY at 0.5. */
export function openVenue({
  store = createMemoryStore(),
  cash = "100000",
  deduplication = "permanent",
  maxFillQuantity,
}: VenueOptions = {}) {
  let nowMs = NOW_MS;
  let ids = 0;
  const venue: Venue = {
    settings: PaperVenueSettings.parse({
      cash,
      prices: { AAPL: "187.50", MSFT: "412.25", PENNY: "0.5" },
      deduplication,
      max_fill_quantity: maxFillQuantity,
    }),
    credentials: CREDENTIALS,
    store,
    nowMs: () => nowMs,
    uuid: () => `00000000-0000-4000-8000-${String((ids += 1)).padStart(12, "0")}`,
  };

  const send: VenueClient["send"] = async (method, path, { body, headers = KEY_HEADERS } = {}) => {
    const request = new Request(`https://venue.test${path}`, { method, headers, body: body ?? null });
    const response = await handleVenueRequest(request, venue);
    const text = await response.text();
    const parsed: unknown = text === "" ? undefined : JSON.parse(text);
    return { status: response.status, headers: response.headers, text, body: parsed };
  };
  const get: VenueClient["get"] = async <T>(path: string) => {
    const { status, text, body } = await send("GET", path);
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${text}`);
    return body as T;
  };
  const post: VenueClient["post"] = (fields = {}) => {
    const market = { symbol: "AAPL", qty: "10", side: "buy", type: "market", time_in_force: "day" };
    return send("POST", "/v2/orders", { body: JSON.stringify({ ...market, ...fields }) });
  };
  const client: VenueClient = {
    venue,
    send,
    get,
    post,
    place: async (fields) => {
      const { status, text, body } = await post(fields);
      if (status !== 200) throw new Error(`the order was refused: ${status} ${text}`);
      return get<OrderJson>(`/v2/orders/${(body as OrderJson).id}`);
    },
    setPrice: (symbol, price) => send("PUT", `/paper/prices/${symbol}`, { body: JSON.stringify({ price }) }),
    advance: (ms) => {
      nowMs += ms;
    },
  };
  return client;
}
