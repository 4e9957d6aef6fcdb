import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Deduplication } from "../../../src/domain/broker.ts";
import {
  type FollowFacts,
  type Followed,
  LOOKS_WHILE_HELD_BACK,
  type NextMove,
  delayToNextAttempt,
  delayToNextLook,
  lateLookAtMs,
  planNext,
  purposeOf,
} from "../../../src/domain/follow.ts";
import { OrderId, legIdOf } from "../../../src/domain/ids.ts";
import { Delivery, OrderStatus, isTerminal } from "../../../src/domain/order.ts";
import { SETTLED_BY_OPERATOR } from "../../../src/domain/settlement.ts";
import { NOW_MS, anOrder } from "../../support/builders.ts";

const facts = (overrides: Partial<FollowFacts> = {}): FollowFacts => ({
  nowMs: NOW_MS,
  expiresAtMs: NOW_MS + 60_000,
  looks: 0,
  absences: 0,
  deduplication: "permanent",
  mayLeave: true,
  isShadow: false,
  predecessorEnded: false,
  parentLives: false,
  ...overrides,
});

const WISH = { cancel_requested_at: new Date(NOW_MS).toISOString() };

const pending = anOrder();
const waiting = anOrder({ delivery: "waiting" });
const submitting = anOrder({ delivery: "submitting", attempts: 1 });
const unknown = anOrder({ delivery: "unknown", outcome: "unknown", attempts: 1 });
const needsOperator = anOrder({ ...unknown, delivery: "needs_operator" });
/** A person said that it was not placed. */
const settled = anOrder({
  delivery: "none",
  status: "canceled",
  attempts: 1,
  reason: { code: SETTLED_BY_OPERATOR, detail: "their support looked" },
});
/** Somebody came to want it canceled while its only attempt was on the wire, which did not arrive. */
const neverArrived = anOrder({ ...settled, ...WISH, reason: { code: "rate_limited" } });
const delivered = (status: OrderStatus, overrides: object = {}) =>
  anOrder({ delivery: "delivered", status, attempts: 1, venue_order_id: "venue-1", ...overrides });

const SUBMIT: NextMove = { move: "submit" };
const LOOK_UP: NextMove = { move: "look_up" };
const NOTHING: NextMove = { move: "nothing" };
const CANCEL: NextMove = { move: "cancel" };
const RELEASE: NextMove = { move: "release" };
const lapse = (code: string): NextMove => ({ move: "lapse", code });
const giveUp = (code: string): NextMove => ({ move: "give_up", code });

describe("the next move", () => {
  it.each([
    ["nothing for a denied order", anOrder({ delivery: "none", status: "denied" }), NOTHING],
    ["nothing for a lapsed order", anOrder({ delivery: "none", status: "expired" }), NOTHING],
    ["nothing for an order of which no attempt arrived", neverArrived, NOTHING],
    ["nothing for an order that waits for another one", waiting, NOTHING],
    ["to send an approved order", pending, SUBMIT],
    ["to send an order again that was not sent", anOrder({ attempts: 3 }), SUBMIT],
    ["to mark an attempt nobody waits for", anOrder({ delivery: "submitting" }), { move: "mark_interrupted" }],
    ["to look up an unknown order", unknown, LOOK_UP],
    ["to look up what needs an operator", needsOperator, LOOK_UP],
    ["to look up what a person has said was not placed", settled, LOOK_UP],
    ["to cancel an order that somebody wants canceled", delivered("new", WISH), CANCEL],
  ] as const)("is %s", (_, order, move) => {
    expect(planNext(order, facts())).toEqual(move);
  });

  it.each(OrderStatus.options)("for a delivered order that is %s looks it up", (status) => {
    expect(planNext(delivered(status), facts())).toEqual(LOOK_UP);
  });

  it.each<Deduplication>(["permanent", "open_orders", "none"])(
    "is never to send an attempt again that was cut off, whatever the facts (%s)",
    (deduplication) => {
      expect(planNext(submitting, facts({ absences: 100, deduplication }))).toEqual({ move: "mark_interrupted" });
    },
  );
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
    ["at a broker that forgets the ids of ended orders", { deduplication: "open_orders" }, 2, SUBMIT],
  ])("%s: %o, %d attempts", (_, overrides, attempts, move) => {
    expect(planNext(anOrder({ attempts }), facts(overrides))).toEqual(move);
  });
});

