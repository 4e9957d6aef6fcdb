import { describe, expect, it } from "vitest";
import { ZERO, decimalOf } from "../../../../src/domain/money.ts";
import { Side } from "../../../../src/domain/order.ts";
import { contentKey } from "../../../../src/domain/signal/content-key.ts";
import { readSignal } from "../../../../src/domain/signal/read.ts";
import { SignalSettings } from "../../../../src/domain/signal/settings.ts";

const SETTINGS = SignalSettings.parse({});

function keyOf(json: object): string | undefined {
  const signal = readSignal(JSON.stringify(json), SETTINGS);
  if (!signal.ok) throw new Error(`refused: ${JSON.stringify(signal.error)}`);
  return contentKey(signal.value);
}

const ALERT = {
  ticker: "AAPL",
  action: "buy",
  contracts: "1",
  id: "Long",
  time: "2026-01-15T14:25:00Z",
  timenow: "2026-01-15T14:30:02Z",
  close: "187.25",
};
const ENTRY = {
  intent: "enter",
  symbol: "AAPL",
  side: "buy",
  quantity: "1",
  order_name: "Long",
  bar_at: "2026-01-15T14:25:00Z",
};

describe("the key of a bar's signal", () => {
  it.each([
    ["the time of sending", { timenow: "2026-01-15T14:30:59Z" }],
    ["the price seen", { close: "187.30" }],
    ["a comment", { comment: "once more" }],
    ["another spelling of the size", { contracts: 1 }],
    ["another spelling of the symbol", { ticker: "NASDAQ:AAPL" }],
    ["another spelling of the bar's time", { time: "2026-01-15T15:25:00+01:00" }],
  ])("is the same with %s", (_, change) => {
    expect(keyOf({ ...ALERT, ...change })).toBe(keyOf(ALERT));
  });

  it.each([
    ["the next bar", { time: "2026-01-15T14:26:00Z" }],
    ["another order", { id: "Long 2" }],
    ["another symbol", { ticker: "MSFT" }],
    ["the other side", { action: "sell" }],
    ["more of it in the same bar", { contracts: "5" }],
    ["another position to hold", { position_size: "1" }],
    ["a way out", { market_position: "flat" }],
  ])("is another one for %s", (_, change) => {
    expect(keyOf({ ...ALERT, ...change })).not.toBe(keyOf(ALERT));
  });

  it.each([
    ["side", { side: "sell" }],
    ["intent", { intent: "reverse" }],
    ["unit of size", { quantity: undefined, notional: "1" }],
    ["type", { type: "limit", limit_price: "180" }],
  ])("is another one for another %s", (_, change) => {
    expect(keyOf({ ...ENTRY, ...change })).not.toBe(keyOf(ENTRY));
  });

  it("tells what is to be held from what is to be bought", () => {
    const said = { order_name: "L", bar_at: "2026-01-15T14:25:00Z", symbol: "AAPL" };
    const keys = [
      { intent: "target", position: "5", ...said },
      { intent: "target", position: "-5", ...said },
      { intent: "exit", position: "long", ...said },
      { intent: "exit", position: "short", ...said },
      { intent: "exit", ...said },
      { intent: "cancel", ...said },
    ].map(keyOf);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys).not.toContain(undefined);
  });

  it("tells the orders that are meant where nothing is to be held and nothing is", () => {
    const circumstances = { orderName: "L", barAtMs: 0 };
    const keys = ["buy", "sell"].map((side) =>
      contentKey({
        instructions: [
          {
            action: "target",
            symbol: "SBIN",
            type: "market",
            position: ZERO,
            ifThere: { side: Side.parse(side), quantity: decimalOf("5") },
          },
        ],
        circumstances,
      }),
    );
    expect(new Set(keys).size).toBe(2);
  });

  it.each([
    ["the order's name", { id: undefined }],
    ["the bar's time", { time: undefined }],
  ])("is none without %s", (_, change) => {
    expect(keyOf({ ...ALERT, ...change })).toBeUndefined();
  });

  it.each(["flatten", "cancel"])("is none for what has no symbol: %s", (intent) => {
    expect(keyOf({ intent, order_name: "L", bar_at: "2026-01-15T14:25:00Z" })).toBeUndefined();
  });
});
