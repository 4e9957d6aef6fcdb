// What an account holds, and the most it could come to hold: every live order may still fill, those nobody knows about
// included. Nothing here is a float, and a price nobody has is never guessed.
import * as z from "zod";
import type { VenueBalances, VenueHolding } from "./broker.ts";
import { AccountId } from "./ids.ts";
import { leavesAmount, leavesQuantity } from "./leaves.ts";
import {
  type Decimal,
  DecimalString,
  ZERO,
  absolute,
  add,
  divide,
  isZero,
  larger,
  lessThan,
  multiply,
  roundForWire,
  sum,
  subtract,
} from "./money.ts";
import type { Delivery, Order, Side } from "./order.ts";
import { type LastTrade, type UnitPrice, type Worth, type WorthOf, worthShown } from "./worth.ts";

/**
 * Whoever asks for the portfolio has the broker asked first, unless it has answered in the last few seconds. A word older than
 * this is one that the broker did not renew.
 */
const STALE_AFTER_MS = 15_000;

/** One symbol. Units are the instrument's, money is in the account's currency. */
const PortfolioPosition = z.strictObject({
  symbol: z.string(),
  quantity: DecimalString.meta({
    description: "Units held, negative when short. Counted from our own fills, up to this moment.",
  }),
  average_price: DecimalString.nullable().meta({
    description: "The broker's, per unit, as of `as_of`; `null` where the broker then held another quantity.",
  }),
  market_value: DecimalString.nullable().meta({
    description:
      "Money for `quantity`, negative when short, at the broker's price as of `as_of`, or else at the last trade; `null` when " +
      "neither is known.",
  }),
  working_buy: DecimalString.meta({
    description:
      "Units that live orders may still buy, beside those of unknown outcome. Orders by amount are not in it.",
  }),
  working_sell: DecimalString.meta({ description: "The same to sell." }),
  unknown_buy: DecimalString.meta({
    description:
      "Units that orders may still buy of which nobody knows whether the broker has them. Orders by amount are not in it.",
  }),
  unknown_sell: DecimalString.meta({ description: "The same to sell." }),
  working_buy_notional: DecimalString.meta({
    description:
      "Money for which live orders by amount (`notional`) may still buy, beside those of unknown outcome. How many units " +
      "that will be, nobody knows.",
  }),
  working_sell_notional: DecimalString.meta({ description: "The same to sell." }),
  unknown_buy_notional: DecimalString.meta({
    description: "Money for which orders by amount may still buy of which nobody knows whether the broker has them.",
  }),
  unknown_sell_notional: DecimalString.meta({ description: "The same to sell." }),
  exposure_quantity: DecimalString.meta({
    description:
      "Units held at worst, without sign: all buys fill and no sell does, or the reverse. Orders by amount are not in it.",
  }),
  exposure: DecimalString.nullable().meta({
    description: "Money at worst, orders by amount included; `null` when no price is known.",
  }),
});
export type PortfolioPosition = z.infer<typeof PortfolioPosition>;

/** Money over all symbols, without netting one against another. `held + working + unknown = total`. */
const PortfolioExposure = z.strictObject({
  held: DecimalString.nullable().meta({
    description:
      "The worth of all positions, short ones counted as much as long ones; `null` while a price is missing.",
  }),
  working: DecimalString.nullable().meta({
    description: "What working orders can add to `held` at worst; an order that only reduces a position adds nothing.",
  }),
  unknown: DecimalString.nullable().meta({ description: "What orders of unknown outcome can add to that." }),
  total: DecimalString.nullable().meta({ description: "All three together: what could come to be held at worst." }),
  unpriced: z
    .array(z.string())
    .meta({ description: "Symbols without a price. While there is one, nobody knows the sums." }),
});
type PortfolioExposure = z.infer<typeof PortfolioExposure>;

/** An account's positions, open orders and money, as the API shows them. */
export const Portfolio = z
  .strictObject({
    account: AccountId,
    as_of: z.iso.datetime().nullable().meta({
      description: "When the broker last told its holdings and the account's money; `null` when it never has.",
    }),
    stale: z.boolean().meta({
      description: `Whether \`as_of\` is more than ${STALE_AFTER_MS / 1000} s before this answer: the broker has told nothing since.`,
    }),
    currency: z.string().nullable().meta({ description: "Of all money here, such as `USD`." }),
    cash: DecimalString.nullable().meta({ description: "The broker's figure as of `as_of`, like the next two." }),
    equity: DecimalString.nullable(),
    buying_power: DecimalString.nullable(),
    positions: z
      .array(PortfolioPosition)
      .meta({ description: "By symbol, of this moment: what is held or has a live order." }),
    exposure: PortfolioExposure,
  })
  .meta({ id: "Portfolio" });
