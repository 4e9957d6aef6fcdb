// What Alpaca trades: every asset that can be read, or no list at all.
import { describe, expect, it } from "vitest";
import { Instrument } from "../../../../src/domain/instrument.ts";
import { type Answer, aBroker, json } from "./recorded-broker.ts";

const anAsset = (overrides: Record<string, unknown> = {}) => ({
  id: "b0b6dd9d-8b9b-48a9-ba46-b9d54906e415",
  class: "us_equity",
  exchange: "NASDAQ",
  symbol: "AAPL",
  name: "Apple Inc. Common Stock",
  status: "active",
  tradable: true,
  marginable: true,
  maintenance_margin_requirement: 30,
  margin_requirement_long: "30",
  margin_requirement_short: "30",
  shortable: true,
  easy_to_borrow: true,
  borrow_status: "easy_to_borrow",
  fractionable: true,
  cusip: null,
  attributes: ["has_options", "fractional_eh_enabled"],
  ...overrides,
});

const aPair = (overrides: Record<string, unknown> = {}) => ({
  id: "276e2673-764b-4ab6-a611-caf665ca6340",
  class: "crypto",
  exchange: "CRYPTO",
  symbol: "BTC/USD",
  name: "Bitcoin / US Dollar",
  status: "active",
  tradable: true,
  marginable: false,
  shortable: false,
  easy_to_borrow: false,
  fractionable: true,
  attributes: [],
  min_order_size: "0.000010954",
  min_trade_increment: "0.000000001",
  price_increment: "1",
  ...overrides,
});

/** The symbols and how many were passed over, in the lists of equities and of pairs. */
async function listed(equities: readonly unknown[], pairs: readonly unknown[] = []) {
  const ending = await aBroker([json(equities), json(pairs)]).broker.instruments();
  if (ending.ending !== "listed") return ending;
  for (const item of ending.items) expect(Instrument.parse(item)).toEqual(item);
  return { symbols: ending.items.map(({ symbol }) => symbol), passedOver: ending.passedOver };
}

/** The one instrument that is made of this asset. */
async function instrumentOf(asset: unknown) {
  const ending = await aBroker([json([asset]), json([])]).broker.instruments();
  return ending.ending === "listed" ? ending.items[0] : undefined;
}

const unknownWith = (code: string) => ({ ending: "unknown", code });

