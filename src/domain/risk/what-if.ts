// What another policy would have made of orders that were decided about: which of them would have been let through, or refused, and
// by which rules. What a signal wanted and no order came of was never held against a policy: it is named, and not judged.
import * as z from "zod";
import { AccountId, OrderId, SourceId } from "../ids.ts";
import { DecimalString } from "../money.ts";
import { OrderType, Side, Symbol, Verdict } from "../order.ts";
import { type JudgedAgain, NotJudged, type Recorded, judgeAgain } from "./judge-again.ts";
import type { Policy } from "./policy.ts";

const NOT_JUDGED = NotJudged.meta({
  description:
    "`not_recorded`: the rule is newer than the decision. `not_measured`: there was no limit then, so what it goes by was not " +
    "measured, or not known and not asked for. `not_asked`: the order was refused for its symbol then, so the broker was not " +
    "asked for what it goes by. `other_terms`: it goes by terms that a market order would have had under the other collar. " +
    "`other_day`: it goes by the day of a time zone, which is another one. `perhaps_exit`: it would refuse an entry, and the " +
    "record does not tell whether the order was one.",
});

const RuleVerdict = z.strictObject({
  passed: z.boolean(),
  limit: Verdict.shape.limit,
  reason: z.string().nullable(),
});

const ChangedRule = z.strictObject({
  rule: z.string(),
  input: z.string().meta({ description: "What was measured when the order was decided about." }),
  was: RuleVerdict.nullable().meta({ description: "`null` for a rule that is newer than the decision." }),
  would_be: RuleVerdict,
});

const ChangedOrder = z.strictObject({
  order: OrderId,
  created_at: z.iso.datetime(),
  symbol: Symbol,
  side: Side,
  type: OrderType,
  quantity: DecimalString.nullable(),
  notional: DecimalString.nullable(),
  was: z.strictObject({
    outcome: z.enum(["approved", "held", "denied"]).meta({
      description: "`held`: it had to wait for a person, whatever that one said.",
    }),
    reason: z.string().nullable(),
  }),
  would_be: z.strictObject({
    outcome: z.enum(["approved", "held", "denied", "undetermined"]).meta({
      description: "`undetermined`: no rule that could be judged refuses it, and one that could not be judged may.",
    }),
    reason: z.string().nullable().meta({ description: "Of the first rule that is known to fail." }),
  }),
  rules: z
    .array(ChangedRule)
    .meta({ description: "Those that fail where they passed, the reverse, or fail otherwise." }),
  not_judged: z.array(z.strictObject({ rule: z.string(), why: NOT_JUDGED })),
});
type ChangedOrder = z.infer<typeof ChangedOrder>;

const SignalWithoutOrder = z.strictObject({
  signal: z.string().meta({ description: "Its id: `<account>_<UUID>`." }),
  created_at: z.iso.datetime(),
  source: SourceId,
  codes: z
    .array(z.string())
    .min(1)
    .meta({
      description:
        "Of its steps that have no order, each once: why, or `working` or `waiting` where an order may still come. Other steps of the " +
        "same signal may have orders.",
    }),
});
export type SignalWithoutOrder = z.infer<typeof SignalWithoutOrder>;

const Count = z.int().min(0);

export const PolicyWhatIf = z
  .strictObject({
    account: AccountId,
    considered: Count.meta({
      description: "Orders that were held against the proposed policy: the sum of the next six.",
    }),
    unchanged: Count.meta({
      description: "Decided as they were, for the same reasons as far as they could be judged.",
    }),
    would_be_approved: Count.meta({ description: "Denied then, or held." }),
    would_be_held: Count.meta({ description: "Would wait for a person: denied then, or approved without one." }),
    would_be_denied: Count.meta({ description: "Approved then, or held." }),
    denied_otherwise: Count.meta({ description: "Denied then and now, by other rules or for other reasons." }),
    undetermined: Count.meta({ description: "What could not be judged decides." }),
    not_fully_judged: Count.meta({
      description: "Of all that were considered, those with a rule that could not be judged.",
    }),
    not_judged: z
      .array(z.strictObject({ rule: z.string(), why: NOT_JUDGED, orders: Count }))
      .meta({ description: "Every rule that could not be judged, why, and of how many orders." }),
    without_order: Count.meta({
      description:
        "Signals that wanted something of which there is no order: nothing of that could be held against a policy. Not among those " +
        "considered.",
    }),
    orders: z.array(ChangedOrder).meta({ description: "All but the unchanged ones, newest first." }),
    signals: z
      .array(SignalWithoutOrder)
      .meta({ description: "Those without an order, of the same time as the orders, newest first." }),
    next_cursor: z
      .string()
      .nullable()
      .meta({ description: "`cursor` for the orders and signals before these; null after the last." }),
  })
  .meta({
    id: "PolicyWhatIf",
    description: "Every order is judged by itself, on the facts as they were recorded when it was decided about.",
  });
