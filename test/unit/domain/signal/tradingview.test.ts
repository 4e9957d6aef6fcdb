import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseJson } from "../../../../src/domain/json.ts";
import type { ReadOptions, Reading, SignalBody } from "../../../../src/domain/signal/format.ts";
import { openAlgo } from "../../../../src/domain/signal/formats/openalgo.ts";
import { threeCommas } from "../../../../src/domain/signal/formats/three-commas/format.ts";
import { tradingView } from "../../../../src/domain/signal/formats/tradingview/format.ts";

const OPTIONS: ReadOptions = { sizeUnit: "percent_of_equity", loosening: "refuse" };
const PASSPHRASE = "somelongstring123";

/** The widespread example with everything inside, its placeholders filled in: numbers are written without quotes there. */
const NESTED = `{
  "passphrase": "${PASSPHRASE}",
  "time": "2026-01-15T14:30:02Z",
  "exchange": "NASDAQ",
  "ticker": "AAPL",
  "bar": { "time": "2026-01-15T14:25:00Z", "open": 186.9, "high": 187.4, "low": 186.8, "close": 187.25, "volume": 51234 },
  "strategy": {
    "position_size": -10,
    "order_action": "sell",
    "order_contracts": 15,
    "order_price": 187.25,
    "order_id": "Short",
    "market_position": "short",
    "market_position_size": 10,
    "prev_market_position": "long",
    "prev_market_position_size": 5
  }
}`;

/** Every placeholder under its own name, as text. */
const FLAT = `{
  "ticker": "BTCUSD", "exchange": "COINBASE", "interval": "15",
  "open": "64100.5", "high": "64300", "low": "64000", "close": "64250.25", "volume": "12.5",
  "time": "2026-01-15T14:15:00Z", "timenow": "2026-01-15T14:30:02Z",
  "currency": "USD", "basecurrency": "BTC", "plot_0": "63990.1", "plot_19": "NaN",
  "action": "buy", "contracts": "0.5", "price": "64250.25", "id": "Long", "comment": "golden cross",
  "alert_message": "",
  "market_position": "long", "market_position_size": "0.75",
  "prev_market_position": "long", "prev_market_position_size": "0.25"
}`;

const anAlert = (fields: Record<string, unknown>): string => JSON.stringify({ ticker: "AAPL", ...fields });

function bodyOf(text: string): SignalBody {
  const json = parseJson(text);
  return { text, json: json.ok ? json.value : undefined };
}

function readingOf(text: string): Reading {
  const read = tradingView.read(bodyOf(text), OPTIONS);
  if (!read.ok) throw new Error(`refused: ${JSON.stringify(read.error)}`);
  return read.value;
}

/** Where a body is refused and why, in order. */
function refusalsOf(text: string): readonly string[] {
  const read = tradingView.read(bodyOf(text), OPTIONS);
  return read.ok ? [] : read.error.map(({ pointer, code }) => `${pointer} ${code}`);
}

const noticesOf = (text: string): readonly string[] =>
  readingOf(text).notices.map(({ pointer, code }) => `${pointer} ${code}`);

describe("an alert in TradingView's own words", () => {
  it.each([
    ["the widespread nested example", NESTED],
    ["every placeholder under its own name", FLAT],
    ["contracts", '{"symbol":"AAPL","action":"buy","contracts":"5"}'],
    ["a position", '{"ticker":"AAPL","market_position":"flat"}'],
    ["an order inside a strategy", '{"ticker":"AAPL","strategy":{"order":{"action":"buy"}}}'],
  ])("is known by %s", (_, text) => {
    expect(tradingView.matches(bodyOf(text))).toBe(true);
  });

  it.each([
    ["no JSON", "buy 10 AAPL"],
    ["a list", '["ticker","contracts"]'],
    ["without a symbol", '{"action":"buy","contracts":"5"}'],
    ["TradersPost's fields", '{"ticker":"AAPL","action":"buy","sentiment":"long","quantity":"5"}'],
    ["trade-relay's fields", '{"action":"buy","symbol":"AAPL","quantity":"5"}'],
    ["OpenAlgo's template", '{"apikey":"k","symbol":"SBIN","action":"buy","position_size":"5","pricetype":"MARKET"}'],
    ["OpenAlgo's strategy webhook", '{"symbol":"SBIN","action":"BUY","position_size":"5"}'],
    ["a 3Commas signal", '{"bot_uuid":"f1a2","tv_instrument":"AAPL","ticker":"AAPL","contracts":"5"}'],
  ])("is not %s", (_, text) => {
    expect(tradingView.matches(bodyOf(text))).toBe(false);
  });

  it.each([
    ["nested", NESTED],
    ["flat", FLAT],
  ])("is claimed by no format with marks of its own: %s", (_, text) => {
    expect(openAlgo.matches(bodyOf(text))).toBe(false);
    expect(threeCommas.matches(bodyOf(text))).toBe(false);
  });
});

