import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  CLOSED,
  type CircuitBreaker,
  CircuitBreakerView,
  type Sign,
  signOfEnding,
  mayProbe,
  nextProbeAtMs,
  onFailure,
  onProbe,
  onSuccess,
  toCircuitBreakerView,
} from "../../../src/domain/circuit-breaker.ts";
import { NOW_MS, aReport } from "../../support/builders.ts";

/** Closed after so many failures in a row, or open since {@link NOW_MS} from the fifth on. */
const failed = (times: number): CircuitBreaker =>
  Array.from({ length: times }).reduce<CircuitBreaker>((breaker) => onFailure(breaker, NOW_MS), CLOSED);

const OPEN = failed(5);
const HALF_OPEN = onProbe(OPEN, NOW_MS + 15_000);

describe("a closed breaker", () => {
  it.each([0, 1, 4])("stays closed after %d failures in a row", (times) => {
    expect(failed(times)).toEqual({ state: "closed", failures: times });
  });

  it("opens for 15 seconds with the fifth failure", () => {
    expect(OPEN).toEqual({
      state: "open",
      failures: 5,
      openings: 1,
      openedAtMs: NOW_MS,
      retryAtMs: NOW_MS + 15_000,
    });
  });

  it("counts from the start again after a success", () => {
    expect(onFailure(onSuccess(failed(4)), NOW_MS)).toEqual({ state: "closed", failures: 1 });
  });

  it("is the same object after a success that changes nothing", () => {
    const restored: CircuitBreaker = { state: "closed", failures: 0 };
    expect(onSuccess(restored)).toBe(restored);
  });

  it("has nothing to probe", () => {
    expect(mayProbe(failed(4), NOW_MS)).toBe(false);
    expect(nextProbeAtMs(CLOSED)).toBeNull();
    expect(onProbe(CLOSED, NOW_MS)).toBe(CLOSED);
  });
});

describe("an open breaker", () => {
  it.each([
    [-1, false],
    [0, true],
    [60_000, true],
  ])("%d ms after the end of its cool-down lets a probe through: %s", (afterMs, expected) => {
    expect(mayProbe(OPEN, NOW_MS + 15_000 + afterMs)).toBe(expected);
  });

  it("counts the failure of an exit and does not put off the probe", () => {
    expect(onFailure(OPEN, NOW_MS + 14_000)).toEqual({ ...OPEN, failures: 6 });
  });

  it("closes when an exit or a cancel succeeds", () => {
    expect(onSuccess(OPEN)).toEqual(CLOSED);
  });
});

describe("a half-open breaker", () => {
  it.each([
    [0, false],
    [29_999, false],
    [30_000, true],
  ])("%d ms after its probe left lets another through: %s", (afterMs, expected) => {
    expect(mayProbe(HALF_OPEN, NOW_MS + 15_000 + afterMs)).toBe(expected);
  });

  it("gives the second probe as long as the first", () => {
    expect(nextProbeAtMs(onProbe(HALF_OPEN, NOW_MS + 45_000))).toBe(NOW_MS + 75_000);
  });

  it("closes when the probe succeeds, and forgets the outage", () => {
    expect(onSuccess(HALF_OPEN)).toEqual(CLOSED);
  });

  it("opens for twice as long when the probe fails, and still knows when the outage began", () => {
    expect(onFailure(HALF_OPEN, NOW_MS + 20_000)).toEqual({
      state: "open",
      failures: 6,
      openings: 2,
      openedAtMs: NOW_MS,
      retryAtMs: NOW_MS + 50_000,
    });
  });

  it("doubles its cool-down up to five minutes", () => {
    let breaker = OPEN;
    const coolDownsSec = Array.from({ length: 1_100 }, () => {
      const atMs = nextProbeAtMs(breaker) ?? 0;
      breaker = onFailure(onProbe(breaker, atMs), atMs);
      return ((nextProbeAtMs(breaker) ?? 0) - atMs) / 1000;
    });
    expect(coolDownsSec.slice(0, 6)).toEqual([30, 60, 120, 240, 300, 300]);
    expect(coolDownsSec.at(-1)).toBe(300);
  });
});

type Happening = {
  readonly waitMs: number;
  readonly what: "call" | "exit";
  readonly ending: "success" | "failure" | "lost";
};

const happening: fc.Arbitrary<Happening> = fc.record({
  waitMs: fc.oneof(fc.constant(0), fc.nat({ max: 5_000 }), fc.nat({ max: 400_000 })),
  what: fc.constantFrom("call", "exit"),
  ending: fc.constantFrom("failure", "failure", "failure", "lost", "success"),
});

type Moment = Happening & {
  readonly nowMs: number;
  readonly before: CircuitBreaker;
  readonly probed: boolean;
  readonly after: CircuitBreaker;
};

