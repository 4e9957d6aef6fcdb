import type { FactRule } from "../rule.ts";

/** What was held before the gateway came is not in its own record: until the broker was asked, an entry may be too much. */
export const positionKnown: FactRule = {
  kind: "fact",
  id: "position_known",
  about: "The positions have been compared with the broker's at least once.",
  clauses: ["RTS 6 Art. 15(2)"],
  bindsExits: false,
  check: (_intent, facts) => ({
    limit: "compared with the broker",
    ...(facts.positionKnown
      ? { passed: true, input: "compared" }
      : { passed: false, input: "never compared", reason: "position_unknown" }),
  }),
};
