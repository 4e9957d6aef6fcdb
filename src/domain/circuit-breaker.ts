// Leaves a broker alone that does not answer. Closed lets every call through, open lets only exits and cancels through, and
// half open has one ordinary call out, the probe, to find out whether the broker is back.
import * as z from "zod";
import type { BalancesEnding, CancelEnding, FindEnding, ListEnding, SubmitEnding } from "./broker.ts";
import { assertNever } from "./result.ts";

const FAILURES_TO_OPEN = 5;
const COOL_DOWN_MS_MIN = 15_000;
const COOL_DOWN_MS_MAX = 300_000;
/** When a probe counts as lost: three times what a call may take. */
const PROBE_LIMIT_MS = 30_000;

/** Plain JSON, kept over restarts. `failures` counts calls in a row that found no broker. */
export type CircuitBreaker = Closed | Open | HalfOpen;

type Closed = { readonly state: "closed"; readonly failures: number };

/** `openedAtMs` is when the outage began; `openings` counts the openings since, and doubles the cool-down with each. */
type Outage = { readonly failures: number; readonly openedAtMs: number; readonly openings: number };

type Open = Outage & { readonly state: "open"; readonly retryAtMs: number };

type HalfOpen = Outage & { readonly state: "half_open"; readonly probeAtMs: number };

/** How a breaker starts, and what it is reset to. */
export const CLOSED: CircuitBreaker = { state: "closed", failures: 0 };

/** The broker answered some call, whichever it was: the outage is over and forgotten. The same object if there was none. */
export const onSuccess = (breaker: CircuitBreaker): CircuitBreaker =>
  breaker.state === "closed" && breaker.failures === 0 ? breaker : CLOSED;

/**
 * A call found no broker. While the breaker is open that is counted and moves nothing: an exit that is retried every few
 * seconds would otherwise put off the probe for ever. While it is half open, any failure stands for the probe's.
 */
export function onFailure(breaker: CircuitBreaker, nowMs: number): CircuitBreaker {
  const failures = breaker.failures + 1;
  switch (breaker.state) {
    case "closed":
      if (failures < FAILURES_TO_OPEN) return { state: "closed", failures };
      return open({ failures, openedAtMs: nowMs, openings: 1 }, nowMs);
    case "open":
      return { ...breaker, failures };
    case "half_open":
      return open({ failures, openedAtMs: breaker.openedAtMs, openings: breaker.openings + 1 }, nowMs);
    default:
      return assertNever(breaker);
  }
}

const open = (outage: Outage, nowMs: number): Open => ({
  state: "open",
  ...outage,
  retryAtMs: nowMs + coolDownMs(outage.openings),
});

const coolDownMs = (openings: number): number => Math.min(COOL_DOWN_MS_MIN * 2 ** (openings - 1), COOL_DOWN_MS_MAX);

/** A probe is about to leave, after {@link mayProbe}. */
export function onProbe(breaker: CircuitBreaker, nowMs: number): CircuitBreaker {
  if (breaker.state === "closed") return breaker;
  const { failures, openedAtMs, openings } = breaker;
  return { state: "half_open", failures, openedAtMs, openings, probeAtMs: nowMs };
}

/** Whether one ordinary call may leave as a probe. Never while closed: there is nothing to find out. */
export function mayProbe(breaker: CircuitBreaker, nowMs: number): boolean {
  const probeAtMs = nextProbeAtMs(breaker);
  return probeAtMs !== null && nowMs >= probeAtMs;
}

/** When the next probe may leave: after the cool-down, or when the one on its way counts as lost. `null` while closed. */
export function nextProbeAtMs(breaker: CircuitBreaker): number | null {
  switch (breaker.state) {
    case "closed":
      return null;
    case "open":
      return breaker.retryAtMs;
    case "half_open":
      // Whoever waited for the probe may have been killed: its loss is told by the clock alone.
      return breaker.probeAtMs + PROBE_LIMIT_MS;
    default:
      return assertNever(breaker);
  }
}

type Ending = SubmitEnding | FindEnding | CancelEnding | ListEnding<unknown> | BalancesEnding;

/** What the end of a call says about the broker itself; `silent`: nothing, because nothing left. */
export type Sign = "answered" | "outage" | "silent";

/** A refusal and an answer nobody can read are answers too: somebody is there, and waiting would not help. */
export function signOfEnding(ending: Ending): Sign {
  if (ending.ending === "not_sent") return ending.code === "not_sendable" ? "silent" : "answered";
  return ending.ending === "unknown" && isOutageCode(ending.code) ? "outage" : "answered";
}

/** Nobody there, or a proxy or a crash in the broker's place. */
const OUTAGE_CODES: ReadonlySet<string> = new Set(["timeout", "network", "redirected", "too_large", "not_utf8"]);

const isOutageCode = (code: string): boolean => OUTAGE_CODES.has(code) || /^http_5\d\d$/.test(code);

/** A breaker as the API shows it. */
export const CircuitBreakerView = z
  .strictObject({
    state: z.enum(["closed", "open", "half_open"]),
    /** Calls in a row that found no broker. */
    consecutive_failures: z.number().int().nonnegative(),
    /** When the outage began. */
    opened_at: z.iso.datetime().nullable(),
    /** When the next probe may leave. */
    retry_at: z.iso.datetime().nullable(),
  })
  .meta({ id: "CircuitBreaker" });
export type CircuitBreakerView = z.infer<typeof CircuitBreakerView>;

export const toCircuitBreakerView = (breaker: CircuitBreaker): CircuitBreakerView => ({
  state: breaker.state,
  consecutive_failures: breaker.failures,
  opened_at: toTime(breaker.state === "closed" ? null : breaker.openedAtMs),
  retry_at: toTime(nextProbeAtMs(breaker)),
});

const toTime = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
