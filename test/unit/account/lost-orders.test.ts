import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { cancelOrder } from "../../../src/account/cancel.ts";
import { addToPosition } from "../../../src/account/positions.ts";
import { settleOrder } from "../../../src/account/settle.ts";
import { decimalOf } from "../../../src/domain/money.ts";
import { isTerminal } from "../../../src/domain/order.ts";
import { NOW_MS, aBroker, aPolicy, anOrder } from "../../support/builders.ts";
import { Simulation } from "./simulation.ts";
import { CALLER, aSignal, admitSignal, at, put, read } from "./tables.ts";

beforeEach(() => {
  for (const level of ["warn", "error"] as const) vi.spyOn(console, level).mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

it("an exit that the broker took and then lost can be settled, and does not trap the next exit for ever", async () => {
  const simulation = new Simulation();
  const { sql } = simulation;
  addToPosition(sql, "AAPL", decimalOf("10"));
  const lost = anOrder({ side: "sell", delivery: "delivered", status: "new", venue_order_id: "venue-1", attempts: 1 });
  put(sql, lost);
  simulation.start(
    aBroker({
      find: () => simulation.call(20, () => ({ ending: "absent" as const })),
      cancel: () => simulation.call(20, () => ({ ending: "too_late" as const })),
    }),
  );
  cancelOrder(sql, lost.id, { ...at(), caller: CALLER });
  await simulation.run(() => simulation.nowMs > NOW_MS + 3 * 3_600_000);
  const word = { outcome: "not_placed", reason: "the broker has no such order" } as const;
  const settled = settleOrder(sql, lost.id, word, { ...at(simulation.nowMs), caller: CALLER });
  const exit = admitSignal(sql, aSignal({ order: { side: "sell" }, requestId: "exit" }), {
    nowMs: simulation.nowMs,
    policy: aPolicy({ trading_state: "reducing" }),
  });
  expect({
    settled: settled.ok,
    lostIsOver: isTerminal(read(sql, lost).order.status),
    exit: exit.ok && exit.value.order.status,
  }).toEqual({ settled: true, lostIsOver: true, exit: "pending_new" });
});
