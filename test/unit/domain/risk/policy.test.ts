import { describe, expect, it } from "vitest";
import { Policy } from "../../../../src/domain/risk/policy.ts";

describe("a policy", () => {
  it("that says nothing sets no limit and denies entries while the broker does not answer", () => {
    expect(Policy.parse({})).toEqual({
      restricted_symbols: [],
      approval: "auto",
      when_circuit_open: "deny",
    });
  });

  it("keeps decimals in canonical spelling", () => {
    expect(Policy.parse({ max_quantity: "10.50", max_notional: 25_000 })).toEqual({
      restricted_symbols: [],
      max_quantity: "10.5",
      max_notional: "25000",
      approval: "auto",
      when_circuit_open: "deny",
    });
  });

  it.each([
    ["a misspelt limit", { max_qty: "10" }],
    ["a trading state, which is no limit", { trading_state: "halted" }],
    ["something else to do with entries while the broker is away", { when_circuit_open: "send" }],
    ["a limit of zero", { max_quantity: "0" }],
    ["a negative limit", { max_notional: "-1" }],
    ["no limit, written as null", { max_quantity: null }],
    ["an endless limit", { max_notional: Infinity }],
    ["a symbol that none can be", { symbols: ["AA PL"] }],
    ["too many symbols", { symbols: Array.from({ length: 501 }, (_, index) => `S${index}`) }],
    ["a maximum age of zero", { reference_price_max_age_sec: 0 }],
    ["a maximum age of more than a week", { reference_price_max_age_sec: 604_801 }],
    ["no maximum age", { reference_price_max_age_sec: "off" }],
    ["no limit in another word", { max_quantity: "none" }],
    ["no limit in the word for lists", { max_quantity: "any" }],
    ["any symbol in the word for limits", { symbols: "off" }],
    ["a count in fractions", { max_open_orders: 1.5 }],
    ["a count of zero", { max_orders_per_sec: 0 }],
    ["a window longer than an hour", { duplicate_order_window_sec: 3_601 }],
    ["repetitions without a window", { repeated_execution: { times: 3 } }],
    ["sessions in a zone that is not there", { trading_hours: { time_zone: "Mars/Olympus", sessions: [] } }],
    ["a maximum age in fractions", { reference_price_max_age_sec: 1.5 }],
  ])("is refused with %s", (_, fields) => {
    expect(Policy.safeParse(fields).success).toBe(false);
  });
});