describe("an order of a shadow account", () => {
  it.each<[string, Partial<FollowFacts>]>([
    ["nothing against it", {}],
    ["everything against it", { mayLeave: false, expiresAtMs: 0 }],
  ])("that could leave ends where it is, with %s", (_, overrides) => {
    expect(planNext(pending, facts({ isShadow: true, ...overrides }))).toEqual({ move: "shadow" });
  });

  it("of unknown outcome is looked up like any other, and a person's where it would be sent again", () => {
    const after = (absences: number) => planNext(unknown, facts({ isShadow: true, absences }));
    expect([0, 6, 7].map(after)).toEqual([LOOK_UP, LOOK_UP, giveUp("absent_shadow")]);
  });

  it("that the broker has is followed and canceled like any other", () => {
    expect(planNext(delivered("new", WISH), facts({ isShadow: true }))).toEqual(CANCEL);
    expect(planNext(delivered("new"), facts({ isShadow: true }))).toEqual(LOOK_UP);
  });
});

describe("an order that waits for the end of the one it replaces", () => {
  it.each<[string, Partial<FollowFacts>, NextMove]>([
    ["goes on waiting", {}, NOTHING],
    ["lapses with its approval", { expiresAtMs: NOW_MS }, lapse("approval_lapsed")],
    ["is released once that one has ended", { predecessorEnded: true }, RELEASE],
    [
      "is released also then when its approval has ended, to be told",
      { predecessorEnded: true, expiresAtMs: 0 },
      RELEASE,
    ],
    [
      "waits also while the trading state is against it: that is looked at when it is released",
      { mayLeave: false },
      NOTHING,
    ],
  ])("%s", (_, overrides, move) => {
    expect(planNext(waiting, facts(overrides))).toEqual(move);
  });
});

describe("an order of unknown outcome", () => {
  it.each<[string, Partial<FollowFacts>, Partial<Followed>, NextMove]>([
    ["is looked up after four absences", { absences: 4 }, {}, LOOK_UP],
    ["is sent again after five", { absences: 5 }, {}, SUBMIT],
    ["is sent again for the fourth time", { absences: 5 }, { attempts: 3 }, SUBMIT],
    ["is looked up 300 times", { looks: 299 }, {}, LOOK_UP],
    ["is given up after that", { looks: 300 }, {}, giveUp("not_found_for_a_day")],
    ["is given up even where it could be sent again", { absences: 5, looks: 300 }, {}, giveUp("not_found_for_a_day")],
  ])("%s", (_, overrides, state, move) => {
    expect(planNext({ ...unknown, ...state }, facts(overrides))).toEqual(move);
  });

  it.each<[string, Partial<FollowFacts>, Partial<Followed>, string]>([
    ["only open orders are told apart", { deduplication: "open_orders" }, {}, "duplicates_possible"],
    ["no orders are told apart", { deduplication: "none" }, {}, "duplicates_possible"],
    ["somebody wants it canceled", {}, WISH, "cancel_requested"],
    ["the trading state is against it", { mayLeave: false }, {}, "trading_state_changed"],
    ["its approval has ended", { expiresAtMs: NOW_MS }, {}, "approval_lapsed"],
    ["four attempts are made", {}, { attempts: 4 }, "attempts_exhausted"],
    [
      "everything is against it",
      { deduplication: "none", mayLeave: false, expiresAtMs: 0 },
      WISH,
      "duplicates_possible",
    ],
  ])(
    "is never sent again where %s: looked up until six absences, a person's after seven",
    (_, overrides, state, why) => {
      const moveAfter = (absences: number) => planNext({ ...unknown, ...state }, facts({ ...overrides, absences }));
      for (const absences of [0, 4, 5, 6]) expect(moveAfter(absences)).toEqual(LOOK_UP);
      for (const absences of [7, 8, 100]) expect(moveAfter(absences)).toEqual(giveUp(`absent_${why}`));
    },
  );
});

