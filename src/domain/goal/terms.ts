// How an order of a goal is placed: the instruction's terms with every price worked out.
import type { Instrument } from "../instrument.ts";
import { type Decimal, larger, smaller } from "../money.ts";
import type { OrderType, Side, TimeInForce } from "../order.ts";
import { type PriceFacts, type PriceRefusal, isBeyond, resolvePrice } from "../price-spec.ts";
import { type Result, err, ok } from "../result.ts";
import type { PriceSpec, Terms } from "../signal/instruction.ts";

/** An order that a goal wants placed. Its prices are on the instrument's tick and its quantity on the lot. */
export type PlannedOrder = Placement & {
  readonly side: Side;
  readonly quantity: Decimal;
  /** It takes something off what is held, and is not larger than that. */
  readonly reduce_only: boolean;
} & Legs;

/** Everything about an order but which way and how much. */
export type Placement = {
  readonly type: OrderType;
  readonly limit_price?: Decimal;
  readonly stop_price?: Decimal;
  readonly time_in_force: TimeInForce;
  readonly extended_hours: boolean;
};

type Legs = {
  readonly take_profit?: { readonly limit_price: Decimal };
  readonly stop_loss?: { readonly stop_price: Decimal; readonly limit_price?: Decimal };
};

/** Why an order cannot be placed. `code` is stable and names it for programs. */
export type Refusal = { readonly code: string; readonly detail: string };

export type Market = { readonly price: Decimal | undefined; readonly instrument: Instrument | undefined };

type Given = Terms & { readonly symbol: string };

/** An order that opens or adds to a position. `price`: what a unit is expected to cost, where anybody can tell. */
export type EntryTerms = { readonly placement: Placement; readonly legs: Legs; readonly price: Decimal | undefined };

export function entryTerms(given: Given, side: Side, market: Market): Result<EntryTerms, Refusal> {
  const prices = pricesOf(given, (role, spec) => resolvePrice(spec, { role, side, ...countingFrom(market) }));
  if (!prices.ok) return prices;
  const price = expectedPrice(prices.value, side, market.price);
  const legs = legsOf(given, { side, from: price, instrument: market.instrument });
  if (!legs.ok) return legs;
  return ok({ placement: { ...prices.value, ...howLong(given, market) }, legs: legs.value, price });
}

/** An order out of a position with nothing to come after it: as the instruction says, but without the legs of an entry. */
export function exitTerms(given: Given, side: Side, market: Market): Result<Placement, Refusal> {
  const opened: Side = side === "buy" ? "sell" : "buy";
  const prices = pricesOf(given, (role, spec) => {
    // A stop that takes off what is held is a stop loss, and is not to lose more than was said.
    const facts = role === "stop" ? { role: "stop_loss" as const, side: opened } : { role, side };
    const resolved = resolvePrice(spec, { ...facts, ...countingFrom(market) });
    // Whether a price is on the tick is the broker's to say where nobody else knows: no reason to be kept in.
    const isAsNamed = "at" in spec && !resolved.ok && resolved.error.code === "tick_unknown";
    return isAsNamed ? ok(spec.at) : resolved;
  });
  return prices.ok ? ok({ ...prices.value, ...howLong(given, market) }) : prices;
}

/**
 * An order that makes room for an entry. The terms are the entry's, and would keep the position for as long as the entry does
 * not come about, so it goes to the market. Only where that does not trade, outside of regular hours, does it take the entry's
 * limit, which is on the same side.
 */
export function makeRoomTerms(given: Given, side: Side, market: Market): Placement {
  const asEntry = given.extended_hours === true && given.type === "limit" ? exitTerms(given, side, market) : undefined;
  if (asEntry?.ok) return asEntry.value;
  return { type: "market", time_in_force: defaultTimeInForce(given.symbol, market), extended_hours: false };
}

const countingFrom = ({ price, instrument }: Market): Pick<PriceFacts, "from" | "instrument"> => ({
  from: price,
  instrument,
});

