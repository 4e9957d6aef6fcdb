import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type FollowFacts,
  type NextMove,
  delayToNextAttempt,
  delayToNextLook,
  planNext,
} from "../../../src/domain/follow.ts";
import { Delivery, OrderStatus, isTerminal } from "../../../src/domain/order.ts";
import { NOW_MS, anOrder } from "../../support/builders.ts";

const facts = (overrides: Partial<FollowFacts> = {}): FollowFacts => ({
  nowMs: NOW_MS,
  expiresAtMs: NOW_MS + 60_000,
  looks: 0,
  absences: 0,
  deduplication: "permanent",
  mayLeave: true,
  ...overrides,
});

const pending = anOrder();
const unknown = anOrder({ delivery: "unknown", outcome: "unknown", attempts: 1 });
const delivered = (status: OrderStatus) => anOrder({ delivery: "delivered", status, attempts: 1 });

const SUBMIT: NextMove = { move: "submit" };
const LOOK_UP: NextMove = { move: "look_up" };
const NOTHING: NextMove = { move: "nothing" };
const lapse = (code: string): NextMove => ({ move: "lapse", code });

describe("the next move", () => {
  it.each([
    ["nothing for a denied order", anOrder({ delivery: "none", status: "denied" }), NOTHING],
    ["nothing for a lapsed order", anOrder({ delivery: "none", status: "expired" }), NOTHING],
    ["to send an approved order", pending, SUBMIT],
    ["to send an order again that was not sent", anOrder({ attempts: 3 }), SUBMIT],
    ["to mark an attempt nobody waits for", anOrder({ delivery: "submitting" }), { move: "mark_interrupted" }],
    ["to look up an unknown order", unknown, LOOK_UP],
    ["to look up what needs an operator", anOrder({ delivery: "needs_operator" }), LOOK_UP],
  ])("is %s", (_, order, move) => {
    expect(planNext(order, facts())).toEqual(move);
  });

  it.each(OrderStatus.options)("for a delivered order that is %s follows it until it has ended", (status) => {
    expect(planNext(delivered(status), facts())).toEqual(isTerminal(status) ? NOTHING : LOOK_UP);
  });

  it("is never to send an attempt again that was cut off, whatever the facts", () => {
    const order = anOrder({ delivery: "submitting", attempts: 1 });
    expect(planNext(order, facts({ absences: 100 }))).toEqual({ move: "mark_interrupted" });
  });
});

describe("an approved order that may not leave any more", () => {
  it.each<[string, Partial<FollowFacts>, number, NextMove]>([
    ["one millisecond before its approval ends", { expiresAtMs: NOW_MS + 1 }, 0, SUBMIT],
    ["when its approval ends", { expiresAtMs: NOW_MS }, 0, lapse("approval_lapsed")],
    ["after its approval ended", { expiresAtMs: NOW_MS - 1 }, 0, lapse("approval_lapsed")],
    ["with three attempts made", {}, 3, SUBMIT],
    ["with four attempts made", {}, 4, lapse("attempts_exhausted")],
    ["with the trading state against it", { mayLeave: false }, 0, lapse("trading_state_changed")],
    ["with everything against it", { mayLeave: false, expiresAtMs: 0 }, 9, lapse("trading_state_changed")],
    ["with absences counted", { absences: 100 }, 0, SUBMIT],
    ["at a broker that takes an id twice", { deduplication: "none" }, 2, SUBMIT],
  ])("%s: %o, %d attempts", (_, overrides, attempts, move) => {
    expect(planNext(anOrder({ attempts }), facts(overrides))).toEqual(move);
  });
});

describe("an order of unknown outcome", () => {
  const safe = { absences: 5 };

  it.each<[string, Partial<FollowFacts>, number, NextMove]>([
    ["is sent again after five absences", safe, 1, SUBMIT],
    ["is sent again for the fourth time", safe, 3, SUBMIT],
    ["is looked up after four absences", { absences: 4 }, 1, LOOK_UP],
    ["is looked up once four attempts are made", safe, 4, LOOK_UP],
    ["is looked up once its approval has ended", { ...safe, expiresAtMs: NOW_MS }, 1, LOOK_UP],
    ["is looked up while the trading state is against it", { ...safe, mayLeave: false }, 1, LOOK_UP],
    ["is looked up where only open orders are told apart", { absences: 99, deduplication: "open_orders" }, 1, LOOK_UP],
    ["is looked up where no orders are told apart", { absences: 99, deduplication: "none" }, 1, LOOK_UP],
    ["is looked up 300 times", { looks: 299 }, 1, LOOK_UP],
    ["is given up after that", { looks: 300 }, 1, { move: "give_up" }],
    ["is given up even where it could be sent again", { ...safe, looks: 300 }, 1, { move: "give_up" }],
  ])("%s", (_, overrides, attempts, move) => {
    expect(planNext({ ...unknown, attempts }, facts(overrides))).toEqual(move);
  });
});

