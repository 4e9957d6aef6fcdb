// A shadow account decides and records, and sends nothing. An order that it approves ends where it is stored (store-order.ts), and
// none is planned to leave (domain/follow.ts). Here is what holds even if one were, and what a change of the mode leaves behind.
import type { AccountId } from "../domain/ids.ts";
import type { Broker } from "../domain/broker.ts";
import type { Order } from "../domain/order.ts";
import { abandonGoals } from "./signals/goals.ts";
import { readLiveRows, updateOrder } from "./orders/orders.ts";
import { mustRecord } from "./orders/record.ts";

/** The same broker, which is given no order. It is asked as before, and still told to cancel: that only takes away. */
export const withoutSending = (broker: Broker): Broker => ({
  ...broker,
  submit: () => Promise.resolve({ ending: "not_sent", code: "shadow", retryAfterMs: null }),
});

const ABANDONED = { code: "mode_changed", detail: "the account has become a shadow, or live" };

/**
 * To be called in the transaction that gives the account another mode, whichever that is. What was decided in one is not sent in
 * the other: orders that never left end, those whose outcome is not known are not sent again, and goals order nothing more.
 * Returns the orders that ended.
 */
export function leaveBehind(
  sql: SqlStorage,
  context: { readonly account: AccountId; readonly nowMs: number },
): readonly Order[] {
  const { nowMs } = context;
  abandonGoals(sql, ABANDONED, context);
  return readLiveRows(sql).flatMap((row) => {
    const { delivery } = row.order;
    if (delivery === "held" || delivery === "waiting" || delivery === "pending") {
      return [mustRecord(sql, row, { type: "shadowed" }, { nowMs, random: 0 }).order];
    }
    updateOrder(sql, { ...row, expiresAtMs: Math.min(row.expiresAtMs, nowMs) });
    return [];
  });
}
