// One small function per rule. A rule answers for itself: what it measured, the limit, and whether that passed.
import {
  type Decimal,
  absolute,
  add,
  divide,
  greaterThan,
  isPositive,
  lessThan,
  multiply,
  subtract,
  ZERO,
} from "../money.ts";
import { type OrderIntent, type Verdict, ownPriceOf } from "../order.ts";
import { isAtLeast } from "../origin.ts";
import type { SourceCaps } from "../source.ts";
import { type Holdings, type RiskFacts, type SenderFacts, isReduction } from "./facts.ts";
import type { Policy } from "./policy.ts";

export type Rule = (intent: OrderIntent, policy: Policy, facts: RiskFacts) => Verdict;

/** Audit entries that may wait for the public record before entries are refused. */
const AUDIT_BACKLOG_MAX = 1_000;
/** A verdict is stored with every order, so a longer list of symbols is only counted in it. */
const SYMBOLS_SHOWN_MAX = 20;
/** How far the broker's clock may be ahead of ours. */
const CLOCK_SKEW_MAX_SEC = 60;

/** Rules that bind every order, exits included. */
export function orderRules({ sender }: RiskFacts): readonly Rule[] {
  const rules = [tradingState, supported];
  if (sender === null) return rules;
  return [...rules, originProven(sender), ...(isUnsigned(sender) ? quantityCap(sender.caps) : [])];
}

/**
 * Whoever learns the address of a source that does not sign could close what others have opened: its cap on units binds exits
 * too. The one on money does not, because an exit must not need a market price.
 */
const isUnsigned = ({ origin }: SenderFacts): boolean => origin !== "hmac";

/** Rules that bind what opens or adds to a position. */
export function entryRules({ sender }: RiskFacts): readonly Rule[] {
  if (sender === null) return ENTRY_RULES;
  return [...ENTRY_RULES, ...(isUnsigned(sender) ? [] : quantityCap(sender.caps)), ...notionalCap(sender.caps)];
}

const ENTRY_RULES: readonly Rule[] = [
  auditBacklog,
  positionKnown,
  circuitClosed,
  symbolAllowed,
  referencePriceAge,
  maxQuantity,
  maxNotional,
  maxPosition,
];

/** Whether an approved order may still leave: the trading state can have changed since. Holdings are read only if they matter. */
export const mayLeaveNow = (intent: OrderIntent, policy: Policy, readHoldings: () => Holdings): boolean =>
  policy.trading_state === "reducing"
    ? tradingState(intent, policy, readHoldings()).passed
    : policy.trading_state === "active";

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

/** Whoever can send as a source can do what the source can: an exit of somebody else's is no exit. */
const originProven =
  ({ origin, minimumOrigin }: SenderFacts): Rule =>
  () => {
    const verdict = { rule: "origin", input: origin, limit: minimumOrigin };
    return isAtLeast(origin, minimumOrigin)
      ? { ...verdict, passed: true }
      : { ...verdict, passed: false, reason: "origin_not_proven" };
  };

/** What a source may do beside what the account may. */
function quantityCap(caps: SourceCaps | null): Rule[] {
  const cap = caps?.max_quantity;
  if (cap === undefined) return [];
  return [(...order) => capped("source_max_quantity", cap, measureQuantity(...order))];
}

function notionalCap(caps: SourceCaps | null): Rule[] {
  const cap = caps?.max_notional;
  if (cap === undefined) return [];
  return [(...order) => capped("source_max_notional", cap, measureNotional(...order))];
}

function auditBacklog(_intent: OrderIntent, _policy: Policy, facts: RiskFacts): Verdict {
  const verdict = { rule: "audit_backlog", input: String(facts.auditBacklog), limit: String(AUDIT_BACKLOG_MAX) };
  return facts.auditBacklog <= AUDIT_BACKLOG_MAX
    ? { ...verdict, passed: true }
    : { ...verdict, passed: false, reason: "audit_backlog" };
}

