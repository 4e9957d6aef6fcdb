import { describe, expect, it } from "vitest";
import { matchOrder, quantityAt } from "../../../../src/brokers/paper/matching.ts";
import { type Decimal, decimalOf } from "../../../../src/domain/money.ts";

type Terms = Parameters<typeof matchOrder>[0];

const anOrder = (overrides: Partial<Terms> = {}): Terms => ({
  side: "buy",
  timeInForce: "day",
  quantity: decimalOf("10"),
  notional: null,
  limitPrice: null,
  stopPrice: null,
  triggered: overrides.stopPrice === undefined,
  ...overrides,
});

const d = decimalOf;
const fillAt = (price: string, quantity = "10") => ({ outcome: "fills", quantity: d(quantity), price: d(price) });
const waiting = { outcome: "rests", triggered: false };
const resting = { outcome: "rests", triggered: true };

describe("a market order", () => {
  it("fills whole at the last price", () => {
    expect(matchOrder(anOrder(), d("187.5"))).toEqual(fillAt("187.5"));
  });

  it("by notional is filled with as many units as the money buys, cut after 9 decimals", () => {
    const order = anOrder({ quantity: null, notional: d("1000") });
    expect(matchOrder(order, d("187.5"))).toEqual(fillAt("187.5", "5.333333333"));
  });
});

describe("a limit order", () => {
  it.each([
    ["buy", "100", "100", "at the limit"],
    ["buy", "100", "99.99", "below the limit"],
    ["sell", "100", "100", "at the limit"],
    ["sell", "100", "100.01", "above the limit"],
  ] as const)("to %s at %s fills at a last price of %s, which is %s", (side, limit, last, _where) => {
    expect(matchOrder(anOrder({ side, limitPrice: d(limit) }), d(last))).toEqual(fillAt(last));
  });

  it.each([
    ["buy", "100.01"],
    ["sell", "99.99"],
  ] as const)("to %s rests while the last price is worse than its limit", (side, last) => {
    expect(matchOrder(anOrder({ side, limitPrice: d("100") }), d(last))).toEqual(resting);
  });

  it("compares prices as decimals, not as text or floats", () => {
    expect(matchOrder(anOrder({ limitPrice: d("9.5") }), d("10"))).toEqual(resting);
    expect(matchOrder(anOrder({ limitPrice: d("123456789012345.1") }), d("123456789012345.11"))).toEqual(resting);
  });

  it.each(["ioc", "fok"] as const)("that is %s cancels where another would rest", (timeInForce) => {
    expect(matchOrder(anOrder({ timeInForce, limitPrice: d("100") }), d("101"))).toEqual({ outcome: "cancels" });
  });

  it.each(["ioc", "fok"] as const)("that is %s fills where another would fill", (timeInForce) => {
    expect(matchOrder(anOrder({ timeInForce, limitPrice: d("100") }), d("99"))).toEqual(fillAt("99"));
  });
});

describe("a stop order", () => {
  it.each([
    ["buy", "99.99"],
    ["sell", "100.01"],
  ] as const)("to %s waits while the last price has not reached its stop price", (side, last) => {
    expect(matchOrder(anOrder({ side, stopPrice: d("100") }), d(last))).toEqual(waiting);
  });

  it.each([
    ["buy", "100"],
    ["buy", "104"],
    ["sell", "100"],
    ["sell", "96"],
  ] as const)("to %s fills at %s, the last price that reached its stop price of 100", (side, last) => {
    expect(matchOrder(anOrder({ side, stopPrice: d("100") }), d(last))).toEqual(fillAt(last));
  });

  it("that is ioc waits for its stop price like any other", () => {
    expect(matchOrder(anOrder({ timeInForce: "ioc", stopPrice: d("100") }), d("99"))).toEqual(waiting);
  });
});

describe("a stop limit order", () => {
  const stopLimit = (overrides: Partial<Terms> = {}) =>
    anOrder({ stopPrice: d("100"), limitPrice: d("101"), triggered: false, ...overrides });

  it("does not fill at its limit before its stop price was reached", () => {
    expect(matchOrder(stopLimit(), d("99"))).toEqual(waiting);
  });

  it("fills at once when its stop price is reached within its limit", () => {
    expect(matchOrder(stopLimit(), d("100.5"))).toEqual(fillAt("100.5"));
  });

  it("rests as a limit order when the price jumped past its limit", () => {
    expect(matchOrder(stopLimit(), d("102"))).toEqual(resting);
  });

  it("fills within its limit once triggered, also back below its stop price", () => {
    expect(matchOrder(stopLimit({ triggered: true }), d("99"))).toEqual(fillAt("99"));
  });

  it("that is ioc cancels when the price jumped past its limit", () => {
    expect(matchOrder(stopLimit({ timeInForce: "ioc" }), d("102"))).toEqual({ outcome: "cancels" });
  });
});

describe("the quantity of a notional order", () => {
  it.each([
    ["100", "3", "33.333333333"],
    ["1000", "999.999999999", "1"],
    // A quotient rounded to nearest anywhere on the way would be 1, and cost more than there is.
    ["0.999999999999999999", "1", "0.999999999"],
    ["0.01", "123456789", "0"],
    ["187.5", "187.5", "1"],
  ])("of %s dollars at %s is %s", (notional, price, quantity) => {
    expect(quantityAt({ quantity: null, notional: notional as Decimal }, d(price))).toBe(quantity);
  });
});
