// What is refused by what this isolate has read may be good by what has been stored since.
import type { Directory, Known } from "../directory/directory.ts";
import type { Result } from "../domain/result.ts";

/**
 * A signal that does not prove itself may be signed with a secret, or come from a source, that this isolate has not read yet; an
 * account may have been added to what its source reaches; and the source may have been changed since. Each is tried once more
 * where that can make a difference.
 */
export async function onceMoreIfChanged<T, E extends { readonly reason: string }>(
  attempt: (known: Known) => Promise<Result<T, E>>,
  directory: Directory,
): Promise<Result<T, E>> {
  const before = await directory.current();
  const first = await attempt(before);
  if (first.ok) return first;
  const { reason } = first.error;
  if (reason !== "unproven" && reason !== "account_unknown" && reason !== "stale_source") return first;
  const after = await (reason === "stale_source" ? directory.refresh() : directory.lookAgain());
  return after === before ? first : attempt(after);
}
