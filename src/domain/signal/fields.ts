// Reads the fields of an alert. Numbers come as text more often than not, an empty text stands for a field that is not there, and
// whatever is wrong is collected, so that one answer lists all of it.
import { type Decimal, DecimalOnWire, isPositive } from "../money.ts";
import type { Notice, SignalError } from "./format.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export class Fields {
  readonly #json: JsonObject;
  readonly #errors: SignalError[];
  readonly #path: string;
  readonly #read = new Set<string>();

  constructor(json: JsonObject, errors: SignalError[] = [], path = "") {
    this.#json = json;
    this.#errors = errors;
    this.#path = path;
  }

  /** Everything that was wrong so far, here and inside. */
  get errors(): readonly SignalError[] {
    return this.#errors;
  }

  /** Whether the field is there and says something. */
  has(name: string): boolean {
    return this.#value(name) !== undefined;
  }

  /** Takes note of something wrong with a field. */
  refuse(name: string, code: string, message: string): undefined {
    this.#errors.push({ pointer: this.pointerTo(name), code, message });
    return undefined;
  }

  pointerTo(name: string): string {
    return `${this.#path}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
  }

  /** What was read of a field, refused as missing when the field says nothing. */
  required<T>(name: string, code: string, value: T | undefined): T | undefined {
    return this.has(name) ? value : this.refuse(name, code, "required");
  }

  /** A password for another system: takes note that it is there, and never of what it is. */
  credential(name: string): Notice | undefined {
    if (!this.has(name)) return undefined;
    const message = "is of no use here, and others can read an alert: take it out";
    return { pointer: this.pointerTo(name), code: "credential_not_used", message };
  }

  /** A text, trimmed; a number is taken as its text. */
  text(name: string, code: string): string | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    if (typeof value === "string") return value.trim();
    if (typeof value === "number") return String(value);
    return this.refuse(name, code, "must be a text");
  }

  /** One of a few words, whatever their case, as what it means. */
  oneOf<T>(name: string, code: string, words: Readonly<Record<string, T>>): T | undefined {
    const word = this.text(name, code);
    if (word === undefined) return undefined;
    const meaning = Object.entries(words).find(([known]) => known.toLowerCase() === word.toLowerCase());
    return meaning === undefined
      ? this.refuse(name, code, `must be one of ${Object.keys(words).join(", ")}`)
      : meaning[1];
  }

  /** A decimal of any sign. */
  decimal(name: string, code: string): Decimal | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    const read = DecimalOnWire.safeParse(typeof value === "string" ? value.trim() : value);
    return read.success ? read.data : this.refuse(name, code, 'must be a decimal like "12.5"');
  }

  /** A price that is for the record only: one that cannot be read is noted, and no reason to refuse somebody's way out. */
  priceSeen(name: string, notices: Notice[]): Decimal | undefined {
    const value = this.#value(name);
    if (typeof value !== "string" && typeof value !== "number") return this.decimal(name, "invalid_price");
    const read = DecimalOnWire.safeParse(typeof value === "string" ? value.trim() : value);
    if (read.success) return read.data;
    notices.push({ pointer: this.pointerTo(name), code: "unreadable_price", message: "must be a decimal" });
    return undefined;
  }

  positive(name: string, code: string): Decimal | undefined {
    const value = this.decimal(name, code);
    if (value === undefined || isPositive(value)) return value;
    return this.refuse(name, code, "must be greater than zero");
  }

  /** `true` or `false`, also as text. */
  flag(name: string, code: string): boolean | undefined {
    const value = this.#value(name);
    if (value === undefined || typeof value === "boolean") return value;
    return this.oneOf(name, code, { true: true, false: false });
  }

  /** A moment, ISO 8601 with an offset or `Z`, as Unix milliseconds. */
  time(name: string, code: string): number | undefined {
    return this.#moment(name, code, isoMsOf);
  }

  /** The same, or in Unix seconds or milliseconds: 10 digits are the one and 13 the other until the year 2286. */
  timeOrUnix(name: string, code: string): number | undefined {
    return this.#moment(name, code, (text) => unixMsOf(text) ?? isoMsOf(text));
  }

  /** The fields of an object inside. */
  object(name: string, code: string): Fields | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    if (isObject(value)) return new Fields(value, this.#errors, this.pointerTo(name));
    return this.refuse(name, code, "must be an object");
  }

  /** Names that are there and that nobody has read. */
  unread(): readonly string[] {
    return Object.keys(this.#json).filter((name) => !this.#read.has(name));
  }

  #moment(name: string, code: string, msOf: (text: string) => number | undefined): number | undefined {
    const text = this.text(name, code);
    if (text === undefined) return undefined;
    return msOf(text) ?? this.refuse(name, code, "must be a time like 2026-01-15T14:30:00Z");
  }

  #value(name: string): unknown {
    this.#read.add(name);
    const value = Object.hasOwn(this.#json, name) ? this.#json[name] : undefined;
    const isNothing = value === null || (typeof value === "string" && value.trim() === "");
    return isNothing ? undefined : value;
  }
}

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})$/;

function isoMsOf(text: string): number | undefined {
  const atMs = TIME.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(atMs) ? undefined : atMs;
}

function unixMsOf(text: string): number | undefined {
  if (/^\d{10}$/.test(text)) return Number(text) * 1000;
  return /^\d{13}$/.test(text) ? Number(text) : undefined;
}
