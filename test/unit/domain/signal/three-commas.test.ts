import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseJson } from "../../../../src/domain/json.ts";
import type { ReadOptions, Reading, SignalBody } from "../../../../src/domain/signal/format.ts";
import { threeCommas } from "../../../../src/domain/signal/formats/three-commas/format.ts";

const OPTIONS: ReadOptions = { sizeUnit: "quantity", loosening: "refuse" };
const SECRET = "eyJhbGciOiJIUzI1NiJ9.eyJzIjoxfQ.G1wLNjNyUPlT";

/** The message of the strategy type with its placeholders filled in. */
const STRATEGY = `{
  "secret": "${SECRET}",
  "max_lag": "300",
  "timestamp": "2026-01-15T14:30:02Z",
  "trigger_price": "187.25",
  "tv_exchange": "NASDAQ",
  "tv_instrument": "AAPL",
  "action": "sell",
  "bot_uuid": "f1a2b3c4-0000-4000-8000-9d0e1f2a3b4c",
  "strategy_info": {
    "market_position": "short",
    "market_position_size": "10",
    "prev_market_position": "long",
    "prev_market_position_size": "5"
  },
  "order": { "amount": "15", "currency_type": "base" }
}`;

/** A message of the custom type with some fields replaced; `undefined` leaves a field out. */
const aSignal = (overrides: Record<string, unknown> = {}): string =>
  JSON.stringify({
    secret: SECRET,
    max_lag: 300,
    timestamp: "2026-01-15T14:30:02Z",
    trigger_price: "64250.5",
    tv_exchange: "BINANCE",
    tv_instrument: "BTCUSDT",
    action: "enter_long",
    bot_uuid: "f1a2b3c4-0000-4000-8000-9d0e1f2a3b4c",
    ...overrides,
  });

const aStrategySignal = (overrides: Record<string, unknown>): string =>
  aSignal({ action: "buy", order: { amount: "0.5", currency_type: "base" }, ...overrides });

function bodyOf(text: string): SignalBody {
  const json = parseJson(text);
  return { text, json: json.ok ? json.value : undefined };
}

function readingOf(text: string): Reading {
  const read = threeCommas.read(bodyOf(text), OPTIONS);
  if (!read.ok) throw new Error(`refused: ${JSON.stringify(read.error)}`);
  return read.value;
}

/** Where a body is refused and why, in order. */
function refusalsOf(text: string): readonly string[] {
  const read = threeCommas.read(bodyOf(text), OPTIONS);
  return read.ok ? [] : read.error.map(({ pointer, code }) => `${pointer} ${code}`);
}

describe("a body of 3Commas'", () => {
  it.each([
    ["its strategy type", STRATEGY],
    ["its custom type", aSignal()],
    ["a bot's id alone", '{"bot_uuid":"f1a2","action":"disable"}'],
    ["an instrument under its name", '{"tv_instrument":"BTCUSDT","action":"enter_long"}'],
  ])("is known by %s", (_, text) => {
    expect(threeCommas.matches(bodyOf(text))).toBe(true);
  });

  it.each([
    ["no JSON", "enter_long BTCUSDT"],
    ["a list", '["bot_uuid"]'],
    ["TradingView's own words", '{"ticker":"AAPL","action":"buy","contracts":"5"}'],
    ["the older message of its DCA bots", '{"message_type":"bot","bot_id":123,"email_token":"t","pair":"USDT_BTC"}'],
  ])("is not %s", (_, text) => {
    expect(threeCommas.matches(bodyOf(text))).toBe(false);
  });
});

