// Carries the journal to the public record, in order, until it is acknowledged. It talks to a small deps interface, so it
// runs without a Durable Object.
import type { AuditEntry } from "../domain/audit-entry.ts";

const BATCH_MAX = 100;
/** Batches in one go: a long backlog is carried away in pieces, between which other work runs. */
const BATCHES_MAX = 20;
const RETRY_DELAYS_MS = [1_000, 2_000, 5_000, 15_000, 60_000] as const;

export type OutboxDeps = {
  readonly readPending: (limit: number) => readonly AuditEntry[];
  readonly deliver: (entries: readonly AuditEntry[]) => Promise<void>;
  readonly acknowledge: (seq: number) => void;
};

/** Delivers what is pending, oldest first. Throws when a delivery fails; what was acknowledged stays acknowledged. */
export async function drainOutbox(deps: OutboxDeps): Promise<void> {
  for (let batch = 0; batch < BATCHES_MAX; batch++) {
    const entries = deps.readPending(BATCH_MAX);
    const last = entries.at(-1);
    if (last === undefined) return;
    await deps.deliver(entries);
    deps.acknowledge(last.seq);
  }
}

/** How long to wait after the n-th failure in a row. */
export const drainRetryDelayMs = (failures: number): number =>
  RETRY_DELAYS_MS[Math.min(failures, RETRY_DELAYS_MS.length) - 1] ?? RETRY_DELAYS_MS[0];
