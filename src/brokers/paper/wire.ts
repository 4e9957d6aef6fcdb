// The JSON that the venue speaks: Alpaca's Trading API v2 and Market Data API v2. Money is text everywhere but in `p` of a
// trade, where Alpaca has a number.
import { type Decimal, ZERO, absolute, add, greaterThan, isZero } from "../../domain/money.ts";
import type { AccountFigures, PositionFigures } from "./account.ts";
import { assetIdOf, endOfDayMs } from "./market.ts";
import { uuidOf } from "./uuid.ts";
import type { Execution } from "./execution.ts";
import { type VenueOrder, averagePriceOf } from "./order.ts";

const timestamp = (ms: number): string => new Date(ms).toISOString();
const optionalTimestamp = (ms: number | null): string | null => (ms === null ? null : timestamp(ms));

const EQUITY = "us_equity";
const EXCHANGE = "NASDAQ";

/** One order with its legs in it. */
export const nestedOrderJson = (order: VenueOrder, legs: readonly VenueOrder[]) => ({
  ...orderJson(order),
  legs: legs.length === 0 ? null : legs.map(orderJson),
});

/** One order, with every field of Alpaca's; what this venue does not have is `null`. */
export const orderJson = (order: VenueOrder) => ({
  id: order.id,
  client_order_id: order.clientOrderId,
  created_at: timestamp(order.submittedAtMs),
  updated_at: timestamp(order.updatedAtMs),
  submitted_at: timestamp(order.submittedAtMs),
  filled_at: optionalTimestamp(order.filledAtMs),
  expired_at: optionalTimestamp(order.expiredAtMs),
  expires_at: optionalTimestamp(order.expiresAtMs),
  canceled_at: optionalTimestamp(order.canceledAtMs),
  failed_at: null,
  replaced_at: null,
  replaced_by: null,
  replaces: null,
  asset_id: assetIdOf(order.symbol),
  symbol: order.symbol,
  asset_class: EQUITY,
  notional: order.notional,
  qty: order.quantity,
  filled_qty: order.filledQuantity,
  filled_avg_price: averagePriceOf(order),
  order_class: order.orderClass,
  order_type: order.type,
  type: order.type,
  side: order.side,
  position_intent: null,
  time_in_force: order.timeInForce,
  limit_price: order.limitPrice,
  stop_price: order.stopPrice,
  status: order.status,
  extended_hours: order.extendedHours,
  legs: null,
  trail_percent: null,
  trail_price: null,
  hwm: null,
  ratio_qty: null,
});

/** One trade, as an account activity of the type FILL. */
export const activityJson = (execution: Execution) => {
  const isLast = isZero(execution.leaves);
  return {
    id: execution.id,
    activity_type: "FILL",
    transaction_time: timestamp(execution.atMs),
    type: isLast ? "fill" : "partial_fill",
    order_id: execution.orderId,
    order_status: isLast ? "filled" : "partially_filled",
    symbol: execution.symbol,
    side: execution.side,
    qty: execution.quantity,
    price: execution.price,
    cum_qty: execution.cumulative,
    leaves_qty: execution.leaves,
  };
};

/** One position. There is no yesterday at this venue: the intraday figures are the whole, and the day's change is zero. */
export const positionJson = (position: PositionFigures) => ({
  asset_id: assetIdOf(position.symbol),
  symbol: position.symbol,
  exchange: EXCHANGE,
  asset_class: EQUITY,
  asset_marginable: false,
  qty: position.quantity,
  qty_available: position.available,
  side: greaterThan(position.quantity, ZERO) ? "long" : "short",
  avg_entry_price: position.averagePrice,
  cost_basis: position.costBasis,
  market_value: position.value,
  unrealized_pl: position.profit,
  unrealized_plpc: position.profitRatio,
  unrealized_intraday_pl: position.profit,
  unrealized_intraday_plpc: position.profitRatio,
  current_price: position.currentPrice,
  lastday_price: position.currentPrice,
  change_today: "0",
});

/** The account. `buying_power` is never shown below zero, and every kind of it is the same. */
export function accountJson({ cash, longValue, shortValue, equity, buyingPower }: AccountFigures) {
  const shown = greaterThan(buyingPower, ZERO) ? buyingPower : ZERO;
  const held = add(longValue, absolute(shortValue));
  return {
    id: uuidOf("account"),
    account_number: "PAPER",
    status: "ACTIVE",
    crypto_status: "INACTIVE",
    currency: "USD",
    cash,
    equity,
    last_equity: equity,
    portfolio_value: equity,
    long_market_value: longValue,
    short_market_value: shortValue,
    buying_power: shown,
    regt_buying_power: shown,
    non_marginable_buying_power: shown,
    daytrading_buying_power: "0",
    options_buying_power: "0",
    initial_margin: held,
    maintenance_margin: held,
    last_maintenance_margin: held,
    sma: "0",
    accrued_fees: "0",
    multiplier: "1",
    daytrade_count: 0,
    options_approved_level: 0,
    options_trading_level: 0,
    pattern_day_trader: false,
    shorting_enabled: true,
    trading_blocked: false,
    transfers_blocked: false,
    account_blocked: false,
    trade_suspended_by_user: false,
  };
}

/**
 * One listed symbol. Nothing can be bought on margin, see `buying-power.ts`; everything can be sold short. Steps of quantity and
 * price are fields of crypto at Alpaca: of an equity they are rules, and the rules here are Alpaca's.
 */
export const assetJson = (symbol: string) => ({
  id: assetIdOf(symbol),
  class: EQUITY,
  exchange: EXCHANGE,
  symbol,
  name: symbol,
  status: "active",
  tradable: true,
  marginable: false,
  shortable: true,
  easy_to_borrow: true,
  borrow_status: "easy_to_borrow",
  fractionable: true,
  attributes: [],
});

/** The market never closes. The moment at which one trading day becomes the next is both its next close and its next open. */
export function clockJson(nowMs: number) {
  const endOfDay = timestamp(endOfDayMs(nowMs));
  return { timestamp: timestamp(nowMs), is_open: true, next_open: endOfDay, next_close: endOfDay };
}

type Trade = { readonly symbol: string; readonly price: Decimal };

/** JSON text of `{"trades":{"AAPL":{…}}}`. */
export const latestTradesText = (trades: readonly Trade[], nowMs: number): string =>
  `{"trades":{${trades.map((trade) => `${JSON.stringify(trade.symbol)}:${tradeText(trade, nowMs)}`).join(",")}}}`;

/** JSON text of `{"symbol":"AAPL","trade":{…}}`. */
export const latestTradeText = (trade: Trade, nowMs: number): string =>
  `{"symbol":${JSON.stringify(trade.symbol)},"trade":${tradeText(trade, nowMs)}}`;

/**
 * Alpaca sends the price as a JSON number. It is written digit by digit and never passes through a double: a canonical
 * decimal is a JSON number as it stands. The time is that of the request, since the market trades without pause.
 */
const tradeText = ({ price }: Trade, nowMs: number): string =>
  `{"c":["@"],"i":1,"p":${price},"s":100,"t":"${timestamp(nowMs)}","x":"V","z":"C"}`;
