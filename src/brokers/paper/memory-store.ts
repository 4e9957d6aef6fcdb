// The venue's store in plain memory: gone with the process.
import { type Decimal, ZERO, isZero } from "../../domain/money.ts";
import type { Execution } from "./execution.ts";
import { type VenueOrder, isOpen } from "./order.ts";
import type { Position } from "./position.ts";
import type { OrderQuery, VenueStore } from "./store.ts";

export function createMemoryStore(): VenueStore {
  let cashFlow: Decimal = ZERO;
  // A Map keeps the order of insertion, also when a value is replaced.
  const prices = new Map<string, Decimal>();
  const positions = new Map<string, Position>();
  const orders = new Map<string, VenueOrder>();
  const newestIdByClientOrderId = new Map<string, string>();
  const executions = new Map<string, Execution>();

  /** How to take back the writes of the transaction that runs, the last one first. */
  let undo: (() => void)[] = [];
  const put = <T>(map: Map<string, T>, key: string, value: T): void => {
    const before = map.get(key);
    undo.push(() => (before === undefined ? map.delete(key) : map.set(key, before)));
    map.set(key, value);
  };
  const remove = <T>(map: Map<string, T>, key: string): void => {
    const before = map.get(key);
    if (before !== undefined) undo.push(() => map.set(key, before));
    map.delete(key);
  };

  return {
    transact: (work) => {
      undo = [];
      try {
        return work();
      } catch (thrown) {
        for (const takeBack of undo.reverse()) takeBack();
        throw thrown;
      }
    },

    readCashFlow: () => cashFlow,
    writeCashFlow: (amount) => {
      const before = cashFlow;
      undo.push(() => (cashFlow = before));
      cashFlow = amount;
    },

    readPrice: (symbol) => prices.get(symbol),
    writePrice: (symbol, price) => put(prices, symbol, price),

    readPosition: (symbol) => positions.get(symbol),
    listPositions: () => [...positions.values()].sort((a, b) => (a.symbol < b.symbol ? -1 : 1)),
    writePosition: (position) => {
      if (isZero(position.quantity)) remove(positions, position.symbol);
      else put(positions, position.symbol, position);
    },

    findOrder: (id) => orders.get(id),
    findOrderByClientOrderId: (clientOrderId) => orders.get(newestIdByClientOrderId.get(clientOrderId) ?? ""),
    listOpenOrders: () => [...orders.values()].filter(isOpen),
    countOpenOrders: () => [...orders.values()].filter(isOpen).length,
    listOrders: (query) => {
      const all = [...orders.values()];
      const from = query.afterOrderId === undefined ? 0 : placeOf(all, query.afterOrderId) + 1;
      const to = query.beforeOrderId === undefined ? all.length : placeOf(all, query.beforeOrderId);
      const found = all.slice(from, to).filter((order) => matches(order, query));
      return inDirection(found, query.direction).slice(0, query.limit);
    },
    insertOrder: (order) => {
      put(orders, order.id, order);
      put(newestIdByClientOrderId, order.clientOrderId, order.id);
    },
    updateOrder: (order) => put(orders, order.id, order),

    findExecution: (id) => executions.get(id),
    listExecutions: ({ afterMs, untilMs, continueAfterId, direction, limit }) => {
      const all = inDirection([...executions.values()], direction);
      const from = continueAfterId === undefined ? 0 : placeOf(all, continueAfterId) + 1;
      return all
        .slice(from)
        .filter(({ atMs }) => isBetween(atMs, afterMs, untilMs))
        .slice(0, limit);
    },
    insertExecution: (execution) => put(executions, execution.id, execution),
  };
}

const placeOf = (list: readonly { readonly id: string }[], id: string): number =>
  list.findIndex((item) => item.id === id);

const inDirection = <T>(oldestFirst: T[], direction: "asc" | "desc"): T[] =>
  direction === "asc" ? oldestFirst : oldestFirst.reverse();

/** Both ends excluded. */
const isBetween = (ms: number, afterMs: number | undefined, untilMs: number | undefined): boolean =>
  (afterMs === undefined || ms > afterMs) && (untilMs === undefined || ms < untilMs);

const matches = (order: VenueOrder, { status, symbols, side, afterMs, untilMs, nested }: OrderQuery): boolean =>
  (nested !== true || order.parentId === null) &&
  (status === "all" || isOpen(order) === (status === "open")) &&
  (symbols === undefined || symbols.includes(order.symbol)) &&
  (side === undefined || order.side === side) &&
  isBetween(order.submittedAtMs, afterMs, untilMs);
