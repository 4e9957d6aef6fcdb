// What a replacement changes about an order.
import * as z from "zod";
import { type FieldError, INVALID_FIELD } from "../fields.ts";
import { ClientOrderId } from "../ids.ts";
import { PositiveDecimal } from "../money.ts";
import { type Order, TimeInForce } from "../order.ts";
import { type Result, err } from "../result.ts";
import { type NativeOrder, readNativeOrder } from "./native.ts";

const TERMS = ["quantity", "limit_price", "stop_price", "time_in_force"] as const;

/** The terms to change; the others stay. Symbol, side and type are not for changing: that is another order. */
export const OrderChange = z
  .strictObject({
    quantity: PositiveDecimal.optional().meta({
      description: "Units wanted in all, what the old order has filled included.",
    }),
    limit_price: PositiveDecimal.optional(),
    stop_price: PositiveDecimal.optional(),
    time_in_force: TimeInForce.optional(),
    client_order_id: ClientOrderId.optional().meta({
      description: "Your name for the new order. Sent again with the same content, it returns the same new order.",
    }),
  })
  .refine((change) => TERMS.some((term) => change[term] !== undefined), {
    error: "change at least one of quantity, limit_price, stop_price and time_in_force",
  })
  .meta({ id: "OrderChange" });
export type OrderChange = z.infer<typeof OrderChange>;

/** The order that takes the place of `order`, or what keeps the change from making one. */
export function applyChange(order: Order, change: OrderChange): Result<NativeOrder, readonly FieldError[]> {
  if (order.quantity === undefined) {
    const message = "an order by notional cannot be replaced; cancel it";
    return err([{ pointer: "/quantity", code: INVALID_FIELD, message }]);
  }
  return readNativeOrder({
    symbol: order.symbol,
    side: order.side,
    type: order.type,
    quantity: change.quantity ?? order.quantity,
    limit_price: change.limit_price ?? order.limit_price,
    stop_price: change.stop_price ?? order.stop_price,
    time_in_force: change.time_in_force ?? order.time_in_force,
    extended_hours: order.extended_hours,
    client_order_id: change.client_order_id,
    account: order.account,
  });
}
