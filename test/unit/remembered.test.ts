// When something remembered is read again: no sooner than it has to be, and by one reading for all who ask.
import { describe, expect, it } from "vitest";
import { Remembered } from "../../src/remembered.ts";

const AGES = { refreshMs: 60_000, keptMsMax: 3_600_000 };

/** Over a clock that is set by hand and readings that end when they are told to. */
function remember(startMs = 1_000_000) {
  const clock = { nowMs: startMs };
  const readings: PromiseWithResolvers<string>[] = [];
  const remembered = new Remembered(
    () => {
      const reading = Promise.withResolvers<string>();
      readings.push(reading);
      return reading.promise;
    },
    () => clock.nowMs,
  );
  /** Ends the reading that was begun last. */
  const answer = async (value: string) => {
    readings.at(-1)?.resolve(value);
    await settled();
  };
  const fail = async () => {
    readings.at(-1)?.reject(new Error("away"));
    await settled();
  };
  return { remembered, clock, readings, answer, fail };
}

/** The same, with something read at the present moment. */
async function rememberWarm(value: string) {
  const opened = remember();
  const first = opened.remembered.current(AGES);
  await opened.answer(value);
  await first;
  return opened;
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const REFUSED = { status: "rejected", reason: { message: "away" } };

describe("what was read", () => {
  it("is read once for however many ask for the first time", async () => {
    const { remembered, readings, answer } = remember();
    const asked = [remembered.current(AGES), remembered.since(-Infinity), remembered.current(AGES)];
    await answer("first");
    expect(await Promise.all(asked)).toEqual(["first", "first", "first"]);
    expect(readings).toHaveLength(1);
  });

  it("is gone by while it is young", async () => {
    const { remembered, clock, readings } = await rememberWarm("first");
    clock.nowMs += AGES.refreshMs;
    expect(await remembered.current(AGES)).toBe("first");
    expect(readings).toHaveLength(1);
  });

  it("is read again for those who ask later once it is old, and nobody waits", async () => {
    const { remembered, clock, readings, answer } = await rememberWarm("first");
    clock.nowMs += AGES.refreshMs + 1;
    expect(await remembered.current(AGES)).toBe("first");
    expect(await remembered.current(AGES)).toBe("first");
    expect(readings).toHaveLength(2);
    await answer("second");
    expect(await remembered.current(AGES)).toBe("second");
  });

  it("is still gone by when it cannot be read again, until it is too old", async () => {
    const { remembered, clock, fail } = await rememberWarm("first");
    clock.nowMs += AGES.keptMsMax;
    expect(await remembered.current(AGES)).toBe("first");
    await fail();
    clock.nowMs += 1;
    const [late] = await Promise.allSettled([remembered.current(AGES)]);
    expect(late).toMatchObject(REFUSED);
  });

  it("is waited for by those who need something newer", async () => {
    const { remembered, clock, answer } = await rememberWarm("first");
    clock.nowMs += 1_000;
    const newer = remembered.since(clock.nowMs);
    await answer("second");
    expect(await newer).toBe("second");
  });

  it("is read once more when the reading under way began too early", async () => {
    const { remembered, clock, readings, answer } = remember();
    const first = remembered.current(AGES);
    clock.nowMs += 500;
    const newer = remembered.since(clock.nowMs);
    await answer("first");
    expect(await first).toBe("first");
    await answer("second");
    expect(await newer).toBe("second");
    expect(readings).toHaveLength(2);
  });
});

describe("a reading", () => {
  it("that has failed is told to all who asked, and is tried again a second later", async () => {
    const { remembered, clock, readings, answer, fail } = remember();
    const asked = Promise.allSettled([remembered.current(AGES), remembered.current(AGES)]);
    await fail();
    expect(await asked).toMatchObject([REFUSED, REFUSED]);
    clock.nowMs += 999;
    expect(await Promise.allSettled([remembered.current(AGES)])).toMatchObject([REFUSED]);
    expect(readings).toHaveLength(1);
    clock.nowMs += 1;
    const again = remembered.current(AGES);
    await answer("second");
    expect(await again).toBe("second");
  });

  it("that never ends is given up after ten seconds, and does not undo a younger one when it ends after all", async () => {
    const { remembered, clock, readings, answer } = remember();
    void remembered.current(AGES);
    clock.nowMs += 10_000;
    const asked = remembered.current(AGES);
    await answer("second");
    expect(await asked).toBe("second");
    readings[0]?.resolve("first");
    await settled();
    expect(await remembered.current(AGES)).toBe("second");
  });
});
