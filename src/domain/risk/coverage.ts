// Which clause of which standard is met by which rule with which setting, under one policy and the settings of the sources that send
// there.
import * as z from "zod";
import { SourceId } from "../ids.ts";
import type { SignalLimits, SignalRule } from "../signal/rule.ts";
import { SIGNAL_RULE_BOOK } from "../signal/rule-book.ts";
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

const SourceSetting = z.strictObject({
  source: SourceId.nullable().meta({ description: "`null` for one that the caller may not see." }),
  state: RuleState.exclude(["not_set"]),
  value: z.unknown().meta({ description: "Of the setting, as the source has it." }),
});

const CoveringRule = z.strictObject({
  rule: z.string(),
  about: z.string(),
  binds: z.enum(["every order", "entries", "as the sender has proven itself"]),
  state: z
    .enum([...RuleState.options, "partly"])
    .meta({ description: "`partly`: a rule about signals that is on for some sources and off for others." }),
  setting: z.string().nullable().meta({
    description: "Of the policy, or of the sources where `sources` is not `null`; `null` for a rule that needs none.",
  }),
  value: z.unknown().meta({ description: "Of the setting, as the policy has it; `null` where the sources have it." }),
  sources: z.array(SourceSetting).nullable().meta({
    description: "Of a rule about signals: every source that may send to the account now, with its setting.",
  }),
});
type CoveringRule = z.infer<typeof CoveringRule>;

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

/** A source that may send to the account. `source`: `null` where it is not to be named. */
export type SendingSource = { readonly source: SourceId | null; readonly signals: SignalLimits };

export function coverageOf({ policy, overridden }: PolicyInForce, sources: readonly SendingSource[]): Coverage {
  const book = [
    ...SIGNAL_RULE_BOOK.map((rule) => ({ clauses: rule.clauses, shown: showForSources(rule, sources) })),
    ...RULE_BOOK.map((rule) => ({ clauses: rule.clauses, shown: show(rule, policy) })),
  ];
  return {
    clauses: Object.entries(CLAUSES).map(([clause, { asks, ...more }]) => {
      const rules = book.filter(({ clauses }) => clauses.some((named: ClauseId) => named === clause));
      const shown = rules.map((rule) => rule.shown);
      const elsewhere = "elsewhere" in more ? more.elsewhere : null;
      return { clause, asks, covered: elsewhere === null ? coveredBy(shown) : "elsewhere", elsewhere, rules: shown };
    }),
    other_rules: book.filter(({ clauses }) => clauses.length === 0).map((rule) => rule.shown),
    overridden: [...overridden],
  };
}

function coveredBy(rules: readonly CoveringRule[]): "met" | "partly" | "off" {
  if (rules.every(({ state }) => state === "on" || state === "not_set")) return "met";
  return rules.every(({ state }) => state === "off") ? "off" : "partly";
}

function showForSources(rule: SignalRule, sources: readonly SendingSource[]): CoveringRule {
  const { id, about, setting } = rule;
  const settings = sources.map(({ source, signals }) => ({
    source,
    state: rule.isOn(signals) ? ("on" as const) : ("off" as const),
    value: signals[setting],
  }));
  const states = new Set(settings.map(({ state }) => state));
  // Where nobody sends, nothing passes.
  const state = states.size > 1 ? "partly" : ([...states][0] ?? "on");
  return { rule: id, about, binds: "entries", state, setting, value: null, sources: settings };
}

const show = (rule: Rule, policy: Policy): CoveringRule => ({
  rule: rule.id,
  about: rule.about,
  binds: typeof rule.bindsExits === "function" ? BY_SENDER : rule.bindsExits ? "every order" : "entries",
  state: stateOf(rule, policy),
  setting: rule.kind === "limit" ? rule.setting : null,
  value: rule.kind === "limit" ? (policy[rule.setting] ?? null) : null,
  sources: null,
});

const BY_SENDER = "as the sender has proven itself";

/** What a policy says of a rule; one that goes by facts is always on. */
export function stateOf(rule: Rule, policy: Policy): RuleState {
  if (rule.kind === "fact") return "on";
  const value = policy[rule.setting];
  if (value === undefined) return "not_set";
  return value === OFF || value === ANY ? "off" : "on";
}
