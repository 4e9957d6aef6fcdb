import * as fc from "fast-check";
import type * as z from "zod";
import { describe, expect, it } from "vitest";
import { TimeZone, TradingHours, isOpenAt, localDateOf, nextOpenAtMs } from "../../../src/domain/trading-hours.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;
const WEEKDAYS = DAYS.slice(1, 6);

const utc = (text: string): number => Date.parse(`${text}Z`);
const iso = (atMs: number | null): string | null => (atMs === null ? null : new Date(atMs).toISOString());

type Written = z.input<typeof TradingHours>;
const hoursOf = (written: Partial<Written> = {}): TradingHours =>
  TradingHours.parse({
    time_zone: "America/New_York",
    sessions: [{ days: WEEKDAYS, from: "09:30", to: "16:00" }],
    ...written,
  });

describe("trading hours", () => {
  const hours = hoursOf({ holidays: ["2026-12-25"], early_closes: [{ date: "2026-11-27", at: "13:00" }] });

  it.each([
    ["2026-01-15T14:29:59.999", false, "a moment before the session"],
    ["2026-01-15T14:30:00.000", true, "as it begins"],
    ["2026-01-15T20:59:59.999", true, "a moment before its end"],
    ["2026-01-15T21:00:00.000", false, "as it ends"],
    ["2026-01-17T16:00:00.000", false, "on a Saturday"],
    ["2026-12-25T16:00:00.000", false, "on a holiday"],
    ["2026-11-27T17:59:59.999", true, "before an early close"],
    ["2026-11-27T18:00:00.000", false, "after an early close"],
    ["2026-03-06T14:30:00.000", true, "at half past nine in winter, the Friday before the clock is set"],
    ["2026-03-09T13:29:59.999", false, "before that in summer, the Monday after"],
    ["2026-03-09T13:30:00.000", true, "at half past nine in summer"],
    ["2026-10-30T20:00:00.000", false, "at four in summer"],
    ["2026-11-02T20:00:00.000", true, "an hour before four in winter"],
  ])("at %s are open: %s, %s", (time, isOpen) => {
    expect(isOpenAt(hours, utc(time))).toBe(isOpen);
  });

  it("go over midnight as two sessions, without a minute between them", () => {
    const overnight = hoursOf({
      sessions: [
        { days: ["sun", "mon"], from: "18:00", to: "24:00" },
        { days: ["mon", "tue"], from: "00:00", to: "17:00" },
      ],
    });
    expect(isOpenAt(overnight, utc("2026-01-12T04:59:59.999"))).toBe(true);
    expect(isOpenAt(overnight, utc("2026-01-12T05:00"))).toBe(true);
    expect(isOpenAt(overnight, utc("2026-01-12T22:00"))).toBe(false);
  });

  it("are open on the twenty-ninth of February", () => {
    const leap = hoursOf({ sessions: [{ days: ["tue"], from: "00:00", to: "24:00" }] });
    expect(isOpenAt(leap, utc("2028-02-29T12:00"))).toBe(true);
    expect(isOpenAt(hoursOf({ ...leap, holidays: ["2028-02-29"] }), utc("2028-02-29T12:00"))).toBe(false);
  });

  it("go by the earliest of two early closes on one date", () => {
    const closes = ["13:00", "11:00", "12:00"].map((at) => ({ date: "2026-01-15", at }));
    expect(isOpenAt(hoursOf({ early_closes: closes }), utc("2026-01-15T16:00"))).toBe(false);
    expect(isOpenAt(hoursOf({ early_closes: closes }), utc("2026-01-15T15:59"))).toBe(true);
  });
});

describe("an hour that the clock", () => {
  const night = hoursOf({ sessions: [{ days: ["sun"], from: "01:30", to: "02:30" }] });

  it("shows twice is open both times", () => {
    expect(isOpenAt(night, utc("2026-11-01T05:30"))).toBe(true);
    expect(isOpenAt(night, utc("2026-11-01T06:00"))).toBe(false);
    expect(isOpenAt(night, utc("2026-11-01T06:30"))).toBe(true);
  });

  it("shows twice is found both times", () => {
    const before = hoursOf({ sessions: [{ days: ["sun"], from: "01:00", to: "01:30" }] });
    expect(iso(nextOpenAtMs(before, utc("2026-11-01T05:45")))).toBe("2026-11-01T06:00:00.000Z");
  });

  it("skips is not there: a session that starts in it starts after it", () => {
    const skipped = hoursOf({ sessions: [{ days: ["sun"], from: "02:15", to: "04:00" }] });
    expect(iso(nextOpenAtMs(skipped, utc("2026-03-07T12:00")))).toBe("2026-03-08T07:00:00.000Z");
  });

  it("skips is not there: a session inside it is left out", () => {
    const skipped = hoursOf({ sessions: [{ days: ["sun"], from: "02:15", to: "02:45" }] });
    expect(iso(nextOpenAtMs(skipped, utc("2026-03-07T12:00")))).toBe("2026-03-15T06:15:00.000Z");
  });
});

