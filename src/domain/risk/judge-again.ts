// Holds what is on the record of one order against another policy. What was measured is taken as it was recorded; where that does
// not tell what a rule would have seen under the other policy, the rule is not judged, and says why.
import * as z from "zod";
import { type Decimal, ZERO, asDecimal, compare } from "../money.ts";
import type { Order, OrderType, Verdict } from "../order.ts";
import { stateOf } from "./coverage.ts";
import type { Policy } from "./policy.ts";
import { ANY, type FactRule, type LimitRule, OFF, type Rule, isNumber } from "./rule.ts";
import { RULE_BOOK } from "./rule-book.ts";
import { orderTypeAllowed } from "./rules/terms.ts";
import { recordedZone } from "./rules/trading-hours.ts";
import { recordedPosition } from "./rules/trading-state.ts";

/** Why a rule cannot be judged. */
export const NotJudged = z.enum([
  "not_recorded",
  "not_measured",
  "not_asked",
  "other_terms",
  "other_day",
  "perhaps_exit",
]);
export type NotJudged = z.infer<typeof NotJudged>;

/** An order that was decided about, as it is on the record. */
export type Recorded = {
  readonly order: Order;
  /** How it was asked for, before the collar had its say. */
  readonly asked: {
    readonly type: OrderType;
    readonly isByAmount: boolean;
    /** Units. A person may have approved it for less. */
    readonly quantity?: Decimal | undefined;
  };
  /** Whether it was approved as one that only brings a position closer to zero. */
  readonly isExit: boolean;
};

export type JudgedAgain = {
  /** In the order of the book. */
  readonly verdicts: readonly Verdict[];
  /** The approval is named here like a rule. */
  readonly notJudged: readonly { readonly rule: string; readonly why: NotJudged }[];
  /** Whether it would wait for a person, if no rule refuses it and that can be told. */
  readonly waits: boolean;
};

export function judgeAgain(recorded: Recorded, policy: Policy): JudgedAgain {
  const { verdicts: record } = recorded.order;
  const situation = situationOf(recorded, policy);
  const byRule = new Map(record.map((verdict) => [verdict.rule, asMeasuredNow(verdict, recorded)]));
  const judged = RULE_BOOK.flatMap((rule) => {
    const found = judge(rule, byRule.get(rule.id), situation);
    return found === undefined ? [] : [{ rule: rule.id, found }];
  });
  const isRefused = judged.some(({ found }) => typeof found === "object" && !found.passed);
  const waits = !isRefused && judgeApproval(byRule.get("max_notional"), situation, isApprovedForLess(recorded));
  return {
    verdicts: [
      ...judged.flatMap(({ found }) => (typeof found === "string" ? [] : [found])),
      ...record.filter(({ rule }) => !KNOWN_RULES.has(rule)),
    ],
    notJudged: [...judged, { rule: "approval", found: waits }].flatMap(({ rule, found }) =>
      typeof found === "string" ? [{ rule, why: found }] : [],
    ),
    waits: waits === true,
  };
}

/** On an older record it is the type that the collar has made of the order. */
const asMeasuredNow = (verdict: Verdict, { asked }: Recorded): Verdict =>
  verdict.rule === orderTypeAllowed.id ? { ...verdict, input: asked.type } : verdict;

/** How the other policy changes what the rules look at. */
type Situation = {
  readonly policy: Policy;
  /** Whether it is an exit, which the limits on entries do not bind; `undefined` where nobody can tell. */
  readonly isReduction: boolean | undefined;
  /** Whether the broker would be asked about an order that it was not asked about then. */
  readonly isAskedAnew: boolean;
  /** The rules that would look at an order in other terms. */
  readonly inOtherTerms: ReadonlySet<string>;
  /** Whether its days begin at another hour. */
  readonly hasOtherDays: boolean;
};

const KNOWN_RULES: ReadonlySet<string> = new Set(RULE_BOOK.map(({ id }) => id));

/** As `assess.ts` says of an exit that a limit on entries would have stopped. */
const EXEMPT = "exempt_reduction";

