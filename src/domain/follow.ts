// What to do next with an order that is not over, and when. Pure: the account carries it out.
import { isHeldBack, isUntold, lacksLegs, lacksSuccessor } from "./bracket.ts";
import type { Deduplication } from "./broker.ts";
import { type Order, isTerminal } from "./order.ts";
import type { Purpose } from "./pace.ts";
import { assertNever } from "./result.ts";
import { SETTLED_BY_OPERATOR } from "./settlement.ts";

/** The first attempt and three more, and those only where a repeat cannot duplicate. */
const ATTEMPTS_MAX = 4;
/** The broker must have said this often that it does not have the order before the same id is sent again. */
const ABSENCES_BEFORE_RESEND = 5;
/** Where the same id must not be sent again: after so many, over about two minutes, a person has to find out. */
const ABSENCES_BEFORE_OPERATOR = 7;
/** When to ask about an order of unknown outcome, counted from the moment it became unknown; then at the last interval. */
const LOOK_UP_DELAYS_MS = [500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000] as const;
/** Looking up every five minutes, this is about a day: by then a person has to look. */
const LOOK_UPS_MAX = 300;
/** When to ask about an order the broker has. */
const POLL_DELAYS_MS = [250, 500, 1_000, 2_000, 5_000, 15_000, 60_000] as const;
/** The same of a leg that is held back: whatever starts or ends it happens to another order first, and is told of that one. */
const HELD_BACK_DELAYS_MS = [...POLL_DELAYS_MS, 300_000] as const;
/** More looks than there are delays: a leg that is held back from the start has nothing to tell for now. */
export const LOOKS_WHILE_HELD_BACK = HELD_BACK_DELAYS_MS.length;
/** For how long, and how often at least, an order is asked for legs that the broker has not told of. */
const LEGS_MISSING_MS_MAX = 86_400_000;
const LEGS_MISSING_DELAY_MS_MAX = 60_000;
/** How long an exit waits for them: then it is more likely that there are none than that nobody tells. */
const LEGS_PATIENCE_MS = 300_000;
/** When to ask again about an order that was canceled or expired, counted from its end: a fill can be told after it. */
const LATE_LOOKS_MS = [5_000, 60_000] as const;
/** Every so many looks at an order that somebody wants canceled, the broker is told again: it can have lost the first. */
export const LOOKS_PER_CANCEL = 2;
const RETRY_DELAY_MAX_MS = 120_000;
/** How long an attempt may stay on the wire before it counts as interrupted: the call's own limit and a margin. */
const ATTEMPT_LIMIT_MS = 30_000;

export type NextMove =
  | { readonly move: "submit" }
  /** It was never sent and must not be any more. */
  | { readonly move: "lapse"; readonly code: string }
  /** The account sends nothing: the decision is all there is. */
  | { readonly move: "shadow" }
  /** The order it waits for has ended. */
  | { readonly move: "release" }
  | { readonly move: "mark_interrupted" }
  /** Ask the broker whether it has the order, or how the order stands. */
  | { readonly move: "look_up" }
  /** Ask the broker how the order stands that this one is a leg of, which tells of both. */
  | { readonly move: "look_at_parent" }
  /** Its legs, or what has taken its place, are not reckoned with any more. */
  | { readonly move: "give_up_legs" }
  /** Tell the broker to cancel it. */
  | { readonly move: "cancel" }
  | { readonly move: "give_up"; readonly code: string }
  | { readonly move: "nothing" };

export type FollowFacts = {
  readonly nowMs: number;
  readonly expiresAtMs: number;
  readonly looks: number;
  readonly absences: number;
  readonly deduplication: Deduplication;
  /** Whether the trading state lets orders leave now. */
  readonly mayLeave: boolean;
  /** Whether the account is a shadow, and sends nothing. */
  readonly isShadow: boolean;
  /** Whether the order that this one waits for has ended. */
  readonly predecessorEnded: boolean;
  /** Whether the order that this one is a leg of has not ended. */
  readonly parentLives: boolean;
};

export type Followed = Pick<
  Order,
  | "delivery"
  | "status"
  | "attempts"
  | "cancel_requested_at"
  | "venue_order_id"
  | "reason"
  | "parent"
  | "legs"
  | "take_profit"
  | "stop_loss"
  | "replaced_by"
  | "updated_at"
>;

export function planNext(order: Followed, facts: FollowFacts): NextMove {
  switch (order.delivery) {
    case "none":
      // Somebody said that it was not placed: the broker may know better.
      return { move: isWatched(order) ? "look_up" : "nothing" };
    case "held":
      return isOver(facts) ? { move: "lapse", code: "approval_expired" } : { move: "nothing" };
    case "waiting":
      if (facts.predecessorEnded) return { move: "release" };
      return isOver(facts) ? { move: "lapse", code: "approval_lapsed" } : { move: "nothing" };
    case "pending": {
      if (facts.isShadow) return { move: "shadow" };
      const obstacle = obstacleToSending(order, facts);
      return obstacle === undefined ? { move: "submit" } : { move: "lapse", code: obstacle };
    }
    case "submitting":
      // Whoever asks has no attempt on the wire, so the one in the record was cut off.
      return { move: "mark_interrupted" };
    case "unknown":
      return planUnknown(order, facts);
    case "needs_operator":
      return { move: "look_up" };
    case "delivered":
      if (isGone(facts.absences) && !isTerminal(order.status)) return { move: "give_up", code: "gone_from_broker" };
      if (isCancelDue(order, facts)) return { move: "cancel" };
      if (isUntold(order) && facts.nowMs - Date.parse(order.updated_at) >= LEGS_PATIENCE_MS)
        return { move: "give_up_legs" };
      return { move: isToldByParent(order, facts) ? "look_at_parent" : "look_up" };
    default:
      return assertNever(order.delivery);
  }
}

