// An order as the paper venue keeps it.
import { type Decimal, divide, isZero } from "../../domain/money.ts";
import type { OrderType, Side, TimeInForce } from "../../domain/order.ts";

/**
 * `accepted` until it is first held against the market, then `new` while it rests, `partially_filled` while a rest of it
 * does; `held`: a leg whose turn has not come. The other three are final.
 */
export type VenueOrderStatus = "held" | "accepted" | "new" | "partially_filled" | "filled" | "canceled" | "expired";

/** `bracket`: with a take profit and a stop loss. `oto`: with one of the two. A leg has the class of its order. */
export type OrderClass = "" | "bracket" | "oto";

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
  readonly orderClass: OrderClass;
  /** The order that this one is a leg of. */
  readonly parentId: string | null;
  /** Its legs, the take profit first. */
  readonly legIds: readonly string[];
};

/** The kinship of an order without legs that is no leg. */
export const ALONE = { orderClass: "", parentId: null, legIds: [] } as const satisfies Partial<VenueOrder>;

const OPEN: ReadonlySet<VenueOrderStatus> = new Set(["accepted", "new", "partially_filled"]);

/** Whether the market looks at it. Of a bracket that is one order at a time. */
export const isOpen = ({ status }: Pick<VenueOrder, "status">): boolean => OPEN.has(status);

/** Whether it can still trade, now or when its turn comes. */
export const isLive = (order: Pick<VenueOrder, "status">): boolean => isOpen(order) || order.status === "held";

/** The order as it is when it ends, with what was filled until then. */
export const canceledAt = (order: VenueOrder, atMs: number): VenueOrder => ({
  ...order,
  status: "canceled",
  canceledAtMs: atMs,
  updatedAtMs: atMs,
});

/** The same, at the end of its time. */
export const expiredAt = (order: VenueOrder, atMs: number): VenueOrder => ({
  ...order,
  status: "expired",
  expiredAtMs: atMs,
  updatedAtMs: atMs,
});

/** US dollars a unit, `null` before the first fill. Rounded half-even at 12 digits where the quotient has no end before. */
export const averagePriceOf = ({ filledCost, filledQuantity }: VenueOrder): Decimal | null =>
  isZero(filledQuantity) ? null : divide(filledCost, filledQuantity);