export type Portfolio = z.infer<typeof Portfolio>;

/** What of an order says how much it may still trade. */
export type OpenOrder = Pick<
  Order,
  | "symbol"
  | "side"
  | "type"
  | "quantity"
  | "notional"
  | "filled_quantity"
  | "average_price"
  | "status"
  | "delivery"
  | "outcome"
  | "parent"
>;

export type PortfolioFacts = {
  readonly account: AccountId;
  readonly nowMs: number;
  /** When `holdings` and `balances` were read from the broker; `null` when they never were. */
  readonly asOfMs: number | null;
  readonly holdings: readonly VenueHolding[];
  readonly balances: VenueBalances | null;
  /** Units held by symbol, negative when short, counted from our own fills. */
  readonly positions: ReadonlyMap<string, Decimal>;
  /** What may still trade, each of it once; what they have filled is in `positions`. */
  readonly orders: readonly OpenOrder[];
  /** By symbol, for where the broker's holdings name no value. */
  readonly lastTrades: ReadonlyMap<string, LastTrade>;
};

type Book = Pick<PortfolioFacts, "positions" | "orders">;

/** Money at worst over all symbols; `null` while a price is missing. */
export type WorstExposure = {
  /** Long and short counted alike. */
  readonly gross: Decimal | null;
  /** Short taken off long: the larger of what is left when every buy fills and no sell does, and the reverse. */
  readonly net: Decimal | null;
};

/** What could come to be held at worst: every live order may still fill, on whichever side does more. */
export function worstExposureOf(book: Book, worthOf: WorthOf): WorstExposure {
  const lines = readLines(book, worthOf);
  const sides = lines.map((line) => sidesOf(line, addOrders(line.working, line.unknown)));
  const known = sides.filter((side) => side !== null);
  if (known.length < sides.length) return { gross: null, net: null };
  const [most, least] = [sum(known.map((side) => side.most)), sum(known.map((side) => side.least))];
  return {
    gross: sum(known.map((side) => larger(absolute(side.most), absolute(side.least)))),
    net: larger(absolute(most), absolute(least)),
  };
}

export function toPortfolio(facts: PortfolioFacts): Portfolio {
  const { account, nowMs, asOfMs, balances } = facts;
  const lines = readLines(facts, worthShown(facts));
  const holdings = new Map(facts.holdings.map((holding) => [holding.symbol, holding]));
  return {
    account,
    as_of: asOfMs === null ? null : new Date(asOfMs).toISOString(),
    stale: asOfMs === null || nowMs - asOfMs > STALE_AFTER_MS,
    currency: balances?.currency ?? null,
    cash: balances?.cash ?? null,
    equity: balances?.equity ?? null,
    buying_power: balances?.buying_power ?? null,
    positions: lines.map((line) => toPosition(line, holdings.get(line.symbol))),
    exposure: sumExposures(lines),
  };
}

/** One symbol: what is held of it, what may still be traded, and what a unit is worth. */
type Line = {
  readonly symbol: string;
  readonly quantity: Decimal;
  readonly working: OpenOrders;
  readonly unknown: OpenOrders;
  readonly worth: Worth | undefined;
};

function readLines({ positions, orders }: Book, worthOf: WorthOf): Line[] {
  const held = [...positions].filter(([, quantity]) => !isZero(quantity)).map(([symbol]) => symbol);
  const symbols = new Set([...held, ...orders.map((order) => order.symbol)]);
  return [...symbols].sort().map((symbol) => {
    const ofSymbol = orders.filter((order) => order.symbol === symbol);
    return {
      symbol,
      quantity: positions.get(symbol) ?? ZERO,
      working: sumOrders(ofSymbol.filter((order) => !isUnknown(order))),
      unknown: sumOrders(ofSymbol.filter(isUnknown)),
      worth: worthOf(symbol),
    };
  });
}

const IN_DOUBT: ReadonlySet<Delivery> = new Set(["submitting", "unknown", "needs_operator"]);

const isUnknown = (order: OpenOrder): boolean => order.outcome === "unknown" || IN_DOUBT.has(order.delivery);

/** What a set of orders may still trade: in units where the order has a quantity, else in money. */
type OpenOrders = { readonly units: BySide; readonly money: BySide };
type BySide = Readonly<Record<Side, Decimal>>;

