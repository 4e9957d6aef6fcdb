// Rotating the key-encryption key: the data keys of some rows are wrapped anew, as often as this is asked for, until no row is
// left under an old version. What is sealed is not opened.
import type { AccountId } from "../domain/ids.ts";
import { type Result, err, ok } from "../domain/result.ts";
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
    const rewrapped: { readonly row: SealedRow; readonly sealed: string }[] = [];
    const closed: string[] = [];
    // However many do not open, they keep none from its turn that does.
    for (const row of await readSealedUnderOthers(database, primary)) {
      if (rewrapped.length === ROWS_AT_ONCE) break;
      const done = await rewrapRow(keyring, row);
      if (done.ok) rewrapped.push({ row, sealed: done.value });
      else closed.push(nameOf(row));
    }
    const statements = rewrapped.flatMap(({ row, sealed }) => replaceSealed(database, row, sealed, primary));
    const [first, ...rest] = statements;
    if (first === undefined) return err({ reason: "nothing_to_rewrap", primary, closed });
    const counts = await countSealed(database);
    const under = [...counts].filter(([version]) => version !== primary).reduce((sum, [, count]) => sum + count, 0);
    const done = { primary, rewrapped: rewrapped.length, closed, left: under - rewrapped.length };
    const accounts = rewrapped.flatMap(({ row }) => (row.table === "broker_connections" ? [row.account] : []));
    return ok({
      statements: [first, ...rest],
      event: { type: "vault.rewrapped", data: done },
      answer: { ...done, accounts },
    });
  };

async function rewrapRow(keyring: Keyring, row: SealedRow): Promise<Result<string, unknown>> {
  const place = row.table === "source_secrets" ? secretPlace(row.id) : credentialsPlace(row.account);
  return rewrap(keyring, place, row.sealed);
}

const nameOf = (row: SealedRow): string =>
  row.table === "source_secrets" ? `source_secrets ${row.id}` : `broker_connections ${row.account}`;
