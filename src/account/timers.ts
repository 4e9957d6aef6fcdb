// Many logical timers over the object's one alarm: each kind of the account's own work has at most one row here.

/** What the account does by the clock, beside following its orders, emptying its outbox and forgetting what is old. */
export type TimerName = "executions" | "reconcile" | "instruments" | "goals";

/** Sets a timer; one that is already nearer stays. */
export function setTimer(sql: SqlStorage, name: TimerName, dueAtMs: number): void {
  sql.exec(
    `INSERT INTO timers (name, due_at_ms) VALUES (?, ?)
     ON CONFLICT (name) DO UPDATE SET due_at_ms = excluded.due_at_ms WHERE excluded.due_at_ms < timers.due_at_ms`,
    name,
    dueAtMs,
  );
}

/** Sets a timer whatever it was set to before; `null` stops it. */
export function resetTimer(sql: SqlStorage, name: TimerName, dueAtMs: number | null): void {
  sql.exec("DELETE FROM timers WHERE name = ?", name);
  if (dueAtMs !== null) setTimer(sql, name, dueAtMs);
}

/** When a timer is due; `null` when it is not set. */
export const timerAtMs = (sql: SqlStorage, name: TimerName): number | null =>
  sql.exec<{ due: number }>("SELECT due_at_ms AS due FROM timers WHERE name = ?", name).toArray()[0]?.due ?? null;

export const isTimerDue = (sql: SqlStorage, name: TimerName, nowMs: number): boolean =>
  (timerAtMs(sql, name) ?? Infinity) <= nowMs;

/** When the next timer is due; `null` when none is set. */
export const nextTimerAtMs = (sql: SqlStorage): number | null =>
  sql.exec<{ due: number | null }>("SELECT MIN(due_at_ms) AS due FROM timers").one().due;
