// The account's order rows: one per intent, found by any of its names.
import { purposeOf } from "../domain/follow.ts";
import type { ClientOrderId, OrderId, SourceId } from "../domain/ids.ts";
import { type Decimal, decimalOf, isPositive, subtract } from "../domain/money.ts";
import { type Order, type OrderStatus, type Side, isLive } from "../domain/order.ts";
import type { Purpose } from "../domain/pace.ts";

/** An order and what following it needs to remember. */
export type OrderRow = {
  readonly order: Order;
  /** What the sender asked for, as canonical text. */
  readonly request: string;
  /** After this moment nothing is sent for the first time, or again. */
  readonly expiresAtMs: number;
  /** How often the broker was asked since the order last moved. */
  readonly looks: number;
  /** How often it said it does not have the order. */
  readonly absences: number;
  readonly dueAtMs: number | null;
  /** Since when trades of it may have happened that have not been read; `null` when all have. */
  readonly executionsSinceMs: number | null;
  /** Whether it was approved as an order that only brings a position closer to zero. */
  readonly isExit: boolean;
};

type Row = {
  state: string;
  request: string;
  expires_at_ms: number;
  looks: number;
  absences: number;
  due_at_ms: number | null;
  executions_since_ms: number | null;
  is_exit: number;
};

const COLUMNS = "state, request, expires_at_ms, looks, absences, due_at_ms, executions_since_ms, is_exit";

const toOrderRow = (row: Row): OrderRow => ({
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module from an Order
  order: JSON.parse(row.state) as Order,
  request: row.request,
  expiresAtMs: row.expires_at_ms,
  looks: row.looks,
  absences: row.absences,
  dueAtMs: row.due_at_ms,
  executionsSinceMs: row.executions_since_ms,
  isExit: row.is_exit === 1,
});

