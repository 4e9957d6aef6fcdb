// How an order that somebody asked for is answered, whichever door it came through.
import type { Context } from "hono";
import type { Admitted } from "../account/orders/admit.ts";
import type { AppEnv } from "./env.ts";

type Decided = Pick<Admitted, "order" | "duplicate">;

/** 202: something was set going. 200: it was denied or shadowed, or is the outcome of an earlier request. */
export const statusOf = ({ order, duplicate }: Decided): 200 | 202 =>
  duplicate || order.status === "denied" || order.status === "shadowed" ? 200 : 202;

export const answerOrder = (
  c: Context<AppEnv>,
  decided: Decided,
  headers: Readonly<Record<string, string>> = {},
): Response =>
  c.json(decided.order, statusOf(decided), {
    Location: `/v1/orders/${decided.order.id}`,
    ...replayed(decided),
    ...headers,
  });

export const replayed = ({ duplicate }: Pick<Decided, "duplicate">): Record<string, string> =>
  duplicate ? { "Idempotency-Replayed": "true" } : {};

/** Says which `Prefer: wait=N` was applied (RFC 7240). */
export const waited = (waitSec: number | undefined): Record<string, string> =>
  waitSec === undefined ? {} : { "Preference-Applied": `wait=${waitSec}` };
