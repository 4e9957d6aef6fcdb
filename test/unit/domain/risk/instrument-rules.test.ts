// Every rule about instruments, one by one: just inside what the broker's list allows, at it, just outside, with what it needs
// missing, and whether an exit has to pass it too.
import { describe, expect, it } from "vitest";
import type { Instrument } from "../../../../src/domain/instrument.ts";
import type { OrderIntent } from "../../../../src/domain/order.ts";
import {
  assetClassAllowed,
  instrumentTradable,
  lotSize,
  minNotional,
  priceIncrement,
} from "../../../../src/domain/risk/rules/instrument.ts";
import type { FactRule } from "../../../../src/domain/risk/rule.ts";
import { aMarketIntent, aPolicy, anInstrument, anIntent, someFacts } from "../../../support/builders.ts";

type Overrides = Parameters<typeof anInstrument>[0];

/** An equity that trades in parts, from one dollar on, in the steps of Rule 612. */
const anEquity = (overrides: Overrides = {}): Instrument =>
  anInstrument({ min_notional: "1", price_increment: null, ...overrides });

const aPair = (overrides: Overrides = {}): Instrument =>
  anEquity({
    symbol: "BTC/USD",
    asset_class: "crypto",
    exchange: "CRYPTO",
    shortable: false,
    lot_size: "0.0001",
    min_quantity: "0.0002",
    min_notional: "10",
    price_increment: "0.25",
    ...overrides,
  });

/** An order, what it is in, and why it is not let pass; `undefined` where it is. */
type Case = readonly [intent: OrderIntent, instrument: Instrument | undefined, reason: string | undefined];
type Cases = {
  readonly rule: FactRule;
  readonly inside: Case;
  readonly at: Case;
  readonly outside: Case;
  readonly missing: Case;
};

const any = anIntent();
const market = aMarketIntent();
const units = (quantity: string) => anIntent({ quantity });
const money = (notional: string) => aMarketIntent({ quantity: undefined, notional });
const buyAt = (limit_price: string) => anIntent({ limit_price });
const WHOLE = { lot_size: "1", fractionable: false };

const CASES: Readonly<Record<string, Cases>> = {
  instrument_tradable: {
    rule: instrumentTradable,
    inside: [any, anEquity(), undefined],
    at: [anIntent({ side: "sell" }), anEquity(), undefined],
    outside: [any, anEquity({ tradable: false }), "not_tradable"],
    missing: [any, undefined, "instrument_unknown"],
  },
  lot_size: {
    rule: lotSize,
    inside: [units("0.0003"), aPair(), undefined],
    at: [units("0.0002"), aPair(), undefined],
    outside: [units("0.00025"), aPair(), "quantity_off_lot"],
    missing: [any, undefined, "instrument_unknown"],
  },
  price_increment: {
    rule: priceIncrement,
    inside: [buyAt("187"), anEquity(), undefined],
    at: [buyAt("187.25"), anEquity(), undefined],
    outside: [buyAt("187.255"), anEquity(), "price_off_tick"],
    missing: [any, undefined, "instrument_unknown"],
  },
  min_notional: {
    rule: minNotional,
    inside: [units("10"), anEquity({ min_notional: "1872.499999999" }), undefined],
    at: [units("10"), anEquity({ min_notional: "1872.5" }), undefined],
    outside: [units("10"), anEquity({ min_notional: "1872.500000001" }), "notional_below_minimum"],
    missing: [any, undefined, "instrument_unknown"],
  },
};

/** With a trade at 187.5, unless it says otherwise. */
const factsWith = (instrument: Instrument | undefined, overrides: Parameters<typeof someFacts>[0] = {}) => ({
  ...someFacts(overrides),
  instrument,
});

function reasonOf(rule: FactRule, [intent, instrument]: Case): string | undefined {
  const found = rule.check(intent, factsWith(instrument));
  expect(found?.passed).toBe(found?.reason === undefined);
  return found?.reason;
}

describe.each(Object.entries(CASES))("%s", (id, { rule, ...cases }) => {
  it.each(["inside", "at", "outside", "missing"] as const)("%s", (where) => {
    const { [where]: example } = cases;
    expect(reasonOf(rule, example)).toBe(example[2]);
  });

  it("exempts an order that only closes a position, and has this name", () => {
    expect(rule.bindsExits).toBe(false);
    expect(rule.id).toBe(id);
  });
});

