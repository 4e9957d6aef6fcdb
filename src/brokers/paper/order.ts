// An order as the paper venue keeps it.
import type { Decimal } from "../../domain/money.ts";
import type { OrderType, Side, TimeInForce } from "../../domain/order.ts";

/** `accepted` until it is first held against the market, then `new` while it rests. The other three are final. */
export type VenueOrderStatus = "accepted" | "new" | "filled" | "canceled" | "expired";

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
  /** `null` before the fill. */
  readonly averagePrice: Decimal | null;
  readonly submittedAtMs: number;
  readonly updatedAtMs: number;
  /** When a resting order ends by itself, `null` for one that never rests. */
  readonly expiresAtMs: number | null;
  readonly filledAtMs: number | null;
  readonly canceledAtMs: number | null;
  readonly expiredAtMs: number | null;
};

export const isOpen = ({ status }: Pick<VenueOrder, "status">): boolean => status === "accepted" || status === "new";
