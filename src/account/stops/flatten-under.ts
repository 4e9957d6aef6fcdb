// Every position that a stop reaches, left on behalf of whoever set it, and kept like a signal that asked for it: what becomes of
// it is read as any signal's receipt. The caller wraps it in transactionSync, with the stop itself.
import type { AccountId } from "../../domain/ids.ts";
import type { Result } from "../../domain/result.ts";
import { API_SOURCE } from "../../domain/source.ts";
import type { TradingStop } from "../../domain/trading-stop.ts";
import { flatten, keepAll } from "../signals/flatten.ts";
import type { GoalContext } from "../signals/goals.ts";
import { append } from "../journal.ts";
import { type StoredSignal, findSignalOfRequest, storeSignal } from "../signals/signals.ts";
import type { NewId } from "../orders/store-order.ts";
import type { Caller } from "../caller.ts";
import type { Mandate } from "../door/envelope.ts";

type FlattenArgs = {
  readonly account: AccountId;
  readonly caller: Caller;
  readonly nowMs: number;
  readonly newId: () => NewId;
  /** What orders are decided by, or why none can be. */
  readonly deciding: Result<GoalContext, { readonly reason: "misconfigured" }>;
};

const MISCONFIGURED = {
  code: "misconfigured",
  detail: "its settings keep the account from deciding: the log names them",
};

/** What one request has had left already is left once: asked again, because the answer got lost, it is the same receipt. */
export function flattenUnder(
  sql: SqlStorage,
  stop: Pick<TradingStop, "id" | "symbol">,
  { account, caller, nowMs, newId, deciding }: FlattenArgs,
): StoredSignal {
  const known = findSignalOfRequest(sql, caller.requestId);
  if (known !== undefined) return known.signal;
  const { order: id } = newId();
  const signal = mandateOf(caller);
  const steps = deciding.ok
    ? flatten(sql, { ...deciding.value, signal, id }, stop.symbol)
    : keepAll(sql, MISCONFIGURED, stop.symbol);
  const createdAt = new Date(nowMs).toISOString();
  const { source, requestId } = signal;
  const stored: StoredSignal = { id, account, source, requestId, format: "stop", steps, notices: [], createdAt };
  storeSignal(sql, stored, JSON.stringify({ stop: stop.id }), []);
  append(sql, account, {
    time: createdAt,
    type: "positions.flatten_requested",
    actor: caller.actor,
    request_id: requestId,
    client_ip: caller.clientIp,
    order_id: null,
    symbol: stop.symbol,
    result: deciding.ok ? { ok: true, code: "accepted" } : { ok: false, code: deciding.error.reason },
    data: { stop: stop.id, signal: id, steps },
  });
  return stored;
}

/** Its orders come from no source that signs, like any other order of whoever calls the API. */
const mandateOf = (caller: Caller): Mandate => ({
  ...caller,
  source: API_SOURCE,
  sender: null,
  settings: { onOpposite: "exit", defaultSize: null, isUnderStop: true },
});
