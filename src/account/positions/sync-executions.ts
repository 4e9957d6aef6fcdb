// Reads the trades behind reported fills. It talks to a small deps interface.
import type { Broker } from "../../domain/broker.ts";
import type { OrderId } from "../../domain/ids.ts";
import type { OrderEvent } from "../../domain/lifecycle.ts";
import { catchUp } from "./executions.ts";
import {
  type OrderRow,
  executingSinceMs,
  giveUpExecuting,
  lookAgain,
  moveExecutingOn,
  readExecuting,
  youngestExecutingAtMs,
} from "../orders/orders.ts";

const DELAY_MS_MIN = 1_000;
const DELAY_MS_MAX = 300_000;
/** A trade can be listed so long after it happened. What was listed up to then is not asked for again. */
const LISTED_LATE_MS_MAX = 600_000;
/** What the broker has not listed in a day it will not list; the reports' own average stays. */
const GIVE_UP_MS = 86_400_000;

export type SyncDeps = {
  readonly sql: SqlStorage;
  readonly broker: Pick<Broker, "executions">;
  readonly commit: <T>(change: () => T) => T;
  readonly nowMs: () => number;
  readonly record: (row: OrderRow, event: OrderEvent) => void;
  readonly onGivenUp: (id: OrderId) => void;
};

/** A list that is read in pieces: since when, when it was begun, and where the next piece begins. */
export type Listing = { readonly sinceMs: number; readonly askedAtMs: number; readonly fromMs: number };

/** What is left to do: nothing, or to ask again after so long, with what has been begun. */
export type Synced = { readonly againInMs: number | null; readonly unfinished: Listing | null };

/** Keeps every listed trade of an order that waits for some. One piece of the list is read in a call. */
export async function syncExecutions(deps: SyncDeps, unfinished: Listing | null = null): Promise<Synced> {
  const { sql, commit, nowMs } = deps;
  const sinceMs = executingSinceMs(sql);
  if (sinceMs === null) return { againInMs: null, unfinished: null };
  const isOldEnough = unfinished !== null && unfinished.sinceMs <= sinceMs;
  const listing = isOldEnough ? unfinished : { sinceMs, askedAtMs: nowMs(), fromMs: sinceMs };
  const listed = await deps.broker.executions(listing.fromMs);
  return commit(() => {
    const items = listed.ending === "listed" ? listed.items : [];
    const byVenueOrder = Map.groupBy(items, ({ venue_order_id: id }) => id);
    for (const row of readExecuting(sql, [...byVenueOrder.keys()])) {
      settleFills(deps, row, byVenueOrder.get(row.order.venue_order_id ?? "") ?? []);
    }
    // Also where nothing can be read: what the broker cannot list would make the list longer with every day.
    const isEnd = listed.ending !== "listed" || listed.isWhole;
    if (isEnd) giveUpExecuting(sql, nowMs() - GIVE_UP_MS).forEach(deps.onGivenUp);
    if (listed.ending !== "listed") return { againInMs: delayToNextList(sql, nowMs()), unfinished: listing };
    if (!listed.isWhole) {
      // One millisecond at least: a piece full of trades of the same moment must not be read for ever.
      const fromMs = Math.max(listed.items.at(-1)?.executed_at_ms ?? 0, listing.fromMs + 1);
      return { againInMs: DELAY_MS_MIN, unfinished: { ...listing, fromMs } };
    }
    moveExecutingOn(sql, listing, listing.askedAtMs - LISTED_LATE_MS_MAX);
    return { againInMs: delayToNextList(sql, nowMs()), unfinished: null };
  });
}

/** Soon for a fill of just now, and less and less often for one that stays without its trades. */
function delayToNextList(sql: SqlStorage, nowMs: number): number | null {
  const youngestMs = youngestExecutingAtMs(sql);
  if (youngestMs === null) return null;
  return Math.min(Math.max((nowMs - youngestMs) / 2, DELAY_MS_MIN), DELAY_MS_MAX);
}

function settleFills({ sql, record }: SyncDeps, row: OrderRow, listed: Parameters<typeof catchUp>[2]): void {
  const settled = catchUp(sql, row.order, listed);
  // The list knows of a trade that no report has told: the next report will.
  if (settled === "ahead") lookAgain(sql, row.order.id);
  if (settled === "ahead" || settled === "behind") return;
  record(row, { type: "executed", averagePrice: settled.averagePrice, executions: settled.added });
}
