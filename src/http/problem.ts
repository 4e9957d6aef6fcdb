// Everything that can go wrong, as the caller sees it: RFC 9457 problem+json with a stable code. Details say what to do
// next; they never say what we know about keys, sources or other callers.
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import * as z from "zod";
import type { AppEnv } from "./env.ts";

/** Every problem the API answers with: code, HTTP status, and a title that never changes. */
export const PROBLEMS = {
  unauthorized: { status: 401, title: "The request is not authenticated" },
  replayed: { status: 409, title: "The request was used before" },
  idempotency_conflict: { status: 409, title: "The id was used with other content" },
  idempotency_key_required: { status: 400, title: "The request has no id of its own" },
  body_too_large: { status: 413, title: "The body is too large" },
  unsupported_media_type: { status: 415, title: "The body has the wrong type" },
  malformed_body: { status: 400, title: "The body cannot be read" },
  invalid_header: { status: 400, title: "A header cannot be read" },
  invalid_request: { status: 422, title: "Fields are missing or wrong" },
  order_ended: { status: 409, title: "The order has ended in another way" },
  order_not_replaceable: { status: 409, title: "The order cannot be replaced any more" },
  order_outcome_known: { status: 409, title: "The order's outcome is known" },
  rate_limited: { status: 429, title: "Too many requests" },
  not_found: { status: 404, title: "There is no such thing" },
  method_not_allowed: { status: 405, title: "The method is not allowed here" },
  maintenance: { status: 503, title: "The gateway takes no new orders now" },
  misconfigured: { status: 503, title: "The gateway is not configured" },
  unavailable: { status: 503, title: "The gateway cannot decide now" },
} as const;

export type ProblemCode = keyof typeof PROBLEMS;

/** An answer's body, or what a batch says of one order. */
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

/** What went wrong in one request, and what its sender can do about it. */
export type Trouble = {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
  readonly headers?: Readonly<Record<string, string>>;
};

/** Builds the answer for a trouble. */
export const problem = (c: Context<AppEnv>, trouble: Trouble): Response =>
  c.json(describeTrouble(c, trouble), PROBLEMS[trouble.code].status, {
    "Content-Type": "application/problem+json",
    ...trouble.headers,
  });

/** Ends the request with a problem, from inside a handler whose type promises success. */
export function refuse(c: Context<AppEnv>, trouble: Trouble): never {
  throw new HTTPException(PROBLEMS[trouble.code].status, { res: problem(c, trouble) });
}

export function describeTrouble(c: Context<AppEnv>, { code, detail, errors }: Trouble): z.infer<typeof Problem> {
  const { status, title } = PROBLEMS[code];
  const described = { type: `/reference#${code}`, title, status, detail, code, request_id: c.var.requestId };
  return errors === undefined ? described : { ...described, errors: [...errors] };
}

/** One body for every way of not proving who you are; the cause goes to the log. */
export const UNAUTHORIZED: Trouble = {
  code: "unauthorized",
  detail: "Check the key or secret, the signature, the clock and the headers; /reference shows a signed request.",
};

export const MISCONFIGURED: Trouble = {
  code: "misconfigured",
  detail: "The operator finds the setting's name in the log. Nothing was stored.",
  headers: { "Retry-After": "60" },
};

export const unavailable = (detail: string): Trouble => ({
  code: "unavailable",
  detail,
  headers: { "Retry-After": "5" },
});

/** What the framework refuses about a body before a handler sees it. */
export function troubleWithBody(status: number): Trouble {
  if (status === 413) return { code: "body_too_large", detail: "Send less." };
  if (status === 415) return { code: "unsupported_media_type", detail: "Send Content-Type: application/json." };
  return { code: "malformed_body", detail: "Send one JSON object (RFC 8259)." };
}
