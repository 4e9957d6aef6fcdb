// What changes when a source is made, changed or deleted, and when its secrets are.
import type { SourceId } from "../domain/ids.ts";
import { assertNever, err, ok } from "../domain/result.ts";
import type { NewSource, Source, SourceChange } from "../domain/source.ts";
import type { Database } from "../storage/client.ts";
import {
  type StoredSecret,
  expireSecret,
  findSource,
  isRetired,
  listSources,
  retireSecrets,
  writeSecret,
  writeSource,
} from "../storage/sources.ts";
import type { TooMany } from "./api-keys.ts";
import type { Missing, Plan, Taken } from "./change.ts";
import type { Statement } from "../storage/client.ts";

/** The key that signs now and the one it replaces. */
const LIVE_SECRETS_MAX = 2;
/** Every isolate knows them all. */
const SOURCES_MAX = 1_000;

export const createSource =
  ({ reason, ...terms }: NewSource & { readonly owner: string }, secret: StoredSecret): Plan<Source, Taken | TooMany> =>
  async ({ database, now }) => {
    const known = await listSources(database);
    if (known.some(({ source }) => source.id === terms.id)) return err({ reason: "id_taken" });
    if (known.filter(({ source }) => source.status !== "deleted").length >= SOURCES_MAX)
      return err({ reason: "too_many", max: SOURCES_MAX });
    const at = now.toISOString();
    const common = {
      name: terms.name ?? null,
      status: "active" as const,
      accounts: reachOf(terms),
      fan_out: fanOutOf(terms),
      secrets: [toView(secret)],
      revision: 1,
      created_at: at,
      changed_at: at,
    } satisfies Partial<Source>;
    const source: Source =
      terms.kind === "signed" ? { ...terms, caps: terms.caps ?? null, ...common } : { ...terms, ...common };
    return ok({
      statements: [writeSource(database, source), writeSecret(database, source.id, secret)],
      event: { type: "source.created", data: { after: source, reason: reason ?? null } },
      answer: source,
    });
  };

/** Nothing may be done to the secrets of a source in this way. */
export type SecretRefusal = TooMany | { readonly reason: "last_secret" } | { readonly reason: "secret_not_there" };

/** An account is to get what may have been sent before it did. */
export type FanOutWidened = { readonly reason: "fan_out_widened"; readonly accounts: Source["fan_out"] };

export type SourceUpdate =
  | { readonly kind: "terms"; readonly change: SourceChange }
  /** The ones before are accepted until `overlapUntil`. */
  | { readonly kind: "add_secret"; readonly secret: StoredSecret; readonly overlapUntil: string }
  | { readonly kind: "retire_secret"; readonly secretId: string }
  | { readonly kind: "delete"; readonly reason: string | undefined };

const EVENT = {
  terms: "source.changed",
  add_secret: "source.secret_added",
  retire_secret: "source.secret_retired",
  delete: "source.deleted",
} as const;

export const changeSource =
  (id: SourceId, update: SourceUpdate): Plan<Source, Missing | SecretRefusal | FanOutWidened> =>
  async ({ database, now }) => {
    const found = await findSource(database, id);
    if (found?.source.status === "deleted" && update.kind === "delete") return ok({ answer: found.source });
    if (found === undefined || found.source.status === "deleted") return err({ reason: "not_there" });
    const before = withoutExpired(found.source, now);
    if (update.kind === "retire_secret" && (await isRetired(database, id, update.secretId)))
      return ok({ answer: before });
    const changed = differenceOf(before, update, now, database);
    if (!("difference" in changed)) return err(changed);
    const revised = { revision: before.revision + 1, changed_at: now.toISOString() };
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- no difference changes the kind
    const after = { ...before, ...changed.difference, ...revised } as Source;
    const expired = found.source.secrets
      .filter((secret) => !before.secrets.includes(secret))
      .map((secret) => secret.id);
    const statements: Statement[] = [...changed.statements];
    if (expired.length > 0) statements.push(retireSecrets(database, expired, after.changed_at));
    const reason =
      update.kind === "terms" ? update.change.reason : update.kind === "delete" ? update.reason : undefined;
    return ok({
      statements: [writeSource(database, after), ...statements],
      event: { type: EVENT[update.kind], data: { before, after, reason: reason ?? null } },
      answer: after,
    });
  };

type Difference = { readonly difference: Partial<Source>; readonly statements: readonly Statement[] };

function differenceOf(
  before: Source,
  update: SourceUpdate,
  now: Date,
  database: Database,
): Difference | SecretRefusal | FanOutWidened {
  const at = now.toISOString();
  switch (update.kind) {
    case "terms": {
      const { name, owner, status, accounts = before.accounts, caps, signals } = update.change;
      const { account } = before;
      const fan_out = fanOutOf({ account, fan_out: update.change.fan_out ?? before.fan_out });
      const added = fan_out.filter((id) => !before.fan_out.includes(id));
      if (added.length > 0) return { reason: "fan_out_widened", accounts: added };
      const difference: Partial<Source> = {
        name: name ?? before.name,
        owner: owner ?? before.owner,
        status: status ?? before.status,
        accounts: reachOf({ account, accounts, fan_out }),
        fan_out,
        signals: signals ?? before.signals,
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- caps replace caps of the same kind
        caps: (caps === undefined ? before.caps : { ...before.caps, ...caps }) as never,
      };
      return { difference, statements: [] };
    }
    case "add_secret": {
      if (before.secrets.length >= LIVE_SECRETS_MAX) return { reason: "too_many", max: LIVE_SECRETS_MAX };
      const older = before.secrets.map((secret) => ({ ...secret, expires_at: update.overlapUntil }));
      return {
        difference: { secrets: [...older, toView(update.secret)] },
        statements: [
          ...older.map(({ id }) => expireSecret(database, id, update.overlapUntil)),
          writeSecret(database, before.id, update.secret),
        ],
      };
    }
    case "retire_secret": {
      if (!before.secrets.some(({ id }) => id === update.secretId)) return { reason: "secret_not_there" };
      // The one that stays has nothing to give way to.
      const left = before.secrets
        .filter(({ id }) => id !== update.secretId)
        .map((secret) => ({ ...secret, expires_at: null }));
      if (left.length === 0) return { reason: "last_secret" };
      return {
        difference: { secrets: left },
        statements: [
          retireSecrets(database, [update.secretId], at),
          ...left.map(({ id }) => expireSecret(database, id, null)),
        ],
      };
    }
    case "delete":
      return {
        difference: { status: "deleted", secrets: [] },
        statements: [
          retireSecrets(
            database,
            before.secrets.map(({ id }) => id),
            at,
          ),
        ],
      };
    default:
      return assertNever(update);
  }
}

type Reach = Pick<NewSource, "account" | "accounts" | "fan_out">;

/** Its default account, and the others. */
const reachOf = ({ account, accounts = [], fan_out = [] }: Reach): Source["accounts"] => [
  ...new Set([account, ...accounts, ...fan_out]),
];

/** Those beside its default account. */
const fanOutOf = ({ account, fan_out = [] }: Reach): Source["fan_out"] =>
  [...new Set(fan_out)].filter((id) => id !== account);

const toView = ({ id, createdAt, expiresAt }: StoredSecret): Source["secrets"][number] => ({
  id,
  created_at: createdAt,
  expires_at: expiresAt,
  last_used_at: null,
});

const withoutExpired = (source: Source, now: Date): Source => ({
  ...source,
  secrets: source.secrets.filter(
    ({ expires_at: expiresAt }) => expiresAt === null || Date.parse(expiresAt) > now.getTime(),
  ),
});
