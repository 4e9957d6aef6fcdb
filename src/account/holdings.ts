// What is held and what is on its way, as the rules look at it.
import type { OrderId } from "../domain/ids.ts";
import { leavesAmount, leavesQuantity } from "../domain/leaves.ts";
import { sum } from "../domain/money.ts";
import { type OrderIntent, ownPriceOf } from "../domain/order.ts";
import type { Holdings } from "../domain/risk/facts.ts";
import { readWorking } from "./orders.ts";
import { positionIn } from "./positions.ts";

/** `except`: orders that must not stand in their own way, or in that of the order they make room for. */
export function readHoldings(
  sql: SqlStorage,
  { symbol, side }: Pick<OrderIntent, "symbol" | "side">,
  except: readonly (OrderId | null)[] = [],
): Holdings {
  const working = readWorking(sql, symbol, side, except);
  return {
    position: positionIn(sql, symbol),
    workingSameSide: sum(working.map(leavesQuantity)),
    workingByAmount: working
      .filter(({ notional }) => notional !== undefined)
      .map((order) => ({ money: leavesAmount(order), ownPrice: ownPriceOf(order) })),
  };
}