/**
 * A leg's fill closes what its order's fill has opened, and has to be counted after it: while that one lives, it is what is asked.
 * And only that one names what has taken a leg's place.
 */
const isToldByParent = (order: Followed, { parentLives }: FollowFacts): boolean => parentLives || lacksSuccessor(order);

/** Whether the broker has denied a live order for so long that nobody can go on believing in it. */
export const isGone = (absences: number): boolean => absences >= ABSENCES_BEFORE_OPERATOR;

const isOver = ({ nowMs, expiresAtMs }: FollowFacts): boolean => nowMs >= expiresAtMs;

function obstacleToSending(order: Followed, facts: FollowFacts): string | undefined {
  if (!facts.mayLeave) return "trading_state_changed";
  if (isOver(facts)) return "approval_lapsed";
  if (order.attempts >= ATTEMPTS_MAX) return "attempts_exhausted";
  return undefined;
}

/**
 * Absence is a reason to send again only where the broker refuses an id it has seen, for good; anywhere else, and where
 * something speaks against sending at all, it is a reason to call a person.
 */
function planUnknown(order: Followed, facts: FollowFacts): NextMove {
  if (facts.looks >= LOOK_UPS_MAX) return { move: "give_up", code: "not_found_for_a_day" };
  const obstacle = obstacleToRepeating(order, facts);
  if (obstacle === undefined) return { move: facts.absences >= ABSENCES_BEFORE_RESEND ? "submit" : "look_up" };
  return isGone(facts.absences) ? { move: "give_up", code: `absent_${obstacle}` } : { move: "look_up" };
}

function obstacleToRepeating(order: Followed, facts: FollowFacts): string | undefined {
  if (facts.isShadow) return "shadow";
  if (facts.deduplication !== "permanent") return "duplicates_possible";
  if (order.cancel_requested_at !== null) return "cancel_requested";
  return obstacleToSending(order, facts);
}

/** What an order is due for. `isExit`: it was approved as one that only brings a position closer to zero. */
export function purposeOf(order: Followed, looks: number, isExit: boolean): Purpose {
  if (order.delivery === "unknown") return "ask";
  if (!isWatched(order)) return isExit ? "exit" : "send";
  return isCancelDue(order, { looks }) ? "cancel" : "watch";
}

const isWatched = ({ delivery, reason }: Followed): boolean =>
  delivery === "delivered" ||
  delivery === "needs_operator" ||
  (delivery === "none" && reason?.code === SETTLED_BY_OPERATOR);

/** While the broker says that it is canceling, it is only asked how far it is. */
function isCancelDue(order: Followed, { looks }: Pick<FollowFacts, "looks">): boolean {
  if (order.cancel_requested_at === null || order.venue_order_id === null || isTerminal(order.status)) return false;
  return order.status !== "pending_cancel" && looks % LOOKS_PER_CANCEL === 0;
}

/**
 * How long to leave the broker alone after it took nothing: anything up to twice as long each time (full jitter, `random`
 * in [0, 1)), so that many orders do not come back at once, and never less than the broker asked for.
 */
export const delayToNextAttempt = (attempts: number, retryAfterMs: number | null, random: number): number =>
  Math.min(Math.max(retryAfterMs ?? 0, Math.ceil(random * 1_000 * 2 ** attempts)), RETRY_DELAY_MAX_MS);

/** How long until the next look at an order that did not move, or `null` when there is nothing left to look for. */
export function delayToNextLook(order: Followed, looks: number): number | null {
  switch (order.delivery) {
    case "none":
      return null;
    case "held":
    case "waiting":
    case "pending":
      return pick(POLL_DELAYS_MS, looks);
    case "submitting":
      return ATTEMPT_LIMIT_MS;
    case "unknown":
    case "needs_operator":
      return pick(LOOK_UP_DELAYS_MS, looks);
    case "delivered":
      if (isTerminal(order.status)) return null;
      if (order.cancel_requested_at !== null && looks === 0) return 0;
      return pick(isHeldBack(order) ? HELD_BACK_DELAYS_MS : POLL_DELAYS_MS, looks);
    default:
      return assertNever(order.delivery);
  }
}

/** When to look once more at an order that has ended, or `null` when that has been done, or is of no use. */
export function lateLookAtMs(order: Followed, endedAtMs: number, nowMs: number): number | null {
  if (lacksLegs(order) || lacksSuccessor(order)) return legsLookAtMs(endedAtMs, nowMs);
  if (!isWatched(order) || (order.status !== "canceled" && order.status !== "expired")) return null;
  return LATE_LOOKS_MS.map((delayMs) => endedAtMs + delayMs).find((atMs) => atMs > nowMs) ?? null;
}

/** At once, and then less and less often: a position may be without protection, and a fill without being counted. */
function legsLookAtMs(endedAtMs: number, nowMs: number): number | null {
  const agedMs = Math.max(0, nowMs - endedAtMs);
  if (agedMs >= LEGS_MISSING_MS_MAX) return null;
  return nowMs + Math.min(Math.max(POLL_DELAYS_MS[0], agedMs), LEGS_MISSING_DELAY_MS_MAX);
}

const pick = (delays: readonly number[], looks: number): number => delays[Math.min(looks, delays.length - 1)] ?? 0;
