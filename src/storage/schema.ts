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

/**
 * Trading accounts. `settings` is JSON that is read and written whole: see `storage/accounts.ts`. Rows are never deleted, so
 * that a name never comes to mean another account.
 */
export const accounts = sqliteTable("accounts", {
  id: text("id").primaryKey(),
  status: text("status").notNull(),
  revision: integer("revision").notNull(),
  policyVersion: integer("policy_version").notNull(),
  settings: text("settings").notNull(),
  createdAt: text("created_at").notNull(),
  changedAt: text("changed_at").notNull(),
});

/** The key of an account at its broker, sealed (`vault/`). `keyVersion` repeats what the sealed text says, to be counted. */
export const brokerConnections = sqliteTable("broker_connections", {
  account: text("account").primaryKey(),
  sealed: text("sealed").notNull(),
  keyVersion: integer("key_version").notNull(),
  keyIdMasked: text("key_id_masked").notNull(),
  venueAccountMasked: text("venue_account_masked").notNull(),
  venueAccountSha256: text("venue_account_sha256").notNull(),
  checkedAt: text("checked_at").notNull(),
});

/** Every policy an account ever had. */
export const policies = sqliteTable(
  "policies",
  {
    account: text("account").notNull(),
    version: integer("version").notNull(),
    policy: text("policy").notNull(),
    changedBy: text("changed_by").notNull(),
    changedAt: text("changed_at").notNull(),
    reason: text("reason"),
  },
  (table) => [primaryKey({ columns: [table.account, table.version] })],
);

/**
 * Every override an account's policy ever had, by the revision of the account that brought it. `override` is JSON and never
 * changes; that somebody has ended it early is written beside it, once. migrations/0007 has the triggers for that.
 */
export const policyOverrides = sqliteTable(
  "policy_overrides",
  {
    account: text("account").notNull(),
    revision: integer("revision").notNull(),
    id: text("id").notNull().unique(),
    override: text("override").notNull(),
    until: text("until").notNull(),
    endedAt: text("ended_at"),
    endedBy: text("ended_by"),
  },
  (table) => [primaryKey({ columns: [table.account, table.revision] })],
);

/** Who may send signals. `settings` is JSON, as with accounts, and rows are never deleted. */
export const sources = sqliteTable("sources", {
  id: text("id").primaryKey(),
  status: text("status").notNull(),
  revision: integer("revision").notNull(),
  settings: text("settings").notNull(),
  createdAt: text("created_at").notNull(),
  changedAt: text("changed_at").notNull(),
});

/** What sources prove themselves with: a sealed signing secret, or the hash of a URL's token. A retired one holds neither. */
export const sourceSecrets = sqliteTable("source_secrets", {
  id: text("id").primaryKey(),
  source: text("source").notNull(),
  sealed: text("sealed"),
  keyVersion: integer("key_version"),
  tokenSha256: text("token_sha256"),
  createdAt: text("created_at").notNull(),
  expiresAt: text("expires_at"),
  retiredAt: text("retired_at"),
});

/** API keys by their public name. The key itself is nowhere: `sha256` is the hash of all of it. */
export const apiKeys = sqliteTable("api_keys", {
  id: text("id").primaryKey(),
  sha256: text("sha256").notNull(),
  status: text("status").notNull(),
  revision: integer("revision").notNull(),
  settings: text("settings").notNull(),
  createdAt: text("created_at").notNull(),
  changedAt: text("changed_at").notNull(),
});

/** Stops that bind every account, and what became of them: an account that was away learns here that one was released. */
export const tradingStops = sqliteTable("trading_stops", {
  id: text("id").primaryKey(),
  stop: text("stop").notNull(),
  releasedAt: text("released_at"),
  releasedBy: text("released_by"),
});

/** When a source's secret, a token or an API key was last used, to the minute. */
export const keyUses = sqliteTable("key_uses", {
  key: text("key").primaryKey(),
  lastUsedAt: text("last_used_at").notNull(),
});

/**
 * What a kind of broker lists, one row per instrument; `settings` is the whole {@link Instrument} as JSON, and `changed_at` when
 * it last became another one. What is no longer listed stays as an inactive one.
 */
export const instruments = sqliteTable(
  "instruments",
  {
    broker: text("broker").notNull(),
    symbol: text("symbol").notNull(),
    settings: text("settings").notNull(),
    changedAt: text("changed_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.broker, table.symbol] })],
);

/** When a kind of broker was last asked for its list, and how many it listed: one row to write where nothing has changed. */
export const instrumentLists = sqliteTable("instrument_lists", {
  broker: text("broker").primaryKey(),
  listed: integer("listed").notNull(),
  refreshedAt: text("refreshed_at").notNull(),
});
