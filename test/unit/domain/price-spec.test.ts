import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Instrument, isOnTick, tickAt } from "../../../src/domain/instrument.ts";
import { type Decimal, absolute, add, decimalOf, lessThan, multiply, subtract } from "../../../src/domain/money.ts";
import type { Side } from "../../../src/domain/order.ts";
import { type PriceFacts, type PriceRole, isBeyond, resolvePrice } from "../../../src/domain/price-spec.ts";
import { assert } from "../../../src/domain/result.ts";
import type { PriceSpec } from "../../../src/domain/signal/instruction.ts";
import { anInstrument } from "../../support/builders.ts";

const EQUITY = anInstrument({ lot_size: "1", price_increment: null });

const at = (price: string): PriceSpec => ({ at: decimalOf(price) });
const amount = (distance: string): PriceSpec => ({ distance: decimalOf(distance), unit: "amount" });
const percent = (distance: string): PriceSpec => ({ distance: decimalOf(distance), unit: "percent" });

const someFacts = (overrides: Partial<PriceFacts> = {}): PriceFacts => ({
  role: "limit",
  side: "buy",
  from: decimalOf("187.5"),
  instrument: EQUITY,
  ...overrides,
});

const ROLES: readonly PriceRole[] = ["limit", "stop", "take_profit", "stop_loss"];
const SIDES: readonly Side[] = ["buy", "sell"];

describe("a distance", () => {
  it.each<[PriceRole, Side, string]>([
    ["limit", "buy", "186"],
    ["limit", "sell", "189"],
    ["stop", "buy", "189"],
    ["stop", "sell", "186"],
    ["take_profit", "buy", "189"],
    ["take_profit", "sell", "186"],
    ["stop_loss", "buy", "186"],
    ["stop_loss", "sell", "189"],
  ])("of 1.5 is, for the %s of a %s order at 187.5, the price %s", (role, side, expected) => {
    expect(resolvePrice(amount("1.5"), someFacts({ role, side }))).toEqual({ ok: true, value: expected });
    expect(resolvePrice(percent("0.8"), someFacts({ role, side }))).toEqual({ ok: true, value: expected });
  });

  it("of nothing is a limit at the market, and no place for a stop", () => {
    expect(resolvePrice(amount("0"), someFacts())).toEqual({ ok: true, value: "187.5" });
    expect(resolvePrice(percent("0"), someFacts({ role: "stop" }))).toMatchObject({
      error: { code: "distance_too_small" },
    });
  });

  it("of less than a tick leaves no room for a stop loss, which is rounded towards the entry", () => {
    const facts = someFacts({ role: "stop_loss" });
    expect(resolvePrice(amount("0.005"), facts)).toMatchObject({ error: { code: "distance_too_small" } });
    expect(resolvePrice(amount("0.01"), facts)).toEqual({ ok: true, value: "187.49" });
    // Between two ticks itself, an average entry has the next one at its other side.
    expect(resolvePrice(amount("0.002"), { ...facts, from: decimalOf("187.503") })).toMatchObject({
      error: { code: "distance_too_small" },
    });
  });
});

describe("a price between two ticks", () => {
  it.each<[PriceRole, Side, string]>([
    ["limit", "buy", "187.25"],
    ["limit", "sell", "187.26"],
    ["stop", "buy", "187.26"],
    ["stop", "sell", "187.25"],
    ["take_profit", "buy", "187.26"],
    ["take_profit", "sell", "187.25"],
    ["stop_loss", "buy", "187.26"],
    ["stop_loss", "sell", "187.25"],
  ])("is, as the %s of a %s order, rounded from 187.255 to %s", (role, side, expected) => {
    expect(resolvePrice(at("187.255"), someFacts({ role, side, from: undefined }))).toEqual({
      ok: true,
      value: expected,
    });
  });
});

