// What is refused by what this isolate has read may be good by what has been stored since.
import type { Directory, Known } from "../directory/directory.ts";
import type { Result } from "../domain/result.ts";
import { type FannedOut, refusalsIn, withOutcomesOf } from "./fan-out.ts";
import type { Submitted } from "./submitted.ts";

/** What may be otherwise by what has been stored since. An account says itself when a source is out of date; these come before it. */
const PERHAPS_OLD: ReadonlySet<string> = new Set(["unproven", "account_unknown", "invalid_fields", "malformed_body"]);

/**
 * A signal that does not prove itself may be signed with a secret, or come from a source, that this isolate has not read yet; an
 * account may have been added to what its source reaches; a text that cannot be read may be one by the source's new settings; and
 * the source may have been changed since. Each is tried once more where that can make a difference.
 */
export async function onceMoreIfChanged<E extends { readonly reason: string }>(
  attempt: (known: Known) => Promise<Result<Submitted | FannedOut, E>>,
  directory: Directory,
): Promise<Result<Submitted | FannedOut, E>> {
  const before = await directory.current();
  const first = await attempt(before);
  const reasons = new Set(refusalsIn(first).map(({ reason }) => reason));
  const isOld = reasons.has("stale_source");
  if (!isOld && ![...reasons].some((reason) => PERHAPS_OLD.has(reason))) return first;
  // What was refused is refused, where nobody can say otherwise.
  const after = await (isOld ? directory.refresh() : directory.lookAgain().catch(() => before));
  return after === before ? first : withOutcomesOf(first, await attempt(after));
}
