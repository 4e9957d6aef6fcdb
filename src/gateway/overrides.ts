// What changes when an account's policy is overridden for a while, and when somebody ends that early. Either is a change of the
// account, so that its object is told; that an override runs out is none.
import type { Account } from "../domain/account.ts";
import type { AccountId } from "../domain/ids.ts";
import {
  type NewOverride,
  type StoredOverride,
  isOver,
  isSameOverride,
  toOverride,
} from "../domain/policy-override.ts";
import { err, ok } from "../domain/result.ts";
import { findAccount, writeAccount } from "../storage/accounts.ts";
import {
  findOverride,
  selectLiveOverrides,
  toOverrides,
  writeEnd,
  writeOverride,
} from "../storage/policy-overrides.ts";
import type { TooMany } from "./api-keys.ts";
import type { ChangeContext, Missing, Plan } from "./change.ts";

/** More exceptions at once than anybody keeps in mind. */
const LIVE_MAX = 20;

export type OverrideMade = { readonly account: Account; readonly override: StoredOverride };

/** Asked for twice, because the first answer got lost or somebody could not be told, it is one override. */
export const setOverride =
  (id: AccountId, wanted: NewOverride): Plan<OverrideMade, Missing | TooMany> =>
  async (context) => {
    const { database, caller, now } = context;
    const account = await findLiving(context, id);
    if (account === undefined) return err({ reason: "not_there" });
    const nowMs = now.getTime();
    const override = toOverride(wanted, { id: crypto.randomUUID(), account: id, by: caller.actor.id, nowMs });
    const live = toOverrides(await selectLiveOverrides(database, id, now));
    const same = live.findLast((one) => isSameOverride(one, override, nowMs));
    if (same !== undefined && isLast(same, live)) return ok({ answer: { account, override: same } });
    if (live.length >= LIVE_MAX) return err({ reason: "too_many", max: LIVE_MAX });
    const after = revised(account, now);
    return ok({
      statements: [writeAccount(database, after), writeOverride(database, override, after.revision)],
      event: { type: "override.set", data: { account: id, policy_version: account.policy_version, override } },
      answer: { account: after, override },
    });
  };

/** Whether nothing that was set later has a say in any of its settings: asked for again, it is to hold over that. */
const isLast = (one: StoredOverride, live: readonly StoredOverride[]): boolean =>
  live
    .slice(live.indexOf(one) + 1)
    .every(({ settings }) => Object.keys(settings).every((name) => !(name in one.settings)));

/** One that is over stays as it ended. */
export const endOverride =
  (id: AccountId, overrideId: string): Plan<OverrideMade, Missing> =>
  async (context) => {
    const { database, caller, now } = context;
    const account = await findLiving(context, id);
    const before = account === undefined ? undefined : await findOverride(database, id, overrideId);
    if (account === undefined || before === undefined) return err({ reason: "not_there" });
    if (isOver(before, now.getTime())) return ok({ answer: { account, override: before } });
    const after = revised(account, now);
    const override = { ...before, ended_at: now.toISOString(), ended_by: caller.actor.id };
    return ok({
      statements: [writeAccount(database, after), writeEnd(database, override)],
      event: { type: "override.ended", data: { account: id, override } },
      answer: { account: after, override },
    });
  };

async function findLiving({ database }: ChangeContext, id: AccountId): Promise<Account | undefined> {
  const account = (await findAccount(database, id))?.account;
  return account?.status === "deleted" ? undefined : account;
}

const revised = (account: Account, now: Date): Account => ({
  ...account,
  revision: account.revision + 1,
  changed_at: now.toISOString(),
});
