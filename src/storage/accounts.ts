// accounts, broker_connections and policies: read by whoever decides or shows, written through statements that GatewayObject
// commits together with their audit entry.
import { asc, desc, eq, gte, ne, or } from "drizzle-orm";
import {
  type Account,
  type AccountConfiguration,
  type AccountMode,
  AccountStatus,
  type Connection,
} from "../domain/account.ts";
import { AccountId } from "../domain/ids.ts";
import type { Origin } from "../domain/origin.ts";
import { toActive } from "../domain/policy-override.ts";
import type { Policy } from "../domain/risk/policy.ts";
import type { Database } from "./client.ts";
import { selectLiveOverrides, toOverrides } from "./policy-overrides.ts";
import { accounts, brokerConnections, policies } from "./schema.ts";
import type { Statement } from "./client.ts";

/** The part of an account that is one JSON text. */
type Settings = {
  readonly name: string | null;
  readonly connection: Connection;
  readonly minimum_origin: Origin;
  readonly mode: AccountMode;
  readonly policy: Policy;
};

type AccountRow = typeof accounts.$inferSelect;
type CredentialsRow = typeof brokerConnections.$inferSelect;

/** A credential as it is stored: sealed, and what may be shown of it. */
export type StoredCredentials = Omit<CredentialsRow, "account">;

export type StoredAccount = {
  readonly account: Account;
  readonly credentials: StoredCredentials | null;
};

export async function findAccount(database: Database, id: AccountId): Promise<StoredAccount | undefined> {
  const [row] = await withCredentials(database).where(eq(accounts.id, id));
  return row === undefined ? undefined : toStored(row.accounts, row.broker_connections);
}

/** By id, deleted ones included. */
export async function listAccounts(database: Database): Promise<Account[]> {
  const rows = await withCredentials(database).orderBy(asc(accounts.id));
  return rows.map((row) => toStored(row.accounts, row.broker_connections).account);
}

/** Every account that is not deleted. */
export async function listAccountIds(database: Database): Promise<AccountId[]> {
  const rows = await database.select({ id: accounts.id }).from(accounts).where(ne(accounts.status, "deleted"));
  return rows.map(({ id }) => AccountId.parse(id));
}

/** Every account that is not deleted, or was only since then: its object may not have been told. */
export async function listAccountsToWake(database: Database, since: Date): Promise<AccountId[]> {
  const isWanted = or(ne(accounts.status, "deleted"), gte(accounts.changedAt, since.toISOString()));
  const rows = await database.select({ id: accounts.id }).from(accounts).where(isWanted);
  return rows.map(({ id }) => AccountId.parse(id));
}

const withCredentials = (database: Database) =>
  database.select().from(accounts).leftJoin(brokerConnections, eq(brokerConnections.account, accounts.id));

/**
 * What the account's object goes by, read as one: with overrides of another moment than the revision, the change that has come in
 * between would be taken for known.
 */
export async function findConfiguration(
  database: Database,
  id: AccountId,
  now: Date,
): Promise<AccountConfiguration | undefined> {
  const [[row], overrides] = await database.batch([
    withCredentials(database).where(eq(accounts.id, id)),
    selectLiveOverrides(database, id, now),
  ]);
  if (row === undefined) return undefined;
  const { account, credentials } = toStored(row.accounts, row.broker_connections);
  return {
    status: account.status,
    connection: account.connection,
    minimum_origin: account.minimum_origin,
    mode: account.mode,
    policy: account.policy,
    policy_version: account.policy_version,
    overrides: toOverrides(overrides).map(toActive),
    revision: account.revision,
    sealed_credentials: credentials?.sealed ?? null,
  };
}

function toStored(row: AccountRow, credentials: CredentialsRow | null): StoredAccount {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module from an Account
  const settings = JSON.parse(row.settings) as Settings;
  return {
    account: {
      id: AccountId.parse(row.id),
      name: settings.name,
      status: AccountStatus.parse(row.status),
      connection: settings.connection,
      credentials:
        credentials === null
          ? null
          : {
              key_id: credentials.keyIdMasked,
              venue_account: credentials.venueAccountMasked,
              checked_at: credentials.checkedAt,
              key_version: credentials.keyVersion,
            },
      minimum_origin: settings.minimum_origin,
      mode: settings.mode,
      policy: settings.policy,
      policy_version: row.policyVersion,
      revision: row.revision,
      created_at: row.createdAt,
      changed_at: row.changedAt,
    },
    credentials,
  };
}

/** Writes an account as it now is, new or not. */
export function writeAccount(database: Database, account: Account): Statement {
  const { name, connection, minimum_origin, mode, policy } = account;
  const settings = JSON.stringify({ name, connection, minimum_origin, mode, policy } satisfies Settings);
  const row = {
    status: account.status,
    revision: account.revision,
    policyVersion: account.policy_version,
    settings,
    changedAt: account.changed_at,
  };
  return database
    .insert(accounts)
    .values({ id: account.id, createdAt: account.created_at, ...row })
    .onConflictDoUpdate({ target: accounts.id, set: row });
}

export const writeCredentials = (database: Database, account: AccountId, stored: StoredCredentials): Statement =>
  database
    .insert(brokerConnections)
    .values({ account, ...stored })
    .onConflictDoUpdate({ target: brokerConnections.account, set: stored });

/** The account that has credentials for this account at the broker. */
export async function findByVenueAccount(
  database: Database,
  venueAccountSha256: string,
): Promise<AccountId | undefined> {
  const [row] = await database
    .select({ account: brokerConnections.account })
    .from(brokerConnections)
    .where(eq(brokerConnections.venueAccountSha256, venueAccountSha256));
  return row === undefined ? undefined : AccountId.parse(row.account);
}

export const eraseCredentials = (database: Database, account: AccountId): Statement =>
  database.delete(brokerConnections).where(eq(brokerConnections.account, account));

/** One of the policies an account had. */
export type PolicyVersion = {
  readonly version: number;
  readonly policy: Policy;
  readonly changed_by: string;
  readonly changed_at: string;
  readonly reason: string | null;
};

export const writePolicy = (database: Database, account: AccountId, policy: PolicyVersion): Statement =>
  database.insert(policies).values({
    account,
    version: policy.version,
    policy: JSON.stringify(policy.policy),
    changedBy: policy.changed_by,
    changedAt: policy.changed_at,
    reason: policy.reason,
  });

/** The latest first. */
export async function listPolicies(database: Database, account: AccountId): Promise<PolicyVersion[]> {
  const rows = await database
    .select()
    .from(policies)
    .where(eq(policies.account, account))
    .orderBy(desc(policies.version));
  return rows.map((row) => ({
    version: row.version,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module from a Policy
    policy: JSON.parse(row.policy) as Policy,
    changed_by: row.changedBy,
    changed_at: row.changedAt,
    reason: row.reason,
  }));
}
