import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Connection } from "../../../../src/account/connection.ts";
import { type InstrumentLists, Instruments, recordRefresh } from "../../../../src/account/risk/instruments.ts";
import { readPending } from "../../../../src/account/journal.ts";
import type { Broker, InstrumentsEnding } from "../../../../src/domain/broker.ts";
import { CLOSED, type CircuitBreaker } from "../../../../src/domain/circuit-breaker.ts";
import { AccountId } from "../../../../src/domain/ids.ts";
import type { Instrument } from "../../../../src/domain/instrument.ts";
import type { BucketLimits } from "../../../../src/domain/token-bucket.ts";
import { NOW_MS, aBroker, aConfiguration, anInstrument } from "../../../support/builders.ts";
import { ACCOUNT, openAccount } from "../tables.ts";

const SEC_MS = 1_000;
const MINUTE_MS = 60 * SEC_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const AAPL = anInstrument({ symbol: "AAPL" });
const MSFT = anInstrument({ symbol: "MSFT" });
const HALTED = anInstrument({ symbol: "AAPL", tradable: false });

const listed = (...items: Instrument[]): InstrumentsEnding => ({ ending: "listed", items, passedOver: 0 });
const TIMEOUT = { ending: "unknown", code: "timeout" } as const;
const never = () => new Promise<never>(() => undefined);

/** D1 with one list, or none; what it was asked; and what it does in place of answering. */
function aDatabase(stored?: readonly Instrument[]) {
  const asked: string[][] = [];
  const d1 = {
    asked,
    list: stored === undefined ? undefined : new Map(stored.map((item) => [item.symbol, item] as const)),
    refreshedAtMs: NOW_MS,
    counts: 0,
    trouble: undefined as (() => Promise<never>) | undefined,
  };
  const lists: InstrumentLists = {
    find: async (_, symbols) => {
      asked.push([...symbols]);
      await d1.trouble?.();
      return new Map(symbols.flatMap((symbol) => [...(d1.list?.entries() ?? [])].filter(([name]) => name === symbol)));
    },
    count: async () => {
      d1.counts += 1;
      await d1.trouble?.();
      return d1.list === undefined ? undefined : { refreshed_at: new Date(d1.refreshedAtMs).toISOString() };
    },
    replace: async (_, items, now) => {
      await d1.trouble?.();
      d1.list = new Map(items.map((item) => [item.symbol, item]));
      d1.refreshedAtMs = now.getTime();
      return { listed: items.length, added: 1, changed: 2, gone: 3 };
    },
  };
  return Object.assign(d1, { lists });
}

const unreachable = () => Promise.reject(new Error("D1 is away"));

type Way = { readonly breaker?: CircuitBreaker; readonly limits?: BucketLimits };

/** An account at a broker that answers so when it is asked for its list. */
function aPlace(instruments: Broker["instruments"] = never, { breaker = CLOSED, limits }: Way = {}) {
  const calls = { count: 0 };
  const broker = aBroker({
    instruments: () => {
      calls.count += 1;
      return instruments();
    },
  });
  const connection = new Connection({
    limits: limits ?? broker.limits,
    breaker,
    nowMs: Date.now,
    onTrouble: () => undefined,
    onBreakerChange: () => undefined,
  });
  return { calls, place: { settings: aConfiguration(), broker, connection } };
}

const knowing = ({ lists }: { readonly lists: InstrumentLists }) => new Instruments({ lists, nowMs: Date.now });

