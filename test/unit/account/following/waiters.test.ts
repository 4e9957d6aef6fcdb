import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Waiters } from "../../../../src/account/following/waiters.ts";
import { anOrder } from "../../../support/builders.ts";

const { id } = anOrder();
const other = anOrder({ id: id.replace(/.$/, "c") }).id;

/** Starts to wait, and says later whether that is over. */
function waiting(waiters: Waiters, orderId = id, waitMs = 10_000) {
  const state = { over: false };
  const promise = waiters.wait(orderId, waitMs).then(() => {
    state.over = true;
    return undefined;
  });
  return { state, promise };
}

describe("a caller who waits", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it("goes on when the order is answered, and leaves no timer behind", async () => {
    const waiters = new Waiters();
    const { promise } = waiting(waiters);
    waiters.tell(id);
    await promise;
    expect(vi.getTimerCount()).toBe(0);
  });

  it("goes on when the time is over, and not before", async () => {
    const { state } = waiting(new Waiters(), id, 3_000);
    await vi.advanceTimersByTimeAsync(2_999);
    expect(state.over).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(state.over).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("goes on together with all others who wait for the order", async () => {
    const waiters = new Waiters();
    const all = [waiting(waiters), waiting(waiters), waiting(waiters)];
    waiters.tell(id);
    await Promise.all(all.map(({ promise }) => promise));
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is not woken by another order", async () => {
    const waiters = new Waiters();
    const { state } = waiting(waiters);
    waiters.tell(other);
    await vi.advanceTimersByTimeAsync(9_999);
    expect(state.over).toBe(false);
  });

  it("is not woken by an answer given before", async () => {
    const waiters = new Waiters();
    waiters.tell(id);
    const { state } = waiting(waiters);
    await vi.advanceTimersByTimeAsync(9_999);
    expect(state.over).toBe(false);
  });

  it("is answered also when another's time is over first", async () => {
    const waiters = new Waiters();
    const hasty = waiting(waiters, id, 100);
    const patient = waiting(waiters);
    await vi.advanceTimersByTimeAsync(100);
    expect([hasty.state.over, patient.state.over]).toEqual([true, false]);
    waiters.tell(id);
    await patient.promise;
  });

  it("is answered also when it comes while earlier ones are on their way out", async () => {
    const waiters = new Waiters();
    const first = waiting(waiters);
    waiters.tell(id);
    const second = waiting(waiters);
    await first.promise;
    expect(second.state.over).toBe(false);
    waiters.tell(id);
    await second.promise;
    expect(vi.getTimerCount()).toBe(0);
  });

  it("may wait again after everybody has gone", async () => {
    const waiters = new Waiters();
    const first = waiting(waiters);
    waiters.tell(id);
    await first.promise;
    const second = waiting(waiters);
    waiters.tell(id);
    await second.promise;
    expect(second.state.over).toBe(true);
  });
});
