// What an operator found out about an order that no machine could settle.
import * as z from "zod";
import { type FieldError, INVALID_FIELD } from "./fields.ts";
import {
  type Decimal,
  DecimalString,
  PositiveDecimal,
  UNSIGNED_PATTERN,
  ZERO,
  compare,
  isPositive,
  lessThan,
} from "./money.ts";
import type { Order } from "./order.ts";
import { type Result, err, ok } from "./result.ts";

const Reason = z.string().trim().min(1).max(500).meta({ description: "How you know; kept in the audit log." });

const WithoutBroker = z
  .boolean()
  .default(false)
  .meta({ description: "`true` takes your word also while the broker does not answer, and says so in the audit log." });

/** The reason that an order has which a person has settled. */
export const SETTLED_BY_OPERATOR = "settled_by_operator";

/** Either the broker never had the order, or it did and this is how it ended there. */
export const Settlement = z
  .discriminatedUnion("outcome", [
    z.strictObject({ outcome: z.literal("not_placed"), without_broker: WithoutBroker, reason: Reason }),
    z.strictObject({
      outcome: z.literal("placed"),
      status: z.enum(["filled", "canceled", "expired", "rejected"]),
      venue_order_id: z.string().min(1).max(128).optional(),
      filled_quantity: DecimalString.meta({
        pattern: UNSIGNED_PATTERN,
        description:
          "Units filled in all: the whole quantity when `filled`, less when `canceled` or `expired`, 0 when `rejected`.",
      }),
      average_price: PositiveDecimal.optional().meta({ description: "Required when anything was filled." }),
      without_broker: WithoutBroker,
      reason: Reason,
    }),
  ])
  .meta({ id: "Settlement" });
export type Settlement = z.infer<typeof Settlement>;

/** What is wrong with a settlement of this order, or the settlement. */
export function checkSettlement(
  order: Pick<Order, "quantity" | "filled_quantity">,
  settlement: Settlement,
): Result<Settlement, FieldError> {
  const wrong = (field: string, message: string) => err({ pointer: `/${field}`, code: INVALID_FIELD, message });
  if (settlement.outcome === "not_placed") {
    return isPositive(order.filled_quantity) ? wrong("outcome", "the broker has reported fills of it") : ok(settlement);
  }
  const { status, filled_quantity: filled, average_price: average } = settlement;
  if (lessThan(filled, ZERO)) return wrong("filled_quantity", "must not be negative");
  if (lessThan(filled, order.filled_quantity)) {
    return wrong("filled_quantity", `must not be less than the ${order.filled_quantity} the broker has reported`);
  }
  if (isPositive(filled) !== (average !== undefined)) {
    return wrong("average_price", isPositive(filled) ? "required where something was filled" : "nothing was filled");
  }
  const complaint = complainAboutFills(status, filled, order.quantity);
  return complaint === undefined ? ok(settlement) : wrong("filled_quantity", complaint);
}

/** The whole quantity is filled, and only then; a rejected order has no fills. `undefined` where nothing is wrong. */
function complainAboutFills(status: Order["status"], filled: Decimal, quantity: Decimal | undefined) {
  if (status === "rejected") return isPositive(filled) ? "must be 0 when rejected" : undefined;
  if (quantity === undefined) {
    return status === "filled" && !isPositive(filled) ? "must be more than 0 when filled" : undefined;
  }
  const missing = compare(quantity, filled);
  if (status === "filled") return missing === 0 ? undefined : `must be the whole quantity, ${quantity}, when filled`;
  return missing > 0 ? undefined : `must be less than the whole quantity, ${quantity}, when ${status}`;
}
