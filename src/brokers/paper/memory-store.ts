// The venue's store in plain memory: gone with the process.
import { type Decimal, ZERO, isZero } from "../../domain/money.ts";
import { type VenueOrder, isOpen } from "./order.ts";
import type { Position } from "./position.ts";
import type { OrderQuery, VenueStore } from "./store.ts";

type State = {
  cashFlow: Decimal;
  readonly prices: Map<string, Decimal>;
  readonly positions: Map<string, Position>;
  /** A Map keeps the order of insertion, also when a value is replaced. */
  readonly orders: Map<string, VenueOrder>;
  readonly idByClientOrderId: Map<string, string>;
};

export function createMemoryStore(): VenueStore {
  let state: State = {
    cashFlow: ZERO,
    prices: new Map(),
    positions: new Map(),
    orders: new Map(),
    idByClientOrderId: new Map(),
  };
  const all = (): VenueOrder[] => [...state.orders.values()];

  return {
    transact: (work) => {
      const before = copyOf(state);
      try {
        return work();
      } catch (thrown) {
        state = before;
        throw thrown;
      }
    },

    readCashFlow: () => state.cashFlow,
    writeCashFlow: (amount) => {
      state.cashFlow = amount;
    },

    readPrice: (symbol) => state.prices.get(symbol),
    writePrice: (symbol, price) => {
      state.prices.set(symbol, price);
    },

    readPosition: (symbol) => state.positions.get(symbol),
    listPositions: () => [...state.positions.values()].sort((a, b) => (a.symbol < b.symbol ? -1 : 1)),
    writePosition: (position) => {
      if (isZero(position.quantity)) state.positions.delete(position.symbol);
      else state.positions.set(position.symbol, position);
    },

    findOrder: (id) => state.orders.get(id),
    findOrderByClientOrderId: (clientOrderId) => state.orders.get(state.idByClientOrderId.get(clientOrderId) ?? ""),
    listOpenOrders: () => all().filter(isOpen),
    listOrders: (query) => {
      const found = all().filter((order) => matches(order, query));
      if (query.direction === "desc") found.reverse();
      return found.slice(0, query.limit);
    },
    insertOrder: (order) => {
      state.orders.set(order.id, order);
      state.idByClientOrderId.set(order.clientOrderId, order.id);
    },
    updateOrder: (order) => {
      state.orders.set(order.id, order);
    },
  };
}

/** The values are immutable, so copying the maps is enough. */
const copyOf = (state: State): State => ({
  cashFlow: state.cashFlow,
  prices: new Map(state.prices),
  positions: new Map(state.positions),
  orders: new Map(state.orders),
  idByClientOrderId: new Map(state.idByClientOrderId),
});

const matches = (order: VenueOrder, { status, symbols, side, afterMs, untilMs }: OrderQuery): boolean =>
  (status === "all" || isOpen(order) === (status === "open")) &&
  (symbols === undefined || symbols.includes(order.symbol)) &&
  (side === undefined || order.side === side) &&
  (afterMs === undefined || order.submittedAtMs > afterMs) &&
  (untilMs === undefined || order.submittedAtMs < untilMs);
