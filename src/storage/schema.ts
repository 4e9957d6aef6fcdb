// The tables of D1. Rows are written by one module each; row types are inferred from here.
import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

/**
 * The public record: one row per audited event, chained per account. `event` is the exact JSON text that was hashed, open
 * to SQL through `json_extract`. migrations/0001 adds what drizzle cannot say: triggers that refuse update, delete, replace,
 * gaps and forks, and the index that finds one order's events.
 */
export const orderAuditLog = sqliteTable(
  "order_audit_log",
  {
    chain: text("chain").notNull(),
    seq: integer("seq").notNull(),
    hash: text("hash").notNull(),
    event: text("event").notNull(),
  },
  (table) => [primaryKey({ columns: [table.chain, table.seq] })],
);

/**
 * The account that a source's secret leads to when a signal names none, fixed at the secret's first use. Were it to
 * change, a captured body could run once more against the new account.
 */
export const sourceKeys = sqliteTable(
  "source_keys",
  {
    source: text("source").notNull(),
    keyId: text("key_id").notNull(),
    account: text("account").notNull(),
    firstUsedAt: text("first_used_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.source, table.keyId] })],
);
