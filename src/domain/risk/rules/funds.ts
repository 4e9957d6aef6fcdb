// What the account's own money allows: how much of it one order may be, how much may be lost, and what has to be left.
import {
  type Decimal,
  ZERO,
  asDecimal,
  decimalOf,
  divide,
  isPositive,
  larger,
  lessThan,
  multiply,
  subtract,
} from "../../money.ts";
import type { Funds, RiskFacts } from "../facts.ts";
import { type Amount, notionalOf, toMeasure, whenKnown } from "../measure.ts";
import { NOT_SET, OFF, type Rule, cap, isNumber } from "../rule.ts";

/** The broker's word on money may be so old. */
const FUNDS_AGE_MAX_MS = 300_000;

const HUNDRED = decimalOf("100");

const percentOf = (part: Decimal, whole: Decimal): Decimal => divide(multiply(part, HUNDRED), whole);

/** Goes on with the account's money where it is known as of not too long ago. */
function withFunds({ funds, nowMs }: RiskFacts, next: (funds: Funds) => Amount): Amount {
  if (funds === undefined) return { value: "no word of the broker", unknown: "funds_unknown" };
  const ageMs = nowMs - funds.asOfMs;
  return ageMs > FUNDS_AGE_MAX_MS
    ? { value: `${Math.round(ageMs / 1000)} s old`, unknown: "funds_stale" }
    : next(funds);
}

export const maxPercentOfEquity: Rule = cap({
  id: "max_percent_of_equity",
  about: "One order is for so much of the account's equity at most, in percent.",
  clauses: ["RTS 6 Art. 15(1)(b)", "15c3-5(c)(1)(i)"],
  setting: "max_percent_of_equity",
  measure: (intent, facts) =>
    toMeasure(
      withFunds(facts, ({ equity }) =>
        isPositive(equity)
          ? whenKnown(notionalOf(intent, facts), (money) => ({ value: percentOf(money, equity) }))
          : { value: `equity ${equity}`, unknown: "no_equity" },
      ),
    ),
});

export const maxDailyLoss: Rule = cap({
  id: "max_daily_loss",
  about: "Money lost since the trading day began, open positions included.",
  clauses: ["RTS 6 Art. 15(5)", "15c3-5(c)(1)(i)"],
  setting: "max_daily_loss",
  measure: (_intent, facts) =>
    toMeasure(withFunds(facts, ({ equity, dayStart }) => ({ value: larger(ZERO, subtract(dayStart, equity)) }))),
});

export const maxDrawdownPercent: Rule = cap({
  id: "max_drawdown_percent",
  about: "How far equity is below its highest since the policy was set, in percent of that.",
  clauses: ["RTS 6 Art. 15(5)", "15c3-5(c)(1)(i)"],
  setting: "max_drawdown_percent",
  measure: (_intent, facts) =>
    toMeasure(
      withFunds(facts, ({ equity, peak }) => ({
        value: isPositive(peak) ? percentOf(larger(ZERO, subtract(peak, equity)), peak) : ZERO,
      })),
    ),
});

/** What would be left to buy with once this order, and every one that the broker may not have counted yet, is paid for. */
export const minBuyingPower: Rule = {
  kind: "limit",
  id: "min_buying_power",
  about: "So much buying power is left with this order, and with all that the broker has not counted yet.",
  clauses: ["15c3-5(c)(1)(i)"],
  setting: "min_buying_power",
  bindsExits: false,
  measure: (intent, facts) =>
    toMeasure(
      withFunds(facts, ({ buyingPower, uncounted }) =>
        whenKnown(notionalOf(intent, facts), (money) => ({
          value: subtract(subtract(buyingPower, uncounted), money),
        })),
      ),
    ),
  isMeasurement: isNumber,
  judge(value, { min_buying_power: least }) {
    if (least === undefined) return NOT_SET;
    if (least === OFF) return { passed: true, limit: OFF };
    const limit = `at least ${least}`;
    const left = asDecimal(value);
    if (left === undefined) return { passed: false, limit, reason: "funds_unknown" };
    const headroom = subtract(left, least);
    return lessThan(headroom, ZERO)
      ? { passed: false, limit, reason: "buying_power_exceeded", headroom }
      : { passed: true, limit, headroom };
  },
};
