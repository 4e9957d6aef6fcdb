// What the examination found, for people to read: a line per check, and below what is not well what to do.
import { type Check, type CheckStatus, counted } from "../../domain/check.ts";
import type { Paint, Tone } from "../screen.ts";
import { type Cell, formatTable } from "../table.ts";

const MARKS: Readonly<Record<CheckStatus, { readonly text: string; readonly tone: Tone }>> = {
  ok: { text: "ok", tone: "good" },
  warning: { text: "WARN", tone: "doubtful" },
  failed: { text: "FAIL", tone: "bad" },
};

export function formatReport(checks: readonly Check[], paint: Paint): string {
  const rows = checks.flatMap(({ check, account, status, detail, advice }): (readonly Cell[])[] => [
    [MARKS[status], account === null ? check : `${check} ${account}`, detail],
    ...(advice === null ? [] : [["", "", { text: `→ ${advice}`, tone: "strong" } as const]]),
  ]);
  const table = formatTable([{ title: "" }, { title: "CHECK" }, { title: "WHAT WAS FOUND" }], rows, paint);
  return `${table}\n\n${summarise(checks, paint)}`;
}

function summarise(checks: readonly Check[], paint: Paint): string {
  const count = (wanted: CheckStatus): number => checks.filter(({ status }) => status === wanted).length;
  const [failures, warnings] = [count("failed"), count("warning")];
  const parts = [
    ...(failures > 0 ? [paint("bad", `${failures} failed`)] : []),
    ...(warnings > 0 ? [paint("doubtful", counted(warnings, "warning"))] : []),
    `${count("ok")} ok`,
  ];
  return `${parts.join(", ")}.`;
}
