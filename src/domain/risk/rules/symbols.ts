// Which symbols may be entered, and which may not whatever the list of the others says.
import { listOf, oneOfListed, type Rule } from "../rule.ts";

export const symbolAllowed: Rule = oneOfListed({
  id: "symbol_allowed",
  about: "The symbol is one that the account may enter.",
  clauses: ["RTS 6 Art. 15(5)", "15c3-5(c)(1)(i)"],
  setting: "symbols",
  reason: "symbol_not_allowed",
  measure: ({ symbol }) => ({ value: symbol }),
});

export const symbolRestricted: Rule = {
  kind: "limit",
  id: "symbol_restricted",
  about: "The symbol is not on the restricted list.",
  clauses: ["RTS 6 Art. 15(5)"],
  setting: "restricted_symbols",
  bindsExits: false,
  measure: ({ symbol }) => ({ value: symbol }),
  judge(value, { restricted_symbols: restricted }) {
    const passed = !restricted.some((symbol) => symbol === value);
    const limit = restricted.length === 0 ? "none" : `not ${listOf(restricted)}`;
    return passed ? { passed, limit } : { passed, limit, reason: "symbol_restricted" };
  },
};
