import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ReadOptions, Reading } from "../../../../src/domain/signal/format.ts";
import { native } from "../../../../src/domain/signal/formats/native.ts";
import { NativeInstruction } from "../../../../src/domain/signal/native-instruction.ts";
import { readNativeOrder } from "../../../../src/domain/signal/native.ts";

type Json = Readonly<Record<string, unknown>>;

const OPTIONS: ReadOptions = { sizeUnit: "notional", loosening: "refuse" };

const bodyOf = (json: unknown) => ({ text: JSON.stringify(json), json });

const isRecognised = (json: unknown): boolean => native.matches(bodyOf(json));

function readingOf(json: unknown): Reading {
  const read = native.read(bodyOf(json), OPTIONS);
  if (!read.ok) throw new Error(`refused: ${JSON.stringify(read.error)}`);
  return read.value;
}

const instructionOf = (json: Json) => readingOf(json).instructions[0];

/** `pointer code` of everything that is wrong. */
function refusalsOf(json: unknown): readonly string[] {
  const read = native.read(bodyOf(json), OPTIONS);
  return read.ok ? [] : read.error.map(({ pointer, code }) => `${pointer} ${code}`);
}

const ORDER = { symbol: "AAPL", side: "buy", type: "market", quantity: "10" };
const ENTER = { intent: "enter", symbol: "AAPL", side: "buy", quantity: "10" };
const EXIT = { intent: "exit", symbol: "AAPL" };
const INTENTS: readonly Json[] = [
  ENTER,
  EXIT,
  { intent: "add", symbol: "AAPL", quantity: "5" },
  { intent: "reverse", symbol: "AAPL", side: "sell", quantity: "5" },
  { intent: "target", symbol: "AAPL", position: "-5" },
  { intent: "flatten" },
  { intent: "cancel" },
  { intent: "stop", state: "reducing" },
];

describe("a body is in the gateway's own format", () => {
  it.each<[string, Json]>([
    ["as an order", ORDER],
    ["as an order that is wrong", { ...ORDER, quantiy: "1", action: "buy" }],
    ["as an order whose side was forgotten", { symbol: "AAPL", type: "market", quantity: "10" }],
    ["with a side that other formats have too, among names that they do not", { ticker: "AAPL", side: "buy" }],
    ["with an intent", EXIT],
    ["with an intent that it does not have", { intent: "hold" }],
  ])("%s", (_, json) => {
    expect(isRecognised(json)).toBe(true);
  });

  it.each<[string, unknown]>([
    ["of nothing", {}],
    ["of TradingView, with a side", { ticker: "AAPL", side: "sell", contracts: 5 }],
    ["of OpenAlgo, with a side", { apikey: "k", symbol: "SBIN", side: "BUY" }],
    ["of 3Commas, with a side", { bot_uuid: "b", side: "buy" }],
    ["of somebody else", { symbol: "AAPL", type: "POSITION_TYPE_BUY", volume: 0.01 }],
    ["that is a list", [ORDER]],
    ["that is null", null],
    ["that is no JSON", undefined],
  ])("and not one %s", (_, json) => {
    expect(isRecognised(json)).toBe(false);
  });
});

