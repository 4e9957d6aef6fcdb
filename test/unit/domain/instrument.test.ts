import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  Instrument,
  isOnLot,
  isOnTick,
  isTradable,
  roundDownToLot,
  roundToTick,
  tickAt,
} from "../../../src/domain/instrument.ts";
import { type Decimal, compare, decimalOf, greaterThan, lessThan, subtract } from "../../../src/domain/money.ts";

const EQUITY = {
  symbol: "AAPL",
  asset_class: "us_equity",
  exchange: "NASDAQ",
  status: "active",
  tradable: true,
  shortable: true,
  fractionable: true,
  lot_size: "0.000000001",
  min_quantity: null,
  min_notional: "1",
  price_increment: null,
};

const anEquity = (overrides: Record<string, unknown> = {}): Instrument => Instrument.parse({ ...EQUITY, ...overrides });

const aPair = (overrides: Record<string, unknown> = {}): Instrument =>
  anEquity({
    symbol: "BTC/USD",
    asset_class: "crypto",
    exchange: "CRYPTO",
    shortable: false,
    lot_size: "0.0001",
    price_increment: "0.25",
    ...overrides,
  });

const decimal = (text: string): Decimal => decimalOf(text);

/** Every decimal that can be on the wire and is not negative. */
const amount = fc
  .tuple(fc.bigInt({ min: 0n, max: 10n ** 24n - 1n }), fc.integer({ min: 0, max: 9 }))
  .map(([digits, places]) => {
    const padded = digits
      .toString()
      .padStart(places + 1, "0")
      .slice(-15 - places);
    return decimalOf(places === 0 ? padded : `${padded.slice(0, -places)}.${padded.slice(-places)}`);
  });
const step = amount.filter((value) => value !== "0");
const price = step;

describe("an instrument", () => {
  it("can be traded while it is listed and the broker takes orders in it", () => {
    expect(isTradable(anEquity())).toBe(true);
    expect(isTradable(anEquity({ status: "inactive" }))).toBe(false);
    expect(isTradable(anEquity({ tradable: false }))).toBe(false);
  });

  it.each([
    ["lot_size", "0"],
    ["lot_size", "-1"],
    ["lot_size", null],
    ["min_quantity", "0"],
    ["price_increment", "0"],
    ["price_increment", 0.01],
    ["asset_class", "treasury"],
    ["status", "halted"],
    ["symbol", "BTC USD"],
    ["name", "Apple"],
  ])("has no %s of %s", (field, value) => {
    expect(Instrument.safeParse({ ...EQUITY, [field]: value }).success).toBe(false);
  });
});

describe("a quantity", () => {
  it.each([
    ["1.9", "1", "1"],
    ["0.9", "1", "0"],
    ["2", "1", "2"],
    ["0.00019", "0.0001", "0.0001"],
    ["0.3", "0.1", "0.3"],
    ["1000", "300", "900"],
    ["7", "0.7", "7"],
    ["-1.9", "1", "-1"],
    ["0", "0.5", "0"],
    // The quotient of these is 1 with twelve decimals, and less than 1.
    ["299999999999999.999999999", "300000000000000", "0"],
  ])("of %s is, in steps of %s, %s", (quantity, lot_size, expected) => {
    expect(roundDownToLot(decimal(quantity), anEquity({ lot_size }))).toBe(expected);
  });

  it("comes out a whole number of steps, not above what it was and less than a step below", () => {
    fc.assert(
      fc.property(amount, step, (quantity, lotSize) => {
        const instrument = anEquity({ lot_size: lotSize });
        const rounded = roundDownToLot(quantity, instrument);
        expect(isOnLot(rounded, instrument)).toBe(true);
        expect(greaterThan(rounded, quantity)).toBe(false);
        expect(lessThan(subtract(quantity, rounded), lotSize)).toBe(true);
        expect(isOnLot(quantity, instrument)).toBe(rounded === quantity);
      }),
    );
  });
});

describe("the step of a price", () => {
  it.each([
    ["1", "0.01"],
    ["1.0001", "0.01"],
    ["187.25", "0.01"],
    ["0.9999", "0.0001"],
    ["0.0001", "0.0001"],
  ])("of an equity at %s is %s", (at, expected) => {
    expect(tickAt(decimal(at), anEquity())).toBe(expected);
  });

  it("of what has one of its own is that one, at any price", () => {
    expect(tickAt(decimal("0.5"), aPair())).toBe("0.25");
    expect(tickAt(decimal("50000"), aPair())).toBe("0.25");
    expect(tickAt(decimal("50"), anEquity({ price_increment: "0.05" }))).toBe("0.05");
  });

  it.each(["us_option", "crypto", "other"])(
    "of a %s without one is not known, and no price is known to be right",
    (asset_class) => {
      const instrument = aPair({ asset_class, price_increment: null });
      expect(tickAt(decimal("1"), instrument)).toBeUndefined();
      expect(isOnTick(decimal("1"), instrument)).toBe(false);
      expect(roundToTick(decimal("1"), instrument, "up")).toBeUndefined();
    },
  );
});

describe("a price", () => {
  it.each([
    ["187.25", true],
    ["187.255", false],
    ["1.001", false],
    ["0.9999", true],
    ["0.99995", false],
  ])("of %s may be named for an equity: %s", (at, expected) => {
    expect(isOnTick(decimal(at), anEquity())).toBe(expected);
  });

  it.each([
    ["187.259", "187.25", "187.26"],
    ["187.25", "187.25", "187.25"],
    ["1.001", "1", "1.01"],
    ["0.99995", "0.9999", "1"],
    ["0.00001", undefined, "0.0001"],
  ])("of %s for an equity is %s rounded down and %s rounded up", (at, down, up) => {
    expect(roundToTick(decimal(at), anEquity(), "down")).toBe(down);
    expect(roundToTick(decimal(at), anEquity(), "up")).toBe(up);
  });

  it.each<[string, fc.Arbitrary<Instrument>]>([
    ["Rule 612", fc.constant(anEquity())],
    ["a step of its own", step.map((price_increment) => aPair({ price_increment }))],
  ])("comes out as the nearest one on either side that may be named, by %s", (_, instruments) => {
    fc.assert(
      fc.property(price, instruments, (at, instrument) => {
        const tick = tickAt(at, instrument) ?? decimal("0");
        const down = roundToTick(at, instrument, "down") ?? decimal("0");
        const up = roundToTick(at, instrument, "up") ?? decimal("0");
        expect([compare(down, at), compare(at, up)]).not.toContain(1);
        expect(subtract(up, down)).toBe(isOnTick(at, instrument) ? "0" : tick);
        for (const rounded of [down, up]) expect(rounded === "0" || isOnTick(rounded, instrument)).toBe(true);
      }),
    );
  });
});