/** What was held before the gateway came is not in its own record: until the broker was asked, an entry may be too much. */
function positionKnown(_intent: OrderIntent, _policy: Policy, facts: RiskFacts): Verdict {
  const verdict = { rule: "position_known", limit: "compared with the broker" };
  return facts.positionKnown
    ? { ...verdict, passed: true, input: "compared" }
    : { ...verdict, passed: false, input: "never compared", reason: "position_unknown" };
}

function circuitClosed(_intent: OrderIntent, policy: Policy, facts: RiskFacts): Verdict {
  const verdict = { rule: "circuit_breaker", input: facts.circuitOpen ? "open" : "closed" };
  const limit = policy.when_circuit_open;
  return facts.circuitOpen && limit === "deny"
    ? { ...verdict, passed: false, limit, reason: "circuit_open" }
    : { ...verdict, passed: true, limit };
}

function symbolAllowed(intent: OrderIntent, policy: Policy): Verdict {
  const verdict = { rule: "symbol_allowed", input: intent.symbol };
  if (policy.symbols === undefined) return unset(verdict);
  const passed = policy.symbols.includes(intent.symbol);
  return { ...verdict, passed, limit: listOf(policy.symbols), ...(passed ? {} : { reason: "symbol_not_allowed" }) };
}

const listOf = (symbols: readonly string[]): string =>
  symbols.length <= SYMBOLS_SHOWN_MAX ? symbols.join(" ") : `${symbols.length} symbols`;

/** How old the market price is that the order is measured with. */
function referencePriceAge(intent: OrderIntent, policy: Policy, facts: RiskFacts): Verdict {
  const maxAgeSec = policy.reference_price_max_age_sec;
  const market = needsMarketPrice(intent) ? readMarketPrice(policy, facts) : undefined;
  const verdict = { rule: "reference_price_age", input: market?.input ?? "not needed" };
  if (maxAgeSec === undefined) return unset(verdict);
  const limit = String(maxAgeSec);
  return market?.passed === false ? { ...market, ...verdict, limit } : { ...verdict, passed: true, limit };
}

function maxQuantity(intent: OrderIntent, policy: Policy, facts: RiskFacts): Verdict {
  return capped("max_quantity", policy.max_quantity, measureQuantity(intent, policy, facts));
}

function maxNotional(intent: OrderIntent, policy: Policy, facts: RiskFacts): Verdict {
  return capped("max_notional", policy.max_notional, measureNotional(intent, policy, facts));
}

function maxPosition(intent: OrderIntent, policy: Policy, facts: RiskFacts): Verdict {
  return capped("max_position", policy.max_position, measurePosition(intent, policy, facts));
}

/** What a rule found out, as text, and the value it stands for. */
type Measured = { readonly passed: true; readonly input: string; readonly value: Decimal };
type Unmeasured = { readonly passed: false; readonly input: string; readonly reason: string };

const measured = (value: Decimal): Measured => ({ passed: true, input: value, value });
const unmeasured = (input: string, reason: string): Unmeasured => ({ passed: false, input, reason });

const unset = (verdict: Pick<Verdict, "rule" | "input">): Verdict => ({
  ...verdict,
  passed: false,
  limit: null,
  reason: "limit_not_set",
});

function capped(rule: string, limit: Decimal | undefined, found: Measured | Unmeasured): Verdict {
  const verdict = { rule, input: found.input };
  if (limit === undefined) return unset(verdict);
  if (!found.passed) return { ...verdict, passed: false, limit, reason: found.reason };
  const passed = !greaterThan(found.value, limit);
  return { ...verdict, passed, limit, ...(passed ? {} : { reason: `${rule}_exceeded` }) };
}

/** The most units the order is expected to trade: money buys more of them at its own price where the market's is higher. */
function measureQuantity(intent: OrderIntent, policy: Policy, facts: RiskFacts): Measured | Unmeasured {
  if (intent.quantity !== undefined) return measured(intent.quantity);
  if (intent.notional === undefined) return UNMEASURABLE;
  const market = readMarketPrice(policy, facts);
  if (!market.passed) return market;
  return measured(unitsFor(intent.notional, ownPriceOf(intent), market.value));
}

