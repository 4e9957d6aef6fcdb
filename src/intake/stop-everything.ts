// Stops of everything that one account goes by already: every other one is told, and the gateway lists them for those to come.
import type { WideStop } from "../account/stops/stop-by-signal.ts";
import { type Result, err, ok } from "../domain/result.ts";
import { gatewayStub } from "../gateway/stub.ts";
import { type NotTold, askTwice } from "./ask-account.ts";
import type { Caller } from "../account/caller.ts";

/** Returns once each is in force everywhere. Asked for again in the same name, it does no more than asked for once. */
export async function stopEverything(
  env: Env,
  stops: readonly WideStop[],
  caller: Caller,
): Promise<Result<void, NotTold>> {
  for (const { stop, actions } of stops) {
    const { answer, untold } = await askTwice(async () => gatewayStub(env).stop(stop, actions, caller));
    const unaware = answer.isStored ? untold : [...untold, "the database"];
    if (unaware.length > 0) return err({ reason: "not_told", untold: unaware });
  }
  return ok(undefined);
}
