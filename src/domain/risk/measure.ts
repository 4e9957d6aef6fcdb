// What an order comes to, in units and in money: the arithmetic that several rules share.
import { type Decimal, ZERO, absolute, add, divide, lessThan, multiply, subtract } from "../money.ts";
import { type OrderIntent, ownPriceOf } from "../order.ts";
import { isCredible } from "../worth.ts";
import type { RiskFacts } from "./facts.ts";
import { type Measure, known, unknown } from "./rule.ts";

/** A number, or what keeps anybody from knowing it. */
export type Amount = { readonly value: Decimal } | Extract<Measure, { unknown: string }>;

const amount = (value: Decimal): Amount => ({ value });
const NO_PRICE = { value: "no reference price", unknown: "reference_price_unknown" } as const;
const UNMEASURABLE = { value: "neither quantity nor notional", unknown: "order_unmeasurable" } as const;

/** Goes on with a number where there is one. */
export const whenKnown = (found: Amount, next: (value: Decimal) => Amount): Amount =>
  "unknown" in found ? found : next(found.value);

/** As a rule holds it against a limit: to the last digit. */
export const toMeasure = (found: Amount): Measure =>
  "unknown" in found ? unknown(found.value, found.unknown) : known(found.value);

/** How old the last trade is, in seconds; `undefined` where there is none that can be believed. */
export function referenceAgeSec({ referencePrice, nowMs }: RiskFacts): number | undefined {
  return referencePrice !== undefined && isCredible(referencePrice, nowMs)
    ? (nowMs - referencePrice.atMs) / 1000
    : undefined;
}

/** The last trade's price, whatever its age: how old it may be is a rule of its own. */
export const marketPrice = (facts: RiskFacts): Amount =>
  facts.referencePrice === undefined || referenceAgeSec(facts) === undefined
    ? NO_PRICE
    : amount(facts.referencePrice.price);

/** The most units the order is expected to trade: money buys more of them at its own price where the market's is higher. */
export function quantityOf(intent: OrderIntent, facts: RiskFacts): Amount {
  const { quantity, notional } = intent;
  if (quantity !== undefined) return amount(quantity);
  if (notional === undefined) return UNMEASURABLE;
  return whenKnown(marketPrice(facts), (market) => amount(unitsFor(notional, ownPriceOf(intent), market)));
}

/** The most the order is expected to cost: a buy limit bounds its own price, anything else may trade at the market's. */
export function notionalOf(intent: OrderIntent, facts: RiskFacts): Amount {
  const { quantity, notional, side, limit_price: limit } = intent;
  if (notional !== undefined) return amount(notional);
  if (quantity === undefined) return UNMEASURABLE;
  if (side === "buy" && limit !== undefined) return amount(multiply(quantity, limit));
  return whenKnown(marketPrice(facts), (market) => {
    const own = ownPriceOf(intent) ?? market;
    return amount(multiply(quantity, lessThan(own, market) ? market : own));
  });
}

/** Units held at worst: everything on the way on this side fills, and this order too, and nothing on the other side does. */
export const positionAfter = (intent: OrderIntent, facts: RiskFacts): Amount =>
  whenKnown(quantityOf(intent, facts), (quantity) =>
    whenKnown(unitsByAmount(facts), (byAmount) => {
      const units = [facts.workingSameSide, byAmount, quantity].reduce(add);
      return amount(absolute(intent.side === "buy" ? add(facts.position, units) : subtract(facts.position, units)));
    }),
  );

/** The units that live orders by amount may come to. */
const unitsByAmount = (facts: RiskFacts): Amount =>
  facts.workingByAmount.length === 0
    ? amount(ZERO)
    : whenKnown(marketPrice(facts), (market) =>
        amount(facts.workingByAmount.map(({ money, ownPrice }) => unitsFor(money, ownPrice, market)).reduce(add)),
      );

const unitsFor = (money: Decimal, ownPrice: Decimal | undefined, market: Decimal): Decimal =>
  divide(money, ownPrice !== undefined && lessThan(ownPrice, market) ? ownPrice : market);
