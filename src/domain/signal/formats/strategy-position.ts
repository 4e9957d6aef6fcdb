// What a TradingView strategy says it holds: `{{strategy.market_position}}` and `{{strategy.market_position_size}}`, and the same
// two of the time before its order. The size has no sign.
import { type Decimal, ZERO, isPositive, isZero, negate } from "../../money.ts";
import type { PositionClaim } from "../format.ts";

/** The words of `{{strategy.market_position}}`. */
export const POSITIONS = { long: "long", short: "short", flat: "flat" } as const;

/** Whether a size goes with a side: of nothing, when flat, there is nothing, and of anything else there is something. */
export const agree = (side: PositionClaim["side"], size: Decimal): boolean =>
  side === "flat" ? isZero(size) : isPositive(size);

/** Units, negative when short, as far as the claim says how many. */
export function unitsOf({ side, size }: PositionClaim): Decimal | undefined {
  if (side === "flat") return ZERO;
  return side === "short" && size !== undefined ? negate(size) : size;
}

export const sideOf = (units: Decimal): PositionClaim["side"] => {
  if (isZero(units)) return "flat";
  return isPositive(units) ? "long" : "short";
};
