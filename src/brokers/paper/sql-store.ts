// The venue's store in SQLite. Money is text, so that no number is rounded on its way in or out.
import { type Decimal, ZERO, decimalOf, isZero } from "../../domain/money.ts";
import type { Execution } from "./execution.ts";
import { ALONE, type VenueOrder, isOpen } from "./order.ts";
import type { Position } from "./position.ts";
import type { ExecutionQuery, OrderQuery, VenueStore } from "./store.ts";

/** The part of a Durable Object's storage that is used; its `sql` never keeps anything but text and integers. */
export type SqlStorageLike = {
  readonly sql: {
    exec(query: string, ...bindings: (string | number | null)[]): { toArray(): Record<string, unknown>[] };
  };
  transactionSync<T>(work: () => T): T;
};

/**
 * `state` is the whole order as JSON; the columns beside it are the ones that are searched. `seq` counts submissions:
 * several orders, and several executions, can share a millisecond. Whether a client order id may be used twice is a rule
 * of the venue and not of its tables.
 */
const TABLES: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS orders (
     seq INTEGER PRIMARY KEY,
     id TEXT NOT NULL UNIQUE,
     client_order_id TEXT NOT NULL,
     symbol TEXT NOT NULL,
     side TEXT NOT NULL,
     is_open INTEGER NOT NULL,
     submitted_at_ms INTEGER NOT NULL,
     state TEXT NOT NULL
   )`,
  "CREATE INDEX IF NOT EXISTS orders_open ON orders (seq) WHERE is_open = 1",
  "CREATE INDEX IF NOT EXISTS orders_client_order_id ON orders (client_order_id)",
  "CREATE TABLE IF NOT EXISTS executions (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at_ms INTEGER NOT NULL, state TEXT NOT NULL)",
  "CREATE TABLE IF NOT EXISTS positions (symbol TEXT PRIMARY KEY, quantity TEXT NOT NULL, cost_basis TEXT NOT NULL) WITHOUT ROWID",
  "CREATE TABLE IF NOT EXISTS prices (symbol TEXT PRIMARY KEY, price TEXT NOT NULL) WITHOUT ROWID",
  "CREATE TABLE IF NOT EXISTS cash_flow (id INTEGER PRIMARY KEY CHECK (id = 1), amount TEXT NOT NULL)",
];

/** Opens the store, and makes its tables where there are none yet. */
export function openSqlStore(storage: SqlStorageLike): VenueStore {
  const rows = (query: string, ...bindings: (string | number | null)[]) =>
    storage.sql.exec(query, ...bindings).toArray();
  storage.transactionSync(() => TABLES.forEach((statement) => rows(statement)));

  return {
    transact: (work) => storage.transactionSync(work),

    readCashFlow: () => decimalIn(rows("SELECT amount FROM cash_flow")[0], "amount") ?? ZERO,
    writeCashFlow: (amount) => {
      rows("INSERT INTO cash_flow VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET amount = excluded.amount", amount);
    },

    readPrice: (symbol) => decimalIn(rows("SELECT price FROM prices WHERE symbol = ?", symbol)[0], "price"),
    writePrice: (symbol, price) => {
      rows("INSERT INTO prices VALUES (?, ?) ON CONFLICT (symbol) DO UPDATE SET price = excluded.price", symbol, price);
    },

    readPosition: (symbol) => rows("SELECT * FROM positions WHERE symbol = ?", symbol).map(toPosition)[0],
    listPositions: () => rows("SELECT * FROM positions ORDER BY symbol").map(toPosition),
    writePosition: ({ symbol, quantity, costBasis }) => {
      if (isZero(quantity)) rows("DELETE FROM positions WHERE symbol = ?", symbol);
      else {
        rows(
          `INSERT INTO positions VALUES (?, ?, ?)
           ON CONFLICT (symbol) DO UPDATE SET quantity = excluded.quantity, cost_basis = excluded.cost_basis`,
          symbol,
          quantity,
          costBasis,
        );
      }
    },

    findOrder: (id) => rows("SELECT state FROM orders WHERE id = ?", id).map(toOrder)[0],
    findOrderByClientOrderId: (clientOrderId) =>
      rows("SELECT state FROM orders WHERE client_order_id = ? ORDER BY seq DESC LIMIT 1", clientOrderId).map(
        toOrder,
      )[0],
    listOpenOrders: () => rows("SELECT state FROM orders WHERE is_open = 1 ORDER BY seq").map(toOrder),
    countOpenOrders: () => Number(rows("SELECT count(*) AS count FROM orders WHERE is_open = 1")[0]?.["count"]),
    listOrders: (query) => rows(...selectOrders(query)).map(toOrder),
    insertOrder: (order) => {
      rows(
        `INSERT INTO orders (id, client_order_id, symbol, side, is_open, submitted_at_ms, state)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
        order.id,
        order.clientOrderId,
        order.symbol,
        order.side,
        isOpen(order) ? 1 : 0,
        order.submittedAtMs,
        JSON.stringify(order),
      );
    },
    updateOrder: (order) => {
      rows(
        "UPDATE orders SET is_open = ?, state = ? WHERE id = ?",
        isOpen(order) ? 1 : 0,
        JSON.stringify(order),
        order.id,
      );
    },

    findExecution: (id) => rows("SELECT state FROM executions WHERE id = ?", id).map(toExecution)[0],
    listExecutions: (query) => rows(...selectExecutions(query)).map(toExecution),
    insertExecution: (execution) => {
      rows(
        "INSERT INTO executions (id, at_ms, state) VALUES (?, ?, ?)",
        execution.id,
        execution.atMs,
        JSON.stringify(execution),
      );
    },
  };
}

