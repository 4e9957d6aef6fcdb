// A person's wish that nothing be live any more, everywhere or in a symbol. The caller wraps it in transactionSync.
import type { AccountId } from "../domain/ids.ts";
import type { Order } from "../domain/order.ts";
import { cancelOrder } from "./cancel.ts";
import type { Caller } from "./caller.ts";
import { abandonGoals } from "./goals.ts";
import { append } from "./journal.ts";
import { readLive } from "./orders.ts";
import type { RecordContext } from "./record.ts";

/** Every live order is canceled, replacements that wait among them, and nothing comes any more of what would still be ordered. */
export function cancelAll(
  sql: SqlStorage,
  account: AccountId,
  symbol: string | undefined,
  context: RecordContext & { readonly caller: Caller },
): Order[] {
  const { nowMs, caller } = context;
  const live = readLive(sql).filter((order) => symbol === undefined || order.symbol === symbol);
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
  abandonGoals(sql, { code: "canceled", detail: `by request ${caller.requestId}` }, { account, nowMs }, symbol);
  // Replacements first: canceled before the orders they wait for, none of them is released.
  const waitingFirst = live.toSorted((a, b) => Number(b.delivery === "waiting") - Number(a.delivery === "waiting"));
  return waitingFirst.flatMap(({ id }) => {
    const canceled = cancelOrder(sql, id, context);
    return canceled.ok ? [canceled.value] : [];
  });
}
