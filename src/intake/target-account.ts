// Which account a signal is for. The answer must not depend on settings that can change under a captured request.
import type { Config } from "../config.ts";
import type { AccountId } from "../domain/ids.ts";
import { type Result, err, ok } from "../domain/result.ts";
import { type Database } from "../storage/client.ts";
import { pinAccount } from "../storage/source-keys.ts";
import type { SignedSource } from "./signed-source.ts";

export type TargetRefusal =
  /** The body names it. */
  | { readonly reason: "account_unknown" }
  /** The setting names it, and there is no such account. */
  | { readonly reason: "default_unknown" }
  /** The default account changed while the source still signs with the same secret. */
  | { readonly reason: "account_moved"; readonly pinned: string };

/** Pins never change, so what an isolate has read once stays true. */
const knownPins = new Map<string, string>();

/**
 * The account the body names, which the signature covers; or else the source's, which never changes. Where that is the
 * gateway's default account, it is fixed for a secret at its first use: without that, pointing the default at a live account
 * would make every old paper signal fresh again.
 * Throws when D1 is unreachable and this isolate has not read the pin before.
 */
export async function targetAccount(args: {
  readonly named: AccountId | undefined;
  readonly source: Pick<SignedSource, "id" | "account" | "accounts">;
  /** Every live key that signed the request: a body signed twice must not be left with one key that leads elsewhere. */
  readonly keyIds: readonly string[];
  readonly isThere: (account: AccountId) => Promise<boolean>;
  readonly config: Config;
  readonly database: () => Database;
  readonly now: Date;
}): Promise<Result<AccountId, TargetRefusal>> {
  const { named, source } = args;
  const account = named ?? source.account ?? args.config.DEFAULT_ACCOUNT;
  const isReachable = source.accounts === null || source.accounts.includes(account);
  if (!isReachable || !(await args.isThere(account))) {
    const isDefault = named === undefined && source.account === null;
    return err({ reason: isDefault ? "default_unknown" : "account_unknown" });
  }
  if (named !== undefined || source.account !== null) return ok(account);
  for (const keyId of args.keyIds) {
    const name = `${source.id} ${keyId}`;
    const use = { source: source.id, keyId, account };
    const pinned = knownPins.get(name) ?? (await pinAccount(args.database(), use, args.now));
    knownPins.set(name, pinned);
    if (pinned !== account) return err({ reason: "account_moved", pinned });
  }
  return ok(account);
}
