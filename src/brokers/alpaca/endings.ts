// What Alpaca's answers mean for one order. An answer is final only where it proves that this request placed nothing;
// everything that could also come from a proxy, a crash or a change at Alpaca is unknown.
import { type CancelEnding, type FindEnding, type SubmitEnding, isSameOrder } from "../../domain/broker.ts";
import type { ClientOrderId } from "../../domain/ids.ts";
import type { OrderIntent } from "../../domain/order.ts";
import type { BrokerAnswer } from "../request.ts";
import { toVenueReport } from "./mapping.ts";
import { type Response, isNotFound, isSuccess, toResponse, unknown } from "./response.ts";
import { AlpacaError } from "./wire.ts";

/**
 * How `POST /v2/orders` ended. `secrets` are texts that must not appear in what is returned, whatever Alpaca echoes.
 *
 * It speaks of this one request: when an earlier request with the same id ended unknown, a refusal of this one does not
 * prove that the earlier one placed nothing.
 */
export function toSubmitEnding(args: {
  readonly intent: OrderIntent;
  readonly answer: BrokerAnswer;
  readonly nowMs: number;
  readonly secrets: readonly string[];
}): SubmitEnding {
  const { intent, answer, nowMs, secrets } = args;
  const response = toResponse(answer, nowMs);
  if (!response.ok) return response.error;
  return isSuccess(response.value) ? toAcceptance(intent, response.value.body) : toRefusal(response.value, secrets);
}

/** How `GET /v2/orders:by_client_order_id` ended. */
export function toFindEnding(clientOrderId: ClientOrderId, answer: BrokerAnswer, nowMs: number): FindEnding {
  const response = toResponse(answer, nowMs);
  if (!response.ok) return response.error;
  if (isNotFound(response.value)) return { ending: "absent" };
  if (!isSuccess(response.value)) return unknown(`http_${response.value.status}`);
  const report = toVenueReport(response.value.body);
  if (!report.ok) return unknown(report.error);
  return report.value.client_order_id === clientOrderId
    ? { ending: "found", report: report.value }
    : unknown("different_order");
}

/** How `DELETE /v2/orders/{id}` ended. Alpaca answers 422 for an order that cannot be canceled any more. */
export function toCancelEnding(answer: BrokerAnswer, nowMs: number): CancelEnding {
  const response = toResponse(answer, nowMs);
  if (!response.ok) return response.error;
  if (isSuccess(response.value)) return { ending: "requested" };
  const isTooLate = response.value.status === 422 || isNotFound(response.value);
  return isTooLate ? { ending: "too_late" } : unknown(`http_${response.value.status}`);
}

function toAcceptance(intent: OrderIntent, body: unknown): SubmitEnding {
  const report = toVenueReport(body);
  if (!report.ok) return unknown(report.error);
  return isSameOrder(intent, report.value) ? { ending: "accepted", report: report.value } : unknown("different_order");
}

const PATTERN_DAY_TRADER = 40_310_100;

/**
 * A 403 is about the credentials only where it has no code, or one of the 401 family: those with a code (40310xxx) are about
 * the order or the account, and the keys are fine.
 */
const isUnauthorized = (code: number | undefined): boolean => code === undefined || Math.floor(code / 10_000) === 4011;

/**
 * A complaint about an id that is taken means that some order has it, so this can never end as rejected. It is known by
 * its words: the code 40010001 is shared with plain validation errors.
 */
const isDuplicate = (message: string): boolean =>
  /client.?order.?id/i.test(message) && /unique|duplicate|already|exist/i.test(message);

/**
 * Alpaca checks credentials before it reads an order, so a refusal of the credentials has placed nothing and is final for
 * this order: sending it again with the same keys gets the same answer.
 */
function toRefusal({ status, body }: Response, secrets: readonly string[]): SubmitEnding {
  const error = AlpacaError.safeParse(body).data;
  const rejected = (code: string): SubmitEnding => ({
    ending: "rejected",
    code,
    detail: toDetail(error?.message ?? `HTTP ${status}`, secrets),
  });
  if (status === 401) return rejected("broker_unauthorized");
  // An unreadable refusal may be a proxy's, about an answer that it could not pass on.
  if (error === undefined) return unknown(`http_${status}`);
  if (status < 500 && isDuplicate(error.message)) return unknown("duplicate_client_order_id");
  if (status === 403) return rejected(isUnauthorized(error.code) ? "broker_unauthorized" : nameBusinessRefusal(error));
  if ((status === 400 || status === 422) && error.code !== undefined) return rejected("invalid_order");
  return unknown(`http_${status}`);
}

/** 40310000 has many meanings that only its words tell apart. */
const BUSINESS_REFUSALS: readonly (readonly [RegExp, string])[] = [
  [/pattern day trad/i, "pattern_day_trader"],
  [/wash trade/i, "wash_trade"],
  [/buying power/i, "insufficient_buying_power"],
  [/insufficient (qty|quantity)/i, "insufficient_quantity"],
  [/insufficient balance/i, "insufficient_balance"],
];

function nameBusinessRefusal({ code, message }: AlpacaError): string {
  if (code === PATTERN_DAY_TRADER) return "pattern_day_trader";
  return BUSINESS_REFUSALS.find(([words]) => words.test(message))?.[1] ?? "broker_refused";
}

/** Enough for a sentence; the text ends up in answers, logs and the audit record. */
const DETAIL_CHARACTERS_MAX = 200;

/** Control, formatting and separator characters could forge a log line or hide part of one. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu;

/** Redacts before it cuts: a cut secret would no longer be recognised. */
function toDetail(message: string, secrets: readonly string[]): string {
  const printable = message.replace(UNPRINTABLE, " ");
  const redacted = secrets.reduce(
    (text, secret) => (secret === "" ? text : text.replaceAll(secret, "[redacted]")),
    printable,
  );
  return redacted.trim().slice(0, DETAIL_CHARACTERS_MAX).toWellFormed();
}
