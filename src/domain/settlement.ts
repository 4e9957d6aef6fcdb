// What an operator found out about an order that no machine could settle.
import * as z from "zod";
import { type Decimal, DecimalString, PositiveDecimal, ZERO, compare, isPositive, lessThan } from "./money.ts";
import type { Order } from "./order.ts";
import { type Result, err, ok } from "./result.ts";

const Reason = z.string().trim().min(1).max(500).meta({ description: "How you know; kept in the audit log." });

/** Either the broker never had the order, or it did and this is how it ended there. */
export const Settlement = z
  .discriminatedUnion("outcome", [
    z.strictObject({ outcome: z.literal("not_placed"), reason: Reason }),
    z.strictObject({
      outcome: z.literal("placed"),
      status: z.enum(["filled", "canceled", "expired", "rejected"]),
      venue_order_id: z.string().min(1).max(128).optional(),
      filled_quantity: DecimalString,
      average_price: PositiveDecimal.optional().meta({ description: "Required when anything was filled." }),
      reason: Reason,
    }),
  ])
  .meta({ id: "Settlement" });
export type Settlement = z.infer<typeof Settlement>;

/** What is wrong with a settlement of this order, as field and message, or the settlement. */
export function checkSettlement(
  order: Pick<Order, "quantity" | "filled_quantity">,
  settlement: Settlement,
): Result<Settlement, { readonly pointer: string; readonly message: string }> {
  const wrong = (field: string, message: string) => err({ pointer: `/${field}`, message });
  if (settlement.outcome === "not_placed") {
    return isPositive(order.filled_quantity) ? wrong("outcome", "the broker has reported fills of it") : ok(settlement);
  }
  const { status, filled_quantity: filled, average_price: average } = settlement;
  if (lessThan(filled, order.filled_quantity)) return wrong("filled_quantity", "less than the broker has reported");
  if (isPositive(filled) !== (average !== undefined)) {
    return wrong("average_price", isPositive(filled) ? "required where something was filled" : "nothing was filled");
  }
  return isPlausible(status, filled, order.quantity)
    ? ok(settlement)
    : wrong("filled_quantity", "does not go with the status and the quantity of the order");
}

/** The whole quantity is filled, and only then; a rejected order has no fills. */
function isPlausible(status: Order["status"], filled: Decimal, quantity: Decimal | undefined): boolean {
  if (lessThan(filled, ZERO)) return false;
  if (status === "rejected") return !isPositive(filled);
  if (quantity === undefined) return status !== "filled" || isPositive(filled);
  const missing = compare(quantity, filled);
  return status === "filled" ? missing === 0 : missing > 0;
}
