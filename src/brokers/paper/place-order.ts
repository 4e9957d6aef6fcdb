// Takes a new order, or refuses it. A refused order leaves nothing behind: its client order id is still free.
import { type Decimal, ZERO, greaterThan, isZero } from "../../domain/money.ts";
import { type Result, assertNever, err, ok } from "../../domain/result.ts";
import { affordability } from "./account.ts";
import { type Market, endOfDayMs, findListed, lastPrice } from "./market.ts";
import { remainingAt } from "./matching.ts";
import type { VenueOrder } from "./order.ts";
import { type OrderRequest, readOrderRequest } from "./order-request.ts";
import type { Refusal } from "./refusal.ts";
import { settleOrder } from "./settle.ts";

/** Every request looks at all open orders, and DELETE /v2/orders answers for all of them at once. */
const OPEN_ORDERS_MAX = 2_000;

/** After this long Alpaca cancels an order that is good till canceled. */
const GTC_MS = 90 * 86_400_000;

type Arguments = { readonly body: unknown; readonly nowMs: number; readonly uuid: () => string };

/**
 * Accepts the order that `body`, a parsed JSON value, asks for. The answer is the order as it was accepted; what the
 * market makes of it at once, such as the fill of a market order, is already stored and shows on the next read.
 *
 * Whether an accepted order takes its client order id for good, only while it is open, or not at all is in the settings.
 */
export function placeOrder(market: Market, { body, nowMs, uuid }: Arguments): Result<VenueOrder, Refusal> {
  const request = readOrderRequest(body);
  if (!request.ok) return err({ reason: "invalid", message: request.error });
  const { client_order_id } = request.value;
  if (client_order_id !== null && isTaken(market, client_order_id)) {
    return err({ reason: "duplicate_client_order_id" });
  }
  const symbol = findListed(market, request.value.symbol);
  const price = symbol === undefined ? undefined : lastPrice(market, symbol);
  if (symbol === undefined || price === undefined) {
    return err({ reason: "invalid", message: `asset "${request.value.symbol}" not found` });
  }
  const order = toOrder(request.value, { symbol, nowMs, uuid });
  const refusal = refuseOrder(market, order, price);
  if (refusal !== undefined) return err(refusal);
  market.store.insertOrder(order);
  settleOrder(market, order, { nowMs, price });
  return ok(order);
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
  if (market.store.countOpenOrders() >= OPEN_ORDERS_MAX) {
    return { reason: "too_many_open_orders", openOrdersMax: OPEN_ORDERS_MAX };
  }
  const { costBasis, buyingPower } = affordability(market, order);
  // An order that only closes a position costs nothing, and may be placed also when there is less than nothing left.
  return isZero(costBasis) || !greaterThan(costBasis, buyingPower)
    ? undefined
    : { reason: "insufficient_buying_power", buyingPower, costBasis };
}

function toOrder(
  request: OrderRequest,
  { symbol, nowMs, uuid }: { readonly symbol: string; readonly nowMs: number; readonly uuid: () => string },
): VenueOrder {
  return {
    id: uuid(),
    clientOrderId: request.client_order_id ?? uuid(),
    symbol,
    side: request.side,
    type: request.type,
    timeInForce: request.time_in_force,
    quantity: request.qty,
    notional: request.notional,
    limitPrice: request.limit_price,
    stopPrice: request.stop_price,
    extendedHours: request.extended_hours ?? false,
    status: "accepted",
    triggered: request.stop_price === null,
    filledQuantity: ZERO,
    filledCost: ZERO,
    submittedAtMs: nowMs,
    updatedAtMs: nowMs,
    expiresAtMs: expiryOf(request, nowMs),
    filledAtMs: null,
    canceledAtMs: null,
    expiredAtMs: null,
  };
}

/** Only a stop can make an `ioc` or `fok` order wait; it then waits like one that is good till canceled. */
function expiryOf({ time_in_force, stop_price }: OrderRequest, nowMs: number): number | null {
  if (time_in_force === "day") return endOfDayMs(nowMs);
  return time_in_force === "gtc" || stop_price !== null ? nowMs + GTC_MS : null;
}
