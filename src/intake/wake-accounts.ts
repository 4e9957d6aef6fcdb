// The use case behind the cron trigger: an account follows its orders by an alarm of its own, and this is for the day on
// which one was lost, or on which it was not told of a change.
import { accountStub } from "../account/stub.ts";
import { readConfig } from "../config.ts";
import type { AccountId } from "../domain/ids.ts";
import { describeError, log } from "../log.ts";
import { listAccountsToWake } from "../storage/accounts.ts";
import { openDatabase } from "../storage/client.ts";

/** For how long a deleted account is looked after, in case it could not be told. */
const DELETED_FOR_MS = 86_400_000;

/** Looks after every account. One that cannot be reached is logged and does not stop the others. */
export async function wakeAccounts(env: Env): Promise<void> {
  const config = readConfig(env);
  if (!config.ok) return log("error", "config.invalid", { problems: config.error });
  const accounts = await listAccountsToWake(openDatabase(env.DB), new Date(Date.now() - DELETED_FOR_MS));
  await Promise.all(accounts.map((account) => wakeAccount(account, env)));
}

async function wakeAccount(account: AccountId, env: Env): Promise<void> {
  try {
    await accountStub(env, account).lookAfter();
  } catch (thrown) {
    log("error", "account.wake_failed", { account, error: describeError(thrown) });
  }
}
