// The circuit breaker over restarts: a broker that was not there a moment ago is not there for a new process either.
import type { AuditEventType } from "../domain/audit-entry.ts";
import { type CircuitBreaker, CLOSED, nextProbeAtMs } from "../domain/circuit-breaker.ts";
import type { AccountId } from "../domain/ids.ts";
import { append } from "./journal.ts";
import { makeCancelsDue, makeUnknownDue } from "./orders/orders.ts";
import { resetTimer } from "./timers.ts";
import type { Caller } from "./caller.ts";

export function readBreaker(sql: SqlStorage): CircuitBreaker {
  const row = sql.exec<{ state: string }>("SELECT state FROM circuit_breaker WHERE id = 1").toArray()[0];
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module from a CircuitBreaker
  return row === undefined ? CLOSED : (JSON.parse(row.state) as CircuitBreaker);
}

export type BreakerChange = {
  readonly account: AccountId;
  readonly before: CircuitBreaker;
  readonly after: CircuitBreaker;
  readonly nowMs: number;
  readonly requestId: string;
  /** Who reset it; absent where it changed by itself. */
  readonly caller: Caller | undefined;
};

/**
 * Keeps a changed breaker, journals it when it opened or closed, and sets what follows: the comparison of positions is what
 * probes an open one, a broker that is gone is sent every cancel that somebody wants, and one that is back is asked about every
 * order of unknown outcome.
 */
export function changeBreaker(sql: SqlStorage, change: BreakerChange): void {
  const { before, after, nowMs, caller } = change;
  writeBreaker(sql, after);
  const probeAtMs = nextProbeAtMs(after);
  resetTimer(sql, "reconcile", probeAtMs ?? nowMs);
  if (after.state === "closed") makeUnknownDue(sql);
  if (before.state === "closed") makeCancelsDue(sql);
  const type = nameOf(change);
  if (type === undefined) return;
  append(sql, change.account, {
    time: new Date(nowMs).toISOString(),
    type,
    actor: caller?.actor ?? { kind: "gateway", id: change.account },
    request_id: caller?.requestId ?? change.requestId,
    client_ip: caller?.clientIp ?? null,
    order_id: null,
    symbol: null,
    result: { ok: after.state === "closed", code: after.state },
    data: { consecutive_failures: Math.max(before.failures, after.failures) },
  });
}

function nameOf({ before, after, caller }: BreakerChange): AuditEventType | undefined {
  if (after.state === "closed") return caller === undefined ? "circuit_breaker.closed" : "circuit_breaker.reset";
  return before.state === "closed" ? "circuit_breaker.opened" : undefined;
}

function writeBreaker(sql: SqlStorage, breaker: CircuitBreaker): void {
  sql.exec(
    "INSERT INTO circuit_breaker (id, state) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET state = excluded.state",
    JSON.stringify(breaker),
  );
}
