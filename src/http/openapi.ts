// What the routes' contracts share.
import type { z } from "@hono/zod-openapi";
import { PROBLEMS, Problem, type ProblemCode } from "./problem.ts";

export const DOCUMENT = {
  openapi: "3.1.0",
  info: {
    title: "Sallyport",
    version: "0.1.0",
    description: "A guarded gate between trading signals and brokers. Money and quantities are decimal strings.",
  },
};

/** The one security scheme: reads take an API key, signals prove themselves by their signature. */
export const API_KEY = "ApiKey";
export const API_KEY_SCHEME = { type: "apiKey", in: "header", name: "X-API-Key" } as const;
export const NEEDS_API_KEY = [{ [API_KEY]: [] }];

export const jsonOf = <T extends z.ZodType>(schema: T, description: string) => ({
  description,
  content: { "application/json": { schema } },
});

/** Problem responses by status; codes that share a status share an entry. */
export function problems(...codes: readonly ProblemCode[]) {
  const byStatus: Record<number, ReturnType<typeof problemOf>> = {};
  for (const code of codes) {
    const { status } = PROBLEMS[code];
    const sharing = codes.filter((other) => PROBLEMS[other].status === status);
    byStatus[status] = problemOf(sharing);
  }
  return byStatus;
}

const problemOf = (codes: readonly ProblemCode[]) => ({
  description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`).join(" "),
  content: { "application/problem+json": { schema: Problem } },
});
