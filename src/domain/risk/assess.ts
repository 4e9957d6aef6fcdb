// The decision. This is the only file that can make an Approved order, so an order that skipped the rules does not compile.
import type { Decimal } from "../money.ts";
import type { OrderIntent, Verdict } from "../order.ts";
import { assert } from "../result.ts";
import type { Approved } from "./approved.ts";
import { boundMarketOrder } from "./bounded.ts";
import { clampToPosition } from "./clamped.ts";
import { type RiskFacts, isReduction } from "./facts.ts";
import { mustBeApproved, priceAtHold } from "./hold.ts";
import type { Policy } from "./policy.ts";
import { ANY, type Judgement, type Measure, OFF, type Rule } from "./rule.ts";
import { RULE_BOOK } from "./rule-book.ts";

/** Of an order as it is to be placed, which may be in other terms than it was asked for in: see `bounded.ts`. */
export type Decision = {
  readonly verdicts: readonly Verdict[];
  /** How the terms came about, where they are others. */
  readonly arithmetic?: string;
} & (
  | {
      readonly outcome: "approved";
      readonly intent: Approved<OrderIntent>;
      /** Whether it can only bring the known position closer to zero. */
      readonly isReduction: boolean;
      /** Whether a person has to approve it first, and at which price that begins; `null` where nobody has to. */
      readonly hold: { readonly price: Decimal | null } | null;
    }
  | { readonly outcome: "denied"; readonly intent: OrderIntent; readonly reason: string }
);

/** Runs every rule, also after the first failure, so that a denial names everything that has to change. */
export function assess(asked: OrderIntent, policy: Policy, facts: RiskFacts): Decision {
  const { intent, ...worked } = boundMarketOrder(asked, policy, facts);
  const verdicts = examine(intent, policy, facts).map(toVerdict);
  const failed = verdicts.find((verdict) => !verdict.passed);
  if (failed !== undefined) {
    return { ...worked, outcome: "denied", intent, reason: failed.reason ?? failed.rule, verdicts };
  }
  return {
    ...worked,
    outcome: "approved",
    intent: approve(intent),
    verdicts,
    isReduction: isReduction(intent, facts),
    hold: mustBeApproved(intent, policy, facts) ? { price: priceAtHold(facts) } : null,
  };
}

/** The same for an order that nobody has decided about before: while only exits pass, it is clamped to what is held. */
export function assessNew(asked: OrderIntent, policy: Policy, facts: RiskFacts): Decision {
  const { intent, arithmetic } = clampToPosition(asked, facts);
  const decision = assess(intent, policy, facts);
  return arithmetic === undefined ? decision : { ...decision, arithmetic };
}

/** Takes an approval up again after a restart: the verdicts stored with the intent are its proof. */
export function resumeApproval(intent: OrderIntent, verdicts: readonly Verdict[]): Approved<OrderIntent> {
  assert(
    verdicts.length > 0 && verdicts.every((verdict) => verdict.passed),
    "resumed an order that was never approved",
  );
  return approve(intent);
}

/** What one rule has to say of an order. */
export type Finding = Judgement & { readonly rule: Rule; readonly input: string };

/** Every rule's word, in the order of the book; of those that have one. */
export function examine(intent: OrderIntent, policy: Policy, facts: RiskFacts): readonly Finding[] {
  const reduces = isReduction(intent, facts);
  return RULE_BOOK.flatMap((rule) => {
    const finding = find(rule, intent, policy, facts);
    if (finding === undefined) return [];
    return [reduces && !bindsExits(rule, facts) ? exempt(finding) : finding];
  });
}

function find(rule: Rule, intent: OrderIntent, policy: Policy, facts: RiskFacts): Finding | undefined {
  if (rule.kind === "fact") {
    const found = rule.check(intent, facts);
    return found === undefined ? undefined : { rule, ...found };
  }
  const isOff = policy[rule.setting] === OFF && rule.measureWhenOff === false;
  const measure = isOff ? NOT_MEASURED : rule.measure(intent, facts);
  const judgement = rule.judge(measure.value, policy);
  const isBound = judgement.limit !== null && judgement.limit !== OFF && judgement.limit !== ANY;
  // What cannot be known is as bad as what is too much, where there is a limit.
  return "unknown" in measure && isBound
    ? { rule, input: measure.value, passed: false, limit: judgement.limit, reason: measure.unknown }
    : { rule, input: measure.value, ...judgement };
}

const NOT_MEASURED: Measure = { value: "not measured" };

const toVerdict = ({ rule, input, passed, limit, reason }: Finding): Verdict => ({
  rule: rule.id,
  passed,
  input,
  limit,
  ...(reason === undefined ? {} : { reason }),
});

const bindsExits = (rule: Rule, facts: RiskFacts): boolean =>
  typeof rule.bindsExits === "function" ? rule.bindsExits(facts) : rule.bindsExits;

/** A reduction is measured by the entry rules, but not stopped by them. */
const exempt = (finding: Finding): Finding =>
  finding.passed ? finding : { ...finding, passed: true, reason: "exempt_reduction" };

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place where the brand is minted
const approve = (intent: OrderIntent): Approved<OrderIntent> => intent as Approved<OrderIntent>;
