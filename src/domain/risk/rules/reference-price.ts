// How old, and how far from an order, the market's price is.
import { type Decimal, ZERO, absolute, divide, larger, multiply, decimalOf, subtract, negate } from "../../money.ts";
import type { OrderIntent } from "../../order.ts";
import { marketPrice, referenceAgeSec } from "../measure.ts";
import { type Rule, cap, isNumber, judgeCap, known, unknown } from "../rule.ts";

export const referencePriceAge: Rule = {
  kind: "limit",
  id: "reference_price_age",
  about: "The last trade that an order is measured with is recent, in seconds.",
  clauses: ["FIA 1.3"],
  setting: "reference_price_max_age_sec",
  bindsExits: false,
  measure(_intent, facts) {
    const ageSec = referenceAgeSec(facts);
    return ageSec === undefined
      ? unknown("no reference price", "reference_price_unknown")
      : known(String(Math.round(ageSec * 1000) / 1000));
  },
  isMeasurement: isNumber,
  judge(value, policy) {
    const judgement = judgeCap("reference_price_age", value, policy.reference_price_max_age_sec);
    return judgement.reason === "reference_price_age_exceeded"
      ? { ...judgement, reason: "reference_price_stale" }
      : judgement;
  },
};

/**
 * How far an order's price is from the market's, in percent of it. A limit counts by how much worse for the account it is than
 * the market; a stop by how far it is, since it trades at the market's price of then.
 */
export const priceCollar: Rule = cap({
  id: "price_collar",
  about: "An order's price is near the market's, in percent of it.",
  clauses: ["RTS 6 Art. 15(1)(a)", "15c3-5(c)(1)(ii)", "FIA 1.4"],
  setting: "price_collar_percent",
  measure(intent, facts) {
    const market = marketPrice(facts);
    if ("unknown" in market) return market;
    // The one without a price of its own trades at whatever there is.
    if (intent.type === "market") return unknown("a market order", "market_order_unbounded");
    return known(percentOf(deviationOf(intent, market.value), market.value));
  },
});

const HUNDRED = decimalOf("100");

const percentOf = (part: Decimal, whole: Decimal): Decimal => divide(multiply(part, HUNDRED), whole);

function deviationOf({ side, limit_price: limit, stop_price: stop }: OrderIntent, market: Decimal): Decimal {
  const limitOff = limit === undefined ? ZERO : worse(side, limit, market);
  const stopOff = stop === undefined ? ZERO : absolute(subtract(stop, market));
  return larger(limitOff, stopOff);
}

const worse = (side: OrderIntent["side"], price: Decimal, market: Decimal): Decimal => {
  const above = subtract(price, market);
  return larger(ZERO, side === "buy" ? above : negate(above));
};
