// When the isolate's copy of the configuration is read again: no sooner than it has to be, and by one reading for all who ask.
import { describe, expect, it } from "vitest";
import { Directory, type Known } from "../../../src/directory/directory.ts";
import { AccountId } from "../../../src/domain/ids.ts";

/** The types of the Workers runtime that the directory names. */
declare global {
  interface D1Database {
    readonly prepare: never;
  }
  interface Env {
    readonly DB: D1Database;
  }
}

const PAPER = AccountId.parse("paper");
const LATER = AccountId.parse("later");

/** How a reading ends while D1 cannot be reached. */
const REFUSED = { status: "rejected", reason: { message: "D1 is away" } };

const knowing = (...accounts: AccountId[]): Known => ({
  sources: new Map(),
  apiKeys: new Map(),
  accounts: new Set(accounts),
});

/** A directory over a clock that is set by hand and readings that end when they are told to. */
function openDirectory(startMs = 1_000_000) {
  const clock = { nowMs: startMs };
  const readings: PromiseWithResolvers<Known>[] = [];
  const directory = new Directory(
    () => {
      const reading = Promise.withResolvers<Known>();
      readings.push(reading);
      return reading.promise;
    },
    () => clock.nowMs,
  );
  /** Ends the reading that was begun last. */
  const answer = async (known: Known) => {
    readings.at(-1)?.resolve(known);
    await settled();
  };
  const fail = async () => {
    readings.at(-1)?.reject(new Error("D1 is away"));
    await settled();
  };
  const current = () => directory.current();
  return { directory, clock, readings, answer, fail, current };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** One that has read `known` at the present moment. */
async function openWarm(known: Known) {
  const opened = openDirectory();
  const first = opened.current();
  await opened.answer(known);
  await first;
  return opened;
}

describe("a directory that has read nothing", () => {
  it("reads once, however many ask", async () => {
    const { directory, readings, answer, current } = openDirectory();
    const known = knowing(PAPER);
    const asked = [current(), current(), directory.lookAgain(), directory.refresh()];
    await answer(known);
    for (const answered of await Promise.all(asked)) expect(answered).toBe(known);
    expect(readings).toHaveLength(1);
  });

  it("says so when the reading fails, for a second without asking again: D1 may be drowning in questions", async () => {
    const { clock, readings, answer, fail, current } = openDirectory();
    const asked = Promise.allSettled([current()]);
    await fail();
    expect(await asked).toMatchObject([REFUSED]);
    clock.nowMs += 999;
    expect(await Promise.allSettled([current()])).toMatchObject([REFUSED]);
    expect(readings).toHaveLength(1);
    clock.nowMs += 1;
    const again = current();
    const known = knowing();
    await answer(known);
    expect(await again).toBe(known);
    expect(readings).toHaveLength(2);
  });
});

describe("what is known", () => {
  it("is answered without a reading for a minute, and up to its last millisecond", async () => {
    const known = knowing(PAPER);
    const { clock, readings, current } = await openWarm(known);
    clock.nowMs += 60_000;
    expect(await current()).toBe(known);
    expect(readings).toHaveLength(1);
  });

  it("is answered after a minute too, while it is read again in the background, once", async () => {
    const known = knowing(PAPER);
    const { clock, readings, answer, current } = await openWarm(known);
    clock.nowMs += 60_001;
    expect(await current()).toBe(known);
    expect(await current()).toBe(known);
    expect(readings).toHaveLength(2);
    const newer = knowing(PAPER, LATER);
    await answer(newer);
    expect(await current()).toBe(newer);
    expect(readings).toHaveLength(2);
  });

  it("stays when a reading in the background fails, which nobody hears of, and who asks a second later has it tried again", async () => {
    const known = knowing(PAPER);
    const { clock, readings, fail, current } = await openWarm(known);
    clock.nowMs += 60_001;
    await current();
    await fail();
    expect(await current()).toBe(known);
    expect(readings).toHaveLength(2);
    clock.nowMs += 1_000;
    expect(await current()).toBe(known);
    expect(readings).toHaveLength(3);
  });

  it("is not answered after five minutes: an isolate that nobody asked may know what has been taken away", async () => {
    const { clock, readings, answer, current } = await openWarm(knowing(PAPER));
    clock.nowMs += 300_001;
    const asked = current();
    const newer = knowing(LATER);
    await answer(newer);
    expect(await asked).toBe(newer);
    expect(readings).toHaveLength(2);
  });

  it("is answered after any time while D1 is away", async () => {
    const known = knowing(PAPER);
    const { clock, fail, current } = await openWarm(known);
    clock.nowMs += 3_600_000;
    const asked = current();
    await fail();
    expect(await asked).toBe(known);
  });

  it("stays when a look for more fails, which the one who looked hears of", async () => {
    const known = knowing(PAPER);
    const { directory, clock, fail, current } = await openWarm(known);
    clock.nowMs += 5_000;
    const looked = Promise.allSettled([directory.lookAgain()]);
    await fail();
    expect(await looked).toMatchObject([REFUSED]);
    expect(await current()).toBe(known);
  });
});

describe("looking again", () => {
  it("reads nothing within a second of the last reading's beginning", async () => {
    const known = knowing();
    const { directory, clock, readings } = await openWarm(known);
    for (const afterMs of [0, 500, 500]) {
      clock.nowMs += afterMs;
      expect(await directory.lookAgain()).toBe(known);
    }
    expect(readings).toHaveLength(1);
  });

  it("reads after it, and then not for another second: guesses cost a reading a second, however many they are", async () => {
    const { directory, clock, readings, answer } = await openWarm(knowing());
    const endMs = clock.nowMs + 10_000;
    while (clock.nowMs < endMs) {
      clock.nowMs += 10;
      const looked = directory.lookAgain();
      await answer(knowing());
      await looked;
    }
    expect(readings.length).toBeGreaterThan(1);
    expect(readings.length).toBeLessThanOrEqual(11);
  });

  it("waits for a reading that is under way and young enough, rather than begin one", async () => {
    const { directory, clock, readings, answer } = await openWarm(knowing());
    clock.nowMs += 2_000;
    const first = directory.lookAgain();
    clock.nowMs += 900;
    const second = directory.lookAgain();
    const known = knowing(LATER);
    await answer(known);
    expect([await first, await second]).toEqual([known, known]);
    expect(readings).toHaveLength(2);
  });
});

describe("a reading that never ends, because the request that began it was ended", () => {
  it("is given up after ten seconds, and another one begun", async () => {
    const { clock, readings, answer, current } = openDirectory();
    void current();
    clock.nowMs += 9_999;
    void current();
    expect(readings).toHaveLength(1);
    clock.nowMs += 1;
    const asked = current();
    expect(readings).toHaveLength(2);
    const known = knowing(PAPER);
    await answer(known);
    expect(await asked).toBe(known);
  });

  it("counts for nothing when it ends after the younger one", async () => {
    const { clock, readings, answer, current } = openDirectory();
    void current();
    clock.nowMs += 10_000;
    const asked = current();
    const known = knowing(PAPER, LATER);
    await answer(known);
    await asked;
    readings[0]?.resolve(knowing(PAPER));
    await settled();
    expect(await current()).toBe(known);
  });
});

describe("refreshing", () => {
  it("is not content with what was read before, however lately", async () => {
    const { directory, clock, readings, answer } = await openWarm(knowing());
    clock.nowMs += 1;
    const refreshed = directory.refresh();
    const known = knowing(LATER);
    await answer(known);
    expect(await refreshed).toBe(known);
    expect(readings).toHaveLength(2);
  });

  it("is not content with a reading that was begun before: it may have passed by the change", async () => {
    const { directory, clock, readings, answer } = await openWarm(knowing());
    clock.nowMs += 2_000;
    const looked = directory.lookAgain();
    clock.nowMs += 1;
    const refreshed = directory.refresh();
    const [before, after] = [knowing(PAPER), knowing(PAPER, LATER)];
    await answer(before);
    expect(await looked).toBe(before);
    expect(readings).toHaveLength(3);
    await answer(after);
    expect(await refreshed).toBe(after);
  });

  it("reads one at a time, whoever asks", async () => {
    const { directory, clock, readings, answer } = await openWarm(knowing());
    const asked: Promise<Known>[] = [];
    let open = 0;
    for (let count = 0; count < 20; count += 1) {
      clock.nowMs += 1;
      asked.push(directory.refresh());
      open = readings.length;
    }
    // One is under way, and none has been begun beside it.
    expect(open).toBe(2);
    await answer(knowing(PAPER));
    await answer(knowing(PAPER, LATER));
    await Promise.all(asked);
    expect(readings).toHaveLength(3);
  });
});

describe("whether there is an account", () => {
  it("is known of one that was read, without a reading", async () => {
    const { directory, clock, readings } = await openWarm(knowing(PAPER));
    clock.nowMs += 30_000;
    expect(await directory.hasAccount(PAPER)).toBe(true);
    expect(readings).toHaveLength(1);
  });

  it("is looked up once more for one that may be new", async () => {
    const { directory, clock, readings, answer } = await openWarm(knowing(PAPER));
    clock.nowMs += 1_001;
    const asked = directory.hasAccount(LATER);
    await settled();
    await answer(knowing(PAPER, LATER));
    expect(await asked).toBe(true);
    expect(readings).toHaveLength(2);
  });

  it("is answered with no for one that is not there, at no reading more a second", async () => {
    const { directory, readings } = await openWarm(knowing(PAPER));
    expect(await directory.hasAccount(LATER)).toBe(false);
    expect(await directory.hasAccount(LATER)).toBe(false);
    expect(readings).toHaveLength(1);
  });
});
