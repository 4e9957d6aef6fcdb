// The account's regular question to the broker: what is held, and how much money is there. It talks to a small deps interface.
import type { Broker, VenueBalances } from "../../domain/broker.ts";
import type { AccountId } from "../../domain/ids.ts";
import { type Difference, reconcile } from "../../domain/reconcile.ts";
import { isPositionKnown, readBrokerView, readSuspects, writeBrokerView } from "./broker-view.ts";
import { makeGoalsDue } from "../signals/goal-store.ts";
import { append } from "../journal.ts";
import { makeSymbolDue, readLive } from "../orders/orders.ts";
import { adoptPosition, readPositions } from "./positions.ts";

/** A difference is looked at again after this long, when the broker's own lists have settled. */
const RECHECK_MS = 10_000;
/** While orders live, and else. */
export const BUSY_INTERVAL_MS = 300_000;
const IDLE_INTERVAL_MS = 3_600_000;
const RETRY_MS = 15_000;

export type ReconcileDeps = {
  readonly sql: SqlStorage;
  readonly account: AccountId;
  readonly broker: Pick<Broker, "holdings" | "balances">;
  readonly nowMs: () => number;
  readonly commit: <T>(change: () => T) => T;
  readonly requestId: string;
  /** Told what the broker says of the money, and what it said before, in the transaction that stores it. */
  readonly onBalances: (now: VenueBalances, before: VenueBalances | undefined, askedAtMs: number) => void;
};

/** When to compare next, and whether this time it could be done. */
export type Compared = { readonly nextInMs: number; readonly done: boolean };

const NOT_DONE: Compared = { nextInMs: RETRY_MS, done: false };

/** Compares once. The differences that are believed are journalled and become our positions. */
export async function reconcileAccount(deps: ReconcileDeps): Promise<Compared> {
  const { sql } = deps;
  const before = readPositions(sql);
  // One after the other: together with the orders' calls two would take the audit log's connection.
  const askedAtMs = deps.nowMs();
  const balances = await deps.broker.balances();
  if (balances.ending !== "read") return NOT_DONE;
  const holdings = await deps.broker.holdings();
  if (holdings.ending !== "listed") return NOT_DONE;
  return deps.commit(() => {
    const positions = readPositions(sql);
    const live = readLive(sql);
    const moving = new Set(
      [...positions].filter(([symbol, units]) => before.get(symbol) !== units).map(([symbol]) => symbol),
    );
    const isFirst = !isPositionKnown(sql);
    const suspects = readSuspects(sql);
    const nowMs = deps.nowMs();
    const found = reconcile({ nowMs, positions, holdings: holdings.items, live, moving, suspects, isFirst });
    // A fill that nobody has asked about yet is the likeliest cause: it is known by the next comparison.
    for (const { symbol } of found.suspects) makeSymbolDue(sql, symbol);
    for (const difference of found.adopted) believe(deps, difference, nowMs);
    const view = { atMs: nowMs, holdings: holdings.items, balances: balances.balances };
    deps.onBalances(balances.balances, readBrokerView(sql)?.balances, askedAtMs);
    writeBrokerView(sql, { ...view, suspects: found.suspects });
    if (isFirst) makeGoalsDue(sql);
    const interval = live.length > 0 ? BUSY_INTERVAL_MS : IDLE_INTERVAL_MS;
    return { nextInMs: found.suspects.length > 0 ? RECHECK_MS : interval, done: true };
  });
}

function believe(
  { sql, account, requestId }: ReconcileDeps,
  { symbol, ours, theirs }: Difference,
  nowMs: number,
): void {
  adoptPosition(sql, symbol, theirs, nowMs);
  append(sql, account, {
    time: new Date(nowMs).toISOString(),
    type: "position.reconciled",
    actor: { kind: "gateway", id: account },
    request_id: requestId,
    client_ip: null,
    order_id: null,
    symbol,
    result: { ok: true, code: "position_differs" },
    data: { counted: ours, held: theirs },
  });
}
