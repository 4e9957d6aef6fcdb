// How large one order may be.
import { notionalOf, quantityOf, toMeasure } from "../measure.ts";
import { type Rule, cap } from "../rule.ts";

export const maxQuantity: Rule = cap({
  id: "max_quantity",
  about: "One order is for so many units at most.",
  clauses: ["RTS 6 Art. 15(1)(c)", "15c3-5(c)(1)(ii)", "FIA 1.1"],
  setting: "max_quantity",
  measure: (intent, facts) => toMeasure(quantityOf(intent, facts)),
});

export const maxNotional: Rule = cap({
  id: "max_notional",
  about: "One order is for so much money at most.",
  clauses: ["RTS 6 Art. 15(1)(b)", "15c3-5(c)(1)(ii)", "FIA 1.1"],
  setting: "max_notional",
  measure: (intent, facts) => toMeasure(notionalOf(intent, facts)),
});
