// Takes a new order, or refuses it. A refused order leaves nothing behind: its client order id is still free.
import { type Decimal, ZERO, greaterThan, isZero, lessThan } from "../../domain/money.ts";
import { type Result, assertNever, err, ok } from "../../domain/result.ts";
import { affordability } from "./account.ts";
import { refuseLegPrices } from "./leg-prices.ts";
import { type Market, findListed, lastPrice } from "./market.ts";
import { remainingAt } from "./matching.ts";
import { type NewOrder, toNewOrder } from "./new-order.ts";
import type { VenueOrder } from "./order.ts";
import { readOrderRequest } from "./order-request.ts";
import type { Refusal } from "./refusal.ts";
import { settleOrder } from "./settle.ts";

/** Every request looks at all open orders, and DELETE /v2/orders answers for all of them at once. */
const OPEN_ORDERS_MAX = 2_000;

type Arguments = { readonly body: unknown; readonly nowMs: number; readonly uuid: () => string };

/**
 * Accepts the order that `body`, a parsed JSON value, asks for. The answer is the order as it was accepted, with its legs; what
 * the market makes of it at once, such as the fill of a market order, is already stored and shows on the next read.
 *
 * Whether an accepted order takes its client order id for good, only while it is open, or not at all is in the settings.
 */
export function placeOrder(market: Market, { body, nowMs, uuid }: Arguments): Result<NewOrder, Refusal> {
  const request = readOrderRequest(body);
  if (!request.ok) return request;
  const { client_order_id } = request.value;
  if (client_order_id !== null && isTaken(market, client_order_id)) {
    return err({ reason: "duplicate_client_order_id" });
  }
  const symbol = findListed(market, request.value.symbol);
  const price = symbol === undefined ? undefined : lastPrice(market, symbol);
  if (symbol === undefined || price === undefined) {
    return err({ reason: "invalid", message: `asset "${request.value.symbol}" not found` });
  }
  const placed = toNewOrder(request.value, { symbol, nowMs, uuid });
  const { order, legs } = placed;
  const refusal = refuseLegPrices(request.value, price) ?? refuseOrder(market, order, price);
  if (refusal !== undefined) return err(refusal);
  for (const one of [order, ...legs]) market.store.insertOrder(one);
  settleOrder(market, order, { nowMs, price });
  return ok(placed);
}

function isTaken({ settings, store }: Market, clientOrderId: string): boolean {
  switch (settings.deduplication) {
    case "permanent":
      return store.findOrderByClientOrderId(clientOrderId) !== undefined;
    case "open_orders":
      return store.listOpenOrders().some((order) => order.clientOrderId === clientOrderId);
    case "none":
      return false;
    default:
      return assertNever(settings.deduplication);
  }
}

function refuseOrder(market: Market, order: VenueOrder, price: Decimal): Refusal | undefined {
  if (isZero(remainingAt(order, price))) {
    return { reason: "invalid", message: "notional is too small to trade" };
  }
  if (order.orderClass !== "" && isExit(market, order)) {
    return { reason: "invalid", message: `${order.orderClass} orders must be entry orders` };
  }
  if (market.store.countOpenOrders() >= OPEN_ORDERS_MAX) {
    return { reason: "too_many_open_orders", openOrdersMax: OPEN_ORDERS_MAX };
  }
  const { costBasis, buyingPower } = affordability(market, order);
  // An order that only closes a position costs nothing, and may be placed also when there is less than nothing left.
  return isZero(costBasis) || !greaterThan(costBasis, buyingPower)
    ? undefined
    : { reason: "insufficient_buying_power", buyingPower, costBasis };
}

/** Whether the order brings a position closer to zero. */
function isExit({ store }: Market, { symbol, side }: VenueOrder): boolean {
  const held = store.readPosition(symbol)?.quantity ?? ZERO;
  return side === "buy" ? lessThan(held, ZERO) : greaterThan(held, ZERO);
}
