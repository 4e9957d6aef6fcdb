// What is held and what is on its way, as the rules look at it.
import type { OrderId } from "../domain/ids.ts";
import type { OrderIntent } from "../domain/order.ts";
import { type Holdings, sumQuantities } from "../domain/risk/facts.ts";
import { workingQuantities } from "./orders.ts";
import { positionIn } from "./positions.ts";

/** `except`: orders that must not stand in their own way, or in that of the order they make room for. */
export const readHoldings = (
  sql: SqlStorage,
  intent: Pick<OrderIntent, "symbol" | "side">,
  except: readonly (OrderId | null)[] = [],
): Holdings => ({
  position: positionIn(sql, intent.symbol),
  workingSameSide: sumQuantities(workingQuantities(sql, intent.symbol, intent.side, except)),
});