/** What a rule for facts says where the broker was not asked. */
const UNKNOWN_UNASKED: ReadonlySet<string | undefined> = new Set(["instrument_unknown", "reference_price_unknown"]);

/** What is counted from the beginning of the day. */
const BY_DAY: ReadonlySet<string> = new Set(["max_orders_per_day", "max_messages_per_day", "max_daily_loss"]);

/** The rules that go by an order's type and prices as it is placed. */
const BY_PRICE = [
  "order_supported",
  "source_max_notional",
  "price_increment",
  "min_notional",
  "price_collar",
  "max_notional",
  "max_percent_of_equity",
  "min_buying_power",
  "self_match",
] as const;

/** Those that go by its units. */
const BY_UNITS = [
  "source_max_quantity",
  "lot_size",
  "max_quantity",
  "max_position",
  "max_position_notional",
  "max_gross_exposure",
  "max_net_exposure",
] as const;

/** `undefined`: there is nothing for the rule to look at. */
function judge(rule: Rule, recorded: Verdict | undefined, situation: Situation): Verdict | NotJudged | undefined {
  const { isReduction } = situation;
  const bindsEntriesOnly = rule.bindsExits === false;
  // An exit passes the limits on entries, whatever they are.
  if (isReduction === true && bindsEntriesOnly) return recorded;
  const found = rule.kind === "fact" ? judgeFact(rule, recorded, situation) : judgeLimit(rule, recorded, situation);
  const isFailure = typeof found === "object" && (!found.passed || found.reason === EXEMPT);
  return isFailure && isReduction === undefined && bindsEntriesOnly ? "perhaps_exit" : found;
}

/** See hold.ts. What an order comes to is what the rule about its amount has measured. */
function judgeApproval(
  notional: Verdict | undefined,
  { policy, isReduction, inOtherTerms, isAskedAnew }: Situation,
  wasMore: boolean,
): boolean | NotJudged {
  const { approval } = policy;
  if (approval === "auto" || isReduction === true) return false;
  if (notional === undefined) return "not_recorded";
  if (inOtherTerms.has(notional.rule)) return "other_terms";
  const money = isNumber(notional.input) ? asDecimal(notional.input) : undefined;
  if (money === undefined && isAskedAnew) return "not_asked";
  const waits = money === undefined || compare(money, approval.above) > 0;
  if (waits && isReduction === undefined) return "perhaps_exit";
  return !waits && wasMore ? "not_recorded" : waits;
}

/** Then what was measured is of what it came to: what the whole of it came to when it was held is not on the record. */
const isApprovedForLess = ({ order: { hold, quantity }, asked }: Recorded): boolean =>
  (hold?.decided ?? null) !== null && asked.quantity !== undefined && asked.quantity !== quantity;

/** A fact stays one under any policy, unless it was not known, or is one about an order in other terms. */
function judgeFact(
  { id }: FactRule,
  recorded: Verdict | undefined,
  { inOtherTerms, isAskedAnew }: Situation,
): Verdict | NotJudged | undefined {
  if (recorded === undefined) return undefined;
  if (inOtherTerms.has(id)) return "other_terms";
  return isAskedAnew && UNKNOWN_UNASKED.has(recorded.reason) ? "not_asked" : recorded;
}

function judgeLimit(rule: LimitRule, recorded: Verdict | undefined, situation: Situation): Verdict | NotJudged {
  const { policy } = situation;
  const judgeInput = (input: string): Verdict => {
    const { passed, limit, reason } = rule.judge(input, policy);
    return { rule: rule.id, passed, input, limit, ...(reason === undefined ? {} : { reason }) };
  };
  // Without a limit to hold it against, it does not matter what would have been measured.
  if (stateOf(rule, policy) !== "on") return judgeInput(recorded?.input ?? "not recorded");
  if (recorded === undefined) return "not_recorded";
  if (situation.inOtherTerms.has(rule.id)) return "other_terms";
  if (situation.hasOtherDays && BY_DAY.has(rule.id)) return "other_day";
  if (rule.isMeasurement?.(recorded.input) ?? true) return judgeInput(recorded.input);
  if (situation.isAskedAnew) return "not_asked";
  // What could not be known where there was a limit is as unknown under another one.
  const { limit } = recorded;
  if (limit === null || limit === OFF || limit === ANY) return "not_measured";
  return { ...recorded, limit: judgeInput(recorded.input).limit };
}