describe("instruments", () => {
  it("are the active equities and the active pairs, each in the steps it trades in", async () => {
    const { broker, calls } = aBroker([json([anAsset()]), json([aPair()])]);
    expect(await broker.instruments()).toEqual({
      ending: "listed",
      items: [
        {
          symbol: "AAPL",
          asset_class: "us_equity",
          exchange: "NASDAQ",
          status: "active",
          tradable: true,
          shortable: true,
          fractionable: true,
          lot_size: "0.000000001",
          min_quantity: null,
          min_notional: "1",
          price_increment: null,
        },
        {
          symbol: "BTC/USD",
          asset_class: "crypto",
          exchange: "CRYPTO",
          status: "active",
          tradable: true,
          shortable: false,
          fractionable: true,
          lot_size: "0.000000001",
          min_quantity: "0.000010954",
          min_notional: "10",
          price_increment: "1",
        },
      ],
      passedOver: 0,
    });
    expect(calls.map(({ method, url }) => `${method} ${url}`)).toEqual([
      "GET https://paper-api.alpaca.markets/v2/assets?status=active&asset_class=us_equity",
      "GET https://paper-api.alpaca.markets/v2/assets?status=active&asset_class=crypto",
    ]);
  });

  it("trade in whole units where Alpaca takes no fractions", async () => {
    expect(await instrumentOf(anAsset({ fractionable: false }))).toMatchObject({ fractionable: false, lot_size: "1" });
  });

  it.each([
    ["BTC/USD", "10"],
    ["ETH/BTC", null],
    ["BTC/USDT", null],
  ])("of the pair %s take no less than %s of the account's currency", async (symbol, min_notional) => {
    expect(await instrumentOf(aPair({ symbol }))).toMatchObject({ min_notional });
  });

  it.each<[boolean, string, Record<string, unknown>]>([
    [true, "easy to borrow", {}],
    [true, "easy to borrow by the older word alone", { borrow_status: undefined }],
    [true, "easy to borrow by the newer word alone", { easy_to_borrow: undefined }],
    [false, "hard to borrow", { borrow_status: "hard_to_borrow" }],
    [false, "hard to borrow by the older word alone", { borrow_status: undefined, easy_to_borrow: false }],
    [false, "in a state that nobody knows", { borrow_status: "locate_required" }],
    [false, "said to be neither", { borrow_status: undefined, easy_to_borrow: undefined }],
    [false, "not shortable", { shortable: false }],
  ])("can be sold short (%s) when they are %s", async (shortable, _, asset) => {
    expect(await instrumentOf(anAsset(asset))).toMatchObject({ shortable });
  });

  it.each([
    ["us_option", "us_option"],
    ["treasury", "other"],
    ["crypto_perp", "other"],
  ])("of the class %s are of the class %s", async (name, asset_class) => {
    expect(await instrumentOf(anAsset({ class: name }))).toMatchObject({ asset_class, price_increment: null });
  });

  it.each([[null], [undefined], [""]])("need no exchange: %s", async (exchange) => {
    expect(await instrumentOf(anAsset({ exchange }))).toMatchObject({ exchange: null });
  });

  it.each<[string, unknown]>([
    ["null", null],
    ["no class", anAsset({ class: undefined })],
    ["no symbol", anAsset({ symbol: undefined })],
    ["a symbol that no order can have", anAsset({ symbol: "GB00B03MLX29 LN" })],
    ["a third status", anAsset({ status: "halted" })],
    ["a word for tradable", anAsset({ tradable: "true" })],
    ["no word on fractions", anAsset({ fractionable: undefined })],
    ["a numeric step", aPair({ price_increment: 0.01 })],
    ["a step of zero", aPair({ min_trade_increment: "0" })],
    ["a step finer than an order's digits", aPair({ price_increment: "0.0000000001" })],
    ["a pair without a step of its price", aPair({ price_increment: null })],
    ["a pair without a step of its quantity", aPair({ min_trade_increment: undefined })],
  ])("pass over %s, and say so", async (_, strange) => {
    expect(await listed([strange, anAsset()])).toEqual({ symbols: ["AAPL"], passedOver: 1 });
  });

  it("pass over both of two assets with one symbol", async () => {
    const again = anAsset({ exchange: "OTC" });
    expect(await listed([anAsset(), anAsset({ symbol: "MSFT" }), again])).toEqual({ symbols: ["MSFT"], passedOver: 2 });
    expect(await listed([anAsset({ symbol: "BTC/USD" }), anAsset()], [aPair()])).toMatchObject({ symbols: ["AAPL"] });
  });

  it("are unknown when most of a list cannot be read, whatever the other one says", async () => {
    const changed = anAsset({ tradable: "yes" });
    expect(await listed([changed, changed, anAsset()], [aPair()])).toEqual(unknownWith("unreadable_assets"));
    expect(await listed([anAsset()], [aPair({ price_increment: null })])).toEqual(unknownWith("unreadable_assets"));
  });

  it("are unknown when there are none: no broker trades nothing", async () => {
    expect(await listed([], [])).toEqual(unknownWith("empty_list"));
    expect(await listed([anAsset()], [])).toEqual({ symbols: ["AAPL"], passedOver: 0 });
    expect(await listed([], [aPair()])).toEqual({ symbols: ["BTC/USD"], passedOver: 0 });
  });

  it.each<[string, Answer, unknown]>([
    ["an object", json({ assets: [] }), unknownWith("unreadable_list")],
    ["no JSON", () => new Response("<html>"), unknownWith("unreadable_list")],
    ["half a list", () => new Response(`[${JSON.stringify(anAsset())},{"id":`), unknownWith("unreadable_list")],
    ["wrong keys", json({ code: 40110000, message: "no" }, { status: 401 }), unknownWith("http_401")],
    ["an error of the server", json([], { status: 500 }), unknownWith("http_500")],
    ["a broken connection", () => Promise.reject(new Error("Network connection lost.")), unknownWith("network")],
    [
      "too many requests",
      json({}, { status: 429, headers: { "Retry-After": "3" } }),
      { ending: "not_sent", code: "rate_limited", retryAfterMs: 3_000 },
    ],
  ])("are not listed by %s, as the first list or as the second", async (_, answer, ending) => {
    expect(await aBroker(answer).broker.instruments()).toEqual(ending);
    expect(await aBroker([json([anAsset()]), answer]).broker.instruments()).toEqual(ending);
  });

  it("may be as many as Alpaca has, and not so many that they do not fit into memory", async () => {
    const SIZE = 16 * 1024 * 1024;
    const assets = Array.from({ length: 13_000 }, (_, index) => anAsset({ symbol: `S${index}` }));
    const all = await aBroker([json(assets), json([])]).broker.instruments();
    expect(all.ending === "listed" && all.items).toHaveLength(13_000);
    const padded = (size: number) => () => new Response(JSON.stringify([anAsset()]).padEnd(size, " "));
    expect((await aBroker([padded(SIZE), json([])]).broker.instruments()).ending).toBe("listed");
    expect(await aBroker([padded(SIZE + 1), json([])]).broker.instruments()).toEqual(unknownWith("too_large"));
  });
});
