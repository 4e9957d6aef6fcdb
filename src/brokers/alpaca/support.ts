// Which orders Alpaca can carry out, found before anything is sent. What cannot be said in Alpaca's terms is refused, never
// adjusted: no symbol is respelt and no number rounded.
import type { Unsupported } from "../../domain/broker.ts";
import { type Decimal, decimalOf, fractionDigits, lessThan } from "../../domain/money.ts";
import type { OrderIntent, OrderType, TimeInForce } from "../../domain/order.ts";
import { bracketForm, bracketPrices, noCryptoBracket } from "./bracket-support.ts";

type Rule = (intent: OrderIntent) => Unsupported | undefined;

/**
 * What keeps Alpaca from carrying out this order, or `undefined`; the first reason in the order below. Follows the tables
 * of order types, times in force, fractional orders and price increments in Alpaca's "Orders at Alpaca".
 */
export function findUnsupported(intent: OrderIntent): Unsupported | undefined {
  for (const rule of [symbolKnown, ...(isCryptoPair(intent.symbol) ? CRYPTO_RULES : EQUITY_RULES)]) {
    const refusal = rule(intent);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** Whether Alpaca trades this symbol as a crypto pair. */
export const isCryptoPair = (symbol: string): boolean => symbol.includes("/");

const EQUITY_RULES: readonly Rule[] = [
  notionalForm,
  wholeUnlessDay,
  bracketForm,
  bracketPrices,
  priceIncrement,
  extendedHoursForm,
  auctionType,
];
const CRYPTO_RULES: readonly Rule[] = [noCryptoBracket, cryptoTerms, cryptoType, cryptoTimeInForce];

const EQUITY = /^[A-Z]{1,5}(\.[A-Z]{1,4})?$/;
const CRYPTO_PAIR = /^[A-Z0-9]{2,10}\/[A-Z]{3,5}$/;

/** Whether a symbol is spelled like one that can be traded here. */
export const isTradedSymbol = (symbol: string): boolean => EQUITY.test(symbol) || CRYPTO_PAIR.test(symbol);

/**
 * Alpaca also takes option contracts and the pair spelling `BTCUSD`. A contract trades 100 times its quantity, which no
 * limit in the policy knows; a pair without a slash comes back in another spelling than it was sent.
 */
function symbolKnown({ symbol }: OrderIntent): Unsupported | undefined {
  if (symbol !== symbol.toUpperCase()) {
    return { code: "symbol_not_upper_case", detail: `Alpaca's symbols are upper case: ${symbol.toUpperCase()}` };
  }
  if (isTradedSymbol(symbol)) return undefined;
  return {
    code: "unsupported_symbol",
    detail: "the symbol must be a US equity like AAPL or BRK.B, or a crypto pair like BTC/USD",
  };
}

/** Cents: the smallest unit of the account's currency. */
const NOTIONAL_FRACTION_DIGITS = 2;

function notionalForm({ notional, type, time_in_force }: OrderIntent): Unsupported | undefined {
  if (notional === undefined) return undefined;
  if (type !== "market" || time_in_force !== "day") {
    return {
      code: "unsupported_notional",
      detail: "an order by notional must be a market order with time_in_force day",
    };
  }
  return fractionDigits(notional) > NOTIONAL_FRACTION_DIGITS
    ? { code: "notional_precision", detail: `notional may have ${NOTIONAL_FRACTION_DIGITS} decimals` }
    : undefined;
}

function wholeUnlessDay({ quantity, time_in_force }: OrderIntent): Unsupported | undefined {
  if (quantity === undefined || fractionDigits(quantity) === 0 || time_in_force === "day") return undefined;
  return { code: "unsupported_fractional_quantity", detail: "a fractional quantity needs time_in_force day" };
}

const DOLLAR = decimalOf("1");

/** Rule 612 of Regulation NMS: cents from one dollar up, hundredths of a cent below. */
function priceIncrement({ limit_price, stop_price, take_profit, stop_loss }: OrderIntent): Unsupported | undefined {
  const prices = [limit_price, stop_price, take_profit?.limit_price, stop_loss?.stop_price, stop_loss?.limit_price];
  if (!prices.some(isTooFine)) return undefined;
  return { code: "price_increment", detail: "prices may have 2 decimals from 1 dollar up, 4 below" };
}

const isTooFine = (price: Decimal | undefined): boolean =>
  price !== undefined && fractionDigits(price) > (lessThan(price, DOLLAR) ? 4 : 2);

function extendedHoursForm({ extended_hours, type, time_in_force }: OrderIntent): Unsupported | undefined {
  if (!extended_hours || (type === "limit" && time_in_force === "day")) return undefined;
  return { code: "unsupported_extended_hours", detail: "extended_hours needs a limit order with time_in_force day" };
}

function auctionType({ type, time_in_force }: OrderIntent): Unsupported | undefined {
  if (time_in_force !== "opg" && time_in_force !== "cls") return undefined;
  if (type === "market" || type === "limit") return undefined;
  return { code: "unsupported_time_in_force", detail: `time_in_force ${time_in_force} needs type market or limit` };
}

/** Alpaca describes notional orders as market and day, and crypto has no day: the two never meet. */
function cryptoTerms({ notional, extended_hours }: OrderIntent): Unsupported | undefined {
  if (notional !== undefined) {
    return { code: "unsupported_notional", detail: "a crypto order needs a quantity, not a notional" };
  }
  return extended_hours
    ? { code: "unsupported_extended_hours", detail: "crypto trades around the clock and has no extended hours" }
    : undefined;
}

const CRYPTO_TYPES: ReadonlySet<OrderType> = new Set(["market", "limit", "stop_limit"]);
const CRYPTO_TIMES_IN_FORCE: ReadonlySet<TimeInForce> = new Set(["gtc", "ioc"]);

function cryptoType({ type }: OrderIntent): Unsupported | undefined {
  if (CRYPTO_TYPES.has(type)) return undefined;
  return { code: "unsupported_order_type", detail: `a crypto order must be market, limit or stop_limit, not ${type}` };
}

function cryptoTimeInForce({ time_in_force }: OrderIntent): Unsupported | undefined {
  if (CRYPTO_TIMES_IN_FORCE.has(time_in_force)) return undefined;
  return {
    code: "unsupported_time_in_force",
    detail: `a crypto order needs time_in_force gtc or ioc, not ${time_in_force}: there is no trading day to end`,
  };
}
