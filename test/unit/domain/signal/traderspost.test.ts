import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseJson } from "../../../../src/domain/json.ts";
import { decimalOf, isPositive } from "../../../../src/domain/money.ts";
import type { ReadOptions, Reading, SignalBody, SignalError } from "../../../../src/domain/signal/format.ts";
import { tradersPost } from "../../../../src/domain/signal/formats/traderspost/format.ts";

type Json = Readonly<Record<string, unknown>>;

const OPTIONS: ReadOptions = { sizeUnit: "notional", loosening: "refuse" };

const bodyOf = (text: string): SignalBody => {
  const json = parseJson(text);
  return { text, json: json.ok ? json.value : undefined };
};

const read = (body: Json, options = OPTIONS) => tradersPost.read(bodyOf(JSON.stringify(body)), options);

function readingOf(body: Json, options = OPTIONS): Reading {
  const result = read(body, options);
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.error)}`);
  return result.value;
}

const instructionsOf = (body: Json) => readingOf(body).instructions;

function errorsOf(body: Json): readonly SignalError[] {
  const result = read(body);
  return result.ok ? [] : result.error;
}

/** `pointer code` of everything that is wrong. */
const refusalsOf = (body: Json): string[] => errorsOf(body).map(({ pointer, code }) => `${pointer} ${code}`);

const noticesOf = (body: Json): string[] => readingOf(body).notices.map(({ pointer, code }) => `${pointer} ${code}`);

const BUY = { ticker: "AAPL", action: "buy" };
const SELL = { ticker: "AAPL", action: "sell" };
const EXIT = { ticker: "AAPL", action: "exit" };
const ADD = { ticker: "AAPL", action: "add" };
const CANCEL = { ticker: "AAPL", action: "cancel" };

/** What an alert message that serves every order of a strategy comes out as. */
const STRATEGY = {
  ticker: "MNQU2026",
  action: "buy",
  sentiment: "long",
  quantity: "2",
  price: "24187.25",
  time: "2026-06-18T14:30:00Z",
  interval: "5",
};

describe("a body is a TradersPost message", () => {
  it.each<[string, Json]>([
    ["with a ticker and an action", BUY],
    ["with a ticker and a sentiment, though that is not enough to be right", { ticker: "AAPL", sentiment: "flat" }],
    ["with an action that it does not know", { ticker: "AAPL", action: "hold" }],
    ["as TradingView's strategies send it", STRATEGY],
  ])("%s", (_, body) => {
    expect(tradersPost.matches(bodyOf(JSON.stringify(body)))).toBe(true);
  });

  it.each<[string, unknown]>([
    ["without a ticker", { action: "buy", quantity: 1 }],
    ["with nothing but a ticker", { ticker: "AAPL", price: "187.5" }],
    ["in our own format", { symbol: "AAPL", side: "buy", type: "market", quantity: "10" }],
    ["of trade-relay", { symbol: "AAPL", ticker: "AAPL", action: "buy", quantity: 1 }],
    ["of OpenAlgo", { apikey: "k", strategy: "s", ticker: "SBIN", action: "BUY" }],
    ["of 3Commas", { bot_uuid: "b", tv_instrument: "BTCUSDT", ticker: "BTCUSDT", action: "enter_long" }],
    ["of a strategy's placeholders: contracts", { ticker: "AAPL", action: "buy", contracts: "5" }],
    ["of a strategy's placeholders: market_position", { ticker: "AAPL", action: "buy", market_position: "long" }],
    [
      "of a strategy's placeholders: market_position_size",
      { ticker: "AAPL", action: "buy", market_position_size: "5" },
    ],
    ["of a strategy's placeholders: position_size", { ticker: "AAPL", action: "buy", position_size: "5" }],
    [
      "of a strategy's placeholders: prev_market_position",
      { ticker: "A", action: "buy", prev_market_position: "flat" },
    ],
    ["of a strategy's placeholders: order_action", { ticker: "AAPL", action: "x", order_action: "buy" }],
    ["that is a list", [BUY]],
    ["that is null", null],
  ])("and not one %s", (_, json) => {
    expect(tradersPost.matches(bodyOf(JSON.stringify(json)))).toBe(false);
  });

  it("and not one that is no JSON", () => {
    expect(tradersPost.matches(bodyOf("buy AAPL 10"))).toBe(false);
  });
});

describe("what a message wants done", () => {
  it("is read from a strategy's alert, with what it says beside its order", () => {
    expect(readingOf(STRATEGY)).toEqual({
      format: "traderspost",
      instructions: [
        { action: "enter", side: "buy", symbol: "MNQU2026", size: { by: "quantity", value: "2" }, type: "market" },
      ],
      circumstances: {
        sentAtMs: Date.parse("2026-06-18T14:30:00Z"),
        price: "24187.25",
        positionAfter: { side: "long" },
      },
      notices: [],
      isTest: false,
    });
  });

  it("is read from TrendSpider's alert", () => {
    const body = { ticker: "SPY", action: "sell", price: "601.13" };
    expect(instructionsOf(body)).toEqual([{ action: "enter", side: "sell", symbol: "SPY", type: "market" }]);
  });

  it.each<[action: string, sentiment: string | undefined, instruction: Json]>([
    ["buy", undefined, { action: "enter", side: "buy", opposite: "reduce" }],
    ["buy", "bullish", { action: "enter", side: "buy" }],
    ["buy", "long", { action: "enter", side: "buy" }],
    ["sell", undefined, { action: "enter", side: "sell", opposite: "reduce" }],
    ["sell", "bearish", { action: "enter", side: "sell" }],
    ["sell", "short", { action: "enter", side: "sell" }],
    ["BUY", "LONG", { action: "enter", side: "buy" }],
    ["buy", "bearish", { action: "exit", position: "short" }],
    ["buy", "short", { action: "exit", position: "short" }],
    ["sell", "bullish", { action: "exit", position: "long" }],
    ["sell", "long", { action: "exit", position: "long" }],
    ["exit", undefined, { action: "exit" }],
    ["add", undefined, { action: "add" }],
  ])("is for %s with sentiment %s: %j", (action, sentiment, instruction) => {
    const body = { ticker: "AAPL", action, ...(sentiment && { sentiment }), quantity: "5" };
    const size = { by: "quantity", value: "5" };
    expect(instructionsOf(body)).toEqual([{ ...instruction, symbol: "AAPL", size, type: "market" }]);
  });

  it.each<[string, Json]>([
    ["a sentiment that says what is to be held", { ...SELL, quantity: 5, sentiment: "bearish" }],
    ["no quantity", SELL],
    [
      "a quantity of what may be lost",
      { ...SELL, quantity: 5, quantityType: "risk_percent", stopLoss: { percent: 1 } },
    ],
  ])("is out of all that is held on the other side, for an entry with %s", (_, body) => {
    const [instruction] = instructionsOf(body);
    expect(instruction).toMatchObject({ action: "enter", side: "sell" });
    expect(instruction).not.toHaveProperty("opposite");
  });

  it.each([
    ["buy", "short"],
    ["sell", "long"],
  ])("is for %s with sentiment flat a way out of all that is %s, whatever the quantity", (action, position) => {
    const body = { ticker: "AAPL", action, sentiment: "flat", quantity: "5", quantityType: "fixed_quantity" };
    expect(instructionsOf(body)).toEqual([{ action: "exit", position, symbol: "AAPL", type: "market" }]);
    expect(noticesOf(body)).toEqual(["/quantity not_applicable", "/quantityType not_applicable"]);
  });

  it("is everything that is held, for an exit without a quantity", () => {
    expect(instructionsOf(EXIT)).toEqual([{ action: "exit", symbol: "AAPL", type: "market" }]);
  });

  it.each([
    ["sell", "long"],
    ["buy", "short"],
  ])("is a part of the position, for %s with percent_of_position: the %s one", (action, position) => {
    const body = { ticker: "AAPL", action, quantityType: "percent_of_position", quantity: 50 };
    const size = { by: "percent_of_position", value: "50" };
    expect(instructionsOf(body)).toEqual([{ action: "exit", position, symbol: "AAPL", size, type: "market" }]);
  });

  it("never makes an entry of an exit whose sentiment has gone missing", () => {
    expect(refusalsOf({ ...SELL, sentiment: "" })).toEqual(["/sentiment invalid_sentiment"]);
  });

  it("keeps the ticker as the sender spells it", () => {
    expect(instructionsOf({ ...BUY, ticker: " NASDAQ:AAPL " })).toMatchObject([{ symbol: "NASDAQ:AAPL" }]);
    expect(instructionsOf({ ...BUY, ticker: 700 })).toMatchObject([{ symbol: "700" }]);
  });
});

describe("how much", () => {
  it.each([
    [undefined, "quantity"],
    ["fixed_quantity", "quantity"],
    ["dollar_amount", "notional"],
    ["percent_of_equity", "percent_of_equity"],
    ["risk_dollar_amount", "risk_amount"],
    ["risk_percent", "risk_percent"],
  ])("is for quantityType %s by %s, whatever the source's settings say", (quantityType, by) => {
    const stopLoss = { type: "stop", stopPrice: "90" };
    const body = { ...BUY, quantity: "12.50", ...(quantityType && { quantityType }), stopLoss };
    expect(instructionsOf(body)).toMatchObject([{ size: { by, value: "12.5" } }]);
  });

  it("is left to the source's settings when it is not said", () => {
    expect(readingOf(BUY).instructions[0]).not.toHaveProperty("size.value");
  });

  it("can be by what is at risk only with a stop loss", () => {
    for (const quantityType of ["risk_dollar_amount", "risk_percent"]) {
      expect(refusalsOf({ ...BUY, quantityType, quantity: 100 })).toEqual(["/stopLoss stop_loss_required"]);
    }
  });

  it("can be by what is at risk for no exit, also for one that a sentiment makes", () => {
    const risk = { quantityType: "risk_dollar_amount", quantity: 100 };
    const refusal = ["/quantityType invalid_risk_dollar_amount_action"];
    expect(refusalsOf({ ...SELL, ...risk, sentiment: "bullish" })).toEqual(refusal);
    expect(refusalsOf({ ...EXIT, ...risk, quantityType: "risk_percent" })).toEqual([
      "/quantityType invalid_risk_percent_action",
    ]);
    expect(noticesOf({ ...SELL, ...risk, sentiment: "flat" })).toContain("/quantityType not_applicable");
  });

  it("can be a part of the position only where something is taken off it", () => {
    const part = { quantityType: "percent_of_position", quantity: 50 };
    const refusal = ["/quantityType invalid_percent_of_position_action"];
    expect(refusalsOf({ ...BUY, ...part, sentiment: "bullish" })).toEqual(refusal);
    expect(refusalsOf({ ...ADD, ...part })).toEqual(refusal);
    expect(instructionsOf({ ...EXIT, ...part })).toMatchObject([{ action: "exit", size: { value: "50" } }]);
  });
});

describe("how an order is placed", () => {
  it.each<[string, Json, Json]>([
    ["market", {}, {}],
    ["limit", { limitPrice: "187.25" }, { limit_price: { at: "187.25" } }],
    ["stop", { stopPrice: 190 }, { stop_price: { at: "190" } }],
    ["stop_limit", { stopPrice: 60, limitPrice: 50.5 }, { stop_price: { at: "60" }, limit_price: { at: "50.5" } }],
  ])("as a %s order with %j", (orderType, prices, expected) => {
    expect(instructionsOf({ ...BUY, orderType, ...prices })).toEqual([
      { action: "enter", side: "buy", symbol: "AAPL", type: orderType, ...expected },
    ]);
  });

  it("holds for exits too", () => {
    const body = { ...EXIT, quantity: 2, orderType: "limit", limitPrice: "190.5", timeInForce: "gtc" };
    expect(instructionsOf(body)).toEqual([
      {
        action: "exit",
        symbol: "AAPL",
        size: { by: "quantity", value: "2" },
        type: "limit",
        limit_price: { at: "190.5" },
        time_in_force: "gtc",
      },
    ]);
  });

  it.each<[Json, string[]]>([
    [{ limitPrice: "187" }, ["/orderType order_type_required"]],
    [{ stopPrice: "187" }, ["/orderType order_type_required"]],
    [{ orderType: "limit" }, ["/limitPrice limit_price_required"]],
    [{ orderType: "stop" }, ["/stopPrice stop_price_required"]],
    [{ orderType: "stop_limit", stopPrice: "187" }, ["/limitPrice limit_price_required"]],
    [{ orderType: "market", limitPrice: "187" }, ["/limitPrice limit_price_not_allowed"]],
    [{ orderType: "limit", limitPrice: "187", stopPrice: "1" }, ["/stopPrice stop_price_not_allowed"]],
    [{ orderType: "limit", limitPrice: "0" }, ["/limitPrice invalid_limit_price"]],
    [{ orderType: "stop", stopPrice: "abc" }, ["/stopPrice invalid_stop_price"]],
    [{ limitprice: "187" }, ["/limitprice unknown_field"]],
  ])("and never as another order than %j says", (fields, refusals) => {
    expect(refusalsOf({ ...BUY, ...fields })).toEqual(refusals);
  });

  it.each(["day", "gtc", "opg", "cls", "ioc", "fok"])("for timeInForce %s", (timeInForce) => {
    expect(instructionsOf({ ...BUY, timeInForce })).toMatchObject([{ time_in_force: timeInForce }]);
  });

  it.each([true, false, "true"])("in extended hours or not: %j", (extendedHours) => {
    const body = { ...BUY, orderType: "limit", limitPrice: 50.5, extendedHours };
    expect(instructionsOf(body)).toMatchObject([{ extended_hours: String(extendedHours) === "true" }]);
  });
});

describe("a bracket", () => {
  it.each<[Json, Json]>([
    [{ limitPrice: "19.99" }, { at: "19.99" }],
    [{ percent: 10 }, { distance: "10", unit: "percent" }],
    [{ amount: "2.5" }, { distance: "2.5", unit: "amount" }],
  ])("takes its profit at %j", (takeProfit, limit_price) => {
    expect(instructionsOf({ ...BUY, takeProfit })).toMatchObject([{ take_profit: { limit_price } }]);
  });

  it.each<[Json, Json]>([
    [{ stopPrice: "10.71" }, { stop_price: { at: "10.71" } }],
    [{ type: "stop", stopPrice: "10.71" }, { stop_price: { at: "10.71" } }],
    [{ type: "stop", percent: "5" }, { stop_price: { distance: "5", unit: "percent" } }],
    [{ type: "stop", amount: 5 }, { stop_price: { distance: "5", unit: "amount" } }],
    [
      { type: "stop_limit", stopPrice: 10.75, limitPrice: 10.71 },
      { stop_price: { at: "10.75" }, limit_price: { at: "10.71" } },
    ],
  ])("stops its loss at %j", (stopLoss, leg) => {
    const [instruction] = instructionsOf({ ...SELL, stopLoss });
    expect(instruction).toHaveProperty("stop_loss");
    expect(JSON.parse(JSON.stringify(instruction))).toMatchObject({ action: "enter", side: "sell", stop_loss: leg });
  });

  it("has both legs when both are sent", () => {
    const legs = { takeProfit: { percent: 10 }, stopLoss: { type: "stop", percent: 5 } };
    expect(instructionsOf({ ...BUY, signalPrice: 143.12, quantity: 1, ...legs })).toEqual([
      {
        action: "enter",
        side: "buy",
        opposite: "reduce",
        symbol: "AAPL",
        size: { by: "quantity", value: "1" },
        type: "market",
        take_profit: { limit_price: { distance: "10", unit: "percent" } },
        stop_loss: { stop_price: { distance: "5", unit: "percent" } },
      },
    ]);
  });

  it.each<[string, Json]>([
    ["exit", EXIT],
    ["sell with sentiment flat", { ...SELL, sentiment: "flat" }],
    ["sell with sentiment long", { ...SELL, sentiment: "long", quantity: "1" }],
  ])("keeps nobody from an %s: there it is left out, with a notice", (_, exit) => {
    // Not even a leg that is refused with an entry.
    const body = { ...exit, takeProfit: { percent: 10 }, stopLoss: { type: "trailing_stop", trailPercent: 1 } };
    expect(instructionsOf(body)[0]).not.toHaveProperty("stop_loss");
    expect(instructionsOf(body)[0]).not.toHaveProperty("take_profit");
    expect(noticesOf(body)).toEqual(expect.arrayContaining(["/takeProfit not_applicable", "/stopLoss not_applicable"]));
  });

  it.each<[Json, string[]]>([
    [{ takeProfit: 110 }, ["/takeProfit invalid_take_profit"]],
    [{ stopLoss: "5%" }, ["/stopLoss invalid_stop_loss"]],
    [{ takeProfit: { limitPrice: 110, price: 110 } }, ["/takeProfit/price unknown_field"]],
    [{ stopLoss: { stopPrice: 90, stop: 90 } }, ["/stopLoss/stop unknown_field"]],
    [{ takeProfit: { pnlAmount: 100 } }, ["/takeProfit/pnlAmount unsupported_pnl_amount"]],
    [{ stopLoss: { type: "stop", pnlAmount: 100 } }, ["/stopLoss/pnlAmount unsupported_pnl_amount"]],
    [
      { stopLoss: { type: "stop_limit", percent: 5, limitPrice: 90 } },
      ["/stopLoss/limitPrice invalid_stop_loss_relative_and_absolute"],
    ],
    [{ stopLoss: { type: "stop_limit", percent: 5 } }, ["/stopLoss/limitPrice invalid_stop_loss_limit_price"]],
    [{ stopLoss: { stopPrice: 90, limitPrice: 89 } }, ["/stopLoss/limitPrice invalid_stop_loss_limit_price"]],
    [{ stopLoss: { trailPercent: 1 } }, ["/stopLoss/trailPercent invalid_stop_loss_trail_value"]],
    [{ stopLoss: { type: "trailing_stop", trailAmount: 1 } }, ["/stopLoss/type unsupported_trailing_stop"]],
  ])("is refused as %j", (legs, refusals) => {
    expect(refusalsOf({ ...BUY, ...legs })).toEqual(refusals);
  });
});

describe("canceling", () => {
  it("is for the live orders in the ticker", () => {
    expect(instructionsOf(CANCEL)).toEqual([{ action: "cancel", symbol: "AAPL" }]);
    expect(instructionsOf({ ...CANCEL, cancel: true })).toHaveLength(1);
  });

  it("comes before the order that it is sent with", () => {
    expect(instructionsOf({ ...EXIT, cancel: true })).toEqual([
      { action: "cancel", symbol: "AAPL" },
      { action: "exit", symbol: "AAPL", type: "market" },
    ]);
    expect(instructionsOf({ ...EXIT, cancel: "true" })).toHaveLength(2);
    expect(instructionsOf({ ...EXIT, cancel: false })).toHaveLength(1);
  });

  it("says which fields mean nothing to it", () => {
    const body = { ...CANCEL, quantity: "2", orderType: "limit", stopLoss: { percent: 5 } };
    expect(instructionsOf(body)).toEqual([{ action: "cancel", symbol: "AAPL" }]);
    expect(noticesOf(body)).toEqual([
      "/quantity not_applicable",
      "/orderType not_applicable",
      "/stopLoss not_applicable",
    ]);
  });

  it("is refused where it contradicts itself", () => {
    expect(refusalsOf({ ...CANCEL, cancel: false })).toEqual(["/cancel invalid_cancel"]);
    expect(refusalsOf({ ...EXIT, cancel: "open" })).toEqual(["/cancel invalid_cancel"]);
  });
});

describe("beside its order, a message says", () => {
  it("when it was sent", () => {
    expect(readingOf({ ...BUY, time: "2026-01-15T14:30:00Z" }).circumstances.sentAtMs).toBe(1768487400000);
    expect(refusalsOf({ ...BUY, time: "15.01.2026" })).toEqual(["/time invalid_time"]);
  });

  it("which price its sender saw, under either name", () => {
    expect(readingOf({ ...BUY, price: "187.50" }).circumstances.price).toBe("187.5");
    expect(readingOf({ ...BUY, signalPrice: 188, price: "187.50" }).circumstances.price).toBe("188");
  });

  it("nothing of a price that nobody can read, which keeps nobody from an exit", () => {
    const body = { ...EXIT, price: "0.00000067891" };
    expect(readingOf(body).circumstances.price).toBeUndefined();
    expect(noticesOf(body)).toEqual(["/price unreadable_price"]);
  });

  it.each([
    ["+30 seconds", 30],
    ["+5 minutes", 300],
    ["+10 mins", 600],
    ["+1 hour", 3600],
    ["+2 Days", 172_800],
  ])("that it is for %s, and is held to that", (expiresAt, maxAgeSec) => {
    expect(readingOf({ ...BUY, expiresAt }).circumstances.maxAgeSec).toBe(maxAgeSec);
  });

  it.each(["2026-12-31", "2026-12-31 23:59:59", "2026-12-31T23:59:59Z"])(
    "that it is good until %s, which is for a person to see",
    (expiresAt) => {
      expect(readingOf({ ...BUY, expiresAt }).circumstances.maxAgeSec).toBeUndefined();
      expect(noticesOf({ ...BUY, expiresAt })).toEqual(["/expiresAt informational"]);
    },
  );

  it("what nothing depends on: interval, extras and a message", () => {
    const words = {
      interval: "15",
      extras: { rsi: 23, note: "RSI below 30" },
      message: "RSI has come back above thirty",
    };
    expect(readingOf({ ...BUY, ...words })).toEqual(readingOf(BUY));
  });

  it("that it is a test", () => {
    expect(readingOf({ ...BUY, test: true }).isTest).toBe(true);
    expect(readingOf({ ...BUY, test: "false" }).isTest).toBe(false);
    expect(refusalsOf({ ...BUY, test: "maybe" })).toEqual(["/test invalid_test"]);
  });
});

describe("a message that would switch off the account's trading hours", () => {
  const body = { ...EXIT, ignoreTradingWindows: true };

  it("is refused", () => {
    expect(refusalsOf(body)).toEqual(["/ignoreTradingWindows loosens_policy"]);
  });

  it("or is carried out without that, where the source's settings say so", () => {
    const reading = readingOf(body, { ...OPTIONS, loosening: "ignore" });
    expect(reading.instructions).toEqual(instructionsOf(EXIT));
    expect(reading.notices).toMatchObject([{ pointer: "/ignoreTradingWindows", code: "loosens_policy" }]);
  });

  it("is any other when it says that they hold", () => {
    expect(readingOf({ ...EXIT, ignoreTradingWindows: "false" })).toEqual(readingOf(EXIT));
  });
});

describe("what cannot be done here as it is meant is refused, and never left out", () => {
  it.each<[Json, string[]]>([
    [{ ...BUY, action: "reverse" }, ["/action unsupported_action"]],
    [{ ...EXIT, action: "breakeven", orderType: "stop", stopPrice: 1 }, ["/action unsupported_action"]],
    [{ ...EXIT, orderType: "trailing_stop", trailAmount: "1" }, ["/orderType unsupported_trailing_stop"]],
    [{ ...BUY, delay: 60 }, ["/delay unsupported_delay"]],
    [{ ...BUY, delay: "+5 minutes" }, ["/delay unsupported_delay"]],
    [{ ...BUY, delay: "2026-01-25 05:30 pm EST" }, ["/delay unsupported_delay"]],
    [{ ...BUY, delay: "not a date" }, ["/delay invalid_delay_format"]],
    [{ ...BUY, cancelAfter: 30 }, ["/cancelAfter unsupported_cancel_after"]],
    [{ ...CANCEL, cancelOrderType: "stop" }, ["/cancelOrderType unsupported_cancel_order_type"]],
    [{ ...BUY, marketPriceType: "bid" }, ["/marketPriceType unsupported_market_price_type"]],
    [{ ...BUY, breakevenOffset: 5 }, ["/breakevenOffset unsupported_breakeven_offset"]],
    [{ ...BUY, timeInForce: "gtd" }, ["/timeInForce unsupported_time_in_force"]],
    [{ ...BUY, optionType: "call", expiration: "+6 months", strikesAway: 2 }, ["/optionType unsupported_option"]],
    [{ ...BUY, ticker: "SPY 240510C68" }, ["/ticker unsupported_option"]],
    [{ ...EXIT, ticker: "SPY 240510P68.5" }, ["/ticker unsupported_option"]],
  ])("%j", (body, refusals) => {
    expect(refusalsOf(body)).toEqual(refusals);
  });

  it("but a delay of nothing is none", () => {
    expect(readingOf({ ...BUY, delay: 0 })).toEqual(readingOf(BUY));
  });
});

/** Every messageCode of its specification that a body alone can provoke, with a body that does. */
const PROVOKED: readonly [code: string, body: Json][] = [
  ["invalid-payload", { ticker: "AAPL" }],
  ["invalid-payload", { action: "buy" }],
  ["invalid-payload", { ticker: { name: "AAPL" }, action: "buy" }],
  ["invalid-action", { ticker: "AAPL", action: "bu" }],
  ["invalid-sentiment", { ...BUY, sentiment: "up" }],
  ["invalid-sentiment-action", { ...EXIT, sentiment: "flat" }],
  ["invalid-sentiment-action", { ...ADD, sentiment: "bullish" }],
  ["invalid-order-type", { ...BUY, orderType: "iceberg" }],
  ["invalid-order-type", { ...BUY, orderType: "iceberg", limitPrice: "187.5" }],
  ["invalid-trailing-stop", { ...CANCEL, orderType: "trailing_stop" }],
  ["invalid-trailing-stop", { ...SELL, orderType: "trailing_stop" }],
  ["invalid-trailing-stop", { ...SELL, orderType: "trailing_stop", trailAmount: "2", trailPercent: "5" }],
  ["invalid-trailing-stop", { ...SELL, orderType: "trailing_stop", trailAmount: "-2" }],
  ["invalid-trailing-stop", { ...SELL, trailAmount: "2" }],
  ["invalid-option-type", { ...BUY, optionType: "straddle" }],
  ["invalid-intrinsic-value", { ...BUY, optionType: "call", intrinsicValue: "in the money" }],
  ["invalid-expiration", { ...BUY, optionType: "call", expiration: "20260918", strikePrice: 150 }],
  ["invalid-strike-count", { ...BUY, optionType: "call", strikeCount: 2.5 }],
  ["invalid-strikes-away", { ...BUY, strikeCount: 10, strikesAway: 6 }],
  ["invalid-strike-price", { ...BUY, optionType: "call", expiration: "2026-09-18", strikePrice: -50 }],
  ["invalid-strike-price", { ...BUY, strikePrice: 150 }],
  ["invalid-ticker-and-option-type", { ...BUY, ticker: "AAPL 260918C325", optionType: "put" }],
  ["empty-ticker-name", { ticker: "", action: "buy" }],
  ["invalid-quantity-type", { ...BUY, quantityType: "shares", quantity: 1 }],
  ["invalid-quantity-type-action", { ...CANCEL, quantityType: "percent_of_equity", quantity: 50 }],
  ["invalid-risk-dollar-amount-action", { ...EXIT, quantityType: "risk_dollar_amount", quantity: 100 }],
  ["invalid-percent-of-position-action", { ...ADD, quantityType: "percent_of_position", quantity: 50 }],
  ["quantity-type-requires-quantity", { ...BUY, quantityType: "dollar_amount" }],
  ["invalid-quantity", { ...BUY, quantity: "ten shares" }],
  ["invalid-quantity", { ...BUY, quantity: 0 }],
  ["invalid-quantity", { ...BUY, quantity: "-5" }],
  ["invalid-time-in-force", { ...BUY, timeInForce: "forever" }],
  ["invalid-extended-hours", { ...BUY, extendedHours: "pre" }],
  ["invalid-take-profit-percent", { ...BUY, takeProfit: { percent: "5 percent" } }],
  ["invalid-take-profit-amount", { ...BUY, takeProfit: { amount: 0 } }],
  ["invalid-take-profit-limit-price", { ...BUY, takeProfit: { limitPrice: "-1" } }],
  ["invalid-take-profit-amount-and-percent", { ...BUY, takeProfit: { amount: 5, percent: 5 } }],
  ["invalid-take-profit-relative-and-absolute", { ...BUY, takeProfit: { limitPrice: 105, percent: 5 } }],
  ["invalid-take-profit-value-required", { ...BUY, takeProfit: {} }],
  ["invalid-stop-loss-type", { ...BUY, stopLoss: { type: "unknown type", stopPrice: 95 } }],
  ["invalid-stop-loss-type", { ...BUY, stopLoss: { type: "unknown type", limitPrice: 95 } }],
  ["invalid-stop-loss-percent", { ...BUY, stopLoss: { type: "stop", percent: "-10" } }],
  ["invalid-stop-loss-amount", { ...BUY, stopLoss: { type: "stop", amount: "invalid" } }],
  ["invalid-stop-loss-stop-price", { ...BUY, stopLoss: { type: "stop", stopPrice: "xyz" } }],
  ["invalid-stop-loss-limit-price", { ...BUY, stopLoss: { type: "stop_limit", stopPrice: 95, limitPrice: "0" } }],
  ["invalid-stop-loss-trail-price", { ...BUY, stopLoss: { type: "trailing_stop", trailPrice: "-1" } }],
  ["invalid-stop-loss-trail-amount", { ...BUY, stopLoss: { type: "trailing_stop", trailAmount: "two" } }],
  ["invalid-stop-loss-trail-percent", { ...BUY, stopLoss: { type: "trailing_stop", trailPercent: "-5%" } }],
  ["invalid-stop-loss-trail-value", { ...BUY, stopLoss: { type: "trailing_stop", trailAmount: 2, trailPercent: 5 } }],
  ["invalid-stop-loss-trail-value-required", { ...BUY, stopLoss: { type: "trailing_stop" } }],
  ["invalid-stop-loss-amount-and-percent", { ...BUY, stopLoss: { type: "stop", amount: 5, percent: 5 } }],
  ["invalid-stop-loss-relative-and-absolute", { ...BUY, stopLoss: { type: "stop", amount: 5, stopPrice: 95 } }],
  ["invalid-stop-loss-stop-price-required", { ...BUY, stopLoss: { type: "stop_limit", limitPrice: 95 } }],
  ["invalid-stop-loss-value-required", { ...BUY, stopLoss: { type: "stop" } }],
  ["invalid-expires-at", { ...BUY, expiresAt: "soon" }],
  ["invalid-message-length", { ...BUY, message: "golden cross" }],
  ["invalid-message-length", { ...BUY, message: "x".repeat(256) }],
  ["invalid-message-tags", { ...BUY, message: "a <b>golden cross</b> on the daily chart" }],
];

/** Those that no body alone can provoke, and what they are about in its place. */
const OUT_OF_REACH: Readonly<Record<string, string>> = {
  "post-required": "the request's method",
  "not-trading-view": "where the request comes from",
  "not-trend-spider": "where the request comes from",
  "invalid-ip-address": "where the request comes from",
  "invalid-ip-address-format": "where the request comes from",
  "invalid-password": "the address that it is sent to",
  "ticker-does-not-exist": "the instruments that there are",
  "unsupported-ticker": "the receiver's settings",
  "invalid-asset-class": "the receiver's settings",
  "invalid-quantity-type-for-asset-class": "the receiver's settings",
};

/** About the body before it is an object. */
const UNREADABLE: readonly [code: string, text: string][] = [
  ["empty-json", ""],
  ["empty-json", " \n"],
  ["empty-json", "{}"],
  ["malformed-json", '{"ticker": "TSLA", "action": "buy",}'],
  ["malformed-json", "{“ticker”: “TSLA”}"],
  ["invalid-payload", '["AAPL", "buy"]'],
  ["invalid-payload", "7"],
];

/** The messageCodes of webhook-spec.json, as of 2026-06-12. */
const SPECIFIED = `post-required empty-json malformed-json invalid-payload invalid-action invalid-sentiment
  invalid-sentiment-action invalid-order-type invalid-trailing-stop invalid-option-type invalid-intrinsic-value
  invalid-expiration invalid-strike-count invalid-strikes-away invalid-strike-price not-trading-view not-trend-spider
  invalid-ip-address invalid-ip-address-format ticker-does-not-exist invalid-ticker-and-option-type invalid-password
  empty-ticker-name unsupported-ticker invalid-quantity-type invalid-quantity-type-action
  invalid-risk-dollar-amount-action invalid-percent-of-position-action quantity-type-requires-quantity
  invalid-quantity-type-for-asset-class invalid-quantity invalid-time-in-force invalid-extended-hours invalid-asset-class
  invalid-take-profit-percent invalid-take-profit-amount invalid-take-profit-limit-price
  invalid-take-profit-amount-and-percent invalid-take-profit-relative-and-absolute invalid-take-profit-value-required
  invalid-stop-loss-type invalid-stop-loss-percent invalid-stop-loss-amount invalid-stop-loss-stop-price
  invalid-stop-loss-limit-price invalid-stop-loss-trail-price invalid-stop-loss-trail-amount
  invalid-stop-loss-trail-percent invalid-stop-loss-trail-value invalid-stop-loss-trail-value-required
  invalid-stop-loss-amount-and-percent invalid-stop-loss-relative-and-absolute invalid-stop-loss-stop-price-required
  invalid-stop-loss-value-required invalid-expires-at invalid-message-length invalid-message-tags`.split(/\s+/);

const ours = (code: string): string => code.replaceAll("-", "_");

describe("what TradersPost refuses is refused under the same code", () => {
  it.each(PROVOKED)("%s for %j, and nothing else is wrong", (code, body) => {
    expect([...new Set(errorsOf(body).map((error) => error.code))]).toEqual([ours(code)]);
  });

  it.each(UNREADABLE)("%s for the text %j", (code, text) => {
    const result = tradersPost.read(bodyOf(text), OPTIONS);
    expect(result).toMatchObject({ ok: false, error: [{ pointer: "", code: ours(code) }] });
  });

  it("without exception, but for those that no body alone provokes", () => {
    const covered = new Set([...PROVOKED, ...UNREADABLE, ...Object.entries(OUT_OF_REACH)].map(([code]) => code));
    expect([...covered].sort()).toEqual([...SPECIFIED].sort());
  });

  it("lists everything that is wrong at once", () => {
    const body = { ticker: "", action: "hold", quantity: "-1", orderType: "limit", takeProfit: {}, typo: 1 };
    expect(refusalsOf(body).sort()).toEqual([
      "/action invalid_action",
      "/limitPrice limit_price_required",
      "/quantity invalid_quantity",
      "/takeProfit invalid_take_profit_value_required",
      "/ticker empty_ticker_name",
      "/typo unknown_field",
    ]);
  });
});

/** Every decimal of the instructions that has to be greater than zero, which is every one. */
function decimalsIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    ["value", "at", "distance"].includes(key) && typeof inner === "string" ? [inner] : decimalsIn(inner),
  );
}

const NASTY = fc.oneof(
  fc.constantFrom<unknown>(
    "",
    " ",
    "-1",
    "0",
    "NaN",
    "Infinity",
    "1e400",
    "1,5",
    "{{close}}",
    "__proto__",
    "flat",
    "+0 days",
  ),
  fc.constantFrom<unknown>(0, -5, 1e300, 5e-324, true, false, null, [], {}, [{}], { type: {}, percent: [] }),
  fc.jsonValue({ maxDepth: 2 }),
);
const FULL = {
  ...STRATEGY,
  orderType: "stop_limit",
  stopPrice: "24190",
  limitPrice: "24195",
  quantityType: "risk_percent",
  takeProfit: { percent: "2" },
  stopLoss: { type: "stop_limit", stopPrice: "24000", limitPrice: "23990" },
  timeInForce: "gtc",
  extendedHours: false,
  cancel: true,
  test: false,
  expiresAt: "+5 minutes",
  extras: {},
};
const NAMES = [
  ...Object.keys(FULL),
  ...["signalPrice", "trailAmount", "trailPercent", "delay", "ignoreTradingWindows", "message", "cancelOrderType"],
  ...["optionType", "expiration", "strikeCount", "strikesAway", "strikePrice", "toString", "constructor", "~/"],
];
const mutated = fc
  .tuple(
    fc.constantFrom<Json>(FULL, STRATEGY, EXIT, ADD, CANCEL),
    fc.dictionary(fc.constantFrom(...NAMES), NASTY, { maxKeys: 3 }),
  )
  .map(([body, changes]): Json => ({ ...body, ...changes }));

describe("whatever is sent", () => {
  it("is recognised or not without a throw", () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), mutated), fc.string(), (json, text) => {
        expect(typeof tradersPost.matches({ text, json })).toBe("boolean");
        expect(tradersPost.matches({ text, json: undefined })).toBe(false);
      }),
    );
  });

  it("is read or refused without a throw, and read only with sizes and prices greater than zero", () => {
    const options = fc.constantFrom<ReadOptions>(OPTIONS, { ...OPTIONS, loosening: "ignore" });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.dictionary(fc.string(), fc.jsonValue())), options, (json, how) => {
        const result = tradersPost.read({ text: JSON.stringify(json), json }, how);
        if (!result.ok) {
          expect(result.error).not.toHaveLength(0);
          return;
        }
        const { instructions, circumstances } = result.value;
        expect(instructions).not.toHaveLength(0);
        expect(decimalsIn(instructions).filter((text) => !isPositive(decimalOf(text)))).toEqual([]);
        expect(circumstances.sentAtMs ?? 0).toSatisfy(Number.isFinite);
        expect(circumstances.maxAgeSec ?? 0).toSatisfy(Number.isSafeInteger);
      }),
      { numRuns: 1000 },
    );
  });

  it("is refused with a field that nobody knows", () => {
    const unknown = fc.string().filter((name) => !NAMES.includes(name) && name !== "__proto__" && !(name in FULL));
    fc.assert(
      fc.property(unknown, (name) => {
        expect(errorsOf({ ...BUY, [name]: 1 }).map(({ code }) => code)).toEqual(["unknown_field"]);
      }),
    );
  });
});
