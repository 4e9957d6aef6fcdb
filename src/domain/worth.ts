// What a unit of a symbol is worth, and whose word on it counts: the broker's, which values what it holds, and the last trade's.
// A price that nobody has is never guessed.
import type { ReferencePrice, VenueHolding } from "./broker.ts";
import { type Decimal, absolute, decimalOf, isPositive, isZero, lessThan, multiply } from "./money.ts";

/**
 * How long a word counts for a decision that nobody has repeated since: as long as the broker's word on money. A trade counts from
 * when the broker last named it as the last one. When it took place says nothing: what trades once a day is worth what it was.
 */
const WORD_AGE_MAX_MS = 300_000;

/** How far the broker's clock may be ahead of ours. */
const CLOCK_SKEW_MAX_MS = 60_000;

/** A symbol's last trade, or the quote that is gone by in its place, as the broker told when it was asked at that time. */
export type LastTrade = ReferencePrice & { readonly heardAtMs: number };

/** So much money for so many units. Kept as two numbers: dividing them first would lose digits of the money. */
export type UnitPrice = { readonly money: Decimal; readonly units: Decimal };

/** What a unit is worth lies between these. */
export type Worth = { readonly least: UnitPrice; readonly most: UnitPrice };

/** `undefined`: nobody knows. */
export type WorthOf = (symbol: string) => Worth | undefined;

/** All that has been said of what symbols are worth. */
export type Words = {
  readonly holdings: readonly VenueHolding[];
  /** When the broker told its holdings; `null` when it never has. */
  readonly asOfMs: number | null;
  /** By symbol. */
  readonly lastTrades: ReadonlyMap<string, LastTrade>;
  readonly nowMs: number;
};

/**
 * As decisions go by it: at worst. The broker's value can be of before a jump, and the last trade of a feed that sees few of them,
 * so each symbol may be worth what either says. `own`: the price that the decision's own order is measured with; how old that may
 * be is for a rule of its own.
 */
export function worthAtWorst(words: Words, own: ReadonlyMap<string, ReferencePrice>): WorthOf {
  const valued = isWithin(words.asOfMs, words.nowMs) ? pricesOf(words.holdings) : NOTHING;
  const traded = new Map<string, ReferencePrice>([...heardLately(words), ...own]);
  return (symbol) => between([valued.get(symbol), priceOfTrade(traded.get(symbol))]);
}

/** As it is shown: at the broker's value, which says as of when it is, or else at the last trade. */
export function worthShown(words: Words): WorthOf {
  const valued = pricesOf(words.holdings);
  const traded = heardLately(words);
  return (symbol) => between([valued.get(symbol) ?? priceOfTrade(traded.get(symbol))]);
}

/** A value of zero is no price: it would make any exposure vanish. */
export const isValued = (holding: VenueHolding): boolean => priceOfHolding(holding) !== undefined;

/** Whether a trade or a quote can be believed. One that is dated ahead would stay recent for as long. */
export const isCredible = ({ price, atMs }: ReferencePrice, nowMs: number): boolean =>
  isPositive(price) && atMs - nowMs <= CLOCK_SKEW_MAX_MS;

const NOTHING: ReadonlyMap<string, UnitPrice> = new Map();

const isWithin = (saidAtMs: number | null, nowMs: number): boolean =>
  saidAtMs !== null && nowMs - saidAtMs <= WORD_AGE_MAX_MS;

const heardLately = ({ lastTrades, nowMs }: Words): ReadonlyMap<string, LastTrade> =>
  new Map([...lastTrades].filter(([, trade]) => isWithin(trade.heardAtMs, nowMs) && isCredible(trade, nowMs)));

const pricesOf = (holdings: readonly VenueHolding[]): ReadonlyMap<string, UnitPrice> =>
  new Map(
    holdings.flatMap((holding) => {
      const price = priceOfHolding(holding);
      return price === undefined ? [] : [[holding.symbol, price]];
    }),
  );

function priceOfHolding({ market_value: value, quantity }: VenueHolding): UnitPrice | undefined {
  return value === null || isZero(value) || isZero(quantity)
    ? undefined
    : { money: absolute(value), units: absolute(quantity) };
}

const priceOfTrade = (trade: ReferencePrice | undefined): UnitPrice | undefined =>
  trade !== undefined && isPositive(trade.price) ? { money: trade.price, units: ONE } : undefined;

const ONE = decimalOf("1");

function between(words: readonly (UnitPrice | undefined)[]): Worth | undefined {
  const [first, ...others] = words.filter((word) => word !== undefined);
  if (first === undefined) return undefined;
  return {
    least: others.reduce((least, other) => (isCheaper(other, least) ? other : least), first),
    most: others.reduce((most, other) => (isCheaper(most, other) ? other : most), first),
  };
}

const isCheaper = (a: UnitPrice, b: UnitPrice): boolean =>
  lessThan(multiply(a.money, b.units), multiply(b.money, a.units));
