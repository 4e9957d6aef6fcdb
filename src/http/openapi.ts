// What the routes' contracts share.
import type { z } from "@hono/zod-openapi";
import { PROBLEMS, Problem, type ProblemCode } from "./problem.ts";

export const DOCUMENT = {
  openapi: "3.1.0",
  info: {
    title: "Sallyport",
    version: "0.1.0",
    description:
      "A guarded gate between trading signals and brokers. Money and quantities are decimal strings. Another method on a path " +
      "than those listed is answered with 405, `method_not_allowed`, and `Allow`.",
  },
};

export const API_KEY_SCHEME = { type: "apiKey", in: "header", name: "X-API-Key" } as const;

export const CLOUDFLARE_ACCESS_SCHEME = {
  type: "apiKey",
  in: "header",
  name: "Cf-Access-Jwt-Assertion",
  description:
    "Cloudflare Access adds it for an operator who is signed in. Where `X-API-Key` is sent too, that one counts.",
} as const;

/** Every response header the API has, by name. */
export const HEADERS = {
  "X-Request-Id": "The request's id; the same in logs and audit entries.",
  Location: "The order's path.",
  "Retry-After": "Seconds to wait before the next attempt.",
  RateLimit: "What is left of each limit that the request drew from: `r` requests, and more in `t` seconds.",
  "RateLimit-Policy": "Those limits: `q` requests in `w` seconds.",
  "Idempotency-Replayed": "`true` when the request was sent before.",
  "Preference-Applied": "The `wait` that was applied.",
} as const;

type HeaderName = keyof typeof HEADERS;

const headersOf = (names: readonly HeaderName[]) =>
  Object.fromEntries(
    (["X-Request-Id", ...names] as const).map((name) => [
      name,
      { description: HEADERS[name], schema: { type: "string" as const } },
    ]),
  );

export const jsonOf = <T extends z.ZodType>(schema: T, description: string, headers: readonly HeaderName[] = []) => ({
  description,
  headers: headersOf(headers),
  content: { "application/json": { schema } },
});

/** Problem responses by status; codes that share a status share an entry. */
export function problems(...codes: readonly ProblemCode[]) {
  const byStatus: Record<number, ReturnType<typeof problemOf>> = {};
  const each = [...new Set(codes)];
  for (const code of each) {
    const { status } = PROBLEMS[code];
    const sharing = each.filter((other) => PROBLEMS[other].status === status);
    byStatus[status] = problemOf(sharing);
  }
  return byStatus;
}

/** The same, with what the guard in front of a route refuses. */
export const guardedProblems = (...codes: readonly ProblemCode[]) =>
  problems(
    "unauthorized",
    "key_in_query",
    "scope_missing",
    "cross_site",
    "rate_limited",
    "misconfigured",
    "unavailable",
    ...codes,
  );

const WITH_HEADERS: Partial<Record<ProblemCode, readonly HeaderName[]>> = {
  rate_limited: ["Retry-After", "RateLimit", "RateLimit-Policy"],
  maintenance: ["Retry-After"],
  broker_silent: ["Retry-After"],
  not_told: ["Retry-After"],
  misconfigured: ["Retry-After"],
  unavailable: ["Retry-After"],
};

const problemOf = (codes: readonly ProblemCode[]) => ({
  description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`).join(" "),
  headers: headersOf(codes.flatMap((code) => WITH_HEADERS[code] ?? [])),
  content: { "application/problem+json": { schema: Problem } },
});
