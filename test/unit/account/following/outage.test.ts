// A broker that does not answer, and somebody who wants an order canceled there.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { changeBreaker } from "../../../../src/account/breaker-store.ts";
import { cancelOrder } from "../../../../src/account/orders/cancel.ts";
import type { CancelEnding } from "../../../../src/domain/broker.ts";
import { CLOSED } from "../../../../src/domain/circuit-breaker.ts";
import { NOW_MS, aBroker, aReport, anOrder } from "../../../support/builders.ts";
import { Simulation } from "../simulation.ts";
import { ACCOUNT, CALLER, at, numbered, put } from "../tables.ts";

const MINUTE_MS = 60_000;
const TIMEOUT = { ending: "unknown", code: "timeout" } as const;
const live = anOrder({ delivery: "delivered", status: "new", venue_order_id: "venue-1", attempts: 1 });

beforeEach(() => {
  for (const level of ["log", "warn", "error"] as const) vi.spyOn(console, level).mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** One live order. Looks are answered after a while, if at all; cancels at once, and it is noted when they were sent. */
function trade(answers: { isLookAnswered: () => boolean; cancel: (afterMs: number) => CancelEnding }) {
  const simulation = new Simulation();
  const cancelsAfterMs: number[] = [];
  let isCanceled = false;
  put(simulation.sql, live);
  const broker = aBroker({
    find: () =>
      answers.isLookAnswered()
        ? simulation.call(20, () => ({ ending: "found", report: aReport({ status: isCanceled ? "canceled" : "new" }) }))
        : simulation.call(10_000, () => TIMEOUT),
    cancel: () => {
      const afterMs = simulation.nowMs - NOW_MS;
      cancelsAfterMs.push(afterMs);
      return simulation.call(20, () => {
        const ending = answers.cancel(afterMs);
        isCanceled ||= ending.ending === "requested";
        return ending;
      });
    },
  });
  return {
    simulation,
    broker,
    cancelsAfterMs,
    wantCanceled: () => cancelOrder(simulation.sql, live.id, { ...at(simulation.nowMs), caller: CALLER }),
    isCanceled: () => isCanceled,
    isOver: () => isCanceled || simulation.nowMs > NOW_MS + 10 * MINUTE_MS,
  };
}

describe("an order that somebody wants canceled while the breaker is open", () => {
  const open = {
    state: "open",
    failures: 5,
    openedAtMs: NOW_MS,
    openings: 5,
    retryAtMs: NOW_MS + 4 * MINUTE_MS,
  } as const;

  it("is canceled as soon as the broker takes cancels again, though no look passes before the probe", async () => {
    const backAfterMs = 5_000;
    const { simulation, broker, cancelsAfterMs, wantCanceled, isCanceled, isOver } = trade({
      isLookAnswered: () => true,
      cancel: (afterMs) => (afterMs < backAfterMs ? TIMEOUT : { ending: "requested" }),
    });
    const change = { account: ACCOUNT, before: CLOSED, after: open, nowMs: NOW_MS, requestId: "r", caller: undefined };
    changeBreaker(simulation.sql, change);
    simulation.start(broker);
    wantCanceled();
    await simulation.run(isOver);
    expect(isCanceled()).toBe(true);
    expect(cancelsAfterMs.at(-1)).toBeLessThan(10_000);
    expect(cancelsAfterMs.length).toBeGreaterThan(2);
  });

  it("is tried less and less often, and once a minute at least, until then", async () => {
    const { simulation, broker, cancelsAfterMs, wantCanceled, isOver } = trade({
      isLookAnswered: () => false,
      cancel: () => TIMEOUT,
    });
    const change = { account: ACCOUNT, before: CLOSED, after: open, nowMs: NOW_MS, requestId: "r", caller: undefined };
    changeBreaker(simulation.sql, change);
    simulation.start(broker);
    wantCanceled();
    await simulation.run(isOver);
    const pausesMs = cancelsAfterMs.slice(1).map((afterMs, index) => afterMs - (cancelsAfterMs[index] ?? 0));
    expect(pausesMs.length).toBeGreaterThan(8);
    for (const pauseMs of pausesMs) expect(pauseMs).toBeLessThanOrEqual(MINUTE_MS + 20);
  });
});

describe("a cancel that failed while the breaker was closed", () => {
  it("is sent again as soon as other calls have opened it", async () => {
    const simulation = new Simulation();
    const { sql } = simulation;
    const wanted = numbered(live, 1);
    put(sql, wanted, { dueAtMs: NOW_MS + MINUTE_MS });
    for (const index of [2, 3, 4, 5]) put(sql, numbered({ ...live, venue_order_id: `venue-${index}` }, index));
    const cancelsAfterMs: number[] = [];
    simulation.start(
      aBroker({
        find: () => simulation.call(50, () => TIMEOUT),
        openOrders: () => simulation.call(50, () => TIMEOUT),
        cancel: () => {
          cancelsAfterMs.push(simulation.nowMs - NOW_MS);
          return simulation.call(10, () => TIMEOUT);
        },
      }),
    );
    cancelOrder(sql, wanted.id, { ...at(), caller: CALLER });
    await simulation.run(() => cancelsAfterMs.length > 1 || simulation.nowMs > NOW_MS + 5 * MINUTE_MS);
    expect(cancelsAfterMs).toHaveLength(2);
    expect(cancelsAfterMs[1]).toBeLessThan(10_000);
  });
});

describe("an order that somebody wants canceled while it is being looked at", () => {
  it("is canceled when that look ends, also where no look has been answered for long", async () => {
    const { simulation, broker, cancelsAfterMs, wantCanceled, isOver } = trade({
      isLookAnswered: () => false,
      cancel: () => ({ ending: "requested" }),
    });
    simulation.start(broker);
    const wantedAfterMs = 50_000;
    simulation.at(NOW_MS + wantedAfterMs, wantCanceled);
    await simulation.run(isOver);
    expect(cancelsAfterMs).toHaveLength(1);
    // The look has ten seconds.
    expect(cancelsAfterMs[0]).toBeLessThan(wantedAfterMs + 11_000);
  });

  it("is canceled at once when that look is answered", async () => {
    const { simulation, broker, cancelsAfterMs, wantCanceled, isOver } = trade({
      isLookAnswered: () => true,
      cancel: () => ({ ending: "requested" }),
    });
    simulation.start(broker);
    simulation.at(NOW_MS + 10, wantCanceled);
    await simulation.run(isOver);
    expect(cancelsAfterMs).toEqual([20]);
  });
});
