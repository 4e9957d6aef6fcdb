import { describe, expect, it } from "vitest";
import { decimalOf } from "../../../src/domain/money.ts";
import { Settlement, checkSettlement } from "../../../src/domain/settlement.ts";
import { anOrder } from "../../support/builders.ts";

const ten = anOrder({ delivery: "unknown", outcome: "unknown", attempts: 1 });
const partly = { ...ten, filled_quantity: decimalOf("4") };
const byNotional = { ...ten, quantity: undefined };

describe("what is wrong with an operator's word names the figure it is held against", () => {
  it.each<[string, Parameters<typeof checkSettlement>[0], object, string]>([
    ["a negative fill", ten, { status: "canceled", filled_quantity: "-1" }, "must not be negative"],
    ["a negative fill after others", partly, { status: "canceled", filled_quantity: "-1" }, "must not be negative"],
    [
      "less than is known",
      partly,
      { status: "canceled", filled_quantity: "3" },
      "must not be less than the 4 the broker has reported",
    ],
    ["filled in part", ten, { status: "filled", filled_quantity: "9" }, "must be the whole quantity, 10, when filled"],
    [
      "filled and more",
      ten,
      { status: "filled", filled_quantity: "11" },
      "must be the whole quantity, 10, when filled",
    ],
    [
      "canceled with all of it filled",
      ten,
      { status: "canceled", filled_quantity: "10" },
      "must be less than the whole quantity, 10, when canceled",
    ],
    [
      "expired with more than all of it filled",
      ten,
      { status: "expired", filled_quantity: "11" },
      "must be less than the whole quantity, 10, when expired",
    ],
    ["rejected with fills", ten, { status: "rejected", filled_quantity: "1" }, "must be 0 when rejected"],
    [
      "money that bought nothing",
      byNotional,
      { status: "filled", filled_quantity: "0", average_price: undefined },
      "must be more than 0 when filled",
    ],
  ])("%s", (_, order, words, message) => {
    const settlement = Settlement.parse({ outcome: "placed", average_price: "1", reason: "seen", ...words });
    const checked = checkSettlement(order, settlement);
    expect(checked).toEqual({ ok: false, error: { pointer: "/filled_quantity", code: "invalid_field", message } });
  });
});
