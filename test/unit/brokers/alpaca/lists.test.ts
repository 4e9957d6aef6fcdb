// Lists of the account: whole, or not at all; but of trades, which have no end, the oldest ones.
import { describe, expect, it } from "vitest";
import { aStopLoss, aTakeProfit, anAlpacaOrder } from "./builders.ts";
import { type Answer, NOW_MS, aBroker, json } from "./recorded-broker.ts";

const idAt = (index: number): string => `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`;
const numbered = <T>(count: number, from: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(from + index));

const orders = (count: number, from = 0) => numbered(count, from, (index) => anAlpacaOrder({ id: idAt(index) }));

const aFill = (overrides: Record<string, unknown> = {}) => ({
  id: "20261120142959981::2d7be4ff-d1f3-43e9-856a-0f5cf5c5088e",
  activity_type: "FILL",
  transaction_time: "2026-11-20T14:29:59.981482Z",
  type: "partial_fill",
  price: "187.25",
  qty: "4",
  side: "buy",
  symbol: "AAPL",
  leaves_qty: "6",
  order_id: "61e69015-8549-4bfd-b9c3-01e75843f47d",
  cum_qty: "4",
  order_status: "partially_filled",
  ...overrides,
});
const fills = (count: number, from = 0) => numbered(count, from, (index) => aFill({ id: `fill-${index}` }));

const aPosition = (overrides: Record<string, unknown> = {}) => ({
  asset_id: "b0b6dd9d-8b9b-48a9-ba46-b9d54906e415",
  symbol: "AAPL",
  exchange: "NASDAQ",
  asset_class: "us_equity",
  avg_entry_price: "174.78",
  qty: "2",
  qty_available: "2",
  side: "long",
  market_value: "348.58",
  cost_basis: "349.56",
  unrealized_pl: "-0.98",
  current_price: "174.29",
  ...overrides,
});

const paths = (calls: readonly { url: string }[]): string[] =>
  calls.map(({ url }) => decodeURIComponent(url.replace("https://paper-api.alpaca.markets", "")));

const unknownWith = (code: string) => ({ ending: "unknown", code });

/** Whatever the list is of, these are no list. */
const NO_LIST: [string, Answer, unknown][] = [
  ["an object", json({ orders: [] }), unknownWith("unreadable_list")],
  ["no JSON", () => new Response("<html>"), unknownWith("unreadable_list")],
  ["an empty body", () => new Response(null, { status: 204 }), unknownWith("unreadable_list")],
  ["wrong keys", json({ code: 40110000, message: "no" }, { status: 401 }), unknownWith("http_401")],
  ["a 404", json({ code: 40410000, message: "no" }, { status: 404 }), unknownWith("http_404")],
  ["an error of the server", json([], { status: 500 }), unknownWith("http_500")],
  ["a redirect", () => new Response(null, { status: 302, headers: { Location: "/" } }), unknownWith("redirected")],
  ["more than 2 MiB", () => new Response(`["${"x".repeat(2 * 1024 * 1024)}"]`), unknownWith("too_large")],
  ["a broken connection", () => Promise.reject(new Error("Network connection lost.")), unknownWith("network")],
  [
    "too many requests",
    json({}, { status: 429, headers: { "Retry-After": "3" } }),
    { ending: "not_sent", code: "rate_limited", retryAfterMs: 3_000 },
  ],
];