describe("whatever the facts", () => {
  const anyFacts = fc.record({
    nowMs: fc.integer({ min: NOW_MS - 100_000, max: NOW_MS + 100_000 }),
    expiresAtMs: fc.constant(NOW_MS),
    looks: fc.nat({ max: 400 }),
    absences: fc.nat({ max: 10 }),
    deduplication: fc.constantFrom("permanent", "open_orders", "none"),
    mayLeave: fc.boolean(),
  });
  const anyOrder = fc.record({
    delivery: fc.constantFrom(...Delivery.options),
    status: fc.constantFrom(...OrderStatus.options),
    attempts: fc.nat({ max: 6 }),
  });

  it("an order is sent only while it may leave, its approval lasts and attempts remain, and again only where that is safe", () => {
    fc.assert(
      fc.property(anyOrder, anyFacts, (order, some) => {
        if (planNext(order, some).move !== "submit") return;
        expect(some.mayLeave && some.nowMs < some.expiresAtMs && order.attempts < 4).toBe(true);
        expect(["pending", "unknown"]).toContain(order.delivery);
        if (order.delivery === "unknown") {
          expect(some).toMatchObject({ deduplication: "permanent" });
          expect(some.absences).toBeGreaterThanOrEqual(5);
        }
      }),
    );
  });

  it("an order lapses only if nothing of it can be at the broker", () => {
    fc.assert(
      fc.property(anyOrder, anyFacts, (order, some) => {
        if (planNext(order, some).move === "lapse") expect(order.delivery).toBe("pending");
      }),
    );
  });

  it("an order that is not over always has a next look", () => {
    fc.assert(
      fc.property(anyOrder, anyFacts, (order, some) => {
        const isOver = planNext(order, some).move === "nothing";
        expect(delayToNextLook(order, some.looks) === null).toBe(isOver);
      }),
    );
  });
});

describe("the delay to the next look", () => {
  const delays = (order: Parameters<typeof delayToNextLook>[0], count: number) =>
    Array.from({ length: count }, (_, looks) => delayToNextLook(order, looks));

  it("grows to five minutes for an order of unknown outcome", () => {
    const expected = [500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000, 300_000];
    expect(delays(unknown, 9)).toEqual(expected);
    expect(delays(anOrder({ delivery: "needs_operator" }), 9)).toEqual(expected);
  });

  it("grows to a minute for an order that the broker has", () => {
    expect(delays(delivered("new"), 8)).toEqual([250, 500, 1_000, 2_000, 5_000, 15_000, 60_000, 60_000]);
  });

  it("grows for an order whose sending failed here, and is the limit of a call for an order on the wire", () => {
    expect(delays(pending, 2)).toEqual([250, 500]);
    expect(delays(anOrder({ delivery: "submitting" }), 2)).toEqual([30_000, 30_000]);
  });

  it.each(["none", "delivered"] as const)("does not exist for an order that is over (%s)", (delivery) => {
    expect(delays(anOrder({ delivery, status: "expired" }), 2)).toEqual([null, null]);
  });

  it("is never negative, and never shrinks", () => {
    const liveOrders = fc.constantFrom(pending, unknown, delivered("new"), anOrder({ delivery: "needs_operator" }));
    fc.assert(
      fc.property(liveOrders, fc.nat({ max: 1_000 }), (order, looks) => {
        const delay = delayToNextLook(order, looks) ?? -1;
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delayToNextLook(order, looks + 1)).toBeGreaterThanOrEqual(delay);
      }),
    );
  });
});

describe("the delay to the next attempt", () => {
  it.each([
    [1, null, 1_000],
    [2, null, 2_000],
    [3, null, 4_000],
    [50, null, 120_000],
    [1, 0, 1_000],
    [1, 2_500, 2_500],
    [3, 500, 4_000],
    [1, 60_000, 60_000],
    [1, 120_000, 120_000],
  ])("after attempt %d, asked to wait %s ms, is %d ms", (attempts, retryAfterMs, delayMs) => {
    expect(delayToNextAttempt(attempts, retryAfterMs)).toBe(delayMs);
  });

  it("is at least a second and at most two minutes", () => {
    const asked = fc.option(fc.integer({ min: -100_000, max: 1_000_000 }), { nil: null });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_000 }), asked, (attempts, retryAfterMs) => {
        const delay = delayToNextAttempt(attempts, retryAfterMs);
        expect(delay).toBeGreaterThanOrEqual(1_000);
        expect(delay).toBeLessThanOrEqual(120_000);
      }),
    );
  });
});
