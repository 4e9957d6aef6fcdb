// sources and source_secrets: read whole, because they are few and every isolate knows them all; written through statements
// that GatewayObject commits together with their audit entry.
import { and, asc, eq, inArray, isNotNull } from "drizzle-orm";
import { SourceId } from "../domain/ids.ts";
import { type Source, SourceStatus } from "../domain/source.ts";
import type { Database } from "./client.ts";
import { keyUses, sourceSecrets, sources } from "./schema.ts";
import type { Statement } from "./client.ts";

type SourceRow = typeof sources.$inferSelect;
type SecretRow = typeof sourceSecrets.$inferSelect;

/** A secret as it is stored: sealed text, or the hash of a URL's token. */
export type StoredSecret = Pick<SecretRow, "id" | "sealed" | "keyVersion" | "tokenSha256" | "createdAt" | "expiresAt">;

export type StoredSource = { readonly source: Source; readonly secrets: readonly StoredSecret[] };

/** What of a source is in columns or in other tables. */
type Columns = "id" | "status" | "revision" | "secrets" | "created_at" | "changed_at";

/** By id, deleted ones included. */
export async function listSources(database: Database): Promise<StoredSource[]> {
  const [rows, secrets] = await database.batch([
    database.select().from(sources).orderBy(asc(sources.id)),
    database
      .select()
      .from(sourceSecrets)
      .leftJoin(keyUses, eq(keyUses.key, sourceSecrets.id))
      .orderBy(asc(sourceSecrets.createdAt), asc(sourceSecrets.id)),
  ]);
  return rows.map((row) =>
    toStored(
      row,
      secrets.filter(({ source_secrets: secret }) => secret.source === row.id && secret.retiredAt === null),
    ),
  );
}

export const findSource = async (database: Database, id: SourceId): Promise<StoredSource | undefined> =>
  (await listSources(database)).find(({ source }) => source.id === id);

type Used = { readonly source_secrets: SecretRow; readonly key_uses: typeof keyUses.$inferSelect | null };

function toStored(row: SourceRow, secrets: readonly Used[]): StoredSource {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module from a Source
  const settings = JSON.parse(row.settings) as Omit<Source, Columns>;
  const columns: Pick<Source, Columns> = {
    id: SourceId.parse(row.id),
    status: SourceStatus.parse(row.status),
    revision: row.revision,
    secrets: secrets.map(({ source_secrets: secret, key_uses: use }) => ({
      id: secret.id,
      created_at: secret.createdAt,
      expires_at: secret.expiresAt,
      last_used_at: use?.lastUsedAt ?? null,
    })),
    created_at: row.createdAt,
    changed_at: row.changedAt,
  };
  const source = { ...columns, ...settings };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the two halves that writeSource took apart
  return { source: source as Source, secrets: secrets.map((used) => used.source_secrets) };
}

/** Writes a source as it now is, new or not; its secrets have statements of their own. */
export function writeSource(database: Database, source: Source): Statement {
  const { id, status, revision, secrets: _, created_at: createdAt, changed_at: changedAt, ...settings } = source;
  const row = { status, revision, settings: JSON.stringify(settings), changedAt };
  return database
    .insert(sources)
    .values({ id, createdAt, ...row })
    .onConflictDoUpdate({ target: sources.id, set: row });
}

export const writeSecret = (database: Database, source: SourceId, secret: StoredSecret): Statement =>
  database.insert(sourceSecrets).values({ source, ...secret });

/** Whether the source had this secret, and has it no more. */
export async function isRetired(database: Database, source: SourceId, id: string): Promise<boolean> {
  const rows = await database
    .select({ id: sourceSecrets.id })
    .from(sourceSecrets)
    .where(and(eq(sourceSecrets.source, source), eq(sourceSecrets.id, id), isNotNull(sourceSecrets.retiredAt)));
  return rows.length > 0;
}

/** From then on it is not accepted; without an end when `null`. */
export const expireSecret = (database: Database, id: string, expiresAt: string | null): Statement =>
  database.update(sourceSecrets).set({ expiresAt }).where(eq(sourceSecrets.id, id));

/** What it was is gone; that it was stays. */
export const retireSecrets = (database: Database, ids: readonly string[], retiredAt: string): Statement =>
  database
    .update(sourceSecrets)
    .set({ sealed: null, keyVersion: null, tokenSha256: null, retiredAt })
    .where(inArray(sourceSecrets.id, [...ids]));
