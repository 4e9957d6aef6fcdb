// Reads the trades behind reported fills. It talks to a small deps interface.
import type { Broker } from "../domain/broker.ts";
import type { OrderEvent } from "../domain/lifecycle.ts";
import type { Order } from "../domain/order.ts";
import { catchUp } from "./executions.ts";
import { type OrderRow, executingSinceMs, lookAgain, readExecuting, updateOrder } from "./orders.ts";

const ORDERS_MAX = 500;
const DELAY_MS_MIN = 1_000;
const DELAY_MS_MAX = 300_000;
/** What the broker has not listed in a day it will not list; the reports' own average stays. */
const GIVE_UP_MS = 86_400_000;

export type SyncDeps = {
  readonly sql: SqlStorage;
  readonly broker: Pick<Broker, "executions">;
  readonly commit: <T>(change: () => T) => T;
  readonly nowMs: () => number;
  readonly record: (row: OrderRow, event: OrderEvent) => void;
  readonly onGivenUp: (order: Order) => void;
};

/** What is left to do: nothing, or to ask again after so long. */
export type Synced = { readonly againInMs: number | null };

/** Stores every trade that completes an order's fills so far. */
export async function syncExecutions(deps: SyncDeps): Promise<Synced> {
  const { sql, commit, nowMs } = deps;
  const sinceMs = executingSinceMs(sql);
  if (sinceMs === null) return { againInMs: null };
  const listed = await deps.broker.executions(sinceMs);
  const byVenueOrder = Map.groupBy(listed.ending === "listed" ? listed.items : [], ({ venue_order_id: id }) => id);
  return commit(() => {
    const rows = readExecuting(sql, ORDERS_MAX);
    const waiting = rows.filter(
      (row) => !settleFills(deps, row, byVenueOrder.get(row.order.venue_order_id ?? "") ?? []),
    );
    if (waiting.length > 0) return { againInMs: delayToNextList(waiting, nowMs()) };
    return { againInMs: rows.length < ORDERS_MAX ? null : 0 };
  });
}

/** Soon for a fill of just now, and less and less often for one that stays without its trades. */
function delayToNextList(waiting: readonly OrderRow[], nowMs: number): number {
  const youngestMs = Math.max(...waiting.map(({ order }) => Date.parse(order.updated_at)));
  return Math.min(Math.max((nowMs - youngestMs) / 2, DELAY_MS_MIN), DELAY_MS_MAX);
}

/** Whether nothing more is to be done for this order. */
function settleFills(deps: SyncDeps, row: OrderRow, listed: Parameters<typeof catchUp>[2]): boolean {
  const settled = catchUp(deps.sql, row.order, listed);
  if (settled === "ahead" || settled === "behind") {
    // The list knows of a trade that no report has told: the next report will.
    if (settled === "ahead") lookAgain(deps.sql, row.order.id);
    return giveUpIfOld(deps, row);
  }
  deps.record(row, { type: "executed", averagePrice: settled.averagePrice, executions: settled.added });
  return true;
}

/** An order without its trades makes the list longer with every day, until it cannot be read for any order. */
function giveUpIfOld({ sql, nowMs, onGivenUp }: SyncDeps, row: OrderRow): boolean {
  if (nowMs() - Date.parse(row.order.updated_at) < GIVE_UP_MS) return false;
  updateOrder(sql, { ...row, executionsSinceMs: null });
  onGivenUp(row.order);
  return true;
}