describe("open orders", () => {
  const FIRST = "/v2/orders?status=open&limit=500&direction=asc";

  it("are asked for in the order of submission and read into reports", async () => {
    const { broker, calls } = aBroker(json([anAlpacaOrder({ status: "partially_filled", filled_qty: "4" })]));
    expect(await broker.openOrders()).toMatchObject({
      ending: "listed",
      items: [{ client_order_id: "sp-0192f3a4", status: "partially_filled", filled_quantity: "4" }],
    });
    expect(calls).toMatchObject([{ method: "GET", body: "" }]);
    expect(paths(calls)).toEqual([FIRST]);
  });

  it("may be none", async () => {
    expect(await aBroker(json([])).broker.openOrders()).toMatchObject({ ending: "listed", items: [] });
  });

  it("are read page by page until one is not full", async () => {
    const { broker, calls } = aBroker([json(orders(500)), json(orders(500, 500)), json(orders(1, 1000))]);
    const listed = await broker.openOrders();
    expect(listed.ending === "listed" && listed.items.map((item) => item.venue_order_id)).toEqual(
      numbered(1001, 0, idAt),
    );
    expect(paths(calls)).toEqual([
      FIRST,
      `${FIRST}&after_order_id=${idAt(499)}`,
      `${FIRST}&after_order_id=${idAt(999)}`,
    ]);
  });

  it("are all there when the last page is exactly full", async () => {
    const { broker, calls } = aBroker([json(orders(500)), json([])]);
    expect((await broker.openOrders()).ending).toBe("listed");
    expect(calls).toHaveLength(2);
  });

  it.each<[string, Record<string, unknown>]>([
    ["a trailing stop", { type: "trailing_stop", trail_percent: "1" }],
    ["an order type from next year", { type: "pegged" }],
    ["a pair of orders that cancel each other", { order_class: "oco" }],
    ["a multi-leg order, which has no side", { order_class: "mleg", side: null, symbol: null }],
  ])("pass over %s, which we never send", async (_, foreign) => {
    const { broker } = aBroker(json([anAlpacaOrder(foreign), anAlpacaOrder()]));
    expect(await broker.openOrders()).toMatchObject({ ending: "listed", items: [{ client_order_id: "sp-0192f3a4" }] });
  });

  it("are each order of a bracket once, whose legs the list does not tell of", async () => {
    const entry = anAlpacaOrder({ order_class: "bracket", legs: null });
    const { broker, calls } = aBroker(json([entry, aTakeProfit({ legs: null })]));
    const listed = await broker.openOrders();
    const items = listed.ending === "listed" ? listed.items : [];
    expect(items.map((item) => item.venue_order_id)).toEqual([entry["id"], aTakeProfit()["id"]]);
    expect(items.map((item) => item.legs)).toEqual([undefined, undefined]);
    expect(paths(calls)).toEqual([FIRST]);
  });

  it("are not lost for a leg of a kind that we never send, in a bracket that somebody placed beside us", async () => {
    const foreign = anAlpacaOrder({ order_class: "bracket", legs: [aStopLoss({ type: "trailing_stop" })] });
    const { broker } = aBroker(json([foreign, anAlpacaOrder()]));
    expect(await broker.openOrders()).toMatchObject({ ending: "listed", items: [{}, {}] });
  });

  it("count orders that are passed over as part of a full page", async () => {
    const page = orders(500).map((order) => ({ ...order, type: "trailing_stop" }));
    const { broker, calls } = aBroker([json(page), json(orders(1, 500))]);
    expect(await broker.openOrders()).toMatchObject({ items: [{ venue_order_id: idAt(500) }] });
    expect(paths(calls).at(-1)).toContain(`after_order_id=${idAt(499)}`);
  });

  it.each<[string, unknown, string]>([
    ["null", null, "unreadable_order"],
    ["an order without a type", anAlpacaOrder({ type: undefined }), "unreadable_order"],
    ["an order with a numeric quantity", anAlpacaOrder({ qty: 10 }), "unreadable_order"],
    ["an order without a client order id", anAlpacaOrder({ client_order_id: null }), "unreadable_order"],
    ["a status nobody knows", anAlpacaOrder({ status: "triggered" }), "unrecognised_status"],
  ])("are unknown with %s among them", async (_, item, code) => {
    expect(await aBroker(json([anAlpacaOrder(), item])).broker.openOrders()).toEqual(unknownWith(code));
  });

  it("are unknown when the last order of a full page has no id to go on from", async () => {
    const page = [...orders(499), anAlpacaOrder({ id: undefined, type: "trailing_stop" })];
    const { broker, calls } = aBroker(json(page));
    expect(await broker.openOrders()).toEqual(unknownWith("unreadable_list"));
    expect(calls).toHaveLength(1);
  });

  it("are unknown when ten full pages are not all of them", async () => {
    const { broker, calls } = aBroker(json(orders(500)));
    expect(await broker.openOrders()).toEqual(unknownWith("list_too_long"));
    expect(calls).toHaveLength(10);
  });

  it("are unknown with more filled than ordered among them", async () => {
    const order = anAlpacaOrder({ status: "partially_filled", filled_qty: "10.000000001" });
    expect(await aBroker(json([anAlpacaOrder(), order])).broker.openOrders()).toEqual(unknownWith("unreadable_order"));
  });

  it.each(NO_LIST)("are not listed by %s", async (_, answer, ending) => {
    expect(await aBroker(answer).broker.openOrders()).toEqual(ending);
    expect(await aBroker([json(orders(500)), answer]).broker.openOrders()).toEqual(ending);
  });
});

