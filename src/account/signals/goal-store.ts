// The rows of the account's goals: at most one in a symbol is open.
import type { Goal } from "../../domain/goal/goal.ts";
import type { OrderId, SourceId } from "../../domain/ids.ts";
import type { Sender } from "../door/envelope.ts";

export type GoalRow = {
  readonly id: string;
  /** The signal that wanted it. */
  readonly signal: string;
  readonly source: SourceId;
  readonly requestId: string;
  readonly sender: Sender | null;
  readonly goal: Goal;
  readonly detail: string | null;
  /** From then on, nothing is opened for it any more. */
  readonly expiresAtMs: number;
};

type Row = {
  id: string;
  signal: string;
  source: string;
  request_id: string;
  sender: string;
  goal: string;
  detail: string | null;
  expires_at_ms: number;
};

const COLUMNS = "id, signal, source, request_id, sender, goal, detail, expires_at_ms";

const toRow = (row: Row): GoalRow => ({
  id: row.id,
  signal: row.signal,
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module from a SourceId
  source: row.source as SourceId,
  requestId: row.request_id,
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module from a Sender
  sender: JSON.parse(row.sender) as Sender | null,
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module from a Goal
  goal: JSON.parse(row.goal) as Goal,
  detail: row.detail,
  expiresAtMs: row.expires_at_ms,
});

export const findGoal = (sql: SqlStorage, id: string): GoalRow | undefined =>
  sql.exec<Row>(`SELECT ${COLUMNS} FROM goals WHERE id = ?`, id).toArray().map(toRow)[0];

export const openGoalIn = (sql: SqlStorage, symbol: string): GoalRow | undefined =>
  sql.exec<Row>(`SELECT ${COLUMNS} FROM goals WHERE symbol = ? AND is_open = 1`, symbol).toArray().map(toRow)[0];

export const readOpenGoals = (sql: SqlStorage): GoalRow[] =>
  sql.exec<Row>(`SELECT ${COLUMNS} FROM goals WHERE is_open = 1 ORDER BY id`).toArray().map(toRow);

/** Goals to be planned anew. */
export const readDueGoals = (sql: SqlStorage): GoalRow[] =>
  sql.exec<Row>(`SELECT ${COLUMNS} FROM goals WHERE is_open = 1 AND is_due = 1 ORDER BY id`).toArray().map(toRow);

/** Orders in this symbol have changed. */
export const makeGoalDue = (sql: SqlStorage, symbol: string): void =>
  void sql.exec("UPDATE goals SET is_due = 1 WHERE symbol = ? AND is_open = 1 AND is_due = 0", symbol);

export const makeGoalsDue = (sql: SqlStorage): void =>
  void sql.exec("UPDATE goals SET is_due = 1 WHERE is_open = 1 AND is_due = 0");

/** The orders that a goal has placed, the first one first. */
export const ordersOfGoal = (sql: SqlStorage, id: string): OrderId[] =>
  sql
    .exec<{ id: OrderId }>("SELECT id FROM orders WHERE goal = ? ORDER BY id", id)
    .toArray()
    .map((row) => row.id);

export function storeGoal(sql: SqlStorage, row: GoalRow): void {
  const isOpen = row.goal.stage !== "ended";
  sql.exec(
    `INSERT INTO goals (id, symbol, signal, source, request_id, sender, goal, detail, expires_at_ms, is_open, is_due)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)
     ON CONFLICT (id) DO UPDATE
     SET goal = excluded.goal, detail = excluded.detail, is_open = excluded.is_open, is_due = excluded.is_due`,
    row.id,
    row.goal.instruction.symbol,
    row.signal,
    row.source,
    row.requestId,
    JSON.stringify(row.sender),
    JSON.stringify(row.goal),
    row.detail,
    row.expiresAtMs,
    isOpen ? 1 : 0,
  );
}
