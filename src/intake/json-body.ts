// A body as JSON with one meaning, read with a cap: the framework's own reader takes the last of two equal keys and rounds
// numbers in silence.
import type * as z from "zod";
import { readCapped } from "../capped-body.ts";
import { decodeUtf8 } from "../crypto/encoding.ts";
import { sha256Hex } from "../crypto/hash.ts";
import { type FieldError, parseFields } from "../domain/fields.ts";
import { type JsonRefusal, parseJson } from "../domain/json.ts";
import { type Result, err, ok } from "../domain/result.ts";

/** Larger than any order, alert or batch, and small enough to hash and hold without a thought. */
const BODY_BYTES_MAX = 64 * 1024;

export type BodyTooLarge = { readonly reason: "body_too_large"; readonly bytesMax: number };
export type MalformedBody = {
  readonly reason: "malformed_body";
  readonly cause: JsonRefusal | { readonly reason: "not_utf8" };
};
/** Readable, and not what belongs there. */
export type InvalidFields = { readonly reason: "invalid_fields"; readonly errors: readonly FieldError[] };

/** Everything that can be wrong with a body by itself. */
export type BodyRefusal = BodyTooLarge | MalformedBody | InvalidFields;

export async function readBytes(request: Request): Promise<Result<Uint8Array<ArrayBuffer>, BodyTooLarge>> {
  const bytes = await readCapped(request.body, BODY_BYTES_MAX);
  return bytes === undefined ? err({ reason: "body_too_large", bytesMax: BODY_BYTES_MAX }) : ok(bytes);
}

function parseBytes(bytes: Uint8Array): Result<unknown, MalformedBody> {
  const text = decodeUtf8(bytes);
  if (text === undefined) return err({ reason: "malformed_body", cause: { reason: "not_utf8" } });
  const json = parseJson(text);
  return json.ok ? json : err({ reason: "malformed_body", cause: json.error });
}

/** The body, and the hash of its bytes for the audit log. */
export async function readJson(
  request: Request,
): Promise<Result<{ readonly json: unknown; readonly sha256: string }, BodyTooLarge | MalformedBody>> {
  const bytes = await readBytes(request);
  if (!bytes.ok) return bytes;
  const json = parseBytes(bytes.value);
  return json.ok ? ok({ json: json.value, sha256: sha256Hex(bytes.value) }) : json;
}

/** Reads a value as the schema has it, or lists every field that keeps it from being that. */
export function readFields<T extends z.ZodType>(schema: T, value: unknown): Result<z.output<T>, InvalidFields> {
  const fields = parseFields(schema, value);
  return fields.ok ? fields : invalidFields(fields.error);
}

export const invalidFields = (errors: readonly FieldError[]): Result<never, InvalidFields> =>
  err({ reason: "invalid_fields", errors });
