import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Instrument, isOnLot } from "../../../src/domain/instrument.ts";
import {
  type Decimal,
  absolute,
  add,
  decimalOf,
  greaterThan,
  isPositive,
  lessThan,
  multiply,
  negate,
  subtract,
} from "../../../src/domain/money.ts";
import type { Side } from "../../../src/domain/order.ts";
import type { Size } from "../../../src/domain/signal/instruction.ts";
import { anInstrument } from "../../support/builders.ts";
import { type Sized, type SizingFacts, sizeOrder } from "../../../src/domain/sizing.ts";

const aShare = (overrides: Parameters<typeof anInstrument>[0] = {}): Instrument =>
  anInstrument({ lot_size: "1", price_increment: null, ...overrides });

const someFacts = (overrides: Partial<SizingFacts> = {}): SizingFacts => ({
  side: "buy",
  isEntry: true,
  price: decimalOf("187.5"),
  equity: decimalOf("100000"),
  buyingPower: decimalOf("200000"),
  position: decimalOf("7"),
  instrument: aShare(),
  stopLossPrice: decimalOf("180"),
  ...overrides,
});

const size = (by: Size["by"], value: string): Size => ({ by, value: decimalOf(value) });

const lot = (lot_size: string) => ({ instrument: aShare({ lot_size }) });

describe("a size", () => {
  it.each<[Size["by"], string, Partial<SizingFacts>, string, string]>([
    ["quantity", "26", {}, "26", "26"],
    ["quantity", "26.5", {}, "26", "26.5; down to 26 (lot 1)"],
    ["notional", "5000", {}, "26", "notional 5000; 5000 / 187.5 = 26.666…; down to 26 (lot 1)"],
    ["notional", "5000", lot("0.01"), "26.66", "notional 5000; 5000 / 187.5 = 26.66666…; down to 26.66 (lot 0.01)"],
    ["notional", "375", {}, "2", "notional 375; 375 / 187.5 = 2"],
    ["notional", "5", { price: decimalOf("1") }, "5", "notional 5; 5 / 1 = 5"],
    ["percent_of_equity", "5", {}, "26", "5 % of equity 100000 = 5000; 5000 / 187.5 = 26.666…; down to 26 (lot 1)"],
    [
      "percent_of_buying_power",
      "5",
      {},
      "53",
      "5 % of buying power 200000 = 10000; 10000 / 187.5 = 53.333…; down to 53 (lot 1)",
    ],
    ["percent_of_position", "50", {}, "3", "50 % of 7 held = 3.5; down to 3 (lot 1)"],
    ["percent_of_position", "100", { position: decimalOf("-7") }, "7", "100 % of 7 held = 7"],
    ["risk_amount", "1000", {}, "133", "risk 1000; |187.5 - 180| = 7.5; 1000 / 7.5 = 133.333…; down to 133 (lot 1)"],
    [
      "risk_percent",
      "1.5",
      { side: "sell", stopLossPrice: decimalOf("190") },
      "600",
      "1.5 % of equity 100000 = 1500; |187.5 - 190| = 2.5; 1500 / 2.5 = 600",
    ],
    ["percent_of_equity", "300", {}, "1600", "300 % of equity 100000 = 300000; 300000 / 187.5 = 1600"],
  ])("by %s of %s comes to units, with %o", (by, value, facts, quantity, arithmetic) => {
    expect(sizeOrder(size(by, value), someFacts(facts))).toEqual({ ok: true, value: { quantity, arithmetic } });
  });

  it("is not rounded up where a quotient with twelve decimals would be", () => {
    const facts = someFacts({ price: decimalOf("300000000000000"), instrument: aShare({ lot_size: "1" }) });
    const sized = sizeOrder(size("notional", "299999999999999.999999999"), facts);
    expect(sized).toMatchObject({ error: { code: "below_minimum" } });
  });

  const LEAST = { instrument: aShare({ min_quantity: "3", min_notional: "1000" }) };
  it.each<[Size["by"], string, Partial<SizingFacts>, string]>([
    ["quantity", "0", {}, "size_not_positive"],
    ["notional", "-1", {}, "size_not_positive"],
    ["quantity", "1", { instrument: undefined }, "instrument_unknown"],
    ["notional", "5000", { price: undefined }, "price_unknown"],
    ["notional", "5000", { price: decimalOf("0") }, "price_not_positive"],
    ["risk_amount", "5000", { price: undefined }, "price_unknown"],
    ["percent_of_equity", "5", { equity: undefined }, "equity_unknown"],
    ["percent_of_equity", "5", { equity: decimalOf("-3") }, "equity_not_positive"],
    ["risk_percent", "5", { equity: undefined }, "equity_unknown"],
    ["percent_of_buying_power", "5", { buyingPower: undefined }, "buying_power_unknown"],
    ["percent_of_buying_power", "5", { buyingPower: decimalOf("0") }, "buying_power_not_positive"],
    ["percent_of_position", "50", { position: decimalOf("0") }, "no_position"],
    ["percent_of_position", "100.1", {}, "percent_over_100"],
    ["risk_amount", "100", { stopLossPrice: undefined }, "no_stop_loss"],
    ["risk_percent", "1", { stopLossPrice: undefined }, "no_stop_loss"],
    ["risk_amount", "100", { stopLossPrice: decimalOf("187.5") }, "stop_loss_on_wrong_side"],
    ["risk_amount", "100", { stopLossPrice: decimalOf("188") }, "stop_loss_on_wrong_side"],
    ["risk_amount", "100", { side: "sell" }, "stop_loss_on_wrong_side"],
    ["quantity", "0.9", {}, "below_minimum"],
    ["notional", "187.4", {}, "below_minimum"],
    ["quantity", "2", LEAST, "below_minimum"],
    ["quantity", "5", LEAST, "below_minimum"],
    ["quantity", "6", { ...LEAST, price: undefined }, "price_unknown"],
    ["notional", "900000000000000", { price: decimalOf("0.000000001") }, "above_maximum"],
  ])("by %s of %s with %o is refused: %s", (by, value, facts, code) => {
    expect(sizeOrder(size(by, value), someFacts(facts))).toMatchObject({ ok: false, error: { code } });
  });

  it("of an exit needs no instrument, and is held against no least amount", () => {
    const unknown = someFacts({ isEntry: false, instrument: undefined });
    expect(sizeOrder(size("percent_of_position", "50"), unknown)).toMatchObject({ value: { quantity: "3.5" } });
    const cheap = someFacts({ ...LEAST, isEntry: false, price: undefined });
    expect(sizeOrder(size("quantity", "3"), cheap)).toMatchObject({ value: { quantity: "3" } });
    expect(sizeOrder(size("quantity", "2"), cheap)).toMatchObject({ error: { code: "below_minimum" } });
  });
});