const sumOrders = (orders: readonly OpenOrder[]): OpenOrders => ({
  units: sumBySide(orders, leavesQuantity),
  money: sumBySide(orders, leavesAmount),
});

function sumBySide(orders: readonly OpenOrder[], left: (order: OpenOrder) => Decimal): BySide {
  const sumOf = (side: Side): Decimal => sum(orders.filter((order) => order.side === side).map(left));
  return { buy: sumOf("buy"), sell: sumOf("sell") };
}

const addOrders = (a: OpenOrders, b: OpenOrders): OpenOrders => ({
  units: addBySide(a.units, b.units),
  money: addBySide(a.money, b.money),
});

const addBySide = (a: BySide, b: BySide): BySide => ({ buy: add(a.buy, b.buy), sell: add(a.sell, b.sell) });

/** With their sign. */
const valueAt = (units: Decimal, { money, units: per }: UnitPrice): Decimal =>
  roundForWire(divide(multiply(units, money), per));

/** The most and the least money that units may be worth, with their sign; `null` when it takes a price that nobody has. */
function valuesOf(units: Decimal, worth: Worth | undefined) {
  if (isZero(units)) return { most: ZERO, least: ZERO };
  if (worth === undefined) return null;
  const [dear, cheap] = [valueAt(units, worth.most), valueAt(units, worth.least)];
  return lessThan(units, ZERO) ? { most: cheap, least: dear } : { most: dear, least: cheap };
}

/** The most units on either side of zero, without sign. */
const worstUnits = (quantity: Decimal, { units }: OpenOrders): Decimal =>
  larger(absolute(add(quantity, units.buy)), absolute(subtract(quantity, units.sell)));

/** The same in money, where orders by amount count as well. */
function worstMoney(line: Line, orders: OpenOrders): Decimal | null {
  const sides = sidesOf(line, orders);
  return sides === null ? null : larger(absolute(sides.most), absolute(sides.least));
}

/** With its sign: all buys fill and no sell does, at the most that a unit may be worth, and the reverse. */
function sidesOf({ quantity, worth }: Line, { units, money }: OpenOrders) {
  const most = valuesOf(add(quantity, units.buy), worth)?.most;
  const least = valuesOf(subtract(quantity, units.sell), worth)?.least;
  if (most === undefined || least === undefined) return null;
  return { most: add(most, money.buy), least: subtract(least, money.sell) };
}

function toPosition(line: Line, holding: VenueHolding | undefined): PortfolioPosition {
  const { symbol, quantity, working, unknown, worth } = line;
  const all = addOrders(working, unknown);
  return {
    symbol,
    quantity,
    average_price: holding?.quantity === quantity ? holding.average_price : null,
    market_value: valuesOf(quantity, worth)?.most ?? null,
    working_buy: working.units.buy,
    working_sell: working.units.sell,
    unknown_buy: unknown.units.buy,
    unknown_sell: unknown.units.sell,
    working_buy_notional: working.money.buy,
    working_sell_notional: working.money.sell,
    unknown_buy_notional: unknown.money.buy,
    unknown_sell_notional: unknown.money.sell,
    exposure_quantity: worstUnits(quantity, all),
    exposure: worstMoney(line, all),
  };
}

function sumExposures(lines: readonly Line[]): PortfolioExposure {
  const unpriced: string[] = [];
  const parts: ExposureParts[] = [];
  for (const line of lines) {
    const exposure = splitExposure(line);
    if (exposure === null) unpriced.push(line.symbol);
    else parts.push(exposure);
  }
  if (unpriced.length > 0) return { held: null, working: null, unknown: null, total: null, unpriced };
  return {
    held: sum(parts.map((part) => part.held)),
    working: sum(parts.map((part) => part.working)),
    unknown: sum(parts.map((part) => part.unknown)),
    total: sum(parts.map((part) => add(add(part.held, part.working), part.unknown))),
    unpriced,
  };
}

type ExposureParts = { readonly held: Decimal; readonly working: Decimal; readonly unknown: Decimal };

/** One symbol's exposure by who adds it: first what is held, then the working orders, then those in doubt. */
function splitExposure(line: Line): ExposureParts | null {
  const held = worstMoney(line, sumOrders([]));
  const withWorking = worstMoney(line, line.working);
  const withAll = worstMoney(line, addOrders(line.working, line.unknown));
  if (held === null || withWorking === null || withAll === null) return null;
  return { held, working: subtract(withWorking, held), unknown: subtract(withAll, withWorking) };
}