describe("the widespread nested example", () => {
  it("leads to the position that the strategy holds now", () => {
    expect(readingOf(NESTED)).toMatchObject({
      format: "tradingview",
      instructions: [{ action: "target", symbol: "AAPL", type: "market", position: "-10" }],
      isTest: false,
    });
  });

  it("says when it was sent, for which bar, and what was held before and after", () => {
    expect(readingOf(NESTED).circumstances).toEqual({
      sentAtMs: Date.parse("2026-01-15T14:30:02Z"),
      barAtMs: Date.parse("2026-01-15T14:25:00Z"),
      orderName: "Short",
      orderSide: "sell",
      exchange: "NASDAQ",
      price: "187.25",
      positionBefore: { side: "long", size: "5" },
      positionAfter: { side: "short", size: "10" },
    });
  });

  it("does not take a bar's time, given twice, for the time of its sending", () => {
    const { circumstances } = readingOf(NESTED.replace("14:30:02", "14:25:00"));
    expect(circumstances.sentAtMs).toBeUndefined();
    expect(circumstances.barAtMs).toBe(Date.parse("2026-01-15T14:25:00Z"));
  });

  it("may have its order one level deeper", () => {
    const strategy = {
      order: { action: "buy", contracts: "5", id: "Long", price: "187" },
      prev_market_position: "flat",
    };
    expect(readingOf(anAlert({ strategy }))).toMatchObject({
      instructions: [{ action: "buy", size: { by: "quantity", value: "5" } }],
      circumstances: { orderName: "Long", price: "187", positionBefore: { side: "flat" } },
    });
  });
});

describe("an alert with every placeholder at the top", () => {
  it("leads to the strategy's position, with the sign of its side", () => {
    expect(readingOf(FLAT)).toEqual({
      format: "tradingview",
      instructions: [{ action: "target", symbol: "BTCUSD", type: "market", position: "0.75" }],
      circumstances: {
        sentAtMs: Date.parse("2026-01-15T14:30:02Z"),
        barAtMs: Date.parse("2026-01-15T14:15:00Z"),
        orderName: "Long",
        orderSide: "buy",
        exchange: "COINBASE",
        price: "64250.25",
        positionBefore: { side: "long", size: "0.25" },
        positionAfter: { side: "long", size: "0.75" },
      },
      notices: [],
      isTest: false,
    });
  });
});

