// trading_stops: the stops that bind every account. Those of one account are in its own object.
import { eq } from "drizzle-orm";
import type { TradingStop } from "../domain/trading-stop.ts";
import type { Database } from "./client.ts";
import { tradingStops } from "./schema.ts";
import type { Statement } from "./client.ts";

export type StoredStop = { readonly stop: TradingStop; readonly isReleased: boolean };

/** Every one there ever was, the earliest first. */
export async function listStops(database: Database): Promise<StoredStop[]> {
  const rows = await database.select().from(tradingStops).orderBy(tradingStops.id);
  return rows.map(({ stop, releasedAt }) => ({
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module from a TradingStop
    stop: JSON.parse(stop) as TradingStop,
    isReleased: releasedAt !== null,
  }));
}

/** Writing one that is there already changes nothing. */
export const writeStop = (database: Database, stop: TradingStop): Statement =>
  database
    .insert(tradingStops)
    .values({ id: stop.id, stop: JSON.stringify(stop) })
    .onConflictDoNothing();

export const markReleased = (
  database: Database,
  id: string,
  { at, by }: { readonly at: string; readonly by: string },
): Statement => database.update(tradingStops).set({ releasedAt: at, releasedBy: by }).where(eq(tradingStops.id, id));