describe("a wish to cancel", () => {
  const wanted = (overrides: object = {}) => delivered("new", { ...WISH, ...overrides });

  it.each([0, 2, 4, 400])("is told to the broker at look %d", (looks) => {
    expect(planNext(wanted(), facts({ looks }))).toEqual(CANCEL);
    expect(purposeOf(wanted(), looks, false)).toBe("cancel");
  });

  it.each([1, 3, 5, 399])("lets the order be looked up at look %d", (looks) => {
    expect(planNext(wanted(), facts({ looks }))).toEqual(LOOK_UP);
    expect(purposeOf(wanted(), looks, false)).toBe("watch");
  });

  it("is told also of an order that has filled in part", () => {
    expect(planNext(wanted({ status: "partially_filled", filled_quantity: "4" }), facts())).toEqual(CANCEL);
  });

  it.each([
    ["an order that has ended", delivered("canceled", WISH)],
    ["an order that was filled first", delivered("filled", WISH)],
    ["an order that the broker is canceling already", delivered("pending_cancel", WISH)],
    ["an order whose id at the broker is not known", wanted({ venue_order_id: null })],
  ])("is not told of %s", (_, order) => {
    expect(planNext(order, facts())).toEqual(LOOK_UP);
    expect(purposeOf(order, 0, false)).toBe("watch");
  });

  it("does not wait for the next look, which is due at once", () => {
    expect(delayToNextLook(wanted(), 0)).toBe(0);
    expect(delayToNextLook(wanted(), 1)).toBe(500);
  });
});

describe("what an order is due for", () => {
  it.each([
    ["pending", pending, "send"],
    ["waiting", waiting, "send"],
    ["submitting", submitting, "send"],
    ["unknown", unknown, "ask"],
    ["unknown and wanted canceled", { ...unknown, ...WISH }, "ask"],
    ["needing an operator", needsOperator, "watch"],
    ["said by a person not to be placed", settled, "watch"],
    ["canceled before any attempt arrived", neverArrived, "send"],
    ["live", delivered("new"), "watch"],
    ["ended, but perhaps with a late fill", delivered("canceled"), "watch"],
    ["live and wanted canceled", delivered("new", WISH), "cancel"],
  ] as const)("while %s", (_, order, purpose) => {
    expect(purposeOf(order, 0, false)).toBe(purpose);
    expect(purposeOf(order, 0, true)).toBe(purpose === "send" ? "exit" : purpose);
  });
});

