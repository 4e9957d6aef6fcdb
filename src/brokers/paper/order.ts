// An order as the paper venue keeps it.
import { type Decimal, divide, isZero } from "../../domain/money.ts";
import type { OrderType, Side, TimeInForce } from "../../domain/order.ts";

/**
 * `accepted` until it is first held against the market, then `new` while it rests, `partially_filled` while a rest of it
 * does. The other three are final.
 */
export type VenueOrderStatus = "accepted" | "new" | "partially_filled" | "filled" | "canceled" | "expired";

export type VenueOrder = {
  readonly id: string;
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  /** Units. Exactly one of `quantity` and `notional` is set. */
  readonly quantity: Decimal | null;
  /** US dollars. */
  readonly notional: Decimal | null;
  readonly limitPrice: Decimal | null;
  readonly stopPrice: Decimal | null;
  readonly extendedHours: boolean;
  readonly status: VenueOrderStatus;
  /** Whether the stop price was reached; true from the start for an order that has none. */
  readonly triggered: boolean;
  readonly filledQuantity: Decimal;
  /** US dollars: what all fills together cost. A sum, because a sum is exact and an average is not. */
  readonly filledCost: Decimal;
  readonly submittedAtMs: number;
  readonly updatedAtMs: number;
  /** When a resting order ends by itself, `null` for one that never rests. */
  readonly expiresAtMs: number | null;
  /** When the last unit was filled. */
  readonly filledAtMs: number | null;
  readonly canceledAtMs: number | null;
  readonly expiredAtMs: number | null;
};

const OPEN: ReadonlySet<VenueOrderStatus> = new Set(["accepted", "new", "partially_filled"]);

export const isOpen = ({ status }: Pick<VenueOrder, "status">): boolean => OPEN.has(status);

/** US dollars a unit, `null` before the first fill. Rounded half-even at 12 digits where the quotient has no end before. */
export const averagePriceOf = ({ filledCost, filledQuantity }: VenueOrder): Decimal | null =>
  isZero(filledQuantity) ? null : divide(filledCost, filledQuantity);
