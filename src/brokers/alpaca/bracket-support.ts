// Which brackets Alpaca can carry out, found before anything is sent. Follows "Bracket Orders", "OTO Orders" and "Threshold on stop
// price of stop-loss orders" in Alpaca's "Orders at Alpaca".
import type { Unsupported } from "../../domain/broker.ts";
import { type Decimal, decimalOf, fractionDigits, isPositive, lessThan, subtract } from "../../domain/money.ts";
import { type OrderIntent, hasLegs, signOf } from "../../domain/order.ts";

const unsupportedBracket = (detail: string): Unsupported => ({ code: "unsupported_bracket", detail });

/** Whether the order opens a position, which one with legs has to, only Alpaca can tell. */
export function bracketForm(intent: OrderIntent): Unsupported | undefined {
  if (!hasLegs(intent)) return undefined;
  const { type, quantity, time_in_force, extended_hours } = intent;
  if (type !== "market" && type !== "limit") {
    return unsupportedBracket(`an order with take_profit or stop_loss must be market or limit, not ${type}`);
  }
  if (quantity === undefined || fractionDigits(quantity) > 0) {
    return unsupportedBracket("an order with take_profit or stop_loss needs a whole quantity");
  }
  if (time_in_force !== "day" && time_in_force !== "gtc") {
    return unsupportedBracket("an order with take_profit or stop_loss needs time_in_force day or gtc");
  }
  return extended_hours
    ? unsupportedBracket("take_profit and stop_loss trade in the regular session, without extended_hours")
    : undefined;
}

const wrongPrices = (detail: string): Unsupported => ({ code: "bracket_prices", detail });

/** The least distance of a leg from the limit of its order, in dollars. */
const LEG_DISTANCE = decimalOf("0.01");

/** Alpaca measures the legs from the market's price as well, which only it knows. */
export function bracketPrices({ side, limit_price: entry, ...legs }: OrderIntent): Unsupported | undefined {
  const profit = legs.take_profit?.limit_price;
  const stop = legs.stop_loss?.stop_price;
  const prices = [profit, stop, legs.stop_loss?.limit_price];
  if (prices.some((price) => price !== undefined && !isPositive(price))) {
    return wrongPrices("take_profit and stop_loss need prices greater than zero");
  }
  const [better, worse] = side === "buy" ? ["above", "below"] : ["below", "above"];
  /** What a unit earns between two prices, in dollars. */
  const gain = (from: Decimal, to: Decimal): Decimal => signOf(side, subtract(to, from));
  if (profit !== undefined && stop !== undefined && !isPositive(gain(stop, profit))) {
    return wrongPrices(`of an order to ${side} take_profit must be ${better} stop_loss`);
  }
  const limit = legs.stop_loss?.limit_price;
  if (stop !== undefined && limit !== undefined && isPositive(gain(stop, limit))) {
    return wrongPrices(
      `stop_loss of an order to ${side} must not have its limit_price ${better} its stop_price: it would not fill`,
    );
  }
  if (entry === undefined) return undefined;
  if (profit !== undefined && lessThan(gain(entry, profit), LEG_DISTANCE)) {
    return wrongPrices(`of an order to ${side} take_profit must be at least ${LEG_DISTANCE} ${better} limit_price`);
  }
  return stop !== undefined && lessThan(gain(stop, entry), LEG_DISTANCE)
    ? wrongPrices(`of an order to ${side} stop_loss must be at least ${LEG_DISTANCE} ${worse} limit_price`)
    : undefined;
}

export const noCryptoBracket = (intent: OrderIntent): Unsupported | undefined =>
  hasLegs(intent) ? unsupportedBracket("a crypto order has no take_profit and no stop_loss") : undefined;
