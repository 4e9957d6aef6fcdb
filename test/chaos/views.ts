// The venue's books as a client with a bad view sees them: an order that is not shown yet, an order as it was a moment ago.
import type { Execution } from "../../src/brokers/paper/execution.ts";
import { type VenueOrder, isOpen } from "../../src/brokers/paper/order.ts";
import type { VenueStore } from "../../src/brokers/paper/store.ts";
import type { Random } from "./random.ts";

/** Keeps what every order looked like before each change. */
export function rememberVersions(store: VenueStore, history: Map<string, VenueOrder[]>): VenueStore {
  return {
    ...store,
    updateOrder: (order) => {
      const before = store.findOrder(order.id);
      if (before !== undefined) history.set(order.id, [...(history.get(order.id) ?? []), before]);
      store.updateOrder(order);
    },
  };
}

export type View = {
  readonly isHidden: (order: VenueOrder) => boolean;
  readonly versionOf: (order: VenueOrder) => VenueOrder;
  /** How often a trade is in the list: not yet, once, twice. */
  readonly timesShown: (execution: Execution) => number;
};

export const asItIs = (order: VenueOrder): VenueOrder => order;

/** Some earlier version of each order that has one. */
export const asItWas =
  (history: ReadonlyMap<string, readonly VenueOrder[]>, random: Random) =>
  (order: VenueOrder): VenueOrder => {
    const [first, ...rest] = history.get(order.id) ?? [];
    return first === undefined ? order : random.pick([first, ...rest]);
  };

/** The store as such a client sees it. What the venue works on, its open orders, stays as it is. */
export function viewOf(store: VenueStore, { isHidden, versionOf, timesShown }: View): VenueStore {
  const seen = (order: VenueOrder | undefined): VenueOrder | undefined =>
    order === undefined || isHidden(order) ? undefined : versionOf(order);
  return {
    ...store,
    findOrder: (id) => seen(store.findOrder(id)),
    findOrderByClientOrderId: (clientOrderId) => seen(store.findOrderByClientOrderId(clientOrderId)),
    listOrders: (query) =>
      store
        .listOrders({ ...query, status: "all", limit: Infinity })
        .flatMap((order) => seen(order) ?? [])
        .filter((order) => query.status === "all" || isOpen(order) === (query.status === "open"))
        .slice(0, query.limit),
    listExecutions: (query) =>
      store
        .listExecutions({ ...query, limit: Infinity })
        .flatMap((execution) => Array.from({ length: timesShown(execution) }, () => execution))
        .slice(0, query.limit),
  };
}
