import type { Rule } from "../rule.ts";

export const circuitBreaker: Rule = {
  kind: "limit",
  id: "circuit_breaker",
  about: "The broker answers; while it does not, nothing is opened, or it waits as the policy says.",
  clauses: ["FIA 1.3"],
  setting: "when_circuit_open",
  bindsExits: false,
  measure: (_intent, facts) => ({ value: facts.circuitOpen ? "open" : "closed" }),
  judge: (value, { when_circuit_open: limit }) =>
    value === "open" && limit === "deny" ? { passed: false, limit, reason: "circuit_open" } : { passed: true, limit },
};
