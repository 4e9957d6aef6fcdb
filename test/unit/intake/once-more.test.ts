import { describe, expect, it } from "vitest";
import { Directory, type Known } from "../../../src/directory/directory.ts";
import type { Result } from "../../../src/domain/result.ts";
import { err, ok } from "../../../src/domain/result.ts";
import { onceMoreIfChanged } from "../../../src/intake/once-more.ts";
import type { FannedOut } from "../../../src/intake/fan-out.ts";
import type { Submitted } from "../../../src/intake/submitted.ts";

type Answer = Result<Submitted | FannedOut, { readonly reason: string }>;

const TAKEN: Answer = ok({ outcomes: [] });

/** A directory that was read a while ago, and has been changed since or not. */
async function changedSince(isChanged: boolean) {
  let nowMs = 0;
  const known = (): Known => ({ sources: new Map(), apiKeys: new Map(), accounts: new Set() });
  const [old, newer] = [known(), known()];
  let reads = 0;
  const directory = new Directory(
    () => Promise.resolve((reads += 1) > 1 && isChanged ? newer : old),
    () => nowMs,
  );
  await directory.current();
  nowMs += 10_000;
  return { directory, newer, reads: () => reads };
}

describe("a signal that is refused by what was read a while ago", () => {
  it.each(["unproven", "account_unknown", "stale_source", "invalid_fields", "malformed_body"])(
    "as %s, is tried by what has been stored since",
    async (reason) => {
      const { directory, newer } = await changedSince(true);
      const answer = await onceMoreIfChanged(
        (known): Promise<Answer> => Promise.resolve(known === newer ? TAKEN : err({ reason })),
        directory,
      );
      expect(answer).toEqual(TAKEN);
    },
  );

  it("is refused where nobody can say what has been stored since", async () => {
    const { directory } = await changedSince(true);
    const refused = err({ reason: "malformed_body" });
    directory.lookAgain = () => Promise.reject(new Error("D1 is away"));
    expect(await onceMoreIfChanged((): Promise<Answer> => Promise.resolve(refused), directory)).toEqual(refused);
  });

  it("is tried once where that cannot make a difference, and nothing is read for it", async () => {
    const { directory, reads } = await changedSince(true);
    let attempts = 0;
    const attempt = (): Promise<Answer> => Promise.resolve((attempts += 1) > 0 ? err({ reason: "replayed" }) : TAKEN);
    expect(await onceMoreIfChanged(attempt, directory)).toEqual(err({ reason: "replayed" }));
    expect([attempts, reads()]).toEqual([1, 1]);
  });
});
