// What is wrong with a value, field by field.
import type * as z from "zod";
import { type Result, err, ok } from "./result.ts";

/** One thing wrong with a body: where (a JSON Pointer, RFC 6901) and what. */
export type FieldError = { readonly pointer: string; readonly message: string };

/** Reads a value as the schema has it, or lists every field that keeps it from being that. */
export function parseFields<T extends z.ZodType>(
  schema: T,
  value: unknown,
): Result<z.output<T>, readonly FieldError[]> {
  const parsed = schema.safeParse(value);
  return parsed.success ? ok(parsed.data) : err(parsed.error.issues.flatMap(toFieldErrors));
}

/** One error for each unknown key, so that each has a pointer of its own. */
function toFieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ pointer: pointerTo([...issue.path, key]), message: "unknown field" }));
  }
  const isMissing = issue.code === "invalid_type" && issue.message.endsWith("received undefined");
  return [{ pointer: pointerTo(issue.path), message: isMissing ? "required" : issue.message }];
}

const pointerTo = (path: readonly PropertyKey[]): string =>
  path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
