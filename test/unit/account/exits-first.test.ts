import { expect, it } from "vitest";
import { Connection } from "../../../src/account/connection.ts";
import { type DispatchDeps, Dispatcher } from "../../../src/account/dispatcher.ts";
import { putOff } from "../../../src/account/orders.ts";
import { CLOSED } from "../../../src/domain/circuit-breaker.ts";
import { NOW_MS, aBroker, anOrder } from "../../support/builders.ts";
import { openSqlStorage } from "./sql-storage.ts";
import { numbered, put } from "./tables.ts";

it("an exit leaves within a minute, however many entries wait for the request budget", async () => {
  const sql = openSqlStorage();
  const entries = 1_000;
  const expiresAtMs = NOW_MS + 300_000;
  for (let index = 0; index < entries; index++) put(sql, numbered(anOrder(), index), { expiresAtMs });
  // Alpaca's: 50 at once, 2.5 a second.
  const limits = { capacity: 50, ratePerSec: 2.5 };
  let nowMs = NOW_MS;
  const connection = new Connection({
    limits,
    breaker: CLOSED,
    nowMs: () => nowMs,
    onTrouble: () => undefined,
    onBreakerChange: () => undefined,
  });
  const sent: string[] = [];
  const exitsSentMs: number[] = [];
  const deps: DispatchDeps = {
    sql,
    connection,
    broker: aBroker(),
    nowMs: () => nowMs,
    mayLeave: () => true,
    predecessorEnded: () => false,
    isExit: ({ side }) => side === "sell",
    step: async ({ order }) => {
      sent.push(order.client_order_id);
      if (order.side === "sell") exitsSentMs.push(nowMs);
      putOff(sql, order.id, NOW_MS + 3_600_000);
    },
    sweep: () => Promise.resolve([]),
    hold: ({ order }, untilMs) => putOff(sql, order.id, Math.min(untilMs, nowMs + 15_000)),
    start: (work) => void work,
    onEnd: () => void dispatcher.run(deps),
  };
  const dispatcher = new Dispatcher();
  const tick = async () => {
    dispatcher.run(deps);
    await new Promise((resolve) => setImmediate(resolve));
  };
  await tick();
  put(sql, numbered(anOrder({ side: "sell" }), entries), { dueAtMs: nowMs, expiresAtMs, isExit: true });
  const askedMs = nowMs;
  while (exitsSentMs.length === 0 && nowMs < NOW_MS + 60_000) {
    nowMs += 400;
    await tick();
  }
  expect((exitsSentMs[0] ?? Infinity) - askedMs).toBeLessThan(60_000);
}, 60_000);
