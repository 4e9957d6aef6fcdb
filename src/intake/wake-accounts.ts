// The use case behind the cron trigger: an account follows its orders by an alarm of its own, and this is for the day on
// which one was lost.
import { accountStub } from "../account/stub.ts";
import { readConfig } from "../config.ts";
import { AccountId } from "../domain/ids.ts";
import { describeError, log } from "../log.ts";

/** Wakes every configured account. One that cannot be reached is logged and does not stop the others. */
export async function wakeAccounts(env: Env): Promise<void> {
  const config = readConfig(env);
  if (!config.ok) return log("error", "config.invalid", { problems: config.error });
  await Promise.all(Object.keys(config.value.ACCOUNTS).map((id) => wakeAccount(AccountId.parse(id), env)));
}

async function wakeAccount(account: AccountId, env: Env): Promise<void> {
  try {
    await accountStub(env, account).wake();
  } catch (thrown) {
    log("error", "account.wake_failed", { account, error: describeError(thrown) });
  }
}
