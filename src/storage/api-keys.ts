// api_keys: read whole, written through statements that GatewayObject commits together with their audit entry.
import { asc, eq } from "drizzle-orm";
import { type ApiKey, ApiKeyStatus } from "../domain/access.ts";
import { ApiKeyId, isRotationDue } from "../domain/api-key.ts";
import type { Database } from "./client.ts";
import { apiKeys, keyUses } from "./schema.ts";
import type { Statement } from "./client.ts";

export type StoredApiKey = { readonly key: ApiKey; readonly sha256: string };

/** What of a key is in columns, in another table, or a matter of the moment. */
type Columns = "id" | "status" | "revision" | "created_at" | "changed_at" | "last_used_at" | "rotation_due";

/** By time of creation, deleted ones included. */
export async function listApiKeys(database: Database, now: Date): Promise<StoredApiKey[]> {
  const rows = await database
    .select()
    .from(apiKeys)
    .leftJoin(keyUses, eq(keyUses.key, apiKeys.id))
    .orderBy(asc(apiKeys.createdAt), asc(apiKeys.id));
  return rows.map(({ api_keys: row, key_uses: use }) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module from an ApiKey
    const settings = JSON.parse(row.settings) as Omit<ApiKey, Columns>;
    const key: ApiKey = {
      ...settings,
      id: ApiKeyId.parse(row.id),
      status: ApiKeyStatus.parse(row.status),
      revision: row.revision,
      created_at: row.createdAt,
      changed_at: row.changedAt,
      last_used_at: use?.lastUsedAt ?? null,
      rotation_due: isRotationDue({ createdAtMs: Date.parse(row.createdAt) }, now.getTime()),
    };
    return { key, sha256: row.sha256 };
  });
}

export const findApiKey = async (database: Database, id: ApiKeyId, now: Date): Promise<StoredApiKey | undefined> =>
  (await listApiKeys(database, now)).find(({ key }) => key.id === id);

/** Writes a key as it now is, new or not. */
export function writeApiKey(database: Database, { key, sha256 }: StoredApiKey): Statement {
  const { id, status, revision, created_at: createdAt, changed_at: changedAt, last_used_at: _, ...rest } = key;
  const { rotation_due: __, ...settings } = rest;
  const row = { status, revision, settings: JSON.stringify(settings), changedAt };
  return database
    .insert(apiKeys)
    .values({ id, sha256, createdAt, ...row })
    .onConflictDoUpdate({ target: apiKeys.id, set: row });
}
