// One signal for several accounts, at once. Each decides by itself, by its own policy, names and rates, and keeps for itself what it
// has used up of the signal; what becomes of it in one says nothing about the others.
import type { SignalRefusal } from "../account/door/door.ts";
import type { AccountId } from "../domain/ids.ts";
import { type Result, err, ok } from "../domain/result.ts";
import { describeError, log } from "../log.ts";
import type { Misconfigured, NotTold } from "./ask-account.ts";
import { within } from "../within.ts";
import type { Submitted } from "./submitted.ts";
import type { Proof } from "../account/door/envelope.ts";

type Handed = Result<Submitted, Misconfigured | SignalRefusal | NotTold>;

/** Why nothing has come of it in one account, as far as anybody knows. */
export type OutcomeRefusal =
  | Misconfigured
  | SignalRefusal
  | NotTold
  | { readonly reason: "account_unknown" }
  /** It may have been stored all the same. */
  | { readonly reason: "account_unreachable" };

type AccountOutcome = { readonly account: AccountId; readonly outcome: Result<Submitted, OutcomeRefusal> };

/** What came of a signal in each account that it was for. */
export type FannedOut = { readonly outcomes: readonly AccountOutcome[] };

/** How long all of it waits for an account that keeps silent, beyond what the sender wants to wait for the broker. */
const PATIENCE_MS = 10_000;

type FanOutDeps = {
  readonly proven: { readonly proof: Proof; readonly requestId: string; readonly waitMs: number };
  readonly isThere: (account: AccountId) => Promise<boolean>;
  /** Throws where the account cannot be reached. */
  readonly handTo: (account: AccountId, proof: Proof) => Promise<Handed>;
};

/**
 * A request that every account has taken before is refused by every one, like any other. One that some account has not taken is
 * sent again for that one's sake: the others answer what they did with it, and do nothing more.
 */
export async function fanOut(accounts: readonly AccountId[], deps: FanOutDeps): Promise<FannedOut> {
  const { proof } = deps.proven;
  const outcomes = await Promise.all(accounts.map((account) => ask(account, proof, deps)));
  if (outcomes.every(isReplay)) return { outcomes };
  const again: Proof = { ...proof, claims: { ...proof.claims, repeats: "answered" } };
  const answered = outcomes.map(async (known) => (isReplay(known) ? ask(known.account, again, deps) : known));
  return { outcomes: await Promise.all(answered) };
}

async function ask(account: AccountId, proof: Proof, deps: FanOutDeps): Promise<AccountOutcome> {
  try {
    const handed = async () => ((await deps.isThere(account)) ? deps.handTo(account, proof) : UNKNOWN);
    return { account, outcome: await within(deps.proven.waitMs + PATIENCE_MS, handed()) };
  } catch (thrown) {
    const { requestId } = deps.proven;
    log("error", "signal.account_unreachable", { request_id: requestId, account, error: describeError(thrown) });
    return { account, outcome: UNREACHABLE };
  }
}

const UNKNOWN = err({ reason: "account_unknown" as const });
const UNREACHABLE = err({ reason: "account_unreachable" as const });

const isReplay = ({ outcome }: AccountOutcome): boolean => !outcome.ok && outcome.error.reason === "replayed";

/** Everything that was refused, as a whole or in one account. */
export function refusalsIn<E>(result: Result<Submitted | FannedOut, E>): readonly (E | OutcomeRefusal)[] {
  if (!result.ok) return [result.error];
  if (!("outcomes" in result.value)) return [];
  return result.value.outcomes.flatMap(({ outcome }) => (outcome.ok ? [] : [outcome.error]));
}

/** The second attempt at a signal, and what the first one has come to in accounts where the second has come to nothing. */
export function withOutcomesOf<E>(
  first: Result<Submitted | FannedOut, E>,
  second: Result<Submitted | FannedOut, E>,
): Result<Submitted | FannedOut, E> {
  const taken = first.ok && "outcomes" in first.value ? first.value.outcomes.filter(({ outcome }) => outcome.ok) : [];
  if (taken.length === 0) return second;
  if (!second.ok || !("outcomes" in second.value)) return first;
  const { outcomes } = second.value;
  const firstOf = new Map(taken.map((one) => [one.account, one]));
  const best = outcomes.map((one) => (one.outcome.ok ? one : (firstOf.get(one.account) ?? one)));
  const others = taken.filter(({ account }) => outcomes.every((outcome) => outcome.account !== account));
  return ok({ outcomes: [...best, ...others] });
}