describe("a price that cannot be worked out", () => {
  const pair = { ...EQUITY, asset_class: "crypto" as const };
  it.each<[string, PriceSpec, Partial<PriceFacts>, string]>([
    ["a distance from nobody knows where", percent("1"), { from: undefined }, "price_unknown"],
    ["a distance from zero", amount("1"), { from: decimalOf("0"), side: "sell" }, "price_not_positive"],
    ["a distance down to zero", percent("100"), {}, "price_not_positive"],
    ["a distance below zero", amount("200"), {}, "price_not_positive"],
    ["a price of zero", at("0"), {}, "price_not_positive"],
    ["a negative price", at("-1"), {}, "price_not_positive"],
    ["a price of less than a tick", at("0.00001"), {}, "price_not_positive"],
    ["a distance with a sign", amount("-1"), {}, "distance_negative"],
    ["an unknown instrument", at("187.25"), { instrument: undefined }, "tick_unknown"],
    ["an instrument of unknown ticks", at("187.25"), { instrument: pair }, "tick_unknown"],
    ["a price of too many digits", percent("900000000000000"), { side: "sell" }, "price_out_of_range"],
  ])("is refused: %s", (_case, spec, overrides, code) => {
    const resolved = resolvePrice(spec, someFacts(overrides));
    expect(resolved).toMatchObject({ ok: false, error: { code } });
  });
});

describe("any price", () => {
  const decimal = (max: number) =>
    fc
      .tuple(fc.integer({ min: 1, max }), fc.integer({ min: 0, max: 6 }))
      .map(([digits, places]) => multiply(decimalOf(String(digits)), decimalOf(`1e-${places}`)));
  const instrument = fc.oneof(
    fc.constant(EQUITY),
    decimal(1_000).map((price_increment) => anInstrument({ asset_class: "crypto", price_increment })),
  );
  const cases = {
    role: fc.constantFrom(...ROLES),
    side: fc.constantFrom(...SIDES),
    from: decimal(1_000_000_000),
    instrument,
  };

  it("is on a tick, less than one away from what was said, and on its role's side of it", () => {
    fc.assert(
      fc.property(
        fc.record(cases),
        decimal(10_000_000),
        fc.constantFrom("amount", "percent"),
        (facts, distance, unit) => {
          const resolved = resolvePrice({ distance, unit }, facts);
          if (!resolved.ok) return;
          const price = resolved.value;
          const exact = exactly(facts, distance, unit);
          expect(isOnTick(price, facts.instrument)).toBe(true);
          expect(lessThan(absolute(subtract(price, exact)), tickOf(exact, facts.instrument))).toBe(true);
          // A stop loss is rounded back towards the entry, and everything else away from where it counts from.
          const isAway = isBeyond(price, exact, facts) || price === exact;
          const isTowards = price === exact || !isBeyond(price, exact, facts);
          expect(facts.role === "stop_loss" ? isTowards : isAway).toBe(true);
          if (facts.role !== "limit") expect(isBeyond(price, facts.from, facts)).toBe(true);
        },
      ),
    );
  });

  it("that may be named is taken as it is", () => {
    fc.assert(
      fc.property(fc.record(cases), (facts) => {
        const resolved = resolvePrice({ at: facts.from }, facts);
        if (isOnTick(facts.from, facts.instrument)) expect(resolved).toEqual({ ok: true, value: facts.from });
      }),
    );
  });

  function exactly(facts: { role: PriceRole; side: Side; from: Decimal }, distance: Decimal, unit: string): Decimal {
    const by = unit === "amount" ? distance : multiply(multiply(facts.from, distance), decimalOf("0.01"));
    const isBelow = isBeyond(decimalOf("0"), facts.from, facts);
    return isBelow ? subtract(facts.from, by) : add(facts.from, by);
  }

  function tickOf(price: Decimal, known: Instrument): Decimal {
    const tick = tickAt(price, known);
    assert(tick !== undefined, "the tests know their ticks");
    return tick;
  }
});
