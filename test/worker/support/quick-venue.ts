// A venue for very many orders: the answers of Alpaca's that the account reads, from memory, each in no time.
import type { Venue } from "./faulty-venue.ts";

type Order = Record<string, unknown> & { id: string; client_order_id: string; qty: string; status: string };

const toAsset = (symbol: string) => ({
  symbol,
  class: "us_equity",
  exchange: "NASDAQ",
  status: "active",
  tradable: true,
  marginable: true,
  shortable: true,
  easy_to_borrow: true,
  fractionable: true,
});

export class QuickVenue {
  /** Every call, as method and path. */
  readonly calls: string[] = [];
  readonly #orders = new Map<string, Order>();

  readonly answer: Venue = async (request) => {
    const url = new URL(request.url);
    this.calls.push(`${request.method} ${url.pathname}`);
    if (request.method === "POST") return Response.json(this.#place(await request.json()));
    switch (url.pathname) {
      case "/v2/orders":
        return Response.json(this.#openAfter(url.searchParams.get("after_order_id")));
      case "/v2/orders:by_client_order_id":
        return Response.json(this.#orders.get(url.searchParams.get("client_order_id") ?? ""));
      case "/v2/account":
        return Response.json({ currency: "USD", cash: "100000", equity: "100000", buying_power: "100000" });
      case "/v2/assets":
        return Response.json(
          url.searchParams.get("asset_class") === "crypto" ? [] : ["AAPL", "MSFT", "SPY"].map(toAsset),
        );
      case "/v2/stocks/trades/latest":
        return Response.json({ trades: { MSFT: { p: 410, t: new Date().toISOString() } } });
      default:
        return Response.json([]);
    }
  };

  fillAll(): void {
    for (const order of this.#orders.values()) {
      Object.assign(order, { status: "filled", filled_qty: order.qty, filled_avg_price: "1" });
    }
  }

  #place(body: object): Order {
    const fresh = { id: crypto.randomUUID(), status: "new", filled_qty: "0", filled_avg_price: null, order_class: "" };
    const order = { ...body, ...fresh } as unknown as Order;
    this.#orders.set(order.client_order_id, order);
    return order;
  }

  #openAfter(id: string | null): Order[] {
    const open = [...this.#orders.values()].filter(({ status }) => status === "new");
    return open.slice(open.findIndex((order) => order.id === id) + 1).slice(0, 500);
  }
}
