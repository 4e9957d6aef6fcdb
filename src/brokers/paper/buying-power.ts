// What the account can still afford. Pure.
//
// The account is a margin account without leverage: it may hold positions, long and short together, worth as much as its
// equity. For an account that is only long, that is its cash. Selling more than is held opens a short position; its
// proceeds are no new buying power. Interest, fees and margin calls do not exist.
import { type Decimal, ZERO, absolute, add, greaterThan, lessThan, multiply, subtract } from "../../domain/money.ts";
import { signOf } from "../../domain/order.ts";
import { quantityAt } from "./matching.ts";
import type { VenueOrder } from "./order.ts";

type Holding = { readonly symbol: string; readonly quantity: Decimal };
type PriceOf = (symbol: string) => Decimal;

/** US dollars: equity, less what the positions are worth, less what the open orders will need. Negative after a loss. */
export function buyingPowerOf(account: {
  readonly cash: Decimal;
  readonly positions: readonly Holding[];
  /** Oldest first: the older order is the one that closes a position. */
  readonly openOrders: readonly VenueOrder[];
  readonly priceOf: PriceOf;
}): Decimal {
  const { cash, positions, openOrders, priceOf } = account;
  // value - |value| is nothing for a long position, and minus twice its worth for a short one.
  const bound = positions.map(({ symbol, quantity }) =>
    multiply(subtract(quantity, absolute(quantity)), priceOf(symbol)),
  );
  const needed = openingCosts(openOrders, positions, priceOf);
  return subtract(bound.reduce(add, cash), needed.reduce(add, ZERO));
}

/** What one more order needs, in US dollars. An order that only closes needs nothing. */
export function costBasisOf(
  order: VenueOrder,
  account: {
    readonly positions: readonly Holding[];
    readonly openOrders: readonly VenueOrder[];
    readonly priceOf: PriceOf;
  },
): Decimal {
  return openingCosts([...account.openOrders, order], account.positions, account.priceOf).at(-1) ?? ZERO;
}

/** For each order, the cost of its units that open or add to a position, once the orders before it have been filled. */
function openingCosts(orders: readonly VenueOrder[], positions: readonly Holding[], priceOf: PriceOf): Decimal[] {
  const closable = new Map<string, Decimal>();
  for (const { symbol, quantity } of positions) {
    closable.set(`${lessThan(quantity, ZERO) ? "buy" : "sell"} ${symbol}`, absolute(quantity));
  }
  return orders.map((order) => {
    const last = priceOf(order.symbol);
    const key = `${order.side} ${order.symbol}`;
    const held = closable.get(key) ?? ZERO;
    const left = subtract(held, quantityAt(order, last));
    closable.set(key, lessThan(left, ZERO) ? ZERO : left);
    return lessThan(left, ZERO) ? multiply(absolute(left), worstPrice(order, last)) : ZERO;
  });
}

/**
 * The price an order is expected to need at most: its limit for a purchase, the highest price it names for a sale, since a
 * short position binds more money the higher it was opened. A price that jumps can still pass a stop; the order is then
 * filled all the same, as a broker would, and buying power can go below zero.
 */
function worstPrice({ side, limitPrice, stopPrice }: VenueOrder, last: Decimal): Decimal {
  if (side === "buy" && limitPrice !== null) return limitPrice;
  return [limitPrice, stopPrice].reduce<Decimal>(
    (highest, price) => (price !== null && greaterThan(price, highest) ? price : highest),
    last,
  );
}

/** Units of a position that no open order is going to close; zero when there are more such orders than units. */
export function availableQuantity({ symbol, quantity }: Holding, openOrders: readonly VenueOrder[]): Decimal {
  const isLong = greaterThan(quantity, ZERO);
  const closing = openOrders.filter((order) => order.symbol === symbol && (order.side === "sell") === isLong);
  const promised = closing.reduce((sum, order) => add(sum, order.quantity ?? ZERO), ZERO);
  const left = subtract(absolute(quantity), promised);
  return lessThan(left, ZERO) ? ZERO : signOf(isLong ? "buy" : "sell", left);
}
