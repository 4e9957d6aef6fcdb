import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ZERO, absolute, add, compare, decimalOf, isZero, lessThan, subtract } from "../../../../src/domain/money.ts";
import { signOf } from "../../../../src/domain/order.ts";
import { isReduction } from "../../../../src/domain/risk/facts.ts";
import { aMarketIntent, someFacts } from "../../../support/builders.ts";

describe("a reduction", () => {
  it.each([
    ["closes all of a long position", "sell", "10", "10", "0"],
    ["closes a part of a long position", "sell", "1", "10", "0"],
    ["closes all of a short position", "buy", "10", "-10", "0"],
    ["closes what the working orders leave", "sell", "6", "10", "4"],
    ["closes the smallest part", "sell", "0.000000001", "0.000000001", "0"],
  ] as const)("%s (%s %s of %s, %s working)", (_, side, quantity, position, workingSameSide) => {
    expect(isReduction(aMarketIntent({ side, quantity }), someFacts({ position, workingSameSide }))).toBe(true);
  });

  it.each([
    ["sells without a position", "sell", "1", "0", "0"],
    ["buys without a position", "buy", "1", "0", "0"],
    ["adds to a long position", "buy", "1", "10", "0"],
    ["adds to a short position", "sell", "1", "-10", "0"],
    ["sells more than is held", "sell", "10.000000001", "10", "0"],
    ["buys back more than is owed", "buy", "10.000000001", "-10", "0"],
    ["sells more than the working orders leave", "sell", "6.000000001", "10", "4"],
    ["sells while the working orders sell everything", "sell", "0.000000001", "10", "10"],
    ["sells while the working orders sell more than everything", "sell", "1", "10", "12"],
  ] as const)("is no order that %s (%s %s of %s, %s working)", (_, side, quantity, position, workingSameSide) => {
    expect(isReduction(aMarketIntent({ side, quantity }), someFacts({ position, workingSameSide }))).toBe(false);
  });

  it("is no order by notional: nobody knows how many units it sells", () => {
    const intent = aMarketIntent({ side: "sell", quantity: undefined, notional: "1" });
    expect(isReduction(intent, someFacts({ position: "1000" }))).toBe(false);
  });

  it("is no order beside one by amount: nobody knows how many units that one sells", () => {
    const facts = { ...someFacts({ position: "1000" }), onItsWay: { units: ZERO, hasAmounts: true } };
    expect(isReduction(aMarketIntent({ side: "sell", quantity: "1" }), facts)).toBe(false);
  });

  it("is an exit beside orders that wait for a person: nothing of those can fill before it has been looked at again", () => {
    const facts = {
      ...someFacts({ position: "10", workingSameSide: "15" }),
      onItsWay: { units: ZERO, hasAmounts: false },
    };
    expect(isReduction(aMarketIntent({ side: "sell", quantity: "10" }), facts)).toBe(true);
  });

  it("never turns a position around and never grows it, even if all that works on its side fills first", () => {
    const units = fc.integer({ min: 0, max: 40 }).map((halves) => decimalOf(String(halves / 2)));
    const positions = fc.integer({ min: -40, max: 40 }).map((halves) => decimalOf(String(halves / 2)));
    fc.assert(
      fc.property(fc.constantFrom("buy", "sell"), units, positions, units, (side, quantity, position, working) => {
        fc.pre(!isZero(quantity));
        const holdings = someFacts({ position, workingSameSide: working });
        if (!isReduction({ side, quantity }, holdings)) return;
        const after = add(position, add(signOf(side, working), signOf(side, quantity)));
        expect(lessThan(absolute(after), absolute(position))).toBe(true);
        expect(isZero(after) || compare(after, "0" as never) === compare(position, "0" as never)).toBe(true);
        expect(isZero(subtract(absolute(position), absolute(after)))).toBe(false);
      }),
    );
  });
});
