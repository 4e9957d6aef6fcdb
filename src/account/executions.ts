// Every trade of the account's orders. Reports say how much of an order was filled; the broker's list of trades says at which
// prices, exactly. An order's trades are stored together once they add up to what was reported.
import type { VenueExecution } from "../domain/broker.ts";
import type { OrderId } from "../domain/ids.ts";
import { type Decimal, add, compare, divide, multiply, roundForWire, ZERO } from "../domain/money.ts";
import type { Execution } from "../domain/execution.ts";
import type { Order } from "../domain/order.ts";

const RETENTION_MS = 365 * 86_400_000;
const PRUNE_BATCH = 500;

type Row = {
  id: string;
  order_id: string;
  symbol: string;
  side: string;
  quantity: string;
  price: string;
  executed_at_ms: number;
};

const COLUMNS = "id, order_id, symbol, side, quantity, price, executed_at_ms";

const toExecution = ({ executed_at_ms, ...row }: Row): Execution =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module from an order and its trade
  ({ ...row, executed_at: new Date(executed_at_ms).toISOString() }) as Execution;

export type CaughtUp = {
  /** The trades that were not stored before. */
  readonly added: readonly VenueExecution[];
  readonly averagePrice: Decimal;
};

/**
 * Stores what is new among `listed` if with it every unit reported as filled is accounted for. `behind`: the list does not
 * show everything yet. `ahead`: it shows more than was reported, so the order has to be looked at first.
 */
export function catchUp(
  sql: SqlStorage,
  order: Order,
  listed: readonly VenueExecution[],
): CaughtUp | "behind" | "ahead" {
  const stored = listOfOrder(sql, order.id);
  const known = new Set(stored.map(({ id }) => id));
  const added = listed.filter(({ execution_id: id }) => !known.has(id) && known.add(id));
  const all = [...stored, ...added];
  const filled = all.map(({ quantity }) => quantity).reduce(add, ZERO);
  const missing = compare(filled, order.filled_quantity);
  if (missing !== 0) return missing < 0 ? "behind" : "ahead";
  for (const execution of added) {
    sql.exec(
      // An id that some other order has already would be the broker's mistake, and must not keep all others from being read.
      `INSERT INTO executions (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      execution.execution_id,
      order.id,
      order.symbol,
      order.side,
      execution.quantity,
      execution.price,
      execution.executed_at_ms,
    );
  }
  const cost = all.map(({ quantity, price }) => multiply(quantity, price)).reduce(add, ZERO);
  return { added, averagePrice: roundForWire(divide(cost, filled)) };
}

const listOfOrder = (sql: SqlStorage, id: OrderId): Execution[] =>
  sql
    .exec<Row>(`SELECT ${COLUMNS} FROM executions WHERE order_id = ? ORDER BY executed_at_ms, id`, id)
    .toArray()
    .map(toExecution);

/** When the order last traded, as far as its trades have been read. */
export const lastExecutedAtMs = (sql: SqlStorage, id: OrderId): number | null =>
  sql.exec<{ at: number | null }>("SELECT MAX(executed_at_ms) AS at FROM executions WHERE order_id = ?", id).one().at;

export type ExecutionQuery = {
  readonly orderId?: OrderId | undefined;
  /** Only trades before this one. */
  readonly before?: string | undefined;
  readonly limit: number;
};

/** Newest first. */
export function listExecutions(sql: SqlStorage, { orderId, before, limit }: ExecutionQuery): Execution[] {
  const cursor = before === undefined ? undefined : findTimeOf(sql, before);
  if (before !== undefined && cursor === undefined) return [];
  return sql
    .exec<Row>(
      `SELECT ${COLUMNS} FROM executions
       WHERE (?1 IS NULL OR order_id = ?1) AND (?2 IS NULL OR (executed_at_ms, id) < (?2, ?3))
       ORDER BY executed_at_ms DESC, id DESC LIMIT ?4`,
      orderId ?? null,
      cursor ?? null,
      before ?? null,
      limit,
    )
    .toArray()
    .map(toExecution);
}

const findTimeOf = (sql: SqlStorage, id: string): number | undefined =>
  sql.exec<{ at: number }>("SELECT executed_at_ms AS at FROM executions WHERE id = ?", id).toArray()[0]?.at;

/** Forgets trades older than 365 days, so many at a time; the audit log keeps them. Returns whether there may be more. */
export function pruneExecutions(sql: SqlStorage, nowMs: number): boolean {
  const deleted = sql.exec(
    "DELETE FROM executions WHERE id IN (SELECT id FROM executions WHERE executed_at_ms < ? LIMIT ?)",
    nowMs - RETENTION_MS,
    PRUNE_BATCH,
  );
  return deleted.rowsWritten >= PRUNE_BATCH;
}
