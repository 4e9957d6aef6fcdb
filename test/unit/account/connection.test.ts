import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Connection } from "../../../src/account/connection.ts";
import type { Broker, SubmitEnding } from "../../../src/domain/broker.ts";
import { CLOSED, type CircuitBreaker } from "../../../src/domain/circuit-breaker.ts";
import type { Purpose } from "../../../src/domain/pace.ts";
import type { Approved } from "../../../src/domain/risk/approved.ts";
import type { OrderIntent } from "../../../src/domain/order.ts";
import { NOW_MS, aBroker, aReport, anIntent } from "../../support/builders.ts";
import { CALLER } from "./tables.ts";

const ROOMY = { ratePerSec: 1_000, capacity: 1_000_000 };
const TIMEOUT = { ending: "unknown", code: "timeout" } as const;
const PURPOSES: readonly Purpose[] = ["cancel", "exit", "send", "ask", "watch"];
/** Open since now, to be probed in 15 s. */
const OPEN: CircuitBreaker = {
  state: "open",
  failures: 5,
  openedAtMs: NOW_MS,
  openings: 1,
  retryAtMs: NOW_MS + 15_000,
};

/** A connection with a clock, and a list of what it told about its breaker. */
function connect({ limits = ROOMY, breaker = CLOSED }: { limits?: typeof ROOMY; breaker?: CircuitBreaker } = {}) {
  const clock = { nowMs: NOW_MS };
  const told: string[] = [];
  const troubles: string[] = [];
  const connection = new Connection({
    limits,
    breaker,
    nowMs: () => clock.nowMs,
    onTrouble: (call, { ending, code }) => troubles.push(`${call}: ${ending}, ${code}`),
    onBreakerChange: (before, after, caller) =>
      told.push(`${before.state} → ${after.state}${caller === undefined ? "" : ` by ${caller.actor.id}`}`),
  });
  const listenTo = (broker: Partial<Broker>) => connection.listenTo(aBroker(broker));
  return { clock, told, troubles, connection, listenTo };
}

const intent = anIntent() as Approved<OrderIntent>;

async function fail({ listenTo }: Pick<ReturnType<typeof connect>, "listenTo">, times: number) {
  const broker = listenTo({ find: () => Promise.resolve(TIMEOUT) });
  for (let time = 0; time < times; time++) await broker.find(intent.client_order_id);
}

describe("a connection to a broker that answers", () => {
  it.each(PURPOSES)("lets calls through: %s", (purpose) => {
    expect(connect().connection.draw(purpose)).toEqual({ held: false });
  });

  it("gives every answer on as it is, and names the calls that nothing came of", async () => {
    const answers: Partial<Broker> = {
      submit: () => Promise.resolve({ ending: "accepted", report: aReport() }),
      find: () => Promise.resolve({ ending: "absent" }),
      cancel: () => Promise.resolve({ ending: "requested" }),
      openOrders: () => Promise.resolve({ ending: "listed", items: [] }),
      executions: (sinceMs) => Promise.resolve({ ending: "unknown", code: `since ${sinceMs}` }),
      holdings: () => Promise.resolve({ ending: "not_sent", code: "rate_limited", retryAfterMs: 0 }),
      balances: () => Promise.resolve(TIMEOUT),
      latestTrades: () => Promise.resolve(new Map()),
      supports: () => ({ code: "no", detail: "no" }),
    };
    const { listenTo, troubles } = connect();
    const heard = listenTo(answers);
    const plain = aBroker(answers);
    expect(await heard.submit(intent)).toEqual(await plain.submit(intent));
    expect(await heard.find(intent.client_order_id)).toEqual(await plain.find(intent.client_order_id));
    expect(await heard.cancel("venue-1")).toEqual(await plain.cancel("venue-1"));
    expect(await heard.openOrders()).toEqual(await plain.openOrders());
    expect(await heard.executions(7)).toEqual({ ending: "unknown", code: "since 7" });
    expect(await heard.holdings()).toEqual(await plain.holdings());
    expect(await heard.balances()).toEqual(TIMEOUT);
    expect(await heard.latestTrades(["AAPL"])).toEqual(new Map());
    expect(heard.supports(intent)).toEqual({ code: "no", detail: "no" });
    expect([heard.deduplication, heard.limits]).toEqual([plain.deduplication, plain.limits]);
    expect(troubles).toEqual([
      "executions: unknown, since 7",
      "holdings: not_sent, rate_limited",
      "balances: unknown, timeout",
    ]);
  });

  it("stays closed through fewer than five failures in a row, and tells nobody", async () => {
    const made = connect();
    await fail(made, 4);
    await made.listenTo({ find: () => Promise.resolve({ ending: "absent" }) }).find(intent.client_order_id);
    await fail(made, 4);
    expect([made.connection.isOpen, made.told]).toEqual([false, []]);
  });

  it("is not opened by refusals, which are answers", async () => {
    const made = connect();
    const rejected: SubmitEnding = { ending: "rejected", code: "insufficient_funds", detail: "no" };
    const broker = made.listenTo({ submit: () => Promise.resolve(rejected) });
    for (let time = 0; time < 20; time++) await broker.submit(intent);
    expect(made.connection.isOpen).toBe(false);
  });
});

