import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseJson } from "../../../../src/domain/json.ts";
import { decimalOf, isPositive } from "../../../../src/domain/money.ts";
import type { ReadOptions, Reading, SignalBody } from "../../../../src/domain/signal/format.ts";
import { tradeRelay } from "../../../../src/domain/signal/formats/trade-relay/format.ts";
import { tradersPost } from "../../../../src/domain/signal/formats/traderspost/format.ts";

type Json = Readonly<Record<string, unknown>>;

const OPTIONS: ReadOptions = { sizeUnit: "notional", loosening: "refuse" };

const bodyOf = (text: string): SignalBody => {
  const json = parseJson(text);
  return { text, json: json.ok ? json.value : undefined };
};

const isRecognised = (json: unknown): boolean => tradeRelay.matches(bodyOf(JSON.stringify(json)));

const read = (body: Json) => tradeRelay.read(bodyOf(JSON.stringify(body)), OPTIONS);

function readingOf(body: Json): Reading {
  const result = read(body);
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.error)}`);
  return result.value;
}

const instructionsOf = (body: Json) => readingOf(body).instructions;

/** `pointer code` of everything that is wrong. */
function refusalsOf(body: Json): string[] {
  const result = read(body);
  return result.ok ? [] : result.error.map(({ pointer, code }) => `${pointer} ${code}`);
}

const noticesOf = (body: Json): string[] => readingOf(body).notices.map(({ pointer, code }) => `${pointer} ${code}`);

const BUY = { action: "buy", symbol: "AAPL" };
const CLOSE = { action: "close", symbol: "AAPL" };

/** What a strategy's alert comes out as. */
const STRATEGY = {
  action: "sell",
  symbol: "NASDAQ:AAPL",
  quantity: "5",
  price: "187.25",
  signalId: "Short-2026-06-18T14:30:00Z",
};

/** Every field that an order can have. */
const FULL = {
  action: "buy",
  symbol: "NASDAQ:AAPL",
  quantity: 10,
  orderType: "limit",
  limitPrice: 180.5,
  timeInForce: "gtc",
  takeProfit: 200,
  stopLoss: "170",
  stopLossLimit: "169.5",
  price: 181.2,
  account: "paper",
  signalId: "abc-1",
  comment: "golden cross",
};

describe("a body is a trade-relay message", () => {
  it.each<[string, Json]>([
    ["with an action and a symbol", BUY],
    ["with a signal and a pair", { signal: "buy", pair: "BTCUSD" }],
    ["with keys in any case", { Action: "buy", SYMBOL: "AAPL" }],
    ["with every field", FULL],
    ["for the whole account", { action: "flatten" }],
    ["that stops everything", { action: "kill" }],
    ["with an action that it does not know", { action: "hold", symbol: "AAPL" }],
    ["that lacks its symbol", { action: "buy", quantity: 1 }],
  ])("%s", (_, body) => {
    expect(isRecognised(body)).toBe(true);
  });

  it.each<[string, unknown]>([
    ["in our own format", { symbol: "AAPL", side: "buy", type: "market", quantity: "10" }],
    ["in our own format, with an action that it does not have", { ...BUY, side: "buy", type: "market" }],
    ["of TradersPost", { ticker: "AAPL", action: "buy", quantity: 1 }],
    ["of OpenAlgo", { apikey: "k", strategy: "s", symbol: "SBIN", action: "BUY", pricetype: "MARKET", quantity: "1" }],
    ["of OpenAlgo's older webhook", { symbol: "SBIN", action: "BUY", position_size: "5" }],
    ["of 3Commas", { bot_uuid: "b", tv_instrument: "BTCUSDT", action: "enter_long" }],
    ["of a strategy's placeholders", { ...BUY, contracts: "5", market_position: "long" }],
    ["of a gateway that takes keys", { ...BUY, apiKey: "k", exchange: "bybit" }],
    ["that does something else", { action: "start", mode: "sandbox" }],
    ["without an action", { symbol: "AAPL", type: "POSITION_TYPE_BUY", volume: 0.01 }],
    ["whose action is no word", { action: { name: "buy" } }],
    ["that is a list", [BUY]],
    ["that is null", null],
  ])("and not one %s", (_, json) => {
    expect(isRecognised(json)).toBe(false);
  });

  it("and not one that is no JSON", () => {
    expect(tradeRelay.matches(bodyOf("BUY 10 AAPL"))).toBe(false);
    expect(tradeRelay.read(bodyOf("BUY 10 AAPL"), OPTIONS)).toMatchObject({ error: [{ code: "not_an_object" }] });
  });
});

describe("an order", () => {
  it("is read with every field that it may have", () => {
    expect(readingOf(FULL)).toEqual({
      format: "trade_relay",
      instructions: [
        {
          action: "buy",
          symbol: "NASDAQ:AAPL",
          size: { by: "quantity", value: "10" },
          type: "limit",
          limit_price: { at: "180.5" },
          time_in_force: "gtc",
          take_profit: { limit_price: { at: "200" } },
          stop_loss: { stop_price: { at: "170" }, limit_price: { at: "169.5" } },
        },
      ],
      circumstances: { price: "181.2" },
      notices: [],
      account: "paper",
      client_order_id: "abc-1",
      isTest: false,
    });
  });

  it("is read from a strategy's alert, a sale being one order whatever is held", () => {
    expect(readingOf(STRATEGY)).toMatchObject({
      instructions: [{ action: "sell", symbol: "NASDAQ:AAPL", size: { by: "quantity", value: "5" }, type: "market" }],
      client_order_id: "Short-2026-06-18T14:30:00Z",
    });
  });

  it.each([
    ["buy", "buy"],
    ["long", "buy"],
    ["BUY", "buy"],
    ["sell", "sell"],
    ["Short", "sell"],
  ])("for %s is a %s", (word, action) => {
    expect(instructionsOf({ ...BUY, action: word })).toEqual([{ action, symbol: "AAPL", type: "market" }]);
  });

  it.each<[Json, Json]>([
    [{ quantity: "2.50" }, { by: "quantity", value: "2.5" }],
    [{ qty: "2" }, { by: "quantity", value: "2" }],
    [{ shares: 2 }, { by: "quantity", value: "2" }],
    [{ contracts: 2 }, { by: "quantity", value: "2" }],
    [{ notional: 1000 }, { by: "notional", value: "1000" }],
    [{ cash: "1000" }, { by: "notional", value: "1000" }],
    [{ percentEquity: 10 }, { by: "percent_of_equity", value: "10" }],
    [{ equityPercent: 10 }, { by: "percent_of_equity", value: "10" }],
    [
      { riskPercent: "1", sl: 170 },
      { by: "risk_percent", value: "1" },
    ],
    [
      { risk_percent: "1", stop_loss: 170 },
      { by: "risk_percent", value: "1" },
    ],
  ])("of %j has that size, whatever the source's settings say", (fields, size) => {
    expect(instructionsOf({ ...BUY, ...fields })).toMatchObject([{ size }]);
  });

  it("has the first of several sizes, and says so", () => {
    const body = { ...BUY, cash: "1000", riskPercent: 1, qty: "2" };
    expect(instructionsOf(body)).toMatchObject([{ size: { by: "quantity", value: "2" } }]);
    expect(noticesOf(body)).toEqual(["/cash not_applicable", "/riskPercent not_applicable"]);
  });

  it.each<[string, Json, Json]>([
    ["market", {}, { type: "market" }],
    ["limit", { limit: "180.5" }, { type: "limit", limit_price: { at: "180.5" } }],
    ["stop", { stop: 190 }, { type: "stop", stop_price: { at: "190" } }],
    ["Stop-Market", { stop_price: 190 }, { type: "stop", stop_price: { at: "190" } }],
    ["stop limit", { stopPrice: 190, limit_price: 191 }, { type: "stop_limit", limit_price: { at: "191" } }],
    ["StopLimit", { stopPrice: 190, limitPrice: 191 }, { type: "stop_limit", stop_price: { at: "190" } }],
  ])("of type %s is placed as one", (type, prices, expected) => {
    expect(instructionsOf({ ...BUY, type, ...prices })).toMatchObject([expected]);
    expect(instructionsOf({ ...BUY, order_type: type, ...prices })).toMatchObject([expected]);
  });

  it.each(["day", "GTC", "ioc", "fok"])("is good for %s", (tif) => {
    expect(instructionsOf({ ...BUY, tif })).toMatchObject([{ time_in_force: tif.toLowerCase() }]);
  });

  it.each<[Json, string[]]>([
    [{ symbol: "" }, ["/symbol missing_symbol"]],
    [{ symbol: ["AAPL"] }, ["/symbol invalid_symbol"]],
    [{ action: "yolo" }, ["/action invalid_action"]],
    [{ action: "" }, ["/action missing_action"]],
    [{ quantity: "ten" }, ["/quantity invalid_quantity"]],
    [{ qty: 0 }, ["/qty invalid_quantity"]],
    [{ notional: -1 }, ["/notional invalid_notional"]],
    [{ percent_equity: "5%" }, ["/percent_equity invalid_percent_equity"]],
    [{ riskPercent: 0, stopLoss: 1 }, ["/riskPercent invalid_risk_percent"]],
    [{ riskPercent: 1 }, ["/stopLoss stop_loss_required"]],
    [{ type: "iceberg" }, ["/type invalid_order_type"]],
    [{ orderType: "limit" }, ["/limitPrice limit_price_required"]],
    [{ orderType: "stop" }, ["/stopPrice stop_price_required"]],
    [{ limit: "180" }, ["/orderType order_type_required"]],
    [{ orderType: "market", limit: "180" }, ["/limit limit_price_not_allowed"]],
    [{ orderType: "limit", limitPrice: "-180" }, ["/limitPrice invalid_limit_price"]],
    [{ orderType: "stop", stop: "a" }, ["/stop invalid_stop_price"]],
    [{ orderType: "trailing_stop", trailPercent: 1 }, ["/orderType unsupported_trailing_stop"]],
    [{ type: "trail" }, ["/type unsupported_trailing_stop"]],
    [{ trail_amount: 1 }, ["/trail_amount unsupported_trailing_stop"]],
    [{ tif: "opg" }, ["/tif invalid_time_in_force"]],
    [{ tp: "200 USD" }, ["/tp invalid_take_profit"]],
    [{ stopLoss: { stopPrice: 170 } }, ["/stopLoss invalid_stop_loss"]],
    [{ stopLossLimit: 170 }, ["/stopLoss stop_loss_required"]],
    [{ account: {} }, ["/account invalid_account"]],
    [{ signalId: [] }, ["/signalId invalid_signal_id"]],
    [{ limitprise: 170 }, ["/limitprise unknown_field"]],
    [{ sentiment: "flat" }, ["/sentiment unknown_field"]],
  ])("is refused with %j", (fields, refusals) => {
    expect(refusalsOf({ ...BUY, ...fields })).toEqual(refusals);
  });

  it("lists everything that is wrong at once, each where it was sent", () => {
    expect(refusalsOf({ side: "hold", qty: "x", "a/b": 1 })).toEqual([
      "/side invalid_action",
      "/qty invalid_quantity",
      "/symbol missing_symbol",
      "/a~1b unknown_field",
    ]);
  });
});

describe("a field under two names", () => {
  it("is read where both say the same", () => {
    expect(instructionsOf({ ...BUY, side: "buy", qty: 5, quantity: 5, size: "" })).toMatchObject([
      { size: { value: "5" } },
    ]);
  });

  it("is refused where they do not", () => {
    expect(refusalsOf({ ...BUY, quantity: 5, size: 50 })).toEqual(["/size contradicting_fields"]);
    expect(refusalsOf({ ...CLOSE, side: "long" })).toEqual(["/side contradicting_fields"]);
    expect(refusalsOf({ ...BUY, Symbol: "MSFT" })).toEqual(["/Symbol contradicting_fields"]);
  });

  it("may say different things where nothing depends on it", () => {
    expect(readingOf({ ...BUY, price: "1", close: "2", comment: "a", note: "b" }).circumstances.price).toBe("1");
  });
});

describe("a way out", () => {
  it.each(["close", "exit", "flat"])("with %s cancels what is live in the symbol and is out of all of it", (action) => {
    expect(instructionsOf({ ...CLOSE, action })).toEqual([
      { action: "cancel", symbol: "AAPL" },
      { action: "exit", symbol: "AAPL", type: "market", time_in_force: "day" },
    ]);
  });

  it("is kept from nobody by fields that mean nothing to it, and says which they are", () => {
    const body = { ...CLOSE, qty: "5", orderType: "trailing_stop", stopLoss: "oops", price: "{{close}}" };
    expect(instructionsOf(body)).toEqual(instructionsOf(CLOSE));
    expect(noticesOf(body)).toEqual([
      "/qty not_applicable",
      "/orderType not_applicable",
      "/stopLoss not_applicable",
      "/price unreadable_price",
    ]);
  });

  it("needs a symbol", () => {
    expect(refusalsOf({ action: "close" })).toEqual(["/symbol missing_symbol"]);
  });

  it.each(["flatten", "close_all", "exit-all", "Close All"])("with %s is for the whole account", (action) => {
    expect(instructionsOf({ action })).toEqual([{ action: "flatten" }]);
    expect(noticesOf({ action, ticker: "AAPL" })).toEqual(["/ticker not_applicable"]);
  });

  it.each(["cancel", "cancel_all", "Cancel-All"])("with %s cancels what is live", (action) => {
    expect(instructionsOf({ action })).toEqual([{ action: "cancel" }]);
    expect(instructionsOf({ action, symbol: "AAPL" })).toEqual([{ action: "cancel", symbol: "AAPL" }]);
  });

  it("never cancels everything for a symbol that has gone missing", () => {
    expect(refusalsOf({ action: "cancel_all", sym: "" })).toEqual(["/sym missing_symbol"]);
  });
});

describe("a stop", () => {
  it("is for new positions when the strategy is paused, and for everything when it is killed", () => {
    expect(instructionsOf({ action: "pause" })).toEqual([{ action: "stop", state: "reducing" }]);
    expect(instructionsOf({ action: "kill" })).toEqual([{ action: "stop", state: "halted" }]);
  });

  it("is released by no signal", () => {
    expect(refusalsOf({ action: "resume" })).toEqual(["/action cannot_release"]);
    expect(refusalsOf({ action: "resume", symbol: "AAPL", quantity: 1 })).toEqual(["/action cannot_release"]);
  });

  it("is not put off by what else is sent", () => {
    expect(instructionsOf({ ...FULL, action: "kill" })).toEqual([{ action: "stop", state: "halted" }]);
  });
});

describe("a signalId", () => {
  it.each(["signalId", "signal_id", "id", "alertId", "ALERT_ID"])("as %s names the order", (name) => {
    expect(readingOf({ ...BUY, [name]: "cross-17" })).toMatchObject({ client_order_id: "cross-17", circumstances: {} });
  });

  it("that no order can be called is the strategy's own name for it", () => {
    const { client_order_id, circumstances } = readingOf({ ...BUY, signalId: "Long Entry 1" });
    expect(client_order_id).toBeUndefined();
    expect(circumstances.orderName).toBe("Long Entry 1");
  });

  it.each(["2026-06-18T14:30:00Z", "2026-06-18T14:30:00.123Z", "2026-06-18", 1_781_793_000, "1781793000123"])(
    "that is nothing but the time %j is no order's own: another symbol's alert may have the same",
    (signalId) => {
      const { client_order_id, circumstances } = readingOf({ ...BUY, signalId });
      expect(client_order_id).toBeUndefined();
      expect(circumstances.orderName).toBe(String(signalId));
    },
  );

  it.each(["AAPL-2026-06-18T14:30:00Z", "20260618", "17817930001", "2026-06-18-AAPL"])(
    "that has a time or digits in it, like %j, still names the order",
    (signalId) => {
      expect(readingOf({ ...BUY, signalId }).client_order_id).toBe(signalId);
    },
  );
});

/** Every decimal of the instructions that has to be greater than zero, which is every one. */
function decimalsIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    ["value", "at", "distance"].includes(key) && typeof inner === "string" ? [inner] : decimalsIn(inner),
  );
}

const NASTY = fc.oneof(
  fc.constantFrom<unknown>("", " ", "-1", "0", "NaN", "Infinity", "1e400", "1,5", "{{close}}", "__proto__", "buy"),
  fc.constantFrom<unknown>(0, -5, 1e300, 5e-324, 7, true, false, null, [], {}, [{}]),
  fc.jsonValue({ maxDepth: 2 }),
);
const NAMES = [
  ...Object.keys(FULL),
  ...["Action", "side", "signal", "ticker", "qty", "size", "limit", "stop", "tp", "sl", "id", "close", "message"],
  ...["notional", "percentEquity", "riskPercent", "trailAmount", "trailPercent", "toString", "constructor", "~/"],
];
const mutated = fc
  .tuple(
    fc.constantFrom<Json>(FULL, STRATEGY, CLOSE, { action: "kill" }, { action: "cancel", symbol: "AAPL" }),
    fc.dictionary(fc.constantFrom(...NAMES), NASTY, { maxKeys: 3 }),
  )
  .map(([body, changes]): Json => ({ ...body, ...changes }));

describe("whatever is sent", () => {
  it("is recognised or not without a throw, and never as TradersPost's too", () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), mutated), fc.string(), (json, text) => {
        const isOurs = tradeRelay.matches({ text, json });
        expect(isOurs && tradersPost.matches({ text, json })).toBe(false);
        expect(tradeRelay.matches({ text, json: undefined })).toBe(false);
      }),
    );
  });

  it("is read or refused without a throw, and read only with sizes and prices greater than zero", () => {
    fc.assert(
      fc.property(fc.oneof(mutated, fc.dictionary(fc.string(), fc.jsonValue())), (json) => {
        const result = tradeRelay.read({ text: JSON.stringify(json), json }, OPTIONS);
        if (!result.ok) {
          expect(result.error).not.toHaveLength(0);
          return;
        }
        expect(result.value.instructions).not.toHaveLength(0);
        expect(decimalsIn(result.value.instructions).filter((text) => !isPositive(decimalOf(text)))).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });

  it("is the same whatever the case of its keys", () => {
    const cased = fc.infiniteStream(fc.boolean()).map((upper) => {
      const change = (letter: string) => (upper.next().value === true ? letter.toUpperCase() : letter.toLowerCase());
      return Object.fromEntries(
        Object.entries(FULL).map(([name, value]) => [Array.from(name, change).join(""), value]),
      );
    });
    fc.assert(
      fc.property(cased, (body) => {
        expect(readingOf(body)).toEqual(readingOf(FULL));
      }),
    );
  });
});
