// Reads the orders that make up one bracket.
import type { VenueOrder } from "./order.ts";
import type { VenueStore } from "./store.ts";

/** The legs of an order; of a leg its order and the other leg. None for an order that stands alone. */
export function readRelatives(store: VenueStore, { id, parentId, legIds }: VenueOrder): VenueOrder[] {
  const family = parentId === null ? legIds : [parentId, ...(store.findOrder(parentId)?.legIds ?? [])];
  return family.filter((member) => member !== id).flatMap((member) => store.findOrder(member) ?? []);
}
