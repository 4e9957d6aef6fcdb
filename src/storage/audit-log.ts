// order_audit_log: appended in order by the accounts' outboxes, read by auditors.
import { type SQL, and, asc, eq, gt, sql } from "drizzle-orm";
import type { AuditEntry, AuditEventType } from "../domain/audit-entry.ts";
import type { AccountId } from "../domain/ids.ts";
import type { Database } from "./client.ts";
import { orderAuditLog } from "./schema.ts";

/** D1 binds at most 100 parameters to a statement; an entry takes four. */
const ENTRIES_PER_STATEMENT = 25;

/**
 * Appends entries of one chain, all or none. An entry that is already there is skipped, so a batch may be sent again
 * after an answer got lost. Throws when D1 is unreachable, or when the entries do not continue the chain.
 */
export async function appendEntries(database: Database, entries: readonly AuditEntry[]): Promise<void> {
  const inserts = [];
  for (let at = 0; at < entries.length; at += ENTRIES_PER_STATEMENT) {
    inserts.push(database.insert(orderAuditLog).values(entries.slice(at, at + ENTRIES_PER_STATEMENT)));
  }
  const [first, ...rest] = inserts;
  if (first !== undefined) await database.batch([first, ...rest]);
}

export type AuditQuery = {
  readonly chain: AccountId;
  readonly orderId?: string | undefined;
  readonly symbol?: string | undefined;
  readonly type?: AuditEventType | undefined;
  /** ISO 8601 UTC; `from` included, `to` excluded. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly afterSeq: number;
  readonly limit: number;
};

/** One chain's entries, oldest first. */
export function queryEntries(database: Database, query: AuditQuery): Promise<AuditEntry[]> {
  const field = (name: string): SQL => sql.raw(`json_extract(event, '$.${name}')`);
  const conditions = [eq(orderAuditLog.chain, query.chain), gt(orderAuditLog.seq, query.afterSeq)];
  if (query.orderId !== undefined) conditions.push(sql`${field("order_id")} = ${query.orderId}`);
  if (query.symbol !== undefined) conditions.push(sql`${field("symbol")} = ${query.symbol}`);
  if (query.type !== undefined) conditions.push(sql`${field("type")} = ${query.type}`);
  if (query.from !== undefined) conditions.push(sql`${field("time")} >= ${query.from}`);
  if (query.to !== undefined) conditions.push(sql`${field("time")} < ${query.to}`);
  return database
    .select()
    .from(orderAuditLog)
    .where(and(...conditions))
    .orderBy(asc(orderAuditLog.seq))
    .limit(query.limit);
}
