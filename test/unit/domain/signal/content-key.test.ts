import { describe, expect, it } from "vitest";
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
    ["more of it in the same bar", { contracts: "5" }],
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
    ["a position to hold", { position_size: "1" }],
    ["a way out", { market_position: "flat" }],
  ])("is another one for %s", (_, change) => {
    expect(keyOf({ ...ALERT, ...change })).not.toBe(keyOf(ALERT));
  });

  it.each([
    ["side", { side: "sell" }],
    ["intent", { intent: "reverse" }],
  ])("is another one for another %s", (_, change) => {
    expect(keyOf({ ...ENTRY, ...change })).not.toBe(keyOf(ENTRY));
  });

  it.each([
    ["size", { quantity: "5" }],
    ["unit of size", { quantity: undefined, notional: "1" }],
    ["type", { type: "limit", limit_price: "180" }],
    ["name of its own", { client_order_id: "morning" }],
  ])("is the same with another %s, for the content to be held against the first one's", (_, change) => {
    expect(keyOf({ ...ENTRY, ...change })).toBe(keyOf(ENTRY));
  });

  it("tells what is to be held from what is to be left, bought or canceled", () => {
    const said = { order_name: "L", bar_at: "2026-01-15T14:25:00Z", symbol: "AAPL" };
    const keys = [
      { intent: "target", position: "5", ...said },
      { intent: "exit", ...said },
      { intent: "add", ...said },
      { intent: "add", side: "buy", ...said },
      { intent: "cancel", ...said },
    ].map(keyOf);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys).not.toContain(undefined);
  });

  it("tells which way the strategy's order went where it is a position that is wanted", () => {
    const turned = { ...ALERT, contracts: undefined, market_position: "long", market_position_size: "1" };
    expect(keyOf({ ...turned, action: "sell" })).not.toBe(keyOf(turned));
    expect(keyOf({ ...turned, market_position: "short" })).toBe(keyOf(turned));
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
