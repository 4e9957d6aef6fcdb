// Which clause is met by which rule with which setting, as people read it.
import { formatOverridden } from "./override-text.ts";
import type { Paint, Tone } from "./screen.ts";
import { describeSetting } from "./setting-text.ts";
import { type Cell, formatTable } from "./table.ts";
import type { CoverageView } from "./views.ts";

type ClauseView = CoverageView["clauses"][number];
type RuleView = ClauseView["rules"][number];

/** What fits a screen that is 100 wide, beside the clause. */
const SENTENCE_WIDTH = 76;

/** The names of more are in the document. */
const SOURCES_SHOWN = 4;

const TONES: Readonly<Record<string, Tone>> = { met: "good", partly: "doubtful", off: "bad", elsewhere: "faint" };

/** A line per clause and rule, and more where sources differ; below, what no rule can do, the rules that no clause asks for, and what is overridden. */
export function formatCoverage({ clauses, other_rules: others, overridden }: CoverageView, paint: Paint): string {
  const rules = [...clauses.flatMap((clause) => clause.rules), ...others];
  return [
    formatClauses(clauses, paint),
    ...(clauses.some(({ elsewhere }) => elsewhere !== null) ? [formatElsewhere(clauses, paint)] : []),
    ...(others.length === 0 ? [] : [formatOthers(others, paint)]),
    ...formatOverridden(overridden, paint),
    ...(rules.some(isNotSet) ? ["A setting that is not set denies every entry."] : []),
  ].join("\n\n");
}

function formatClauses(clauses: readonly ClauseView[], paint: Paint): string {
  const columns = [{ title: "CLAUSE" }, { title: "COVERED" }, { title: "RULE" }, { title: "SETTING" }];
  const rows = clauses.flatMap(({ clause, covered, rules }): readonly (readonly Cell[])[] => {
    const [first = ["", ""], ...more] = rules.flatMap(ruleCells);
    return [[clause, toned(covered), ...first], ...more.map((cells) => ["", "", ...cells])];
  });
  return formatTable(columns, rows, paint);
}

function formatElsewhere(clauses: readonly ClauseView[], paint: Paint): string {
  const columns = [{ title: "ELSEWHERE" }, { title: "BY WHOM, AND WHAT IS DONE HERE" }];
  const rows = clauses.flatMap(({ clause, elsewhere }): readonly (readonly Cell[])[] =>
    wrap(elsewhere ?? "", SENTENCE_WIDTH).map((line, at) => [at === 0 ? clause : "", line]),
  );
  return formatTable(columns, rows, paint);
}

const formatOthers = (rules: readonly RuleView[], paint: Paint): string =>
  formatTable([{ title: "ASKED FOR BY NO CLAUSE" }, { title: "SETTING" }], rules.flatMap(ruleCells), paint);

/** A line, or of a rule about signals one for each value that some sources have. */
function ruleCells(rule: RuleView): readonly (readonly [Cell, Cell])[] {
  const [first = "", ...more] = rule.sources == null ? [settingOf(rule)] : sourcesOf(rule, rule.sources);
  return [[rule.rule, first], ...more.map((cell) => ["", cell] as const)];
}

type SourceView = NonNullable<RuleView["sources"]>[number];

/** Like `max_age_sec=60 of alerts, scalper`. */
function sourcesOf({ setting }: RuleView, sources: readonly SourceView[]): readonly Cell[] {
  const alike = Map.groupBy(sources, ({ value }) => describeSetting(setting ?? "", value));
  return [...alike].map(([text, those]) => {
    const whose = `${text} of ${namesOf(those)}`;
    return those.some(({ state }) => state === "off") ? { text: whose, tone: "bad" } : whose;
  });
}

function namesOf(sources: readonly SourceView[]): string {
  const names = sources.flatMap(({ source }) => source ?? []);
  const others = sources.length - Math.min(names.length, SOURCES_SHOWN);
  const shown = names.slice(0, SOURCES_SHOWN);
  if (shown.length === 0) return others === 1 ? "another source" : `${others} other sources`;
  return `${shown.join(", ")}${others === 0 ? "" : ` and ${others} more`}`;
}

/** Like `max_quantity=100`; nothing where the rule needs none. */
function settingOf(rule: RuleView): Cell {
  const { setting, state, value } = rule;
  if (setting === null) return "";
  if (isNotSet(rule)) return { text: `${setting} is not set`, tone: "doubtful" };
  const text = describeSetting(setting, value);
  return state === "off" ? { text, tone: "bad" } : text;
}

const isNotSet = ({ state }: RuleView): boolean => state === "not_set";

/** Lines of whole words. */
function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(" ").filter((part) => part !== "")) {
    const longer = `${lines.at(-1) ?? ""} ${word}`;
    if (lines.length > 0 && longer.length <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

function toned(text: string): Cell {
  const tone = Object.hasOwn(TONES, text) ? TONES[text] : undefined;
  return tone === undefined ? text : { text, tone };
}
