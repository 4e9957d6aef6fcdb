// What to do next with an order that is not over, and when. Pure: the account carries it out.
import type { Deduplication } from "./broker.ts";
import { type Order, isTerminal } from "./order.ts";
import { assertNever } from "./result.ts";

/** The first attempt and three more, and those only where a repeat cannot duplicate. */
const ATTEMPTS_MAX = 4;
/** The broker must have said this often that it does not have the order before the same id is sent again. */
const ABSENCES_BEFORE_RESEND = 5;
/** When to ask about an order of unknown outcome, counted from the moment it became unknown; then at the last interval. */
const LOOK_UP_DELAYS_MS = [500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000] as const;
/** Looking up every five minutes, this is about a day: by then a person has to look. */
const LOOK_UPS_MAX = 300;
/** When to ask about an order the broker has. */
const POLL_DELAYS_MS = [250, 500, 1_000, 2_000, 5_000, 15_000, 60_000] as const;
const RETRY_DELAY_MAX_MS = 120_000;
/** How long an attempt may stay on the wire before it counts as interrupted: the call's own limit and a margin. */
const ATTEMPT_LIMIT_MS = 30_000;

export type NextMove =
  | { readonly move: "submit" }
  /** It was never sent and must not be any more. */
  | { readonly move: "lapse"; readonly code: string }
  | { readonly move: "mark_interrupted" }
  /** Ask the broker whether it has the order, or how the order stands. */
  | { readonly move: "look_up" }
  | { readonly move: "give_up" }
  | { readonly move: "nothing" };

export type FollowFacts = {
  readonly nowMs: number;
  readonly expiresAtMs: number;
  readonly looks: number;
  readonly absences: number;
  readonly deduplication: Deduplication;
  /** Whether the trading state lets orders leave now. */
  readonly mayLeave: boolean;
};

export function planNext(order: Pick<Order, "delivery" | "status" | "attempts">, facts: FollowFacts): NextMove {
  const obstacle = obstacleToSending(order, facts);
  switch (order.delivery) {
    case "none":
      return { move: "nothing" };
    case "pending":
      return obstacle === undefined ? { move: "submit" } : { move: "lapse", code: obstacle };
    case "submitting":
      // Whoever asks has no attempt on the wire, so the one in the record was cut off.
      return { move: "mark_interrupted" };
    case "unknown":
      if (facts.looks >= LOOK_UPS_MAX) return { move: "give_up" };
      return { move: isSafeToRepeat(facts) && obstacle === undefined ? "submit" : "look_up" };
    case "needs_operator":
      return { move: "look_up" };
    case "delivered":
      return { move: isTerminal(order.status) ? "nothing" : "look_up" };
    default:
      return assertNever(order.delivery);
  }
}

function obstacleToSending(order: Pick<Order, "attempts">, facts: FollowFacts): string | undefined {
  if (!facts.mayLeave) return "trading_state_changed";
  if (facts.nowMs >= facts.expiresAtMs) return "approval_lapsed";
  if (order.attempts >= ATTEMPTS_MAX) return "attempts_exhausted";
  return undefined;
}

/** Sending an id again is safe only where the broker refuses to take it twice, for good. */
const isSafeToRepeat = (facts: FollowFacts): boolean =>
  facts.deduplication === "permanent" && facts.absences >= ABSENCES_BEFORE_RESEND;

/** How long to leave the broker alone after it took nothing: twice as long each time, and never less than it asked for. */
export const delayToNextAttempt = (attempts: number, retryAfterMs: number | null): number =>
  Math.min(Math.max(retryAfterMs ?? 0, 1_000 * 2 ** (attempts - 1)), RETRY_DELAY_MAX_MS);

/** How long until the next look at an order that did not move, or `null` when there is nothing left to look for. */
export function delayToNextLook(order: Pick<Order, "delivery" | "status">, looks: number): number | null {
  const pick = (delays: readonly number[]): number => delays[Math.min(looks, delays.length - 1)] ?? 0;
  switch (order.delivery) {
    case "none":
      return null;
    case "pending":
      return pick(POLL_DELAYS_MS);
    case "submitting":
      return ATTEMPT_LIMIT_MS;
    case "unknown":
    case "needs_operator":
      return pick(LOOK_UP_DELAYS_MS);
    case "delivered":
      return isTerminal(order.status) ? null : pick(POLL_DELAYS_MS);
    default:
      return assertNever(order.delivery);
  }
}
