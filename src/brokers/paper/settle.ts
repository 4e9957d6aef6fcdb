// Carries out what is due: orders that the market fills, orders whose time is over.
import { type Decimal, ZERO, add, greaterThan, multiply, negate } from "../../domain/money.ts";
import { signOf } from "../../domain/order.ts";
import { assert, assertNever } from "../../domain/result.ts";
import { afterFill, findSuccessor } from "./bracket.ts";
import { type Execution, executionId } from "./execution.ts";
import { type Market, rememberPrices } from "./market.ts";
import { type Match, matchOrder } from "./matching.ts";
import { type VenueOrder, canceledAt, expiredAt, isLive } from "./order.ts";
import { applyFill, flatPosition } from "./position.ts";
import { readRelatives } from "./relatives.ts";

/** Settles every open order, oldest first, at the prices as they are. Afterwards the store is up to date for `nowMs`. */
export function settleOrders(market: Market, nowMs: number): void {
  const priceOf = rememberPrices(market);
  for (const order of market.store.listOpenOrders())
    settleOrder(market, order, { nowMs, price: priceOf(order.symbol) });
}

/**
 * Settles one order at the last price of its symbol. A symbol that is not listed any more has no price: its orders wait for
 * their end.
 */
export function settleOrder(
  market: Market,
  order: VenueOrder,
  { nowMs, price }: { readonly nowMs: number; readonly price: Decimal | undefined },
): void {
  const { expiresAtMs } = order;
  if (expiresAtMs !== null && expiresAtMs <= nowMs) {
    // It ended then, whenever somebody looks.
    endOrder(market, order, (ended) => expiredAt(ended, expiresAtMs));
    return;
  }
  if (price === undefined) return;
  const look = { lastPrice: price, maxFillQuantity: market.settings.max_fill_quantity };
  const due = replaceWhenDue(market, order, { nowMs, price });
  carryOut(market, due, matchOrder(due, look), nowMs);
}

/** Cancels a live order, or what is left of it. */
export const cancelOrder = (market: Market, order: VenueOrder, nowMs: number): void =>
  endOrder(market, order, (ended) => canceledAt(ended, nowMs));

/** Whatever ends an order of a bracket ends all of them. */
function endOrder({ store }: Market, order: VenueOrder, end: (order: VenueOrder) => VenueOrder): void {
  for (const ended of [order, ...readRelatives(store, order).filter(isLive)]) store.updateOrder(end(ended));
}

/** The order to be held against the market: this one, or the stop loss that takes its place at this price. */
function replaceWhenDue(
  { store }: Market,
  order: VenueOrder,
  { nowMs, price }: { readonly nowMs: number; readonly price: Decimal },
): VenueOrder {
  const successor = findSuccessor(order, readRelatives(store, order), price);
  if (successor === undefined) return order;
  store.updateOrder(canceledAt(order, nowMs));
  return successor;
}

type Fill = Extract<Match, { outcome: "fills" }>;

function carryOut(market: Market, order: VenueOrder, match: Match, nowMs: number): void {
  switch (match.outcome) {
    case "fills":
      fillOrder(market, order, match, nowMs);
      return;
    case "cancels":
      cancelOrder(market, order, nowMs);
      return;
    case "rests":
      if (order.status === "accepted" || order.triggered !== match.triggered) {
        const status = order.status === "accepted" ? "new" : order.status;
        market.store.updateOrder({ ...order, status, triggered: match.triggered, updatedAtMs: nowMs });
      }
      return;
    default:
      assertNever(match);
  }
}

/** The order, its relatives, the trade, the position and the money move together. */
function fillOrder({ store }: Market, order: VenueOrder, fill: Fill, nowMs: number): void {
  const { quantity, price, leaves, status } = fill;
  assert(greaterThan(quantity, ZERO), "a fill has units");
  const cost = multiply(quantity, price);
  const filledQuantity = add(order.filledQuantity, quantity);
  const { id: orderId, symbol, side } = order;
  const trade: Omit<Execution, "id"> = {
    orderId,
    symbol,
    side,
    quantity,
    price,
    atMs: nowMs,
    cumulative: filledQuantity,
    leaves,
  };
  store.insertExecution({ id: executionId(trade), ...trade });
  store.writePosition(
    applyFill(store.readPosition(symbol) ?? flatPosition(symbol), { units: signOf(side, quantity), price }),
  );
  store.writeCashFlow(add(store.readCashFlow(), negate(signOf(side, cost))));
  const filled: VenueOrder = {
    ...order,
    status,
    triggered: true,
    filledQuantity,
    filledCost: add(order.filledCost, cost),
    filledAtMs: status === "filled" ? nowMs : null,
    canceledAtMs: status === "canceled" ? nowMs : null,
    updatedAtMs: nowMs,
  };
  for (const changed of [filled, ...afterFill(filled, readRelatives(store, filled), nowMs)]) store.updateOrder(changed);
}