export function insertOrder(sql: SqlStorage, row: OrderRow, idempotencyKey: string | null): void {
  const { order } = row;
  sql.exec(
    `INSERT INTO orders (id, client_order_id, source, idempotency_key, request, state, symbol, status, expires_at_ms,
       looks, absences, purpose, due_at_ms, executions_since_ms, is_exit)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    order.id,
    order.client_order_id,
    order.source,
    idempotencyKey,
    row.request,
    JSON.stringify(order),
    order.symbol,
    order.status,
    row.expiresAtMs,
    row.looks,
    row.absences,
    purposeOf(order, row.looks, row.isExit),
    row.dueAtMs,
    row.executionsSinceMs,
    row.isExit ? 1 : 0,
  );
}

export function updateOrder(sql: SqlStorage, row: OrderRow): void {
  sql.exec(
    `UPDATE orders SET state = ?, status = ?, looks = ?, absences = ?, purpose = ?, due_at_ms = ?, executions_since_ms = ?
     WHERE id = ?`,
    JSON.stringify(row.order),
    row.order.status,
    row.looks,
    row.absences,
    purposeOf(row.order, row.looks, row.isExit),
    row.dueAtMs,
    row.executionsSinceMs,
    row.order.id,
  );
}

const readOne = (sql: SqlStorage, where: string, ...values: string[]): OrderRow | undefined =>
  sql
    .exec<Row>(`SELECT ${COLUMNS} FROM orders WHERE ${where}`, ...values)
    .toArray()
    .map(toOrderRow)[0];

export const findOrder = (sql: SqlStorage, id: OrderId): OrderRow | undefined => readOne(sql, "id = ?", id);

export const findByClientOrderId = (sql: SqlStorage, id: ClientOrderId): OrderRow | undefined =>
  readOne(sql, "client_order_id = ?", id);

export const findByIdempotencyKey = (sql: SqlStorage, source: SourceId, key: string): OrderRow | undefined =>
  readOne(sql, "source = ? AND idempotency_key = ?", source, key);

const PURPOSES: readonly Purpose[] = ["cancel", "exit", "send", "ask", "watch"];

/** Orders that are due for one purpose, the longest overdue first. */
export function readDue(sql: SqlStorage, purpose: Purpose, nowMs: number, limit: number): OrderRow[] {
  return sql
    .exec<Row>(
      `SELECT ${COLUMNS} FROM orders WHERE purpose = ? AND due_at_ms <= ? ORDER BY due_at_ms LIMIT ?`,
      purpose,
      nowMs,
      limit,
    )
    .toArray()
    .map(toOrderRow);
}

/** Whether any order is due at `nowMs`, and when the next one after that is. */
export function dueTimes(
  sql: SqlStorage,
  nowMs: number,
): { readonly isAnyDue: boolean; readonly nextMs: number | null } {
  const [due, next] = (["<=", ">"] as const).map((sign) =>
    PURPOSES.flatMap((purpose) => {
      const { at } = sql
        .exec<{ at: number | null }>(
          `SELECT MIN(due_at_ms) AS at FROM orders WHERE purpose = ? AND due_at_ms ${sign} ?`,
          purpose,
          nowMs,
        )
        .one();
      return at === null ? [] : [at];
    }),
  );
  return { isAnyDue: due !== undefined && due.length > 0, nextMs: next?.length ? Math.min(...next) : null };
}

/** Brings forward the orders whose attempt was on the wire when the process ended. */
export function makeInterruptedDue(sql: SqlStorage): void {
  sql.exec(
    `UPDATE orders SET due_at_ms = 0
     WHERE purpose IN ('exit', 'send') AND due_at_ms > 0 AND json_extract(state, '$.delivery') = 'submitting'`,
  );
}

/** Brings forward every order whose outcome is unknown: the broker can be asked again. */
export function makeUnknownDue(sql: SqlStorage): void {
  sql.exec("UPDATE orders SET due_at_ms = 0 WHERE purpose = 'ask' AND due_at_ms > 0");
}

/** Has one order looked at again, also one that has ended. */
export function lookAgain(sql: SqlStorage, id: OrderId): void {
  sql.exec("UPDATE orders SET due_at_ms = 0 WHERE id = ?", id);
}

/** Puts one order off without having looked at it. */
export function putOff(sql: SqlStorage, id: OrderId, dueAtMs: number): void {
  sql.exec("UPDATE orders SET due_at_ms = ? WHERE id = ? AND due_at_ms IS NOT NULL", dueAtMs, id);
}

/** Brings one order forward. */
export function makeDue(sql: SqlStorage, id: OrderId): void {
  sql.exec("UPDATE orders SET due_at_ms = 0 WHERE id = ? AND due_at_ms > 0", id);
}

/** Brings forward the orders that a moved price may have filled. */
export function makeSymbolDue(sql: SqlStorage, symbol: string): void {
  sql.exec("UPDATE orders SET due_at_ms = 0 WHERE purpose = 'watch' AND due_at_ms > 0 AND symbol = ?", symbol);
}

export type OrderQuery = {
  readonly status?: OrderStatus | undefined;
  readonly symbol?: string | undefined;
  /** Only orders older than this id. */
  readonly before?: string | undefined;
  readonly limit: number;
};

/** Newest first. */
export function listOrders(sql: SqlStorage, query: OrderQuery): Order[] {
  const conditions: string[] = ["1 = 1"];
  const values: (string | number)[] = [];
  const where = (condition: string, value: string | undefined) => {
    if (value === undefined) return;
    conditions.push(condition);
    values.push(value);
  };
  where("id < ?", query.before);
  where("status = ?", query.status);
  where("symbol = ?", query.symbol);
  return sql
    .exec<Row>(
      `SELECT ${COLUMNS} FROM orders WHERE ${conditions.join(" AND ")} ORDER BY id DESC LIMIT ?`,
      ...values,
      query.limit,
    )
    .toArray()
    .map((row) => toOrderRow(row).order);
}

/** How many units an order by notional still trades is known to nobody: it takes all the room there is for an exit. */
const MORE_THAN_ANY_POSITION = decimalOf("999999999999999");

/** Every order that may still trade, those of unknown outcome included. */
export const readLive = (sql: SqlStorage): Order[] =>
  PURPOSES.flatMap((purpose) =>
    sql
      .exec<Row>(`SELECT ${COLUMNS} FROM orders WHERE purpose = ? AND due_at_ms IS NOT NULL`, purpose)
      .toArray()
      .map((row) => toOrderRow(row).order)
      .filter(isLive),
  );

/** Orders with trades that have not all been read, the latest first: one that stays without them hides no other. */
export const readExecuting = (sql: SqlStorage, limit: number): OrderRow[] =>
  sql
    .exec<Row>(
      `SELECT ${COLUMNS} FROM orders WHERE executions_since_ms IS NOT NULL ORDER BY executions_since_ms DESC LIMIT ?`,
      limit,
    )
    .toArray()
    .map(toOrderRow);

/** Since when trades may have happened that have not been read; `null` when all have. */
export const executingSinceMs = (sql: SqlStorage): number | null =>
  sql
    .exec<{ since: number | null }>(
      "SELECT MIN(executions_since_ms) AS since FROM orders WHERE executions_since_ms IS NOT NULL",
    )
    .one().since;

/**
 * The unfilled units of the live orders in a symbol on one side, those of unknown outcome included. An order that waits for
 * the end of another one counts once it is released: until then the other one counts.
 */
export function workingQuantities(
  sql: SqlStorage,
  symbol: string,
  side: Side,
  except: readonly (OrderId | null)[] = [],
): Decimal[] {
  return sql
    .exec<Row>(`SELECT ${COLUMNS} FROM orders WHERE due_at_ms IS NOT NULL AND symbol = ?`, symbol)
    .toArray()
    .map((row) => toOrderRow(row).order)
    .filter((order) => order.side === side && isLive(order) && order.delivery !== "waiting")
    .filter((order) => !except.includes(order.id))
    .map((order) => subtract(order.quantity ?? MORE_THAN_ANY_POSITION, order.filled_quantity))
    .filter(isPositive);
}
