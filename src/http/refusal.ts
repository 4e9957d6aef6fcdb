// Everything a use case can refuse, as the caller sees it, in one exhaustive switch.
import type { Context } from "hono";
import type { ApprovalRefusal } from "../account/orders/approve.ts";
import type { CancelRefusal } from "../account/orders/cancel.ts";
import type { SettleRefusal } from "../account/orders/settle.ts";
import type { JsonRefusal } from "../domain/json.ts";
import { sourceStatus } from "../domain/limit.ts";
import { type Order, type Verdict, isTerminal } from "../domain/order.ts";
import { assertNever } from "../domain/result.ts";
import type { BatchItemRefusal, WholeBatchRefusal } from "../intake/accept-batch.ts";
import type { OrderRefusal } from "../intake/accept-order.ts";
import type { ReplacementRefusal } from "../intake/accept-replacement.ts";
import type { AcceptRefusal } from "../intake/accept-signal.ts";
import type { OutcomeRefusal } from "../intake/fan-out.ts";
import { UNKNOWN_ACCOUNT } from "../intake/read-order.ts";
import { log } from "../log.ts";
import type { AppEnv } from "./env.ts";
import { overLimit } from "./over-limit.ts";
import {
  MISCONFIGURED,
  type Trouble,
  UNAUTHORIZED,
  bodyTooLarge,
  invalidRequest,
  notInForce,
  unavailable,
} from "./problem.ts";

export type Refusal =
  | AcceptRefusal
  | OrderRefusal
  | WholeBatchRefusal
  | BatchItemRefusal
  | OutcomeRefusal
  | ReplacementRefusal
  | CancelRefusal
  | SettleRefusal
  | ApprovalRefusal;

/** The caller's part of a refusal. All of it goes to the log. */
export function troubleOf(c: Context<AppEnv>, refusal: Refusal): Trouble {
  log("warn", "request.refused", { request_id: c.var.requestId, ...factsOf(refusal) });
  switch (refusal.reason) {
    case "unproven":
      return UNAUTHORIZED;
    case "body_too_large":
      return bodyTooLarge(refusal.bytesMax);
    case "malformed_body":
      return { code: "malformed_body", detail: describeJson(refusal.cause) };
    case "invalid_fields":
    case "invalid_change":
    case "invalid_settlement":
      return invalidRequest(refusal.errors);
    case "account_unknown":
      return invalidRequest([UNKNOWN_ACCOUNT]);
    case "idempotency_key_required":
      return {
        code: "idempotency_key_required",
        detail:
          "Send an Idempotency-Key header, or client_order_id in the body: a fresh UUID will do. With it, the request can be repeated and one order comes of it at most.",
      };
    case "replayed":
      return {
        code: "replayed",
        detail:
          "Sign again with a fresh nonce; keep client_order_id to repeat an order safely. A body that is signed by itself (sha256) is taken once, ever: a new order needs another body, such as another client_order_id.",
      };
    case "idempotency_conflict":
      return {
        code: "idempotency_conflict",
        detail: `${refusal.orderId} has this id, or this order's name in this bar, and other content. Use a new one.`,
      };
    case "batch_conflict":
      return { code: "idempotency_conflict", detail: "A batch with another body has this key. Use a new key." };
    case "rate_limited": {
      const left = sourceStatus({ ...refusal, remaining: 0 });
      return overLimit({ retryAfterSec: left.resetSec, limits: [left] });
    }
    case "order_unknown":
      return { code: "not_found", detail: "No order has this id." };
    case "order_ended":
      return { code: "order_ended", detail: `It is ${refusal.order.status}; there is nothing left to cancel.` };
    case "not_replaceable":
      return { code: "order_not_replaceable", detail: describeNotReplaceable(refusal.order) };
    case "order_not_held":
      return { code: "order_not_held", detail: describeNotHeld(refusal.order) };
    case "second_person_required":
      return {
        code: "second_person_required",
        detail:
          refusal.owner === null
            ? "Nobody has written down whose order it is. For the orders to come, give its source an owner; the source `default` has " +
              "none and takes none: send through a source of your own."
            : `It is an order of ${refusal.owner}: somebody else has to approve it.`,
      };
    case "price_moved":
      return { code: "price_moved", detail: `Nothing was sent: ${refusal.drift}. The order is still held.` };
    case "approval_refused":
      return {
        code: "approval_refused",
        detail: `The rules refuse it now: ${refusal.code} (${describeFailed(refusal.verdicts)}). ${STOPPED.has(refusal.code) ? "`GET /v1/stops` lists what stops it. " : ""}Nothing was sent, and the order is still held.`,
      };
    case "approval_required":
      return {
        code: "approval_required",
        detail: "The order in its place would be held for approval. Cancel this one and send a new one.",
      };
    case "order_known":
      return {
        code: "order_outcome_known",
        detail: `It is ${refusal.order.status} (delivery ${refusal.order.delivery}); only an order that is unknown or needs_operator can be settled by hand.`,
      };
    case "stale_source":
      return unavailable("The source has just been changed. Send it again.");
    case "account_unreachable":
      return unavailable(
        "The account could not be reached. Send the signal again: one that has taken it does no more.",
      );
    case "account_disabled":
      return {
        code: "account_disabled",
        detail:
          "An operator has disabled the account; cancels and reads pass. `PATCH /v1/accounts/{id}` with the status `active` opens it again.",
      };
    case "broker_silent":
      return {
        code: "broker_silent",
        detail: `The broker could not be asked (${refusal.code}). Try again, or set without_broker to true if your word has to do.`,
        headers: { "Retry-After": "15" },
      };
    case "not_told":
      return notInForce(refusal.untold, "Sign it again: a stop once more is the same stop.");
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

/** It has ended, or somebody wants it canceled; either may have been in favour of another order. Or others end with it. */
function describeNotReplaceable({ status, replaced_by: successor, cancel_requested_at: canceledAt }: Order): string {
  const isOver = isTerminal(status);
  if (!isOver && canceledAt === null) {
    return "A take profit or a stop loss belongs to it, or it is one: to cancel it ends them all. Cancel, then send a new order.";
  }
  if (successor === null) return `It is ${isOver ? status : "being canceled"}. Send a new order.`;
  return isOver
    ? `It is ${status}, and order ${successor} was given in its place: look at that one.`
    : `It is being canceled in favour of order ${successor}: replace that one.`;
}

/** What a rule says of an order that a stop keeps back. */
const STOPPED: ReadonlySet<string> = new Set(["reducing_only", "trading_halted"]);

const describeFailed = (verdicts: readonly Verdict[]): string =>
  verdicts
    .filter(({ passed }) => !passed)
    .map(({ rule, input, limit }) => `${rule}: ${input}${limit === null ? "" : `, limit ${limit}`}`)
    .join("; ");

function describeNotHeld({ status, delivery, hold }: Order): string {
  if (hold === undefined) return `It was never held; it is ${status}.`;
  if (delivery === "held") return `Its time was over at ${hold.expires_at}.`;
  const { decided } = hold;
  if (decided === null) return `It is ${status}: nobody has said anything in time, or it was canceled.`;
  return `${decided.by} has ${status === "denied" ? "declined" : "approved"} it at ${decided.at}; it is ${status}.`;
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
