// Request headers that mean the same everywhere.
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { AppEnv } from "./env.ts";
import { refuse } from "./problem.ts";

/** Longer waits would outlive proxies and tempt callers to treat the answer as final. */
const WAIT_SEC_MAX = 10;
/** A structured-field string (draft-ietf-httpapi-idempotency-key-header), or the bare characters many clients send. */
const IDEMPOTENCY_KEY = /^(?:"([ !#-[\]-~]{1,255})"|([!#-[\]-~]{1,255}))$/;
const IDEMPOTENCY_KEY_FORM =
  '1 to 255 printable ASCII characters, none of them a space, " or \\; in double quotes, spaces are taken too';

/** What `Idempotency-Key` is and takes; `use` says when it is needed. */
export const idempotencyKeyHeader = (use: string) =>
  z
    .string()
    .regex(IDEMPOTENCY_KEY)
    .meta({ description: `${use} It takes ${IDEMPOTENCY_KEY_FORM}.` });

/** What `Prefer` can ask of a request about an order; `until` says what is waited for. */
export const preferWait = (until: string) =>
  z
    .string()
    .optional()
    .meta({ description: `\`wait=N\`: wait up to N seconds, at most ${WAIT_SEC_MAX}, until ${until}` });

/** The key, or `null` when there is none. Ends the request where there is one that cannot be read. */
export function readIdempotencyKey(c: Context<AppEnv>): string | null {
  const header = c.req.header("Idempotency-Key");
  if (header === undefined) return null;
  const [, quoted, bare] = IDEMPOTENCY_KEY.exec(header) ?? [];
  const key = quoted ?? bare;
  if (key === undefined) {
    refuse(c, { code: "invalid_header", detail: `Idempotency-Key takes ${IDEMPOTENCY_KEY_FORM}.` });
  }
  return key;
}

/** The seconds of `Prefer: wait=N` (RFC 7240), capped; `undefined` without one. A preference nobody understands is ignored. */
export function readWaitSec(c: Context<AppEnv>): number | undefined {
  for (const preference of c.req.header("Prefer")?.split(",") ?? []) {
    const [, seconds] = /^\s*wait\s*=\s*"?(\d{1,6})"?\s*(?:;.*)?$/i.exec(preference) ?? [];
    if (seconds !== undefined) return Math.min(Number(seconds), WAIT_SEC_MAX);
  }
  return undefined;
}
