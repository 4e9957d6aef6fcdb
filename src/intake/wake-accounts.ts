// The use case behind the cron trigger: an account follows its orders by an alarm of its own, and this is for the day on
// which one was lost, or on which it was not told of a change.
import { accountStub } from "../account/stub.ts";
import { readConfig } from "../config.ts";
import type { AccountId } from "../domain/ids.ts";
import type { TradingStop } from "../domain/trading-stop.ts";
import { describeError, log } from "../log.ts";
import { listAccountsToWake } from "../storage/accounts.ts";
import { openDatabase } from "../storage/client.ts";
import { stopEverything } from "./stop-everything.ts";

/** For how long a deleted account is looked after, in case it could not be told. */
const DELETED_FOR_MS = 86_400_000;

/** Looks after every account. One that cannot be reached is logged and does not stop the others. */
export async function wakeAccounts(env: Env): Promise<void> {
  const config = readConfig(env);
  if (!config.ok) return log("error", "config.invalid", { problems: config.error });
  const accounts = await listAccountsToWake(openDatabase(env.DB), new Date(Date.now() - DELETED_FOR_MS));
  const unlisted = (await Promise.all(accounts.map((account) => wakeAccount(account, env)))).flat();
  await listStops(new Map(unlisted.map((stop) => [stop.id, stop])), env);
}

/** Returns the stops of everything that the gateway does not list. */
async function wakeAccount(account: AccountId, env: Env): Promise<readonly TradingStop[]> {
  try {
    return await accountStub(env, account).lookAfter();
  } catch (thrown) {
    log("error", "account.wake_failed", { account, error: describeError(thrown) });
    return [];
  }
}

/**
 * A stop of everything that one account goes by binds them all, also where its request died on the way to the others, or the
 * database was away. Which orders were to be canceled with it is not known any more: none are.
 */
async function listStops(stops: ReadonlyMap<string, TradingStop>, env: Env): Promise<void> {
  const caller = { actor: { kind: "gateway", id: "gateway" }, requestId: crypto.randomUUID(), clientIp: null } as const;
  const wide = [...stops.values()].map((stop) => ({ stop, actions: { cancels: "none", flatten: false } }) as const);
  try {
    const told = await stopEverything(env, wide, caller);
    if (!told.ok) log("error", "stops.not_told", { untold: told.error.untold });
  } catch (thrown) {
    log("error", "stops.not_told", { error: describeError(thrown) });
  }
}
