// The decision. This is the only file that can make an Approved order, so an order that skipped the rules does not compile.
import type { OrderIntent, Verdict } from "../order.ts";
import { assert } from "../result.ts";
import type { Approved } from "./approved.ts";
import { type RiskFacts, isReduction } from "./facts.ts";
import type { Policy } from "./policy.ts";
import { type Rule, entryRules, orderRules } from "./rules.ts";

export type Decision =
  | {
      readonly outcome: "approved";
      readonly intent: Approved<OrderIntent>;
      readonly verdicts: readonly Verdict[];
      /** Whether it can only bring the known position closer to zero. */
      readonly isReduction: boolean;
    }
  | { readonly outcome: "denied"; readonly reason: string; readonly verdicts: readonly Verdict[] };

/** Runs every rule, also after the first failure, so that a denial names everything that has to change. */
export function assess(intent: OrderIntent, policy: Policy, facts: RiskFacts): Decision {
  const reduces = isReduction(intent, facts);
  const rulesForEntries = reduces ? entryRules(facts).map(exempt) : entryRules(facts);
  const verdicts = [...orderRules(facts), ...rulesForEntries].map((rule) => rule(intent, policy, facts));
  const failed = verdicts.find((verdict) => !verdict.passed);
  return failed === undefined
    ? { outcome: "approved", intent: approve(intent), verdicts, isReduction: reduces }
    : { outcome: "denied", reason: failed.reason ?? failed.rule, verdicts };
}

/** Takes an approval up again after a restart: the verdicts stored with the intent are its proof. */
export function resumeApproval(intent: OrderIntent, verdicts: readonly Verdict[]): Approved<OrderIntent> {
  assert(
    verdicts.length > 0 && verdicts.every((verdict) => verdict.passed),
    "resumed an order that was never approved",
  );
  return approve(intent);
}

/** A reduction is measured by the entry rules, but not stopped by them. */
const exempt =
  (rule: Rule): Rule =>
  (intent, policy, facts) => {
    const verdict = rule(intent, policy, facts);
    return verdict.passed ? verdict : { ...verdict, passed: true, reason: "exempt_reduction" };
  };

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place where the brand is minted
const approve = (intent: OrderIntent): Approved<OrderIntent> => intent as Approved<OrderIntent>;
