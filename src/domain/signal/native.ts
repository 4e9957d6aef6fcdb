// The gateway's own format for an order: one JSON object. What an order alone cannot say is in native-instruction.ts.
import * as z from "zod";
import { type FieldError, parseFields } from "../fields.ts";
import { AccountId, ClientOrderId } from "../ids.ts";
import { PositiveDecimal } from "../money.ts";
import { type OrderIntent, OrderType, Side, Symbol, TimeInForce } from "../order.ts";
import type { Result } from "../result.ts";

const NEEDS_LIMIT_PRICE: ReadonlySet<OrderType> = new Set(["limit", "stop_limit"]);
const NEEDS_STOP_PRICE: ReadonlySet<OrderType> = new Set(["stop", "stop_limit"]);

/** What closes the position that an order opens. */
export const bracketFields = {
  take_profit: z.strictObject({ limit_price: PositiveDecimal }).optional().meta({
    description: "Closes the position again, at a profit.",
  }),
  stop_loss: z
    .strictObject({
      stop_price: PositiveDecimal,
      limit_price: PositiveDecimal.optional().meta({ description: "Makes it a stop limit." }),
    })
    .optional()
    .meta({ description: "Closes the position again, at a loss." }),
};

/**
 * An order as a sender writes it. Unknown keys are refused: a misspelt `limit_price` must not become a market order.
 * Decimals are strings; a JSON number is accepted where it comes out of a double as it went in.
 */
export const NativeOrder = z
  .strictObject({
    symbol: Symbol.meta({ example: "AAPL" }),
    side: Side,
    type: OrderType,
    quantity: PositiveDecimal.optional().meta({ description: "Units to trade; this or `notional`.", example: "10" }),
    notional: PositiveDecimal.optional().meta({ description: "Money to trade for; this or `quantity`." }),
    limit_price: PositiveDecimal.optional().meta({ description: "Required by `limit` and `stop_limit`." }),
    stop_price: PositiveDecimal.optional().meta({ description: "Required by `stop` and `stop_limit`." }),
    ...bracketFields,
    time_in_force: TimeInForce.default("day"),
    client_order_id: ClientOrderId.optional().meta({
      description:
        "Your name for this one order. Sent again with the same content, it returns the same order, as it now stands.",
    }),
    account: AccountId.optional().meta({ description: "The trading account; the gateway's default when absent." }),
    extended_hours: z.boolean().default(false),
  })
  // Checked also when a field is wrong by itself, so that one answer lists everything.
  .superRefine(checkTogether, {
    when: ({ value }) => typeof value === "object" && value !== null && !Array.isArray(value),
  })
  .meta({ id: "NativeOrder" });
export type NativeOrder = z.infer<typeof NativeOrder>;

type Together = Pick<OrderIntent, "type" | "quantity" | "notional" | "limit_price" | "stop_price">;

/** What the fields ask of each other. */
function checkTogether(order: Together, context: z.core.$RefinementCtx): void {
  const refuse = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
  if (order.quantity === undefined && order.notional === undefined) refuse("quantity", "give quantity or notional");
  if (order.quantity !== undefined && order.notional !== undefined) {
    refuse("notional", "give quantity or notional, not both");
  }
  checkPrices(order, refuse);
}

/** What a type of order asks of its prices. Nothing is guessed while the type itself is wrong. */
export function checkPrices(
  { type, limit_price, stop_price }: Pick<Together, "type" | "limit_price" | "stop_price">,
  refuse: (path: string, message: string) => void,
): void {
  if (!OrderType.safeParse(type).success) return;
  const needsLimit = NEEDS_LIMIT_PRICE.has(type);
  if (needsLimit && limit_price === undefined) refuse("limit_price", `required by type ${type}`);
  if (!needsLimit && limit_price !== undefined) refuse("limit_price", `not allowed with type ${type}`);
  const needsStop = NEEDS_STOP_PRICE.has(type);
  if (needsStop && stop_price === undefined) refuse("stop_price", `required by type ${type}`);
  if (!needsStop && stop_price !== undefined) refuse("stop_price", `not allowed with type ${type}`);
}

/** Reads a parsed body as an order, or lists every field that keeps it from being one. */
export const readNativeOrder = (body: unknown): Result<NativeOrder, readonly FieldError[]> =>
  parseFields(NativeOrder, body);
