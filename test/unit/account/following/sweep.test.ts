import { describe, expect, it } from "vitest";
import { sweepOrders } from "../../../../src/account/following/sweep.ts";
import type { ListEnding, VenueReport } from "../../../../src/domain/broker.ts";
import { aReport, aRow, anOrder } from "../../../support/builders.ts";
import { idOf, numbered } from "../tables.ts";

const live = anOrder({ delivery: "delivered", status: "new", venue_order_id: "venue-1", attempts: 1 });
const rows = [1, 2, 3].map((index) => aRow({ order: numbered(live, index) }));
const reportOn = (index: number, overrides: object = {}) =>
  aReport({ client_order_id: `order-${index}`, ...overrides });

/** Looks at orders 1, 2 and 3 with one list. */
async function sweep(answer: ListEnding<VenueReport>) {
  const calls: string[] = [];
  const name = (row: (typeof rows)[number]) => row.order.client_order_id;
  const missing = await sweepOrders(rows, {
    broker: {
      openOrders: () => {
        calls.push("openOrders");
        return Promise.resolve(answer);
      },
    },
    report: (row, report) => calls.push(`report ${name(row)} ${report.status}`),
    postpone: (row) => calls.push(`postpone ${name(row)}`),
  });
  return { calls, missing };
}

describe("one list in place of a look at each order", () => {
  it("tells every order what it says of it", async () => {
    const items = [reportOn(3), reportOn(1, { status: "partially_filled", filled_quantity: "4" }), reportOn(2)];
    expect(await sweep({ ending: "listed", items })).toEqual({
      calls: ["openOrders", "report order-1 partially_filled", "report order-2 new", "report order-3 new"],
      missing: [],
    });
  });

  it("says nothing of an order it does not contain: that one is asked for by name", async () => {
    const { calls, missing } = await sweep({ ending: "listed", items: [reportOn(2)] });
    expect(calls).toEqual(["openOrders", "report order-2 new"]);
    expect(missing).toEqual([idOf(1), idOf(3)]);
  });

  it("says nothing at all when it is empty", async () => {
    expect(await sweep({ ending: "listed", items: [] })).toEqual({
      calls: ["openOrders"],
      missing: [idOf(1), idOf(2), idOf(3)],
    });
  });

  it("is not believed of another order under our id", async () => {
    const { calls, missing } = await sweep({
      ending: "listed",
      items: [reportOn(1, { side: "sell" }), reportOn(2), reportOn(3)],
    });
    expect(calls).not.toContain("report order-1 new");
    expect(missing).toEqual([idOf(1)]);
  });

  it("leaves orders alone that are not ours", async () => {
    const items = [1, 2, 3, 4, 5].map((index) => reportOn(index));
    const { calls, missing } = await sweep({ ending: "listed", items });
    expect(calls).toHaveLength(4);
    expect(missing).toEqual([]);
  });

  it("that is refused puts every look off, and nothing is missing", async () => {
    expect(await sweep({ ending: "not_sent", code: "rate_limited", retryAfterMs: 1_000 })).toEqual({
      calls: ["openOrders", "postpone order-1", "postpone order-2", "postpone order-3"],
      missing: [],
    });
  });

  it("that cannot be read puts every look off, and has each order asked for by name the next time", async () => {
    const { calls, missing } = await sweep({ ending: "unknown", code: "unreadable_list" });
    expect(calls).toEqual(["openOrders", "postpone order-1", "postpone order-2", "postpone order-3"]);
    expect(missing).toHaveLength(3);
  });
});
