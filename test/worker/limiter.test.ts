import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiKeyId } from "../../src/domain/api-key.ts";
import { type Limit, Limits } from "../../src/domain/limit.ts";
import { LimiterObject } from "../../src/limiter/limiter-object.ts";
import { type LimiterSubject, limiterStub } from "../../src/limiter/stub.ts";

const LIMITS = Limits.parse({});
const { order_batch: ORDER_BATCH, health: HEALTH, anonymous: ANONYMOUS, authenticated: AUTHENTICATED } = LIMITS;

type Stub = ReturnType<typeof limiterStub>;

let made = 0;
/** A limiter that nobody has asked yet. */
const anAddress = () => limiterStub(env, `ip:198.51.100.${(made += 1)}`);
const aKey = () => limiterStub(env, `key:${ApiKeyId.parse(`key${(made += 1)}`.padEnd(10, "0"))}`);

const draws = (stub: Stub, count: number, limits: readonly Limit[] = [ORDER_BATCH]) =>
  Promise.all(Array.from({ length: count }, () => stub.draw({ limits })));

const allowedOf = (answers: readonly object[]) =>
  answers.filter((answer) => "allowed" in answer && answer.allowed === true).length;

const waitSec = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);

/** What is on the object's disk: rows, and the alarm. */
const stored = (stub: Stub) =>
  runInDurableObject(stub, async (_, { storage }) => ({
    rows: [...storage.kv.list()].length,
    tables: storage.sql.exec("SELECT name FROM sqlite_master").toArray().length,
    alarmAtMs: await storage.getAlarm(),
  }));

const EMPTY = { rows: 0, tables: 0, alarmAtMs: null };

/** Lets the alarm ring when it is set to, as often as it is set. */
async function letAlarmsRing(stub: Stub): Promise<number> {
  for (let rings = 0; ; rings += 1) {
    const { alarmAtMs } = await stored(stub);
    if (alarmAtMs === null) return rings;
    vi.setSystemTime(Math.max(alarmAtMs, Date.now()));
    expect(await runDurableObjectAlarm(stub)).toBe(true);
  }
}

// The platform's own alarms go by the real clock, which this one never falls behind.
beforeEach(() => vi.useFakeTimers({ toFake: ["Date"], now: Date.now() }));
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("a limiter", () => {
  it("refuses when a limit is used up, and recovers", async () => {
    const stub = anAddress();
    expect(allowedOf(await draws(stub, 10))).toBe(10);
    expect(await stub.draw({ limits: [ORDER_BATCH] })).toEqual({
      allowed: false,
      violated: "order_batch",
      retryAfterSec: 6,
      limits: [{ ...ORDER_BATCH, remaining: 0, resetSec: 6 }],
    });
    waitSec(5);
    expect(allowedOf(await draws(stub, 1))).toBe(0);
    waitSec(1);
    expect(allowedOf(await draws(stub, 2))).toBe(1);
    waitSec(60);
    expect(allowedOf(await draws(stub, 11))).toBe(10);
  });

  it("lets no more than the quota through of 50 parallel draws", async () => {
    expect(allowedOf(await draws(anAddress(), 50))).toBe(10);
    expect(allowedOf(await draws(anAddress(), 200, [HEALTH]))).toBe(60);
  });

  it("draws from every limit or from none", async () => {
    const stub = anAddress();
    await draws(stub, 30, [HEALTH, ORDER_BATCH]);
    expect(await stub.draw({ limits: [HEALTH] })).toMatchObject({ limits: [{ remaining: 49 }] });
  });

  it("counts each subject by itself", async () => {
    expect(allowedOf(await draws(anAddress(), 11))).toBe(10);
    expect(allowedOf(await draws(anAddress(), 11))).toBe(10);
  });

  it.each([[ORDER_BATCH], [ANONYMOUS], [{ ...ANONYMOUS, quota: 5 }]])(
    "gives nothing of $quota in $windowSec s back by leaving memory",
    async (limit) => {
      const stub = anAddress();
      for (let allowed = 0; allowed < limit.quota; allowed += 10) {
        await draws(stub, 10, [limit]);
        await evictDurableObject(stub);
      }
      expect(await stub.draw({ limits: [limit] })).toMatchObject({ allowed: false, violated: limit.name });
    },
  );
});

