import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { inParallel, look } from "../../../src/diagnostics/look.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a look", () => {
  it("is what was seen", async () => {
    expect(await look("binding.DB", () => Promise.resolve(1))).toEqual({ ok: true, value: 1 });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("at something that fails is a finding, without the words of the failure", async () => {
    const seen = await look("binding.DB", () => Promise.reject(new Error("the words of the failure")));
    expect(seen).toMatchObject({ ok: false, error: { check: "binding.DB", status: "failed", account: null } });
    expect(JSON.stringify(seen)).not.toContain("the words of the failure");
  });

  it("at something that never answers ends in time", async () => {
    const seen = look("binding.GATEWAY_DO", () => new Promise(() => undefined));
    await vi.advanceTimersByTimeAsync(8_000);
    expect(await seen).toMatchObject({ ok: false, error: { check: "binding.GATEWAY_DO", status: "failed" } });
  });
});

describe("work in lanes", () => {
  it("keeps the order of the items, and no more under way than there are lanes", async () => {
    let [running, most] = [0, 0];
    const work = async (item: number) => {
      most = Math.max(most, (running += 1));
      await new Promise((resolve) => setTimeout(resolve, (item * 7) % 5));
      running -= 1;
      return item * 10;
    };
    const items = Array.from({ length: 23 }, (_, at) => at);
    const done = inParallel(items, 5, work);
    await vi.runAllTimersAsync();
    expect(await done).toEqual(items.map((item) => item * 10));
    expect(most).toBe(5);
  });

  it("is done at once when there is none", async () => {
    expect(await inParallel([], 5, () => Promise.reject(new Error("nothing to do")))).toEqual([]);
  });
});