describe("a connection to a broker that does not answer", () => {
  it("opens with the fifth failure in a row, whichever calls failed, and says so once", async () => {
    const made = connect();
    const broker = made.listenTo({
      submit: () => Promise.resolve(TIMEOUT),
      cancel: () => Promise.resolve({ ending: "unknown", code: "network" }),
      holdings: () => Promise.resolve({ ending: "unknown", code: "http_503" }),
      balances: () => Promise.resolve(TIMEOUT),
      openOrders: () => Promise.resolve(TIMEOUT),
    });
    const calls = [
      () => broker.submit(intent),
      () => broker.cancel("v"),
      () => broker.holdings(),
      () => broker.balances(),
    ];
    for (const call of calls) await call();
    expect(made.connection.isOpen).toBe(false);
    await broker.openOrders();
    expect([made.connection.isOpen, made.told]).toEqual([true, ["closed → open"]]);
  });

  it("holds entries, looks and lists until the probe is due, and lets exits and cancels through", () => {
    const { connection } = connect({ breaker: OPEN });
    const held = { held: true, untilMs: NOW_MS + 15_000 };
    expect(connection.draw("send")).toEqual(held);
    expect(connection.draw("ask")).toEqual(held);
    expect(connection.draw("watch")).toEqual(held);
    expect(connection.draw("cancel")).toEqual({ held: false });
    expect(connection.draw("exit")).toEqual({ held: false });
  });

  it("lets one look through as the probe once the time has come, and no entry", () => {
    const { connection, clock, told } = connect({ breaker: OPEN });
    clock.nowMs += 15_000;
    expect(connection.draw("send")).toMatchObject({ held: true });
    expect(connection.draw("ask")).toEqual({ held: false });
    expect(told).toEqual(["open → half_open"]);
    for (const purpose of ["ask", "watch", "send"] as const) {
      expect(connection.draw(purpose)).toEqual({ held: true, untilMs: clock.nowMs + 30_000 });
    }
    expect(connection.draw("cancel")).toEqual({ held: false });
    expect(connection.draw("exit")).toEqual({ held: false });
  });

  it("lets a second probe through where the first never came back", () => {
    const { connection, clock } = connect({ breaker: OPEN });
    clock.nowMs += 15_000;
    connection.draw("watch");
    clock.nowMs += 29_999;
    expect(connection.draw("watch")).toMatchObject({ held: true });
    clock.nowMs += 1;
    expect(connection.draw("watch")).toEqual({ held: false });
  });

  it("opens again for twice as long when the probe fails", async () => {
    const made = connect({ breaker: OPEN });
    made.clock.nowMs += 15_000;
    made.connection.draw("ask");
    await fail(made, 1);
    expect(made.connection.draw("ask")).toEqual({ held: true, untilMs: made.clock.nowMs + 30_000 });
    expect(made.told).toEqual(["open → half_open", "half_open → open"]);
  });

  it("closes with the first answer to anything, an exit included", async () => {
    const made = connect({ breaker: OPEN });
    made.connection.draw("exit");
    await made.listenTo({ submit: () => Promise.resolve({ ending: "accepted", report: aReport() }) }).submit(intent);
    expect([made.connection.isOpen, made.told]).toEqual([false, ["open → closed"]]);
    expect(made.connection.draw("send")).toEqual({ held: false });
  });

  it("can be closed by a person, who is named, and then says nothing when closed again", () => {
    const { connection, told } = connect({ breaker: OPEN });
    connection.reset(CALLER);
    connection.reset(CALLER);
    expect([connection.isOpen, told]).toEqual([false, ["open → closed by operator"]]);
  });

  it("is as open as it was for the process before it", () => {
    expect(connect({ breaker: OPEN }).connection.isOpen).toBe(true);
  });

  it("is not opened by a price that does not come: prices come from elsewhere", async () => {
    const made = connect();
    const broker = made.listenTo({ latestTrades: () => Promise.resolve(new Map()) });
    for (let time = 0; time < 20; time++) await broker.latestTrades(["AAPL"]);
    expect(made.connection.isOpen).toBe(false);
  });
});