describe("what an alert wants done", () => {
  it.each([
    [
      "its signed position",
      { position_size: "-3", contracts: "1", action: "buy" },
      { action: "target", position: "-3" },
    ],
    ["nothing held", { position_size: "0", action: "sell" }, { action: "target", position: "0" }],
    ["out of a position", { market_position: "flat", contracts: "5", action: "sell" }, { action: "exit" }],
    ["a long position", { market_position: "LONG", market_position_size: "7" }, { action: "target", position: "7" }],
    ["a short position", { market_position: "short", market_position_size: 7 }, { action: "target", position: "-7" }],
    [
      "an order",
      { order_action: "sell", order_contracts: "5", market_position: "long" },
      { action: "sell", size: { by: "quantity", value: "5" } },
    ],
    ["an order under shorter names", { side: "BUY", qty: 2, order_type: "MARKET", order_id: 7 }, { action: "buy" }],
    ["a side of the market", { market_position: "short" }, { action: "enter", side: "sell" }],
  ])("is %s", (_, fields, instruction) => {
    expect(readingOf(anAlert(fields)).instructions).toMatchObject([{ symbol: "AAPL", type: "market", ...instruction }]);
  });

  it.each([
    ["an order", { order_action: "buy" }],
    ["a side", { market_position: "long" }],
  ])("is of the size that the source's settings say when it is only %s", (_, fields) => {
    expect(JSON.stringify(readingOf(anAlert(fields)).instructions)).not.toContain('"size"');
  });

  it.each([
    ["no symbol", '{"ticker":" ","contracts":"5","action":"buy"}', ["/ticker missing_symbol"]],
    ["contracts alone", anAlert({ contracts: "5" }), ["/action missing_action"]],
    ["a size without a side", anAlert({ market_position_size: "5" }), ["/action missing_action"]],
    ["contracts for no order", anAlert({ market_position: "long", contracts: "5" }), ["/action missing_action"]],
    ["no contracts", anAlert({ action: "buy", contracts: "0" }), ["/contracts invalid_contracts"]],
    ["another action", anAlert({ action: "close", contracts: "5" }), ["/action invalid_action"]],
    ["a limit order", anAlert({ action: "buy", qty: "5", type: "limit" }), ["/type invalid_order_type"]],
    ["a bar that is none", anAlert({ action: "buy", qty: "5", bar: 7 }), ["/bar invalid_bar"]],
    ["an order to close", anAlert({ action: "sell", qty: "5", close: true }), ["/close invalid_price"]],
    [
      "an open placeholder",
      anAlert({ position_size: "{{strategy.position_size}}" }),
      ["/position_size invalid_position_size"],
    ],
    ["an open time", anAlert({ position_size: "1", timenow: "{{timenow}}" }), ["/timenow invalid_timenow"]],
  ])("is refused with %s", (_, text, refusals) => {
    expect(refusalsOf(text)).toEqual(refusals);
  });
});

describe("an alert with a position that says nothing", () => {
  it.each([
    ["/position_size missing_position_size", { position_size: "" }],
    ["/market_position missing_market_position", { market_position: null }],
    ["/strategy/position_size missing_position_size", { strategy: { position_size: " " } }],
  ])("is not taken for one without a position: %s", (refusal, fields) => {
    expect(refusalsOf(anAlert({ action: "sell", contracts: "5", ...fields }))).toEqual([refusal]);
  });
});

describe("an alert that contradicts itself", () => {
  it.each([
    [
      "a short position whose size has lost its sign",
      { position_size: "5", market_position: "short" },
      "/position_size",
    ],
    [
      "a position of another size",
      { position_size: "5", market_position: "long", market_position_size: "6" },
      "/position_size",
    ],
    ["a flat position of some size", { market_position: "flat", market_position_size: "5" }, "/market_position_size"],
    ["a long position of none", { market_position: "long", market_position_size: "0" }, "/market_position_size"],
    ["a size with a sign", { market_position: "short", market_position_size: "-5" }, "/market_position_size"],
    [
      "something held before, when flat",
      { position_size: "1", prev_market_position: "flat", prev_market_position_size: "2" },
      "/prev_market_position_size",
    ],
  ])("is refused: %s", (_, fields, pointer) => {
    expect(refusalsOf(anAlert(fields))).toEqual([`${pointer} contradicting_position`]);
  });

  it("is refused when two fields for one thing do not agree", () => {
    expect(refusalsOf(anAlert({ symbol: "MSFT", position_size: "1" }))).toEqual(["/symbol contradicting_fields"]);
    expect(refusalsOf(anAlert({ action: "buy", contracts: "5", quantity: "50" }))).toEqual([
      "/quantity contradicting_fields",
    ]);
    expect(refusalsOf(anAlert({ position_size: "5", strategy: { position_size: "-5" } }))).toEqual([
      "/strategy/position_size contradicting_fields",
    ]);
    expect(readingOf(anAlert({ symbol: "AAPL", action: "buy", contracts: "5", qty: "5.0" })).instructions).toHaveLength(
      1,
    );
  });
});