describe("whatever the facts", () => {
  const anyFacts = fc.record({
    nowMs: fc.integer({ min: NOW_MS - 100_000, max: NOW_MS + 100_000 }),
    expiresAtMs: fc.constant(NOW_MS),
    looks: fc.nat({ max: 400 }),
    absences: fc.nat({ max: 10 }),
    deduplication: fc.constantFrom<Deduplication>("permanent", "open_orders", "none"),
    mayLeave: fc.boolean(),
    isShadow: fc.boolean(),
    predecessorEnded: fc.boolean(),
    parentLives: fc.boolean(),
  });
  const anyDelivery = fc.record({
    delivery: fc.constantFrom(...Delivery.options),
    status: fc.constantFrom(...OrderStatus.options),
    attempts: fc.nat({ max: 6 }),
    cancel_requested_at: fc.constantFrom(null, WISH.cancel_requested_at),
    venue_order_id: fc.constantFrom(null, "venue-1"),
    reason: fc.constantFrom(null, { code: "timeout" }, { code: SETTLED_BY_OPERATOR }),
    replaced_by: fc.constant(null),
    updated_at: fc.constant(new Date(NOW_MS).toISOString()),
  });
  /** The broker's id is the broker's word, and whoever has that has delivered the order. */
  const anyOrder = anyDelivery.map((order) =>
    order.delivery === "delivered" ? order : { ...order, venue_order_id: null },
  );
  const everyTime = (check: (order: Followed, some: FollowFacts, next: NextMove) => void) =>
    fc.property(anyOrder, anyFacts, (order, some) => check(order, some, planNext(order, some)));

  it("an order is sent only while it may leave, its approval lasts and attempts remain, and again only where that is safe", () => {
    fc.assert(
      everyTime((order, some, { move }) => {
        if (move !== "submit") return;
        expect(some.mayLeave && some.nowMs < some.expiresAtMs && order.attempts < 4).toBe(true);
        expect(["pending", "unknown"]).toContain(order.delivery);
        if (order.delivery === "unknown") {
          expect(some).toMatchObject({ deduplication: "permanent" });
          expect(some.absences).toBeGreaterThanOrEqual(5);
          expect(order.cancel_requested_at).toBeNull();
        }
      }),
    );
  });

  it("nothing is sent in a shadow account, and nothing ends as shadowed in another", () => {
    fc.assert(
      everyTime((_, { isShadow }, { move }) => {
        if (move === "submit") expect(isShadow).toBe(false);
        if (move === "shadow") expect(isShadow).toBe(true);
      }),
    );
  });

  it("an order lapses only if nothing of it can be at the broker", () => {
    fc.assert(
      everyTime(({ delivery }, _, { move }) => {
        if (move === "lapse") expect(["pending", "waiting", "held"]).toContain(delivery);
      }),
    );
  });

  it("only an order is canceled that the broker has, that lives and that somebody wants canceled", () => {
    fc.assert(
      everyTime((order, _, { move }) => {
        if (move !== "cancel") return;
        expect(order).toMatchObject({ delivery: "delivered", venue_order_id: "venue-1", ...WISH });
        expect(isTerminal(order.status)).toBe(false);
      }),
    );
  });

  it("only an order of unknown outcome is given up, or one that the broker had and says it has not", () => {
    fc.assert(
      everyTime(({ delivery }, { absences }, { move }) => {
        if (move === "give_up" && delivery !== "unknown")
          expect([delivery, absences >= 7]).toEqual(["delivered", true]);
      }),
    );
  });

  it("an order always has a next look, unless it has ended", () => {
    fc.assert(
      everyTime((order, { looks }) => {
        const isOver = order.delivery === "none" || (order.delivery === "delivered" && isTerminal(order.status));
        expect(delayToNextLook(order, looks) === null).toBe(isOver);
      }),
    );
  });

  it("an order is due for what it does next", () => {
    fc.assert(
      everyTime((order, some, { move }) => {
        const purpose = purposeOf(order, some.looks, false);
        if (move === "cancel") expect(purpose).toBe("cancel");
        if (move === "look_up") expect(purpose).toBe(order.delivery === "unknown" ? "ask" : "watch");
        if (move === "release" || move === "lapse" || move === "mark_interrupted") expect(purpose).toBe("send");
      }),
    );
  });
});

