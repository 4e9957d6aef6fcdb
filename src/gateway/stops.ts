// What changes when trading is stopped everywhere, and when it is released.
import { err, ok } from "../domain/result.ts";
import { type StopLevel, type TradingStop, isSame, mayRelease } from "../domain/trading-stop.ts";
import type { ReleaseRefusal } from "../account/stops.ts";
import type { Database } from "../storage/client.ts";
import { type StoredStop, listStops, markReleased, writeStop } from "../storage/trading-stops.ts";
import type { Plan } from "./change.ts";

/**
 * The stop that is meant, as it is listed: this very one, in force or released, or one in force that says the same already. Throws
 * when D1 is unreachable.
 */
export async function findListed(database: Database, stop: TradingStop): Promise<StoredStop | undefined> {
  const listed = await listStops(database);
  const itself = listed.find((one) => one.stop.id === stop.id);
  return itself ?? listed.find((one) => !one.isReleased && isSame(one.stop, stop));
}

/** The accounts have been told before: this is for those there will be. */
export const recordStop =
  (stop: TradingStop): Plan<TradingStop, never> =>
  async ({ database }) => {
    if ((await listStops(database)).some((one) => one.stop.id === stop.id)) return ok({ answer: stop });
    return ok({
      statements: [writeStop(database, stop)],
      event: { type: "trading.stopped", data: { stop } },
      answer: stop,
    });
  };

/**
 * Released before, it is released again: whoever could not be told then is told now. `told`: the stop as the accounts have it,
 * which may be all there is of one that was set while D1 was away.
 */
export const releaseEverywhere =
  (
    id: string,
    told: TradingStop | undefined,
    { level, why }: { readonly level: StopLevel; readonly why: string | null },
  ): Plan<TradingStop, ReleaseRefusal> =>
  async ({ database, caller, now }) => {
    const stored = (await listStops(database)).find(({ stop }) => stop.id === id);
    const stop = stored?.stop ?? told;
    if (stop === undefined) return err({ reason: "not_there" });
    if (!mayRelease(stop, level)) return err({ reason: "stop_of_higher_level", level: stop.level });
    if (stored?.isReleased === true) return ok({ answer: stop });
    return ok({
      statements: [
        writeStop(database, stop),
        markReleased(database, id, { at: now.toISOString(), by: caller.actor.id }),
      ],
      event: { type: "trading.released", data: { stop, reason: why } },
      answer: stop,
    });
  };
