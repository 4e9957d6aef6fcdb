// What the database is made of: the migrations it has had, and its triggers.
import { sql } from "drizzle-orm";
import type { Database } from "./client.ts";
import type { Structure } from "./migrations.ts";

/** Throws when D1 is unreachable. */
export async function readStructure(database: Database): Promise<Structure> {
  const parts = await database.all<{ type: string; name: string }>(
    sql`SELECT type, name FROM sqlite_master WHERE type = 'trigger' OR name = 'd1_migrations'`,
  );
  // Wrangler makes this table with the first migration that it applies.
  const isNoted = parts.some(({ type }) => type === "table");
  const migrations = isNoted
    ? await database.all<{ name: string }>(sql`SELECT name FROM d1_migrations ORDER BY id`)
    : [];
  return {
    migrations: migrations.map(({ name }) => name),
    triggers: parts.flatMap(({ type, name }) => (type === "trigger" ? [name] : [])),
  };
}
