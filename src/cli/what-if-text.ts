// What another policy would have made of orders on the record, as people read it.
import { shortTime } from "./order-text.ts";
import type { Paint, Tone } from "./screen.ts";
import { type Cell, formatFields, formatTable } from "./table.ts";
import type { WhatIfView } from "./views.ts";

type OrderView = WhatIfView["orders"][number];

/** A denial for want of all limits names them all; the first ones make the point, and the document has the rest. */
const RULES_SHOWN = 3;

const TONES: Readonly<Record<string, Tone>> = {
  approved: "good",
  held: "doubtful",
  denied: "bad",
  undetermined: "doubtful",
};

/**
 * How many orders there are of each kind, the ones that would be decided otherwise, and what could not be judged: rules, and signals
 * that there is no order of.
 */
export function formatWhatIf(answer: WhatIfView, paint: Paint): string {
  return [
    formatCounts(answer, paint),
    ...(answer.orders.length === 0 ? [] : [formatOrders(answer.orders, paint)]),
    ...(answer.not_judged.length === 0 ? [] : [formatNotJudged(answer, paint)]),
    ...((answer.signals ?? []).length === 0 ? [] : [formatWithoutOrder(answer, paint)]),
  ].join("\n\n");
}

function formatCounts(answer: WhatIfView, paint: Paint): string {
  const counts: readonly (readonly [string, number, Tone?])[] = [
    ["considered", answer.considered, "strong"],
    ["unchanged", answer.unchanged],
    ["would be approved", answer.would_be_approved, "good"],
    ["would be held", answer.would_be_held, "doubtful"],
    ["would be denied", answer.would_be_denied, "bad"],
    ["denied otherwise", answer.denied_otherwise],
    ["undetermined", answer.undetermined, "doubtful"],
    ["not fully judged", answer.not_fully_judged],
    ...(answer.without_order === undefined
      ? []
      : [["signals without order", answer.without_order, "doubtful"] as const]),
  ];
  const fields = counts.map(
    ([name, count, tone]) => [name, toned(String(count), count > 0 ? tone : undefined)] as const,
  );
  return formatFields(fields, paint);
}

function formatOrders(orders: readonly OrderView[], paint: Paint): string {
  const columns = [
    { title: "CREATED" },
    { title: "ORDER" },
    { title: "WANTED" },
    { title: "WAS" },
    { title: "WOULD BE" },
  ];
  const rows = orders.map((order): readonly Cell[] => [
    shortTime(order.created_at),
    order.order,
    describeWanted(order),
    describeDecision(order.was),
    toned(describeChange(order), TONES[order.would_be.outcome]),
  ]);
  return formatTable(columns, rows, paint);
}

const describeWanted = ({ side, symbol, type, quantity, notional }: OrderView): string =>
  [side, ...(quantity === null ? [symbol, "for", notional ?? "?"] : [quantity, symbol]), type].join(" ");

const describeDecision = ({ outcome, reason }: OrderView["was"]): string =>
  reason === null ? outcome : `${outcome}: ${reason}`;

/** With the rules that would say otherwise: of a denial the first one alone is its reason. */
function describeChange({ would_be: wouldBe, rules }: OrderView): string {
  const says = rules
    .slice(0, RULES_SHOWN)
    .map(({ rule, input, would_be: now }) =>
      now.passed ? `${rule} passes` : `${rule} ${input} against ${now.limit ?? "nothing set"}`,
    );
  const more = rules.length > RULES_SHOWN ? [`and ${rules.length - RULES_SHOWN} more`] : [];
  return [describeDecision(wouldBe), ...(says.length === 0 ? [] : [`(${[...says, ...more].join("; ")})`])].join(" ");
}

const WHY: Readonly<Record<string, string>> = {
  not_recorded: "the rule is newer than the decision",
  not_measured: "there was no limit then, so it was not measured, or not known",
  not_asked: "the symbol was refused then, so the broker was not asked",
  other_terms: "another collar makes another order of a market order",
  other_day: "the day of another time zone is another day",
  perhaps_exit: "the record does not tell whether it was an exit",
};

function formatNotJudged({ not_judged: notJudged }: WhatIfView, paint: Paint): string {
  const columns = [{ title: "NOT JUDGED" }, { title: "ORDERS", align: "right" }, { title: "WHY" }] as const;
  const rows = notJudged.map(({ rule, why, orders }): readonly Cell[] => [
    rule,
    String(orders),
    Object.hasOwn(WHY, why) ? (WHY[why] ?? why) : why,
  ]);
  return formatTable(columns, rows, paint);
}

/** One with several codes counts for each. */
function formatWithoutOrder({ signals = [] }: WhatIfView, paint: Paint): string {
  const columns = [{ title: "NOT JUDGED, WITHOUT ORDER" }, { title: "SIGNALS", align: "right" }] as const;
  const alike = Map.groupBy(
    signals.flatMap(({ codes }) => codes),
    (code) => code,
  );
  const rows = [...alike].map(([code, those]): readonly Cell[] => [code, String(those.length)]);
  return formatTable(columns, rows, paint);
}

const toned = (text: string, tone: Tone | undefined): Cell => (tone === undefined ? text : { text, tone });
