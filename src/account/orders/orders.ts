// The account's order rows: one per intent, found by any of its names.
import { LOOKS_PER_CANCEL, purposeOf } from "../../domain/follow.ts";
import { tradesAtOnce } from "../../domain/goal/obstacles.ts";
import type { ClientOrderId, OrderId, SourceId } from "../../domain/ids.ts";
import { type Order, type OrderStatus, type OrderType, isLive } from "../../domain/order.ts";
import type { Purpose } from "../../domain/pace.ts";

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
  /** The goal that has placed it, if one has. */
  readonly goal: string | null;
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
  goal: string | null;
};

const COLUMNS = "state, request, expires_at_ms, looks, absences, due_at_ms, executions_since_ms, is_exit, goal";

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
  goal: row.goal,
});

/** The type that was asked for, before the collar had its say. */
export function askedTypeOf({ order, request }: Pick<OrderRow, "order" | "request">): OrderType {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an order or a change of one, written by this gateway
  const asked = JSON.parse(request) as Partial<Pick<Order, "type">>;
  // A replacement names no type; its arithmetic is only ever that of a market order that was bounded.
  return asked.type ?? (order.arithmetic === undefined ? order.type : "market");
}

/** Whether it trades as soon as the venue can, also where the collar has given a market order its price. */
export const isAtOnce = (row: OrderRow): boolean => tradesAtOnce({ ...row.order, type: askedTypeOf(row) });

/** The last id of an order or of a signal; `undefined` before the first. Found at the ends of two indexes. */
export function lastId(sql: SqlStorage): OrderId | undefined {
  const { orders, signals } = sql
    .exec<{ orders: OrderId | null; signals: OrderId | null }>(
      "SELECT (SELECT MAX(id) FROM orders) AS orders, (SELECT MAX(id) FROM signals) AS signals",
    )
    .one();
  return [orders, signals]
    .filter((id) => id !== null)
    .toSorted()
    .at(-1);
}

