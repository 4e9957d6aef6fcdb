// The account's money as it stands: computed on every read from the cash flow, the positions and the last prices.
import {
  type Decimal,
  ZERO,
  absolute,
  add,
  divide,
  greaterThan,
  isZero,
  multiply,
  subtract,
} from "../../domain/money.ts";
import { affordabilityOf, availableQuantity, buyingPowerOf } from "./buying-power.ts";
import { type Market, rememberPrices } from "./market.ts";
import type { VenueOrder } from "./order.ts";
import type { Position } from "./position.ts";

/** US dollars. A short position has a negative value. */
export type AccountFigures = {
  readonly cash: Decimal;
  readonly longValue: Decimal;
  readonly shortValue: Decimal;
  readonly equity: Decimal;
  readonly buyingPower: Decimal;
};

/** `quantity`, `costBasis` and `value` are negative when short; prices are not. `profitRatio` is a fraction of the cost. */
export type PositionFigures = Position & {
  readonly available: Decimal;
  readonly averagePrice: Decimal;
  readonly currentPrice: Decimal;
  readonly value: Decimal;
  readonly profit: Decimal;
  readonly profitRatio: Decimal;
};

export function accountFigures(market: Market): AccountFigures {
  const held = commitments(market);
  const values = held.positions.map(({ symbol, quantity }) => multiply(quantity, held.priceOf(symbol)));
  const cash = cashOf(market);
  const longValue = values.filter((value) => greaterThan(value, ZERO)).reduce(add, ZERO);
  const shortValue = values.filter((value) => !greaterThan(value, ZERO)).reduce(add, ZERO);
  return {
    cash,
    longValue,
    shortValue,
    equity: add(cash, add(longValue, shortValue)),
    buyingPower: buyingPowerOf({ cash, ...held }),
  };
}

/** Every position, by symbol. */
export function positionFigures(market: Market): PositionFigures[] {
  const { positions, openOrders, priceOf } = commitments(market);
  return positions.map((position) => {
    const currentPrice = priceOf(position.symbol);
    const value = multiply(position.quantity, currentPrice);
    const profit = subtract(value, position.costBasis);
    return {
      ...position,
      available: availableQuantity(position, openOrders),
      averagePrice: averagePriceOf(position),
      currentPrice,
      value,
      profit,
      profitRatio: isZero(position.costBasis) ? ZERO : divide(profit, absolute(position.costBasis)),
    };
  });
}

/** What an order that is not in the store yet would need, and what there is. US dollars. */
export const affordability = (market: Market, order: VenueOrder) =>
  affordabilityOf(order, { cash: cashOf(market), ...commitments(market) });

const cashOf = ({ settings, store }: Market): Decimal => add(settings.cash, store.readCashFlow());

const averagePriceOf = ({ costBasis, quantity }: Position): Decimal => divide(costBasis, quantity);

function commitments(market: Market) {
  const positions = market.store.listPositions();
  const openOrders = market.store.listOpenOrders();
  // A symbol that was taken off the list has no price. What is still held of it counts at cost.
  const listedPriceOf = rememberPrices(market);
  const priceOf = (symbol: string): Decimal => {
    const position = positions.find((held) => held.symbol === symbol);
    return listedPriceOf(symbol) ?? (position === undefined ? ZERO : averagePriceOf(position));
  };
  return { positions, openOrders, priceOf };
}
