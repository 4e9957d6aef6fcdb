// What is refused by what this isolate has read may be good by what has been stored since.
import type { Directory, Known } from "../directory/directory.ts";
import type { Result } from "../domain/result.ts";

/**
 * A signal that does not prove itself may be signed with a secret, or come from a source, that this isolate has not read yet;
 * and one that does, from a source that has been changed since. Either is tried once more where that can make a difference.
 */
export async function onceMoreIfChanged<T, E extends { readonly reason: string }>(
  attempt: (known: Known) => Promise<Result<T, E>>,
  directory: Directory,
): Promise<Result<T, E>> {
  const before = await directory.current();
  const first = await attempt(before);
  if (first.ok || (first.error.reason !== "unproven" && first.error.reason !== "stale_source")) return first;
  const after = await (first.error.reason === "unproven" ? directory.lookAgain() : directory.refresh());
  return after === before ? first : attempt(after);
}