export function insertOrder(sql: SqlStorage, row: OrderRow, idempotencyKey: string | null): void {
  const { order } = row;
  if (idempotencyKey !== null) rememberKey(sql, order, idempotencyKey);
  sql.exec(
    `INSERT INTO orders (id, client_order_id, source, request, state, symbol, status, expires_at_ms,
       looks, absences, purpose, due_at_ms, executions_since_ms, is_exit, goal)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    order.id,
    order.client_order_id,
    order.source,
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
    row.goal,
  );
}

/** A request with this key was for this order. A key that is known keeps its order. */
export function rememberKey(sql: SqlStorage, { id, source }: Pick<Order, "id" | "source">, key: string): void {
  sql.exec(
    "INSERT INTO order_keys (source, idempotency_key, order_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    source,
    key,
    id,
  );
}

export function updateOrder(sql: SqlStorage, row: OrderRow): void {
  sql.exec(
    `UPDATE orders SET state = ?, status = ?, expires_at_ms = ?, looks = ?, absences = ?, purpose = ?, due_at_ms = ?,
       executions_since_ms = ?
     WHERE id = ?`,
    JSON.stringify(row.order),
    row.order.status,
    row.expiresAtMs,
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
  readOne(sql, "id = (SELECT order_id FROM order_keys WHERE source = ? AND idempotency_key = ?)", source, key);

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

/** Brings forward the cancels that somebody wants, looks between them left out: only cancels pass where nothing else does. */
export function makeCancelsDue(sql: SqlStorage): void {
  sql
    .exec<Row>(
      `SELECT ${COLUMNS} FROM orders WHERE purpose = 'watch' AND due_at_ms IS NOT NULL
         AND json_extract(state, '$.cancel_requested_at') IS NOT NULL`,
    )
    .toArray()
    .map(toOrderRow)
    .forEach((row) => updateOrder(sql, { ...row, looks: row.looks + (row.looks % LOOKS_PER_CANCEL), dueAtMs: 0 }));
}

/** Has one order looked at again, also one that has ended. */
export function lookAgain(sql: SqlStorage, id: OrderId): void {
  sql.exec("UPDATE orders SET due_at_ms = 0 WHERE id = ?", id);
}

/** Brings one order forward. */
export function makeDue(sql: SqlStorage, id: OrderId): void {
  sql.exec("UPDATE orders SET due_at_ms = 0 WHERE id = ? AND due_at_ms > 0", id);
}

/** Has a live order looked at now, and soon again, because something else has happened that changes it. */
export function watchAnew(sql: SqlStorage, id: OrderId): void {
  const row = findOrder(sql, id);
  // A look comes first also where a cancel is wanted: it may be over.
  if (row !== undefined && isLive(row.order)) updateOrder(sql, { ...row, looks: 1, dueAtMs: 0 });
}

/** Brings forward the orders that a moved price may have filled. */
export function makeSymbolDue(sql: SqlStorage, symbol: string): void {
  sql.exec("UPDATE orders SET due_at_ms = 0 WHERE purpose = 'watch' AND due_at_ms > 0 AND symbol = ?", symbol);
}

export type OrderQuery = {
  readonly clientOrderId?: ClientOrderId | undefined;
  readonly status?: OrderStatus | undefined;
  readonly symbol?: string | undefined;
  /** Only orders older than this id. */
  readonly before?: string | undefined;
  /** No orders older than this id. */
  readonly from?: string | undefined;
  readonly limit: number;
};

/** Newest first. */
export const listOrders = (sql: SqlStorage, query: OrderQuery): Order[] =>
  listOrderRows(sql, query).map(({ order }) => order);

/** The same, with what following them needs to remember. */
export function listOrderRows(sql: SqlStorage, query: OrderQuery): OrderRow[] {
  const conditions: string[] = ["1 = 1"];
  const values: (string | number)[] = [];
  const where = (condition: string, value: string | undefined) => {
    if (value === undefined) return;
    conditions.push(condition);
    values.push(value);
  };
  where("id < ?", query.before);
  where("id >= ?", query.from);
  where("client_order_id = ?", query.clientOrderId);
  where("status = ?", query.status);
  where("symbol = ?", query.symbol);
  return sql
    .exec<Row>(
      `SELECT ${COLUMNS} FROM orders WHERE ${conditions.join(" AND ")} ORDER BY id DESC LIMIT ?`,
      ...values,
      query.limit,
    )
    .toArray()
    .map(toOrderRow);
}

/** Every order whose id is not before this one, the oldest first. */
export const listOrdersFrom = (sql: SqlStorage, id: string): OrderRow[] =>
  sql.exec<Row>(`SELECT ${COLUMNS} FROM orders WHERE id >= ? ORDER BY id`, id).toArray().map(toOrderRow);

/** Every order that may still trade, those of unknown outcome included. */
export const readLive = (sql: SqlStorage): Order[] => readLiveRows(sql).map(({ order }) => order);

export const readLiveRows = (sql: SqlStorage): OrderRow[] =>
  PURPOSES.flatMap((purpose) =>
    sql
      .exec<Row>(`SELECT ${COLUMNS} FROM orders WHERE purpose = ? AND due_at_ms IS NOT NULL`, purpose)
      .toArray()
      .map(toOrderRow)
      .filter(({ order }) => isLive(order)),
  );

/** Of these orders at the venue, the ones with trades that have not all been read; and those that have kept some already. */
export const readExecuting = (sql: SqlStorage, venueOrderIds: readonly string[]): OrderRow[] =>
  sql
    .exec<Row>(
      `SELECT ${COLUMNS} FROM orders WHERE executions_since_ms IS NOT NULL
         AND (json_extract(state, '$.venue_order_id') IN (SELECT value FROM json_each(?))
           OR id IN (SELECT order_id FROM executions WHERE counts = 0))`,
      JSON.stringify(venueOrderIds),
    )
    .toArray()
    .map(toOrderRow);

/** When an order was last told to have filled whose trades have not all been read; `null` when there is none. */
export function youngestExecutingAtMs(sql: SqlStorage): number | null {
  const { at } = sql
    .exec<{ at: string | null }>(
      "SELECT MAX(json_extract(state, '$.updated_at')) AS at FROM orders WHERE executions_since_ms IS NOT NULL",
    )
    .one();
  return at === null ? null : Date.parse(at);
}

/**
 * Every trade since `sinceMs` that happened before `toMs` has been listed. An order that was told to have filled after
 * `askedAtMs` may have been passed over by what was listed before.
 */
export function moveExecutingOn(
  sql: SqlStorage,
  { sinceMs, askedAtMs }: { readonly sinceMs: number; readonly askedAtMs: number },
  toMs: number,
): void {
  sql.exec(
    `UPDATE orders SET executions_since_ms = ?2 WHERE executions_since_ms >= ?1 AND executions_since_ms < ?2
       AND json_extract(state, '$.updated_at') <= ?3`,
    sinceMs,
    toMs,
    new Date(askedAtMs).toISOString(),
  );
}

/** Stops waiting for the trades of orders that last filled before then; returns those. */
export const giveUpExecuting = (sql: SqlStorage, beforeMs: number): OrderId[] =>
  sql
    .exec<{ id: OrderId }>(
      `UPDATE orders SET executions_since_ms = NULL
       WHERE executions_since_ms IS NOT NULL AND json_extract(state, '$.updated_at') <= ? RETURNING id`,
      new Date(beforeMs).toISOString(),
    )
    .toArray()
    .map(({ id }) => id);

/** Since when trades may have happened that have not been read; `null` when all have. */
export const executingSinceMs = (sql: SqlStorage): number | null =>
  sql
    .exec<{ since: number | null }>(
      "SELECT MIN(executions_since_ms) AS since FROM orders WHERE executions_since_ms IS NOT NULL",
    )
    .one().since;

/** Every order that anybody still looks after: the live ones, and those that something may yet be told of. */
export const readFollowed = (sql: SqlStorage): OrderRow[] =>
  sql.exec<Row>(`SELECT ${COLUMNS} FROM orders WHERE due_at_ms IS NOT NULL`).toArray().map(toOrderRow);
