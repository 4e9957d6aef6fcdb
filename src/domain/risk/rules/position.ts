// How large a position may become: what is held, and everything on its way.
import { positionAfter, toMeasure } from "../measure.ts";
import { type Rule, cap } from "../rule.ts";

export const maxPosition: Rule = cap({
  id: "max_position",
  about: "Units held of one symbol, long or short, with working and unknown orders and this one.",
  clauses: ["RTS 6 Art. 15(2)", "RTS 6 Art. 15(5)", "15c3-5(c)(1)(i)", "FIA 1.2"],
  setting: "max_position",
  measure: (intent, facts) => toMeasure(positionAfter(intent, facts)),
});