/** Plays calls against the breaker as its keeper does: it leaves only if it may, an exit always. */
function play(happenings: readonly Happening[]): Moment[] {
  let nowMs = NOW_MS;
  let breaker: CircuitBreaker = CLOSED;
  return happenings.map((next) => {
    nowMs += next.waitMs;
    const before = breaker;
    const probed = next.what === "call" && mayProbe(before, nowMs);
    if (probed) breaker = onProbe(breaker, nowMs);
    if (probed || before.state === "closed" || next.what === "exit") breaker = settle(breaker, next.ending, nowMs);
    // It is stored between any two calls.
    breaker = JSON.parse(JSON.stringify(breaker)) as CircuitBreaker;
    return { ...next, nowMs, before, probed, after: breaker };
  });
}

function settle(breaker: CircuitBreaker, ending: Happening["ending"], nowMs: number): CircuitBreaker {
  if (ending === "lost") return breaker;
  return ending === "success" ? onSuccess(breaker) : onFailure(breaker, nowMs);
}

describe("a breaker over any calls", () => {
  const moments = fc.array(happening, { maxLength: 200 }).map(play);

  it("never lets two probes of one outage through within 30 seconds", () => {
    fc.assert(
      fc.property(moments, (all) => {
        let lastProbeAtMs = -Infinity;
        for (const { nowMs, probed, after } of all) {
          if (probed) expect(nowMs - lastProbeAtMs).toBeGreaterThanOrEqual(30_000);
          if (probed) lastProbeAtMs = nowMs;
          if (after.state === "closed") lastProbeAtMs = -Infinity;
        }
      }),
    );
  });

  it("is at most five minutes away from a probe, whatever has happened", () => {
    fc.assert(
      fc.property(moments, (all) => {
        for (const { nowMs, after } of all) {
          if (after.state !== "closed") expect(mayProbe(after, nowMs + 300_000)).toBe(true);
        }
      }),
    );
  });

  it("never puts off a probe while it is open", () => {
    fc.assert(
      fc.property(moments, (all) => {
        for (const { before, after } of all) {
          if (before.state === "open" && after.state === "open" && after.openings === before.openings) {
            expect(after.retryAtMs).toBe(before.retryAtMs);
          }
        }
      }),
    );
  });

  it("cools down for 15 to 300 seconds", () => {
    fc.assert(
      fc.property(moments, (all) => {
        for (const { nowMs, before, after } of all) {
          if (after.state !== "open" || (before.state === "open" && before.openings === after.openings)) continue;
          expect(after.retryAtMs - nowMs).toBeGreaterThanOrEqual(15_000);
          expect(after.retryAtMs - nowMs).toBeLessThanOrEqual(300_000);
        }
      }),
    );
  });

  it("is closed after every success", () => {
    fc.assert(
      fc.property(moments, (all) => {
        for (const { after } of all) expect(onSuccess(after)).toEqual(CLOSED);
      }),
    );
  });
});

describe("the ending of a call", () => {
  const unknown = (code: string) => ({ ending: "unknown", code }) as const;
  const notSent = (code: string) => ({ ending: "not_sent", code, retryAfterMs: null }) as const;

  it.each<[Parameters<typeof signOfEnding>[0], Sign]>([
    [{ ending: "accepted", report: aReport() }, "answered"],
    [{ ending: "rejected", code: "broker_unauthorized", detail: "" }, "answered"],
    [{ ending: "found", report: aReport() }, "answered"],
    [{ ending: "absent" }, "answered"],
    [{ ending: "requested" }, "answered"],
    [{ ending: "too_late" }, "answered"],
    [{ ending: "listed", items: [] }, "answered"],
    [notSent("rate_limited"), "answered"],
    [notSent("not_sendable"), "silent"],
    [unknown("duplicate_client_order_id"), "answered"],
    [unknown("unreadable_order"), "answered"],
    [unknown("different_order"), "answered"],
    [unknown("http_404"), "answered"],
    [unknown("http_499"), "answered"],
    [unknown("http_500"), "outage"],
    [unknown("http_503"), "outage"],
    [unknown("http_599"), "outage"],
    [unknown("http_5000"), "answered"],
    [unknown("timeout"), "outage"],
    [unknown("network"), "outage"],
    [unknown("redirected"), "outage"],
    [unknown("too_large"), "outage"],
    [unknown("not_utf8"), "outage"],
  ])("%o says %s", (ending, sign) => {
    expect(signOfEnding(ending)).toBe(sign);
  });
});

describe("a breaker's view", () => {
  it.each<[string, CircuitBreaker, CircuitBreakerView]>([
    ["closed", failed(3), { state: "closed", consecutive_failures: 3, opened_at: null, retry_at: null }],
    [
      "open",
      OPEN,
      {
        state: "open",
        consecutive_failures: 5,
        opened_at: "2026-01-15T14:30:00.000Z",
        retry_at: "2026-01-15T14:30:15.000Z",
      },
    ],
    [
      "half open",
      HALF_OPEN,
      {
        state: "half_open",
        consecutive_failures: 5,
        opened_at: "2026-01-15T14:30:00.000Z",
        retry_at: "2026-01-15T14:30:45.000Z",
      },
    ],
  ])("of one that is %s", (_, breaker, view) => {
    expect(toCircuitBreakerView(breaker)).toEqual(view);
    expect(CircuitBreakerView.parse(view)).toEqual(view);
  });
});
