// Everything a use case can refuse, as the caller sees it, in one exhaustive switch.
import type { Context } from "hono";
import type { CancelRefusal } from "../account/cancel.ts";
import type { SettleRefusal } from "../account/settle.ts";
import type { JsonRefusal } from "../domain/json.ts";
import { assertNever } from "../domain/result.ts";
import type { BatchItemRefusal, WholeBatchRefusal } from "../intake/accept-batch.ts";
import type { OrderRefusal } from "../intake/accept-order.ts";
import type { ReplacementRefusal } from "../intake/accept-replacement.ts";
import type { AcceptRefusal } from "../intake/accept-signal.ts";
import { log } from "../log.ts";
import type { AppEnv } from "./env.ts";
import { MISCONFIGURED, type Trouble, UNAUTHORIZED } from "./problem.ts";
import { rateLimitFields } from "./rate-limit-fields.ts";

export type Refusal =
  | AcceptRefusal
  | OrderRefusal
  | WholeBatchRefusal
  | BatchItemRefusal
  | ReplacementRefusal
  | CancelRefusal
  | SettleRefusal;

/** The caller's part of a refusal. All of it goes to the log. */
export function troubleOf(c: Context<AppEnv>, refusal: Refusal): Trouble {
  log("warn", "request.refused", { request_id: c.var.requestId, ...factsOf(refusal) });
  switch (refusal.reason) {
    case "unproven":
      return UNAUTHORIZED;
    case "body_too_large":
      return { code: "body_too_large", detail: `Send at most ${refusal.bytesMax} bytes.` };
    case "malformed_body":
      return { code: "malformed_body", detail: describeJson(refusal.cause) };
    case "invalid_fields":
    case "invalid_change":
    case "invalid_settlement":
      return { code: "invalid_request", detail: "Correct the fields listed in errors.", errors: refusal.errors };
    case "idempotency_key_required":
      return {
        code: "idempotency_key_required",
        detail:
          "Send an Idempotency-Key header, or client_order_id in the body: a fresh UUID will do. With it, the request can be repeated and one order comes of it at most.",
      };
    case "replayed":
      return {
        code: "replayed",
        detail: "Sign again with a fresh nonce; keep client_order_id to repeat an order safely.",
      };
    case "idempotency_conflict":
      return {
        code: "idempotency_conflict",
        detail: `Order ${refusal.orderId} has this id and other content. Use a new id.`,
      };
    case "batch_conflict":
      return { code: "idempotency_conflict", detail: "A batch with other content has this key. Use a new key." };
    case "rate_limited":
      return {
        code: "rate_limited",
        detail: "Slow down and send again after Retry-After.",
        headers: {
          "Retry-After": String(Math.max(1, Math.ceil(refusal.retryAfterMs / 1000))),
          ...rateLimitFields({ remaining: 0, limits: refusal.limits }),
        },
      };
    case "order_unknown":
      return { code: "not_found", detail: "No order has this id." };
    case "order_ended":
      return { code: "order_ended", detail: `It is ${refusal.order.status}; there is nothing left to cancel.` };
    case "not_replaceable":
      return {
        code: "order_not_replaceable",
        detail:
          refusal.order.cancel_requested_at === null
            ? `It is ${refusal.order.status}. Send a new order.`
            : "It is being canceled or replaced already. Look at its replaced_by, or send a new order.",
      };
    case "order_known":
      return {
        code: "order_outcome_known",
        detail: `It is ${refusal.order.status} (delivery ${refusal.order.delivery}); only an order that is unknown or needs_operator can be settled by hand.`,
      };
    case "misconfigured":
      return MISCONFIGURED;
    default:
      return assertNever(refusal);
  }
}

/** Facts for the log: reasons and sizes, never a word of the body. */
function factsOf(refusal: Refusal): Record<string, unknown> {
  const { reason } = refusal;
  if ("errors" in refusal) return { reason, fields: refusal.errors.length };
  if ("order" in refusal) return { reason, order_id: refusal.order.id, status: refusal.order.status };
  if (reason === "malformed_body") return { reason, cause: refusal.cause.reason };
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