/** Units held at worst: everything on the way on this side fills, and this order too, and nothing on the other side does. */
function measurePosition(intent: OrderIntent, policy: Policy, facts: RiskFacts): Measured | Unmeasured {
  const quantity = measureQuantity(intent, policy, facts);
  if (!quantity.passed) return quantity;
  const byAmount = measureByAmount(policy, facts);
  if (!byAmount.passed) return byAmount;
  const units = [facts.workingSameSide, byAmount.value, quantity.value].reduce(add);
  return measured(absolute(intent.side === "buy" ? add(facts.position, units) : subtract(facts.position, units)));
}

function measureByAmount(policy: Policy, facts: RiskFacts): Measured | Unmeasured {
  if (facts.workingByAmount.length === 0) return measured(ZERO);
  const market = readMarketPrice(policy, facts);
  if (!market.passed) return market;
  return measured(
    facts.workingByAmount.map(({ money, ownPrice }) => unitsFor(money, ownPrice, market.value)).reduce(add),
  );
}

const unitsFor = (money: Decimal, ownPrice: Decimal | undefined, market: Decimal): Decimal =>
  divide(money, ownPrice !== undefined && lessThan(ownPrice, market) ? ownPrice : market);

/** The most the order is expected to cost: a buy limit bounds its own price, anything else may trade at the market's. */
function measureNotional(intent: OrderIntent, policy: Policy, facts: RiskFacts): Measured | Unmeasured {
  if (intent.notional !== undefined) return measured(intent.notional);
  if (intent.quantity === undefined) return UNMEASURABLE;
  if (intent.limit_price !== undefined && boundsItsPrice(intent)) {
    return measured(multiply(intent.quantity, intent.limit_price));
  }
  const market = readMarketPrice(policy, facts);
  if (!market.passed) return market;
  const own = ownPriceOf(intent) ?? market.value;
  return measured(multiply(intent.quantity, lessThan(own, market.value) ? market.value : own));
}

const UNMEASURABLE = unmeasured("neither quantity nor notional", "order_unmeasurable");

type Terms = Pick<OrderIntent, "symbol" | "side" | "quantity" | "limit_price">;

const boundsItsPrice = (terms: Terms): boolean => terms.side === "buy" && terms.limit_price !== undefined;

const needsMarketPrice = (terms: Terms): boolean => terms.quantity === undefined || !boundsItsPrice(terms);

/**
 * Whether the rules have to know a market price to measure this order, which an order refused anyway does not need.
 * `isAmountWorking`: whether there are live orders by amount in its symbol.
 */
export const needsReferencePrice = (terms: Terms, policy: Policy, isAmountWorking: () => boolean): boolean =>
  policy.trading_state === "active" &&
  policy.symbols?.includes(terms.symbol) === true &&
  (needsMarketPrice(terms) || isAmountWorking());

/** The last trade's price, if it is recent. A trade that is dated ahead would stay recent for as long: it counts as none. */
function readMarketPrice(policy: Policy, facts: RiskFacts): Measured | Unmeasured {
  const reference = facts.referencePrice;
  if (reference === undefined || !isPositive(reference.price)) {
    return unmeasured("no reference price", "reference_price_unknown");
  }
  const ageSec = (facts.nowMs - reference.atMs) / 1000;
  const input = `last trade ${Math.round(ageSec)} s old`;
  const maxAgeSec = policy.reference_price_max_age_sec;
  if (maxAgeSec === undefined || Number.isNaN(ageSec) || ageSec < -CLOCK_SKEW_MAX_SEC) {
    return unmeasured(input, "reference_price_unknown");
  }
  return ageSec > maxAgeSec
    ? unmeasured(input, "reference_price_stale")
    : { passed: true, input, value: reference.price };
}
