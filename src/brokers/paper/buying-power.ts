// What the account can still afford. Pure.
//
// The account is a margin account without leverage: it may hold positions, long and short together, worth as much as its
// equity. For an account that is only long, that is its cash. Selling more than is held opens a short position; its
// proceeds are no new buying power. Interest, fees and margin calls do not exist.
import { type Decimal, ZERO, absolute, add, greaterThan, lessThan, multiply, subtract } from "../../domain/money.ts";
import { signOf } from "../../domain/order.ts";
import { remainingAt } from "./matching.ts";
import type { VenueOrder } from "./order.ts";

type Holding = { readonly symbol: string; readonly quantity: Decimal };
type PriceOf = (symbol: string) => Decimal;

type Account = {
  readonly cash: Decimal;
  readonly positions: readonly Holding[];
  /** Oldest first: the older order is the one that closes a position. */
  readonly openOrders: readonly VenueOrder[];
  readonly priceOf: PriceOf;
};

/** US dollars: equity, less what the positions are worth, less what the open orders will need. Negative after a loss. */
export const buyingPowerOf = (account: Account): Decimal =>
  powerLeft(account, openingCosts(account.openOrders, account.positions, account.priceOf));

/** What one more order needs, and what there is for it, in US dollars. An order that only closes needs nothing. */
export function affordabilityOf(
  order: VenueOrder,
  account: Account,
): { readonly costBasis: Decimal; readonly buyingPower: Decimal } {
  const needed = openingCosts([...account.openOrders, order], account.positions, account.priceOf);
  const costBasis = needed.pop() ?? ZERO;
  return { costBasis, buyingPower: powerLeft(account, needed) };
}

function powerLeft({ cash, positions, priceOf }: Account, needed: readonly Decimal[]): Decimal {
  // value - |value| is nothing for a long position, and minus twice its worth for a short one.
  const bound = positions.map(({ symbol, quantity }) =>
    multiply(subtract(quantity, absolute(quantity)), priceOf(symbol)),
  );
  return subtract(bound.reduce(add, cash), needed.reduce(add, ZERO));
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
    const left = subtract(held, remainingAt(order, last));
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

/** What is left of a notional order is an amount of money, and no number of units before it trades. */
const unfilled = ({ quantity, filledQuantity }: VenueOrder): Decimal =>
  quantity === null ? ZERO : subtract(quantity, filledQuantity);

/** Units of a position that no open order is going to close; zero when there are more such orders than units. */
export function availableQuantity({ symbol, quantity }: Holding, openOrders: readonly VenueOrder[]): Decimal {
  const isLong = greaterThan(quantity, ZERO);
  const closing = openOrders.filter((order) => order.symbol === symbol && (order.side === "sell") === isLong);
  const promised = closing.reduce((sum, order) => add(sum, unfilled(order)), ZERO);
  const left = subtract(absolute(quantity), promised);
  return lessThan(left, ZERO) ? ZERO : signOf(isLong ? "buy" : "sell", left);
}