describe("a quantity", () => {
  const decimal = (digitsMax: number) =>
    fc
      .tuple(fc.integer({ min: 1, max: 10 ** digitsMax }), fc.integer({ min: 0, max: 9 }))
      .map(([digits, places]) => multiply(decimalOf(String(digits)), decimalOf(`1e-${places}`)));
  const cases = fc.record({
    by: fc.constantFrom<Size["by"]>(
      "quantity",
      "notional",
      "percent_of_equity",
      "percent_of_buying_power",
      "percent_of_position",
      "risk_amount",
      "risk_percent",
    ),
    value: decimal(9),
    side: fc.constantFrom<Side>("buy", "sell"),
    price: decimal(9),
    equity: decimal(12),
    buyingPower: decimal(12),
    position: fc.tuple(decimal(9), fc.boolean()).map(([units, isShort]) => (isShort ? negate(units) : units)),
    stopLossPrice: decimal(9),
    lot_size: decimal(3),
  });
  const PERCENT = decimalOf("0.01");

  type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

  /** What the units come to, in that of which no more was asked for. */
  function spent({ by, price, stopLossPrice }: Case, units: Decimal): Decimal {
    if (by === "quantity" || by === "percent_of_position") return units;
    return multiply(units, by.startsWith("risk") ? absolute(subtract(price, stopLossPrice)) : price);
  }

  function asked({ by, value, equity, buyingPower, position }: Case): Decimal {
    const percentOf = (whole: Decimal): Decimal => multiply(multiply(whole, value), PERCENT);
    if (by === "percent_of_position") return percentOf(absolute(position));
    if (by === "percent_of_buying_power") return percentOf(buyingPower);
    return by === "percent_of_equity" || by === "risk_percent" ? percentOf(equity) : value;
  }

  const each = (check: (given: Case, sized: Sized, facts: SizingFacts & { instrument: Instrument }) => void) =>
    fc.assert(
      fc.property(cases, (given) => {
        const instrument = aShare({ lot_size: given.lot_size });
        const facts = { ...given, isEntry: true, instrument };
        const sized = sizeOrder({ by: given.by, value: given.value }, facts);
        if (sized.ok) check(given, sized.value, facts);
        else if (sized.error.code === "below_minimum")
          expect(lessThan(asked(given), spent(given, given.lot_size))).toBe(true);
      }),
      { numRuns: 1_000 },
    );

  it("is never more than was asked for", () =>
    each((given, { quantity }) => {
      expect(isPositive(quantity)).toBe(true);
      expect(greaterThan(spent(given, quantity), asked(given))).toBe(false);
    }));

  it("is less than a lot away from what was asked for", () =>
    each((given, { quantity }) => {
      expect(greaterThan(spent(given, add(quantity, given.lot_size)), asked(given))).toBe(true);
    }));

  it("is a whole number of lots", () =>
    each((_given, { quantity }, { instrument }) => {
      expect(isOnLot(quantity, instrument)).toBe(true);
    }));

  it("stands at the end of its arithmetic, which has no exponents", () =>
    each((given, { quantity, arithmetic }) => {
      expect(arithmetic).toContain(given.value);
      expect(arithmetic).toMatch(quantity === given.value ? /./ : new RegExp(`(= |down to )${quantity}( |$)`));
      expect(arithmetic).not.toMatch(/\de/);
    }));
});
