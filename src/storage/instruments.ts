// instruments and instrument_lists: what each kind of broker trades, as it said when it was last asked. A list has some ten
// thousand entries of which few change from one day to the next, so only what has changed is written.
import { and, desc, eq, inArray, notInArray, sql } from "drizzle-orm";
import type { Connection } from "../domain/account.ts";
import { Instrument } from "../domain/instrument.ts";
import type { Database } from "./client.ts";
import { instrumentLists, instruments } from "./schema.ts";

/** The accounts of one kind share one list. */
export type ListedBroker = Connection["broker"];

/** D1 binds a text of 2 MB at most; an entry has 300 bytes, and 1.5 KiB with the longest words there can be. */
const ENTRIES_PER_STATEMENT = 1_000;

/** `added` were never listed before, `changed` are listed otherwise or again, `gone` are not listed any more. */
export type Replacement = {
  readonly listed: number;
  readonly added: number;
  readonly changed: number;
  readonly gone: number;
};

/**
 * Makes `listed` what the broker lists, all of it or nothing. What it does not name is inactive from then on, and can be
 * listed again. Throws when D1 is unreachable; may be repeated then.
 */
export async function replaceInstruments(
  database: Database,
  broker: ListedBroker,
  listed: readonly Instrument[],
  now: Date,
): Promise<Replacement> {
  const changedAt = now.toISOString();
  const isOfBroker = eq(instruments.broker, broker);
  const symbols = asRows(listed.map(({ symbol }) => symbol));
  const [[before], goneResult, , ...written] = await database.batch([
    database
      .select({ known: sql<number>`count(*)` })
      .from(instruments)
      .where(and(isOfBroker, inArray(instruments.symbol, symbols))),
    database
      .update(instruments)
      .set({ settings: sql`json_set(${instruments.settings}, '$.status', 'inactive')`, changedAt })
      .where(and(isOfBroker, notInArray(instruments.symbol, symbols), isListed)),
    noteRefresh(database, { broker, listed: listed.length, refreshedAt: changedAt }),
    ...inChunks(listed).map((entries) => writeWhereChanged(database, broker, entries, changedAt)),
  ]);
  const writes = written.reduce((sum, { meta }) => sum + meta.changes, 0);
  const added = listed.length - (before?.known ?? 0);
  return { listed: listed.length, added, changed: writes - added, gone: goneResult.meta.changes };
}

/** Any number of texts as one parameter, of which D1 binds at most 100 to a statement. */
const asRows = (texts: readonly string[]) => sql`(SELECT value FROM json_each(${JSON.stringify(texts)}))`;

const isListed = sql`${instruments.settings} ->> '$.status' <> 'inactive'`;

const noteRefresh = (database: Database, row: typeof instrumentLists.$inferInsert) =>
  database.insert(instrumentLists).values(row).onConflictDoUpdate({ target: instrumentLists.broker, set: row });

/** An entry whose text is the one that is stored costs a read and no write. */
function writeWhereChanged(
  database: Database,
  broker: ListedBroker,
  entries: readonly Instrument[],
  changedAt: string,
) {
  const source = sql`json_each(${JSON.stringify(entries)})`;
  return (
    database
      .insert(instruments)
      // Without a condition SQLite would read what follows as one of a join.
      .select(sql`SELECT ${broker}, value ->> '$.symbol', value, ${changedAt} FROM ${source} WHERE true`)
      .onConflictDoUpdate({
        target: [instruments.broker, instruments.symbol],
        set: { settings: sql`excluded.settings`, changedAt: sql`excluded.changed_at` },
        setWhere: sql`${instruments.settings} <> excluded.settings`,
      })
  );
}

function inChunks(listed: readonly Instrument[]): (readonly Instrument[])[] {
  const chunks = [];
  for (let at = 0; at < listed.length; at += ENTRIES_PER_STATEMENT) {
    chunks.push(listed.slice(at, at + ENTRIES_PER_STATEMENT));
  }
  return chunks;
}

/**
 * Those of the symbols that the broker lists or once listed, by symbol. A row of another form, such as one of an earlier
 * version, is none, until the list is read again.
 */
export async function findInstruments(
  database: Database,
  broker: ListedBroker,
  symbols: readonly string[],
): Promise<ReadonlyMap<string, Instrument>> {
  const rows = await database
    .select({ symbol: instruments.symbol, settings: instruments.settings })
    .from(instruments)
    .where(and(eq(instruments.broker, broker), inArray(instruments.symbol, asRows(symbols))));
  return new Map(
    rows.flatMap(({ symbol, settings }) => {
      const instrument = Instrument.safeParse(JSON.parse(settings)).data;
      return instrument === undefined ? [] : [[symbol, instrument] as const];
    }),
  );
}

/** Whether some broker lists it, or once listed it; also before any has been asked. */
export async function isSymbolKnown(database: Database, symbol: string): Promise<boolean> {
  const [row] = await database
    .select({ broker: instrumentLists.broker, named: instruments.symbol })
    .from(instrumentLists)
    .leftJoin(instruments, eq(instruments.symbol, symbol))
    .orderBy(desc(instruments.symbol))
    .limit(1);
  return row === undefined || row.named !== null;
}

/** How many the broker listed when it was last asked, and when that was; `undefined` before the first time. */
export async function countInstruments(
  database: Database,
  broker: ListedBroker,
): Promise<{ readonly listed: number; readonly refreshed_at: string } | undefined> {
  const [row] = await database
    .select({ listed: instrumentLists.listed, refreshed_at: instrumentLists.refreshedAt })
    .from(instrumentLists)
    .where(eq(instrumentLists.broker, broker));
  return row;
}
