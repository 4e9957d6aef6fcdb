// One small function per rule. A rule answers for itself: what it measured, the limit, and whether that passed.
import { type Decimal, compare, divide, greaterThan, lessThan, multiply } from "../money.ts";
import type { OrderIntent, Verdict } from "../order.ts";
import { type Holdings, type RiskFacts, isReduction } from "./facts.ts";
import type { Policy } from "./policy.ts";

export type Rule = (intent: OrderIntent, policy: Policy, facts: RiskFacts) => Verdict;

/** Audit entries that may wait for the public record before entries are refused. */
export const AUDIT_BACKLOG_MAX = 1_000;

/** Rules that bind every order, exits included. */
export const ORDER_RULES: readonly Rule[] = [tradingState, supported];

/** Rules that bind what opens or adds to a position. */
export const ENTRY_RULES: readonly Rule[] = [auditBacklog, symbolAllowed, maxQuantity, maxNotional];

/** Whether an approved order may still leave: the trading state can have changed since. */
export const mayLeaveNow = (intent: OrderIntent, policy: Policy, facts: Holdings): boolean =>
  tradingState(intent, policy, facts).passed;

function tradingState(intent: OrderIntent, policy: Policy, facts: Holdings): Verdict {
  const state = policy.trading_state;
  const passed = state === "active" || (state === "reducing" && isReduction(intent, facts));
  const verdict = { rule: "trading_state", passed, input: `position ${facts.position}`, limit: state };
  return passed ? verdict : { ...verdict, reason: state === "halted" ? "trading_halted" : "reducing_only" };
}

function supported(_intent: OrderIntent, _policy: Policy, facts: RiskFacts): Verdict {
  const verdict = { rule: "order_supported", input: facts.unsupported?.detail ?? "supported", limit: "broker" };
  return facts.unsupported === undefined
    ? { ...verdict, passed: true }
    : { ...verdict, passed: false, reason: facts.unsupported.code };
}

function auditBacklog(_intent: OrderIntent, _policy: Policy, facts: RiskFacts): Verdict {
  const verdict = { rule: "audit_backlog", input: String(facts.auditBacklog), limit: String(AUDIT_BACKLOG_MAX) };
  return facts.auditBacklog <= AUDIT_BACKLOG_MAX
    ? { ...verdict, passed: true }
    : { ...verdict, passed: false, reason: "audit_backlog" };
}

function symbolAllowed(intent: OrderIntent, policy: Policy): Verdict {
  const verdict = { rule: "symbol_allowed", input: intent.symbol };
  if (policy.symbols === undefined) return unset(verdict);
  const passed = policy.symbols.includes(intent.symbol);
  return { ...verdict, passed, limit: policy.symbols.join(" "), ...(passed ? {} : { reason: "symbol_not_allowed" }) };
}

function maxQuantity(intent: OrderIntent, policy: Policy, facts: RiskFacts): Verdict {
  const limit = policy.max_quantity;
  const quantity = intent.quantity ?? estimateQuantity(intent, policy, facts);
  if (typeof quantity === "object") return { rule: "max_quantity", limit: limit ?? null, ...quantity };
  return capped({ rule: "max_quantity", input: quantity }, quantity, limit);
}

function maxNotional(intent: OrderIntent, policy: Policy, facts: RiskFacts): Verdict {
  const limit = policy.max_notional;
  const notional = intent.notional ?? estimateNotional(intent, policy, facts);
  if (typeof notional === "object") return { rule: "max_notional", limit: limit ?? null, ...notional };
  return capped({ rule: "max_notional", input: notional }, notional, limit);
}

type Measured = Pick<Verdict, "rule" | "input">;
type Unmeasured = { readonly passed: false; readonly input: string; readonly reason: string };

const unset = (verdict: Measured): Verdict => ({ ...verdict, passed: false, limit: null, reason: "limit_not_set" });

function capped(verdict: Measured, value: Decimal, limit: Decimal | undefined): Verdict {
  if (limit === undefined) return unset(verdict);
  const passed = !greaterThan(value, limit);
  return { ...verdict, passed, limit, ...(passed ? {} : { reason: `${verdict.rule}_exceeded` }) };
}

function estimateQuantity(intent: OrderIntent, policy: Policy, facts: RiskFacts): Decimal | Unmeasured {
  const price = referencePrice(policy, facts);
  return typeof price === "object" ? price : divide(intent.notional as Decimal, price);
}

/** The most the order is expected to cost: a buy limit bounds its own price, anything else may trade at the market's. */
function estimateNotional(intent: OrderIntent, policy: Policy, facts: RiskFacts): Decimal | Unmeasured {
  const quantity = intent.quantity as Decimal;
  if (boundsItsPrice(intent)) return multiply(quantity, intent.limit_price as Decimal);
  const market = referencePrice(policy, facts);
  if (typeof market === "object") return market;
  const own = intent.limit_price ?? intent.stop_price ?? market;
  return multiply(quantity, lessThan(own, market) ? market : own);
}

type Terms = Pick<OrderIntent, "symbol" | "side" | "quantity" | "limit_price">;

const boundsItsPrice = (terms: Terms): boolean => terms.side === "buy" && terms.limit_price !== undefined;

/** Whether the rules have to know a market price to measure this order, which an order refused anyway does not need. */
export const needsReferencePrice = (terms: Terms, policy: Policy): boolean =>
  policy.trading_state === "active" &&
  policy.symbols?.includes(terms.symbol) === true &&
  (terms.quantity === undefined || !boundsItsPrice(terms));

function referencePrice(policy: Policy, facts: RiskFacts): Decimal | Unmeasured {
  const unmeasured = (input: string, reason: string): Unmeasured => ({ passed: false, input, reason });
  const reference = facts.referencePrice;
  if (reference === undefined || compare(reference.price, "0" as Decimal) <= 0) {
    return unmeasured("no reference price", "reference_price_unknown");
  }
  const maxAgeSec = policy.reference_price_max_age_sec;
  if (maxAgeSec === undefined) return unmeasured("reference_price_max_age_sec", "limit_not_set");
  const ageSec = (facts.nowMs - reference.atMs) / 1000;
  if (ageSec > maxAgeSec) return unmeasured(`last trade ${Math.round(ageSec)} s old`, "reference_price_stale");
  return reference.price;
}