describe("3Commas' strategy type", () => {
  it("is TradingView's order, with what the strategy held before and holds after", () => {
    expect(readingOf(STRATEGY)).toMatchObject({
      format: "3commas",
      instructions: [{ action: "sell", symbol: "AAPL", type: "market", size: { by: "quantity", value: "15" } }],
      circumstances: {
        sentAtMs: Date.parse("2026-01-15T14:30:02Z"),
        maxAgeSec: 300,
        exchange: "NASDAQ",
        price: "187.25",
        positionBefore: { side: "long", size: "5" },
        positionAfter: { side: "short", size: "10" },
      },
      isTest: false,
    });
  });

  it("is out of the whole position once the strategy is flat, whatever the order was of", () => {
    const strategy_info = {
      market_position: "flat",
      market_position_size: "0",
      prev_market_position: "long",
      prev_market_position_size: "5",
    };
    const { instructions } = readingOf(aStrategySignal({ action: "sell", strategy_info }));
    expect(instructions).toEqual([{ action: "exit", symbol: "BTCUSDT", type: "market" }]);
  });

  it.each([
    ["base", "0.5", { by: "quantity", value: "0.5" }],
    ["quote", 150, { by: "notional", value: "150" }],
    ["margin_percent", "25", { by: "percent_of_equity", value: "25" }],
    ["position_percent", "100", { by: "percent_of_position", value: "100" }],
  ])("counts an amount in %s", (currency_type, amount, size) => {
    expect(readingOf(aStrategySignal({ order: { amount, currency_type } })).instructions).toMatchObject([{ size }]);
  });

  it("is of the size that the source's settings say when it has no amount", () => {
    const [instruction] = readingOf(aStrategySignal({ order: undefined })).instructions;
    expect(instruction).toMatchObject({ action: "buy", type: "market" });
    expect(instruction).toHaveProperty("size", undefined);
  });

  it.each([
    ["flat", "5", "/strategy_info/market_position_size contradicting_position"],
    ["long", "0", "/strategy_info/market_position_size contradicting_position"],
    ["short", "-5", "/strategy_info/market_position_size contradicting_position"],
    ["bullish", "5", "/strategy_info/market_position invalid_market_position"],
    ["long", "{{strategy.market_position_size}}", "/strategy_info/market_position_size invalid_market_position_size"],
  ])("is refused when it is %s with a size of %s", (market_position, market_position_size, refusal) => {
    const text = aStrategySignal({ strategy_info: { market_position, market_position_size } });
    expect(refusalsOf(text)).toEqual([refusal]);
  });

  it("has no bracket: its order may be a way out", () => {
    const stop_loss = { enabled: true, trigger_price_percent: 1 };
    expect(refusalsOf(aStrategySignal({ stop_loss }))).toEqual(["/stop_loss stop_loss_not_allowed"]);
  });
});

describe("3Commas' custom type", () => {
  it.each([
    ["enter_long", { action: "enter", side: "buy" }],
    ["enter_short", { action: "enter", side: "sell" }],
    ["exit_long", { action: "exit", position: "long" }],
    ["exit_short", { action: "exit", position: "short" }],
  ])("has the action %s", (action, instruction) => {
    const { instructions } = readingOf(aSignal({ action }));
    expect(instructions).toMatchObject([{ ...instruction, symbol: "BTCUSDT", type: "market" }]);
    expect(instructions[0]).toHaveProperty("size", undefined);
  });

  it("leaves a part of a position", () => {
    const order = { amount: 50, currency_type: "position_percent" };
    expect(readingOf(aSignal({ action: "exit_short", order })).instructions).toMatchObject([
      { action: "exit", position: "short", size: { by: "percent_of_position", value: "50" } },
    ]);
  });

  it("enters with a limit order", () => {
    const order = { amount: "10", currency_type: "margin_percent", order_type: "limit", price: "64000" };
    expect(readingOf(aSignal({ order })).instructions).toMatchObject([
      { type: "limit", limit_price: { at: "64000" }, size: { by: "percent_of_equity", value: "10" } },
    ]);
  });

  it.each([
    [{ amount: "5" }, ["/order/currency_type missing_currency_type"]],
    [{ currency_type: "base" }, ["/order/amount missing_amount"]],
    [{ amount: "5", currency_type: "usd" }, ["/order/currency_type invalid_currency_type"]],
    [{ amount: "0", currency_type: "base" }, ["/order/amount invalid_amount"]],
    [{ amount: "101", currency_type: "margin_percent" }, ["/order/amount invalid_amount"]],
    [{ amount: "50", currency_type: "position_percent" }, ["/order position_percent_not_allowed"]],
    [{ order_type: "limit" }, ["/order/price missing_price"]],
    [{ order_type: "market", price: "5" }, ["/order/price price_not_allowed"]],
    [{ price: "5" }, ["/order/price price_not_allowed"]],
    [{ order_type: "stop" }, ["/order/order_type invalid_order_type"]],
    [
      { order_type: "limit", price_percent: 1, price_percent_ref_type: "current_price" },
      [
        "/order/price_percent unsupported_price_percent",
        "/order/price_percent_ref_type unsupported_price_percent_ref_type",
        "/order/price missing_price",
      ],
    ],
    [{ ammount: "5" }, ["/order/ammount unknown_field"]],
  ])("with the order %j is refused", (order, refusals) => {
    expect(refusalsOf(aSignal({ order }))).toEqual(refusals);
  });

  it("stops the source's entries when it disables the bot, and closes what is held when it says so", () => {
    const stop = { action: "stop", state: "reducing" };
    expect(readingOf(aSignal({ action: "disable", tv_instrument: undefined })).instructions).toEqual([stop]);
    const panic = aSignal({ action: "disable", positions_sub_action: "market_close" });
    expect(readingOf(panic).instructions).toEqual([stop, { action: "flatten" }]);
  });

  it("does not enable anything, which a person does", () => {
    expect(refusalsOf(aSignal({ action: "enable" }))).toEqual(["/action needs_a_person"]);
  });

  it.each([
    [{ action: undefined }, "/action missing_action"],
    [{ action: "close_at_market_price" }, "/action invalid_action"],
    [{ tv_instrument: "" }, "/tv_instrument missing_tv_instrument"],
    [{ max_lag: "0" }, "/max_lag invalid_max_lag"],
    [{ timestamp: "{{timenow}}" }, "/timestamp invalid_timestamp"],
    [{ timestamp: 176_848_740 }, "/timestamp invalid_timestamp"],
    [{ timestamp: "1768487402.5" }, "/timestamp invalid_timestamp"],
    [{ positions_sub_action: "market_close" }, "/positions_sub_action positions_sub_action_not_allowed"],
    [{ action: "disable", positions_sub_action: "cancel" }, "/positions_sub_action unsupported_positions_sub_action"],
    [{ stop_los: { trigger_price_percent: 1 } }, "/stop_los unknown_field"],
    [{ strategy_info: { market_position: "long", position: "5" } }, "/strategy_info/position unknown_field"],
    [{ strategy_info: { market_position: "" } }, "/strategy_info/market_position missing_market_position"],
    [{ order: "5" }, "/order invalid_order"],
  ])("with %j is refused", (overrides, refusal) => {
    expect(refusalsOf(aSignal(overrides))).toEqual([refusal]);
  });
});

