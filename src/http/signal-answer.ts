// How a signal is answered: an order in the gateway's own format with the order, any other signal with its receipt.
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { rateLimitFields, sourceStatus } from "../domain/limit.ts";
import { Order } from "../domain/order.ts";
import { NativeInstruction } from "../domain/signal/native-instruction.ts";
import { NativeOrder } from "../domain/signal/native.ts";
import { SignalReceipt } from "../domain/signal/receipt.ts";
import type { Submitted } from "../intake/submit-signal.ts";
import type { AppEnv } from "./env.ts";
import { jsonOf } from "./openapi.ts";
import { answerOrder, replayed } from "./order-answer.ts";

/** Whatever an alert sends, in one of the formats that docs/signals.md lists. */
const Alert = z.record(z.string(), z.unknown()).meta({ id: "Alert" });

export const SIGNAL_BODIES = {
  "application/json": { schema: z.union([NativeOrder, NativeInstruction, Alert]) },
  "text/plain": { schema: z.string() },
};

const SignalAnswer = z.union([Order, SignalReceipt]);

export const SIGNAL_ANSWERS = {
  200: jsonOf(
    SignalAnswer,
    "Denied by the policy, or nothing came of it, or it was sent before and is answered as it now stands " +
      "(`Idempotency-Replayed: true`); nothing more is sent.",
    ["Location", "RateLimit", "RateLimit-Policy", "Idempotency-Replayed", "Preference-Applied"],
  ),
  202: jsonOf(
    SignalAnswer,
    "Recorded, and set going: an order in the gateway's own format is answered with the order, any other signal with what came " +
      "of each thing it asks for.",
    ["Location", "RateLimit", "RateLimit-Policy", "Preference-Applied"],
  ),
};

export function answerSignal(
  c: Context<AppEnv>,
  submitted: Submitted,
  more: Readonly<Record<string, string>> = {},
): Response {
  const headers = { ...rateLimitFields([sourceStatus(submitted)]), ...more };
  const { order, receipt, duplicate } = submitted;
  if (order !== undefined) return answerOrder(c, { order, duplicate }, headers);
  const isGoing = receipt.steps.some(({ outcome }) => outcome === "ordered" || outcome === "working");
  return c.json(receipt, !duplicate && isGoing ? 202 : 200, {
    Location: `/v1/signals/${receipt.id}`,
    ...replayed(submitted),
    ...headers,
  });
}
