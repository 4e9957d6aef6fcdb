// What a rule is. A rule answers for itself: what it measured, the limit, and whether that passed. Measuring and judging are
// apart, so that a measurement on the record can be held against another policy later.
import { type Decimal, asDecimal, greaterThan, subtract } from "../money.ts";
import type { OrderIntent } from "../order.ts";
import type { ClauseId } from "./clauses.ts";
import type { RiskFacts } from "./facts.ts";
import type { Policy } from "./policy.ts";

/** What there is to hold against a limit, as text; or, where nobody can tell, the code of why. */
export type Measure = { readonly value: string } | { readonly value: string; readonly unknown: string };

export const known = (value: string): Measure => ({ value });
export const unknown = (value: string, code: string): Measure => ({ value, unknown: code });

/** What a limit says of a measurement. `limit`: as text; `null` where it is not set. */
export type Judgement = {
  readonly passed: boolean;
  readonly limit: string | null;
  /** Why it failed, as a stable code. */
  readonly reason?: string;
  /** What is left up to the limit, in its own unit; negative when it is exceeded. */
  readonly headroom?: Decimal;
};

type About = {
  readonly id: string;
  /** What it keeps from happening, for people. */
  readonly about: string;
  readonly clauses: readonly ClauseId[];
  /** Whether exits have to pass it too, and not only what opens or adds to a position. */
  readonly bindsExits: boolean | ((facts: RiskFacts) => boolean);
};

/** Holds a measurement against what the operator has set. */
export type LimitRule = About & {
  readonly kind: "limit";
  readonly setting: keyof Policy;
  /** What is laborious to measure is left alone where there is no limit. */
  readonly measureWhenOff?: false;
  readonly measure: (intent: OrderIntent, facts: RiskFacts) => Measure;
  /** Whether a text on the record is a measurement, and not why there is none. Where a rule does not say, every text is one. */
  readonly isMeasurement?: (value: string) => boolean;
  readonly judge: (value: string, policy: Policy) => Judgement;
};

/** Goes by what is so at that moment, whatever the policy says. `undefined`: there is nothing for it to look at. */
export type FactRule = About & {
  readonly kind: "fact";
  readonly check: (intent: OrderIntent, facts: RiskFacts) => (Judgement & { readonly input: string }) | undefined;
};

export type Rule = LimitRule | FactRule;

/** An operator writes down that there is no limit: one that is not written denies. */
export const OFF = "off";
export const ANY = "any";

export const NOT_SET: Judgement = { passed: false, limit: null, reason: "limit_not_set" };

/** The settings that hold a decimal, or {@link OFF}. */
type CapSetting = {
  [K in keyof Policy]-?: NonNullable<Policy[K]> extends Decimal | number | typeof OFF ? K : never;
}[keyof Policy];

/** What tells a number from why there is none. */
export const isNumber = (value: string): boolean => asDecimal(value) !== undefined;

/** A rule whose measurement must not be more than a number. */
export const cap = (
  rule: Omit<LimitRule, "kind" | "judge" | "bindsExits"> & { readonly setting: CapSetting },
): Rule => ({
  ...rule,
  kind: "limit",
  bindsExits: false,
  isMeasurement: isNumber,
  judge: (value, policy) => judgeCap(rule.id, value, policy[rule.setting]),
});

export function judgeCap(id: string, value: string, limit: Decimal | number | typeof OFF | undefined): Judgement {
  if (limit === undefined) return NOT_SET;
  if (limit === OFF) return { passed: true, limit: OFF };
  const [most, measured] = [asDecimal(String(limit)), asDecimal(value)];
  if (most === undefined || measured === undefined) {
    return { passed: false, limit: String(limit), reason: `${id}_unmeasurable` };
  }
  const headroom = subtract(most, measured);
  return greaterThan(measured, most)
    ? { passed: false, limit: most, reason: `${id}_exceeded`, headroom }
    : { passed: true, limit: most, headroom };
}

/** The settings that hold a list of what is allowed, or {@link ANY}. */
type ListSetting = {
  [K in keyof Policy]-?: NonNullable<Policy[K]> extends readonly string[] | typeof ANY ? K : never;
}[keyof Policy];

/** A verdict is stored with every order, so a longer list is only counted in it. */
const SHOWN_MAX = 20;

export const listOf = (items: readonly string[]): string =>
  items.length <= SHOWN_MAX ? items.join(" ") : `${items.length} listed`;

/** A rule whose measurement has to be on a list. */
export const oneOfListed = (
  rule: Omit<LimitRule, "kind" | "judge" | "bindsExits"> & {
    readonly setting: ListSetting;
    readonly reason: string;
  },
): Rule => ({
  ...rule,
  kind: "limit",
  bindsExits: false,
  judge(value, policy) {
    const allowed = policy[rule.setting];
    if (allowed === undefined) return NOT_SET;
    if (allowed === ANY) return { passed: true, limit: ANY };
    const limit = listOf(allowed);
    return allowed.some((item) => item === value)
      ? { passed: true, limit }
      : { passed: false, limit, reason: rule.reason };
  },
});
