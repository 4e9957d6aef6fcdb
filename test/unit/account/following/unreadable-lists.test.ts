import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { isTerminal } from "../../../../src/domain/order.ts";
import { NOW_MS, aBroker, aReport, anExecution, anOrder } from "../../../support/builders.ts";
import { Simulation } from "../simulation.ts";
import { numbered, put, read } from "../tables.ts";

beforeEach(() => {
  for (const level of ["warn", "error"] as const) vi.spyOn(console, level).mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

it("a list that cannot be read, because of one order beside ours, does not hide the fills of six", async () => {
  const simulation = new Simulation();
  const { sql } = simulation;
  const live = anOrder({ delivery: "delivered", status: "new", venue_order_id: "venue-1", attempts: 1 });
  const orders = [0, 1, 2, 3, 4, 5].map((index) => numbered({ ...live, venue_order_id: `venue-${index}` }, index));
  for (const order of orders) put(sql, order);
  const asked: string[] = [];
  simulation.start(
    aBroker({
      // Somebody's order in the same account has a status that is not in our table (Alpaca: pending_review).
      openOrders: () => {
        asked.push("openOrders");
        return simulation.call(20, () => ({ ending: "unknown" as const, code: "unrecognised_status" }));
      },
      find: (id) => {
        asked.push(id);
        const filled = { status: "filled" as const, filled_quantity: "10", average_price: "187.25" };
        const venueOrderId = `venue-${id.replace("order-", "")}`;
        const report = aReport({ client_order_id: id, venue_order_id: venueOrderId, ...filled });
        return simulation.call(20, () => ({ ending: "found" as const, report }));
      },
      executions: () =>
        simulation.call(20, () => ({
          ending: "listed" as const,
          items: orders.map((_, index) =>
            anExecution({ execution_id: `e-${index}`, venue_order_id: `venue-${index}` }),
          ),
          isWhole: true,
        })),
    }),
  );
  const areOver = () => orders.every((order) => isTerminal(read(sql, order).order.status));
  await simulation.run(() => areOver() || simulation.nowMs > NOW_MS + 3_600_000);
  expect({ areOver: areOver(), named: asked.some((name) => name !== "openOrders") }).toEqual({
    areOver: true,
    named: true,
  });
});
