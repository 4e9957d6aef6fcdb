import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Position, applyFill, flatPosition } from "../../../../src/brokers/paper/position.ts";
import { ZERO, add, decimalOf, divide, multiply, subtract } from "../../../../src/domain/money.ts";

/** The position after fills written as `units@price`. */
const after = (...fills: string[]): Position =>
  fills.reduce((position, fill) => {
    const [units = "", price = ""] = fill.split("@");
    return applyFill(position, { units: decimalOf(units), price: decimalOf(price) });
  }, flatPosition("AAPL"));

describe("applyFill", () => {
  it.each([
    ["a purchase opens a long position at its price", ["10@187.5"], "10", "1875"],
    ["a second purchase adds its own cost", ["10@187.5", "5@190"], "15", "2825"],
    ["a partial sale takes its share of the cost", ["10@100", "10@110", "-5@200"], "15", "1575"],
    ["a sale of everything leaves nothing", ["10@187.5", "-10@3"], "0", "0"],
    ["a sale of more than is held opens a short position at its price", ["10@100", "-15@120"], "-5", "-600"],
    ["a sale from nothing opens a short position", ["-5@120"], "-5", "-600"],
    ["a further sale adds to a short position", ["-5@120", "-5@130"], "-10", "-1250"],
    ["a partial cover takes its share of the proceeds", ["-10@120", "4@50"], "-6", "-720"],
    ["a purchase of more than is short opens a long position at its price", ["-5@120", "8@90"], "3", "270"],
    ["fractions of units are exact", ["0.1@0.1", "0.2@0.1"], "0.3", "0.03"],
  ])("%s", (_, fills, quantity, costBasis) => {
    expect(after(...fills)).toEqual({ symbol: "AAPL", quantity, costBasis });
  });

  it("keeps the exact average price over purchases, whatever their number and size", () => {
    const units = fc.integer({ min: 1, max: 1_000_000 }).map((value) => decimalOf(String(value)));
    const price = fc
      .integer({ min: 1, max: 10_000_000 })
      .map((cents) => divide(decimalOf(String(cents)), decimalOf("100")));
    fc.assert(
      fc.property(fc.array(fc.record({ units, price }), { minLength: 1, maxLength: 30 }), (fills) => {
        const position = fills.reduce(applyFill, flatPosition("AAPL"));
        const cost = fills.reduce((sum, fill) => add(sum, multiply(fill.units, fill.price)), ZERO);
        const held = fills.reduce((sum, fill) => add(sum, fill.units), ZERO);
        expect(subtract(position.costBasis, cost)).toBe("0");
        expect(divide(position.costBasis, position.quantity)).toBe(divide(cost, held));
      }),
    );
  });
});
