// An account's policy as it is at one moment: its own, and over it the settings that somebody has overridden for a while. It is
// worked out anew for every decision, so an override ends with its time and needs nobody to take it back.
import * as z from "zod";
import { Policy } from "./policy.ts";

const { restricted_symbols: restrictedSymbols, approval, when_circuit_open: whenCircuitOpen } = Policy.shape;

/** Some settings of a policy. What a policy takes for granted is nothing here: a setting that is not named stays as it is. */
export const OverrideSettings = z
  .strictObject({
    ...Policy.shape,
    restricted_symbols: restrictedSymbols.unwrap().optional(),
    approval: approval.unwrap().optional(),
    when_circuit_open: whenCircuitOpen.unwrap().optional(),
  })
  .refine((settings) => Object.keys(settings).length > 0, {
    error: "name at least one setting",
    // One that does not exist is refused by its name.
    when: ({ issues }) => issues.length === 0,
  });
export type OverrideSettings = z.infer<typeof OverrideSettings>;

/** What a decision has to know of an override: from `from` on, and until before `until`, its settings hold. */
export type ActiveOverride = {
  readonly id: string;
  readonly settings: OverrideSettings;
  readonly from: string;
  readonly until: string;
};

/** A setting that does not hold as the account's own policy has it. */
export const OverriddenSetting = z
  .strictObject({
    setting: z.string(),
    override: z.uuid().meta({ description: "Which override sets it." }),
    until: z.iso.datetime(),
  })
  .meta({ id: "OverriddenSetting" });
export type OverriddenSetting = z.infer<typeof OverriddenSetting>;

export type PolicyInForce = {
  readonly policy: Policy;
  readonly overridden: readonly OverriddenSetting[];
};

/** `overrides`: in the order in which they were set. Where two of them set the same thing, the later one wins. */
export function policyAt(own: Policy, overrides: readonly ActiveOverride[], nowMs: number): PolicyInForce {
  const inForce = overrides.filter((override) => isInForce(override, nowMs));
  const overridden = inForce.flatMap(({ id, settings, until }) =>
    Object.keys(settings).map((setting) => [setting, { setting, override: id, until }] as const),
  );
  return {
    policy: inForce.reduce<Policy>((policy, { settings }) => overlay(policy, settings), own),
    overridden: [...new Map(overridden).values()],
  };
}

export const isInForce = ({ from, until }: Pick<ActiveOverride, "from" | "until">, nowMs: number): boolean =>
  Date.parse(from) <= nowMs && nowMs < Date.parse(until);

/** A setting that is there has a value: neither JSON nor the schema above makes it `undefined`. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- spreading forgets that an optional setting is not undefined
const overlay = (policy: Policy, settings: OverrideSettings): Policy => ({ ...policy, ...settings }) as Policy;
