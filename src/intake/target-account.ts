// Which account a signal is for. The answer must not depend on settings that can change under a captured request.
import type { Config } from "../config.ts";
import type { AccountId, SourceId } from "../domain/ids.ts";
import { type Result, err, ok } from "../domain/result.ts";
import { type Database } from "../storage/client.ts";
import { pinAccount } from "../storage/source-keys.ts";

export type TargetRefusal =
  | { readonly reason: "account_unknown"; readonly account: string }
  /** The default account changed while the source still signs with the same secret. */
  | { readonly reason: "account_moved"; readonly pinned: string };

/** Pins never change, so what an isolate has read once stays true. */
const knownPins = new Map<string, string>();

/**
 * The account the body names, which the signature covers; or else the default account, which is fixed for a secret at its
 * first use. Without that, pointing the default at a live account would make every old paper signal fresh again.
 * Throws when D1 is unreachable and this isolate has not read the pin before.
 */
export async function targetAccount(args: {
  readonly named: AccountId | undefined;
  readonly source: SourceId;
  /** Every live key that signed the request: a body signed twice must not be left with one key that leads elsewhere. */
  readonly keyIds: readonly string[];
  readonly config: Config;
  readonly database: () => Database;
  readonly now: Date;
}): Promise<Result<AccountId, TargetRefusal>> {
  const { named, source, config } = args;
  if (named !== undefined) {
    return config.ACCOUNTS[named] === undefined ? err({ reason: "account_unknown", account: named }) : ok(named);
  }
  const account = config.DEFAULT_ACCOUNT;
  for (const keyId of args.keyIds) {
    const name = `${source} ${keyId}`;
    const pinned = knownPins.get(name) ?? (await pinAccount(args.database(), { source, keyId, account }, args.now));
    knownPins.set(name, pinned);
    if (pinned !== account) return err({ reason: "account_moved", pinned });
  }
  return ok(account);
}
