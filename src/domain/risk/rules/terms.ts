// Which kinds of orders may open a position.
import { oneOfListed, type Rule } from "../rule.ts";

export const sideAllowed: Rule = oneOfListed({
  id: "side_allowed",
  about: "Positions may be opened on this side: long by buying, short by selling.",
  clauses: ["RTS 6 Art. 15(5)"],
  setting: "sides",
  reason: "side_not_allowed",
  measure: ({ side }) => ({ value: side }),
});

export const orderTypeAllowed: Rule = oneOfListed({
  id: "order_type_allowed",
  about: "The type of order, as it was asked for, is one that the account may enter with.",
  clauses: ["15c3-5(c)(1)(ii)"],
  setting: "order_types",
  reason: "order_type_not_allowed",
  measure: (_intent, { askedType }) => ({ value: askedType }),
});

export const timeInForceAllowed: Rule = oneOfListed({
  id: "time_in_force_allowed",
  about: "The time in force is one that the account may enter with.",
  clauses: ["15c3-5(c)(1)(ii)"],
  setting: "times_in_force",
  reason: "time_in_force_not_allowed",
  measure: ({ time_in_force: timeInForce }) => ({ value: timeInForce }),
});