type Prices = Pick<Placement, "type" | "limit_price" | "stop_price">;
type Resolve = (role: "limit" | "stop", spec: PriceSpec) => Result<Decimal, PriceRefusal>;

function pricesOf({ type, limit_price, stop_price }: Given, resolve: Resolve): Result<Prices, Refusal> {
  const needsStop = type === "stop" || type === "stop_limit";
  const needsLimit = type === "limit" || type === "stop_limit";
  if (needsStop && stop_price === undefined) return refuse("stop_price_missing", `required by type ${type}`);
  if (needsLimit && limit_price === undefined) return refuse("limit_price_missing", `required by type ${type}`);
  if (type === "stop_limit" && limit_price !== undefined && !("at" in limit_price)) {
    return refuse("limit_price_ambiguous", "behind a stop a distance could count from the market or from the stop");
  }
  const stop = needsStop && stop_price !== undefined ? resolve("stop", stop_price) : ok(undefined);
  if (!stop.ok) return stop;
  const limit = needsLimit && limit_price !== undefined ? resolve("limit", limit_price) : ok(undefined);
  if (!limit.ok) return limit;
  return ok({
    type,
    ...(limit.value === undefined ? {} : { limit_price: limit.value }),
    ...(stop.value === undefined ? {} : { stop_price: stop.value }),
  });
}

/** A limit trades at the market where that is better, and a stop where the market is beyond it already. */
function expectedPrice({ limit_price, stop_price }: Prices, side: Side, market: Decimal | undefined) {
  const own = stop_price ?? limit_price;
  if (own === undefined || market === undefined) return own ?? market;
  return (stop_price === undefined) === (side === "buy") ? smaller(own, market) : larger(own, market);
}

function legsOf(given: Given, entry: Omit<PriceFacts, "role">): Result<Legs, Refusal> {
  const { take_profit, stop_loss } = given;
  const profit = legPrice(take_profit?.limit_price, { ...entry, role: "take_profit" });
  if (!profit.ok) return profit;
  const stop = legPrice(stop_loss?.stop_price, { ...entry, role: "stop_loss" });
  if (!stop.ok) return stop;
  const limit = legPrice(stop_loss?.limit_price, { ...entry, role: "stop_loss" });
  if (!limit.ok) return limit;
  const stopLimit = limit.value === undefined ? {} : { limit_price: limit.value };
  return ok({
    ...(profit.value === undefined ? {} : { take_profit: { limit_price: profit.value } }),
    ...(stop.value === undefined ? {} : { stop_loss: { stop_price: stop.value, ...stopLimit } }),
  });
}

/** A leg at the entry's price, or beyond it, would close the position as soon as it is there. */
function legPrice(spec: PriceSpec | undefined, facts: PriceFacts): Result<Decimal | undefined, Refusal> {
  if (spec === undefined) return ok(undefined);
  const { role, from } = facts;
  const resolved = resolvePrice(spec, facts);
  if (!resolved.ok) return refuse(resolved.error.code, `${role.replace("_", " ")}: ${resolved.error.detail}`);
  return from === undefined || isBeyond(resolved.value, from, facts)
    ? resolved
    : refuse(`${role}_on_wrong_side`, `${resolved.value} is on the wrong side of an entry at ${from}`);
}

const howLong = (given: Given, market: Market): Pick<Placement, "time_in_force" | "extended_hours"> => ({
  time_in_force: given.time_in_force ?? defaultTimeInForce(given.symbol, market),
  extended_hours: given.extended_hours ?? false,
});

/** Crypto trades around the clock: no day ends there. Of an instrument that nobody knows, a pair's spelling has to do. */
function defaultTimeInForce(symbol: string, { instrument }: Market): TimeInForce {
  const isCrypto = instrument === undefined ? symbol.includes("/") : instrument.asset_class === "crypto";
  return isCrypto ? "gtc" : "day";
}

const refuse = (code: string, detail: string) => err<Refusal>({ code, detail });
