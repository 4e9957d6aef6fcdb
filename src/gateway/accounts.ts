// What changes when an account is made, changed or deleted.
import type { Account, AccountChange, NewAccount } from "../domain/account.ts";
import type { AccountId } from "../domain/ids.ts";
import type { Policy } from "../domain/risk/policy.ts";
import { assertNever, err, ok } from "../domain/result.ts";
import {
  type StoredCredentials,
  eraseCredentials,
  findAccount,
  findByVenueAccount,
  writeAccount,
  writeCredentials,
  writePolicy,
} from "../storage/accounts.ts";
import type { ChangeContext, Missing, Plan, Taken } from "./change.ts";
import type { Statement } from "../storage/client.ts";

/** Two accounts at one place would each hold its limits against orders of its own only. */
export type VenueAccountTaken = { readonly reason: "venue_account_taken"; readonly account: AccountId };

export type AccountTerms = Pick<
  NewAccount,
  "id" | "name" | "connection" | "policy" | "minimum_origin" | "mode" | "reason"
>;

/** Credentials come here sealed, and tried at the broker. */
export const createAccount =
  (terms: AccountTerms, credentials: StoredCredentials | null): Plan<Account, Taken | VenueAccountTaken> =>
  async (context) => {
    const { database, now } = context;
    if ((await findAccount(database, terms.id)) !== undefined) return err({ reason: "id_taken" });
    // The accounts of a process of ours are told apart by their keys: it calls them all the same.
    if (credentials !== null && terms.connection.broker !== "paper_process") {
      const other = await findByVenueAccount(database, credentials.venueAccountSha256);
      if (other !== undefined) return err({ reason: "venue_account_taken", account: other });
    }
    const at = now.toISOString();
    const account: Account = {
      id: terms.id,
      name: terms.name ?? null,
      status: "active",
      connection: terms.connection,
      credentials: credentials === null ? null : toView(credentials),
      minimum_origin: terms.minimum_origin,
      mode: terms.mode,
      policy: terms.policy,
      policy_version: 1,
      revision: 1,
      created_at: at,
      changed_at: at,
    };
    return ok({
      statements: [
        writeAccount(database, account),
        policyOf(context, account, terms.reason),
        ...(credentials === null ? [] : [writeCredentials(database, account.id, credentials)]),
      ],
      event: { type: "account.created", data: { account: account.id, after: account, reason: terms.reason ?? null } },
      answer: account,
    });
  };

/** What can be different about an account afterwards. */
export type AccountUpdate =
  | { readonly kind: "terms"; readonly change: AccountChange }
  | { readonly kind: "policy"; readonly policy: Policy; readonly reason: string | undefined }
  | { readonly kind: "credentials"; readonly credentials: StoredCredentials; readonly reason: string | undefined }
  /** Its credentials are gone for good; its name and its record stay. */
  | { readonly kind: "delete"; readonly reason: string | undefined };

/** Only an account that takes no orders is deleted. */
export type InUse = { readonly reason: "account_in_use" };

const EVENT = {
  terms: "account.changed",
  policy: "account.policy_changed",
  credentials: "account.credentials_changed",
  delete: "account.deleted",
} as const;

export const changeAccount =
  (id: AccountId, update: AccountUpdate): Plan<Account, Missing | InUse> =>
  async (context) => {
    const { database, now } = context;
    const before = (await findAccount(database, id))?.account;
    if (before?.status === "deleted" && update.kind === "delete") return ok({ answer: before });
    if (before === undefined || before.status === "deleted") return err({ reason: "not_there" });
    if (update.kind === "delete" && before.status !== "disabled") return err({ reason: "account_in_use" });
    const after: Account = {
      ...before,
      ...differenceOf(before, update),
      revision: before.revision + 1,
      changed_at: now.toISOString(),
    };
    const reason = update.kind === "terms" ? update.change.reason : update.reason;
    return ok({
      statements: [writeAccount(database, after), ...alsoWrite(context, after, update, reason)],
      event: { type: EVENT[update.kind], data: { account: id, before, after, reason: reason ?? null } },
      answer: after,
    });
  };

function differenceOf(before: Account, update: AccountUpdate): Partial<Account> {
  switch (update.kind) {
    case "terms": {
      const { name, status, minimum_origin, mode } = update.change;
      return {
        name: name ?? before.name,
        status: status ?? before.status,
        minimum_origin: minimum_origin ?? before.minimum_origin,
        mode: mode ?? before.mode,
      };
    }
    case "policy":
      return { policy: update.policy, policy_version: before.policy_version + 1 };
    case "credentials":
      return { credentials: toView(update.credentials) };
    case "delete":
      return { status: "deleted", credentials: null };
    default:
      return assertNever(update);
  }
}

function alsoWrite(
  context: ChangeContext,
  after: Account,
  update: AccountUpdate,
  reason: string | undefined,
): Statement[] {
  switch (update.kind) {
    case "terms":
      return [];
    case "policy":
      return [policyOf(context, after, reason)];
    case "credentials":
      return [writeCredentials(context.database, after.id, update.credentials)];
    case "delete":
      return [eraseCredentials(context.database, after.id)];
    default:
      return assertNever(update);
  }
}

const policyOf = ({ database, caller }: ChangeContext, account: Account, reason: string | undefined): Statement =>
  writePolicy(database, account.id, {
    version: account.policy_version,
    policy: account.policy,
    changed_by: caller.actor.id,
    changed_at: account.changed_at,
    reason: reason ?? null,
  });

const toView = (stored: StoredCredentials): Account["credentials"] => ({
  key_id: stored.keyIdMasked,
  venue_account: stored.venueAccountMasked,
  checked_at: stored.checkedAt,
  key_version: stored.keyVersion,
});
