import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseJson } from "../../../../src/domain/json.ts";
import type { ReadOptions, Reading, SignalBody } from "../../../../src/domain/signal/format.ts";
import { openAlgo } from "../../../../src/domain/signal/formats/openalgo.ts";

const OPTIONS: ReadOptions = { sizeUnit: "quantity", loosening: "refuse" };
const API_KEY = "0c2f9a7be61d4f6a8b3d";

/** As OpenAlgo's own screen writes the message of a TradingView alert, with the placeholders filled in. */
const SMART = `{
  "apikey": "${API_KEY}",
  "strategy": "RSI Long",
  "symbol": "RELIANCE",
  "action": "buy",
  "exchange": "NSE",
  "pricetype": "MARKET",
  "product": "MIS",
  "quantity": "100",
  "position_size": "100"
}`;

/** A placeorder body with some fields replaced; `undefined` leaves a field out. */
const anOrder = (overrides: Record<string, unknown> = {}): string =>
  JSON.stringify({
    apikey: API_KEY,
    strategy: "Python",
    symbol: "YESBANK",
    action: "BUY",
    exchange: "NSE",
    pricetype: "LIMIT",
    product: "CNC",
    quantity: "1",
    price: "16.5",
    trigger_price: "0",
    disclosed_quantity: "0",
    ...overrides,
  });

const aSmartOrder = (overrides: Record<string, unknown>): string =>
  anOrder({ pricetype: "MARKET", price: "0", quantity: "100", ...overrides });

function bodyOf(text: string): SignalBody {
  const json = parseJson(text);
  return { text, json: json.ok ? json.value : undefined };
}

function readingOf(text: string): Reading {
  const read = openAlgo.read(bodyOf(text), OPTIONS);
  if (!read.ok) throw new Error(`refused: ${JSON.stringify(read.error)}`);
  return read.value;
}

/** Where a body is refused and why, in order. */
function refusalsOf(text: string): readonly string[] {
  const read = openAlgo.read(bodyOf(text), OPTIONS);
  return read.ok ? [] : read.error.map(({ pointer, code }) => `${pointer} ${code}`);
}

describe("a body of OpenAlgo's", () => {
  it.each([
    ["an API key with a symbol", '{"apikey":"k","symbol":"SBIN"}'],
    ["a price type", '{"symbol":"SBIN","pricetype":"MARKET"}'],
    ["a price type as its Python library spells it", '{"symbol":"SBIN","price_type":"MARKET","quantity":"1"}'],
    ["its template for TradingView", SMART],
    ["that template once the API key has been taken out", anOrder({ apikey: undefined })],
    ["a strategy webhook's position_size", '{"symbol":"SBIN","action":"SELL","position_size":"0"}'],
    ["nothing but its own names", '{"strategy":"RSI","symbol":"SBIN","action":"buy","quantity":"5"}'],
  ])("is known by %s", (_, text) => {
    expect(openAlgo.matches(bodyOf(text))).toBe(true);
  });

  it.each([
    ["no JSON", "buy 10 AAPL"],
    ["a list", '[{"apikey":"k","symbol":"SBIN"}]'],
    ["a symbol and an action only", '{"symbol":"SBIN","action":"BUY"}'],
    ["trade-relay's fields", '{"action":"buy","symbol":"AAPL","quantity":"10","orderType":"limit","limitPrice":"187"}'],
    ["TradingView's ticker", '{"ticker":"AAPL","action":"buy","position_size":"10"}'],
    ["TradingView's contracts", '{"symbol":"AAPL","action":"buy","contracts":"5","position_size":"10"}'],
    ["a strategy's name beside other people's fields", '{"strategy":"MA","symbol":"AAPL","action":"buy","sl":"180"}'],
    ["an object under strategy", '{"symbol":"AAPL","action":"buy","strategy":{"position_size":"5"}}'],
    ["an action that it does not have", '{"symbol":"AAPL","action":"close","position_size":"0"}'],
    ["its newer strategy module's start and stop", '{"action":"start","mode":"sandbox"}'],
  ])("is not %s", (_, text) => {
    expect(openAlgo.matches(bodyOf(text))).toBe(false);
  });
});

