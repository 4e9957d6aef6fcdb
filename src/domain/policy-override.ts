// An exception to an account's policy, for a while: what changes, from when until when, why, and who has agreed to it.
import * as z from "zod";
import { type FieldError, INVALID_FIELD } from "./fields.ts";
import { AccountId } from "./ids.ts";
import { type ActiveOverride, OverrideSettings, isInForce } from "./risk/overrides.ts";
import { ChangeReason } from "./change-reason.ts";

/** What has to hold for longer belongs into the policy. */
const AHEAD_DAYS_MAX = 7;
const DAY_MS = 86_400_000;

/** One line of visible characters: nobody is told apart from themselves by a letter that does not show. */
const Approver = z
  .string()
  .trim()
  .regex(/^[\p{L}\p{N}][\p{L}\p{M}\p{N} .,'@_+-]{0,99}$/u, {
    error: "must be a name or an address: 1 to 100 letters, digits and . , ' @ _ + -",
  })
  .meta({ description: "Who has agreed to it: somebody else than who asks." });

/** An override as somebody asks for it. */
export const NewOverride = z
  .strictObject({
    settings: OverrideSettings.meta({ description: "The settings that change, tighter or looser." }),
    from: z.iso.datetime().optional().meta({ description: "Now when absent, or in the past." }),
    until: z.iso.datetime().meta({ description: `At most ${AHEAD_DAYS_MAX} days ahead.` }),
    reason: ChangeReason,
    approver: Approver,
  })
  .meta({ id: "NewOverride" });
export type NewOverride = z.infer<typeof NewOverride>;

/** An override as it is stored. */
export const StoredOverride = z.strictObject({
  id: z.uuid(),
  account: AccountId,
  settings: OverrideSettings,
  from: z.iso.datetime(),
  until: z.iso.datetime(),
  reason: z.string(),
  approver: z.string(),
  set_by: z.string(),
  set_at: z.iso.datetime(),
  ended_at: z.iso.datetime().nullable().meta({ description: "When somebody has ended it early." }),
  ended_by: z.string().nullable(),
});
export type StoredOverride = z.infer<typeof StoredOverride>;

/** An override as it is shown at one moment. */
export const PolicyOverride = StoredOverride.extend({
  state: z.enum(["coming", "in_force", "over"]).meta({ description: "At the time of the answer." }),
}).meta({ id: "PolicyOverride" });
export type PolicyOverride = z.infer<typeof PolicyOverride>;

/** What keeps an override from being set. `person`: who asks, by the name that people know. */
export function objectionsTo(
  { from, until, approver }: NewOverride,
  { person, nowMs }: { readonly person: string; readonly nowMs: number },
): readonly FieldError[] {
  const untilMs = Date.parse(until);
  const errors: FieldError[] = [];
  const refuse = (pointer: string, message: string) => errors.push({ pointer, code: INVALID_FIELD, message });
  if (untilMs <= beginMs(from, nowMs)) {
    refuse("/until", untilMs <= nowMs ? "must lie ahead" : "must be later than from");
  } else if (untilMs - nowMs > AHEAD_DAYS_MAX * DAY_MS) {
    refuse("/until", `must be at most ${AHEAD_DAYS_MAX} days ahead`);
  }
  if (isSamePerson(approver, person)) refuse("/approver", "must be somebody else than you");
  return errors;
}

/** It changes nothing about what was decided before it was set, so it never says that it did. */
const beginMs = (from: string | undefined, nowMs: number): number =>
  from === undefined ? nowMs : Math.max(nowMs, Date.parse(from));

/** One person's names: an address, or what stands in it before the `@`. */
function isSamePerson(one: string, other: string): boolean {
  const [a, b] = [one, other].map((name) => name.normalize("NFKC").toLowerCase().split("@")[0]?.trim());
  return a === b;
}

/** The override that comes of it, now that nothing keeps it from being set. */
export function toOverride(
  { settings, from, until, reason, approver }: NewOverride,
  {
    id,
    account,
    by,
    nowMs,
  }: { readonly id: string; readonly account: AccountId; readonly by: string; readonly nowMs: number },
): StoredOverride {
  return {
    id,
    account,
    settings,
    from: timeOf(beginMs(from, nowMs)),
    until: timeOf(Date.parse(until)),
    reason,
    approver,
    set_by: by,
    set_at: timeOf(nowMs),
    ended_at: null,
    ended_by: null,
  };
}

const timeOf = (ms: number): string => new Date(ms).toISOString();

/** Whether one does from now on what the other does, in the same names: then it is asked for once more. */
export function isSameOverride(one: StoredOverride, other: StoredOverride, nowMs: number): boolean {
  const restOf = ({ settings, from, until, reason, approver, set_by: by }: StoredOverride) =>
    JSON.stringify([settings, beginMs(from, nowMs), until, reason, approver, by]);
  return restOf(one) === restOf(other);
}

export const isOver = (
  { until, ended_at: endedAt }: Pick<StoredOverride, "until" | "ended_at">,
  nowMs: number,
): boolean => endedAt !== null || Date.parse(until) <= nowMs;

export const showOverride = (override: StoredOverride, nowMs: number): PolicyOverride => ({
  ...override,
  state: isOver(override, nowMs) ? "over" : isInForce(override, nowMs) ? "in_force" : "coming",
});

/** What a decision has to know of it. */
export const toActive = ({ id, settings, from, until }: StoredOverride): ActiveOverride => ({
  id,
  settings,
  from,
  until,
});
