// What would become of an order, rule by rule, without it being placed.
import * as z from "zod";
import { DecimalString } from "../money.ts";
import { type OrderIntent, Verdict } from "../order.ts";
import { assess, examine } from "./assess.ts";
import { type RiskFacts, isReduction } from "./facts.ts";
import type { Policy } from "./policy.ts";

const RulePreview = z.strictObject({
  ...Verdict.shape,
  reason: z.string().nullable(),
  about: z.string(),
  clauses: z.array(z.string()).meta({ description: "Of the standards that ask for it; none where none does." }),
  setting: z.string().nullable().meta({ description: "Of the policy; `null` for a rule that needs none." }),
  headroom: DecimalString.nullable().meta({
    description: "What is left up to the limit, in the limit's unit, negative beyond it; `null` where it is no number.",
  }),
});

export const OrderPreview = z
  .strictObject({
    outcome: z.enum(["approved", "denied"]).meta({ description: "What it would be at this moment." }),
    reason: z.string().nullable().meta({ description: "Of the first rule that fails." }),
    is_reduction: z.boolean().meta({ description: "Whether it can only bring the known position closer to zero." }),
    rules: z.array(RulePreview),
  })
  .meta({ id: "OrderPreview" });
export type OrderPreview = z.infer<typeof OrderPreview>;

export function previewOf(intent: OrderIntent, policy: Policy, facts: RiskFacts): OrderPreview {
  const decision = assess(intent, policy, facts);
  return {
    outcome: decision.outcome,
    reason: decision.outcome === "denied" ? decision.reason : null,
    is_reduction: isReduction(intent, facts),
    rules: examine(intent, policy, facts).map(({ rule, input, passed, limit, reason, headroom }) => ({
      rule: rule.id,
      passed,
      input,
      limit,
      reason: reason ?? null,
      about: rule.about,
      clauses: [...rule.clauses],
      setting: rule.kind === "limit" ? rule.setting : null,
      headroom: headroom ?? null,
    })),
  };
}
