// How much money may be in the market: in one symbol, and over all of them.
import { ZERO, multiply } from "../../money.ts";
import type { OrderIntent } from "../../order.ts";
import { type OpenOrder, type WorstExposure, worstExposureOf } from "../../portfolio.ts";
import { isCredible, worthAtWorst } from "../../worth.ts";
import type { RiskFacts } from "../facts.ts";
import { type Amount, marketPrice, positionAfter, quantityOf, toMeasure, whenKnown } from "../measure.ts";
import { type Measure, type Rule, cap, known, unknown } from "../rule.ts";

export const maxPositionNotional: Rule = cap({
  id: "max_position_notional",
  about: "Money in one symbol at the last trade's price, long or short, with everything on its way and this order.",
  clauses: ["RTS 6 Art. 15(5)", "15c3-5(c)(1)(i)", "FIA 1.2"],
  setting: "max_position_notional",
  measure: (intent, facts) =>
    toMeasure(
      whenKnown(positionAfter(intent, facts), (units): Amount =>
        whenKnown(marketPrice(facts), (price) => ({ value: multiply(units, price) })),
      ),
    ),
});

export const maxGrossExposure: Rule = cap({
  id: "max_gross_exposure",
  about: "Money in all symbols, short ones counted as much as long ones, with everything on its way and this order.",
  clauses: ["RTS 6 Art. 15(2)", "RTS 6 Art. 15(5)", "15c3-5(c)(1)(i)"],
  setting: "max_gross_exposure",
  measureWhenOff: false,
  measure: (intent, facts) => exposureMeasure(intent, facts, "gross"),
});

export const maxNetExposure: Rule = cap({
  id: "max_net_exposure",
  about: "Money in all symbols, short ones taken off long ones, with everything on its way and this order.",
  clauses: ["RTS 6 Art. 15(2)", "RTS 6 Art. 15(5)", "15c3-5(c)(1)(i)"],
  setting: "max_net_exposure",
  measureWhenOff: false,
  measure: (intent, facts) => exposureMeasure(intent, facts, "net"),
});

const UNFILLED = {
  status: "pending_new",
  delivery: "pending",
  outcome: "known",
  filled_quantity: ZERO,
  average_price: null,
} as const satisfies Partial<OpenOrder>;

function exposureMeasure(intent: OrderIntent, facts: RiskFacts, kind: keyof WorstExposure): Measure {
  const { book, referencePrice, nowMs } = facts;
  const quantity = quantityOf(intent, facts);
  if ("unknown" in quantity) return unknown(quantity.value, quantity.unknown);
  const isPriced = referencePrice !== undefined && isCredible(referencePrice, nowMs);
  const own = new Map(isPriced ? [[intent.symbol, referencePrice]] : []);
  const orders = [...book.working, { ...intent, ...UNFILLED }];
  const worst = worstExposureOf({ ...book, orders }, worthAtWorst({ ...book, nowMs }, own))[kind];
  return worst === null ? unknown("a symbol without a price", "exposure_unknown") : known(worst);
}
