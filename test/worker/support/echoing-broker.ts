// Alpaca at its worst: it says back whatever it is told wherever it can, the account's keys first of all.
import type { Canaries } from "./canaries.ts";

/** How the broker treats a key, by what its id ends with. */
export const KEY_ID = { refused: "REFUSED", unanswered: "UNANSWERED" } as const;
/** How it treats an order, by symbol: one is refused, and nobody knows what became of the other. */
export const SYMBOL = { refused: "NOPE", lost: "LOST" } as const;

/** What answers the gateway's calls in place of `fetch`. */
export const echoingBroker = (canaries: Canaries) =>
  async function answer(input: RequestInfo | URL): Promise<Response> {
    const request = new Request(input);
    const { pathname, search } = new URL(request.url);
    const keyId = request.headers.get("APCA-API-KEY-ID") ?? "";
    const told = `${keyId} ${request.headers.get("APCA-API-SECRET-KEY")} ${search}`;
    const say = (body: object, status = 200) =>
      Response.json(body, { status, headers: { "X-Request-ID": canaries.word("a header of the broker's") } });

    if (keyId.endsWith(KEY_ID.refused)) return say({ message: `forbidden: ${told}` }, 401);
    if (keyId.endsWith(KEY_ID.unanswered)) throw new Error(`connect failed for ${told}`);
    if (request.method === "POST") {
      const { symbol } = await request.json<{ symbol: string }>();
      if (symbol === SYMBOL.lost) throw new Error(`connection reset: ${told}`);
      const message = `insufficient buying power for ${told}, ${canaries.word("what the broker says of a refusal")}`;
      return say({ code: 40_310_000, message }, 403);
    }
    if (pathname === "/v2/orders:by_client_order_id") throw new Error(`connection reset: ${told}`);
    if (pathname === "/v2/stocks/trades/latest") {
      const symbol = new URL(request.url).searchParams.get("symbols") ?? "";
      return say({ trades: { [symbol]: { p: 10, t: new Date().toISOString() } } });
    }
    if (pathname === "/v2/assets" && search.includes("us_equity")) {
      return say(["AAPL", ...Object.values(SYMBOL)].map(toAsset));
    }
    if (pathname !== "/v2/account") return say([]);
    return say({
      account_number: canaries.word("the account's number at the broker"),
      status: "ACTIVE",
      trading_blocked: false,
      account_blocked: false,
      currency: "USD",
      cash: "100000",
      equity: "100000",
      buying_power: "100000",
    });
  };

const toAsset = (symbol: string) => ({
  symbol,
  class: "us_equity",
  exchange: "NASDAQ",
  status: "active",
  tradable: true,
  shortable: true,
  easy_to_borrow: true,
  fractionable: true,
});
