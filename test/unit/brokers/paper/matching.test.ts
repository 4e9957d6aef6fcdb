import { describe, expect, it } from "vitest";
import { matchOrder, remainingAt } from "../../../../src/brokers/paper/matching.ts";
import { type Decimal, ZERO, decimalOf } from "../../../../src/domain/money.ts";

type Terms = Parameters<typeof matchOrder>[0];

const anOrder = (overrides: Partial<Terms> = {}): Terms => ({
  side: "buy",
  timeInForce: "day",
  quantity: decimalOf("10"),
  notional: null,
  limitPrice: null,
  stopPrice: null,
  triggered: overrides.stopPrice === undefined,
  filledQuantity: ZERO,
  filledCost: ZERO,
  ...overrides,
});

const d = decimalOf;
const at = (lastPrice: string, maxFillQuantity?: string) => ({
  lastPrice: d(lastPrice),
  maxFillQuantity: maxFillQuantity === undefined ? undefined : d(maxFillQuantity),
});
const fillAt = (price: string, quantity = "10") => ({
  outcome: "fills",
  quantity: d(quantity),
  price: d(price),
  leaves: "0",
  status: "filled",
});
const waiting = { outcome: "rests", triggered: false };
const resting = { outcome: "rests", triggered: true };

describe("a market order", () => {
  it("fills whole at the last price", () => {
    expect(matchOrder(anOrder(), at("187.5"))).toEqual(fillAt("187.5"));
  });

  it("by notional is filled with as many units as the money buys, cut after 9 decimals", () => {
    const order = anOrder({ quantity: null, notional: d("1000") });
    expect(matchOrder(order, at("187.5"))).toEqual(fillAt("187.5", "5.333333333"));
  });
});

describe("a limit order", () => {
  it.each([
    ["buy", "100", "100", "at the limit"],
    ["buy", "100", "99.99", "below the limit"],
    ["sell", "100", "100", "at the limit"],
    ["sell", "100", "100.01", "above the limit"],
  ] as const)("to %s at %s fills at a last price of %s, which is %s", (side, limit, last, _where) => {
    expect(matchOrder(anOrder({ side, limitPrice: d(limit) }), at(last))).toEqual(fillAt(last));
  });

  it.each([
    ["buy", "100.01"],
    ["sell", "99.99"],
  ] as const)("to %s rests while the last price is worse than its limit", (side, last) => {
    expect(matchOrder(anOrder({ side, limitPrice: d("100") }), at(last))).toEqual(resting);
  });

  it("compares prices as decimals, not as text or floats", () => {
    expect(matchOrder(anOrder({ limitPrice: d("9.5") }), at("10"))).toEqual(resting);
    expect(matchOrder(anOrder({ limitPrice: d("123456789012345.1") }), at("123456789012345.11"))).toEqual(resting);
  });

  it.each(["ioc", "fok"] as const)("that is %s cancels where another would rest", (timeInForce) => {
    expect(matchOrder(anOrder({ timeInForce, limitPrice: d("100") }), at("101"))).toEqual({ outcome: "cancels" });
  });

  it.each(["ioc", "fok"] as const)("that is %s fills where another would fill", (timeInForce) => {
    expect(matchOrder(anOrder({ timeInForce, limitPrice: d("100") }), at("99"))).toEqual(fillAt("99"));
  });
});

describe("a stop order", () => {
  it.each([
    ["buy", "99.99"],
    ["sell", "100.01"],
  ] as const)("to %s waits while the last price has not reached its stop price", (side, last) => {
    expect(matchOrder(anOrder({ side, stopPrice: d("100") }), at(last))).toEqual(waiting);
  });

  it.each([
    ["buy", "100"],
    ["buy", "104"],
    ["sell", "100"],
    ["sell", "96"],
  ] as const)("to %s fills at %s, the last price that reached its stop price of 100", (side, last) => {
    expect(matchOrder(anOrder({ side, stopPrice: d("100") }), at(last))).toEqual(fillAt(last));
  });

  it("that is ioc waits for its stop price like any other", () => {
    expect(matchOrder(anOrder({ timeInForce: "ioc", stopPrice: d("100") }), at("99"))).toEqual(waiting);
  });
});