describe("executions", () => {
  it("are asked for from a second before, oldest first, and read with their exact amounts", async () => {
    const { broker, calls } = aBroker(json([aFill({ qty: "0.123456789", price: "187.2500" })]));
    expect(await broker.executions(NOW_MS + 789)).toEqual({
      ending: "listed",
      items: [
        {
          execution_id: "20261120142959981::2d7be4ff-d1f3-43e9-856a-0f5cf5c5088e",
          venue_order_id: "61e69015-8549-4bfd-b9c3-01e75843f47d",
          quantity: "0.123456789",
          price: "187.25",
          executed_at_ms: Date.parse("2026-11-20T14:29:59.981Z"),
        },
      ],
      isWhole: true,
    });
    expect(paths(calls)).toEqual([
      "/v2/account/activities/FILL?after=2026-11-20T14:29:59Z&direction=asc&page_size=100",
    ]);
  });

  it("are asked for from the beginning of time and not before", async () => {
    const { broker, calls } = aBroker(json([]));
    await broker.executions(0);
    expect(paths(calls)[0]).toContain("after=1970-01-01T00:00:00Z");
  });

  it("are read page by page until one is not full", async () => {
    const { broker, calls } = aBroker([json(fills(100)), json(fills(3, 100))]);
    const listed = await broker.executions(NOW_MS);
    expect(listed.ending === "listed" && listed.items).toHaveLength(103);
    expect(listed).toMatchObject({ isWhole: true });
    expect(paths(calls).at(-1)).toMatch(/&page_token=fill-99$/);
  });

  it("are all there when the last page of ten is not full", async () => {
    const pages = Array.from({ length: 9 }, (_, page) => json(fills(100, page * 100)));
    const listed = await aBroker([...pages, json(fills(99, 900))]).broker.executions(NOW_MS);
    expect(listed.ending === "listed" && listed.items).toHaveLength(999);
    expect(listed).toMatchObject({ isWhole: true });
  });

  it("are the oldest thousand, and said not to be all of them, when ten pages are full", async () => {
    const pages = Array.from({ length: 10 }, (_, page) => json(fills(100, page * 100)));
    const { broker, calls } = aBroker([...pages, json(fills(100, 1_000))]);
    const listed = await broker.executions(NOW_MS);
    expect(listed.ending === "listed" && listed.items.map(({ execution_id: id }) => id)).toEqual(
      fills(1_000).map(({ id }) => id),
    );
    expect(listed).toMatchObject({ isWhole: false });
    expect(calls).toHaveLength(10);
  });

  it.each<[string, unknown]>([
    ["null", null],
    ["a dividend", { id: "1", activity_type: "DIV", net_amount: "1.02" }],
    ["no id", aFill({ id: undefined })],
    ["an empty id", aFill({ id: "" })],
    ["no order", aFill({ order_id: undefined })],
    ["a numeric price", aFill({ price: 187.25 })],
    ["a negative quantity", aFill({ qty: "-4" })],
    ["no time", aFill({ transaction_time: undefined })],
    ["a time without a zone", aFill({ transaction_time: "2026-11-20T14:29:59" })],
  ])("are unknown with %s among them", async (_, item) => {
    expect(await aBroker(json([aFill(), item])).broker.executions(0)).toEqual(unknownWith("unreadable_execution"));
  });

  it.each(NO_LIST)("are not listed by %s", async (_, answer, ending) => {
    expect(await aBroker(answer).broker.executions(0)).toEqual(ending);
    expect(await aBroker([json(fills(100)), answer]).broker.executions(0)).toEqual(ending);
  });
});

