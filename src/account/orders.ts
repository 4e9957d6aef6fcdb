// The account's order rows: one per intent, found by any of its names.
import type { ClientOrderId, OrderId, SourceId } from "../domain/ids.ts";
import { type Decimal, decimalOf, isPositive, subtract } from "../domain/money.ts";
import { type Order, type OrderStatus, type Side, isTerminal } from "../domain/order.ts";

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
};

type Row = {
  state: string;
  request: string;
  expires_at_ms: number;
  looks: number;
  absences: number;
  due_at_ms: number | null;
};

const COLUMNS = "state, request, expires_at_ms, looks, absences, due_at_ms";

const toOrderRow = (row: Row): OrderRow => ({
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module from an Order
  order: JSON.parse(row.state) as Order,
  request: row.request,
  expiresAtMs: row.expires_at_ms,
  looks: row.looks,
  absences: row.absences,
  dueAtMs: row.due_at_ms,
});

export function insertOrder(sql: SqlStorage, row: OrderRow, idempotencyKey: string | null): void {
  const { order } = row;
  sql.exec(
    `INSERT INTO orders (id, client_order_id, source, idempotency_key, request, state, symbol, status, expires_at_ms,
       looks, absences, due_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
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
    row.dueAtMs,
  );
}

export function updateOrder(sql: SqlStorage, row: OrderRow): void {
  sql.exec(
    "UPDATE orders SET state = ?, status = ?, looks = ?, absences = ?, due_at_ms = ? WHERE id = ?",
    JSON.stringify(row.order),
    row.order.status,
    row.looks,
    row.absences,
    row.dueAtMs,
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

/** Orders to look at now: what waits to be sent before what waits to be looked up, then the longest overdue. */
export function readDue(sql: SqlStorage, nowMs: number, limit: number): OrderRow[] {
  return sql
    .exec<Row>(
      `SELECT ${COLUMNS} FROM orders WHERE due_at_ms <= ?
       ORDER BY json_extract(state, '$.delivery') <> 'pending', due_at_ms LIMIT ?`,
      nowMs,
      limit,
    )
    .toArray()
    .map(toOrderRow);
}

/** When the next order is to be looked at. */
export function nextDueAtMs(sql: SqlStorage): number | null {
  return sql.exec<{ due: number | null }>("SELECT MIN(due_at_ms) AS due FROM orders WHERE due_at_ms IS NOT NULL").one()
    .due;
}

/** Brings forward the orders whose attempt was on the wire when the process ended. */
export function makeInterruptedDue(sql: SqlStorage): void {
  sql.exec("UPDATE orders SET due_at_ms = 0 WHERE due_at_ms > 0 AND json_extract(state, '$.delivery') = 'submitting'");
}

/** Brings forward the orders that a moved price may have filled. */
export function makeSymbolDue(sql: SqlStorage, symbol: string): void {
  sql.exec(
    "UPDATE orders SET due_at_ms = 0 WHERE due_at_ms > 0 AND symbol = ? AND json_extract(state, '$.delivery') = 'delivered'",
    symbol,
  );
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

/** The unfilled units of every live order in a symbol on one side, those of unknown outcome included. */
export function workingQuantities(sql: SqlStorage, symbol: string, side: Side): Decimal[] {
  return sql
    .exec<Row>(`SELECT ${COLUMNS} FROM orders WHERE due_at_ms IS NOT NULL AND symbol = ?`, symbol)
    .toArray()
    .map((row) => toOrderRow(row).order)
    .filter((order) => order.side === side && !isTerminal(order.status))
    .map((order) => subtract(order.quantity ?? MORE_THAN_ANY_POSITION, order.filled_quantity))
    .filter(isPositive);
}
