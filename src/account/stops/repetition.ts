// RTS 6 Art. 15(3): a source that repeats itself is stopped at the account until a person releases it. Its exits pass.
import type { AccountId } from "../../domain/ids.ts";
import type { Order } from "../../domain/order.ts";
import type { TradingStop } from "../../domain/trading-stop.ts";
import { setStop } from "./stops.ts";

const REPEATED = "repeated_execution";

/** To be called with every order that was just decided about, in the same transaction. `uuid`: the order's own. */
export function stopIfRepeating(
  sql: SqlStorage,
  order: Order,
  { account, nowMs, uuid }: { readonly account: AccountId; readonly nowMs: number; readonly uuid: string },
): void {
  // A limit that is not set denies as well, and says nothing of what the source has done.
  if (order.verdicts.every(({ rule, reason }) => rule !== REPEATED || reason !== REPEATED)) return;
  const stop: TradingStop = {
    id: uuid,
    account,
    source: order.source,
    symbol: null,
    state: "reducing",
    level: "source",
    set_by: REPEATED,
    set_at: order.created_at,
    reason: `order ${order.id} was one too many in ${order.symbol}`,
  };
  const caller = { actor: { kind: "gateway", id: account }, requestId: order.request_id, clientIp: null } as const;
  setStop(sql, stop, "none", { account, nowMs, random: 0, caller });
}