describe("the broker's list", () => {
  it.each<[string, FactRule, OrderIntent, Instrument, string | undefined]>([
    ["refuses what was listed once", instrumentTradable, any, anEquity({ status: "inactive" }), "not_tradable"],
    [
      "refuses a short sale of what cannot be borrowed",
      instrumentTradable,
      anIntent({ side: "sell" }),
      anEquity({ shortable: false }),
      "not_shortable",
    ],
    ["takes a purchase of it", instrumentTradable, any, anEquity({ shortable: false }), undefined],
    ["refuses half a unit of what trades whole", lotSize, units("1.5"), anEquity(WHOLE), "quantity_off_lot"],
    ["takes two units of it", lotSize, units("2"), anEquity(WHOLE), undefined],
    ["refuses less than the least quantity", lotSize, units("0.0001"), aPair(), "quantity_below_minimum"],
    ["refuses an amount of what trades whole", lotSize, money("100"), anEquity(WHOLE), "not_fractionable"],
    ["takes an amount of what trades in parts", lotSize, money("100"), anEquity(), undefined],
    [
      "refuses a stop off its step",
      priceIncrement,
      aMarketIntent({ type: "stop", stop_price: "188.001" }),
      anEquity(),
      "price_off_tick",
    ],
    [
      "refuses a limit off its step behind a stop on it",
      priceIncrement,
      anIntent({ type: "stop_limit", stop_price: "188", limit_price: "188.001" }),
      anEquity(),
      "price_off_tick",
    ],
    ["takes hundredths of a cent below a dollar", priceIncrement, buyAt("0.9999"), anEquity(), undefined],
    ["refuses anything finer", priceIncrement, buyAt("0.99995"), anEquity(), "price_off_tick"],
    ["refuses a price off a pair's own step", priceIncrement, buyAt("187.3"), aPair(), "price_off_tick"],
    [
      "refuses a price where nobody knows the step",
      priceIncrement,
      any,
      anEquity({ asset_class: "other" }),
      "price_increment_unknown",
    ],
    ["takes an order without a price", priceIncrement, market, anEquity({ asset_class: "other" }), undefined],
    ["refuses less money than the least", minNotional, money("0.99"), anEquity(), "notional_below_minimum"],
    ["takes the least", minNotional, money("1"), anEquity(), undefined],
    [
      "refuses a market order that is worth less",
      minNotional,
      aMarketIntent({ quantity: "0.05" }),
      aPair(),
      "notional_below_minimum",
    ],
    ["may have no least", minNotional, units("0.000000001"), anEquity({ min_notional: null }), undefined],
  ])("%s", (_, rule, intent, instrument, reason) => {
    expect(reasonOf(rule, [intent, instrument, reason])).toBe(reason);
  });

  it.each(["take_profit", "stop_loss"] as const)("refuses a %s off its step", (leg) => {
    const legs = {
      take_profit: { take_profit: { limit_price: "190.001" } },
      stop_loss: { stop_loss: { stop_price: "180", limit_price: "179.999" } },
    };
    expect(reasonOf(priceIncrement, [anIntent(legs[leg]), anEquity(), undefined])).toBe("price_off_tick");
  });

  it("refuses an order of which nobody knows what it is worth", () => {
    const found = minNotional.check(market, factsWith(anEquity(), { referencePrice: undefined }));
    expect(found).toMatchObject({ passed: false, reason: "reference_price_unknown" });
  });
});

describe("what the verdicts say", () => {
  it.each<[FactRule, OrderIntent, Instrument | undefined, object]>([
    [instrumentTradable, any, undefined, { input: "not listed", limit: "listed by the broker" }],
    [instrumentTradable, any, anEquity(), { input: "active", limit: "active and tradable" }],
    [instrumentTradable, any, anEquity({ tradable: false }), { input: "active, not tradable" }],
    [lotSize, units("0.0003"), aPair(), { input: "0.0003", limit: "lots of 0.0001, at least 0.0002" }],
    [lotSize, units("2"), anEquity(WHOLE), { input: "2", limit: "lots of 1" }],
    [
      priceIncrement,
      anIntent({ type: "stop_limit", stop_price: "1.01", limit_price: "0.9999" }),
      anEquity(),
      { input: "0.9999 1.01", limit: "steps of 0.0001 0.01" },
    ],
    [priceIncrement, market, anEquity(), { input: "no price", limit: "none" }],
    [minNotional, money("5"), anEquity(), { input: "5", limit: "1" }],
    [minNotional, market, anEquity({ min_notional: null }), { input: "any amount", limit: "none" }],
  ])("is what was measured, and against what", (rule, intent, instrument, said) => {
    expect(rule.check(intent, factsWith(instrument))).toMatchObject(said);
  });
});

describe("asset_class_allowed", () => {
  if (assetClassAllowed.kind !== "limit") throw new Error("holds nothing against the policy");
  const { measure, judge, bindsExits } = assetClassAllowed;
  const under = (setting: object) => ({ ...aPolicy(), ...setting });

  it.each<[string, Instrument, object, string | undefined]>([
    ["inside", anEquity(), { asset_classes: ["crypto", "us_equity"] }, undefined],
    ["at", aPair(), { asset_classes: ["crypto"] }, undefined],
    ["outside", aPair(), { asset_classes: ["us_equity"] }, "asset_class_not_allowed"],
    ["of no matter", aPair(), { asset_classes: "any" }, undefined],
    ["not set", anEquity(), { asset_classes: undefined }, "limit_not_set"],
  ])("%s its list", (_, instrument, setting, reason) => {
    const { value } = measure(any, factsWith(instrument));
    expect(judge(value, under(setting)).reason).toBe(reason);
  });

  it("does not know the class of what is not listed", () => {
    expect(measure(any, factsWith(undefined))).toEqual({ value: "not listed", unknown: "instrument_unknown" });
  });

  it("exempts an order that only closes a position", () => {
    expect(bindsExits).toBe(false);
  });
});
