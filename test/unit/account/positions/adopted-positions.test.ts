import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { writeBrokerView } from "../../../../src/account/positions/broker-view.ts";
import { positionIn } from "../../../../src/account/positions/positions.ts";
import { decimalOf } from "../../../../src/domain/money.ts";
import { NOW_MS, aBroker, aHolding, aReport, anExecution, anOrder } from "../../../support/builders.ts";
import { Simulation } from "../simulation.ts";
import { BALANCES, numbered, put } from "../tables.ts";

beforeEach(() => {
  for (const level of ["warn", "error"] as const) vi.spyOn(console, level).mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

it("a fill that was believed from the holdings is not counted again when the order tells of it", async () => {
  const simulation = new Simulation();
  simulation.compares = true;
  const { sql } = simulation;
  writeBrokerView(sql, { atMs: NOW_MS, holdings: [], balances: BALANCES });
  // Nobody knows yet whether the broker has our 10; somebody bought 5 more by other ways.
  put(sql, numbered(anOrder({ delivery: "unknown", outcome: "unknown", attempts: 1 }), 1));
  const filled = { status: "filled" as const, filled_quantity: "10", average_price: "187.25" };
  const toldFromMs = NOW_MS + 60_000;
  simulation.start(
    aBroker({
      deduplication: "none",
      balances: () => simulation.call(20, () => ({ ending: "read" as const, balances: BALANCES })),
      holdings: () =>
        simulation.call(20, () => ({ ending: "listed" as const, items: [aHolding({ quantity: decimalOf("15") })] })),
      find: (id) =>
        simulation.call(20, () =>
          simulation.nowMs < toldFromMs
            ? { ending: "unknown" as const, code: "http_500" }
            : { ending: "found" as const, report: aReport({ client_order_id: id, ...filled }) },
        ),
      executions: () =>
        simulation.call(20, () => ({ ending: "listed" as const, items: [anExecution()], isWhole: true })),
    }),
  );
  const counted = new Set<string>();
  await simulation.run(
    () => simulation.nowMs > toldFromMs + 600_000,
    () => counted.add(positionIn(sql, "AAPL")),
  );
  // 5 and 10 are steps on the way; 25 was never held, and would let a sale of 25 through as an exit.
  expect([...counted]).not.toContain("25");
});