describe("failed authentications", () => {
  it("are refused from the fourth on, for twice as long each time, up to five minutes and over evictions", async () => {
    const stub = anAddress();
    const waits: (number | null)[] = [];
    for (let failed = 0; failed < 13; failed += 1) {
      const { retryAfterSec } = await stub.fail();
      waits.push(retryAfterSec);
      await evictDurableObject(stub);
      if (retryAfterSec !== null) {
        waitSec(retryAfterSec - 1);
        expect(await stub.fail()).toEqual({ retryAfterSec: 1 });
        waitSec(1);
      }
    }
    expect(waits).toEqual([null, null, null, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    waitSec(600);
    expect(await stub.fail()).toEqual({ retryAfterSec: null });
  });

  it("do not keep a draw of the same address out", async () => {
    const stub = anAddress();
    for (let failed = 0; failed < 20; failed += 1) await stub.fail();
    expect(allowedOf(await draws(stub, 1))).toBe(1);
  });
});

describe("the least revision of a key", () => {
  const limits = [AUTHENTICATED];

  it("makes draws with an older one stale, at once and after an eviction", async () => {
    const stub = aKey();
    expect(await stub.draw({ limits, revision: 3 })).toMatchObject({ allowed: true });
    await stub.requireRevision(4);
    expect(await stub.draw({ limits, revision: 3 })).toEqual({ stale: true });
    await evictDurableObject(stub);
    expect(await stub.draw({ limits, revision: 3 })).toEqual({ stale: true });
    expect(await stub.draw({ limits })).toEqual({ stale: true });
    expect(await stub.draw({ limits, revision: 4 })).toMatchObject({ allowed: true });
    expect(await stub.draw({ limits, revision: 5 })).toMatchObject({ allowed: true });
  });

  it("never goes back", async () => {
    const stub = aKey();
    await stub.requireRevision(9);
    await stub.requireRevision(4);
    expect(await stub.draw({ limits, revision: 8 })).toEqual({ stale: true });
  });

  it("draws nothing when it is stale", async () => {
    const stub = aKey();
    await stub.requireRevision(1);
    for (let drawn = 0; drawn < 20; drawn += 1) await stub.draw({ limits: [ORDER_BATCH], revision: 0 });
    const fresh = await stub.draw({ limits: [ORDER_BATCH], revision: 1 });
    expect(fresh).toMatchObject({ limits: [{ remaining: 9 }] });
  });

  it("is all that is left of a key when everything else is forgotten", async () => {
    const stub = aKey();
    await stub.requireRevision(2);
    await stub.draw({ limits, revision: 2 });
    await stub.fail();
    await letAlarmsRing(stub);
    expect(await stored(stub)).toMatchObject({ rows: 1, alarmAtMs: null });
    await evictDurableObject(stub);
    expect(await stub.draw({ limits, revision: 1 })).toEqual({ stale: true });
  });
});

describe("what a limiter stores", () => {
  it("is nothing before it is asked, and for a few draws from limits by the minute", async () => {
    const stub = anAddress();
    expect(await stored(stub)).toEqual(EMPTY);
    await draws(stub, 10, [HEALTH]);
    expect(await stored(stub)).toEqual(EMPTY);
  });

  it("is nothing again when all is forgotten, and it starts anew", async () => {
    const stub = anAddress();
    await draws(stub, 10, [ANONYMOUS]);
    for (let failed = 0; failed < 5; failed += 1) await stub.fail();
    expect(await stored(stub)).toMatchObject({ rows: 1, alarmAtMs: expect.any(Number) });
    const startMs = Date.now();
    await letAlarmsRing(stub);
    expect(Date.now() - startMs).toBe(602_000);
    expect(await stored(stub)).toEqual(EMPTY);
    expect(await stub.fail()).toEqual({ retryAfterSec: null });
    expect(await stored(stub)).toMatchObject({ rows: 1, alarmAtMs: Date.now() + 600_000 });
  });

  it("is nothing again although the object left memory before the alarm", async () => {
    const stub = anAddress();
    await draws(stub, 3, [ANONYMOUS]);
    await evictDurableObject(stub);
    await letAlarmsRing(stub);
    expect(await stored(stub)).toEqual(EMPTY);
    expect(await stub.draw({ limits: [ANONYMOUS] })).toMatchObject({ limits: [{ remaining: 99 }] });
  });

  it("goes from the disk while the address goes on drawing, and the draws still count", async () => {
    const stub = anAddress();
    await stub.fail();
    waitSec(599);
    await draws(stub, 5, [HEALTH]);
    waitSec(1);
    await runDurableObjectAlarm(stub);
    expect(await stored(stub)).toEqual(EMPTY);
    expect(await stub.draw({ limits: [HEALTH] })).toMatchObject({ limits: [{ remaining: 55 }] });
  });

  it("is looked at again when the alarm rings before everything is old", async () => {
    const stub = anAddress();
    await draws(stub, 1, [ANONYMOUS]);
    await draws(stub, 9, [ANONYMOUS]);
    const rings = await letAlarmsRing(stub);
    expect(rings).toBe(2);
    expect(await stored(stub)).toEqual(EMPTY);
  });
});

describe("the use of a key", () => {
  const subject: LimiterSubject = `key:${ApiKeyId.parse("0123456789")}`;
  const request = { limits: [LIMITS.circuit_breaker_reset], revision: 1 };

  /** A limiter of its own over the same disk, whose word about uses is heard. */
  const listening = (work: (limiter: () => LimiterObject, uses: number[]) => void) =>
    runInDurableObject(limiterStub(env, subject), async (_, state) => {
      await state.storage.deleteAll();
      const uses: number[] = [];
      const onUse = async (nowMs: number) => {
        uses.push(nowMs);
      };
      work(() => new LimiterObject(state, env, { onUse }), uses);
    });

  it("is told at most once a minute, also over evictions", async () => {
    const startMs = Date.now();
    await listening((limiter, uses) => {
      for (const atSec of [0, 1, 30, 59, 60, 61, 119, 200]) {
        vi.setSystemTime(startMs + atSec * 1000);
        limiter().draw(request);
      }
      expect(uses.map((atMs) => (atMs - startMs) / 1000)).toEqual([0, 60, 200]);
    });
  });

  it("is a draw that was allowed, and no other", async () => {
    await listening((limiter, uses) => {
      limiter().requireRevision(1);
      limiter().draw({ ...request, revision: 0 });
      expect(uses).toHaveLength(0);
      const object = limiter();
      for (let drawn = 0; drawn < 5; drawn += 1) object.draw(request);
      waitSec(61);
      for (let drawn = 0; drawn < 5; drawn += 1) object.draw(request);
      waitSec(10);
      expect(object.draw(request)).toMatchObject({ allowed: false });
      expect(uses).toHaveLength(2);
    });
  });

  it("that cannot be told goes to the log and not to the caller", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    await runInDurableObject(limiterStub(env, subject), async (_, state) => {
      await state.storage.deleteAll();
      const object = new LimiterObject(state, env, { onUse: () => Promise.reject(new Error("no database")) });
      expect(object.draw(request)).toMatchObject({ allowed: true });
      await vi.waitFor(() => expect(warn).toHaveBeenCalledOnce());
    });
    expect(warn.mock.calls[0]?.[0]).toContain('"limiter.use_not_noted"');
  });
});
