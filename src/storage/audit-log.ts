// order_audit_log: appended in order by the accounts' outboxes, read by auditors.
import { type SQL, and, asc, desc, eq, gt, sql } from "drizzle-orm";
import * as z from "zod";
import type { AuditEntry, AuditEventType } from "../domain/audit-entry.ts";
import type { Database } from "./client.ts";
import { noteKeyUse } from "./key-uses.ts";
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
  const uses = [...lastUses(entries)].map(([key, at]) => noteKeyUse(database, key, at));
  if (first !== undefined) await database.batch([first, ...rest, ...uses]);
}

/** Which secrets signed the signals among these entries, and when each did so last. */
function lastUses(entries: readonly AuditEntry[]): Map<string, string> {
  const uses = new Map<string, string>();
  for (const { event: text } of entries) {
    // Most entries are about orders: looking is cheaper than reading.
    if (!text.includes('"key_id":')) continue;
    const event = UseOfKey.safeParse(JSON.parse(text));
    if (event.success) uses.set(event.data.data.key_id, event.data.time);
  }
  return uses;
}

const UseOfKey = z.object({ time: z.string(), data: z.object({ key_id: z.string() }) });

/** One entry, for a transaction that it is to be a part of. */
export const insertEntry = (database: Database, entry: AuditEntry) => database.insert(orderAuditLog).values(entry);

/** A chain's last entry. */
export async function readHead(database: Database, chain: string): Promise<AuditEntry | undefined> {
  const [head] = await database
    .select()
    .from(orderAuditLog)
    .where(eq(orderAuditLog.chain, chain))
    .orderBy(desc(orderAuditLog.seq))
    .limit(1);
  return head;
}

export type AuditQuery = {
  readonly chain: string;
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