function situationOf(recorded: Recorded, policy: Policy): Situation {
  const { order, asked } = recorded;
  const verdictOf = (rule: string) => order.verdicts.find((verdict) => verdict.rule === rule);
  const tradingState = verdictOf("trading_state")?.limit;
  const symbolAllowed = verdictOf("symbol_allowed");
  const wasReduction = isReductionOnRecord(recorded);

  const mayEnter = policy.symbols === ANY || policy.symbols?.includes(order.symbol) === true;
  const wasAsked = symbolAllowed?.passed === true && symbolAllowed.reason !== EXEMPT;
  // See needs-price.ts: what is refused anyway, and an exit, is decided without a question to the broker.
  const isAskedAnew = tradingState === "active" && mayEnter && !wasAsked && wasReduction !== true;

  // See bounded.ts: nothing is bounded without a price.
  const wasPriced = isNumber(verdictOf("reference_price_age")?.input ?? "");
  const collarThen = wasPriced ? asDecimal(verdictOf("price_collar")?.limit ?? "") : undefined;
  const collarNow = wasPriced || isAskedAnew ? policy.price_collar_percent : OFF;
  const isBoundedAlike = (collarThen ?? OFF) === (collarNow ?? OFF);
  const isExitByUnits = wasReduction === true && !asked.isByAmount;
  const hasOtherTerms = asked.type === "market" && !isExitByUnits && !isBoundedAlike;
  const hasOtherUnits = hasOtherTerms && asked.isByAmount;

  return {
    policy,
    // An amount of money is no exit, and becomes one where the collar makes units of it.
    isReduction: hasOtherUnits ? (mayReduce(order) ? undefined : false) : wasReduction,
    isAskedAnew,
    inOtherTerms: new Set([
      ...(hasOtherTerms ? BY_PRICE : []),
      ...(hasOtherUnits ? BY_UNITS : []),
      ...(hasOtherUnits && tradingState === "reducing" ? ["trading_state"] : []),
    ]),
    hasOtherDays: recordedZone(verdictOf("trading_hours")?.limit ?? null) !== zoneOf(policy),
  };
}

const zoneOf = ({ trading_hours: hours }: Policy): string =>
  hours === undefined || hours === ANY ? recordedZone(null) : hours.time_zone;

/** Whether the order could only bring the position closer to zero; `undefined` where the record does not tell. */
function isReductionOnRecord({ order, isExit }: Recorded): boolean | undefined {
  if (order.verdicts.some(({ reason }) => reason === EXEMPT)) return true;
  if (order.quantity === undefined || !mayReduce(order) || order.verdicts.some(isRefusalOfEntry)) return false;
  // A replacement is looked at once more when it is released, and may be something else by then.
  return order.status === "denied" || order.replaces !== null ? undefined : isExit;
}

const ENTRY_RULES: ReadonlySet<string> = new Set(
  RULE_BOOK.filter(({ bindsExits }) => bindsExits === false).map(({ id }) => id),
);

const isRefusalOfEntry = ({ rule, passed }: Verdict): boolean => !passed && ENTRY_RULES.has(rule);

/** Whether it is on the side that closes the position; also where the record does not tell the position. */
function mayReduce({ side, verdicts }: Pick<Order, "side" | "verdicts">): boolean {
  const position = recordedPosition(verdicts.find(({ rule }) => rule === "trading_state")?.input ?? "");
  return position === undefined || closes(side, position);
}

const closes = (side: Order["side"], position: Decimal): boolean => {
  const held = compare(position, ZERO);
  return side === "sell" ? held > 0 : held < 0;
};
