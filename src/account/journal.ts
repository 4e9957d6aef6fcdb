// The account's durable record: every event, chained as it is written. The same rows are the outbox of the audit log:
// what lies above the mark has not been acknowledged by D1 yet.
import { encodeUtf8 } from "../crypto/encoding.ts";
import { sha256Hex } from "../crypto/hash.ts";
import { type AuditEntry, type AuditEvent, GENESIS, hashEvent } from "../domain/audit-entry.ts";
import type { AccountId } from "../domain/ids.ts";

/** What the caller says of an event; its place in the chain is added here. */
export type NewEvent = Omit<AuditEvent, "chain" | "seq" | "prev">;

type Head = { readonly seq: number; readonly hash: string };

/** Appends one event to the chain. */
export function append(sql: SqlStorage, chain: AccountId, event: NewEvent): void {
  const head = sql.exec<Head>("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1").toArray()[0];
  const seq = (head?.seq ?? 0) + 1;
  const text = JSON.stringify({ chain, seq, ...event, prev: head?.hash ?? GENESIS } satisfies AuditEvent);
  sql.exec(
    "INSERT INTO journal (seq, hash, event) VALUES (?, ?, ?)",
    seq,
    hashEvent(text, encodeUtf8, sha256Hex),
    text,
  );
}

/** How many entries the public record does not have yet. */
export function countPending(sql: SqlStorage): number {
  const row = sql
    .exec<{ pending: number }>(
      "SELECT COALESCE((SELECT MAX(seq) FROM journal), 0) - (SELECT seq FROM outbox_mark WHERE id = 1) AS pending",
    )
    .one();
  return row.pending;
}

/** The oldest entries the public record does not have yet. */
export function readPending(sql: SqlStorage, chain: AccountId, limit: number): AuditEntry[] {
  return sql
    .exec<{ seq: number; hash: string; event: string }>(
      "SELECT seq, hash, event FROM journal WHERE seq > (SELECT seq FROM outbox_mark WHERE id = 1) ORDER BY seq LIMIT ?",
      limit,
    )
    .toArray()
    .map((row) => ({ chain, ...row }));
}

/** Moves the mark forward; an older acknowledgement that arrives late moves nothing. */
export function acknowledge(sql: SqlStorage, seq: number): void {
  sql.exec("UPDATE outbox_mark SET seq = ? WHERE id = 1 AND seq < ?", seq, seq);
}
