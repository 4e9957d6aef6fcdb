// The stops as the accounts have them. One that keeps silent is named, and keeps no stop of another one from being seen or released.
import { accountStub } from "../account/stub.ts";
import type { AccountId } from "../domain/ids.ts";
import type { TradingStop } from "../domain/trading-stop.ts";
import { within } from "../within.ts";

/** For how long an account's answer is waited for. */
const READING_MS = 2_000;

export type StopsRead = {
  /** What some account goes by, each once, the earliest first. */
  readonly stops: readonly TradingStop[];
  /** The accounts that could not be asked, or did not answer in time. */
  readonly unread: readonly AccountId[];
};

/** Asks all of them at once. */
export async function readStopsOf(env: Env, accounts: readonly AccountId[]): Promise<StopsRead> {
  const answers = await Promise.allSettled(
    accounts.map(async (account) => within(READING_MS, accountStub(env, account).stops())),
  );
  const stops = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
  const once = new Map(stops.map((stop) => [stop.id, stop]));
  return {
    stops: [...once.values()].toSorted((a, b) => a.set_at.localeCompare(b.set_at)),
    unread: accounts.filter((_, at) => answers[at]?.status === "rejected"),
  };
}