describe("holdings", () => {
  it("are the positions, negative when short", async () => {
    const short = aPosition({ symbol: "MSFT", side: "short", qty: "-0.5", market_value: "-206.125" });
    const { broker, calls } = aBroker(json([aPosition(), short]));
    expect(await broker.holdings()).toEqual({
      ending: "listed",
      items: [
        { symbol: "AAPL", quantity: "2", average_price: "174.78", market_value: "348.58" },
        { symbol: "MSFT", quantity: "-0.5", average_price: "174.78", market_value: "-206.125" },
      ],
    });
    expect(paths(calls)).toEqual(["/v2/positions"]);
  });

  it.each([
    ["BTCUSD", "crypto", "BTC/USD"],
    ["ETHUSDT", "crypto", "ETH/USDT"],
    ["ETHUSDC", "crypto", "ETH/USDC"],
    ["ETHBTC", "crypto", "ETH/BTC"],
    ["USDTUSD", "crypto", "USDT/USD"],
    ["USDCUSDT", "crypto", "USDC/USDT"],
    ["BTCUSDC", "crypto", "BTC/USDC"],
    ["BTC/USD", "crypto", "BTC/USD"],
    ["BTCEUR", "crypto", "BTCEUR"],
    ["USD", "crypto", "USD"],
    ["AUSD", "us_equity", "AUSD"],
    ["AAPL261218C00190000", "us_option", "AAPL261218C00190000"],
  ])("of %s in the class %s are of the symbol %s", async (symbol, asset_class, expected) => {
    const { broker } = aBroker(json([aPosition({ symbol, asset_class })]));
    expect(await broker.holdings()).toMatchObject({ items: [{ symbol: expected }] });
  });

  it("have no value where Alpaca has no price, and rounded ones where it has computed more digits", async () => {
    const { broker } = aBroker(
      json([
        aPosition({ market_value: null }),
        aPosition({ avg_entry_price: "0.3333333333333", market_value: "122011.09751111286868" }),
      ]),
    );
    expect(await broker.holdings()).toMatchObject({
      items: [{ market_value: null }, { average_price: "0.333333333", market_value: "122011.097511113" }],
    });
  });

  it.each<[string, unknown]>([
    ["null", null],
    ["no symbol", aPosition({ symbol: undefined })],
    ["a numeric quantity", aPosition({ qty: 2 })],
    ["a quantity with more digits than an order can have", aPosition({ qty: "0.1234567891" })],
    ["a long side and a negative quantity", aPosition({ qty: "-2" })],
    ["a short side and a positive quantity", aPosition({ side: "short" })],
    ["a third side", aPosition({ side: "flat" })],
    ["no average price", aPosition({ avg_entry_price: null })],
  ])("are unknown with %s among them", async (_, item) => {
    expect(await aBroker(json([aPosition(), item])).broker.holdings()).toEqual(unknownWith("unreadable_position"));
  });

  it.each(NO_LIST)("are not listed by %s", async (_, answer, ending) => {
    expect(await aBroker(answer).broker.holdings()).toEqual(ending);
  });
});

describe("balances", () => {
  const account = {
    currency: "USD",
    cash: "-23140.2",
    equity: "103820.56",
    buying_power: "262113.632",
    status: "ACTIVE",
  };

  it("are the account's money, with cash below zero where it is borrowed", async () => {
    const { broker, calls } = aBroker(json(account));
    expect(await broker.balances()).toEqual({
      ending: "read",
      balances: { currency: "USD", cash: "-23140.2", equity: "103820.56", buying_power: "262113.632" },
    });
    expect(paths(calls)).toEqual(["/v2/account"]);
  });

  it("are rounded where Alpaca has computed more digits", async () => {
    const { broker } = aBroker(json({ ...account, equity: "122011.09751111286868" }));
    expect(await broker.balances()).toMatchObject({ balances: { equity: "122011.097511113" } });
  });

  it.each<[string, unknown]>([
    ["a list", [account]],
    ["numeric cash", { ...account, cash: 1 }],
    ["no equity", { ...account, equity: null }],
    ["an exponent", { ...account, buying_power: "1e5" }],
    ["no currency", { ...account, currency: "" }],
  ])("are unknown from %s", async (_, body) => {
    expect(await aBroker(json(body)).broker.balances()).toEqual(unknownWith("unreadable_account"));
  });

  it.each([
    ["wrong keys", json({ code: 40110000, message: "no" }, { status: 401 }), unknownWith("http_401")],
    ["an error of the server", json(account, { status: 500 }), unknownWith("http_500")],
    ["a broken connection", () => Promise.reject(new Error("lost")), unknownWith("network")],
    ["a 429", json({}, { status: 429 }), { ending: "not_sent", code: "rate_limited", retryAfterMs: null }],
  ])("are not read from %s", async (_, answer, ending) => {
    expect(await aBroker(answer).broker.balances()).toEqual(ending);
  });
});
