// Everything that can go wrong, as the caller sees it: RFC 9457 problem+json with a stable code. Details say what to do
// next; they never say what we know about keys, sources or other callers.
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import * as z from "zod";
import type { JsonRefusal } from "../domain/json.ts";
import { assertNever } from "../domain/result.ts";
import type { AcceptRefusal } from "../intake/accept-signal.ts";
import { log } from "../log.ts";
import type { AppEnv } from "./env.ts";
import { rateLimitFields } from "./rate-limit-fields.ts";

/** Every problem the API answers with: code, HTTP status, and a title that never changes. */
export const PROBLEMS = {
  unauthorized: { status: 401, title: "The request is not authenticated" },
  replayed: { status: 409, title: "The request was used before" },
  idempotency_conflict: { status: 409, title: "The id belongs to another order" },
  body_too_large: { status: 413, title: "The body is too large" },
  unsupported_media_type: { status: 415, title: "The body has the wrong type" },
  malformed_body: { status: 400, title: "The body cannot be read" },
  invalid_header: { status: 400, title: "A header cannot be read" },
  invalid_request: { status: 422, title: "Fields are missing or wrong" },
  rate_limited: { status: 429, title: "Too many requests" },
  not_found: { status: 404, title: "There is no such thing" },
  method_not_allowed: { status: 405, title: "The method is not allowed here" },
  misconfigured: { status: 503, title: "The gateway is not configured" },
  unavailable: { status: 503, title: "The gateway cannot decide now" },
} as const;

export type ProblemCode = keyof typeof PROBLEMS;

export const Problem = z
  .object({
    type: z.string().meta({ description: "Where the code is explained." }),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.keys forgets the names it lists
      .enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]])
      .meta({ description: "Stable; the thing to branch on." }),
    request_id: z.string(),
    errors: z
      .array(z.object({ pointer: z.string(), message: z.string() }))
      .optional()
      .meta({ description: "Each failing field: a JSON Pointer (RFC 6901) and what is wrong." }),
  })
  .meta({ id: "Problem" });

type Extra = {
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
  readonly headers?: Readonly<Record<string, string>>;
};

/** Builds the answer for one problem. */
export function problem(c: Context<AppEnv>, code: ProblemCode, detail: string, extra: Extra = {}): Response {
  const { status, title } = PROBLEMS[code];
  const body = { type: `/reference#${code}`, title, status, detail, code, request_id: c.var.requestId };
  return c.json(extra.errors === undefined ? body : { ...body, errors: extra.errors }, status, {
    "Content-Type": "application/problem+json",
    ...extra.headers,
  });
}

/** Ends the request with a problem, from inside a handler whose type promises success. */
export function refuse(c: Context<AppEnv>, code: ProblemCode, detail: string): never {
  throw new HTTPException(PROBLEMS[code].status, { res: problem(c, code, detail) });
}

/** One body for every way of not proving who you are; the cause goes to the log. */
export const unauthorized = (c: Context<AppEnv>): Response =>
  problem(
    c,
    "unauthorized",
    "Check the key or secret, the signature, the clock and the headers; /reference shows a signed request.",
  );

/** Everything the webhook can refuse, in one exhaustive switch. */
export function refuseSignal(c: Context<AppEnv>, refusal: AcceptRefusal): Response {
  log("warn", "signal.refused", { request_id: c.var.requestId, ...reasonsOf(refusal) });
  switch (refusal.reason) {
    case "unproven":
      return unauthorized(c);
    case "body_too_large":
      return problem(c, "body_too_large", `Send at most ${refusal.bytesMax} bytes.`);
    case "malformed_body":
      return problem(c, "malformed_body", describeJson(refusal.cause));
    case "invalid_order":
      return problem(c, "invalid_request", "Correct the fields listed in errors.", { errors: refusal.errors });
    case "replayed":
      return problem(c, "replayed", "Sign again with a fresh nonce; keep client_order_id to repeat an order safely.");
    case "idempotency_conflict":
      return problem(
        c,
        "idempotency_conflict",
        `Order ${refusal.orderId} has this id and other content. Use a new id.`,
      );
    case "rate_limited":
      return problem(c, "rate_limited", "Slow down and send again after Retry-After.", {
        headers: {
          "Retry-After": String(Math.max(1, Math.ceil(refusal.retryAfterMs / 1000))),
          ...rateLimitFields({ remaining: 0, limits: refusal.limits }),
        },
      });
    case "misconfigured":
      return misconfigured(c);
    default:
      return assertNever(refusal);
  }
}

export const misconfigured = (c: Context<AppEnv>): Response =>
  problem(c, "misconfigured", "The operator finds the setting's name in the log. Nothing was stored.", {
    headers: { "Retry-After": "60" },
  });

export const unavailable = (c: Context<AppEnv>, detail: string): Response =>
  problem(c, "unavailable", detail, { headers: { "Retry-After": "5" } });

/** What the framework refuses about a body before a handler sees it. */
export function refuseBody(c: Context<AppEnv>, status: number): Response {
  if (status === 413) return problem(c, "body_too_large", "Send less.");
  if (status === 415) return problem(c, "unsupported_media_type", "Send Content-Type: application/json.");
  return problem(c, "malformed_body", "Send one JSON object (RFC 8259).");
}

/** Facts for the log: reasons and sizes, never a word of the body. */
function reasonsOf(refusal: AcceptRefusal): Record<string, unknown> {
  if (refusal.reason === "invalid_order") return { reason: refusal.reason, fields: refusal.errors.length };
  if (refusal.reason === "malformed_body") return { reason: refusal.reason, cause: refusal.cause.reason };
  return refusal;
}

function describeJson(cause: JsonRefusal | { readonly reason: "not_utf8" }): string {
  switch (cause.reason) {
    case "not_utf8":
      return "Encode the body as UTF-8.";
    case "malformed":
      return "Send one JSON object (RFC 8259).";
    case "too_deep":
      return `Nest at most ${cause.depthMax} levels.`;
    case "duplicate_key":
      return "Use each key once per object.";
    case "inexact_number":
      return "Send numbers as decimal strings; one of them does not survive a double.";
    default:
      return assertNever(cause);
  }
}
