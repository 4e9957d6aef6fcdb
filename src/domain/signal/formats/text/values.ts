// What the plain-text formats have in common: the text of a body, and how a word of it becomes a number or a symbol.
import { type Decimal, DecimalString, isPositive } from "../../../money.ts";
import type { SignalBody } from "../../format.ts";

/** As many commands as one text may hold. */
export const COMMANDS_MAX = 20;

const QUOTES = `"'\``;

/** Without the quotes around it, if there are any, and without blanks outside and inside of them. */
export function unquoted(text: string): string {
  const trimmed = text.trim();
  const quote = trimmed.charAt(0);
  const isQuoted = trimmed.length >= 2 && QUOTES.includes(quote) && trimmed.endsWith(quote);
  return isQuoted ? trimmed.slice(1, -1).trim() : trimmed;
}

/** The text of a body that is no JSON, or that is nothing but a text in quotes, which is JSON by accident. */
export function plainTextOf({ text, json }: SignalBody): string | undefined {
  if (typeof json === "string") return json.trim();
  return json === undefined ? unquoted(text) : undefined;
}

export function readDecimal(word: string): Decimal | undefined {
  const read = DecimalString.safeParse(word);
  return read.success ? read.data : undefined;
}

/** A decimal greater than zero. */
export function readPositive(word: string): Decimal | undefined {
  const value = readDecimal(word);
  return value !== undefined && isPositive(value) ? value : undefined;
}

const SHOWN_MAX = 24;

/** A word of the sender's, for a message: in quotes, and cut where it is long. */
export const shown = (word: string): string =>
  word.length > SHOWN_MAX ? `"${word.slice(0, SHOWN_MAX)}…"` : `"${word}"`;
