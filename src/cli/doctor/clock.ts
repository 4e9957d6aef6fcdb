// How far the gateway's clock and ours are apart. Pure.
import { type Check, failed, passed, warned } from "../../domain/check.ts";

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

/** Beyond half of the window there is no room left for a request that takes its time. */
export function checkClock(readings: readonly ClockReading[], replayWindowSec: number): Check {
  const check = "gateway.clock";
  if (readings.length === 0) return passed(check, "The gateway does not say what time it is.");
  const offset = readings.map(offsetMs).reduce((one, other) => (Math.abs(other) > Math.abs(one) ? other : one));
  const apartSec = Math.round(Math.abs(offset) / 1000);
  const said = `The gateway's clock is ${apartSec} s ${offset > 0 ? "ahead of" : "behind"} the clock here`;
  const advice = "Set the clock of this machine by the network: timedatectl set-ntp true";
  if (Math.abs(offset) > (replayWindowSec * 1000) / 2) {
    return failed(
      check,
      `${said}; signatures may be ${replayWindowSec} s old, so they are refused, or soon will be.`,
      advice,
    );
  }
  if (Math.abs(offset) > WARN_MS) return warned(check, `${said}.`, advice);
  return passed(check, "The gateway's clock and the one here agree.");
}
