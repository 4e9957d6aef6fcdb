// What a limiter knows of its subject, how that changes, and what of it has to be on disk. No storage and no clock in here.
import { type BackOff, forgottenAtMs, onFailure } from "../domain/back-off.ts";
import {
  type Limit,
  type LimitName,
  type LimitStatus,
  type Meter,
  type Meters,
  drawFromLimits,
  withoutWhole,
} from "../domain/limit.ts";

/** An object leaves the memory of its machine after ten seconds without a request, not sooner. */
const IDLE_MS_MIN = 10_000;
/** How far apart uses of a key are noted. */
const USE_NOTED_EVERY_MS = 60_000;
/** For longer than it matters, so that a key in steady use does not ring an alarm every minute. */
const USE_KEPT_MS = 3_600_000;

/** Survives a structured clone. */
export type Memory = {
  readonly meters: Meters;
  readonly backOff: BackOff | null;
  /**
   * The oldest revision of the key that may still be gone by. It is kept for good: a copy of an older one lives as long as
   * the isolate that holds it, and nobody says how long that is.
   */
  readonly leastRevision: number | null;
  /** When the last use of the key was noted. */
  readonly useNotedAtMs: number | null;
};

export const NOTHING: Memory = { meters: new Map(), backOff: null, leastRevision: null, useNotedAtMs: null };

/** `revision`: of the API key that the caller has found in its directory. An address has none. */
export type DrawRequest = { readonly limits: readonly Limit[]; readonly revision?: number };

export type DrawAnswer =
  | { readonly allowed: true; readonly limits: readonly LimitStatus[] }
  | {
      readonly allowed: false;
      readonly violated: LimitName;
      readonly retryAfterSec: number;
      readonly limits: readonly LimitStatus[];
    }
  /** The caller goes by a revision that no longer holds, and has to read the key again. Nothing was drawn. */
  | { readonly stale: true };

export type Drawn = {
  readonly memory: Memory;
  readonly answer: DrawAnswer;
  /** Whether the draw has to be on disk before it is answered. */
  readonly isMissed: boolean;
};

/** Draws one request from each limit or from none. Who brings no revision has none that would do. */
export function draw(memory: Memory, { limits, revision = -Infinity }: DrawRequest, nowMs: number): Drawn {
  if (memory.leastRevision !== null && revision < memory.leastRevision) {
    return { memory, answer: { stale: true }, isMissed: false };
  }
  const drawn = drawFromLimits(memory.meters, limits, nowMs);
  if (!drawn.allowed) return { memory, answer: drawn, isMissed: false };
  return {
    memory: { ...memory, meters: drawn.meters },
    answer: { allowed: true, limits: drawn.limits },
    isMissed: limits.some(({ name }) => isMissed(drawn.meters.get(name), nowMs)),
  };
}

/**
 * Whether anybody could tell if this limit were forgotten now and found whole by the next request. One that is whole again
 * before the object can leave memory needs no row on disk. One by the hour does, because ten quiet seconds would refill it:
 * so an eviction gives nothing back, and a crash ten seconds' worth at most.
 */
const isMissed = (meter: Meter | undefined, nowMs: number): boolean =>
  meter !== undefined && meter.wholeAtMs > nowMs + IDLE_MS_MIN;

/** `retryAfterSec`: for how long the address is refused, `null` if it is not. The same memory where nothing changed. */
export function fail(memory: Memory, nowMs: number): { memory: Memory; retryAfterSec: number | null } {
  const { backOff, refusedForMs } = onFailure(memory.backOff, nowMs);
  return {
    memory: backOff === memory.backOff ? memory : { ...memory, backOff },
    retryAfterSec: refusedForMs === null ? null : Math.ceil(refusedForMs / 1000),
  };
}

/** Only ever goes up: of two changes, the word of the later one may come first. The same memory where nothing changed. */
export const requireRevision = (memory: Memory, revision: number): Memory =>
  memory.leastRevision !== null && memory.leastRevision >= revision ? memory : { ...memory, leastRevision: revision };

/** The same memory if a use was noted within the last minute. */
export function noteUse(memory: Memory, nowMs: number): Memory {
  const isNoted = memory.useNotedAtMs !== null && Math.abs(nowMs - memory.useNotedAtMs) < USE_NOTED_EVERY_MS;
  return isNoted ? memory : { ...memory, useNotedAtMs: nowMs };
}

/** What is left once everything that no longer matters is forgotten. */
export const forget = (memory: Memory, nowMs: number): Memory => ({
  meters: withoutWhole(memory.meters, nowMs),
  backOff: memory.backOff !== null && forgottenAtMs(memory.backOff) > nowMs ? memory.backOff : null,
  leastRevision: memory.leastRevision,
  useNotedAtMs: memory.useNotedAtMs !== null && memory.useNotedAtMs + USE_KEPT_MS > nowMs ? memory.useNotedAtMs : null,
});

/** When there is nothing left but what is kept for good. `null`: that is so already. */
export function forgetAtMs(memory: Memory): number | null {
  const times = [
    ...Array.from(memory.meters.values(), ({ wholeAtMs }) => wholeAtMs),
    ...(memory.backOff === null ? [] : [forgottenAtMs(memory.backOff)]),
    ...(memory.useNotedAtMs === null ? [] : [memory.useNotedAtMs + USE_KEPT_MS]),
  ];
  return times.length === 0 ? null : Math.max(...times);
}

/** Whether there is anything that has to outlive this process. */
export const isWorthKeeping = (memory: Memory, nowMs: number): boolean =>
  memory.leastRevision !== null ||
  memory.backOff !== null ||
  memory.useNotedAtMs !== null ||
  [...memory.meters.values()].some((meter) => isMissed(meter, nowMs));
