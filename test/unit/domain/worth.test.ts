import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { absolute, decimalOf, lessThan, sum } from "../../../src/domain/money.ts";
import { worstExposureOf } from "../../../src/domain/portfolio.ts";
import { type Words, worthAtWorst, worthShown } from "../../../src/domain/worth.ts";
import { NOW_MS, aHolding, aTrade } from "../../support/builders.ts";

const MINUTE = 60_000;

/** 10 AAPL that the broker has valued at 1875 a second ago, and nothing traded. */
const someWords = (overrides: Partial<Words> = {}): Words => ({
  holdings: [aHolding()],
  asOfMs: NOW_MS - 1_000,
  lastTrades: new Map(),
  nowMs: NOW_MS,
  ...overrides,
});
const traded = (price: string, heardAtMs = NOW_MS, atMs = heardAtMs) =>
  new Map([["AAPL", { ...aTrade(price, atMs), heardAtMs }]]);

/** What 10 units come to at worst. */
const tenAtWorst = (words: Words, own: Words["lastTrades"] = new Map()) =>
  worstExposureOf({ positions: new Map([["AAPL", decimalOf("10")]]), orders: [] }, worthAtWorst(words, own)).gross;

describe("what a symbol is worth to a decision", () => {
  it.each<[string, string, Partial<Words>]>([
    ["the broker's value, where nobody has asked for more", "1875", {}],
    ["the last trade, where it is dearer", "15000", { lastTrades: traded("1500") }],
    ["the broker's value, where that is dearer", "1875", { lastTrades: traded("18.75") }],
    ["the last trade, where the broker has no value", "1000", { holdings: [], lastTrades: traded("100") }],
    [
      "the last trade, where the broker's value is nothing",
      "1000",
      { holdings: [aHolding({ market_value: "0" })], lastTrades: traded("100") },
    ],
  ])("is %s", (_, money, words) => {
    expect(tenAtWorst(someWords(words))).toBe(money);
  });

  it("is not known from a list that is more than five minutes old, or was never told", () => {
    expect(tenAtWorst(someWords({ asOfMs: NOW_MS - 5 * MINUTE }))).toBe("1875");
    expect(tenAtWorst(someWords({ asOfMs: NOW_MS - 5 * MINUTE - 1 }))).toBeNull();
    expect(tenAtWorst(someWords({ asOfMs: null }))).toBeNull();
    expect(tenAtWorst(someWords({ asOfMs: NOW_MS - 60 * MINUTE, lastTrades: traded("100") }))).toBe("1000");
  });

  it("is not known from a trade that the broker has not named as the last one for five minutes", () => {
    const holdings = [] as const;
    expect(tenAtWorst(someWords({ holdings, lastTrades: traded("100", NOW_MS - 5 * MINUTE) }))).toBe("1000");
    expect(tenAtWorst(someWords({ holdings, lastTrades: traded("100", NOW_MS - 5 * MINUTE - 1) }))).toBeNull();
  });

  it("is that of a trade of days ago, where the broker says now that there was none since", () => {
    const lastTrades = traded("100", NOW_MS, NOW_MS - 5_000 * MINUTE);
    expect(tenAtWorst(someWords({ holdings: [], lastTrades }))).toBe("1000");
  });

  it("is not known from a trade that is dated ahead, or has no price", () => {
    const ahead = traded("100", NOW_MS, NOW_MS + MINUTE + 1);
    expect(tenAtWorst(someWords({ holdings: [], lastTrades: ahead }))).toBeNull();
    expect(tenAtWorst(someWords({ holdings: [], lastTrades: traded("0") }))).toBeNull();
  });

  it("is known from the price that its order is measured with, however long ago that was heard", () => {
    const own = traded("200", NOW_MS - 60 * MINUTE);
    expect(tenAtWorst(someWords({ holdings: [] }), own)).toBe("2000");
    expect(tenAtWorst(someWords(), own)).toBe("2000");
  });

  it("is no price to the digit where the broker's value divides into none", () => {
    expect(tenAtWorst(someWords({ holdings: [aHolding({ quantity: "3", market_value: "100" })] }))).toBe(
      "333.333333333",
    );
  });

  const price = fc.integer({ min: 1, max: 500 });
  const units = fc.integer({ min: -50, max: 50 });

  it("is never counted for less than it comes to at any prices in between", () => {
    const symbol = fc.record({ units, valued: price, traded: price, where: fc.integer({ min: 0, max: 10 }) });
    fc.assert(
      fc.property(fc.array(symbol, { maxLength: 5 }), (symbols) => {
        const named = symbols.map((one, at) => ({ ...one, name: `S${at}` }));
        const words = someWords({
          holdings: named.map((one) => aHolding({ symbol: one.name, quantity: "1", market_value: String(one.valued) })),
          lastTrades: new Map(named.map((one) => [one.name, aTrade(String(one.traded), NOW_MS)])),
        });
        const positions = new Map(named.map((one) => [one.name, decimalOf(String(one.units))]));
        const worst = worstExposureOf({ positions, orders: [] }, worthAtWorst(words, new Map()));
        const worths = named.map((one) => {
          const between = one.valued + ((one.traded - one.valued) * one.where) / 10;
          return decimalOf((one.units * between).toFixed(6));
        });
        expect(lessThan(worst.gross ?? decimalOf("0"), sum(worths.map(absolute)))).toBe(false);
        expect(lessThan(worst.net ?? decimalOf("0"), absolute(sum(worths)))).toBe(false);
      }),
    );
  });
});

describe("what a symbol is shown to be worth", () => {
  const shown = (words: Words) => worthShown(words)("AAPL")?.most.money;

  it("is the broker's value, which says as of when it is, or else the last trade", () => {
    expect(shown(someWords({ lastTrades: traded("1500") }))).toBe("1875");
    expect(shown(someWords({ asOfMs: NOW_MS - 600 * MINUTE }))).toBe("1875");
    expect(shown(someWords({ holdings: [], lastTrades: traded("1500") }))).toBe("1500");
    expect(shown(someWords({ holdings: [], lastTrades: traded("1500", NOW_MS - 6 * MINUTE) }))).toBeUndefined();
  });
});
