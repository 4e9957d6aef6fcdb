// What would become of an order, as people read it: what stands in its way first.
import { formatOverridden } from "./override-text.ts";
import { type Paint, printable } from "./screen.ts";
import { type Cell, formatTable } from "./table.ts";
import type { PreviewView } from "./views.ts";

type RuleView = PreviewView["rules"][number];

/** The outcome, and a line per rule: the failing ones first, else in the order of the book; and what is overridden. */
export function formatPreview(preview: PreviewView, paint: Paint): string {
  const columns = [
    { title: "" },
    { title: "RULE" },
    { title: "MEASURED" },
    { title: "LIMIT" },
    { title: "LEFT", align: "right" },
    { title: "WHY" },
    { title: "CLAUSES" },
  ] as const;
  const failingFirst = preview.rules.toSorted((a, b) => Number(a.passed) - Number(b.passed));
  const rows = failingFirst.map((rule): readonly Cell[] => [
    rule.passed ? { text: "pass", tone: "good" } : { text: "FAIL", tone: "bad" },
    rule.rule,
    rule.input,
    limitOf(rule),
    rule.headroom ?? "",
    rule.reason ?? "",
    rule.clauses.join(", "),
  ]);
  return [
    describeOutcome(preview, paint),
    formatTable(columns, rows, paint),
    ...formatOverridden(preview.overridden, paint),
  ].join("\n\n");
}

function describeOutcome(preview: PreviewView, paint: Paint): string {
  const { outcome, reason, is_reduction: isReduction, needs_approval: isHeld } = preview;
  const word = paint(outcome === "approved" ? "good" : "bad", printable(outcome));
  const why = reason === null ? "" : `: ${printable(reason)}`;
  const kind = isReduction
    ? "It can only bring the known position closer to zero, so the limits on entries do not bind it."
    : "It may open a position or add to one, so every rule binds it.";
  const hold = isHeld ? " It would be held until a person approves it." : "";
  return `It would be ${word}${why}. ${kind}${hold}`;
}

/** A rule that goes by no setting has nothing that could be set. */
const limitOf = ({ limit, setting }: RuleView): string => limit ?? (setting === null ? "" : "not set");