beforeEach(() => {
  vi.useFakeTimers({ now: NOW_MS });
  for (const level of ["log", "warn", "error"] as const) vi.spyOn(console, level).mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Moves the clock. */
const waitMs = (ms: number) => vi.advanceTimersByTimeAsync(ms);
/** Ends once the clock has moved so far. */
const waited = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("what an account knows of instruments", () => {
  it("is nothing before it has asked", () => {
    expect(knowing(aDatabase([AAPL])).find("AAPL")).toBeUndefined();
  });

  it("is what D1 lists, read for several symbols at once, and each once", async () => {
    const d1 = aDatabase([AAPL, MSFT]);
    const instruments = knowing(d1);
    const { place, calls } = aPlace();
    await instruments.know(["AAPL", "ZZZZ", "AAPL"], place);
    await instruments.know(["AAPL", "MSFT", "ZZZZ"], place);
    expect(d1.asked).toEqual([["AAPL", "ZZZZ"], ["MSFT"]]);
    expect(["AAPL", "MSFT", "ZZZZ"].map((symbol) => instruments.find(symbol))).toEqual([AAPL, MSFT, undefined]);
    expect([d1.counts, calls.count]).toEqual([0, 0]);
  });

  it("lacks what is looked for in vain, and nothing where no list has ever been read", async () => {
    const instruments = knowing(aDatabase([AAPL]));
    await instruments.know(["AAPL", "APPL"], aPlace().place);
    expect(["AAPL", "APPL", "MSFT"].map((symbol) => instruments.isUnlisted(symbol))).toEqual([false, true, false]);
    const unread = knowing(aDatabase());
    await unread.know(["AAPL"], aPlace(() => Promise.resolve(TIMEOUT)).place);
    expect(unread.isUnlisted("AAPL")).toBe(false);
  });

  it("is read once for a burst of signals, also before the first answer is there", async () => {
    const d1 = aDatabase([AAPL, MSFT]);
    const instruments = knowing(d1);
    const { place } = aPlace();
    await Promise.all([["AAPL"], ["AAPL", "MSFT"], ["MSFT"]].map((symbols) => instruments.know(symbols, place)));
    expect(d1.asked).toEqual([["AAPL"], ["MSFT"]]);
    expect(instruments.find("MSFT")).toEqual(MSFT);
  });

  it.each([
    ["AAPL", "ten minutes", 10 * MINUTE_MS],
    ["ZZZZ", "one minute where it is not listed", MINUTE_MS],
  ])("of %s serves for %s", async (symbol, _, freshMs) => {
    const d1 = aDatabase([AAPL]);
    const instruments = knowing(d1);
    const { place } = aPlace();
    await instruments.know([symbol], place);
    await waitMs(freshMs - 1);
    await instruments.know([symbol], place);
    expect(d1.asked).toHaveLength(1);
    await waitMs(1);
    await instruments.know([symbol], place);
    expect(d1.asked).toHaveLength(2);
  });

  it("is read again after the clock went back", async () => {
    const d1 = aDatabase([AAPL]);
    const instruments = knowing(d1);
    await instruments.know(["AAPL"], aPlace().place);
    vi.setSystemTime(NOW_MS - DAY_MS);
    await instruments.know(["AAPL"], aPlace().place);
    expect(d1.asked).toHaveLength(2);
  });

  it("is bounded: of more than 500 symbols it forgets those that were not asked for the longest", async () => {
    const d1 = aDatabase([AAPL]);
    const instruments = knowing(d1);
    const { place } = aPlace();
    const names = Array.from({ length: 499 }, (_, index) => `S${index}`);
    await instruments.know(["AAPL", ...names], place);
    await instruments.know(["AAPL"], place);
    await instruments.know(["ONE", "MORE"], place);
    expect(instruments.find("AAPL")).toEqual(AAPL);
    await instruments.know(["S0", "S1", "S2", "S498"], place);
    expect(d1.asked.at(-1)).toEqual(["S0", "S1"]);
  });
});

describe("while D1 is away", () => {
  it("nothing new is known, nothing is thrown, and it is asked once a second", async () => {
    const d1 = aDatabase([AAPL]);
    d1.trouble = unreachable;
    const instruments = knowing(d1);
    const { place, calls } = aPlace();
    await instruments.know(["AAPL"], place);
    await instruments.know(["AAPL", "MSFT"], place);
    await waitMs(999);
    await instruments.know(["AAPL"], place);
    expect(d1.asked).toEqual([["AAPL"]]);
    expect(instruments.find("AAPL")).toBeUndefined();
    expect(calls.count).toBe(0);

    d1.trouble = undefined;
    await waitMs(1);
    await instruments.know(["AAPL"], place);
    expect(instruments.find("AAPL")).toEqual(AAPL);
  });

  it("what was known serves for an hour", async () => {
    const d1 = aDatabase([AAPL]);
    const instruments = knowing(d1);
    const { place } = aPlace();
    await instruments.know(["AAPL"], place);
    d1.trouble = unreachable;
    await waitMs(HOUR_MS - 1);
    await instruments.know(["AAPL"], place);
    expect(instruments.find("AAPL")).toEqual(AAPL);
    await waitMs(1);
    expect(instruments.find("AAPL")).toBeUndefined();
  });

  it("a decision waits two seconds for what never comes, and the next one asks anew", async () => {
    const d1 = aDatabase([AAPL]);
    d1.trouble = never;
    const instruments = knowing(d1);
    const { place } = aPlace();
    const waiting = instruments.know(["AAPL"], place);
    let isOver = false;
    void waiting.then(() => (isOver = true));
    await waitMs(1_999);
    expect(isOver).toBe(false);
    await waitMs(1);
    expect(isOver).toBe(true);
    expect(instruments.find("AAPL")).toBeUndefined();

    d1.trouble = undefined;
    await waitMs(SEC_MS);
    await instruments.know(["AAPL"], place);
    expect(instruments.find("AAPL")).toEqual(AAPL);
  });
});

describe("where no account has asked the broker yet", () => {
  it("the first one does, once, and knows what it says", async () => {
    const d1 = aDatabase();
    const instruments = knowing(d1);
    const { place, calls } = aPlace(() => Promise.resolve(listed(AAPL, MSFT)));
    await Promise.all([instruments.know(["AAPL"], place), instruments.know(["MSFT"], place)]);
    expect(["AAPL", "MSFT"].map((symbol) => instruments.find(symbol))).toEqual([AAPL, MSFT]);
    expect(calls.count).toBe(1);
  });

  it("whoever comes while the first one does waits for it as well", async () => {
    const instruments = knowing(aDatabase());
    const { place, calls } = aPlace(async () => {
      await waited(SEC_MS);
      return listed(AAPL);
    });
    const first = instruments.know(["AAPL"], place);
    // D1 has answered the first one by now, that there is no such instrument.
    await waitMs(SEC_MS / 2);
    const second = instruments.know(["AAPL"], place);
    let isOver = false;
    void second.then(() => (isOver = true));
    await waitMs(SEC_MS / 4);
    expect(isOver).toBe(false);
    await waitMs(SEC_MS / 4);
    await Promise.all([first, second]);
    expect(instruments.find("AAPL")).toEqual(AAPL);
    expect(calls.count).toBe(1);
  });

  it("an account waits for the list that another one reads", async () => {
    const d1 = aDatabase();
    const { place, calls } = aPlace(async () => {
      await waited(SEC_MS);
      return listed(AAPL);
    });
    const [one, other] = [knowing(d1), knowing(d1)];
    const knowledge = Promise.all([one.know(["AAPL"], place), other.know(["AAPL"], place)]);
    await waitMs(SEC_MS + 100);
    await knowledge;
    expect([one.find("AAPL"), other.find("AAPL")]).toEqual([AAPL, AAPL]);
    expect(calls.count).toBe(1);
  });

  it("a decision waits two seconds for a long list, and a later one finds it", async () => {
    const d1 = aDatabase();
    const instruments = knowing(d1);
    const { place, calls } = aPlace(async () => {
      await waited(5 * SEC_MS);
      return listed(AAPL);
    });
    const waiting = instruments.know(["AAPL"], place);
    await waitMs(2 * SEC_MS);
    await waiting;
    expect(instruments.find("AAPL")).toBeUndefined();
    await waitMs(3 * SEC_MS);
    await instruments.know(["AAPL"], place);
    expect(instruments.find("AAPL")).toEqual(AAPL);
    expect(calls.count).toBe(1);
  });

  it("a broker that does not say is asked once a minute, whatever the symbols", async () => {
    const d1 = aDatabase();
    const instruments = knowing(d1);
    const { place, calls } = aPlace(() => Promise.resolve(TIMEOUT));
    await instruments.know(["AAPL"], place);
    await waitMs(MINUTE_MS - 1);
    await instruments.know(["MSFT"], place);
    expect(calls.count).toBe(1);
    expect(instruments.find("AAPL")).toBeUndefined();
    await waitMs(1);
    await instruments.know(["AAPL"], place);
    expect(calls.count).toBe(2);
  });

  it.each<[string, Way]>([
    [
      "does not answer",
      { breaker: { state: "open", failures: 5, openedAtMs: NOW_MS, openings: 1, retryAtMs: NOW_MS - 1 } },
    ],
    ["has no call left for it", { limits: { capacity: 1, ratePerSec: 1 / 60 } }],
  ])("nobody asks a broker that %s", async (_, way) => {
    const { place, calls } = aPlace(() => Promise.resolve(listed(AAPL)), way);
    const instruments = knowing(aDatabase());
    await instruments.know(["AAPL"], place);
    expect(calls.count).toBe(0);
    expect(place.connection.breaker.state).toBe(way.breaker?.state ?? "closed");
  });

  it("but where one has, nobody asks again for a symbol that is not listed", async () => {
    const d1 = aDatabase([AAPL]);
    const { place, calls } = aPlace();
    await knowing(d1).know(["ZZZZ"], place);
    expect([d1.counts, calls.count]).toEqual([1, 0]);
  });
});

describe("a refresh", () => {
  it("says what has changed, and the next decision goes by it", async () => {
    const d1 = aDatabase([AAPL]);
    const instruments = knowing(d1);
    const { place } = aPlace(() => Promise.resolve(listed(HALTED)));
    await instruments.know(["AAPL"], place);
    expect(await instruments.refresh(place)).toEqual({
      ok: true,
      value: { listed: 1, added: 1, changed: 2, gone: 3 },
    });
    // One that has asked before, and is about to be decided.
    expect(instruments.find("AAPL")).toEqual(AAPL);
    await instruments.know(["AAPL"], place);
    expect(instruments.find("AAPL")).toEqual(HALTED);
    expect(d1.asked).toHaveLength(2);
    await instruments.know(["AAPL"], place);
    expect(d1.asked).toHaveLength(2);
  });

  it("outdates what was being read when it was written", async () => {
    const { lists } = aDatabase([AAPL]);
    const find: InstrumentLists["find"] = async (broker, symbols) => {
      const found = await lists.find(broker, symbols);
      await waited(SEC_MS);
      return found;
    };
    const instruments = knowing({ lists: { ...lists, find } });
    const { place } = aPlace(() => Promise.resolve(listed(HALTED)));
    const know = async () => Promise.all([instruments.know(["AAPL"], place), waitMs(SEC_MS)]);

    const reading = instruments.know(["AAPL"], place);
    await instruments.refresh(place);
    await waitMs(SEC_MS);
    await reading;
    expect(instruments.find("AAPL")).toEqual(AAPL);
    await know();
    expect(instruments.find("AAPL")).toEqual(HALTED);
  });

  it("that is wanted twice is done once", async () => {
    const { place, calls } = aPlace(() => Promise.resolve(listed(AAPL)));
    const instruments = knowing(aDatabase());
    const [one, other] = await Promise.all([instruments.refresh(place), instruments.refresh(place)]);
    expect(one).toBe(other);
    await instruments.refresh(place);
    expect(calls.count).toBe(2);
  });

  it("that the broker does not answer leaves the list as it was", async () => {
    const d1 = aDatabase([AAPL]);
    const { place } = aPlace(() => Promise.resolve(TIMEOUT));
    expect(await knowing(d1).refresh(place)).toEqual({
      ok: false,
      error: { reason: "broker_silent", code: "timeout" },
    });
    expect(d1.list?.get("AAPL")).toEqual(AAPL);
  });

  it("that D1 does not take says so", async () => {
    const d1 = aDatabase([AAPL]);
    d1.trouble = unreachable;
    const { place } = aPlace(() => Promise.resolve(listed(MSFT)));
    expect(await knowing(d1).refresh(place)).toEqual({ ok: false, error: { reason: "not_stored" } });
  });

  it("waits for nobody: while another account of the isolate reads a list, it says so", async () => {
    const { promise, resolve } = Promise.withResolvers<InstrumentsEnding>();
    const first = knowing(aDatabase()).refresh(aPlace(() => promise).place);
    const second = knowing(aDatabase());
    const { place, calls } = aPlace(() => Promise.resolve(listed(AAPL)));
    expect(await second.refresh(place)).toEqual({
      ok: false,
      error: { reason: "broker_silent", code: "another_list_is_read" },
    });
    expect(calls.count).toBe(0);
    resolve(listed(AAPL));
    expect(await first).toMatchObject({ ok: true });
    expect(await second.refresh(place)).toMatchObject({ ok: true });
  });

  it("is not kept out for ever by one that died", async () => {
    void knowing(aDatabase()).refresh(aPlace(never).place);
    const { place } = aPlace(() => Promise.resolve(listed(AAPL)));
    const other = knowing(aDatabase());
    await waitMs(2 * MINUTE_MS - 1);
    expect(await other.refresh(place)).toMatchObject({ ok: false });
    await waitMs(1);
    expect(await other.refresh(place)).toMatchObject({ ok: true });
  });
});

describe("the day's refresh", () => {
  const daily = async (d1: ReturnType<typeof aDatabase>, ending: InstrumentsEnding = listed(AAPL)) => {
    const { place, calls } = aPlace(() => Promise.resolve(ending));
    return { nextInMs: await knowing(d1).refreshDaily(place, ACCOUNT), calls: calls.count };
  };

  it("is done, unless an account at the same kind of broker has done it within the hour", async () => {
    const d1 = aDatabase([AAPL]);
    d1.refreshedAtMs = NOW_MS - HOUR_MS + 1;
    expect((await daily(d1)).calls).toBe(0);
    d1.refreshedAtMs = NOW_MS - HOUR_MS;
    expect((await daily(d1)).calls).toBe(1);
    expect(d1.refreshedAtMs).toBe(NOW_MS);
    expect((await daily(d1)).calls).toBe(0);
    expect((await daily(aDatabase())).calls).toBe(1);
  });

  it("is tried again after a quarter of an hour where the broker or D1 has not answered", async () => {
    expect(await daily(aDatabase(), TIMEOUT)).toEqual({ calls: 1, nextInMs: 15 * MINUTE_MS });
    const away = aDatabase();
    away.trouble = unreachable;
    expect(await daily(away)).toEqual({ calls: 1, nextInMs: 15 * MINUTE_MS });
  });

  it("is due next between 05:00 and 08:00 UTC, each account at a time of its own", async () => {
    const at = new Set<number>();
    const moment = fc.integer({ min: NOW_MS, max: NOW_MS + 3 * DAY_MS });
    await fc.assert(
      fc.asyncProperty(fc.stringMatching(/^[a-z]{1,20}$/), moment, async (name, nowMs) => {
        vi.setSystemTime(nowMs);
        const d1 = aDatabase([]);
        d1.refreshedAtMs = nowMs;
        const nextInMs = await knowing(d1).refreshDaily(aPlace().place, AccountId.parse(name));
        expect(nextInMs).toBeGreaterThan(0);
        expect(nextInMs).toBeLessThanOrEqual(DAY_MS);
        const timeOfDayMs = (nowMs + nextInMs) % DAY_MS;
        expect(timeOfDayMs).toBeGreaterThanOrEqual(5 * HOUR_MS);
        expect(timeOfDayMs).toBeLessThan(8 * HOUR_MS);
        at.add(timeOfDayMs);
      }),
    );
    expect(at.size).toBeGreaterThan(10);
  });

  it("that a person wanted is on the account's record", () => {
    const sql = openAccount();
    const refreshed = { listed: 10, added: 1, changed: 2, gone: 3 };
    const caller = {
      actor: { kind: "operator", id: "access:ada" },
      requestId: "request-1",
      clientIp: "192.0.2.1",
    } as const;
    recordRefresh(sql, ACCOUNT, { broker: "alpaca_paper", refreshed, caller, nowMs: NOW_MS });
    const [entry] = readPending(sql, ACCOUNT, 10);
    expect(JSON.parse(entry?.event ?? "")).toMatchObject({
      type: "instruments.refreshed",
      actor: caller.actor,
      request_id: "request-1",
      client_ip: "192.0.2.1",
      result: { ok: true, code: "refreshed" },
      data: { broker: "alpaca_paper", ...refreshed },
    });
  });
});

describe("whatever happens", () => {
  /** What D1 lists under one symbol, and since when. */
  type Listing = { readonly sinceMs: number; readonly instrument: Instrument | undefined };
  type World = {
    readonly d1: ReturnType<typeof aDatabase>;
    readonly instruments: Instruments;
    readonly listings: Listing[];
  };
  type Step = (world: World) => Promise<unknown>;

  const know: Step = ({ instruments }) => instruments.know(["AAPL"], aPlace().place);
  const wait =
    (ms: number): Step =>
    () =>
      waitMs(ms);
  const outage = (isAway: boolean): Step =>
    async function cut({ d1 }) {
      d1.trouble = isAway ? unreachable : undefined;
    };
  const list = (instrument: Instrument | undefined): Step =>
    async function change({ d1, listings }) {
      d1.list = new Map(instrument === undefined ? [] : [["AAPL", instrument]]);
      listings.push({ sinceMs: Date.now(), instrument });
    };

  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.constant(know),
    fc.integer({ min: 1, max: 20 * MINUTE_MS }).map(wait),
    fc.boolean().map(outage),
    fc.constantFrom(AAPL, HALTED, undefined).map(list),
  );

  /** Whether D1 had it so at some moment in the last so many milliseconds. */
  const wasListed = ({ listings }: World, instrument: Instrument | undefined, withinMs: number): boolean =>
    listings.some((listing, index) => {
      const untilMs = listings[index + 1]?.sinceMs ?? Infinity;
      return listing.instrument === instrument && untilMs > Date.now() - withinMs;
    });

  it("a decision goes by what D1 listed within the hour, and while D1 answers within ten minutes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const d1 = aDatabase([AAPL]);
        const listings = [{ sinceMs: Date.now(), instrument: AAPL }];
        const world: World = { d1, instruments: knowing(d1), listings };
        for (const take of steps) {
          await take(world);
          const found = world.instruments.find("AAPL");
          if (found !== undefined) expect(wasListed(world, found, HOUR_MS)).toBe(true);
        }
        for (const take of [outage(false), wait(SEC_MS), know]) await take(world);
        expect(wasListed(world, world.instruments.find("AAPL"), 10 * MINUTE_MS)).toBe(true);
      }),
    );
  });
});