describe("a stop limit order", () => {
  const stopLimit = (overrides: Partial<Terms> = {}) =>
    anOrder({ stopPrice: d("100"), limitPrice: d("101"), triggered: false, ...overrides });

  it("does not fill at its limit before its stop price was reached", () => {
    expect(matchOrder(stopLimit(), at("99"))).toEqual(waiting);
  });

  it("fills at once when its stop price is reached within its limit", () => {
    expect(matchOrder(stopLimit(), at("100.5"))).toEqual(fillAt("100.5"));
  });

  it("rests as a limit order when the price jumped past its limit", () => {
    expect(matchOrder(stopLimit(), at("102"))).toEqual(resting);
  });

  it("fills within its limit once triggered, also back below its stop price", () => {
    expect(matchOrder(stopLimit({ triggered: true }), at("99"))).toEqual(fillAt("99"));
  });

  it("that is ioc cancels when the price jumped past its limit", () => {
    expect(matchOrder(stopLimit({ timeInForce: "ioc" }), at("102"))).toEqual({ outcome: "cancels" });
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
    const order = anOrder({ quantity: null, notional: notional as Decimal });
    expect(remainingAt(order, d(price))).toBe(quantity);
  });

  it("that was filled in part is what the rest of the money buys", () => {
    const order = anOrder({ quantity: null, notional: d("1000"), filledQuantity: d("4"), filledCost: d("700") });
    expect(remainingAt(order, d("200"))).toBe("1.5");
  });
});

describe("a market that gives one order only so many units at a time", () => {
  it("fills a larger order in part", () => {
    expect(matchOrder(anOrder(), at("187.5", "4"))).toEqual({
      outcome: "fills",
      quantity: "4",
      price: "187.5",
      leaves: "6",
      status: "partially_filled",
    });
  });

  it("fills no more than what is left of an order that was filled in part", () => {
    const order = anOrder({ filledQuantity: d("8"), filledCost: d("1500") });
    expect(matchOrder(order, at("187.5", "4"))).toEqual(fillAt("187.5", "2"));
  });

  it.each(["10", "10.5"])("fills 10 units whole when it gives %s", (quantity) => {
    expect(matchOrder(anOrder(), at("187.5", quantity))).toEqual(fillAt("187.5"));
  });

  it("fills an ioc order with what it gives and cancels the rest", () => {
    const order = anOrder({ timeInForce: "ioc", limitPrice: d("190") });
    expect(matchOrder(order, at("187.5", "4"))).toMatchObject({ quantity: "4", leaves: "6", status: "canceled" });
  });

  it("cancels a fok order that it cannot fill whole", () => {
    const order = anOrder({ timeInForce: "fok", limitPrice: d("190") });
    expect(matchOrder(order, at("187.5", "9.999999999"))).toEqual({ outcome: "cancels" });
    expect(matchOrder(order, at("187.5", "10"))).toEqual(fillAt("187.5"));
  });

  it("fills a notional order in part, and counts what is left at this price", () => {
    const order = anOrder({ quantity: null, notional: d("1000") });
    expect(matchOrder(order, at("187.5", "5"))).toMatchObject({ quantity: "5", leaves: "0.333333333" });
  });

  it("cancels the rest of a notional that buys nothing any more", () => {
    const order = anOrder({ quantity: null, notional: d("1"), filledQuantity: d("2"), filledCost: d("0.999999999") });
    expect(matchOrder(order, at("123456789", "5"))).toEqual({ outcome: "cancels" });
  });

  it("keeps the rest of a limit order waiting while the price is worse than its limit", () => {
    const order = anOrder({ limitPrice: d("100"), filledQuantity: d("4"), filledCost: d("400") });
    expect(matchOrder(order, at("101", "4"))).toEqual(resting);
  });
});