describe("the next opening", () => {
  it("is now where it is open", () => {
    expect(nextOpenAtMs(hoursOf(), utc("2026-01-15T15:00:12.345"))).toBe(utc("2026-01-15T15:00:12.345"));
  });

  it("is after the weekend, by the new clock", () => {
    expect(iso(nextOpenAtMs(hoursOf(), utc("2026-03-06T21:00")))).toBe("2026-03-09T13:30:00.000Z");
  });

  it("is the next day after an early close", () => {
    const hours = hoursOf({ early_closes: [{ date: "2026-01-15", at: "13:00" }] });
    expect(iso(nextOpenAtMs(hours, utc("2026-01-15T18:00:30")))).toBe("2026-01-16T14:30:00.000Z");
  });

  it("is looked for in fifteen days, and unknown after that", () => {
    const holidays = Array.from({ length: 15 }, (_, index) => iso(utc("2026-01-15") + index * DAY_MS)!.slice(0, 10));
    const hours = hoursOf({ time_zone: "UTC", sessions: [{ days: [...DAYS], from: "09:30", to: "10:00" }], holidays });
    expect(iso(nextOpenAtMs(hours, utc("2026-01-15T09:30")))).toBe("2026-01-30T09:30:00.000Z");
    expect(nextOpenAtMs(hours, utc("2026-01-15T09:30") - 1)).toBeNull();
  });
});

describe("the local date", () => {
  it.each([
    ["America/New_York", "2026-01-15T04:59:59.999", "2026-01-14"],
    ["America/New_York", "2026-01-15T05:00:00.000", "2026-01-15"],
    ["America/New_York", "2026-07-15T04:00:00.000", "2026-07-15"],
    ["Asia/Kolkata", "2028-02-28T18:30:00.000", "2028-02-29"],
    ["Pacific/Apia", "2011-12-30T09:59:59.999", "2011-12-29"],
    ["Pacific/Apia", "2011-12-30T10:00:00.000", "2011-12-31"],
    ["UTC", "2026-12-31T23:59:59.999", "2026-12-31"],
  ])("in %s at %s is %s", (timeZone, time, date) => {
    expect(localDateOf(timeZone, utc(time))).toBe(date);
  });

  it("is right for more zones than are remembered, in any order", () => {
    const zones = Intl.supportedValuesOf("timeZone").filter((zone) => TimeZone.safeParse(zone).success);
    expect(zones.length).toBeGreaterThan(300);
    const nowMs = utc("2026-01-15T12:00");
    for (const zone of [...zones, ...zones.toReversed()]) {
      const expected = new Intl.DateTimeFormat("en-CA", { timeZone: zone, dateStyle: "short" }).format(nowMs);
      expect(localDateOf(zone, nowMs)).toBe(expected);
    }
  });
});

// Rules of the zones written out once more, in minutes and without Intl, for years in which they no longer change.

/** The nth weekday Sunday of a month, or the last with -1, at a time in UTC. */
function sunday(year: number, month: number, nth: number, utcMinutes: number): number {
  const first = nth > 0 ? Date.UTC(year, month - 1, 1) : Date.UTC(year, month, 1) - 7 * DAY_MS;
  const untilSunday = (7 - new Date(first).getUTCDay()) % 7;
  return first + (untilSunday + (nth > 0 ? 7 * (nth - 1) : 0)) * DAY_MS + utcMinutes * MINUTE_MS;
}

type ZoneRules = {
  /** Minutes east of Greenwich. */
  readonly standard: number;
  readonly summer: number;
  /** When the clock is set to summer time and back in a year; in the south the second comes first. */
  readonly changes: (year: number) => { readonly toSummerMs: number; readonly toStandardMs: number };
};

