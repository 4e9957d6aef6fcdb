// What would become of an order, rule by rule, without it being placed.
import * as z from "zod";
import { DecimalString } from "../money.ts";
import { type OrderIntent, OrderType, Verdict } from "../order.ts";
import { assessNew, examine } from "./assess.ts";
import { type RiskFacts, isReduction } from "./facts.ts";
import { OverriddenSetting, type PolicyInForce } from "./overrides.ts";

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
    needs_approval: z.boolean().meta({ description: "Whether it would be held until a person approves it." }),
    is_reduction: z.boolean().meta({ description: "Whether it can only bring the known position closer to zero." }),
    order: z
      .strictObject({
        type: OrderType,
        quantity: DecimalString.nullable(),
        notional: DecimalString.nullable(),
        limit_price: DecimalString.nullable(),
        arithmetic: z.string().nullable(),
      })
      .meta({
        description:
          "As it would be placed: a market order that opens a position is bounded by the collar, and while only exits pass no order is for more than is held.",
      }),
    rules: z.array(RulePreview),
    overridden: z.array(OverriddenSetting).meta({ description: "Settings whose values are not the policy's own now." }),
  })
  .meta({ id: "OrderPreview" });
export type OrderPreview = z.infer<typeof OrderPreview>;

export function previewOf(asked: OrderIntent, { policy, overridden }: PolicyInForce, facts: RiskFacts): OrderPreview {
  const decision = assessNew(asked, policy, facts);
  const { type, quantity, notional, limit_price } = decision.intent;
  return {
    outcome: decision.outcome,
    reason: decision.outcome === "denied" ? decision.reason : null,
    needs_approval: decision.outcome === "approved" && decision.hold !== null,
    is_reduction: isReduction(decision.intent, facts),
    order: {
      type,
      quantity: quantity ?? null,
      notional: notional ?? null,
      limit_price: limit_price ?? null,
      arithmetic: decision.arithmetic ?? null,
    },
    rules: examine(decision.intent, policy, facts).map(({ rule, input, passed, limit, reason, headroom }) => ({
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
    overridden: [...overridden],
  };
}