describe("OpenAlgo's placeorder", () => {
  it("is a plain order with what it says besides", () => {
    expect(readingOf(anOrder())).toMatchObject({
      format: "openalgo",
      instructions: [
        {
          action: "buy",
          symbol: "YESBANK",
          size: { by: "quantity", value: "1" },
          type: "limit",
          limit_price: { at: "16.5" },
        },
      ],
      circumstances: { orderName: "Python", exchange: "NSE" },
      isTest: false,
    });
  });

  it.each([
    ["MARKET", { price: "0" }, { type: "market" }],
    ["LIMIT", { price: "16" }, { type: "limit", limit_price: { at: "16" } }],
    [
      "SL",
      { price: "1180", trigger_price: "1185" },
      { type: "stop_limit", limit_price: { at: "1180" }, stop_price: { at: "1185" } },
    ],
    ["SL-M", { price: 0, trigger_price: "1185" }, { type: "stop", stop_price: { at: "1185" } }],
  ])("of price type %s is placed with %j", (pricetype, prices, terms) => {
    const { instructions } = readingOf(anOrder({ pricetype, ...prices }));
    expect(instructions).toEqual([
      { action: "buy", symbol: "YESBANK", size: { by: "quantity", value: "1" }, ...terms },
    ]);
  });

  it.each([
    ["LIMIT", { price: "0" }, ["/price missing_price"]],
    ["LIMIT", { price: undefined }, ["/price missing_price"]],
    ["LIMIT", { price: "16", trigger_price: "15" }, ["/trigger_price trigger_price_not_allowed"]],
    ["SL", { price: "16" }, ["/trigger_price missing_trigger_price"]],
    ["SL", { price: "", trigger_price: "15" }, ["/price missing_price"]],
    ["SL-M", { price: "16", trigger_price: "15" }, ["/price price_not_allowed"]],
    ["MARKET", { price: "0", trigger_price: "15" }, ["/trigger_price trigger_price_not_allowed"]],
    ["limit order", {}, ["/pricetype invalid_pricetype"]],
    ["LIMIT", { price: "-16" }, ["/price invalid_price"]],
    ["LIMIT", { price: "{{close}}" }, ["/price invalid_price"]],
  ])("of price type %s with %j is refused", (pricetype, prices, refusals) => {
    expect(refusalsOf(anOrder({ pricetype, ...prices }))).toEqual(refusals);
  });

  it("takes a price beside a written out MARKET as the one the sender saw", () => {
    const { instructions, circumstances } = readingOf(anOrder({ pricetype: "MARKET", price: "16.5" }));
    expect(instructions[0]).not.toHaveProperty("limit_price");
    expect(circumstances.price).toBe("16.5");
  });

  it("is a market order when it names no price type, but not when it has a price that may be a limit's", () => {
    expect(readingOf(anOrder({ pricetype: undefined, price: "0" })).instructions).toMatchObject([{ type: "market" }]);
    expect(refusalsOf(anOrder({ pricetype: undefined }))).toEqual(["/price price_not_allowed"]);
  });

  it("knows the price type under both of its names, as long as they agree", () => {
    expect(readingOf(anOrder({ pricetype: undefined, price_type: "LIMIT" })).instructions).toMatchObject([
      { type: "limit" },
    ]);
    expect(readingOf(anOrder({ price_type: "LIMIT" })).instructions).toMatchObject([{ type: "limit" }]);
    expect(refusalsOf(anOrder({ price_type: "MARKET" }))).toEqual(["/price_type contradicting_fields"]);
  });

  it("takes fractions of a unit and lower-case actions", () => {
    expect(readingOf(anOrder({ action: "sell", quantity: 0.25, exchange: "CRYPTO" })).instructions).toMatchObject([
      { action: "sell", size: { by: "quantity", value: "0.25" } },
    ]);
  });

  it.each([
    [{ symbol: " " }, "/symbol missing_symbol"],
    [{ action: undefined }, "/action missing_action"],
    [{ action: "EXIT" }, "/action invalid_action"],
    [{ quantity: undefined }, "/quantity missing_quantity"],
    [{ quantity: "0" }, "/quantity invalid_quantity"],
    [{ quantity: "-5" }, "/quantity invalid_quantity"],
    [{ quantity: "1e3" }, "/quantity invalid_quantity"],
    [{ product: "INTRADAY" }, "/product invalid_product"],
    [{ exchange: ["NSE"] }, "/exchange invalid_exchange"],
    [{ triggerprice: "15" }, "/triggerprice unknown_field"],
    [{ positionsize: "0" }, "/positionsize unknown_field"],
  ])("with %j is refused", (overrides, refusal) => {
    expect(refusalsOf(anOrder(overrides))).toEqual([refusal]);
  });

  it("cannot hide a part of itself from the market", () => {
    expect(refusalsOf(anOrder({ disclosed_quantity: "1" }))).toEqual([
      "/disclosed_quantity unsupported_disclosed_quantity",
    ]);
  });

  it("lists everything that is wrong with it", () => {
    const text = anOrder({ symbol: "", action: "HOLD", quantity: "many", price: "0", stoploss: "12" });
    expect(refusalsOf(text)).toEqual([
      "/price missing_price",
      "/symbol missing_symbol",
      "/action invalid_action",
      "/quantity invalid_quantity",
      "/stoploss unknown_field",
    ]);
  });
});

