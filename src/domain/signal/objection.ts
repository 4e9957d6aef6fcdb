// What the rules about a signal say of one, and why nothing is opened for it, whatever the rules about orders say of its order: it
// comes too late, its prices are delayed, or what the sender believes is held is not. What only closes a position is measured by them
// and carried out all the same.
import type { Refusal } from "../goal/terms.ts";
import type { Verdict } from "../order.ts";
import type { Circumstances } from "./format.ts";
import type { SignalFacts, SignalJudgement, SignalLimits } from "./rule.ts";
import { SIGNAL_RULE_BOOK } from "./rule-book.ts";

/** What one rule has to say of a signal. */
export type SignalFinding = SignalJudgement & { readonly rule: string };

/** Every rule's word, in the order of the book, also after the first failure; of those that have one. */
export const examineSignal = (
  circumstances: Circumstances,
  limits: SignalLimits,
  facts: SignalFacts,
): readonly SignalFinding[] =>
  SIGNAL_RULE_BOOK.flatMap(({ id, check }) => {
    const found = check(circumstances, limits, facts);
    return found === undefined ? [] : [{ rule: id, ...found }];
  });

/** The first rule that fails, by its code and in words. */
export function objectionIn(findings: readonly SignalFinding[]): Refusal | undefined {
  const failed = findings.find((finding) => !finding.passed);
  return failed && { code: failed.reason, detail: failed.detail };
}

/** As a step of the signal shows them. `onlyCloses`: then none of them has kept it from being carried out. */
export const verdictsFrom = (findings: readonly SignalFinding[], onlyCloses: boolean): readonly Verdict[] =>
  findings.map((finding): Verdict => {
    const { rule, input, limit } = finding;
    if (finding.passed) return { rule, passed: true, input, limit };
    // As `risk/assess.ts` says of an exit.
    if (onlyCloses) return { rule, passed: true, input, limit, reason: "exempt_reduction" };
    return { rule, passed: false, input, limit, reason: finding.reason };
  });
