// What is held and what is on its way, as the rules look at it.
import type { OrderId } from "../../domain/ids.ts";
import { leavesAmount, leavesQuantity } from "../../domain/leaves.ts";
import { type Decimal, sum } from "../../domain/money.ts";
import { type Order, type OrderIntent, ownPriceOf } from "../../domain/order.ts";
import type { Holdings } from "../../domain/risk/facts.ts";
import { readWorking } from "./working.ts";
import { positionIn } from "./positions.ts";

type InSymbol = Pick<OrderIntent, "symbol" | "side">;

/** `except`: orders that must not stand in their own way, or in that of the order they make room for. */
export const readHoldings = (sql: SqlStorage, intent: InSymbol, except: readonly (OrderId | null)[] = []): Holdings =>
  toHoldings(
    positionIn(sql, intent.symbol),
    readWorking(sql, except).map(({ order }) => order),
    intent,
  );

export function toHoldings(position: Decimal, working: readonly Order[], { symbol, side }: InSymbol): Holdings {
  const inSymbol = working.filter((order) => order.symbol === symbol);
  const sameSide = inSymbol.filter((order) => order.side === side);
  const moving = sameSide.filter(({ delivery }) => delivery !== "held");
  return {
    position,
    workingSameSide: sum(sameSide.map(leavesQuantity)),
    workingByAmount: sameSide
      .filter(({ notional }) => notional !== undefined)
      .map((order) => ({ money: leavesAmount(order), ownPrice: ownPriceOf(order) })),
    onItsWay: {
      units: sum(moving.map(leavesQuantity)),
      hasAmounts: moving.some(({ notional }) => notional !== undefined),
    },
    opposing: inSymbol.filter((order) => order.side !== side).map(restingPriceOf),
  };
}

/** Where it may trade; `null` for any price, which a stop comes to. */
const restingPriceOf = ({ type, limit_price: limit }: Order): Decimal | null =>
  type === "limit" ? (limit ?? null) : null;
