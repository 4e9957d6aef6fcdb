// What holds for the answer to any call, whatever was asked.
import type { NotSent, Unknown } from "../../domain/broker.ts";
import { type Result, err, ok } from "../../domain/result.ts";
import type { BrokerAnswer } from "../request.ts";
import { readRetryAfterMs } from "./rate-limit.ts";
import { AlpacaError } from "./wire.ts";

/** An answer of Alpaca's, or of something that stands in front of it. */
export type Response = Extract<BrokerAnswer, { kind: "response" }>;

/**
 * The answer, unless the call ended before Alpaca could look at what it asks: then that ending. A 429 is counted and turned
 * away at the door, whatever its body says.
 */
export function toResponse(answer: BrokerAnswer, nowMs: number): Result<Response, NotSent | Unknown> {
  if (answer.kind === "failed") {
    return err(answer.code === "not_sendable" ? NOT_SENDABLE : unknown(answer.code));
  }
  if (answer.status !== 429) return ok(answer);
  return err({ ending: "not_sent", code: "rate_limited", retryAfterMs: readRetryAfterMs(answer.headers, nowMs) });
}

/** No request could be made of the arguments. */
export const NOT_SENDABLE: NotSent = { ending: "not_sent", code: "not_sendable", retryAfterMs: null };

export const unknown = (code: string): Unknown => ({ ending: "unknown", code });

export const isSuccess = ({ status }: Response): boolean => status >= 200 && status < 300;

const NOT_FOUND = 40_410_000;

/** Whether Alpaca itself says that there is no such thing. A bare 404 may be anybody's. */
export const isNotFound = ({ status, body }: Response): boolean =>
  status === 404 && AlpacaError.safeParse(body).data?.code === NOT_FOUND;
