// How much an account has done lately, for limits per second, minute and day. Times are not kept, only counts of short slots,
// so that all of it stays one small row however much happens.
import { assert } from "./result.ts";

/** `messages` are whatever goes to the broker: orders, cancels and replacements. */
export type ActivityKind = "orders" | "messages";
export type ActivityWindow = "second" | "minute" | "day";

/** Unix time, and the date of the trading day (`YYYY-MM-DD`) as the account's own time zone has it. */
export type Moment = { readonly nowMs: number; readonly date: string };

/** Counts of slots in a row, `newestSlot` first. A slot's number is Unix time divided by its length. */
type Slots = { readonly newestSlot: number; readonly counts: readonly number[] };
type Counter = {
  readonly second: Slots;
  readonly minute: Slots;
  readonly day: { readonly date: string; readonly count: number };
};

/** Plain JSON, of at most 75 numbers for each kind. */
export type Activity = Readonly<Record<ActivityKind, Counter>>;

/**
 * How many slots are kept: a window's worth and one. A window that ends in the middle of a slot begins in the middle of another,
 * and that one is counted whole, because nobody knows what in it came before.
 */
type Shape = { readonly slotMs: number; readonly slots: number };
const SHAPES = {
  second: { slotMs: 100, slots: 10 + 1 },
  minute: { slotMs: 1_000, slots: 60 + 1 },
} as const satisfies Record<Exclude<ActivityWindow, "day">, Shape>;

const NONE: Slots = { newestSlot: 0, counts: [] };
const NOTHING: Counter = { second: NONE, minute: NONE, day: { date: "", count: 0 } };

export const emptyActivity: Activity = { orders: NOTHING, messages: NOTHING };

/**
 * How much has happened in the last second, in the last minute, or on this trading day. Whoever adds one only while this is
 * below a limit never has more than that limit in any stretch of such a length, wherever it begins. What is older may be counted
 * too, by up to a slot: a tenth of a second, or a second of a minute.
 *
 * The latest time that was ever added goes on as now until the clock is past it: a clock that is set back forgets nothing, and
 * makes room for nothing. Dates likewise.
 */
export function countSince(activity: Activity, kind: ActivityKind, window: ActivityWindow, at: Moment): number {
  const counter = activity[kind];
  if (window === "day") return at.date > counter.day.date ? 0 : counter.day.count;
  return advance(counter[window], SHAPES[window], at.nowMs).counts.reduce((total, count) => total + count, 0);
}

/** Counts `n` more, and drops what no window reaches any longer. */
export function addToActivity(activity: Activity, kind: ActivityKind, at: Moment, n = 1): Activity {
  assert(Number.isSafeInteger(n) && n >= 0, "counted something other than whole events");
  const { second, minute, day } = activity[kind];
  const counter: Counter = {
    second: addToSlots(second, SHAPES.second, at.nowMs, n),
    minute: addToSlots(minute, SHAPES.minute, at.nowMs, n),
    day: at.date > day.date ? { date: at.date, count: n } : { date: day.date, count: day.count + n },
  };
  return { ...activity, [kind]: counter };
}

function addToSlots(kept: Slots, shape: Shape, nowMs: number, n: number): Slots {
  const { newestSlot, counts } = advance(kept, shape, nowMs);
  const [running = 0, ...earlier] = counts;
  const added = [running + n, ...earlier];
  return { newestSlot, counts: added.slice(0, added.findLastIndex((count) => count > 0) + 1) };
}

/** The slots as they are now, with empty ones for the time since. */
function advance(kept: Slots, { slotMs, slots }: Shape, nowMs: number): Slots {
  const newestSlot = Math.max(kept.newestSlot, Math.floor(nowMs / slotMs));
  const emptySlots = Math.min(newestSlot - kept.newestSlot, slots);
  const counts = [...Array.from({ length: emptySlots }, () => 0), ...kept.counts].slice(0, slots);
  return { newestSlot, counts };
}
