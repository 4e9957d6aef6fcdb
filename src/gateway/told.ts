// Who goes by a change, and could not be told of it.
import { describeError, log } from "../log.ts";
import { within } from "../within.ts";

/** The change is stored. `untold`: who has to learn of it and could not be told; each finds out by itself within minutes. */
export type Made<T> = { readonly answer: T; readonly untold: readonly string[] };

/** The next change waits meanwhile. */
const PATIENCE_MS = 10_000;

/** Tells all of them at once; one who cannot be told keeps nobody else from it. Says who those are. */
export async function untoldOf<Id extends string>(
  ids: readonly Id[],
  tell: (id: Id) => Promise<void>,
): Promise<readonly Id[]> {
  const told = await Promise.allSettled(ids.map((id) => within(PATIENCE_MS, tell(id))));
  return ids.filter((id, at) => {
    const outcome = told[at];
    if (outcome?.status !== "rejected") return false;
    log("error", "gateway.not_told", { who: id, error: describeError(outcome.reason) });
    return true;
  });
}