describe("a field that nobody knows", () => {
  it("is passed over with a notice when it can mean nothing for the order", () => {
    const remarks = { triggered_at: "14:30", macd_signal: "0.4", platform_name: "web" };
    const own = { botId: "b7", rsi: "31.2", ma_fast: "187.1", source: "tv", signature: "", composite: "9", ...remarks };
    expect(noticesOf(anAlert({ position_size: "5", strategy: "MA cross", ...own }))).toEqual([
      "/botId unknown_field",
      "/rsi unknown_field",
      "/ma_fast unknown_field",
      "/source unknown_field",
      "/composite unknown_field",
      "/triggered_at unknown_field",
      "/macd_signal unknown_field",
      "/platform_name unknown_field",
    ]);
  });

  it.each([
    ["positon_size", "5"],
    ["market_postion", "flat"],
    ["prev_positions", "flat"],
    ["stop_loss", "180"],
    ["takeProfit", "190"],
    ["sl", "180"],
    ["tp2", "190"],
    ["limit_price", "187"],
    ["marginType", "isolated"],
    ["reduceOnly", "true"],
    ["sentiment", "flat"],
    ["extendedHours", true],
    ["isTest", "true"],
    ["run_mode", "paper"],
    ["is_test", "true"],
    ["dryRun", true],
    ["live", "false"],
    ["broker", "moomoo"],
    ["sec_type", "FUT"],
    ["expiration", "2026-03-20"],
    ["strategy.order.action", "sell"],
    ["data", { action: "sell" }],
    ["targets", ["190", "195"]],
  ])("is refused when it may be meant for the order: %s", (name, value) => {
    const text = anAlert({ action: "buy", contracts: "5", [name]: value });
    expect(refusalsOf(text)).toEqual([`/${name} unknown_field`]);
  });

  it.each([
    [
      "TradersPost",
      "sentiment signalPrice orderType limitPrice stopPrice trailAmount trailPercent quantityType takeProfit stopLoss",
    ],
    [
      "TradersPost",
      "timeInForce delay cancel cancelAfter cancelOrderType marketPriceType breakevenOffset expiresAt extendedHours test",
    ],
    ["TradersPost", "optionType intrinsicValue expiration strikeCount strikesAway strikePrice"],
    ["OpenAlgo", "pricetype product trigger_price disclosed_quantity mode"],
    [
      "trade-relay",
      "signal sym instrument pair size shares amount notional cash dollars cost percentEquity riskPercent",
    ],
    ["trade-relay", "limit stop trailAmount tif takeProfit tp stopLoss sl stopLossLimit referencePrice accountId"],
    ["HOOX", "idempotencyKey orderType"],
    ["Alertatron", "amount offset limitOffset postOnly reduceOnly position trigger wait cancel"],
    [
      "PineConnector",
      "risk sl tp sl_pips tp_pips sl_pct tp_pct accfilter spread pending entry_pips betrigger beoffset",
    ],
    ["PineConnector", "vol_lots vol_dollar vol_pct_eq_loss vol_pct_bal_margin trailtrig traildist atrmultiplier"],
    ["3Commas", "max_lag trigger_price tv_instrument amount currency_type positions_sub_action enabled breakeven"],
    ["TV-Hub", "pair isBuy isMarket units unitsType unitsPercent marginType stopLossType targetType takeProfitPercent"],
    ["JackrabbitRelay", "Action Account Market USD Base Quote Units Asset OrderType SellAction Conditional Direction"],
    ["JackrabbitRelay", "ReduceOnly Deviation Ticket Spread OverrideMaxAssets"],
  ])("is refused when another service would have heeded it: %s's %s", (_, names) => {
    for (const name of names.split(" ")) {
      const text = anAlert({ order_action: "sell", order_contracts: "5", [name]: "x" });
      expect(refusalsOf(text)).toEqual([`/${name} unknown_field`]);
    }
  });

  it("is refused when it may be the misspelt size of an alert that has none", () => {
    expect(refusalsOf(anAlert({ order_action: "buy", cotnracs: "5" }))).toEqual(["/cotnracs unknown_field"]);
    expect(refusalsOf(anAlert({ market_position: "long", botId: "b7" }))).toEqual(["/botId unknown_field"]);
    expect(noticesOf(anAlert({ market_position: "flat", botId: "b7" }))).toEqual(["/botId unknown_field"]);
  });

  it("is looked for inside a strategy and its order, and not in a bar", () => {
    const strategy = { position_size: "5", trailing: "1", order: { stop: "180" } };
    expect(refusalsOf(anAlert({ strategy, bar: { close: "187", limit_up: "205" } }))).toEqual([
      "/strategy/trailing unknown_field",
      "/strategy/order/stop unknown_field",
    ]);
  });
});

