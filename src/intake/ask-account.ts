// What questions to an account need on this side of the call.
import type { AccountId } from "../domain/ids.ts";
import { type Result, err } from "../domain/result.ts";

/** A setting keeps the gateway from deciding: which one, and what about it. For the log. */
export type Misconfigured = { readonly reason: "misconfigured"; readonly problem: string };

/** It binds those who have been told; who has not, by name. */
export type NotTold = { readonly reason: "not_told"; readonly untold: readonly string[] };

type Refusal = { readonly reason: string };

/**
 * Asks once more where the first answer got lost: an object that is being redeployed drops its calls. The object knows a
 * request by its id, so asking twice stores once. Under overload a second call would only add to it.
 */
export async function askTwice<T>(ask: (isFirst: boolean) => Promise<T>): Promise<T> {
  try {
    return await ask(true);
  } catch (thrown) {
    if (thrown instanceof Error && "overloaded" in thrown && thrown.overloaded === true) throw thrown;
    return ask(false);
  }
}

/** An account's answer, in which a trouble with its own settings has their name. */
export function namingSetting<T, E extends Refusal>(
  account: AccountId,
  answer: Result<T, E | Misconfigured>,
): Result<T, E | Misconfigured> {
  if (answer.ok || !isMisconfigured(answer.error)) return answer;
  return err({ reason: "misconfigured", problem: `account ${account} ${answer.error.problem}` });
}

const isMisconfigured = (error: Refusal): error is Misconfigured => error.reason === "misconfigured";
