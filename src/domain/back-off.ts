// Puts off an address that keeps failing to prove who it is, for longer each time. It slows guessing and is no lock: a request
// that proves itself is never asked about failures, which may be those of others behind the same address.

/** So many failures in {@link WINDOW_MS} are mistakes: a wrong key in one shell, a right one in the next. */
const FREE_FAILURES = 3;
const WINDOW_MS = 600_000;
const REFUSAL_MS_MAX = 300_000;

/**
 * The failures of one address, as plain data. `counting`: when the last ones were, oldest first. `refusing`: how many
 * refusals there have been since, each twice as long as the one before, and when the latest ends.
 */
export type BackOff =
  | { readonly state: "counting"; readonly failedAtMs: readonly number[] }
  | { readonly state: "refusing"; readonly refusals: number; readonly untilMs: number };

export type Failure = {
  /** The same object where the failure changed nothing. */
  readonly backOff: BackOff;
  /** For how long the address is refused, from now: more than 0, at most 300,000. `null`: not at all. */
  readonly refusedForMs: number | null;
};

/**
 * An authentication failed.
 *
 * - The first three within ten minutes count and are answered as what they are.
 * - The n-th after them is refused for 2ⁿ s, at most 300 s.
 * - One that comes during a refusal is answered with the rest of it. It counts for nothing: a program that tries again ten
 *   times a second is as far after a minute as one that tries when it was told to, and a flood changes nothing that would
 *   have to be stored.
 * - Ten minutes without a failure that counts, from the end of the last refusal, and all is forgotten.
 */
export function onFailure(before: BackOff | null, nowMs: number): Failure {
  if (before === null || nowMs >= forgottenAtMs(before)) return count([], nowMs);
  if (before.state === "counting") return count(before.failedAtMs, nowMs);
  const endsAtMs = Math.min(before.untilMs, nowMs + refusalMs(before.refusals));
  if (nowMs >= endsAtMs) return refuse(before.refusals + 1, nowMs);
  // Only a clock that was put back can move the end; without this it would refuse for as long as it was put back by.
  const backOff = endsAtMs === before.untilMs ? before : { ...before, untilMs: endsAtMs };
  return { backOff, refusedForMs: endsAtMs - nowMs };
}

/** When nothing is left to remember: a failure from then on is a first one. */
export const forgottenAtMs = (backOff: BackOff): number =>
  (backOff.state === "counting" ? Math.max(...backOff.failedAtMs) : backOff.untilMs) + WINDOW_MS;

function count(failedAtMs: readonly number[], nowMs: number): Failure {
  const recent = failedAtMs.filter((atMs) => atMs > nowMs - WINDOW_MS);
  if (recent.length >= FREE_FAILURES) return refuse(1, nowMs);
  return { backOff: { state: "counting", failedAtMs: [...recent, nowMs] }, refusedForMs: null };
}

function refuse(refusals: number, nowMs: number): Failure {
  const refusedForMs = refusalMs(refusals);
  return { backOff: { state: "refusing", refusals, untilMs: nowMs + refusedForMs }, refusedForMs };
}

const refusalMs = (refusals: number): number => Math.min(2 ** refusals * 1000, REFUSAL_MS_MAX);
