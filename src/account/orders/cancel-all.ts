// A person's wish that nothing be live any more, everywhere or in a symbol. The caller wraps it in transactionSync.
import type { AccountId } from "../../domain/ids.ts";
import type { Order } from "../../domain/order.ts";
import { cancelOrder } from "./cancel.ts";
import type { Caller } from "../caller.ts";
import { readOpenGoals } from "../signals/goal-store.ts";
import { cancelGoal, isGoalKeptByStop, isKeptByStop } from "../signals/goals.ts";
import { append } from "../journal.ts";
import { readLiveRows } from "./orders.ts";
import type { RecordContext } from "./record.ts";
import { dropSequels } from "../signals/sequel-store.ts";

/**
 * Every live order is canceled, replacements that wait among them, and nothing comes any more of what would still be ordered. But for
 * the way out that a stop in force has ordered: whoever wants to stay releases the stop.
 */
export function cancelAll(
  sql: SqlStorage,
  account: AccountId,
  symbol: string | undefined,
  context: RecordContext & { readonly caller: Caller },
): Order[] {
  const { nowMs, caller } = context;
  const isMeant = (one: { readonly symbol: string }) => symbol === undefined || one.symbol === symbol;
  const live = readLiveRows(sql)
    .filter((row) => isMeant(row.order) && !isKeptByStop(sql, row))
    .map(({ order }) => order);
  append(sql, account, {
    time: new Date(nowMs).toISOString(),
    type: "orders.cancel_requested",
    actor: caller.actor,
    request_id: caller.requestId,
    client_ip: caller.clientIp,
    order_id: null,
    symbol: symbol ?? null,
    result: { ok: true, code: "accepted" },
    data: { orders: live.length },
  });
  const why = { code: "canceled", detail: `by request ${caller.requestId}` };
  const goals = readOpenGoals(sql).filter((row) => isMeant(row.goal.instruction) && !isGoalKeptByStop(sql, row));
  for (const goal of goals) cancelGoal(sql, goal, why.detail, { account, nowMs });
  dropSequels(sql, ({ instruction }) => isMeant(instruction), why, { account, nowMs });
  // Replacements first: canceled before the orders they wait for, none of them is released.
  const waitingFirst = live.toSorted((a, b) => Number(b.delivery === "waiting") - Number(a.delivery === "waiting"));
  return waitingFirst.flatMap(({ id }) => {
    const canceled = cancelOrder(sql, id, context);
    return canceled.ok ? [canceled.value] : [];
  });
}
