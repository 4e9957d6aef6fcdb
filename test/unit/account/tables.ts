// An account's tables with what tests put into them and read out of them.
import type { Broker } from "../../../src/domain/broker.ts";
import { type AdmitArgs, type Signal, admit } from "../../../src/account/orders/admit.ts";
import type { NewId } from "../../../src/account/orders/store-order.ts";
import { writeBrokerView } from "../../../src/account/positions/broker-view.ts";
import { type ExecutionQuery, listExecutions } from "../../../src/account/positions/executions.ts";
import { readHoldings } from "../../../src/account/positions/holdings.ts";
import { readPending } from "../../../src/account/journal.ts";
import { type OrderRow, findOrder, insertOrder, updateOrder } from "../../../src/account/orders/orders.ts";
import { RecentOrders } from "../../../src/account/risk/recent-orders.ts";
import type { RecordContext } from "../../../src/account/orders/record.ts";
import type { AuditEvent } from "../../../src/domain/audit-entry.ts";
import type { Execution } from "../../../src/domain/execution.ts";
import { ClientOrderId, OrderId, SourceId } from "../../../src/domain/ids.ts";
import { type Decimal, decimalOf } from "../../../src/domain/money.ts";
import type { Order, Side } from "../../../src/domain/order.ts";
import { NativeOrder } from "../../../src/domain/signal/native.ts";
import type { LastTrade } from "../../../src/domain/worth.ts";
import { KNOWN_INSTRUMENTS, NOW_MS, aPolicy, aRow, aTrade, anOrder } from "../../support/builders.ts";
import { openSqlStorage } from "./sql-storage.ts";
import { setStop } from "../../../src/account/stops/stops.ts";
import { tradingDateOf } from "../../../src/domain/risk/policy.ts";
import type { TradingStop } from "../../../src/domain/trading-stop.ts";
import type { Caller } from "../../../src/account/caller.ts";

export const ACCOUNT = anOrder().account;

/** Money at the broker, of which nothing here is spent. */
export const BALANCES = {
  currency: "USD",
  cash: decimalOf("100000"),
  equity: decimalOf("100000"),
  buying_power: decimalOf("200000"),
};

/** Tables of an account whose positions have been compared with the broker's. */
export function openAccount(): SqlStorage {
  const sql = openSqlStorage();
  writeBrokerView(sql, { atMs: NOW_MS, holdings: [], balances: BALANCES });
  return sql;
}

/** Stops trading, for everybody unless it says whom. */
export function stopTrading(
  sql: SqlStorage,
  state: TradingStop["state"],
  overrides: Partial<TradingStop> = {},
): TradingStop {
  const stop: TradingStop = {
    id: crypto.randomUUID(),
    account: ACCOUNT,
    source: null,
    symbol: null,
    state,
    level: "account",
    set_by: "operator",
    set_at: new Date(NOW_MS).toISOString(),
    reason: "a test",
    ...overrides,
  };
  setStop(sql, stop, "none", { ...at(), account: ACCOUNT, caller: CALLER });
  return stop;
}

/** Ids of which the last digits count. */
export const idOf = (index: number): OrderId =>
  OrderId.parse(`paper_019bc224-4100-7abc-8def-${String(index).padStart(12, "0")}`);

/** The same order under other names. */
export const numbered = (order: Order, index: number): Order => ({
  ...order,
  id: idOf(index),
  client_order_id: ClientOrderId.parse(`order-${index}`),
});

/** Puts an order into the tables and returns its row. */
export function put(sql: SqlStorage, order: Order, overrides: Partial<Omit<OrderRow, "order">> = {}): OrderRow {
  const row = aRow({ ...overrides, order });
  insertOrder(sql, row, null);
  return row;
}

export function read(sql: SqlStorage, { id }: Pick<Order, "id">): OrderRow {
  const row = findOrder(sql, id);
  if (row === undefined) throw new Error(`no order ${id}`);
  return row;
}

/** Puts an order off as if a step had been taken for it. */
export function putOff(sql: SqlStorage, { id }: Pick<Order, "id">, dueAtMs: number): void {
  updateOrder(sql, { ...read(sql, { id }), dueAtMs });
}

