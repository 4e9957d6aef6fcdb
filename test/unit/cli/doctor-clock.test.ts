import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkClock, offsetMs } from "../../../src/cli/doctor/clock.ts";
import { checkFreshness } from "../../../src/domain/signature.ts";

const NOW_MS = Date.UTC(2026, 0, 15, 14, 30);

/** Told at once, by a clock that is so far ahead. */
const aReading = (aheadMs: number) => ({
  toldMs: NOW_MS + aheadMs,
  precisionMs: 0,
  sentMs: NOW_MS,
  receivedMs: NOW_MS,
});
const statusOf = (...aheadMs: number[]) => checkClock(aheadMs.map(aReading), 300).status;

describe("the gateway's clock", () => {
  it.each([
    [0, "ok"],
    [5_000, "ok"],
    [-5_000, "ok"],
    [5_001, "warning"],
    [-5_001, "warning"],
    [300_000, "warning"],
    [-30_000, "warning"],
    [300_001, "failed"],
    [-30_001, "failed"],
  ])("%i ms ahead is %s where signatures may be 300 s old", (aheadMs, status) => {
    expect(statusOf(aheadMs)).toBe(status);
  });

  it("fails exactly where the gateway refuses what is signed here", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -700_000, max: 700_000 }),
        fc.integer({ min: 1, max: 600 }),
        (aheadMs, windowSec) => {
          const fresh = checkFreshness({ timestampMs: NOW_MS, nowMs: NOW_MS + aheadMs, windowSec });
          expect(checkClock([aReading(aheadMs)], windowSec).status === "failed").toBe(!fresh.ok);
        },
      ),
    );
  });

  it("is judged by the window that the gateway has", () => {
    expect(checkClock([aReading(6_000)], 600).status).toBe("warning");
    expect(checkClock([aReading(6_000)], 5).status).toBe("failed");
  });

  it("is judged by the reading that is worse", () => {
    expect(statusOf(0, -6_000)).toBe("warning");
    expect(statusOf(301_000, -6_000)).toBe("failed");
    // Less far off, but in the direction that less is allowed in.
    expect(statusOf(200_000, -31_000)).toBe("failed");
  });

  it.each([
    [-60_000, "60 s behind the clock here; a signature may be 30 s ahead, so those from here are refused."],
    [400_000, "400 s ahead of the clock here; a signature may be 300 s old, so those from here are refused."],
  ])("says which one is ahead, what is allowed, and what to do: %i ms", (aheadMs, detail) => {
    const check = checkClock([aReading(aheadMs)], 300);
    expect(check).toMatchObject({ check: "gateway.clock", detail: `The gateway's clock is ${detail}` });
    expect(check.advice).toContain("timedatectl set-ntp true");
  });

  it("is not judged by a gateway that does not tell", () => {
    expect(checkClock([], 300)).toMatchObject({
      status: "warning",
      detail: expect.stringMatching(/^Not checked: /) as string,
    });
  });

  it("is never found further off than it is, however long the answer took and however coarse it was", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1_000_000, max: 1_000_000 }),
        fc.nat(20_000),
        fc.nat(20_000),
        fc.constantFrom(1, 1_000),
        (aheadMs, thereMs, backMs, precisionMs) => {
          const atGatewayMs = NOW_MS + thereMs + aheadMs;
          const toldMs = Math.floor(atGatewayMs / precisionMs) * precisionMs;
          const reading = { toldMs, precisionMs, sentMs: NOW_MS, receivedMs: NOW_MS + thereMs + backMs };
          const found = offsetMs(reading);
          expect(Math.abs(found)).toBeLessThanOrEqual(Math.abs(aheadMs));
          expect(Math.abs(aheadMs - found)).toBeLessThanOrEqual(thereMs + backMs + precisionMs);
        },
      ),
    );
  });
});