type Statement = [string, ...(string | number)[]];
/** SQL with one parameter, and what is bound to it. */
type Condition = readonly [string, string | number];

/** The symbols travel as one JSON array: a statement has room for 100 parameters only. */
function selectOrders(query: OrderQuery): Statement {
  const { status, symbols, side, afterMs, untilMs, afterOrderId, beforeOrderId, nested } = query;
  const conditions: Condition[] = [];
  if (nested === true) conditions.push(["json_extract(state, ?) IS NULL", "$.parentId"]);
  if (status !== "all") conditions.push(["is_open = ?", status === "open" ? 1 : 0]);
  if (symbols !== undefined) {
    conditions.push(["symbol IN (SELECT value FROM json_each(?))", JSON.stringify(symbols)]);
  }
  if (side !== undefined) conditions.push(["side = ?", side]);
  if (afterMs !== undefined) conditions.push(["submitted_at_ms > ?", afterMs]);
  if (untilMs !== undefined) conditions.push(["submitted_at_ms < ?", untilMs]);
  if (afterOrderId !== undefined) conditions.push(["seq > (SELECT seq FROM orders WHERE id = ?)", afterOrderId]);
  if (beforeOrderId !== undefined) conditions.push(["seq < (SELECT seq FROM orders WHERE id = ?)", beforeOrderId]);
  return selectStates("orders", conditions, query);
}

function selectExecutions(query: ExecutionQuery): Statement {
  const { afterMs, untilMs, continueAfterId, direction } = query;
  const conditions: Condition[] = [];
  if (afterMs !== undefined) conditions.push(["at_ms > ?", afterMs]);
  if (untilMs !== undefined) conditions.push(["at_ms < ?", untilMs]);
  if (continueAfterId !== undefined) {
    const behind = direction === "asc" ? ">" : "<";
    conditions.push([`seq ${behind} (SELECT seq FROM executions WHERE id = ?)`, continueAfterId]);
  }
  return selectStates("executions", conditions, query);
}

function selectStates(
  table: "orders" | "executions",
  conditions: readonly Condition[],
  { direction, limit }: { readonly direction: "asc" | "desc"; readonly limit: number },
): Statement {
  const where = ["TRUE", ...conditions.map(([condition]) => condition)].join(" AND ");
  const order = direction === "asc" ? "ASC" : "DESC";
  const bindings = conditions.map(([, binding]) => binding);
  return [`SELECT state FROM ${table} WHERE ${where} ORDER BY seq ${order} LIMIT ?`, ...bindings, limit];
}

const decimalIn = (row: Record<string, unknown> | undefined, column: string): Decimal | undefined =>
  row === undefined ? undefined : decimalOf(String(row[column]));

const toPosition = (row: Record<string, unknown>): Position => ({
  symbol: String(row["symbol"]),
  quantity: decimalOf(String(row["quantity"])),
  costBasis: decimalOf(String(row["cost_basis"])),
});

/** An order that was stored before there were brackets stands alone. */
const toOrder = (row: Record<string, unknown>): VenueOrder => ({
  ...ALONE,
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module from a VenueOrder
  ...(JSON.parse(String(row["state"])) as VenueOrder),
});

const toExecution = (row: Record<string, unknown>): Execution =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module from an Execution
  JSON.parse(String(row["state"])) as Execution;
