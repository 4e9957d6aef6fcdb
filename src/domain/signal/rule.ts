// What a rule about a signal is. The rules about orders (`risk/rule.ts`) go by the account's policy; these go by the settings of the
// source, and bind what could open something before an order is made of it.
import type { Decimal } from "../money.ts";
import type { ClauseId } from "../risk/clauses.ts";
import type { Judgement } from "../risk/rule.ts";
import type { Circumstances } from "./format.ts";
import type { SignalSettings } from "./settings.ts";

/** The settings of a source that say from which of its signals nothing is opened. */
export type SignalLimits = Pick<SignalSettings, "max_age_sec" | "delayed_feed" | "position_gap">;

/** What is so at the moment in which a signal is carried out. */
export type SignalFacts = {
  readonly nowMs: number;
  /** Units held in the symbol, negative when short. */
  readonly position: Decimal;
};

/** `detail`: why it failed, in words and with the numbers. */
export type SignalJudgement = Omit<Judgement, "reason" | "headroom"> & { readonly input: string } & (
    | { readonly passed: true }
    | { readonly passed: false; readonly reason: string; readonly detail: string }
  );

export type SignalRule = {
  readonly id: string;
  /** What it keeps from happening, for people. */
  readonly about: string;
  readonly clauses: readonly ClauseId[];
  readonly setting: keyof SignalLimits;
  /** Whether these settings have it refuse anything. */
  readonly isOn: (limits: SignalLimits) => boolean;
  /** `undefined`: the signal does not say what it looks at, and does not have to. */
  readonly check: (
    circumstances: Circumstances,
    limits: SignalLimits,
    facts: SignalFacts,
  ) => SignalJudgement | undefined;
};