const ZONES: Readonly<Record<string, ZoneRules>> = {
  "America/New_York": {
    standard: -300,
    summer: -240,
    changes: (year) => ({ toSummerMs: sunday(year, 3, 2, 7 * 60), toStandardMs: sunday(year, 11, 1, 6 * 60) }),
  },
  "Europe/London": {
    standard: 0,
    summer: 60,
    changes: (year) => ({ toSummerMs: sunday(year, 3, -1, 60), toStandardMs: sunday(year, 10, -1, 60) }),
  },
  // At two o'clock on its own clock, which is on the day before in UTC; by half an hour.
  "Australia/Lord_Howe": {
    standard: 630,
    summer: 660,
    changes: (year) => ({
      toSummerMs: sunday(year, 10, 1, 2 * 60 - 630),
      toStandardMs: sunday(year, 4, 1, 2 * 60 - 660),
    }),
  },
  "Asia/Kolkata": { standard: 330, summer: 330, changes: () => ({ toSummerMs: 0, toStandardMs: 0 }) },
  UTC: { standard: 0, summer: 0, changes: () => ({ toSummerMs: 0, toStandardMs: 0 }) },
};
const rulesOf = (zone: string): ZoneRules => ZONES[zone]!;

function offsetAt(zone: string, atMs: number): number {
  const { standard, summer, changes } = rulesOf(zone);
  const { toSummerMs, toStandardMs } = changes(new Date(atMs + standard * MINUTE_MS).getUTCFullYear());
  const isSummer =
    toSummerMs < toStandardMs ? atMs >= toSummerMs && atMs < toStandardMs : atMs >= toSummerMs || atMs < toStandardMs;
  return isSummer ? summer : standard;
}

const minutesOf = (time: string): number => Number(time.split(":")[0]) * 60 + Number(time.split(":")[1]);

function isOpenByRules(hours: TradingHours, atMs: number): boolean {
  const localMs = atMs + offsetAt(hours.time_zone, atMs) * MINUTE_MS;
  const dayMs = Math.floor(localMs / DAY_MS) * DAY_MS;
  const minute = (localMs - dayMs) / MINUTE_MS;
  const inSession = hours.sessions.some(
    ({ days, from, to }) =>
      days.includes(DAYS[new Date(dayMs).getUTCDay()]!) && minute >= minutesOf(from) && minute < minutesOf(to),
  );
  return (
    inSession &&
    !hours.holidays.some((date) => Date.parse(date) === dayMs) &&
    !hours.early_closes.some(({ date, at }) => Date.parse(date) === dayMs && minute >= minutesOf(at))
  );
}

/** The first open minute in fifteen days, by looking at every one of them. */
function scan(nowMs: number, isOpen: (atMs: number) => boolean): number | null {
  if (isOpen(nowMs)) return nowMs;
  for (let atMs = (Math.floor(nowMs / MINUTE_MS) + 1) * MINUTE_MS; atMs <= nowMs + 15 * DAY_MS; atMs += MINUTE_MS) {
    if (isOpen(atMs)) return atMs;
  }
  return null;
}

const yearArbitrary = fc.integer({ min: 2009, max: 2026 });
/** Any time, and as often one around a change of the clock or the end of February. */
const timeIn = (zone: string): fc.Arbitrary<number> => {
  const around = (pick: (year: number) => number) =>
    fc.tuple(yearArbitrary, fc.integer({ min: -30 * HOUR_MS, max: 30 * HOUR_MS })).map(([year, ms]) => pick(year) + ms);
  return fc.oneof(
    fc.integer({ min: Date.UTC(2009, 0, 1), max: Date.UTC(2026, 11, 31) }),
    around((year) => rulesOf(zone).changes(year).toSummerMs || Date.UTC(year, 5, 1)),
    around((year) => rulesOf(zone).changes(year).toStandardMs || Date.UTC(year, 10, 1)),
    around((year) => Date.UTC(year, 2, 1)),
  );
};

const timeOfDay = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
/** Half of the sessions lie in the small hours, where clocks are set. */
const session = fc
  .tuple(
    fc.uniqueArray(fc.constantFrom(...DAYS), { minLength: 1, maxLength: 7 }),
    fc.oneof(fc.nat({ max: 1439 }), fc.nat({ max: 240 })),
    fc.oneof(fc.integer({ min: 1, max: 1440 }), fc.integer({ min: 1, max: 45 })),
  )
  .map(([days, from, length]) => ({ days, from: timeOfDay(from), to: timeOfDay(Math.min(from + length, 1440)) }));

const hoursAndTime = (zones: readonly string[], timesIn: (zone: string) => fc.Arbitrary<number>) =>
  fc.constantFrom(...zones).chain((zone) =>
    timesIn(zone).chain((nowMs) => {
      const date = fc.integer({ min: -1, max: 16 }).map((days) => iso(nowMs + days * DAY_MS)!.slice(0, 10));
      return fc.record({
        nowMs: fc.constant(nowMs),
        hours: fc
          .record({
            time_zone: fc.constant(zone),
            sessions: fc.array(session, { minLength: 1, maxLength: 4 }),
            holidays: fc.array(date, { maxLength: 14 }),
            early_closes: fc.array(fc.record({ date, at: fc.nat({ max: 1439 }).map(timeOfDay) }), { maxLength: 4 }),
          })
          .map((written) => TradingHours.parse(written)),
      });
    }),
  );

