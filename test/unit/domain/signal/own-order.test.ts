import { describe, expect, it } from "vitest";
import { findUnfit, ownOrderIn } from "../../../../src/domain/signal/own-order.ts";
import { type SignalRead, readSignal } from "../../../../src/domain/signal/read.ts";
import { SignalSettings } from "../../../../src/domain/signal/settings.ts";

const SETTINGS = SignalSettings.parse({});

function read(body: string | object): SignalRead {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const signal = readSignal(text, SETTINGS);
  if (!signal.ok) throw new Error(JSON.stringify(signal.error));
  return signal.value;
}

const ORDER = { symbol: "AAPL", side: "buy", type: "limit", quantity: "10", limit_price: "187.25" };

describe("one order in the gateway's own format", () => {
  it("goes the short way, as it was written", () => {
    const full = { ...ORDER, time_in_force: "gtc", client_order_id: "mine", account: "paper", extended_hours: true };
    expect(ownOrderIn(read(full), SETTINGS)).toMatchObject(full);
  });

  it("has the defaults of an order where it says nothing", () => {
    expect(ownOrderIn(read(ORDER), SETTINGS)).toMatchObject({ ...ORDER, time_in_force: "day", extended_hours: false });
  });

  it.each([
    { symbol: "AAPL", side: "sell", type: "market", notional: "500" },
    { symbol: "AAPL", side: "sell", type: "stop", quantity: "1.5", stop_price: "180" },
    { symbol: "BTC/USD", side: "buy", type: "stop_limit", quantity: "1", stop_price: "180", limit_price: "181" },
  ])("keeps its size and prices: %o", (order) => {
    const own: Record<string, unknown> = { ...ownOrderIn(read(order), SETTINGS) };
    const { time_in_force: _t, extended_hours: _e, client_order_id: _c, account: _a, ...terms } = own;
    expect(Object.fromEntries(Object.entries(terms).filter(([, value]) => value !== undefined))).toEqual(order);
  });

  it.each<[string, string | object]>([
    ["an intent about a position", { intent: "enter", symbol: "AAPL", side: "buy", quantity: "1" }],
    ["an intent to cancel", { intent: "cancel" }],
    ["an order in another format", "BUY 10 AAPL"],
    ["several orders", "BUY 10 AAPL\nBUY 10 MSFT"],
  ])("is not %s", (_, body) => {
    expect(ownOrderIn(read(body), SETTINGS)).toBeUndefined();
  });
});

describe("an order of a source that asks for an age", () => {
  it("does not go the short way, which does not look at it", () => {
    expect(ownOrderIn(read(ORDER), SignalSettings.parse({ max_age_sec: 60 }))).toBeUndefined();
  });
});

describe("a signal that cannot be carried out as a whole", () => {
  const codesOf = (body: string | object) => findUnfit(read(body)).map(({ code }) => code);

  it.each<[string, string | object, string[]]>([
    ["is a test", { ticker: "AAPL", action: "buy", quantity: "1", test: true }, ["test_signal"]],
    ["leaves everything and then asks for more", "FLATTEN\nbuy 1 AAPL", ["sequence_unsupported"]],
  ])("%s", (_, body, codes) => {
    expect(codesOf(body)).toEqual(codes);
  });

  it.each([
    ["one thing in each of two symbols", "buy 1 AAPL\nbuy 1 MSFT"],
    ["several things in one symbol, one after the other", "close AAPL\nbuy 1 AAPL\nbuy 1 AAPL"],
    ["to leave everything", "FLATTEN"],
    ["one order", ORDER],
  ])("is not one that asks for %s", (_, body) => {
    expect(codesOf(body)).toEqual([]);
  });

  it("is not one that cancels in a symbol first, which nothing has to wait for", () => {
    const buy = read("buy 1 AAPL").instructions;
    const both = { ...read("cancel all"), instructions: [{ action: "cancel", symbol: "AAPL" }, ...buy] as const };
    expect(findUnfit(both)).toEqual([]);
  });
});
