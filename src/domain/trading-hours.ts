// When an account may open positions: sessions by the wall clock of a time zone, less its holidays and early closes. No
// market's calendar is in here: an operator writes it down, because a list of holidays goes out of date.
import * as z from "zod";

const MINUTE_MS = 60_000;
/** Longer than any market rests. */
const SEARCH_MS = 15 * 86_400_000;
/** Zones that a reader is kept for: to make one takes ten times as long as to use it. */
const READERS_MAX = 32;

const StartTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: 'must be a time like "09:30"' });
const EndTime = z.string().regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, { error: 'must be a time like "16:00"' });

/** Abbreviations are not taken: `EST` is an hour off New York's clock all summer. */
export const TimeZone = z
  .string()
  .max(64)
  .regex(/^(UTC|[A-Za-z_]+(\/[A-Za-z0-9_+-]+){1,2})$/, { error: 'must be like "America/New_York"', abort: true })
  .refine(isKnownZone, { error: "is not a time zone that is known here" })
  .meta({ description: "An IANA name, such as America/New_York." });

const Session = z
  .strictObject({
    days: z.enum(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]).array().min(1).max(7),
    from: StartTime.meta({ description: "The first minute." }),
    to: EndTime.meta({ description: "The first minute after it; 24:00 for the end of the day." }),
  })
  .refine(({ from, to }) => to > from, {
    path: ["to"],
    error: "must be later than from; a session over midnight is written as two",
  });

/**
 * All days and times are those of the zone's own clock: an hour that it shows twice counts both times. Stocks in New York:
 *
 *     { "time_zone": "America/New_York",
 *       "sessions": [{ "days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:30", "to": "16:00" }],
 *       "holidays": ["2026-12-25"],
 *       "early_closes": [{ "date": "2026-11-27", "at": "13:00" }] }
 */
export const TradingHours = z
  .strictObject({
    time_zone: TimeZone,
    sessions: Session.array().min(1).max(21).meta({
      description: "Every week. One over midnight is written as two: to 24:00, and from 00:00 on the next day.",
    }),
    holidays: z.iso.date().array().max(400).default([]).meta({ description: "Closed all day." }),
    early_closes: z.strictObject({ date: z.iso.date(), at: StartTime }).array().max(100).default([]).meta({
      description: "Closed from `at` until the end of that day.",
    }),
  })
  .meta({ id: "TradingHours" });
export type TradingHours = z.infer<typeof TradingHours>;

/** What a clock on the wall shows: `2026-03-08`, `sun`, `09:30`. Times of one day compare as text. */
type WallClock = { readonly date: string; readonly day: string; readonly time: string };

/** `nowMs` is Unix time, here and below. */
export const isOpenAt = (hours: TradingHours, nowMs: number): boolean =>
  isOpen(hours, readClock(hours.time_zone, nowMs));

/** The first moment from `nowMs` on that is open, which is `nowMs` itself if it is; `null` if there is none in 15 days. */
export function nextOpenAtMs(hours: TradingHours, nowMs: number): number | null {
  for (let atMs = nowMs; atMs <= nowMs + SEARCH_MS;) {
    const clock = readClock(hours.time_zone, atMs);
    if (isOpen(hours, clock)) return atMs;
    atMs = skipClosed(hours, atMs, clock);
  }
  return null;
}

/** The date that a clock in this zone shows, as `YYYY-MM-DD`: a later one starts a new trading day. */
export const localDateOf = (timeZone: string, nowMs: number): string => readClock(timeZone, nowMs).date;

function isOpen(hours: TradingHours, { date, day, time }: WallClock): boolean {
  if (time >= closingTimeOn(hours, date)) return false;
  return sessionsOn(hours, day).some(({ from, to }) => from <= time && time < to);
}

const sessionsOn = ({ sessions }: TradingHours, day: string) =>
  sessions.filter(({ days }) => days.some((each) => each === day));

/** From when on nothing is open on that date, whatever the sessions say. */
function closingTimeOn({ holidays, early_closes: earlyCloses }: TradingHours, date: string): string {
  if (holidays.includes(date)) return "00:00";
  const times = earlyCloses.filter((close) => close.date === date).map(({ at }) => at);
  return times.toSorted()[0] ?? "24:00";
}

/**
 * The start of a later minute with nothing open before it: the next session's, or the next day's. A clock that is set forward
 * or back on the way would make that step too long, or pass by a session that comes again: the step is halved then, down to
 * the one minute that goes over the change.
 */
function skipClosed(hours: TradingHours, atMs: number, clock: WallClock): number {
  const minuteMs = Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
  const after = (minutes: number): number => minuteMs + minutes * MINUTE_MS;
  const isStraight = (minutes: number): boolean =>
    minutesShown(readClock(hours.time_zone, after(minutes))) - minutesShown(clock) === minutes;
  let minutes = minutesUntilStart(hours, clock);
  while (minutes > 1 && !isStraight(minutes)) minutes = Math.ceil(minutes / 2);
  return after(minutes);
}

function minutesUntilStart(hours: TradingHours, { date, day, time }: WallClock): number {
  const starts = sessionsOn(hours, day).map(({ from }) => from);
  const next = starts.filter((from) => from > time).toSorted()[0] ?? "24:00";
  return minutesShown({ date, time: next }) - minutesShown({ date, time });
}

/** Minutes on the clock since 1970 began on it. */
const minutesShown = ({ date, time }: Pick<WallClock, "date" | "time">): number =>
  Date.parse(`${date}T${time}Z`) / MINUTE_MS;

function readClock(timeZone: string, atMs: number): WallClock {
  const parts = new Map(
    readerOf(timeZone)
      .formatToParts(atMs)
      .map(({ type, value }) => [type, value]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? "";
  return {
    date: `${part("year")}-${part("month")}-${part("day")}`,
    day: part("weekday").toLowerCase(),
    time: `${part("hour")}:${part("minute")}`,
  };
}

const DATE = { year: "numeric", month: "2-digit", day: "2-digit", weekday: "short" } as const;
const TIME = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
const readers = new Map<string, Intl.DateTimeFormat>();

/** Throws on a zone that is not known. */
function readerOf(timeZone: string): Intl.DateTimeFormat {
  const reader = readers.get(timeZone) ?? new Intl.DateTimeFormat("en-US", { ...DATE, ...TIME, timeZone });
  const [oldest] = readers.keys();
  if (oldest !== undefined && readers.size >= READERS_MAX && !readers.has(timeZone)) readers.delete(oldest);
  readers.set(timeZone, reader);
  return reader;
}

function isKnownZone(name: string): boolean {
  try {
    return readerOf(name) !== undefined;
  } catch {
    return false;
  }
}
