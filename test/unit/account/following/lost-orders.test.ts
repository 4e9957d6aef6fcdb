import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { cancelOrder } from "../../../../src/account/orders/cancel.ts";
import { addToPosition } from "../../../../src/account/positions/positions.ts";
import { settleOrder } from "../../../../src/account/orders/settle.ts";
import { decimalOf } from "../../../../src/domain/money.ts";
import { isTerminal } from "../../../../src/domain/order.ts";
import { NOW_MS, aBroker, aReport, anOrder } from "../../../support/builders.ts";
import { Simulation } from "../simulation.ts";
import { CALLER, aSignal, admitSignal, at, put, read, typesOf, stopTrading } from "../tables.ts";

const HOUR_MS = 3_600_000;
const live = anOrder({ delivery: "delivered", status: "new", venue_order_id: "venue-1", attempts: 1 });

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
  const lost = anOrder({ ...live, side: "sell" });
  put(sql, lost);
  simulation.start(
    aBroker({
      find: () => simulation.call(20, () => ({ ending: "absent" as const })),
      cancel: () => simulation.call(20, () => ({ ending: "too_late" as const })),
    }),
  );
  cancelOrder(sql, lost.id, { ...at(), caller: CALLER });
  await simulation.run(() => simulation.nowMs > NOW_MS + 3 * HOUR_MS);
  const word = { outcome: "not_placed", without_broker: false, reason: "the broker has no such order" } as const;
  const settled = settleOrder(sql, lost.id, word, { ...at(simulation.nowMs), caller: CALLER });
  stopTrading(sql, "reducing");
  const exit = admitSignal(sql, aSignal({ order: { side: "sell" }, requestId: "exit" }), { nowMs: simulation.nowMs });
  expect({
    settled: settled.ok,
    lostIsOver: isTerminal(read(sql, lost).order.status),
    exit: exit.ok && exit.value.order.status,
  }).toEqual({ settled: true, lostIsOver: true, exit: "pending_new" });
});

it("an order that the broker has lost is given to a person, also where the broker takes every cancel of it", async () => {
  const simulation = new Simulation();
  const { sql } = simulation;
  put(sql, live);
  let calls = 0;
  const answer = <T>(ending: T) => {
    calls += 1;
    return simulation.call(20, () => ending);
  };
  simulation.start(
    aBroker({ find: () => answer({ ending: "absent" }), cancel: () => answer({ ending: "requested" }) }),
  );
  cancelOrder(sql, live.id, { ...at(), caller: CALLER });
  const isOver = () => read(sql, live).order.delivery === "needs_operator";
  await simulation.run(() => isOver() || simulation.nowMs > NOW_MS + HOUR_MS);
  expect(read(sql, live).order).toMatchObject({ delivery: "needs_operator", reason: { code: "gone_from_broker" } });
  expect(simulation.nowMs).toBeLessThan(NOW_MS + HOUR_MS / 4);
  // Seven looks, and a cancel before each of them at most.
  expect(calls).toBeLessThanOrEqual(14);
});

it("a live order that the broker shows with other terms is given to a person, and nothing of it is believed", async () => {
  const simulation = new Simulation();
  const { sql } = simulation;
  put(sql, live);
  // Their desk has taken the quantity down to 8, and all of it was filled.
  const other = aReport({ quantity: "8", status: "filled", filled_quantity: "8", average_price: "187.25" });
  let looks = 0;
  simulation.start(
    aBroker({
      find: () => {
        looks += 1;
        return simulation.call(20, () => ({ ending: "found", report: other }));
      },
    }),
  );
  const isOver = () => read(sql, live).order.delivery === "needs_operator";
  await simulation.run(() => isOver() || simulation.nowMs > NOW_MS + HOUR_MS);
  expect(read(sql, live).order).toMatchObject({
    delivery: "needs_operator",
    status: "new",
    filled_quantity: "0",
    reason: { code: "other_order_found" },
  });
  expect(looks).toBe(7);
  expect(typesOf(sql, live)).toEqual(["order.needs_operator"]);
});

it("a live order that the broker shows with other terms now and then stays ours", async () => {
  const simulation = new Simulation();
  const { sql } = simulation;
  put(sql, live);
  let looks = 0;
  simulation.start(
    aBroker({
      find: () => {
        looks += 1;
        const report = looks % 7 === 0 ? aReport() : aReport({ quantity: "8" });
        return simulation.call(20, () => ({ ending: "found", report }));
      },
    }),
  );
  await simulation.run(() => simulation.nowMs > NOW_MS + HOUR_MS);
  expect(looks).toBeGreaterThan(50);
  expect(read(sql, live).order).toEqual(live);
});
