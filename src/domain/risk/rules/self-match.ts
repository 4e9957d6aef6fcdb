import { type Decimal, greaterThan, lessThan } from "../../money.ts";
import type { OrderIntent } from "../../order.ts";
import { NOT_SET, type Rule, known } from "../rule.ts";

/** An order that may trade at any price; a stop counts as one, since it becomes one. */
const ANY_PRICE = "any price";

export const selfMatch: Rule = {
  kind: "limit",
  id: "self_match",
  about: "The order cannot trade with one of the account's own on the other side.",
  clauses: ["FIA 1.10"],
  setting: "self_match",
  bindsExits: false,
  measure(intent, { opposing }) {
    const met = opposing.find((price) => canMeet(intent, price));
    return known(met === undefined ? "none" : (met ?? ANY_PRICE));
  },
  judge(value, { self_match: limit }) {
    if (limit === undefined) return NOT_SET;
    return value === "none" || limit === "off"
      ? { passed: true, limit }
      : { passed: false, limit, reason: "self_match" };
  },
};

/** `price`: the limit of the resting order, or `null` where it has none. */
function canMeet({ side, type, limit_price: limit }: OrderIntent, price: Decimal | null): boolean {
  if (price === null || limit === undefined || type === "stop_limit") return true;
  return side === "buy" ? !lessThan(limit, price) : !greaterThan(limit, price);
}
