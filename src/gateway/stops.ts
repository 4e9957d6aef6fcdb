// What changes when trading is stopped everywhere, and when it is released.
import { err, ok } from "../domain/result.ts";
import { type StopLevel, type TradingStop, isSame, mayRelease } from "../domain/trading-stop.ts";
import type { ReleaseRefusal } from "../account/stops/stops.ts";
import { type StoredStop, listStops, markReleased, writeStop } from "../storage/trading-stops.ts";
import type { Plan } from "./change.ts";
import type { Statement } from "../storage/client.ts";

/** A stop that the accounts were told of, and what they have said to that. */
export type Telling = {
  readonly wanted: TradingStop;
  /** `wanted` under an id that nobody has heard of. */
  readonly fresh: TradingStop;
  /** For each account that has answered, what is in force there and says the same. */
  readonly answers: readonly (readonly TradingStop[])[];
};

/** Whether nobody goes by it, though it was asked for: it has been released, and whoever asks has not heard of that. */
export const isReleasedEverywhere = ({ answers }: Pick<Telling, "answers">): boolean =>
  answers.length > 0 && answers.every((inForce) => inForce.length === 0);

/**
 * The one stop that every account is to go by. One that they all go by already will do, unless the list has it as released, or
 * cannot be read: then an account may let go of it at any moment. Nor does one that some account has let go of.
 */
export function stopForAll(
  { wanted, fresh, answers }: Telling,
  listed: readonly StoredStop[] | undefined,
): TradingStop {
  const isReleased = ({ id }: TradingStop): boolean =>
    listed?.some((one) => one.stop.id === id && one.isReleased) === true;
  const goBy = (inForce: readonly TradingStop[], { id }: TradingStop): boolean => inForce.some((one) => one.id === id);
  const isLetGoOf = isReleased(wanted) || answers.some((inForce) => inForce.length === 0);
  if (isLetGoOf) return fresh;
  // What some account goes by is listed: while it is not, that account asks for it again.
  if (listed === undefined || answers.some((inForce) => goBy(inForce, wanted))) return wanted;
  const common = answers[0]?.find((stop) => !isReleased(stop) && answers.every((inForce) => goBy(inForce, stop)));
  return common ?? wanted;
}

/** The accounts have been told before: this is for those there will be, and says which stop it is that binds them all. */
export const recordStop =
  (telling: Telling): Plan<TradingStop, never> =>
  async ({ database }) => {
    const listed = await listStops(database);
    const stop = stopForAll(telling, listed);
    if (listed.some((one) => one.stop.id === stop.id)) return ok({ answer: stop });
    return ok({
      statements: [writeStop(database, stop)],
      event: { type: "trading.stopped", data: { stop } },
      answer: stop,
    });
  };

/**
 * Releases a stop, and with it whatever says the same: whoever asked for that twice, because the first answer got lost, has stopped
 * once. Released before, it is released again: whoever could not be told then is told now, and what has been set since stays.
 * `told`: the stops as the accounts have them, which may be all there is of one that was set while D1 was away.
 */
export const releaseEverywhere =
  (
    id: string,
    told: readonly TradingStop[],
    { level, why }: { readonly level: StopLevel; readonly why: string | null },
  ): Plan<TradingStop, ReleaseRefusal> =>
  async ({ database, caller, now }) => {
    const listed = await listStops(database);
    const stored = listed.find((one) => one.stop.id === id);
    const stop = stored?.stop ?? told.find((one) => one.id === id);
    if (stop === undefined) return err({ reason: "not_there" });
    if (!mayRelease(stop, level)) return err({ reason: "stop_of_higher_level", level: stop.level });
    if (stored?.isReleased === true) return ok({ answer: stop });
    const unreleased = listed.filter(({ isReleased }) => !isReleased).map((one) => one.stop);
    const unlisted = told.filter(({ id: other }) => !listed.some((one) => one.stop.id === other));
    const alike = new Map([...unreleased, ...unlisted].map((one) => [one.id, one]));
    const others = [...alike.values()].filter((one) => one.id !== id && isSame(one, stop));
    const release = (one: TradingStop): [Statement, Statement] => [
      writeStop(database, one),
      markReleased(database, one.id, { at: now.toISOString(), by: caller.actor.id }),
    ];
    return ok({
      statements: [...release(stop), ...others.flatMap(release)],
      event: { type: "trading.released", data: { stop, also: others.map((one) => one.id), reason: why } },
      answer: stop,
    });
  };
