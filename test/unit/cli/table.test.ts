import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { openScreen, plain } from "../../../src/cli/screen.ts";
import { formatFields, formatTable } from "../../../src/cli/table.ts";

const COLUMNS = [{ title: "SYMBOL" }, { title: "HELD", align: "right" }, { title: "NOTE" }] as const;

const { paint: coloured } = openScreen({
  json: false,
  colour: true,
  isWatched: false,
  writeOut: () => {},
  writeError: () => {},
});

describe("a table", () => {
  it("puts its cells under their titles, and figures to the right", () => {
    const rows = [
      ["AAPL", "10", "long"],
      ["BRK.B", "-2500", "short"],
    ];
    expect(formatTable(COLUMNS, rows, plain)).toBe(
      ["SYMBOL   HELD  NOTE", "AAPL       10  long", "BRK.B   -2500  short"].join("\n"),
    );
  });

  it("leaves no white space at the end of a line", () => {
    expect(formatTable(COLUMNS, [["AAPL", "10", ""]], plain)).toBe("SYMBOL  HELD  NOTE\nAAPL      10");
  });

  it("has the same columns with colour as without", () => {
    const rows = [["AAPL", { text: "10", tone: "good" }, { text: "long", tone: "faint" }]] as const;
    const painted = formatTable(COLUMNS, rows, coloured);
    expect(painted).toContain("\u001b[32m10\u001b[39m");
    expect(stripVTControlCharacters(painted)).toBe(formatTable(COLUMNS, rows, plain));
  });

  it("counts characters, not their halves", () => {
    expect(formatTable([{ title: "A" }, { title: "B" }], [["𝒜𝒜", "1"]], plain)).toBe("A   B\n𝒜𝒜  1");
  });

  it("shows what could steer a terminal instead of obeying it", () => {
    const row = ["\u001b[2J", "1\n2", "\u202ecod"];
    expect(formatTable(COLUMNS, [row], plain)).toContain("\\u{1b}[2J  1\\u{a}2  \\u{202e}cod");
  });
});

describe("fields", () => {
  it("are aligned, and left out where there is nothing to say", () => {
    const fields = [
      ["order", "paper_1"],
      ["reason", null],
      ["client order id", { text: "a", tone: "strong" }],
      ["replaces", undefined],
    ] as const;
    expect(formatFields(fields, plain)).toBe("order            paper_1\nclient order id  a");
  });
});
