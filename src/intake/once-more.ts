// What is refused by what this isolate has read may be good by what has been stored since.
import type { Directory, Known } from "../directory/directory.ts";
import type { Result } from "../domain/result.ts";
import { type FannedOut, refusalsIn, withOutcomesOf } from "./fan-out.ts";
import type { Submitted } from "./submitted.ts";

/**
 * A signal that does not prove itself may be signed with a secret, or come from a source, that this isolate has not read yet; an
 * account may have been added to what its source reaches; and the source may have been changed since. Each is tried once more
 * where that can make a difference.
 */
export async function onceMoreIfChanged<E extends { readonly reason: string }>(
  attempt: (known: Known) => Promise<Result<Submitted | FannedOut, E>>,
  directory: Directory,
): Promise<Result<Submitted | FannedOut, E>> {
  const before = await directory.current();
  const first = await attempt(before);
  const reasons = new Set(refusalsIn(first).map(({ reason }) => reason));
  if (!reasons.has("unproven") && !reasons.has("account_unknown") && !reasons.has("stale_source")) return first;
  const after = await (reasons.has("stale_source") ? directory.refresh() : directory.lookAgain());
  return after === before ? first : withOutcomesOf(first, await attempt(after));
}
