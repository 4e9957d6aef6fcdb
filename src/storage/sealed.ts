// Everything that is sealed, whatever table it is in: how much is under which key version, and a way to put it under another.
import { and, eq, isNotNull, ne, sql } from "drizzle-orm";
import { AccountId } from "../domain/ids.ts";
import type { Database } from "./client.ts";
import { accounts, brokerConnections, sourceSecrets } from "./schema.ts";
import type { Statement } from "./client.ts";

export type SealedRow =
  | { readonly table: "broker_connections"; readonly account: AccountId; readonly sealed: string }
  | { readonly table: "source_secrets"; readonly id: string; readonly sealed: string };

/** Rows by key version. */
export async function countSealed(database: Database): Promise<Map<number, number>> {
  const [credentials, secrets] = await database.batch([
    database
      .select({ version: brokerConnections.keyVersion, rows: sql<number>`count(*)` })
      .from(brokerConnections)
      .groupBy(brokerConnections.keyVersion),
    database
      .select({ version: sourceSecrets.keyVersion, rows: sql<number>`count(*)` })
      .from(sourceSecrets)
      .where(isNotNull(sourceSecrets.sealed))
      .groupBy(sourceSecrets.keyVersion),
  ]);
  const counts = new Map<number, number>();
  for (const { version, rows } of [...credentials, ...secrets]) {
    if (version !== null) counts.set(version, (counts.get(version) ?? 0) + rows);
  }
  return counts;
}

/** Every row that is not under this version. */
export async function readSealedUnderOthers(database: Database, version: number): Promise<SealedRow[]> {
  const credentials = await database
    .select({ account: brokerConnections.account, sealed: brokerConnections.sealed })
    .from(brokerConnections)
    .where(ne(brokerConnections.keyVersion, version));
  const secrets = await database
    .select({ id: sourceSecrets.id, sealed: sourceSecrets.sealed })
    .from(sourceSecrets)
    .where(and(isNotNull(sourceSecrets.sealed), ne(sourceSecrets.keyVersion, version)));
  return [
    ...credentials.map(({ account, sealed }): SealedRow => ({
      table: "broker_connections",
      account: AccountId.parse(account),
      sealed,
    })),
    ...secrets.flatMap(({ id, sealed }): SealedRow[] =>
      sealed === null ? [] : [{ table: "source_secrets", id, sealed }],
    ),
  ];
}

/** Replaces a row's sealed text, if it is still the one that was read; an account's object reads it anew. */
export function replaceSealed(database: Database, row: SealedRow, sealed: string, keyVersion: number): Statement[] {
  if (row.table === "source_secrets") {
    const unchanged = and(eq(sourceSecrets.id, row.id), eq(sourceSecrets.sealed, row.sealed));
    return [database.update(sourceSecrets).set({ sealed, keyVersion }).where(unchanged)];
  }
  const unchanged = and(eq(brokerConnections.account, row.account), eq(brokerConnections.sealed, row.sealed));
  return [
    database.update(brokerConnections).set({ sealed, keyVersion }).where(unchanged),
    database
      .update(accounts)
      .set({ revision: sql`${accounts.revision} + 1` })
      .where(eq(accounts.id, row.account)),
  ];
}
