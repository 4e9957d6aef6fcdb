// Every trade of the account's orders. Reports say how much of an order was filled; the broker's list of trades says at which
// prices, exactly. A trade is kept as soon as it is listed, because it may not be listed again; it counts, and shows, once the
// order's trades add up to what was reported.
import type { VenueExecution } from "../../domain/broker.ts";
import type { OrderId } from "../../domain/ids.ts";
import { type Decimal, ZERO, add, compare, decimalOf, divide, multiply, roundForWire } from "../../domain/money.ts";
import type { Execution } from "../../domain/execution.ts";
import type { Order } from "../../domain/order.ts";

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
  /** The trades that did not count before. */
  readonly added: readonly VenueExecution[];
  readonly averagePrice: Decimal;
};

/**
 * Keeps what is new among `listed`. If now every unit reported as filled is accounted for, all of it counts. `behind`: not
 * everything has been listed yet. `ahead`: more was listed than was reported, so the order has to be looked at first.
 */
export function catchUp(
  sql: SqlStorage,
  order: Order,
  listed: readonly VenueExecution[],
): CaughtUp | "behind" | "ahead" {
  const known = readTrades(sql, order.id);
  const ids = new Set(known.map(({ trade }) => trade.execution_id));
  const added = listed.filter(({ execution_id: id }) => !ids.has(id) && ids.add(id));
  const all = [...known.map(({ trade }) => trade), ...added];
  const filled = all.map(({ quantity }) => quantity).reduce(add, ZERO);
  const missing = compare(filled, order.filled_quantity);
  for (const trade of added) insert(sql, order, trade, missing === 0);
  if (missing !== 0) return missing < 0 ? "behind" : "ahead";
  const kept = known.filter(({ counts }) => !counts);
  if (kept.length > 0) sql.exec("UPDATE executions SET counts = 1 WHERE order_id = ? AND counts = 0", order.id);
  const cost = all.map(({ quantity, price }) => multiply(quantity, price)).reduce(add, ZERO);
  return {
    added: [...kept.map(({ trade }) => trade), ...added],
    averagePrice: roundForWire(divide(cost, filled)),
  };
}

function insert(sql: SqlStorage, order: Order, trade: VenueExecution, counts: boolean): void {
  sql.exec(
    // An id that some other order has already would be the broker's mistake, and must not keep all others from being read.
    `INSERT INTO executions (${COLUMNS}, venue_order_id, counts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    trade.execution_id,
    order.id,
    order.symbol,
    order.side,
    trade.quantity,
    trade.price,
    trade.executed_at_ms,
    trade.venue_order_id,
    counts ? 1 : 0,
  );
}

/** Every trade of the order that was ever listed. */
const readTrades = (sql: SqlStorage, id: OrderId): { readonly trade: VenueExecution; readonly counts: boolean }[] =>
  sql
    .exec<Row & { venue_order_id: string; counts: number }>(
      `SELECT ${COLUMNS}, venue_order_id, counts FROM executions WHERE order_id = ? ORDER BY executed_at_ms, id`,
      id,
    )
    .toArray()
    .map((row) => ({
      trade: {
        execution_id: row.id,
        venue_order_id: row.venue_order_id,
        quantity: decimalOf(row.quantity),
        price: decimalOf(row.price),
        executed_at_ms: row.executed_at_ms,
      },
      counts: row.counts === 1,
    }));

/** When the order last traded, as far as its trades have been read. */
export const lastExecutedAtMs = (sql: SqlStorage, id: OrderId): number | null =>
  sql.exec<{ at: number | null }>("SELECT MAX(executed_at_ms) AS at FROM executions WHERE order_id = ?", id).one().at;

export type ExecutionQuery = {
  readonly orderId?: OrderId | undefined;
  readonly symbol?: string | undefined;
  /** Only trades before this one. */
  readonly before?: string | undefined;
  readonly limit: number;
};

/** Newest first; `null` where `before` is no trade that is kept. */
export function listExecutions(sql: SqlStorage, query: ExecutionQuery): Execution[] | null {
  const { orderId, symbol, before, limit } = query;
  const cursor = before === undefined ? undefined : findTimeOf(sql, before);
  if (before !== undefined && cursor === undefined) return null;
  return sql
    .exec<Row>(
      `SELECT ${COLUMNS} FROM executions
       WHERE counts = 1 AND (?1 IS NULL OR order_id = ?1) AND (?2 IS NULL OR (executed_at_ms, id) < (?2, ?3))
         AND (?5 IS NULL OR symbol = ?5)
       ORDER BY executed_at_ms DESC, id DESC LIMIT ?4`,
      orderId ?? null,
      cursor ?? null,
      before ?? null,
      limit,
      symbol ?? null,
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
