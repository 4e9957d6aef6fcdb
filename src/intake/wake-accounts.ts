// The use case behind the cron trigger: an account follows its orders by an alarm of its own, and this is for the day on
// which one was lost, or on which it was not told of a change.
import { accountStub } from "../account/stub.ts";
import { readConfig } from "../config.ts";
import type { AccountId } from "../domain/ids.ts";
import type { Asked, HeardStop } from "../account/stops/stops.ts";
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
  const woken = await Promise.all(accounts.map((account) => wakeAccount(account, env)));
  const unlisted = eachOnce(woken.flatMap((heard) => heard ?? []));
  for (const heard of unlisted) await spread(heard, env);
  log("info", "accounts.looked_after", {
    accounts: accounts.length,
    unreached: woken.filter((heard) => heard === undefined).length,
    unlisted_stops: unlisted.length,
  });
}

/** Returns the stops of everything that the gateway does not list, or nothing where the account cannot be reached. */
async function wakeAccount(account: AccountId, env: Env): Promise<readonly HeardStop[] | undefined> {
  try {
    return await accountStub(env, account).lookAfter();
  } catch (thrown) {
    log("error", "account.wake_failed", { account, error: describeError(thrown) });
    return undefined;
  }
}

/** Whoever was told of it by its request knows how it was asked for. */
function eachOnce(heard: readonly HeardStop[]): readonly HeardStop[] {
  const byRequest = heard.filter(({ asked }) => asked !== null);
  return [...new Map([...heard, ...byRequest].map((one) => [one.stop.id, one])).values()];
}

/**
 * A stop of everything that one account goes by binds them all, also where its request died on the way to the others, or the
 * database was away. What was to be done with it is done by whoever hears of it now, and not again by whoever has done it.
 */
async function spread({ stop, asked }: HeardStop, env: Env): Promise<void> {
  const { actions, caller } = asked ?? askedByNobody();
  try {
    const told = await stopEverything(env, [{ stop, actions }], caller);
    if (!told.ok) log("error", "stops.not_told", { untold: told.error.untold });
  } catch (thrown) {
    log("error", "stops.not_told", { error: describeError(thrown) });
  }
}

const askedByNobody = (): Asked => ({
  actions: { cancels: "none", flatten: false },
  caller: { actor: { kind: "gateway", id: "gateway" }, requestId: crypto.randomUUID(), clientIp: null },
});