describe("in zones whose rules are written out here", () => {
  it("hours are open when the rules say so", () => {
    fc.assert(
      fc.property(hoursAndTime(Object.keys(ZONES), timeIn), ({ hours, nowMs }) => {
        expect(isOpenAt(hours, nowMs)).toBe(isOpenByRules(hours, nowMs));
      }),
      { numRuns: 3000 },
    );
  });

  it("the next opening is the first open minute", () => {
    fc.assert(
      fc.property(hoursAndTime(Object.keys(ZONES), timeIn), ({ hours, nowMs }) => {
        expect(iso(nextOpenAtMs(hours, nowMs))).toBe(iso(scan(nowMs, (atMs) => isOpenByRules(hours, atMs))));
      }),
      { numRuns: 400 },
    );
  });
});

describe("in zones with odder changes", () => {
  /** At midnight, into a lost day, twice a year around Ramadan, and by two hours. */
  const CHANGES: Readonly<Record<string, string>> = {
    "Africa/Cairo": "2026-04-23T22:00",
    "America/Santiago": "2026-09-06T04:00",
    "Pacific/Apia": "2011-12-30T10:00",
    "Africa/Casablanca": "2026-02-15T02:00",
    "Antarctica/Troll": "2026-03-29T01:00",
  };

  it("the next opening is the first open minute", () => {
    const around = (zone: string) =>
      fc.integer({ min: -30 * 60, max: 6 * 60 }).map((minutes) => utc(CHANGES[zone]!) + minutes * MINUTE_MS);
    fc.assert(
      fc.property(hoursAndTime(Object.keys(CHANGES), around), ({ hours, nowMs }) => {
        expect(iso(nextOpenAtMs(hours, nowMs))).toBe(iso(scan(nowMs, (atMs) => isOpenAt(hours, atMs))));
      }),
      { numRuns: 100 },
    );
  });
});

describe("the schema of trading hours", () => {
  const written = { time_zone: "America/New_York", sessions: [{ days: ["mon"], from: "09:30", to: "16:00" }] };

  it("takes no holidays and no early closes where none are written", () => {
    expect(TradingHours.parse(written)).toEqual({ ...written, holidays: [], early_closes: [] });
  });

  it.each(["America/New_York", "America/Argentina/Buenos_Aires", "Europe/London", "Etc/GMT+5", "US/Eastern", "UTC"])(
    "knows the zone %s",
    (zone) => {
      expect(TimeZone.safeParse(zone).success).toBe(true);
    },
  );

  it.each(["", "EST", "GMT+1", "+05:30", "America/Nowhere", "New York", "America/New_York ", "A/".repeat(40)])(
    "knows no zone %j",
    (zone) => {
      expect(TimeZone.safeParse(zone).success).toBe(false);
    },
  );

  const sessionOf = (change: object) => ({ sessions: [{ ...written.sessions[0], ...change }] });
  it.each([
    ["no session", { sessions: [] }],
    ["more than three sessions a day", { sessions: Array.from({ length: 22 }, () => written.sessions[0]) }],
    ["a session on no day", sessionOf({ days: [] })],
    ["a day by another name", sessionOf({ days: ["Monday"] })],
    ["a session over midnight", sessionOf({ from: "18:00", to: "02:00" })],
    ["a session of no length", sessionOf({ from: "09:30", to: "09:30" })],
    ["a session from 24:00", sessionOf({ from: "24:00", to: "24:00" })],
    ["a time past 24:00", sessionOf({ to: "24:01" })],
    ["a time of one digit", sessionOf({ from: "9:30" })],
    ["a time with seconds", sessionOf({ from: "09:30:00" })],
    ["a minute that no hour has", sessionOf({ from: "09:60" })],
    ["a date that no year has", { holidays: ["2026-02-29"] }],
    ["a date in another spelling", { holidays: ["02/16/2026"] }],
    ["more holidays than it keeps", { holidays: Array.from({ length: 401 }, () => "2026-12-25") }],
    ["an early close at no time", { early_closes: [{ date: "2026-11-27", at: "24:00" }] }],
    [
      "more early closes than it keeps",
      { early_closes: Array.from({ length: 101 }, () => ({ date: "2026-11-27", at: "13:00" })) },
    ],
    ["a field it does not know", { holiday: [] }],
  ])("refuses %s", (_, change) => {
    expect(TradingHours.safeParse({ ...written, ...change }).success).toBe(false);
  });
});
