// Where a command shows its result: for people, with colour where it helps, or for programs, as one JSON document.
import { styleText } from "node:util";

/** What a text says, for people to see at a glance. A colour never carries anything that the words do not. */
export type Tone = "good" | "bad" | "doubtful" | "faint" | "strong";

const STYLES = { good: "green", bad: "red", doubtful: "yellow", faint: "dim", strong: "bold" } as const;

export type Paint = (tone: Tone, text: string) => string;

export const plain: Paint = (_tone, text) => text;
const coloured: Paint = (tone, text) => styleText(STYLES[tone], text, { validateStream: false });

export type Screen = {
  readonly paint: Paint;
  /** The result, on stdout: the document with `--json`, the text without. */
  readonly show: (result: { readonly document: unknown; readonly text: () => string }) => void;
  /** What a reader wants to know beside the result, on stderr, so that the result can be piped. */
  readonly hint: (text: string) => void;
  /** How much of something long is done, from 0 to 1: on a terminal a bar, anywhere else nothing. */
  readonly progress: (part: number) => void;
};

export type ScreenOptions = {
  readonly json: boolean;
  readonly colour: boolean;
  /** Whether stderr is a terminal. */
  readonly isWatched: boolean;
  readonly writeOut: (text: string) => void;
  readonly writeError: (text: string) => void;
};

export function openScreen({ json, colour, isWatched, writeOut, writeError }: ScreenOptions): Screen {
  return {
    paint: colour ? coloured : plain,
    show: ({ document, text }) => writeOut(`${json ? formatJson(document) : text()}\n`),
    hint: (text) => writeError(`${text}\n`),
    progress: isWatched ? drawBar(writeError) : () => undefined,
  };
}

const BAR_CHARACTERS = 40;

/** One line that is drawn over, and gone in the end. */
function drawBar(write: (text: string) => void): Screen["progress"] {
  let drawn = -1;
  return (part) => {
    const filled = Math.min(BAR_CHARACTERS, Math.floor(part * BAR_CHARACTERS));
    if (filled === drawn) return;
    drawn = filled;
    const bar = `${"█".repeat(filled)}${"░".repeat(BAR_CHARACTERS - filled)} ${Math.floor(part * 100)} %`;
    write(filled === BAR_CHARACTERS ? `\r${" ".repeat(BAR_CHARACTERS + 6)}\r` : `\r${bar}`);
  };
}

/** Colour is for a terminal, unless somebody does not want it (no-color.org) or it cannot. */
export const wantsColour = (circumstances: {
  readonly isTerminal: boolean;
  readonly noColorOption: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}): boolean =>
  circumstances.isTerminal &&
  !circumstances.noColorOption &&
  !circumstances.env["NO_COLOR"] &&
  circumstances.env["TERM"] !== "dumb";

/** Control characters, and the invisible ones that reorder or hide text. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A text from outside, on one line and unable to steer the terminal it is shown on. */
export const printable = (text: string): string =>
  text.replace(UNPRINTABLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);

/** JSON that is safe to look at: what JSON leaves unescaped and a terminal may obey is escaped as well. */
const formatJson = (document: unknown): string =>
  JSON.stringify(document, null, 2).replace(/[^\n\P{Cc}]|[\p{Cf}\p{Zl}\p{Zp}]/gu, escapeForJson);

const escapeForJson = (character: string): string =>
  Array.from(
    { length: character.length },
    (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`,
  ).join("");
