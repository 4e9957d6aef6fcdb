import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decimalOf, greaterThan, isPositive } from "../../../src/domain/money.ts";
import { Settlement, checkSettlement } from "../../../src/domain/settlement.ts";
import { anOrder } from "../../support/builders.ts";

const REASON = "seen on the broker's own screen";
const placed = (overrides: object = {}) => ({
  outcome: "placed",
  status: "filled",
  filled_quantity: "10",
  average_price: "187.2",
  reason: REASON,
  ...overrides,
});

const unknown = anOrder({ delivery: "unknown", outcome: "unknown", attempts: 1 });
const byNotional = anOrder({
  ...unknown,
  type: "market",
  quantity: undefined,
  limit_price: undefined,
  notional: "500",
});

/** What is wrong with these words about an order, or `undefined`. */
function problemOf(words: object, order: Parameters<typeof checkSettlement>[0] = unknown) {
  const checked = checkSettlement(order, Settlement.parse(words));
  return checked.ok ? undefined : checked.error;
}

describe("an operator's word", () => {
  it.each([
    ["that it was never placed", { outcome: "not_placed", reason: REASON }],
    ["that it was filled", placed()],
    [
      "that it was canceled without a fill",
      placed({ status: "canceled", filled_quantity: "0", average_price: undefined }),
    ],
    ["that it was canceled with fills", placed({ status: "canceled", filled_quantity: "9.999999999" })],
    ["that it expired with fills", placed({ status: "expired", filled_quantity: "4" })],
    ["that it was rejected", placed({ status: "rejected", filled_quantity: "0", average_price: undefined })],
    ["with the broker's id", placed({ venue_order_id: "venue-1" })],
  ])("%s is taken", (_, words) => {
    expect(problemOf(words)).toBeUndefined();
  });

  it.each([
    ["without a reason", placed({ reason: undefined })],
    ["with a blank reason", placed({ reason: "  " })],
    ["with a reason too long to read", placed({ reason: "x".repeat(501) })],
    ["without an outcome", { reason: REASON }],
    ["that it still lives", placed({ status: "new" })],
    ["that it was denied, which is ours to say", placed({ status: "denied" })],
    ["without a filled quantity", placed({ filled_quantity: undefined })],
    ["with an average price of zero", placed({ average_price: "0" })],
    ["with a filled quantity that is no decimal", placed({ filled_quantity: "1e3" })],
    ["with a field that does not exist", placed({ price: "187" })],
    ["that it was never placed, with fills", { outcome: "not_placed", reason: REASON, filled_quantity: "1" }],
  ])("%s cannot be read", (_, words) => {
    expect(Settlement.safeParse(words).success).toBe(false);
  });

  it.each([
    ["filled less than was ordered", placed({ filled_quantity: "9" }), "/filled_quantity"],
    ["filled more than was ordered", placed({ filled_quantity: "11" }), "/filled_quantity"],
    ["canceled with all of it filled", placed({ status: "canceled" }), "/filled_quantity"],
    [
      "expired with more than all of it filled",
      placed({ status: "expired", filled_quantity: "11" }),
      "/filled_quantity",
    ],
    ["rejected with fills", placed({ status: "rejected", filled_quantity: "1" }), "/filled_quantity"],
    [
      "a negative fill",
      placed({ status: "canceled", filled_quantity: "-1", average_price: undefined }),
      "/filled_quantity",
    ],
    ["fills without a price", placed({ average_price: undefined }), "/average_price"],
    ["a price without fills", placed({ status: "canceled", filled_quantity: "0" }), "/average_price"],
  ])("is refused, and says which field is wrong: %s", (_, words, pointer) => {
    expect(problemOf(words)?.pointer).toBe(pointer);
  });

  it("cannot take back what the broker has reported", () => {
    const partly = { ...unknown, filled_quantity: decimalOf("4") };
    expect(problemOf({ outcome: "not_placed", reason: REASON }, partly)?.pointer).toBe("/outcome");
    expect(problemOf(placed({ status: "canceled", filled_quantity: "3" }), partly)?.pointer).toBe("/filled_quantity");
    expect(problemOf(placed({ status: "canceled", filled_quantity: "4" }), partly)).toBeUndefined();
  });

  it.each([
    ["filled with some units", placed({ filled_quantity: "2.67" }), undefined],
    ["filled with none", placed({ filled_quantity: "0", average_price: undefined }), "/filled_quantity"],
    ["canceled with some units", placed({ status: "canceled", filled_quantity: "2.67" }), undefined],
  ])("about an order by notional, whose units nobody knew: %s", (_, words, pointer) => {
    expect(problemOf(words, byNotional)?.pointer).toBe(pointer);
  });

  it("that is taken never fills more than was ordered, and names a price exactly for what was filled", () => {
    const halves = fc.integer({ min: -4, max: 24 }).map((count) => String(count / 2));
    const words = fc.record({
      status: fc.constantFrom("filled", "canceled", "expired", "rejected"),
      filled_quantity: halves,
      average_price: fc.constantFrom("187.2", undefined),
    });
    fc.assert(
      fc.property(words, (some) => {
        const settlement = Settlement.parse(placed(some));
        if (!checkSettlement(unknown, settlement).ok || settlement.outcome !== "placed") return;
        expect(greaterThan(settlement.filled_quantity, decimalOf("10"))).toBe(false);
        expect(isPositive(settlement.filled_quantity)).toBe(settlement.average_price !== undefined);
        expect(settlement.filled_quantity === "10").toBe(settlement.status === "filled");
      }),
    );
  });
});
