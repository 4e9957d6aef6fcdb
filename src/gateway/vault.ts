// Rotating the key-encryption key: the data keys of some rows are wrapped anew, as often as this is asked for, until no row is
// left under an old version. What is sealed is not opened.
import type { AccountId } from "../domain/ids.ts";
import { type Result, err, ok } from "../domain/result.ts";
import type { Statement } from "../storage/accounts.ts";
import { type SealedRow, countSealed, readSealedUnderOthers, replaceSealed } from "../storage/sealed.ts";
import { rewrap } from "../vault/envelope.ts";
import type { Keyring } from "../vault/keyring.ts";
import { credentialsPlace, secretPlace } from "../vault/places.ts";
import type { Plan } from "./change.ts";

/** Fits into one transaction, and into the moment somebody waits for it. */
const ROWS_AT_ONCE = 50;

export type Rewrapped = {
  readonly primary: number;
  readonly rewrapped: number;
  /** Rows that do not open: under a version that is not there, or damaged. */
  readonly closed: readonly string[];
  readonly left: number;
  readonly accounts: readonly AccountId[];
};

/** There is nothing that could be wrapped anew. */
export type NothingToRewrap = {
  readonly reason: "nothing_to_rewrap";
  readonly primary: number;
  readonly closed: readonly string[];
};

export const rewrapSome =
  (keyring: Keyring): Plan<Rewrapped, NothingToRewrap> =>
  async ({ database }) => {
    const { primary } = keyring;
    const rows = await readSealedUnderOthers(database, primary, ROWS_AT_ONCE);
    const results = await Promise.all(rows.map(async (row) => ({ row, done: await rewrapRow(keyring, row) })));
    const statements = results.flatMap(({ row, done }): Statement[] =>
      done.ok ? replaceSealed(database, row, done.value, primary) : [],
    );
    const closed = results.filter(({ done }) => !done.ok).map(({ row }) => nameOf(row));
    const [first, ...rest] = statements;
    if (first === undefined) return err({ reason: "nothing_to_rewrap", primary, closed });
    const counts = await countSealed(database);
    const under = [...counts].filter(([version]) => version !== primary).reduce((sum, [, count]) => sum + count, 0);
    const rewrapped = results.length - closed.length;
    const left = under - rewrapped;
    const accounts = results.flatMap(({ row, done }) =>
      done.ok && row.table === "broker_connections" ? [row.account] : [],
    );
    return ok({
      statements: [first, ...rest],
      event: { type: "vault.rewrapped", data: { primary, rewrapped, closed, left } },
      answer: { primary, rewrapped, closed, left, accounts },
    });
  };

async function rewrapRow(keyring: Keyring, row: SealedRow): Promise<Result<string, unknown>> {
  const place = row.table === "source_secrets" ? secretPlace(row.id) : credentialsPlace(row.account);
  return rewrap(keyring, place, row.sealed);
}

const nameOf = (row: SealedRow): string =>
  row.table === "source_secrets" ? `source_secrets ${row.id}` : `broker_connections ${row.account}`;
