// How near the legs of a bracket may be to where the order trades. Pure.
import { type Decimal, add, decimalOf, greaterThan, lessThan, subtract } from "../../domain/money.ts";
import type { OrderRequest } from "./order-request.ts";
import type { Refusal } from "./refusal.ts";

/** US dollars, for every symbol. */
const DISTANCE = decimalOf("0.01");

type Request = Pick<OrderRequest, "side" | "limit_price" | "take_profit" | "stop_loss">;

/**
 * What is wrong with the legs at this market price. They are measured from the limit of the order, or from the market where it
 * has none; a stop loss is measured from the market in any case, or it would trade at once.
 */
export function refuseLegPrices(request: Request, lastPrice: Decimal): Refusal | undefined {
  const { side, limit_price: limit, take_profit, stop_loss } = request;
  const profit = take_profit?.limit_price ?? null;
  const stop = stop_loss?.stop_price ?? null;
  const entry = limit ?? lastPrice;
  const isBuy = side === "buy";
  return (
    refuseNear("take_profit.limit_price", profit, { base: entry, isAbove: isBuy }) ??
    refuseNear("stop_loss.stop_price", stop, { base: entry, isAbove: !isBuy }) ??
    refuseNear("stop_loss.stop_price", stop, { base: lastPrice, isAbove: !isBuy })
  );
}

function refuseNear(
  field: string,
  price: Decimal | null,
  { base, isAbove }: { readonly base: Decimal; readonly isAbove: boolean },
): Refusal | undefined {
  const nearest = isAbove ? add(base, DISTANCE) : subtract(base, DISTANCE);
  const isNear = price !== null && (isAbove ? lessThan(price, nearest) : greaterThan(price, nearest));
  if (!isNear) return undefined;
  const bound = isAbove ? `>= base_price + ${DISTANCE}` : `<= base_price - ${DISTANCE}`;
  return { reason: "leg_price", message: `${field} must be ${bound}`, basePrice: base };
}
