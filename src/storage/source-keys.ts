// source_keys: which account a source's secret leads to, fixed at first use.
import { and, eq } from "drizzle-orm";
import type { AccountId, SourceId } from "../domain/ids.ts";
import type { Database } from "./client.ts";
import { sourceKeys } from "./schema.ts";

export type KeyUse = { readonly source: SourceId; readonly keyId: string; readonly account: AccountId };

/**
 * Fixes the account of a secret that was never used before, and returns the account the secret is fixed to. Throws when
 * D1 is unreachable.
 */
export async function pinAccount(database: Database, use: KeyUse, now: Date): Promise<string> {
  const [, rows] = await database.batch([
    database.insert(sourceKeys).values({ ...use, firstUsedAt: now.toISOString() }),
    database
      .select({ account: sourceKeys.account })
      .from(sourceKeys)
      .where(and(eq(sourceKeys.source, use.source), eq(sourceKeys.keyId, use.keyId))),
  ]);
  const [row] = rows;
  if (row === undefined) throw new Error("source_keys: a row just written was not read back");
  return row.account;
}
