// Why nothing is opened for a signal, whatever the rules say of its order: it comes too late, its prices are delayed, or what the
// sender believes is held is not. What only closes a position is carried out all the same.
import type { Refusal } from "../goal/terms.ts";
import { type Decimal, absolute, isZero, lessThan, ZERO } from "../money.ts";
import type { Circumstances, Notice, PositionClaim } from "./format.ts";
import type { SignalSettings } from "./settings.ts";
import { isDelayedFeed } from "./symbol.ts";

export type SignalLimits = Pick<SignalSettings, "max_age_sec" | "delayed_feed" | "position_gap">;

/** How far the sender's clock may be ahead of ours. */
const CLOCK_SKEW_MAX_SEC = 60;

/** `position`: units held in the symbol, negative when short. */
export function objectionTo(
  { sentAtMs, maxAgeSec, exchange, positionBefore }: Circumstances,
  limits: SignalLimits,
  { nowMs, position }: { readonly nowMs: number; readonly position: Decimal },
): Refusal | undefined {
  const late = lateness(sentAtMs, Math.min(limits.max_age_sec ?? Infinity, maxAgeSec ?? Infinity), nowMs);
  if (late !== undefined) return late;
  if (limits.delayed_feed === "deny" && exchange !== undefined && isDelayedFeed(exchange)) {
    return { code: "delayed_feed", detail: `${exchange} is a delayed feed` };
  }
  return limits.position_gap === "deny" ? gapOf(positionBefore, position) : undefined;
}

/** What there is to say about a position that the sender sees otherwise, where that is no reason to refuse. */
export function gapNotice(
  { positionBefore }: Circumstances,
  { position_gap: mode }: SignalLimits,
  position: Decimal,
): Notice | undefined {
  const gap = mode === "note" ? gapOf(positionBefore, position) : undefined;
  return gap === undefined ? undefined : { pointer: "", code: gap.code, message: gap.detail };
}

function lateness(sentAtMs: number | undefined, maxAgeSec: number, nowMs: number): Refusal | undefined {
  if (maxAgeSec === Infinity) return undefined;
  if (sentAtMs === undefined) return { code: "signal_age_unknown", detail: "it does not say when it was sent" };
  const ageSec = (nowMs - sentAtMs) / 1000;
  if (ageSec < -CLOCK_SKEW_MAX_SEC) return { code: "signal_age_unknown", detail: "it was sent in the future" };
  return ageSec > maxAgeSec
    ? { code: "signal_too_old", detail: `${Math.round(ageSec)} s old, ${maxAgeSec} at most` }
    : undefined;
}

/** A signal was missed or came out of order, or somebody else trades here. */
function gapOf(claim: PositionClaim | undefined, position: Decimal): Refusal | undefined {
  if (claim === undefined) return undefined;
  const held = isZero(position) ? "flat" : lessThan(position, ZERO) ? "short" : "long";
  const isSameSize = claim.size === undefined || claim.size === absolute(position);
  if (claim.side === held && (held === "flat" || isSameSize)) return undefined;
  const believed = `${claim.side}${claim.size === undefined ? "" : ` ${claim.size}`}`;
  return { code: "position_gap", detail: `the sender believes ${believed} before this signal, ${position} are held` };
}
