// What the broker last said it holds, whole: until it has said so once, nobody knows what the account holds.
import type { VenueBalances, VenueHolding } from "../../domain/broker.ts";
import type { Suspect } from "../../domain/reconcile.ts";

export type BrokerView = {
  readonly atMs: number;
  readonly holdings: readonly VenueHolding[];
  readonly balances: VenueBalances;
};

/** The differences that the last comparison left open. */
export const readSuspects = (sql: SqlStorage): readonly Suspect[] => {
  const row = sql.exec<{ suspects: string }>("SELECT suspects FROM broker_view").toArray()[0];
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module from suspects
  return row === undefined ? [] : (JSON.parse(row.suspects) as Suspect[]);
};

export const isPositionKnown = (sql: SqlStorage): boolean =>
  sql.exec("SELECT 1 FROM broker_view WHERE id = 1").toArray().length > 0;

export function readBrokerView(sql: SqlStorage): BrokerView | undefined {
  const row = sql
    .exec<{ at_ms: number; holdings: string; balances: string }>("SELECT at_ms, holdings, balances FROM broker_view")
    .toArray()[0];
  if (row === undefined) return undefined;
  return {
    atMs: row.at_ms,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module from a BrokerView
    holdings: JSON.parse(row.holdings) as VenueHolding[],
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module from a BrokerView
    balances: JSON.parse(row.balances) as VenueBalances,
  };
}

export function writeBrokerView(sql: SqlStorage, view: BrokerView & { readonly suspects?: readonly Suspect[] }): void {
  sql.exec(
    "INSERT OR REPLACE INTO broker_view (id, at_ms, holdings, balances, suspects) VALUES (1, ?, ?, ?, ?)",
    view.atMs,
    JSON.stringify(view.holdings),
    JSON.stringify(view.balances),
    JSON.stringify(view.suspects ?? []),
  );
}
