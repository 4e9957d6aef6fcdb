// What the account takes over from D1: its own settings, which revisions of sources still hold, and the stops of everything.
import type { AccountConfiguration } from "../domain/account.ts";
import type { AccountId } from "../domain/ids.ts";
import type { Order } from "../domain/order.ts";
import { findConfiguration } from "../storage/accounts.ts";
import type { Database } from "../storage/client.ts";
import { type StoredSource, listSources } from "../storage/sources.ts";
import { type StoredStop, listStops } from "../storage/trading-stops.ts";
import { adoptConfiguration, readConfiguration, requireRevision } from "./configuration.ts";
import { leaveBehind } from "./shadow.ts";
import { type HeardStop, adoptWideStops, readWideStops } from "./stops/stops.ts";

export type Told = {
  readonly configuration: AccountConfiguration;
  readonly sources: readonly StoredSource[];
  readonly stops: readonly StoredStop[];
};

/** Everything there is to know, or nothing where there is no such account. Throws without D1. */
export async function readTold(database: Database, account: AccountId): Promise<Told | undefined> {
  const [configuration, sources, stops] = await Promise.all([
    findConfiguration(database, account, new Date()),
    listSources(database),
    listStops(database),
  ]);
  return configuration === undefined ? undefined : { configuration, sources, stops };
}

/** Goes by it from now on. Returns the orders that a change of the mode has ended. The caller wraps it in transactionSync. */
export function adoptTold(
  sql: SqlStorage,
  { configuration, sources, stops }: Told,
  context: { readonly account: AccountId; readonly nowMs: number; readonly requestId: string },
): readonly Order[] {
  const before = readConfiguration(sql)?.mode;
  adoptConfiguration(sql, context.account, configuration, context);
  for (const { source } of sources) requireRevision(sql, source.id, source.revision);
  adoptWideStops(sql, stops, context);
  const isOtherMode = before !== undefined && before !== readConfiguration(sql)?.mode;
  return isOtherMode ? leaveBehind(sql, context) : [];
}

/** The stops of everything that it goes by and that the gateway does not list. */
export const unlistedStops = (sql: SqlStorage, { stops }: Told): readonly HeardStop[] =>
  readWideStops(sql).filter(({ stop: { id } }) => !stops.some(({ stop }) => stop.id === id));