describe("the bracket of a 3Commas entry", () => {
  const aStep = (overrides: Record<string, unknown> = {}) => ({
    order_type: "limit",
    price_percent: 2,
    volume_percent: 100,
    ...overrides,
  });
  const aTakeProfit = (...steps: unknown[]) => ({ enabled: true, steps });
  const STOP_LOSS = { enabled: true, order_type: "market", trigger_price_percent: "1.5" };

  it("has the distances of one take profit and a stop loss", () => {
    const { instructions } = readingOf(aSignal({ take_profit: aTakeProfit(aStep()), stop_loss: STOP_LOSS }));
    expect(instructions).toMatchObject([
      {
        action: "enter",
        take_profit: { limit_price: { distance: "2", unit: "percent" } },
        stop_loss: { stop_price: { distance: "1.5", unit: "percent" } },
      },
    ]);
  });

  it.each([
    ["enter_long", { trigger_price_percent: "-1.5" }, 2],
    ["enter_short", { trigger_price_percent: "1.5" }, -2],
    ["enter_short", { trigger_price_percent: "-1.5" }, 2],
  ])("of %s lies at a profit and at a loss, with the sign of %j and %d", (action, stop_loss, price_percent) => {
    const take_profit = aTakeProfit(aStep({ price_percent }));
    expect(readingOf(aSignal({ action, take_profit, stop_loss })).instructions).toMatchObject([
      {
        take_profit: { limit_price: { distance: "2", unit: "percent" } },
        stop_loss: { stop_price: { distance: "1.5", unit: "percent" } },
      },
    ]);
  });

  it("is not there when it is not enabled", () => {
    const off = { take_profit: { enabled: false, steps: [] }, stop_loss: { enabled: "false" } };
    const [instruction] = readingOf(aSignal(off)).instructions;
    expect(instruction).toMatchObject({ action: "enter" });
    expect(JSON.stringify(instruction)).not.toMatch(/take_profit|stop_loss/);
  });

  it.each([
    [aTakeProfit(aStep({ volume_percent: 50 }), aStep({ volume_percent: 50 })), "/steps unsupported_take_profit_steps"],
    [aTakeProfit(), "/steps invalid_take_profit_steps"],
    [{ enabled: true }, "/steps invalid_take_profit_steps"],
    [aTakeProfit(aStep({ volume_percent: 50 })), "/steps/0/volume_percent unsupported_volume_percent"],
    [aTakeProfit(aStep({ price_percent: undefined })), "/steps/0/price_percent missing_price_percent"],
    [aTakeProfit(aStep({ price_percent: -2 })), "/steps/0/price_percent invalid_price_percent"],
    [aTakeProfit(aStep({ trailing: { enabled: true, percent: 0.2 } })), "/steps/0/trailing unsupported_trailing"],
    [aTakeProfit(aStep({ price: "70000" })), "/steps/0/price unknown_field"],
  ])("is refused with the take profit %j", (take_profit, refusal) => {
    expect(refusalsOf(aSignal({ take_profit }))).toEqual([`/take_profit${refusal}`]);
  });

  it.each([
    [{ order_type: "limit" }, "/order_type unsupported_order_type"],
    [{ trigger_price_percent: 0 }, "/trigger_price_percent invalid_trigger_price_percent"],
    [{ trigger_price_percent: null }, "/trigger_price_percent missing_trigger_price_percent"],
    [{ trailing: { enabled: true, percent: 0.5 } }, "/trailing unsupported_trailing"],
    [{ trailing: { percent: 0.5 } }, "/trailing unsupported_trailing"],
    [{ breakeven: true }, "/breakeven unsupported_breakeven"],
    [{ trigger_price: "60000" }, "/trigger_price unknown_field"],
  ])("is refused with %j in the stop loss", (overrides, refusal) => {
    const stop_loss = { ...STOP_LOSS, ...overrides };
    expect(refusalsOf(aSignal({ stop_loss }))).toEqual([`/stop_loss${refusal}`]);
  });

  it("does not keep anybody in a position", () => {
    const text = aSignal({ action: "exit_long", take_profit: aTakeProfit(aStep(), aStep()), stop_loss: STOP_LOSS });
    expect(readingOf(text).instructions).toMatchObject([{ action: "exit" }]);
    expect(readingOf(text).notices.map(({ pointer, code }) => `${pointer} ${code}`)).toEqual([
      "/secret credential_not_used",
      "/take_profit not_applicable",
      "/stop_loss not_applicable",
    ]);
  });
});

