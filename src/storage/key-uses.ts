// key_uses: when a source's secret, a token or an API key was last used. Beside the tables of what they are, because it is no
// change of the configuration.
import { sql } from "drizzle-orm";
import type { Database } from "./client.ts";
import { keyUses } from "./schema.ts";

/** Notes a use; one that was noted later stays. `at` is ISO 8601 in UTC. */
export const noteKeyUse = (database: Database, key: string, at: string) =>
  database
    .insert(keyUses)
    .values({ key, lastUsedAt: at })
    .onConflictDoUpdate({ target: keyUses.key, set: { lastUsedAt: sql`max(${keyUses.lastUsedAt}, ${at})` } });
