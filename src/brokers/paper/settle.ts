// Carries out what is due: orders that the market fills, orders whose time is over.
import { ZERO, add, multiply, negate, greaterThan } from "../../domain/money.ts";
import { signOf } from "../../domain/order.ts";
import { assert, assertNever } from "../../domain/result.ts";
import { type Market, lastPrice } from "./market.ts";
import { type Match, matchOrder } from "./matching.ts";
import type { VenueOrder } from "./order.ts";
import { applyFill, flatPosition } from "./position.ts";

/** Settles every open order, oldest first, at the prices as they are. Afterwards the store is up to date for `nowMs`. */
export function settleOrders(market: Market, nowMs: number): void {
  for (const order of market.store.listOpenOrders()) settleOrder(market, order, nowMs);
}

/** Settles one order. A symbol that is not listed any more has no market: its orders wait for their end. */
export function settleOrder(market: Market, order: VenueOrder, nowMs: number): void {
  if (order.expiresAtMs !== null && order.expiresAtMs <= nowMs) {
    // It ended then, whenever somebody looks.
    endOrder(market, { ...order, status: "expired", expiredAtMs: order.expiresAtMs }, order.expiresAtMs);
    return;
  }
  const price = lastPrice(market, order.symbol);
  if (price !== undefined) carryOut(market, order, matchOrder(order, price), nowMs);
}

/** Cancels an open order. */
export const cancelOrder = (market: Market, order: VenueOrder, nowMs: number): void =>
  endOrder(market, { ...order, status: "canceled", canceledAtMs: nowMs }, nowMs);

const endOrder = ({ store }: Market, order: VenueOrder, atMs: number): void =>
  store.updateOrder({ ...order, updatedAtMs: atMs });

function carryOut(market: Market, order: VenueOrder, match: Match, nowMs: number): void {
  switch (match.outcome) {
    case "fills":
      fillOrder(market, order, match, nowMs);
      return;
    case "cancels":
      cancelOrder(market, order, nowMs);
      return;
    case "rests":
      if (order.status !== "new" || order.triggered !== match.triggered) {
        market.store.updateOrder({ ...order, status: "new", triggered: match.triggered, updatedAtMs: nowMs });
      }
      return;
    default:
      assertNever(match);
  }
}

/** The order, the position and the money move together. */
function fillOrder(
  { store }: Market,
  order: VenueOrder,
  { quantity, price }: Extract<Match, { outcome: "fills" }>,
  nowMs: number,
): void {
  assert(greaterThan(quantity, ZERO), "a fill has units");
  assert(order.filledQuantity === ZERO, "an order is filled once");
  const units = signOf(order.side, quantity);
  const position = store.readPosition(order.symbol) ?? flatPosition(order.symbol);
  store.writePosition(applyFill(position, { units, price }));
  store.writeCashFlow(add(store.readCashFlow(), negate(multiply(units, price))));
  store.updateOrder({
    ...order,
    status: "filled",
    triggered: true,
    filledQuantity: quantity,
    averagePrice: price,
    filledAtMs: nowMs,
    updatedAtMs: nowMs,
  });
}
