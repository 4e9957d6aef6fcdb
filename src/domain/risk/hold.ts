// Which approved orders wait for a person, and whether the market is still where it was when one of them began to wait.
import { type Decimal, absolute, decimalOf, divide, greaterThan, multiply, roundForWire, subtract } from "../money.ts";
import type { OrderIntent } from "../order.ts";
import { type RiskFacts, isReduction } from "./facts.ts";
import { marketPrice, notionalOf } from "./measure.ts";
import type { Policy } from "./policy.ts";
import { OFF } from "./rule.ts";

/** Exits never wait. What cannot be measured does, like what is too much. */
export function mustBeApproved(intent: OrderIntent, { approval }: Policy, facts: RiskFacts): boolean {
  if (approval === "auto" || isReduction(intent, facts)) return false;
  const notional = notionalOf(intent, facts);
  return "unknown" in notional || greaterThan(notional.value, approval.above);
}

/** The last trade's price, for a later one to be held against. */
export function priceAtHold(facts: RiskFacts): Decimal | null {
  const price = marketPrice(facts);
  return "unknown" in price ? null : price.value;
}

/** Why the market keeps a held order from being approved, if it does. Both prices are positive. */
export function driftSince(held: Decimal | null, now: Decimal | null, { approval }: Policy): string | undefined {
  if (approval === "auto" || approval.max_drift_percent === OFF) return undefined;
  if (held === null || now === null) return "there is no price to compare, then or now";
  const moved = multiply(absolute(subtract(now, held)), HUNDRED);
  if (!greaterThan(moved, multiply(approval.max_drift_percent, held))) return undefined;
  const percent = roundForWire(divide(moved, held));
  return `the last trade was at ${held} then and is at ${now} now, ${percent} percent apart; ${approval.max_drift_percent} at most`;
}

const HUNDRED = decimalOf("100");