describe("the delay to the next look", () => {
  const delays = (order: Followed, count: number) =>
    Array.from({ length: count }, (_, looks) => delayToNextLook(order, looks));

  it("grows to five minutes for an order of unknown outcome", () => {
    const expected = [500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000, 300_000];
    expect(delays(unknown, 9)).toEqual(expected);
    expect(delays(needsOperator, 9)).toEqual(expected);
  });

  it("grows to a minute for an order that the broker has", () => {
    expect(delays(delivered("new"), 8)).toEqual([250, 500, 1_000, 2_000, 5_000, 15_000, 60_000, 60_000]);
  });

  it("grows for an order whose sending failed here, and is the limit of a call for an order on the wire", () => {
    expect(delays(pending, 2)).toEqual([250, 500]);
    expect(delays(submitting, 2)).toEqual([30_000, 30_000]);
  });

  it.each(OrderStatus.options.filter(isTerminal))("does not exist after %s", (status) => {
    expect(delays(delivered(status), 3)).toEqual([null, null, null]);
  });

  it.each(["denied", "expired", "canceled"] as const)(
    "does not exist for an order that was never sent (%s)",
    (status) => {
      expect(delays(anOrder({ delivery: "none", status }), 2)).toEqual([null, null]);
    },
  );

  it("is never negative, and never shrinks", () => {
    const liveOrders = fc.constantFrom(
      pending,
      waiting,
      unknown,
      delivered("new"),
      delivered("new", WISH),
      needsOperator,
    );
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
    [1, null, 0, 0],
    [1, null, 0.5, 1_000],
    [1, null, 0.9999, 2_000],
    [2, null, 0.5, 2_000],
    [3, null, 0.5, 4_000],
    [3, null, 0.25, 2_000],
    [50, null, 0.5, 120_000],
    [1, 0, 0.5, 1_000],
    [1, 2_500, 0, 2_500],
    [1, 2_500, 0.9999, 2_500],
    [3, 2_500, 0.5, 4_000],
    [1, 60_000, 0.5, 60_000],
    [1, 120_000, 0.5, 120_000],
    [1, 900_000, 0.5, 120_000],
  ])("after attempt %d, asked to wait %s ms, with %d drawn, is %d ms", (attempts, retryAfterMs, random, delayMs) => {
    expect(delayToNextAttempt(attempts, retryAfterMs, random)).toBe(delayMs);
  });

  it("lies between the broker's hint and twice as much each time, at most two minutes", () => {
    const asked = fc.option(fc.integer({ min: -100_000, max: 1_000_000 }), { nil: null });
    const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), asked, fraction, (attempts, retryAfterMs, random) => {
        const delay = delayToNextAttempt(attempts, retryAfterMs, random);
        const hint = Math.min(Math.max(retryAfterMs ?? 0, 0), 120_000);
        expect(delay).toBeGreaterThanOrEqual(hint);
        expect(delay).toBeLessThanOrEqual(Math.max(hint, Math.min(120_000, 2 ** attempts * 1_000)));
      }),
    );
  });

  it("spreads over all of that: orders turned away together do not come back together", () => {
    const drawn = Array.from({ length: 100 }, (_, index) => delayToNextAttempt(2, null, index / 100));
    expect(new Set(drawn).size).toBe(100);
    expect([drawn[0], drawn[99]]).toEqual([0, 3_960]);
  });
});

describe("a late look at an order that has ended", () => {
  it.each([
    [0, 5_000],
    [4_999, 5_000],
    [5_000, 60_000],
    [59_999, 60_000],
    [60_000, null],
    [86_400_000, null],
  ])("is due %d ms after its end, because a fill can be told late: at %s ms", (sinceMs, atMs) => {
    for (const status of ["canceled", "expired"] as const) {
      const dueAtMs = lateLookAtMs(delivered(status), NOW_MS, NOW_MS + sinceMs);
      expect(dueAtMs).toBe(atMs === null ? null : NOW_MS + atMs);
    }
  });

  it.each(OrderStatus.options.filter((status) => status !== "canceled" && status !== "expired"))(
    "is of no use after %s",
    (status) => {
      expect(lateLookAtMs(delivered(status), NOW_MS, NOW_MS)).toBeNull();
    },
  );

  it.each(["canceled", "expired"] as const)("is of no use where nobody has sent it (%s)", (status) => {
    expect(lateLookAtMs(anOrder({ delivery: "none", status }), NOW_MS, NOW_MS)).toBeNull();
  });

  it("is of no use where no attempt arrived", () => {
    expect(lateLookAtMs(neverArrived, NOW_MS, NOW_MS)).toBeNull();
  });

  it("is due also where a person has said that it was not placed, because the broker may know better", () => {
    expect(lateLookAtMs(settled, NOW_MS, NOW_MS)).toBe(NOW_MS + 5_000);
    expect(lateLookAtMs(settled, NOW_MS, NOW_MS + 5_000)).toBe(NOW_MS + 60_000);
    expect(lateLookAtMs(settled, NOW_MS, NOW_MS + 60_000)).toBeNull();
  });
});

