// How far the gateway's clock and ours are apart. Pure.
import { type Check, failed, passed, warned } from "../../domain/check.ts";
import { assertNever } from "../../domain/result.ts";
import { checkFreshness } from "../../domain/signature.ts";

/** A signature carries the sender's time; so far apart nothing is wrong yet, and a clock is. */
const WARN_MS = 5_000;

/** A time that the gateway told, known to `precisionMs`, between the request and its answer by our clock. */
export type ClockReading = {
  readonly toldMs: number;
  readonly precisionMs: number;
  readonly sentMs: number;
  readonly receivedMs: number;
};

/** By how much the gateway is ahead at least, negative when it is behind; 0 where the reading can be explained without. */
export function offsetMs({ toldMs, precisionMs, sentMs, receivedMs }: ClockReading): number {
  if (toldMs > receivedMs) return toldMs - receivedMs;
  const latestMs = toldMs + precisionMs;
  return latestMs < sentMs ? latestMs - sentMs : 0;
}

/** A signature that is made here is held against the gateway's clock as the gateway does it: too old, or too far ahead. */
export function checkClock(readings: readonly ClockReading[], replayWindowSec: number): Check {
  const check = "gateway.clock";
  if (readings.length === 0) {
    return warned(
      check,
      "Not checked: the gateway does not say what time it is.",
      "It tells whoever may see its diagnostics: ask with a key that has the scope admin:accounts.",
    );
  }
  const offsets = readings.map(offsetMs).toSorted((one, other) => Math.abs(other) - Math.abs(one));
  const [refusal] = offsets.flatMap((offset) => refusalAt(offset, replayWindowSec) ?? []);
  if (refusal !== undefined) return failed(check, refusal, ADVICE);
  const [furthest = 0] = offsets;
  if (Math.abs(furthest) > WARN_MS) return warned(check, `${describeOffset(furthest)}.`, ADVICE);
  return passed(check, "The gateway's clock and the one here agree.");
}

/** Why the gateway refuses what is signed now; `undefined` where it does not. */
function refusalAt(offset: number, windowSec: number): string | undefined {
  const fresh = checkFreshness({ timestampMs: 0, nowMs: offset, windowSec });
  if (fresh.ok) return undefined;
  switch (fresh.error.reason) {
    case "timestamp_stale":
      return `${describeOffset(offset)}; a signature may be ${windowSec} s old, so those from here are refused.`;
    case "timestamp_in_future":
      return `${describeOffset(offset)}; a signature may be ${fresh.error.skewSec} s ahead, so those from here are refused.`;
    default:
      return assertNever(fresh.error);
  }
}

const describeOffset = (offset: number): string =>
  `The gateway's clock is ${Math.round(Math.abs(offset) / 1000)} s ${offset > 0 ? "ahead of" : "behind"} the clock here`;

const ADVICE = "Set the clock of this machine by the network: timedatectl set-ntp true";
