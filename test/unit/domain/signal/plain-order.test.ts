import { describe, expect, it } from "vitest";
import { decimalOf } from "../../../../src/domain/money.ts";
import type { Size, SizeUnit } from "../../../../src/domain/signal/instruction.ts";
import { type PlainInstruction, plainOrder } from "../../../../src/domain/signal/plain-order.ts";
import { anInstrument } from "../../../support/builders.ts";

const size = (by: SizeUnit, value: string): Size => ({ by, value: decimalOf(value) });

const FACTS = {
  price: decimalOf("200"),
  equity: decimalOf("100000"),
  buyingPower: decimalOf("50000"),
  position: decimalOf("40"),
  instrument: anInstrument({ lot_size: "1", price_increment: "0.01" }),
};

const plan = (
  instruction: Partial<PlainInstruction>,
  facts: Partial<typeof FACTS> | { price: undefined } | { equity: undefined } = {},
  defaultSize: Size | null = null,
) => {
  const whole: PlainInstruction = { action: "buy", symbol: "AAPL", type: "market", ...instruction };
  return plainOrder(whole, defaultSize, { ...FACTS, ...facts });
};

describe("a plain purchase or sale", () => {
  it.each<[Size, string, string]>([
    [size("quantity", "10"), "10", "10"],
    [size("notional", "1000"), "5", "notional 1000; 1000 / 200 = 5"],
    [size("percent_of_equity", "5"), "25", "5 % of equity 100000 = 5000; 5000 / 200 = 25"],
    [size("percent_of_buying_power", "1"), "2", "down to 2 (lot 1)"],
    [size("percent_of_position", "25"), "10", "25 % of 40 held = 10"],
  ])("is of as many units as its size comes to: %o", (wanted, quantity, arithmetic) => {
    expect(plan({ size: wanted })).toMatchObject({
      ok: true,
      value: { order: { symbol: "AAPL", side: "buy", quantity }, arithmetic: expect.stringContaining(arithmetic) },
    });
  });

  it("takes the source's size where it has none, and its own where it has one", () => {
    const ofSource = size("quantity", "3");
    expect(plan({}, {}, ofSource)).toMatchObject({ value: { order: { quantity: "3" } } });
    expect(plan({ size: size("quantity", "4") }, {}, ofSource)).toMatchObject({ value: { order: { quantity: "4" } } });
    expect(plan({})).toMatchObject({ ok: false, error: { code: "no_size" } });
  });

  it("sells more than is held where it says so: that is a short sale", () => {
    const planned = plan({ action: "sell", size: size("quantity", "50") });
    expect(planned).toMatchObject({ value: { order: { side: "sell", quantity: "50" } } });
  });

  it("has prices on the tick, counted from the market where they are distances", () => {
    const limit_price = { distance: decimalOf("0.333"), unit: "percent" } as const;
    expect(plan({ type: "limit", limit_price, size: size("quantity", "1") })).toMatchObject({
      value: { order: { type: "limit", limit_price: "199.33", stop_price: undefined, time_in_force: "day" } },
    });
  });

  it("sizes by its own limit where that is better than the market", () => {
    const limit_price = { at: decimalOf("100") };
    expect(plan({ type: "limit", limit_price, size: size("notional", "1000") })).toMatchObject({
      value: { order: { quantity: "10" } },
    });
  });

  it.each<[string, Partial<PlainInstruction>, Parameters<typeof plan>[1], string]>([
    ["the price", { size: size("notional", "1000") }, { price: undefined }, "price_unknown"],
    ["the equity", { size: size("percent_of_equity", "5") }, { equity: undefined }, "equity_unknown"],
    ["the limit", { type: "limit", size: size("quantity", "1") }, {}, "limit_price_missing"],
    ["a whole lot", { size: size("quantity", "0.5") }, {}, "below_minimum"],
  ])("comes to nothing without %s", (_, instruction, facts, code) => {
    expect(plan(instruction, facts)).toMatchObject({ ok: false, error: { code } });
  });

  it("takes its take profit and its stop loss along, counted from where it is expected to trade", () => {
    const legs: Partial<PlainInstruction> = {
      take_profit: { limit_price: { distance: decimalOf("10"), unit: "percent" } },
      stop_loss: { stop_price: { at: decimalOf("180") }, limit_price: { at: decimalOf("179.5") } },
    };
    expect(plan({ ...legs, size: size("quantity", "1") })).toMatchObject({
      value: {
        order: {
          quantity: "1",
          take_profit: { limit_price: "220" },
          stop_loss: { stop_price: "180", limit_price: "179.5" },
        },
      },
    });
  });

  it("may be sized by what its stop loss would lose", () => {
    const stop_loss = { stop_price: { at: decimalOf("180") } };
    expect(plan({ stop_loss, size: size("risk_amount", "100") })).toMatchObject({
      value: { order: { quantity: "5" } },
    });
  });

  it("is for whole units where it has legs", () => {
    const stop_loss = { stop_price: { at: decimalOf("180") } };
    const instrument = anInstrument();
    expect(plan({ stop_loss, size: size("notional", "1050") }, { instrument })).toMatchObject({
      value: { order: { quantity: "5" }, arithmetic: expect.stringContaining("down to 5 (lot 1)") },
    });
  });
});
