// One list of all open orders in place of a look at each. Only what the list shows is believed: an order that is missing from
// it has ended, or is too new, or the list is old; it is asked for by name.
import type { Broker, VenueReport } from "../../domain/broker.ts";
import { isThatOrder } from "../../domain/broker.ts";
import type { OrderId } from "../../domain/ids.ts";
import type { OrderRow } from "../orders/orders.ts";

export type SweepDeps = {
  readonly broker: Pick<Broker, "openOrders">;
  readonly report: (row: OrderRow, report: VenueReport) => void;
  readonly postpone: (row: OrderRow) => void;
};

/** Looks at `rows`, all delivered and live, and returns those that the broker did not list. */
export async function sweepOrders(rows: readonly OrderRow[], deps: SweepDeps): Promise<readonly OrderId[]> {
  const listed = await deps.broker.openOrders();
  if (listed.ending !== "listed") {
    for (const row of rows) deps.postpone(row);
    // A list that cannot be read today may be as unreadable tomorrow.
    return listed.ending === "unknown" ? rows.map(({ order }) => order.id) : [];
  }
  const reports = new Map(listed.items.map((report) => [report.client_order_id, report]));
  return rows.flatMap((row) => {
    const report = reports.get(row.order.client_order_id);
    if (report === undefined || !isThatOrder(row.order, report)) return [row.order.id];
    deps.report(row, report);
    return [];
  });
}