export type PolicyWhatIf = z.infer<typeof PolicyWhatIf>;

/** What would have been decided of each order, and how many of each kind there are; beside them what no order came of. */
export function whatIf(
  { recorded, signals }: { readonly recorded: readonly Recorded[]; readonly signals: readonly SignalWithoutOrder[] },
  policy: Policy,
): Omit<PolicyWhatIf, "account" | "next_cursor"> {
  const compared = recorded.map((one) => compareWith(one, policy));
  const countOf = (kind: Kind): number => compared.filter((one) => one.kind === kind).length;
  return {
    considered: compared.length,
    unchanged: countOf("unchanged"),
    would_be_approved: countOf("would_be_approved"),
    would_be_held: countOf("would_be_held"),
    would_be_denied: countOf("would_be_denied"),
    denied_otherwise: countOf("denied_otherwise"),
    undetermined: countOf("undetermined"),
    not_fully_judged: compared.filter(({ order }) => order.not_judged.length > 0).length,
    not_judged: tally(compared.flatMap(({ order }) => order.not_judged)),
    without_order: signals.length,
    orders: compared.flatMap(({ kind, order }) => (kind === "unchanged" ? [] : [order])),
    signals: [...signals],
  };
}

type Kind =
  | "unchanged"
  | "would_be_approved"
  | "would_be_held"
  | "would_be_denied"
  | "denied_otherwise"
  | "undetermined";

function compareWith(recorded: Recorded, policy: Policy): { readonly kind: Kind; readonly order: ChangedOrder } {
  const { id, created_at, symbol, side, type, quantity, notional } = recorded.order;
  const judged = judgeAgain(recorded, policy);
  const order: ChangedOrder = {
    order: id,
    created_at,
    symbol,
    side,
    type,
    quantity: quantity ?? null,
    notional: notional ?? null,
    was: decisionOn(recorded),
    would_be: decisionFrom(judged, recorded),
    rules: changesIn(judged, recorded),
    not_judged: [...judged.notJudged],
  };
  return { kind: kindOf(order), order };
}

function decisionOn({ order: { status, hold, reason } }: Recorded): ChangedOrder["was"] {
  if (hold !== undefined) return { outcome: "held", reason: null };
  return status === "denied"
    ? { outcome: "denied", reason: reason?.code ?? null }
    : { outcome: "approved", reason: null };
}

function decisionFrom({ verdicts, notJudged, waits }: JudgedAgain, recorded: Recorded): ChangedOrder["would_be"] {
  const failed = verdicts.find(({ passed }) => !passed);
  if (failed !== undefined) return { outcome: "denied", reason: failed.reason ?? failed.rule };
  const was = decisionOn(recorded);
  // What was not denied by a rule is not let through by another policy.
  if (was.outcome === "denied" && recorded.order.verdicts.every(({ passed }) => passed)) return was;
  if (notJudged.length > 0) return { outcome: "undetermined", reason: null };
  return { outcome: waits ? "held" : "approved", reason: null };
}

function changesIn({ verdicts }: JudgedAgain, { order }: Recorded): ChangedOrder["rules"] {
  return verdicts.flatMap((verdict) => {
    const { rule, input } = verdict;
    const before = order.verdicts.find((one) => one.rule === rule);
    return saysTheSame(before, verdict)
      ? []
      : [{ rule, input, was: before === undefined ? null : shown(before), would_be: shown(verdict) }];
  });
}

const saysTheSame = (before: Verdict | undefined, now: Verdict): boolean =>
  now.passed ? before?.passed !== false : before?.passed === false && before.reason === now.reason;

const shown = ({ passed, limit, reason }: Verdict): z.infer<typeof RuleVerdict> => ({
  passed,
  limit,
  reason: reason ?? null,
});

function kindOf({ was, would_be: wouldBe, rules }: ChangedOrder): Kind {
  if (wouldBe.outcome === "undetermined") return "undetermined";
  if (wouldBe.outcome !== was.outcome) return `would_be_${wouldBe.outcome}`;
  return rules.length === 0 ? "unchanged" : "denied_otherwise";
}

function tally(notJudged: ChangedOrder["not_judged"]): PolicyWhatIf["not_judged"] {
  const counts = new Map<string, PolicyWhatIf["not_judged"][number]>();
  for (const { rule, why } of notJudged) {
    const key = `${rule} ${why}`;
    counts.set(key, { rule, why, orders: (counts.get(key)?.orders ?? 0) + 1 });
  }
  return [...counts.values()];
}
