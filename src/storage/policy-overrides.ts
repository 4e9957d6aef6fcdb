// policy_overrides: every override an account's policy ever had. Written through statements that GatewayObject commits together
// with the account's new revision and the audit entry.
import { and, asc, desc, eq, gt, isNull, lt } from "drizzle-orm";
import type { AccountId } from "../domain/ids.ts";
import type { StoredOverride } from "../domain/policy-override.ts";
import type { Database } from "./client.ts";
import { policyOverrides } from "./schema.ts";
import type { Statement } from "./client.ts";

type Row = typeof policyOverrides.$inferSelect;
type Terms = Omit<StoredOverride, "ended_at" | "ended_by">;

/** Those that are not over, in the order in which they were set. */
export const selectLiveOverrides = (database: Database, account: AccountId, now: Date) =>
  database
    .select()
    .from(policyOverrides)
    .where(
      and(
        eq(policyOverrides.account, account),
        isNull(policyOverrides.endedAt),
        gt(policyOverrides.until, now.toISOString()),
      ),
    )
    .orderBy(asc(policyOverrides.revision));

export const toOverrides = (rows: readonly Row[]): StoredOverride[] =>
  rows.map(({ override, endedAt, endedBy }) => ({
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module from a StoredOverride
    ...(JSON.parse(override) as Terms),
    ended_at: endedAt,
    ended_by: endedBy,
  }));

export async function findOverride(
  database: Database,
  account: AccountId,
  id: string,
): Promise<StoredOverride | undefined> {
  const isWanted = and(eq(policyOverrides.account, account), eq(policyOverrides.id, id));
  return toOverrides(await database.select().from(policyOverrides).where(isWanted))[0];
}

/** A page, the latest first; `next` is where the page after it begins, or `null`. */
export async function listOverrides(
  database: Database,
  account: AccountId,
  { before, limit }: { readonly before: number | undefined; readonly limit: number },
): Promise<{ readonly overrides: StoredOverride[]; readonly next: number | null }> {
  const ofAccount = eq(policyOverrides.account, account);
  const rows = await database
    .select()
    .from(policyOverrides)
    .where(before === undefined ? ofAccount : and(ofAccount, lt(policyOverrides.revision, before)))
    .orderBy(desc(policyOverrides.revision))
    // One more than asked for tells whether there is a next page.
    .limit(limit + 1);
  const page = rows.slice(0, limit);
  return { overrides: toOverrides(page), next: rows.length > limit ? (page.at(-1)?.revision ?? null) : null };
}

/** `revision`: the account's, from which on it is in force or coming. */
export function writeOverride(database: Database, override: StoredOverride, revision: number): Statement {
  const { ended_at: _at, ended_by: _by, ...terms } = override;
  const { id, account, until } = terms;
  return database
    .insert(policyOverrides)
    .values({ account, revision, id, until, override: JSON.stringify(terms satisfies Terms) });
}

export const writeEnd = (
  database: Database,
  { id, ended_at: endedAt, ended_by: endedBy }: Pick<StoredOverride, "id" | "ended_at" | "ended_by">,
): Statement => database.update(policyOverrides).set({ endedAt, endedBy }).where(eq(policyOverrides.id, id));
