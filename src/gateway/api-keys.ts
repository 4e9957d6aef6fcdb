// What changes when an API key is made, changed or deleted.
import type { ApiKey, ApiKeyChange, ApiKeyTerms } from "../domain/access.ts";
import type { ApiKeyId } from "../domain/api-key.ts";
import { err, ok } from "../domain/result.ts";
import { type StoredApiKey, findApiKey, listApiKeys, writeApiKey } from "../storage/api-keys.ts";
import type { Missing, Plan, Taken } from "./change.ts";

/** One to use, and one to change over to. */
const LIVE_KEYS_PER_OWNER = 2;
/** Every isolate knows them all. */
const LIVE_KEYS_MAX = 1_000;

export type TooMany = { readonly reason: "too_many"; readonly max: number };

export type NewKey = { readonly id: ApiKeyId; readonly sha256: string };

/** The key itself has been shown to nobody yet, and is not here: its hash is. */
export const createApiKey =
  ({ id, sha256 }: NewKey, { reason, ...terms }: ApiKeyTerms): Plan<ApiKey, Taken | TooMany> =>
  async ({ database, caller, now }) => {
    const keys = await listApiKeys(database, now);
    if (keys.some(({ key }) => key.id === id)) return err({ reason: "id_taken" });
    const tooMany = excessBeside(keys, terms.owner, now);
    if (tooMany !== undefined) return err(tooMany);
    const at = now.toISOString();
    const key: ApiKey = {
      ...terms,
      id,
      status: "active",
      created_by: caller.actor.id,
      created_at: at,
      changed_at: at,
      last_used_at: null,
      rotation_due: false,
      revision: 1,
    };
    return ok({
      statements: [writeApiKey(database, { key, sha256 })],
      event: { type: "api_key.created", data: { after: key, reason: reason ?? null } },
      answer: key,
    });
  };

export type ApiKeyUpdate =
  | { readonly kind: "terms"; readonly change: ApiKeyChange }
  | { readonly kind: "delete"; readonly reason: string | undefined };

export const changeApiKey =
  (id: ApiKeyId, update: ApiKeyUpdate): Plan<ApiKey, Missing | TooMany> =>
  async ({ database, now }) => {
    const found = await findApiKey(database, id, now);
    if (found?.key.status === "deleted" && update.kind === "delete") return ok({ answer: found.key });
    if (found === undefined || found.key.status === "deleted") return err({ reason: "not_there" });
    const before = found.key;
    const after: ApiKey = {
      ...before,
      ...differenceOf(before, update),
      revision: before.revision + 1,
      changed_at: now.toISOString(),
    };
    const isRevived = isLive(after, now) && !isLive(before, now);
    const tooMany = isRevived ? excessBeside(await listApiKeys(database, now), after.owner, now) : undefined;
    if (tooMany !== undefined) return err(tooMany);
    const reason = update.kind === "terms" ? update.change.reason : update.reason;
    return ok({
      statements: [writeApiKey(database, { key: after, sha256: found.sha256 })],
      event: {
        type: update.kind === "terms" ? "api_key.changed" : "api_key.deleted",
        data: { before, after, reason: reason ?? null },
      },
      answer: after,
    });
  };

function differenceOf(before: ApiKey, update: ApiKeyUpdate): Partial<ApiKey> {
  if (update.kind === "delete") return { status: "deleted" };
  const { status, scopes, accounts, addresses, expires_at } = update.change;
  return {
    status: status ?? before.status,
    scopes: scopes ?? before.scopes,
    accounts: accounts === undefined ? before.accounts : accounts,
    addresses: addresses ?? before.addresses,
    expires_at: expires_at === undefined ? before.expires_at : expires_at,
  };
}

/** Why beside these keys there is no room for one more of this owner. */
function excessBeside(keys: readonly StoredApiKey[], owner: string, now: Date): TooMany | undefined {
  const live = keys.map(({ key }) => key).filter((key) => isLive(key, now));
  const ofOwner = live.filter((key) => key.owner === owner);
  if (ofOwner.length >= LIVE_KEYS_PER_OWNER) return { reason: "too_many", max: LIVE_KEYS_PER_OWNER };
  return live.length >= LIVE_KEYS_MAX ? { reason: "too_many", max: LIVE_KEYS_MAX } : undefined;
}

const isLive = ({ status, expires_at: expiresAt }: ApiKey, now: Date): boolean =>
  status !== "deleted" && (expiresAt === null || Date.parse(expiresAt) > now.getTime());
