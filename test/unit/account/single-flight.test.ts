import { afterEach, describe, expect, it, vi } from "vitest";
import { singleFlight } from "../../../src/account/single-flight.ts";

describe("work that must not overlap with itself", () => {
  afterEach(() => vi.restoreAllMocks());

  it("runs once for all who start it while it runs", async () => {
    let runs = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    const work = singleFlight("work", () => {
      runs += 1;
      return promise;
    });
    const all = [work(), work(), work()];
    expect(runs).toBe(1);
    resolve();
    await Promise.all(all);
    expect(runs).toBe(1);
  });

  it("runs again when it is started after its end", async () => {
    let runs = 0;
    const work = singleFlight("work", async () => void (runs += 1));
    await work();
    await work();
    expect(runs).toBe(2);
  });

  it("ends in the log when it fails, and can be started again", async () => {
    const lines: string[] = [];
    vi.spyOn(console, "error").mockImplementation((line: string) => void lines.push(line));
    let runs = 0;
    const work = singleFlight("carry_journal", async () => {
      runs += 1;
      throw new Error("D1 is down");
    });
    await expect(work()).resolves.toBeUndefined();
    await work();
    expect(runs).toBe(2);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { event: "account.work_failed", work: "carry_journal", error: "Error: D1 is down" },
      { event: "account.work_failed" },
    ]);
  });
});
