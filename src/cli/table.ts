// Text in columns. Widths are counted before colour is added.
import { type Paint, type Tone, printable } from "./screen.ts";

/** A text, and what it says at a glance. */
export type Cell = string | { readonly text: string; readonly tone: Tone };
export type Column = { readonly title: string; readonly align?: "left" | "right" };

const GAP = "  ";

/** A line of titles and a line per row. Every row has as many cells as there are columns. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly Cell[])[], paint: Paint): string {
  const titles = columns.map(({ title }): Cell => ({ text: title, tone: "faint" }));
  const lines = [titles, ...rows].map((row) => row.map(toPlainCell));
  const widths = columns.map((_, at) => Math.max(...lines.map((row) => lengthOf(row[at]?.text ?? ""))));
  return lines
    .map((row) => {
      const last = row.findLastIndex(({ text }) => text !== "");
      return row
        .slice(0, last + 1)
        .map((cell, at) => {
          const padding = " ".repeat((widths[at] ?? 0) - lengthOf(cell.text));
          const text = cell.tone === undefined ? cell.text : paint(cell.tone, cell.text);
          if (columns[at]?.align === "right") return padding + text;
          return at === last ? text : text + padding;
        })
        .join(GAP);
    })
    .join("\n");
}

/** Names and values, one pair a line. A value that is `undefined` or `null` takes its line along. */
export function formatFields(fields: readonly (readonly [string, Cell | null | undefined])[], paint: Paint): string {
  const present = fields.flatMap(([name, value]) => (value === null || value === undefined ? [] : [{ name, value }]));
  const width = Math.max(...present.map(({ name }) => lengthOf(name)));
  return present
    .map(({ name, value }) => {
      const { text, tone } = toPlainCell(value);
      return `${paint("faint", name.padEnd(width))}${GAP}${tone === undefined ? text : paint(tone, text)}`;
    })
    .join("\n");
}

/** Whatever a cell holds came from somewhere else. */
const toPlainCell = (cell: Cell): { readonly text: string; readonly tone: Tone | undefined } =>
  typeof cell === "string"
    ? { text: printable(cell), tone: undefined }
    : { text: printable(cell.text), tone: cell.tone };

const lengthOf = (text: string): number => Array.from(text).length;