describe("an order", () => {
  it("is one instruction with all of its terms", () => {
    const order = {
      symbol: "BTC/USD",
      side: "sell",
      type: "stop_limit",
      quantity: "0.5",
      limit_price: "99.5",
      stop_price: "100",
      time_in_force: "gtc",
      client_order_id: "strategy-7",
      account: "paper-2",
      extended_hours: true,
    };
    expect(readingOf(order)).toEqual({
      format: "native",
      instructions: [
        {
          action: "sell",
          symbol: "BTC/USD",
          size: { by: "quantity", value: "0.5" },
          type: "stop_limit",
          limit_price: { at: "99.5" },
          stop_price: { at: "100" },
          time_in_force: "gtc",
          extended_hours: true,
        },
      ],
      circumstances: {},
      notices: [],
      account: "paper-2",
      client_order_id: "strategy-7",
      isTest: false,
    });
  });

  it("is for the day and regular hours, and may be of money", () => {
    expect(instructionOf({ ...ORDER, quantity: undefined, notional: 250.5 })).toEqual({
      action: "buy",
      symbol: "AAPL",
      size: { by: "notional", value: "250.5" },
      type: "market",
      time_in_force: "day",
      extended_hours: false,
    });
  });

  it("is refused where it always was, each field with a code", () => {
    expect(refusalsOf({ ...ORDER, side: undefined, quantity: "-1", limit: "5" })).toEqual([
      "/side missing_field",
      "/quantity invalid_field",
      "/limit unknown_field",
    ]);
    expect(refusalsOf({ ...ORDER, stop_loss: { price: "1" } })).toEqual([
      "/stop_loss/stop_price missing_field",
      "/stop_loss/price unknown_field",
    ]);
  });

  it("is read or refused as the order interface reads or refuses it", () => {
    const value = fc.oneof(fc.constantFrom<unknown>("1", "buy", "limit", "AAPL", "gtc", true, null), fc.jsonValue());
    const names = [...Object.keys(ORDER), "notional", "limit_price", "stop_price", "time_in_force", "more"];
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), value), (changes) => {
        const json = { ...ORDER, ...changes };
        const order = readNativeOrder(json);
        const read = native.read(bodyOf(json), OPTIONS);
        expect(read.ok).toBe(order.ok);
        if (!order.ok) expect(read).toMatchObject({ error: order.error });
      }),
    );
  });
});

describe("an intent", () => {
  const market = { symbol: "AAPL", type: "market" };

  it.each<[Json, Json]>([
    [ENTER, { action: "enter", side: "buy", size: { by: "quantity", value: "10" }, ...market }],
    [
      { intent: "enter", symbol: "AAPL", side: "sell" },
      { action: "enter", side: "sell", ...market },
    ],
    [
      { intent: "add", symbol: "AAPL", percent_of_position: 50 },
      { action: "add", size: { by: "percent_of_position", value: "50" }, ...market },
    ],
    [
      { intent: "add", symbol: "AAPL", side: "buy" },
      { action: "add", side: "buy", ...market },
    ],
    [EXIT, { action: "exit", ...market }],
    [
      { ...EXIT, position: "long", percent_of_position: "33.3" },
      { action: "exit", position: "long", size: { by: "percent_of_position", value: "33.3" }, ...market },
    ],
    [
      { intent: "reverse", symbol: "AAPL", side: "sell", notional: "500" },
      { action: "reverse", side: "sell", size: { by: "notional", value: "500" }, ...market },
    ],
    [
      { intent: "target", symbol: "AAPL", position: "-10" },
      { action: "target", position: "-10", ...market },
    ],
    [
      { intent: "target", symbol: "AAPL", position: 0 },
      { action: "target", position: "0", ...market },
    ],
    [{ intent: "flatten" }, { action: "flatten" }],
    [{ intent: "cancel" }, { action: "cancel" }],
    [
      { intent: "cancel", symbol: "AAPL", side: "buy" },
      { action: "cancel", symbol: "AAPL", side: "buy" },
    ],
    [
      { intent: "cancel", client_order_id: "my-17" },
      { action: "cancel", client_order_id: "my-17" },
    ],
    [
      { intent: "stop", state: "halted" },
      { action: "stop", state: "halted" },
    ],
    [
      { intent: "stop", state: "reducing", flatten: true },
      { action: "stop", state: "reducing", flatten: true },
    ],
  ])("%j", (json, instruction) => {
    expect(instructionOf(json)).toEqual(instruction);
  });

  it.each(["quantity", "notional", "percent_of_equity", "percent_of_buying_power", "risk_amount", "risk_percent"])(
    "may be sized by %s",
    (by) => {
      const entry = { intent: "enter", symbol: "AAPL", side: "buy", [by]: "2.50", stop_loss: { stop_price: "170" } };
      expect(instructionOf(entry)).toMatchObject({ size: { by, value: "2.5" } });
    },
  );

  it("may say how its order is to be placed, and what closes it again", () => {
    const entry = {
      ...ENTER,
      type: "stop_limit",
      stop_price: 190,
      limit_price: "191",
      time_in_force: "gtc",
      extended_hours: true,
      take_profit: { limit_price: "210" },
      stop_loss: { stop_price: "180", limit_price: "179.5" },
    };
    expect(instructionOf(entry)).toEqual({
      action: "enter",
      side: "buy",
      symbol: "AAPL",
      size: { by: "quantity", value: "10" },
      type: "stop_limit",
      stop_price: { at: "190" },
      limit_price: { at: "191" },
      time_in_force: "gtc",
      extended_hours: true,
      take_profit: { limit_price: { at: "210" } },
      stop_loss: { stop_price: { at: "180" }, limit_price: { at: "179.5" } },
    });
  });

  it("takes a symbol as charts spell it, for the source's settings to map", () => {
    expect(instructionOf({ ...EXIT, symbol: "CME_MINI:ES1!" })).toMatchObject({ symbol: "CME_MINI:ES1!" });
  });

  it.each(INTENTS)("may say when it was sent, for which bar, and what the strategy holds: %j", (json) => {
    const said = {
      account: "paper",
      sent_at: "2026-01-15T14:30:02Z",
      bar_at: "2026-01-15T15:25:00+01:00",
      order_name: "Long 1",
      position_before: { side: "flat" },
      position_after: { side: "short", size: "2.50" },
    };
    const { account, circumstances } = readingOf({ ...json, ...said });
    expect(account).toBe("paper");
    expect(circumstances).toEqual({
      sentAtMs: Date.UTC(2026, 0, 15, 14, 30, 2),
      barAtMs: Date.UTC(2026, 0, 15, 14, 25),
      orderName: "Long 1",
      positionBefore: { side: "flat" },
      positionAfter: { side: "short", size: "2.5" },
    });
  });

  it("names its order by client_order_id, save a cancel, which names the order that it is about", () => {
    expect(readingOf({ ...ENTER, client_order_id: "my-1" }).client_order_id).toBe("my-1");
    expect(readingOf({ intent: "cancel", client_order_id: "my-1" }).client_order_id).toBeUndefined();
  });
});

