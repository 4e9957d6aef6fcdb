import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openScreen, printable, wantsColour } from "../../../src/cli/screen.ts";

const shown = (document: unknown, json: boolean): string => {
  let out = "";
  const screen = openScreen({
    json,
    colour: false,
    isWatched: false,
    writeOut: (text) => (out += text),
    writeError: () => {},
  });
  screen.show({ document, text: () => "for people" });
  return out;
};

/** `unit: "binary"` says the same and takes seconds to get ready. */
const anyCharacter = fc.integer({ min: 0, max: 0x10_ff_ff }).map((code) => String.fromCodePoint(code));

describe("a result", () => {
  it("is one JSON document with --json, and a text without", () => {
    expect(shown({ a: 1 }, true)).toBe('{\n  "a": 1\n}\n');
    expect(shown({ a: 1 }, false)).toBe("for people\n");
  });

  it("survives as JSON, without a character that a terminal obeys", () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), (text) => {
        const out = shown({ text }, true);
        const { text: read } = JSON.parse(out) as { text: string };
        return read === text && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(out.replaceAll("\n", ""));
      }),
    );
    expect(JSON.parse(shown(["\u009b2J", "\u{e0041}", "\u202e"], true))).toEqual(["\u009b2J", "\u{e0041}", "\u202e"]);
  });
});

describe("a bar", () => {
  const drawn = (isWatched: boolean, parts: readonly number[]): string => {
    let error = "";
    const writeError = (text: string) => (error += text);
    const screen = openScreen({ json: false, colour: false, isWatched, writeOut: () => {}, writeError });
    parts.forEach((part) => screen.progress(part));
    return error;
  };

  it("is drawn over as something long goes on, and is gone in the end", () => {
    expect(drawn(true, [0.5])).toBe(`\r${"█".repeat(20)}${"░".repeat(20)} 50 %`);
    expect(drawn(true, [0.5, 1])).toMatch(/\r {46}\r$/);
    expect(drawn(true, [0.5, 0.501, 0.502])).toBe(drawn(true, [0.5]));
  });

  it("is for a terminal alone", () => {
    expect(drawn(false, [0.5, 1])).toBe("");
  });
});

describe("a text from outside", () => {
  it("is shown as it is where it is harmless", () => {
    expect(printable("Käufe für 10 €, ok")).toBe("Käufe für 10 €, ok");
  });

  it("never holds what moves the cursor, changes colours or turns the direction of reading", () => {
    expect(printable("a\u001b[31mb\u009bc\u200bd\r\ne")).toBe("a\\u{1b}[31mb\\u{9b}c\\u{200b}d\\u{d}\\u{a}e");
  });
});

describe("colour", () => {
  const terminal = { isTerminal: true, noColorOption: false, env: {} };

  it("is for terminals", () => {
    expect(wantsColour(terminal)).toBe(true);
    expect(wantsColour({ ...terminal, isTerminal: false })).toBe(false);
  });

  it.each([
    ["--no-color", { ...terminal, noColorOption: true }],
    ["NO_COLOR", { ...terminal, env: { NO_COLOR: "1" } }],
    ["TERM=dumb", { ...terminal, env: { TERM: "dumb" } }],
  ])("is not wanted with %s", (_name, circumstances) => {
    expect(wantsColour(circumstances)).toBe(false);
  });

  it("is wanted where NO_COLOR is empty (no-color.org)", () => {
    expect(wantsColour({ ...terminal, env: { NO_COLOR: "" } })).toBe(true);
  });
});
