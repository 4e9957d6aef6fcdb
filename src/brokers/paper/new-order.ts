// What a request becomes once it is accepted. Its only effect is that it takes new ids.
import { ZERO } from "../../domain/money.ts";
import { orderClassOf } from "./bracket-request.ts";
import { endOfDayMs } from "./market.ts";
import { ALONE, type VenueOrder } from "./order.ts";
import type { OrderRequest } from "./order-request.ts";

/** After this long Alpaca cancels an order that is good till canceled. */
const GTC_MS = 90 * 86_400_000;

export type NewOrder = { readonly order: VenueOrder; readonly legs: readonly VenueOrder[] };

type Given = { readonly symbol: string; readonly nowMs: number; readonly uuid: () => string };

/** The order that was asked for, accepted, and its legs, held. */
export function toNewOrder(request: OrderRequest, given: Given): NewOrder {
  const alone = toOrder(request, given);
  const { take_profit: profit, stop_loss: stop } = request;
  const leg = (terms: Pick<VenueOrder, "type" | "limitPrice" | "stopPrice">): VenueOrder => ({
    ...alone,
    ...terms,
    id: given.uuid(),
    clientOrderId: given.uuid(),
    side: alone.side === "buy" ? "sell" : "buy",
    status: "held",
    triggered: terms.stopPrice === null,
    parentId: alone.id,
  });
  const legs: VenueOrder[] = [];
  if (profit !== null) legs.push(leg({ type: "limit", limitPrice: profit.limit_price, stopPrice: null }));
  if (stop !== null) {
    const type = stop.limit_price === null ? "stop" : "stop_limit";
    legs.push(leg({ type, limitPrice: stop.limit_price, stopPrice: stop.stop_price }));
  }
  return { order: { ...alone, legIds: legs.map(({ id }) => id) }, legs };
}

function toOrder(request: OrderRequest, { symbol, nowMs, uuid }: Given): VenueOrder {
  return {
    ...ALONE,
    orderClass: orderClassOf(request),
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
