// The use case behind the cron trigger: an account follows its orders by an alarm of its own, and this is for the day on
// which one was lost, or on which it was not told of a change.
import { accountStub } from "../account/stub.ts";
import { readConfig } from "../config.ts";
import type { AccountId } from "../domain/ids.ts";
import { describeError, log } from "../log.ts";
import { listAccountIds } from "../storage/accounts.ts";
import { openDatabase } from "../storage/client.ts";

/** Looks after every account. One that cannot be reached is logged and does not stop the others. */
export async function wakeAccounts(env: Env): Promise<void> {
  const config = readConfig(env);
  if (!config.ok) return log("error", "config.invalid", { problems: config.error });
  const accounts = await listAccountIds(openDatabase(env.DB));
  await Promise.all(accounts.map((account) => wakeAccount(account, env)));
}

async function wakeAccount(account: AccountId, env: Env): Promise<void> {
  try {
    await accountStub(env, account).lookAfter();
  } catch (thrown) {
    log("error", "account.wake_failed", { account, error: describeError(thrown) });
  }
}
