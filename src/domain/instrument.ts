// What a broker trades, and in which steps: what a quantity is rounded to and a price has to be a multiple of. Pure; where a
// list of them comes from is a matter of the broker's adapter.
import * as z from "zod";
import { type Decimal, DecimalString, add, decimalOf, divideDown, isPositive, isZero, lessThan } from "./money.ts";
import { Symbol } from "./order.ts";

/** SecurityType (167), as far as anything depends on it; `other` is listed so that it can be named, and not understood. */
export const AssetClass = z.enum(["us_equity", "us_option", "crypto", "other"]);
export type AssetClass = z.infer<typeof AssetClass>;

const Step = DecimalString.refine(isPositive, { error: "must be greater than zero" });

/** One instrument as a broker lists it. Its fields are in this order wherever it is stored. */
export const Instrument = z
  .strictObject({
    symbol: Symbol,
    asset_class: AssetClass,
    /** SecurityExchange (207), in the broker's own words. */
    exchange: z.string().max(128).nullable(),
    /** `inactive`: the broker does not list it, or not any more. */
    status: z.enum(["active", "inactive"]),
    /** Whether the broker takes orders in it: {@link isTradable} asks for both. */
    tradable: z.boolean(),
    /** Whether more of it may be sold than is held. */
    shortable: z.boolean(),
    /** Whether it trades in parts of one unit, and by an amount of money. */
    fractionable: z.boolean(),
    /** The step of a quantity, in units. */
    lot_size: Step,
    /** The least quantity of an order, in units. */
    min_quantity: Step.nullable(),
    /** What an entry has to be worth at least, in the account's currency. No reason to keep anybody from an exit. */
    min_notional: Step.nullable(),
    /** The step of a price (MinPriceIncrement 969); `null` where a rule says it, if anything does: see {@link tickAt}. */
    price_increment: Step.nullable(),
  })
  .meta({ id: "Instrument" });
export type Instrument = z.infer<typeof Instrument>;

export const isTradable = ({ status, tradable }: Instrument): boolean => status === "active" && tradable;

/** The most of a quantity that can be traded: towards zero, and zero where it is less than one step. */
export const roundDownToLot = (quantity: Decimal, { lot_size }: Instrument): Decimal => roundDownTo(quantity, lot_size);

export const isOnLot = (quantity: Decimal, instrument: Instrument): boolean =>
  roundDownToLot(quantity, instrument) === quantity;

const DOLLAR = decimalOf("1");
const CENT = decimalOf("0.01");
const HUNDREDTH_OF_A_CENT = decimalOf("0.0001");

/**
 * The step of a price at this price; `undefined` where nobody knows it.
 *
 * Equities follow Rule 612 of Regulation NMS (17 CFR 242.612): cents from one dollar up, hundredths of a cent below. As
 * amended in 2024 it lets some of them be quoted in half cents, of which a cent is a multiple.
 */
export function tickAt(price: Decimal, { asset_class, price_increment }: Instrument): Decimal | undefined {
  if (price_increment !== null) return price_increment;
  if (asset_class !== "us_equity") return undefined;
  return lessThan(price, DOLLAR) ? HUNDREDTH_OF_A_CENT : CENT;
}

/** Whether an order may name this price. No price is known to be one where no step is known. */
export function isOnTick(price: Decimal, instrument: Instrument): boolean {
  const tick = tickAt(price, instrument);
  return tick !== undefined && roundDownTo(price, tick) === price;
}

/**
 * The nearest price on that side that an order may name, which is the price itself where it may. `undefined` where there is
 * none: no step is known, or down from there is nothing but zero.
 */
export function roundToTick(price: Decimal, instrument: Instrument, direction: "up" | "down"): Decimal | undefined {
  const tick = tickAt(price, instrument);
  if (tick === undefined) return undefined;
  const below = roundDownTo(price, tick);
  const rounded = direction === "down" || below === price ? below : add(below, tick);
  return isZero(rounded) ? undefined : rounded;
}

/** Towards zero. */
const roundDownTo = (value: Decimal, step: Decimal): Decimal => divideDown(value, ONE, step);

const ONE = decimalOf("1");