describe("OpenAlgo's placesmartorder", () => {
  it("leads to a position, whatever its own side and quantity are", () => {
    const { instructions } = readingOf(SMART);
    expect(instructions).toEqual([{ action: "target", symbol: "RELIANCE", type: "market", position: "100" }]);
    expect(readingOf(aSmartOrder({ action: "BUY", position_size: "-50" })).instructions).toMatchObject([
      { action: "target", position: "-50" },
    ]);
  });

  // The rows of OpenAlgo's table with nothing held and nothing to be held: its own order is carried out.
  it.each([
    ["BUY", "100", { side: "buy", quantity: "100" }],
    ["SELL", "100", { side: "sell", quantity: "100" }],
  ])("to %s %s with a position_size of 0 is that order when nothing is held", (action, quantity, ifThere) => {
    const { instructions } = readingOf(aSmartOrder({ action, quantity, position_size: "0" }));
    expect(instructions).toEqual([{ action: "target", symbol: "YESBANK", type: "market", position: "0", ifThere }]);
  });

  it.each([
    ["without a quantity of its own", { quantity: "0", position_size: "0" }],
    ["at a position that is not zero", { quantity: "100", position_size: "100" }],
  ])("is nothing to do once it is there, %s", (_, overrides) => {
    const [instruction] = readingOf(aSmartOrder(overrides)).instructions;
    expect(instruction).toHaveProperty("ifThere", undefined);
  });

  it("is placed as its price type says", () => {
    const text = aSmartOrder({ position_size: "5", pricetype: "SL", price: "99", trigger_price: "100" });
    expect(readingOf(text).instructions).toMatchObject([
      { action: "target", position: "5", type: "stop_limit", limit_price: { at: "99" }, stop_price: { at: "100" } },
    ]);
  });

  it.each([
    ["empty", ""],
    ["null", null],
  ])("stays one when its position_size is %s, and is refused", (_, position_size) => {
    expect(refusalsOf(aSmartOrder({ position_size }))).toEqual(["/position_size missing_position_size"]);
  });

  it("is refused with a placeholder that TradingView has not filled in", () => {
    expect(refusalsOf(aSmartOrder({ position_size: "{{strategy.position_size}}" }))).toEqual([
      "/position_size invalid_position_size",
    ]);
  });

  it("is also what a strategy webhook with a position_size is", () => {
    expect(readingOf('{"symbol":"SBIN","action":"SELL","position_size":"0"}').instructions).toEqual([
      { action: "target", symbol: "SBIN", type: "market", position: "0" },
    ]);
  });

  it("is not made of a strategy webhook without one: what that means is in OpenAlgo's settings", () => {
    expect(refusalsOf('{"symbol":"SBIN","action":"SELL"}')).toEqual(["/quantity missing_quantity"]);
  });
});

describe("what OpenAlgo's body has for others", () => {
  it("is noted: the API key, and the product that only India's brokers know", () => {
    const { notices } = readingOf(SMART);
    expect(notices.map(({ pointer, code }) => [pointer, code])).toEqual([
      ["/apikey", "credential_not_used"],
      ["/product", "product_not_used"],
    ]);
    expect(readingOf(anOrder({ apikey: undefined, product: undefined })).notices).toEqual([]);
  });

  it("keeps the API key out of the reading and of every refusal", () => {
    const texts = [SMART, anOrder({ quantity: "0" }), anOrder({ apikey: { key: API_KEY }, symbol: "" })];
    for (const text of texts) {
      expect(JSON.stringify(openAlgo.read(bodyOf(text), OPTIONS))).not.toContain(API_KEY);
    }
  });
});

describe("any body whatever", () => {
  const names = [
    "apikey",
    "strategy",
    "symbol",
    "action",
    "exchange",
    "pricetype",
    "price_type",
    "product",
    "quantity",
  ];
  const own = [...names, "price", "trigger_price", "disclosed_quantity", "position_size", "__proto__", "a/b~c"];
  const value = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom("BUY", "sell", "MARKET", "LIMIT", "SL", "SL-M", "MIS", "0", "-1", "12.5", " ", "{{close}}"),
  );
  const body = fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom(...own), value));

  it("is told from others, and read or refused with reasons", () => {
    fc.assert(
      fc.property(body, (json) => {
        expect(typeof openAlgo.matches({ text: "", json })).toBe("boolean");
        const read = openAlgo.read({ text: "", json }, OPTIONS);
        if (read.ok) expect(read.value.instructions).toHaveLength(1);
        else expect(read.error.length).toBeGreaterThan(0);
        if (!read.ok) for (const { code } of read.error) expect(code).toMatch(/^[a-z]+(?:_[a-z]+)*$/);
      }),
      { numRuns: 500 },
    );
  });

  it("is not claimed when it is no JSON", () => {
    fc.assert(fc.property(fc.string(), (text) => !openAlgo.matches({ text, json: undefined })));
  });
});
