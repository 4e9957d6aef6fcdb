// One command of the text format as a row of words, and the values that are written the same way everywhere in it.
import { ClientOrderId } from "../../../ids.ts";
import type { SignalError } from "../../format.ts";
import type { PriceSpec, Size } from "../../instruction.ts";
import { readPositive, shown } from "./values.ts";

/** The words of one command from left to right, and the first thing that is wrong with them. */
export class Line {
  readonly #words: readonly string[];
  readonly #pointer: string;
  #at = 0;
  #error: SignalError | undefined;

  constructor(text: string, pointer: string) {
    this.#words = text.trim().split(/\s+/);
    this.#pointer = pointer;
  }

  get error(): SignalError | undefined {
    return this.#error;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#words.length;
  }

  /** The next word in lower case; empty at the end. */
  get next(): string {
    return this.#words[this.#at]?.toLowerCase() ?? "";
  }

  /** The next word as it is written, and on to the one behind it; empty at the end. */
  take(): string {
    const word = this.#words[this.#at] ?? "";
    this.#at += 1;
    return word;
  }

  /** Steps over the next word if it is one of these. */
  skip(words: ReadonlySet<string>): boolean {
    const isThere = words.has(this.next);
    if (isThere) this.#at += 1;
    return isThere;
  }

  refuse(code: string, message: string): undefined {
    this.#error ??= { pointer: this.#pointer, code, message };
    return undefined;
  }
}

export const expected = (what: string, word: string): string =>
  `expected ${what}, and there is ${word === "" ? "nothing" : shown(word)}`;

export const UNITS: ReadonlySet<string> = new Set(["share", "shares", "unit", "units", "contract", "contracts"]);
export const OF: ReadonlySet<string> = new Set(["of"]);

/** Whether a word is meant as a size, well written or not. `1INCHUSDT` is not. */
export const isSizeLike = (word: string): boolean => /^[$+-]*[\d.,]+%?$/.test(word);

export const A_SIZE = "a size like 10, $500 or 5%";

/** The size that stands next, if one does; a percentage is `percent`. */
export function readSize(line: Line, percent: "percent_of_equity" | "percent_of_position"): Size | undefined {
  if (!isSizeLike(line.next)) return undefined;
  const word = line.take();
  const isPercent = word.endsWith("%");
  const isMoney = word.startsWith("$");
  const value = isPercent && isMoney ? undefined : readPositive(word.replace(/^\$|%$/, ""));
  if (value === undefined) return line.refuse("invalid_size", expected(A_SIZE, word));
  if (isPercent) return { by: percent, value };
  if (isMoney) {
    line.skip(OF);
    return { by: "notional", value };
  }
  if (line.skip(UNITS)) line.skip(OF);
  return { by: "quantity", value };
}

export function readPrice(line: Line): PriceSpec | undefined {
  const word = line.take();
  const isPercent = word.endsWith("%");
  const value = readPositive(isPercent ? word.slice(0, -1) : word);
  if (value === undefined) {
    return line.refuse("invalid_price", expected("a price like 187.50, or a distance like 2%", word));
  }
  return isPercent ? { distance: value, unit: "percent" } : { at: value };
}

const ID = "id=";

export const isClientOrderId = (word: string): boolean => word.startsWith(ID);

export function readClientOrderId(line: Line): ClientOrderId | undefined {
  const read = ClientOrderId.safeParse(line.take().slice(ID.length));
  if (read.success) return read.data;
  return line.refuse("invalid_client_order_id", "must be 1 to 64 of A-Z, a-z, 0-9 and . _ : -");
}