/** The trades that show, newest first. */
export function tradesOf(sql: SqlStorage, query: Partial<ExecutionQuery> = {}): Execution[] {
  const trades = listExecutions(sql, { limit: 10_000, ...query });
  if (trades === null) throw new Error(`no trade ${query.before}`);
  return trades;
}

export const journalOf = (sql: SqlStorage): AuditEvent[] =>
  readPending(sql, ACCOUNT, 100_000).map(({ event }) => JSON.parse(event) as AuditEvent);

/** The types of all events, or of those about one order. */
export const typesOf = (sql: SqlStorage, order?: Pick<Order, "id">): string[] =>
  journalOf(sql)
    .filter(({ order_id: id }) => order === undefined || id === order.id)
    .map(({ type }) => type);

export const at = (nowMs = NOW_MS, random = 0.5): RecordContext => ({ nowMs, random });

/** Somebody with an API key. */
export const CALLER: Caller = {
  actor: { kind: "api_key", id: "operator" },
  requestId: "request-of-caller",
  clientIp: "192.0.2.1",
};

const SOURCE = SourceId.parse("default");

/** To buy 10 AAPL at 187.25, with a nonce of its own for every request id. */
export const aSignal = ({ order, ...overrides }: Partial<Omit<Signal, "order">> & { order?: object } = {}): Signal => {
  const requestId = overrides.requestId ?? "request-1";
  return {
    source: SOURCE,
    actor: { kind: "source", id: SOURCE },
    proof: {
      scheme: "v1",
      keyId: "key-1",
      claims: {
        source: SOURCE,
        nonce: `nonce-of-${requestId}`,
        nonceExpiresAtMs: NOW_MS + 900_000,
        bodySha256: null,
        repeats: "refused",
      },
    },
    sender: { revision: null, origin: "hmac", caps: null, owner: null },
    order: NativeOrder.parse({
      symbol: "AAPL",
      side: "buy",
      type: "limit",
      quantity: "10",
      limit_price: "187.25",
      ...order,
    }),
    idempotencyKey: null,
    bodySha256: "0".repeat(64),
    clientIp: null,
    ...overrides,
    requestId,
  };
};

export const newId = (index: number): NewId => ({ order: idOf(index), uuid: idOf(index).slice("paper_".length) });

/** Trades by symbol. */
export const pricedAt = (price: string, atMs: number): ReadonlyMap<string, LastTrade> =>
  new Map(["AAPL", "MSFT"].map((symbol) => [symbol, aTrade(price, atMs)]));

const CAN_DO_ALL: Pick<Broker, "supports"> = { supports: () => undefined };

/** What a decision is made with: the policy allows the signal, the broker is there, and a trade was a second ago. */
export const decidingWith = (overrides: Partial<Omit<AdmitArgs, "signal" | "newId">> = {}) => ({
  account: ACCOUNT,
  policy: aPolicy(),
  overridden: [],
  tradingDate: tradingDateOf(overrides.policy ?? {}, overrides.nowMs ?? NOW_MS),
  instruments: KNOWN_INSTRUMENTS,
  recent: new RecentOrders(openSqlStorage(), ACCOUNT, NOW_MS),
  minimumOrigin: "hmac" as const,
  mode: "live" as const,
  limits: { ratePerSec: 1_000, capacity: 1_000 },
  broker: CAN_DO_ALL,
  circuitOpen: false,
  isDisabled: false,
  nowMs: NOW_MS,
  referencePrices: pricedAt("187.5", NOW_MS - 1_000),
  lastTrades: new Map(),
  ...overrides,
});

let admitted = 0;

/** Lets a signal in, under the next free id. */
export const admitSignal = (
  sql: SqlStorage,
  signal: Signal,
  overrides: Partial<Omit<AdmitArgs, "signal" | "newId">> = {},
) => admit(sql, { ...decidingWith(overrides), signal, newId: () => newId((admitted += 1)) });

/** Units that live orders in AAPL may still fill. */
export const workingUnits = (sql: SqlStorage, side: Side): Decimal =>
  readHoldings(sql, { symbol: "AAPL", side }).workingSameSide;
