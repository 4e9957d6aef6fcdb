// How much one source may do, beside what the account may.
import type { RiskFacts, SenderFacts } from "../facts.ts";
import { notionalOf, quantityOf, toMeasure } from "../measure.ts";
import { type FactRule, type Measure, judgeCap } from "../rule.ts";
import type { Decimal } from "../../money.ts";

/**
 * Whoever learns the address of a source that does not sign could close what others have opened: its cap on units binds exits
 * too. The one on money does not, because an exit must not need a market price.
 */
const isUnsigned = (sender: SenderFacts | null): boolean => sender !== null && sender.origin !== "hmac";

export const sourceMaxQuantity: FactRule = {
  kind: "fact",
  id: "source_max_quantity",
  about: "One order of a source is for so many units at most.",
  clauses: ["RTS 6 Art. 15(1)(c)", "15c3-5(c)(1)(ii)", "FIA 1.1"],
  bindsExits: ({ sender }: RiskFacts) => isUnsigned(sender),
  check: (intent, facts) =>
    held("source_max_quantity", facts.sender?.caps?.max_quantity, () => toMeasure(quantityOf(intent, facts))),
};

export const sourceMaxNotional: FactRule = {
  kind: "fact",
  id: "source_max_notional",
  about: "One order of a source is for so much money at most.",
  clauses: ["RTS 6 Art. 15(1)(b)", "15c3-5(c)(1)(ii)", "FIA 1.1"],
  bindsExits: false,
  check: (intent, facts) =>
    held("source_max_notional", facts.sender?.caps?.max_notional, () => toMeasure(notionalOf(intent, facts))),
};

/** A source without a cap has none of its own. */
function held(id: string, limit: Decimal | undefined, measure: () => Measure): ReturnType<FactRule["check"]> {
  if (limit === undefined) return undefined;
  const found = measure();
  if ("unknown" in found) return { input: found.value, passed: false, limit, reason: found.unknown };
  return { input: found.value, ...judgeCap(id, found.value, limit) };
}
