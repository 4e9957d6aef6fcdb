// What is wrong with a value, field by field, and in our words: a schema's own where it has some, and never the library's.
import type * as z from "zod";
import { type Result, err, ok } from "./result.ts";

/** One thing wrong with a request: where (a JSON Pointer, RFC 6901) and what. `code` is stable and names it for programs. */
export type FieldError = { readonly pointer: string; readonly code: string; readonly message: string };

/** Of a field that is known and there, and does not hold what it has to. */
export const INVALID_FIELD = "invalid_field";

/** Whether a request to change something would change anything; why is no change. */
export const changesSomething = (change: object): boolean =>
  Object.entries(change).some(([field, value]) => field !== "reason" && value !== undefined);

/** Reads a value as the schema has it, or lists every field that keeps it from being that. */
export function parseFields<T extends z.ZodType>(
  schema: T,
  value: unknown,
): Result<z.output<T>, readonly FieldError[]> {
  const parsed = schema.safeParse(value);
  return parsed.success ? ok(parsed.data) : err(fieldErrorsOf(parsed.error, value));
}

/** Every field that a schema has found wrong in `value`, each once. */
export function fieldErrorsOf(error: z.core.$ZodError, value: unknown): readonly FieldError[] {
  const errors = error.issues.flatMap((issue) => toFieldErrors(issue, value));
  // The last word on a field is what others ask of it: that it must not be there outweighs that it is a null.
  return [...new Map(errors.map((fieldError) => [fieldError.pointer, fieldError])).values()];
}

/** One error for each unknown key, so that each has a pointer of its own. */
function toFieldErrors(issue: z.core.$ZodIssue, value: unknown): FieldError[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      return { pointer: pointerTo([...issue.path, key]), code: "unknown_field", message: "unknown field" };
    });
  }
  const pointer = pointerTo(issue.path);
  const isMissing = issue.code !== "custom" && valueAt(value, issue.path) === undefined;
  return isMissing
    ? [{ pointer, code: "missing_field", message: "required" }]
    : [{ pointer, code: INVALID_FIELD, message: wordsOf(issue) }];
}

const pointerTo = (path: readonly PropertyKey[]): string =>
  path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((at, key) => {
    const property = typeof at === "object" && at !== null ? Object.getOwnPropertyDescriptor(at, key) : undefined;
    return property?.value;
  }, value);

const WRONG_FORM = "has the wrong form";

/** zod's own texts begin with a capital letter, ours do not. */
function wordsOf(issue: z.core.$ZodIssue): string {
  if (!/^[A-Z]/.test(issue.message)) return issue.message;
  switch (issue.code) {
    case "invalid_type":
      return mustBe([issue.expected]);
    case "invalid_value":
      return oneOf(issue.values);
    case "invalid_union":
      if ("options" in issue && issue.options !== undefined) return oneOf(issue.options);
      return mustBe(issue.errors.map(([first]) => (first?.code === "invalid_type" ? first.expected : undefined)));
    case "too_small":
      return lowerBound(issue);
    case "too_big":
      return upperBound(issue);
    case "invalid_format":
      return issue.format === "datetime" ? "must be a time in UTC, like 2026-01-15T14:30:00Z" : WRONG_FORM;
    default:
      return WRONG_FORM;
  }
}

const TYPES: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
};

/** What the value has to be, where every type that it may have has a name. */
function mustBe(types: readonly (string | undefined)[]): string {
  const names = types.map((type) => (type === undefined ? undefined : TYPES[type]));
  return names.includes(undefined) ? WRONG_FORM : `must be ${names.join(" or ")}`;
}

const oneOf = (values: readonly z.core.util.Primitive[]): string =>
  values.length === 1 ? `must be ${String(values[0])}` : `must be one of ${values.map(String).join(", ")}`;

type LowerBound = Extract<z.core.$ZodIssue, { code: "too_small" }>;
type UpperBound = Extract<z.core.$ZodIssue, { code: "too_big" }>;

/** What is counted in a value; of any other value the value itself is held against the bound. */
const COUNTED: Readonly<Record<string, string>> = { string: "characters", array: "items" };

function lowerBound({ origin, minimum, inclusive }: LowerBound): string {
  const counted = COUNTED[origin];
  if (counted === undefined) return `must be ${inclusive === false ? "more than" : "at least"} ${minimum}`;
  return Number(minimum) === 1 ? "must not be empty" : `must have at least ${minimum} ${counted}`;
}

function upperBound({ origin, maximum, inclusive }: UpperBound): string {
  const counted = COUNTED[origin];
  return counted === undefined
    ? `must be ${inclusive === false ? "less than" : "at most"} ${maximum}`
    : `must have at most ${maximum} ${counted}`;
}
