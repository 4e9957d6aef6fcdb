// Taking a look at something that may be away, slow or broken: it ends in time, and whatever goes wrong is a finding.
import { type Result, err, ok } from "../domain/result.ts";
import { describeError, log } from "../log.ts";
import { failed } from "../domain/check.ts";
import { within } from "../within.ts";
import type { GatewayCheck, GatewayCheckId } from "./gateway-checks.ts";

/** Twice what the portfolio waits for its broker, and some. All accounts together stay below what a client waits. */
const LOOK_MS_MAX = 8_000;

/** What was seen, or the check that failed because nothing was; then the log says why. */
export async function look<T>(check: GatewayCheckId, take: () => Promise<T>): Promise<Result<T, GatewayCheck>> {
  try {
    return ok(await within(LOOK_MS_MAX, take()));
  } catch (thrown) {
    log("error", "diagnostics.look_failed", { check, error: describeError(thrown) });
    return err(failed(check, "It does not answer as it should.", "The log line diagnostics.look_failed says why."));
  }
}

/** One after the other in `lanes` lanes; the results in the order of the items. */
export async function inParallel<T, R>(
  items: readonly T[],
  lanes: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const drain = async () => {
    for (const [at, item] of queue) results[at] = await work(item);
  };
  await Promise.all(Array.from({ length: lanes }, drain));
  return results;
}