describe("a leg", () => {
  const parent = "paper_019bc224-4100-7abc-8def-0123456789aa";
  const leg = delivered("new", { parent });

  it("is told of by its order while that one lives, and asked about by its own name afterwards", () => {
    expect(planNext(leg, facts({ parentLives: true }))).toEqual({ move: "look_at_parent" });
    expect(planNext(leg, facts())).toEqual(LOOK_UP);
  });

  it("is canceled by its own name all the same", () => {
    expect(planNext({ ...leg, ...WISH }, facts({ parentLives: true }))).toEqual({ move: "cancel" });
  });

  it.each([
    ["of an order that is filled", delivered("filled", { stop_loss: { stop_price: "180" } })],
    ["in the place of another", { ...leg, status: "replaced" as const }],
  ])("%s, of which nobody has told, is not waited for any more after five minutes", (_, order) => {
    const updated_at = new Date(NOW_MS - 300_000).toISOString();
    expect(planNext({ ...order, updated_at }, facts())).toEqual({ move: "give_up_legs" });
    expect(planNext({ ...order, updated_at }, facts({ nowMs: NOW_MS - 1 }))).not.toEqual({ move: "give_up_legs" });
    const given = { ...order, updated_at, reason: { code: "legs_missing" } };
    expect(planNext(given, facts())).not.toEqual({ move: "give_up_legs" });
    expect(lateLookAtMs(given, NOW_MS, NOW_MS)).toBe(NOW_MS + 250);
  });

  it("that was replaced has its order asked for the one in its place, for a day, until that is told", () => {
    const replaced = { ...leg, status: "replaced" as const };
    expect(planNext(replaced, facts())).toEqual({ move: "look_at_parent" });
    expect(lateLookAtMs(replaced, NOW_MS, NOW_MS)).toBe(NOW_MS + 250);
    expect(lateLookAtMs(replaced, NOW_MS - 3_600_000, NOW_MS)).toBe(NOW_MS + 60_000);
    expect(lateLookAtMs(replaced, NOW_MS - 86_400_000, NOW_MS)).toBeNull();
    expect(lateLookAtMs({ ...replaced, replaced_by: legIdOf(OrderId.parse(parent), 3) }, NOW_MS, NOW_MS)).toBeNull();
  });
});

describe("a leg that is held back", () => {
  const leg = delivered("suspended", { parent: "paper_019bc224-4100-7abc-8def-0123456789aa" });

  it("is looked at rarely from the start, and soon again once another order of its bracket has moved", () => {
    expect(delayToNextLook(leg, LOOKS_WHILE_HELD_BACK)).toBe(300_000);
    expect([1, 2, 6, 7].map((looks) => delayToNextLook(leg, looks))).toEqual([500, 1_000, 60_000, 300_000]);
  });

  it("is looked up and canceled like any other order", () => {
    expect(planNext(leg, facts())).toEqual(LOOK_UP);
    expect(planNext({ ...leg, ...WISH }, facts())).toEqual(CANCEL);
  });
});

describe("a filled order whose legs nobody has told of", () => {
  const filled = delivered("filled", { stop_loss: { stop_price: "180" } });

  it.each([
    [0, 250],
    [2_000, 2_000],
    [3_600_000, 60_000],
  ])("%i ms after its end is looked at again in %i ms", (agedMs, delayMs) => {
    expect(lateLookAtMs(filled, NOW_MS - agedMs, NOW_MS)).toBe(NOW_MS + delayMs);
  });

  it("is not looked at for ever, and not once they are known", () => {
    expect(lateLookAtMs(filled, NOW_MS - 86_400_000, NOW_MS)).toBeNull();
    expect(lateLookAtMs({ ...filled, legs: [] }, NOW_MS, NOW_MS)).toBeNull();
  });
});