describe("an intent is refused", () => {
  it.each(INTENTS)("with a field that it does not have: %j", (json) => {
    expect(refusalsOf({ ...json, more: 1 })).toEqual(["/more unknown_field"]);
  });

  it.each<[string, Json, readonly string[]]>([
    ["that is none of them", { intent: "buy", quantity: "x" }, ["/intent invalid_field"]],
    ["that is empty", { intent: "" }, ["/intent invalid_field"]],
    ["that is null", { intent: null }, ["/intent invalid_field"]],
    ["without its symbol", { intent: "exit" }, ["/symbol missing_field"]],
    ["without its side", { ...ENTER, side: undefined }, ["/side missing_field"]],
    ["without its position", { intent: "target", symbol: "AAPL" }, ["/position missing_field"]],
    ["without its state", { intent: "stop" }, ["/state missing_field"]],
    ["halted, and out of everything", { intent: "stop", state: "halted", flatten: true }, ["/flatten invalid_field"]],
    ["to trade again", { intent: "stop", state: "active" }, ["/state invalid_field"]],
    ["with two sizes", { ...ENTER, notional: "5", risk_amount: "5" }, ["/notional", "/risk_amount"]],
    ["with a size of zero", { ...ENTER, quantity: "0" }, ["/quantity invalid_field"]],
    [
      "with a size of what is held, where nothing may be",
      { ...ENTER, percent_of_position: "5" },
      ["/percent_of_position"],
    ],
    ["sized by its risk, without a stop loss", { ...ENTER, quantity: undefined, risk_amount: "5" }, ["/stop_loss"]],
    ["that is a way out, with a bracket", { ...EXIT, stop_loss: { stop_price: "5" } }, ["/stop_loss unknown_field"]],
    ["that is a way out, sized by its risk", { ...EXIT, risk_amount: "5" }, ["/risk_amount unknown_field"]],
    ["with a limit and no price", { ...EXIT, type: "limit" }, ["/limit_price invalid_field"]],
    ["with a price and no limit", { ...EXIT, limit_price: "5" }, ["/limit_price invalid_field"]],
    [
      "with a target and a price that its order does not take",
      { intent: "target", symbol: "AAPL", position: "5", limit_price: "5" },
      ["/limit_price invalid_field"],
    ],
    ["with a stop and no price", { ...EXIT, type: "stop" }, ["/stop_price invalid_field"]],
    ["with a misspelt leg", { ...ENTER, stop_loss: { price: "5" } }, ["/stop_loss/stop_price", "/stop_loss/price"]],
    ["with a target that is no number", { intent: "target", symbol: "AAPL", position: "all" }, ["/position"]],
    [
      "for one order and for others at once",
      { intent: "cancel", client_order_id: "a", symbol: "AAPL", side: "buy" },
      ["/symbol", "/side"],
    ],
    ["with no time in its time", { ...EXIT, sent_at: "14:30" }, ["/sent_at invalid_field"]],
    ["with a time that says no zone", { ...EXIT, bar_at: "2026-01-15T14:30:00" }, ["/bar_at invalid_field"]],
    ["with a day that is not in the calendar", { ...EXIT, sent_at: "2026-02-30T14:30:00Z" }, ["/sent_at"]],
    ["flat with something held", { ...EXIT, position_after: { side: "flat", size: "5" } }, ["/position_after/size"]],
    ["short with a sign", { ...EXIT, position_before: { side: "short", size: "-5" } }, ["/position_before/size"]],
    ["with an account that is none", { ...EXIT, account: "My Account" }, ["/account invalid_field"]],
    ["with a symbol that nobody has", { ...EXIT, symbol: "AA PL" }, ["/symbol invalid_field"]],
  ])("%s: %j", (_, json, refusals) => {
    const refused = refusalsOf(JSON.parse(JSON.stringify(json)));
    expect(refused).toHaveLength(refusals.length);
    for (const [index, refusal] of refusals.entries()) expect(refused[index]).toContain(refusal);
  });

  it("with everything that is wrong at once", () => {
    const json = {
      intent: "enter",
      symbol: "",
      type: "limit",
      quantity: "x",
      notional: "5",
      percent_of_equity: "5",
      a: 1,
    };
    expect([...refusalsOf(json)].sort()).toEqual(
      [
        "/a unknown_field",
        "/limit_price invalid_field",
        "/percent_of_equity invalid_field",
        "/notional invalid_field",
        "/quantity invalid_field",
        "/side missing_field",
        "/symbol invalid_field",
      ].sort(),
    );
  });

  it("or read, whatever it is, and never by an exception", () => {
    const names = NativeInstruction.options.flatMap(({ shape }) => Object.keys(shape));
    const value = fc.oneof(
      fc.constantFrom<unknown>("1", "-1", "buy", "long", "limit", "AAPL", "gtc", "halted", true, null),
      fc.constantFrom<unknown>({ side: "long", size: "1" }, { stop_price: "1" }, "2026-01-15T14:30:00Z"),
      fc.jsonValue(),
    );
    const changes = fc.dictionary(fc.constantFrom(...names), value);
    fc.assert(
      fc.property(fc.constantFrom(...INTENTS), changes, (intent, changed) => {
        const json = { ...intent, ...changed };
        expect(isRecognised(json)).toBe(true);
        const read = native.read(bodyOf(json), OPTIONS);
        if (read.ok) expect(read.value.instructions).toHaveLength(1);
        else expect(read.error.length).toBeGreaterThan(0);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("the document of intents", () => {
  it("has a description for every intent", () => {
    for (const option of NativeInstruction.options) expect(option.meta()?.description).toMatch(/\.$/);
  });
});
