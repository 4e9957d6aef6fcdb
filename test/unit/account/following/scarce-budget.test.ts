// A request budget that does not go round: what has to leave all the same, and who else gets a turn.
import { describe, expect, it } from "vitest";
import { Connection } from "../../../../src/account/connection.ts";
import { type DispatchDeps, Dispatcher } from "../../../../src/account/following/dispatcher.ts";
import { CLOSED } from "../../../../src/domain/circuit-breaker.ts";
import type { Order } from "../../../../src/domain/order.ts";
import type { BucketLimits } from "../../../../src/domain/token-bucket.ts";
import { NOW_MS, aBroker, anOrder } from "../../../support/builders.ts";
import { openSqlStorage } from "../sql-storage.ts";
import { numbered, put, putOff } from "../tables.ts";

const MINUTE_MS = 60_000;
/** How long an approval lasts. */
const APPROVAL_MS = 5 * MINUTE_MS;
/** Alpaca's: 50 at once, 2.5 a second. */
const ALPACA: BucketLimits = { capacity: 50, ratePerSec: 2.5 };
/** A fifth of that, so that a fifth of the orders keep it as busy. */
const FIFTH: BucketLimits = { capacity: 10, ratePerSec: 0.5 };

const LIVE = { delivery: "delivered", status: "new", venue_order_id: "venue-1", attempts: 1 };
const entry = anOrder();
const exit = anOrder({ side: "sell", symbol: "MSFT" });
const unknown = anOrder({ delivery: "unknown", outcome: "unknown", attempts: 1 });
const live = anOrder(LIVE);
const canceling = anOrder({ ...LIVE, cancel_requested_at: new Date(NOW_MS).toISOString() });

/** An account at a broker that answers every call at once, and how each order's first call fared. */
function trade(limits: BucketLimits) {
  const sql = openSqlStorage();
  let nowMs = NOW_MS;
  let orders = 0;
  const calledAtMs = new Map<string, number>();
  const connection = new Connection({
    limits,
    breaker: CLOSED,
    nowMs: () => nowMs,
    onTrouble: () => undefined,
    onBreakerChange: () => undefined,
  });
  const deps: DispatchDeps = {
    sql,
    connection,
    broker: aBroker(),
    nowMs: () => nowMs,
    mayLeave: () => true,
    parentLives: () => false,
    isShadow: false,
    predecessorEnded: () => false,
    step: async ({ order }, { move }) => {
      if (move !== "lapse") calledAtMs.set(order.id, nowMs);
      putOff(sql, order, NOW_MS + 24 * 60 * MINUTE_MS);
    },
    sweep: () => Promise.resolve([]),
    start: (work) => void work,
    onEnd: () => void dispatcher.run(deps),
  };
  const dispatcher = new Dispatcher();
  return {
    sql,
    sent: () => calledAtMs.size,
    /** A new order, due now. */
    add(order: Order, isExit = false): Order {
      const added = numbered(order, orders++);
      put(sql, added, { dueAtMs: nowMs, expiresAtMs: nowMs + APPROVAL_MS, isExit });
      return added;
    },
    async pass(ms: number): Promise<void> {
      nowMs += ms;
      dispatcher.run(deps);
      await new Promise((resolve) => setImmediate(resolve));
    },
    /** How long after the start the broker was called for it. */
    calledAfterMs: ({ id }: Order): number => (calledAtMs.get(id) ?? Infinity) - NOW_MS,
    isOver: (...waited: readonly Order[]) =>
      waited.every(({ id }) => calledAtMs.has(id)) || nowMs > NOW_MS + 2 * APPROVAL_MS,
  };
}

describe("more orders than the request budget has calls for", () => {
  it("let an exit leave that comes behind any number of entries", async () => {
    const account = trade(FIFTH);
    for (let count = 0; count < 200; count++) account.add(entry);
    await account.pass(0);
    const order = account.add(exit, true);
    while (!account.isOver(order)) await account.pass(2_000);
    expect(account.calledAfterMs(order)).toBeLessThan(5_000);
  });

  it("let an exit leave that comes behind a cancel of everything", async () => {
    const account = trade(FIFTH);
    // More than go out while an approval lasts.
    for (let count = 0; count < 200; count++) account.add(canceling);
    await account.pass(0);
    const order = account.add(exit, true);
    while (!account.isOver(order)) await account.pass(2_000);
    expect(account.calledAfterMs(order)).toBeLessThan(10_000);
  });

  it("let a cancel leave that comes behind any number of exits", async () => {
    const account = trade(FIFTH);
    for (let count = 0; count < 200; count++) account.add(exit, true);
    await account.pass(0);
    const order = account.add(canceling);
    while (!account.isOver(order)) await account.pass(2_000);
    expect(account.calledAfterMs(order)).toBeLessThan(10_000);
  });

  it("let a doubt and a live order be looked at, however many entries go on coming", async () => {
    const account = trade(ALPACA);
    const orders = [account.add(unknown), account.add(live)];
    for (let count = 0; count < 30; count++) account.add(entry);
    while (!account.isOver(...orders)) {
      account.add(entry);
      await account.pass(333);
    }
    for (const order of orders) expect(account.calledAfterMs(order)).toBeLessThan(MINUTE_MS);
  });

  it("let entries leave, however many doubts and live orders there are", async () => {
    const account = trade(FIFTH);
    for (let count = 0; count < 100; count++) account.add(unknown);
    for (let count = 0; count < 5; count++) account.add(live);
    await account.pass(0);
    const order = account.add(entry);
    while (!account.isOver(order)) await account.pass(2_000);
    expect(account.calledAfterMs(order)).toBeLessThan(MINUTE_MS);
  });

  it("are not written down again and again while they wait", async () => {
    const account = trade(FIFTH);
    for (let count = 0; count < 100; count++) account.add(entry);
    const written = () => account.sql.exec<{ count: number }>("SELECT total_changes() AS count").one().count;
    await account.pass(0);
    const before = { written: written(), sent: account.sent() };
    for (let runs = 0; runs < 600; runs++) await account.pass(100);
    expect(written() - before.written).toBe(account.sent() - before.sent);
    expect(account.sent() - before.sent).toBe(30);
  });
});
