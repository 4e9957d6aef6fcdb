// The prices of an order, as TradersPost and trade-relay both call them: `orderType`, `limitPrice` and `stopPrice`.
import type { OrderType } from "../../../order.ts";
import type { Fields } from "../../fields.ts";
import type { PriceSpec, Terms } from "../../instruction.ts";

export function readPrice(fields: Fields, name: string, code: string): PriceSpec | undefined {
  const at = fields.positive(name, code);
  return at && { at };
}

/**
 * A price has to go with the type that needs it, and the type with its price. Where the type is missing they go by their own
 * settings, and where the price is, TradersPost takes the market's: here are no such settings, and the market has no one price.
 *
 * `type` is undefined where it is not said, or wrong.
 */
export function readPrices(fields: Fields, type: OrderType | undefined): Pick<Terms, "limit_price" | "stop_price"> {
  const limit_price = readPrice(fields, "limitPrice", "invalid_limit_price");
  const stop_price = readPrice(fields, "stopPrice", "invalid_stop_price");
  if (type !== undefined) {
    demand(fields, { name: "limitPrice", code: "limit_price", isNeeded: type === "limit" || type === "stop_limit" });
    demand(fields, { name: "stopPrice", code: "stop_price", isNeeded: type === "stop" || type === "stop_limit" });
  } else if (!fields.has("orderType") && (fields.has("limitPrice") || fields.has("stopPrice"))) {
    fields.refuse("orderType", "order_type_required", "say which type of order the price is for");
  }
  return { limit_price, stop_price };
}

function demand(fields: Fields, price: { name: string; code: string; isNeeded: boolean }): void {
  const { name, code, isNeeded } = price;
  if (isNeeded && !fields.has(name)) fields.refuse(name, `${code}_required`, "required by this type of order");
  if (!isNeeded && fields.has(name)) fields.refuse(name, `${code}_not_allowed`, "not allowed with this type of order");
}