describe("what an alert says besides", () => {
  it("may be the account, under the sender's name for it", () => {
    expect(readingOf(anAlert({ position_size: "5", account: "Apex-2" })).account).toBe("Apex-2");
  });

  it("may be a price that cannot be read: it is for the record only", () => {
    const text = anAlert({ position_size: "0", price: "{{close}}" });
    expect(readingOf(text).circumstances.price).toBeUndefined();
    expect(noticesOf(text)).toEqual(["/price unreadable_price"]);
  });

  it("keeps a time of its own for the bar's, as its placeholder is named", () => {
    const { circumstances } = readingOf(anAlert({ position_size: "5", time: "2026-01-15T14:25:00Z" }));
    expect(circumstances).toMatchObject({ barAtMs: Date.parse("2026-01-15T14:25:00Z"), sentAtMs: undefined });
  });

  it.each(["passphrase", "password", "key", "secret", "token", "api_key"])("is no %s for anybody to see", (name) => {
    const text = anAlert({ position_size: "5", [name]: PASSPHRASE });
    expect(noticesOf(text)).toEqual([`/${name} credential_not_used`]);
    for (const body of [text, anAlert({ [name]: PASSPHRASE }), anAlert({ contracts: "0", [name]: [PASSPHRASE] })]) {
      expect(JSON.stringify(tradingView.read(bodyOf(body), OPTIONS))).not.toContain(PASSPHRASE);
    }
  });
});

describe("any body whatever", () => {
  const words = ["buy", "sell", "long", "short", "flat", "market", "0", "-5", "5", " ", "{{close}}", "AAPL"];
  const anything = fc.oneof(fc.constantFrom(...words), fc.jsonValue());
  const names = [
    ...["ticker", "symbol", "action", "side", "contracts", "qty", "order_type", "position_size", "market_position"],
    ...["market_position_size", "prev_market_position", "prev_market_position_size", "order_id", "price", "time"],
    ...["timenow", "exchange", "strategy", "order", "bar", "secret", "plot_1", "botId", "constructor", "a/b~c"],
  ];
  const partOf = (value: fc.Arbitrary<unknown>) => fc.dictionary(fc.constantFrom(...names), value);
  const body = fc.oneof(fc.jsonValue(), partOf(fc.oneof(anything, partOf(fc.oneof(anything, partOf(anything))))));

  it("is told from others, and read or refused with reasons", () => {
    fc.assert(
      fc.property(body, (json) => {
        expect(typeof tradingView.matches({ text: "", json })).toBe("boolean");
        const read = tradingView.read({ text: "", json }, OPTIONS);
        if (read.ok) expect(read.value.instructions).toHaveLength(1);
        else expect(read.error.length).toBeGreaterThan(0);
        if (!read.ok) for (const { code } of read.error) expect(code).toMatch(/^[a-z]+(?:_[a-z]+)*$/);
      }),
      { numRuns: 500 },
    );
  });

  it("is not claimed when it is no JSON", () => {
    fc.assert(fc.property(fc.string(), (text) => !tradingView.matches({ text, json: undefined })));
  });

  it("leads to the same position, told by its sign or by its side", () => {
    fc.assert(
      fc.property(fc.integer({ min: -1_000_000, max: 1_000_000 }), (units) => {
        fc.pre(units !== 0);
        const bySide = { market_position: units < 0 ? "short" : "long", market_position_size: String(Math.abs(units)) };
        const bySign = { position_size: String(units) };
        expect(readingOf(anAlert(bySide)).instructions).toEqual(readingOf(anAlert(bySign)).instructions);
        expect(readingOf(anAlert({ ...bySide, ...bySign })).instructions).toMatchObject([{ position: String(units) }]);
      }),
    );
  });
});
