// Which clause of which standard is met by which rule with which setting, under one policy.
import * as z from "zod";
import { CLAUSES, type ClauseId } from "./clauses.ts";
import { OverriddenSetting, type PolicyInForce } from "./overrides.ts";
import type { Policy } from "./policy.ts";
import { ANY, OFF, type Rule } from "./rule.ts";
import { RULE_BOOK } from "./rule-book.ts";

/**
 * `on`: the rule has a limit, or needs none. `off`: the policy says that there is none. `not_set`: the policy does not say, so
 * every entry is denied.
 */
const RuleState = z.enum(["on", "off", "not_set"]);
type RuleState = z.infer<typeof RuleState>;

const CoveringRule = z.strictObject({
  rule: z.string(),
  about: z.string(),
  binds: z.enum(["every order", "entries", "as the sender has proven itself"]),
  state: RuleState,
  setting: z.string().nullable().meta({ description: "Of the policy; `null` for a rule that needs none." }),
  value: z.unknown().meta({ description: "Of the setting, as the policy has it." }),
});

const Clause = z.strictObject({
  clause: z.string(),
  asks: z.string().meta({ description: "In our words." }),
  covered: z.enum(["met", "partly", "off", "elsewhere"]).meta({
    description:
      "`met`: every rule for it is on, or denies because it is not set. `partly`, `off`: some or all of them are off. " +
      "`elsewhere`: it asks for something that a gateway does not do.",
  }),
  elsewhere: z.string().nullable().meta({ description: "Who does it, and what is done here all the same." }),
  rules: z.array(CoveringRule),
});

export const Coverage = z
  .strictObject({
    clauses: z.array(Clause),
    other_rules: z.array(CoveringRule),
    overridden: z
      .array(OverriddenSetting)
      .meta({ description: "Whose values are not the policy's own at this moment." }),
  })
  .meta({
    id: "PolicyCoverage",
    description: "Every clause, and the rules that no clause asks for.",
  });
export type Coverage = z.infer<typeof Coverage>;

export const coverageOf = ({ policy, overridden }: PolicyInForce): Coverage => ({
  clauses: Object.entries(CLAUSES).map(([clause, { asks, ...more }]) => {
    const rules = RULE_BOOK.filter((rule) => rule.clauses.some((named: ClauseId) => named === clause));
    const shown = rules.map((rule) => show(rule, policy));
    const elsewhere = "elsewhere" in more ? more.elsewhere : null;
    return { clause, asks, covered: elsewhere === null ? coveredBy(shown) : "elsewhere", elsewhere, rules: shown };
  }),
  other_rules: RULE_BOOK.filter(({ clauses }) => clauses.length === 0).map((rule) => show(rule, policy)),
  overridden: [...overridden],
});

function coveredBy(rules: readonly z.infer<typeof CoveringRule>[]): "met" | "partly" | "off" {
  const isOff = rules.map(({ state }) => state === "off");
  if (!isOff.includes(true)) return "met";
  return isOff.includes(false) ? "partly" : "off";
}

const show = (rule: Rule, policy: Policy): z.infer<typeof CoveringRule> => ({
  rule: rule.id,
  about: rule.about,
  binds: typeof rule.bindsExits === "function" ? BY_SENDER : rule.bindsExits ? "every order" : "entries",
  state: stateOf(rule, policy),
  setting: rule.kind === "limit" ? rule.setting : null,
  value: rule.kind === "limit" ? (policy[rule.setting] ?? null) : null,
});

const BY_SENDER = "as the sender has proven itself";

/** What a policy says of a rule; one that goes by facts is always on. */
export function stateOf(rule: Rule, policy: Policy): RuleState {
  if (rule.kind === "fact") return "on";
  const value = policy[rule.setting];
  if (value === undefined) return "not_set";
  return value === OFF || value === ANY ? "off" : "on";
}
