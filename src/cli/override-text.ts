// Overrides of policies, as people read them: what differs, until when, and who stands for it.
import { describeEnd } from "./age.ts";
import { nextCommand } from "./next-command.ts";
import { shortTime } from "./order-text.ts";
import { type Paint, printable } from "./screen.ts";
import type { ConnectionOptions } from "./settings.ts";
import { describeSetting } from "./setting-text.ts";
import { type Cell, formatFields, formatTable } from "./table.ts";
import type { OverriddenView, OverrideView } from "./views.ts";

const STATES: Readonly<Record<string, Cell>> = {
  in_force: { text: "in force", tone: "doubtful" },
  over: { text: "over", tone: "faint" },
};

type Circumstances = { readonly nowMs: number; readonly options: ConnectionOptions };

/** What holds for a while, and the way back. */
export function formatSet(override: OverrideView, { nowMs, options }: Circumstances, paint: Paint): string {
  const { id, account, until } = override;
  const settings = describeSettings(override);
  return [
    paint("strong", `Account ${printable(account)}: ${printable(settings)}, until ${printable(shortTime(until))}.`),
    formatOverride(override, nowMs, paint),
    `It ends by itself. Sooner:\n\n  ${nextCommand("end-override", [account, id], options)}`,
  ].join("\n\n");
}

export const formatEnded = (override: OverrideView, { nowMs, options }: Circumstances, paint: Paint): string =>
  [
    `${paint("strong", "It is over.")} What was approved under it stays approved.`,
    formatOverride(override, nowMs, paint),
    `Others may still be in force:\n\n  ${nextCommand("overrides", [override.account], options)}`,
  ].join("\n\n");

/** A line per override. */
export function formatOverrides(overrides: readonly OverrideView[], nowMs: number, paint: Paint): string {
  if (overrides.length === 0) return "Nothing was ever overridden.";
  const columns = [
    { title: "FROM" },
    { title: "OVERRIDE" },
    { title: "STATE" },
    { title: "ENDS" },
    { title: "SETTINGS" },
    { title: "APPROVER" },
    { title: "BY" },
    { title: "REASON" },
  ];
  const rows = overrides.map((override): readonly Cell[] => [
    shortTime(override.from),
    override.id,
    stateOf(override),
    describeEnd(override.ended_at ?? override.until, nowMs),
    describeSettings(override),
    override.approver,
    override.set_by,
    override.reason,
  ]);
  return formatTable(columns, rows, paint);
}

/** A line per setting that does not hold as the policy has it; nothing where all do. */
export function formatOverridden(overridden: readonly OverriddenView[] = [], paint: Paint): readonly string[] {
  if (overridden.length === 0) return [];
  const columns = [{ title: "OVERRIDDEN" }, { title: "UNTIL" }, { title: "BY OVERRIDE" }];
  const rows = overridden.map(({ setting, until, override }): readonly Cell[] => [
    { text: setting, tone: "doubtful" },
    shortTime(until),
    override,
  ]);
  return [formatTable(columns, rows, paint)];
}

const formatOverride = (override: OverrideView, nowMs: number, paint: Paint): string =>
  formatFields(
    [
      ["override", { text: override.id, tone: "strong" }],
      ["state", stateOf(override)],
      ["settings", describeSettings(override)],
      ["from", override.from],
      ["until", `${override.until}, ${describeEnd(override.until, nowMs)}`],
      ["reason", override.reason],
      ["approver", override.approver],
      ["by", override.set_by],
      ["ended", override.ended_at],
      ["ended by", override.ended_by],
    ],
    paint,
  );

const describeSettings = ({ settings }: OverrideView): string =>
  Object.entries(settings)
    .map(([setting, value]) => describeSetting(setting, value))
    .join(" ");

const stateOf = ({ state }: OverrideView): Cell => (Object.hasOwn(STATES, state) ? (STATES[state] ?? state) : state);
