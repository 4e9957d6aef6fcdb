import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type OutboxDeps, drainOutbox, drainRetryDelayMs } from "../../../src/account/outbox.ts";
import type { AuditEntry } from "../../../src/domain/audit-entry.ts";

const entry = (seq: number): AuditEntry => ({ chain: "paper", seq, hash: `hash-${seq}`, event: `{"seq":${seq}}` });

/** An outbox with `count` entries, a record that takes them, and a list of what was done. */
function makeDeps(count: number, failAtDelivery = Infinity) {
  const calls: string[] = [];
  const delivered: number[] = [];
  let mark = 0;
  let deliveries = 0;
  const deps: OutboxDeps = {
    readPending: (limit) =>
      Array.from({ length: Math.min(limit, count - mark) }, (_, index) => entry(mark + 1 + index)),
    deliver: async (entries) => {
      deliveries += 1;
      calls.push(`deliver ${entries[0]?.seq}-${entries.at(-1)?.seq}`);
      await Promise.resolve();
      if (deliveries === failAtDelivery) throw new Error("D1 is down");
      delivered.push(...entries.map(({ seq }) => seq));
      calls.push("delivered");
    },
    acknowledge: (seq) => {
      calls.push(`acknowledge ${seq}`);
      mark = seq;
    },
  };
  return { deps, calls, delivered, mark: () => mark };
}

describe("the outbox", () => {
  it("does nothing when it is empty", async () => {
    const { deps, calls } = makeDeps(0);
    await drainOutbox(deps);
    expect(calls).toEqual([]);
  });

  it("delivers the oldest first, in batches of 100, each acknowledged only once it is delivered", async () => {
    const { deps, calls } = makeDeps(250);
    await drainOutbox(deps);
    expect(calls).toEqual([
      ...["deliver 1-100", "delivered", "acknowledge 100"],
      ...["deliver 101-200", "delivered", "acknowledge 200"],
      ...["deliver 201-250", "delivered", "acknowledge 250"],
    ]);
  });

  it("keeps what was acknowledged when a delivery fails, and acknowledges nothing after it", async () => {
    const { deps, calls, mark } = makeDeps(250, 2);
    await expect(drainOutbox(deps)).rejects.toThrow("D1 is down");
    expect(calls).toEqual(["deliver 1-100", "delivered", "acknowledge 100", "deliver 101-200"]);
    expect(mark()).toBe(100);
  });

  it("goes on after a failure with the batch that failed", async () => {
    const { deps, delivered } = makeDeps(250, 2);
    await expect(drainOutbox(deps)).rejects.toThrow("D1 is down");
    await drainOutbox(deps);
    expect(delivered).toEqual(Array.from({ length: 250 }, (_, index) => index + 1));
  });

  it("delivers a batch again whose acknowledgement was lost, and leaves no gap", async () => {
    const { deps, delivered } = makeDeps(120);
    const acknowledge = () => {
      throw new Error("the process ends");
    };
    await expect(drainOutbox({ ...deps, acknowledge })).rejects.toThrow("the process ends");
    await drainOutbox(deps);
    expect(delivered.slice(100)).toEqual(Array.from({ length: 120 }, (_, index) => index + 1));
  });

  it("stops after 20 batches, so that other work runs, and goes on the next time", async () => {
    const { deps, mark } = makeDeps(2_001);
    await drainOutbox(deps);
    expect(mark()).toBe(2_000);
    await drainOutbox(deps);
    expect(mark()).toBe(2_001);
  });

  it("delivers every entry in order, whatever fails on the way", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 900 }), fc.array(fc.boolean(), { maxLength: 12 }), async (count, failures) => {
        const { deps, delivered } = makeDeps(count);
        const plan = [...failures];
        const deliver: OutboxDeps["deliver"] = async (entries) => {
          if (plan.shift() === true) throw new Error("D1 is down");
          await deps.deliver(entries);
        };
        for (let round = 0; round <= failures.length; round++) {
          await drainOutbox({ ...deps, deliver }).catch(() => undefined);
        }
        expect(delivered).toEqual(Array.from({ length: count }, (_, index) => index + 1));
      }),
      { numRuns: 50 },
    );
  });
});

describe("the wait after failures in a row", () => {
  it.each([
    [1, 1_000],
    [2, 2_000],
    [3, 5_000],
    [4, 15_000],
    [5, 60_000],
    [6, 60_000],
    [10_000, 60_000],
  ])("after %d of them is %d ms", (failures, delayMs) => {
    expect(drainRetryDelayMs(failures)).toBe(delayMs);
  });
});