describe("what a 3Commas signal says besides", () => {
  it.each(["2026-01-15T14:30:02Z", "2026-01-15T15:30:02+01:00", "1768487402", 1_768_487_402, 1_768_487_402_000])(
    "may be when it was sent, as %j",
    (timestamp) => {
      expect(readingOf(aSignal({ timestamp })).circumstances.sentAtMs).toBe(Date.UTC(2026, 0, 15, 14, 30, 2));
    },
  );

  it("may be a price that cannot be read: it is for the record only", () => {
    const { circumstances, notices } = readingOf(aSignal({ secret: undefined, trigger_price: "{{close}}" }));
    expect(circumstances.price).toBeUndefined();
    expect(notices).toMatchObject([{ pointer: "/trigger_price", code: "unreadable_price" }]);
  });

  it("keeps the secret out of the reading and of every refusal", () => {
    const texts = [STRATEGY, aSignal({ action: "" }), aSignal({ secret: [SECRET], tv_instrument: "" })];
    for (const text of texts) {
      expect(JSON.stringify(threeCommas.read(bodyOf(text), OPTIONS))).not.toContain(SECRET);
    }
  });
});

describe("any body whatever", () => {
  const actions = ["buy", "sell", "enter_long", "enter_short", "exit_long", "exit_short", "disable", "enable"];
  const word = fc.constantFrom(
    ...actions,
    "long",
    "short",
    "flat",
    "base",
    "position_percent",
    "limit",
    "0",
    "-1",
    "9",
  );
  const anything = fc.oneof(fc.jsonValue(), word);
  const objectOf = (names: readonly string[], value: fc.Arbitrary<unknown>) =>
    fc.dictionary(fc.constantFrom(...names), value);
  const order = objectOf(["amount", "currency_type", "order_type", "price", "price_percent"], anything);
  const info = objectOf(["market_position", "market_position_size", "prev_market_position"], anything);
  const leg = objectOf(["enabled", "order_type", "price_percent", "trigger_price_percent", "trailing"], anything);
  const legs = objectOf(["enabled", "steps"], fc.oneof(anything, fc.array(leg, { maxLength: 2 })));
  const own = objectOf(["secret", "max_lag", "timestamp", "tv_exchange", "bot_uuid", "trigger_price"], anything);
  const parts = fc.record(
    { action: word, tv_instrument: anything, order, strategy_info: info, stop_loss: leg, take_profit: legs },
    { requiredKeys: [] },
  );
  const body = fc.oneof(
    fc.jsonValue(),
    fc.tuple(own, parts).map(([some, others]) => ({ ...some, ...others })),
  );

  it("is told from others, and read or refused with reasons", () => {
    fc.assert(
      fc.property(body, (json) => {
        expect(typeof threeCommas.matches({ text: "", json })).toBe("boolean");
        const read = threeCommas.read({ text: "", json }, OPTIONS);
        if (read.ok) expect(read.value.instructions.length).toBeGreaterThan(0);
        else expect(read.error.length).toBeGreaterThan(0);
        if (!read.ok) for (const { code } of read.error) expect(code).toMatch(/^[a-z]+(?:_[a-z]+)*$/);
      }),
      { numRuns: 500 },
    );
  });

  it("is not claimed when it is no JSON", () => {
    fc.assert(fc.property(fc.string(), (text) => !threeCommas.matches({ text, json: undefined })));
  });
});