describe("the budget of a connection", () => {
  const turnedAway = (retryAfterMs: number | null) =>
    ({ ending: "not_sent", code: "rate_limited", retryAfterMs }) as const;

  it.each([
    ["as long as it is asked for", 7_000, 7_000],
    ["a second, where that is not said", null, 1_000],
    ["a second at least", 10, 1_000],
    ["two minutes at most", 3_600_000, 120_000],
  ])("is closed for everything after a call was turned away: for %s", async (_, retryAfterMs, forMs) => {
    const made = connect();
    await made.listenTo({ find: () => Promise.resolve(turnedAway(retryAfterMs)) }).find(intent.client_order_id);
    for (const purpose of PURPOSES) {
      expect(made.connection.draw(purpose)).toEqual({ held: true, untilMs: NOW_MS + forMs });
    }
    made.clock.nowMs += forMs;
    expect(made.connection.draw("watch")).toEqual({ held: false });
    expect(made.connection.isOpen).toBe(false);
  });

  it("stays open after a call that never left", async () => {
    const made = connect();
    const notSendable: SubmitEnding = { ending: "not_sent", code: "not_sendable", retryAfterMs: null };
    await made.listenTo({ submit: () => Promise.resolve(notSendable) }).submit(intent);
    expect(made.connection.draw("send")).toEqual({ held: false });
  });

  it("is closed when the broker says that nothing is left, until it says there is more", () => {
    const { connection, clock } = connect();
    connection.heardQuota({ remaining: 3, resetAtMs: NOW_MS + 60_000 });
    expect(connection.draw("watch")).toEqual({ held: false });
    connection.heardQuota({ remaining: 0, resetAtMs: NOW_MS + 20_000 });
    expect(connection.draw("send")).toEqual({ held: true, untilMs: NOW_MS + 20_000 });
    clock.nowMs += 20_000;
    expect(connection.draw("send")).toEqual({ held: false });
  });

  it("keeps something for what matters more", () => {
    const { connection } = connect({ limits: { ratePerSec: 1, capacity: 20 } });
    // Half of it is there at the start of a process.
    const takenBy = (purpose: Purpose): number => {
      let taken = 0;
      while (!connection.draw(purpose).held) taken += 1;
      return taken;
    };
    expect([takenBy("watch"), takenBy("send"), takenBy("cancel")]).toEqual([8, 0, 2]);
    expect(connection.draw("exit")).toEqual({ held: true, untilMs: NOW_MS + 1_000 });
  });

  it("goes to who was turned away before who has just had of it", () => {
    const { connection, clock } = connect({ limits: { ratePerSec: 1, capacity: 20 } });
    while (!connection.draw("send").held);
    expect(connection.draw("ask")).toEqual({ held: true, untilMs: NOW_MS + 1_000 });
    clock.nowMs += 1_000;
    expect(connection.draw("ask")).toEqual({ held: false });
    clock.nowMs += 1_000;
    expect(connection.draw("ask")).toMatchObject({ held: true });
    expect(connection.draw("send")).toEqual({ held: false });
  });

  it("gives nobody a turn for what the breaker has held back", () => {
    const { connection, clock } = connect({ limits: { ratePerSec: 1, capacity: 20 }, breaker: OPEN });
    expect(connection.draw("send")).toMatchObject({ held: true });
    connection.reset(CALLER);
    while (!connection.draw("ask").held);
    clock.nowMs += 1_000;
    expect(connection.draw("ask")).toEqual({ held: false });
  });

  it("does not use up the probe when there is nothing left to probe with", () => {
    const { connection, clock } = connect({ limits: { ratePerSec: 0.001, capacity: 8 }, breaker: OPEN });
    while (!connection.draw("cancel").held);
    clock.nowMs += 15_000;
    expect(connection.draw("watch").held).toBe(true);
    expect(connection.breaker.state).toBe("open");
  });

  it("is kept in every minute, whoever asks for what and when", () => {
    const limits = { ratePerSec: 2, capacity: 10 };
    const asks = fc.array(fc.record({ purpose: fc.constantFrom(...PURPOSES), afterMs: fc.nat({ max: 3_000 }) }), {
      maxLength: 300,
    });
    fc.assert(
      fc.property(asks, (list) => {
        const { connection, clock } = connect({ limits });
        const taken: number[] = [];
        for (const { purpose, afterMs } of list) {
          clock.nowMs += afterMs;
          const pass = connection.draw(purpose);
          if (!pass.held) taken.push(clock.nowMs);
          else expect(pass.untilMs).toBeGreaterThan(clock.nowMs);
        }
        for (const fromMs of taken) {
          const inAMinute = taken.filter((atMs) => atMs >= fromMs && atMs < fromMs + 60_000);
          expect(inAMinute.length).toBeLessThanOrEqual(10 + 2 * 60);
        }
      }),
    );
  });
});
