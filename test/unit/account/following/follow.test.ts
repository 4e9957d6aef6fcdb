import { describe, expect, it } from "vitest";
import {
  type PlanDeps,
  type StepDeps,
  planStep,
  purposeOfMove,
  takeStep,
} from "../../../../src/account/following/follow.ts";
import type { OrderRow } from "../../../../src/account/orders/orders.ts";
import type { CancelEnding, Deduplication, FindEnding, SubmitEnding } from "../../../../src/domain/broker.ts";
import { type OrderEvent, advance } from "../../../../src/domain/lifecycle.ts";
import type { Order } from "../../../../src/domain/order.ts";
import { SETTLED_BY_OPERATOR } from "../../../../src/domain/settlement.ts";
import { NOW_MS, aBroker, aReport, aRow, anIntent, anOrder } from "../../../support/builders.ts";

const WISH = { cancel_requested_at: new Date(NOW_MS).toISOString() };

const pending = anOrder();
const waiting = anOrder({ delivery: "waiting" });
const unknown = anOrder({ delivery: "unknown", outcome: "unknown", attempts: 1, reason: { code: "timeout" } });
const interrupted = anOrder({ delivery: "submitting", attempts: 1 });
const live = anOrder({ delivery: "delivered", status: "new", venue_order_id: "venue-1", attempts: 1 });
const canceling = anOrder({ ...live, ...WISH });
const needsOperator = anOrder({ ...unknown, delivery: "needs_operator" });
const canceled = anOrder({ ...live, status: "canceled" });
/** A person said that it was not placed. */
const settled = anOrder({
  delivery: "none",
  status: "canceled",
  attempts: 1,
  reason: { code: SETTLED_BY_OPERATOR, detail: "their support looked" },
});

type Endings = {
  readonly submit?: SubmitEnding;
  readonly find?: FindEnding;
  readonly cancel?: CancelEnding;
  readonly deduplication?: Deduplication;
  readonly mayLeave?: boolean;
  readonly isShadow?: boolean;
  readonly predecessorEnded?: boolean;
  readonly parentLives?: boolean;
  readonly isCutOff?: boolean;
  /** Events that come too late, because the order has moved on. */
  readonly refuses?: OrderEvent["type"];
};

/** Deps that write down every call, in order, and what each was given. */
function makeDeps({ submit, find, cancel, deduplication = "permanent", refuses, ...state }: Endings = {}) {
  const calls: string[] = [];
  const events: OrderEvent[] = [];
  const submitted: unknown[] = [];
  const answer = <T>(ending: T | undefined): Promise<T> =>
    ending === undefined ? Promise.reject(new Error("unexpected call")) : Promise.resolve(ending);
  const deps: PlanDeps & StepDeps = {
    broker: aBroker({
      deduplication,
      submit: (intent) => {
        calls.push("broker.submit");
        submitted.push(intent);
        return answer(submit);
      },
      find: (id) => {
        calls.push(`broker.find ${id}`);
        return answer(find);
      },
      cancel: (id) => {
        calls.push(`broker.cancel ${id}`);
        return answer(cancel);
      },
    }),
    nowMs: () => NOW_MS,
    mayLeave: () => {
      calls.push("mayLeave");
      return state.mayLeave ?? true;
    },
    isShadow: state.isShadow ?? false,
    predecessorEnded: () => {
      calls.push("predecessorEnded");
      return state.predecessorEnded ?? false;
    },
    parentLives: () => state.parentLives ?? false,
    lookAtParent: () => void calls.push("lookAtParent"),
    record: (seen, event) => {
      calls.push(`record ${event.type}`);
      if (event.type === refuses) return undefined;
      events.push(event);
      const step = advance(seen.order, event);
      if (!step.ok) throw new Error(`illegal: ${JSON.stringify(step.error)}`);
      return { ...seen, order: { ...seen.order, ...step.value.state } };
    },
    postpone: (retryAfterMs, looks) => {
      const words = [
        retryAfterMs === undefined ? "" : ` ${retryAfterMs} ms`,
        looks === undefined ? "" : ` for ${looks} looks`,
      ];
      calls.push(`postpone${words.join("")}`);
    },
    isCutOff: () => state.isCutOff ?? false,
    release: async () => void calls.push("release"),
  };
  return { deps, calls, events, submitted };
}

/** Plans the next step and takes it. What was only asked of the account to plan is not among the calls. */
async function follow(order: Order, endings: Endings = {}, overrides: Partial<OrderRow> = {}) {
  const made = makeDeps(endings);
  const row = aRow({ ...overrides, order });
  const next = planStep(row, made.deps);
  const asked = made.calls.splice(0);
  await takeStep(row, next, made.deps);
  return { ...made, next, asked, purpose: purposeOfMove(next, row) };
}

const accepted: SubmitEnding = { ending: "accepted", report: aReport() };

describe("an approved order", () => {
  it("is claimed in the record before the broker hears of it", async () => {
    const { calls, submitted } = await follow(pending, { submit: accepted });
    expect(calls).toEqual(["record submitting", "broker.submit", "record report"]);
    expect(submitted).toEqual([anIntent()]);
  });

  it("does not leave when the claim is refused", async () => {
    const { calls } = await follow(pending, { submit: accepted, refuses: "submitting" });
    expect(calls).toEqual(["record submitting"]);
  });

  it("does not leave when the claim cannot be written", async () => {
    const { deps, calls } = makeDeps({ submit: accepted });
    const record = () => {
      throw new Error("storage is gone");
    };
    await expect(takeStep(aRow(), { move: "submit" }, { ...deps, record })).rejects.toThrow("storage is gone");
    expect(calls).toEqual([]);
  });

  it("does not leave without the verdicts of its approval", async () => {
    const { deps, calls } = makeDeps({ submit: accepted });
    const order = anOrder({ verdicts: [] });
    await expect(takeStep(aRow({ order }), { move: "submit" }, deps)).rejects.toThrow("never approved");
    expect(calls).toEqual(["record submitting"]);
  });

  it("is not sent a second time when its answer comes too late to be recorded", async () => {
    const { calls } = await follow(pending, { submit: accepted, refuses: "report" });
    expect(calls).toEqual(["record submitting", "broker.submit", "record report"]);
  });

  it.each<[string, SubmitEnding, OrderEvent]>([
    ["accepted", accepted, { type: "report", report: aReport() }],
    [
      "accepted as another order",
      { ending: "accepted", report: aReport({ quantity: "11" }) },
      { type: "unknown", code: "other_order_returned" },
    ],
    [
      "rejected",
      { ending: "rejected", code: "insufficient_funds", detail: "not enough" },
      { type: "rejected", code: "insufficient_funds", detail: "not enough" },
    ],
    [
      "not sent",
      { ending: "not_sent", code: "rate_limited", retryAfterMs: 2_000 },
      { type: "not_sent", code: "rate_limited", retryAfterMs: 2_000 },
    ],
    ["unknown", { ending: "unknown", code: "timeout" }, { type: "unknown", code: "timeout" }],
  ])("whose attempt ends %s is recorded as that", async (_, submit, event) => {
    const { events } = await follow(pending, { submit });
    expect(events).toEqual([{ type: "submitting" }, event]);
  });

  it.each<[string, Endings, Partial<OrderRow>, string]>([
    ["the trading state turned against it", { mayLeave: false }, {}, "trading_state_changed"],
    ["its approval has ended", {}, { expiresAtMs: NOW_MS }, "approval_lapsed"],
  ])("lapses without a call when %s", async (_, endings, overrides, code) => {
    const { calls, events } = await follow(pending, endings, overrides);
    expect(calls).toEqual(["record lapsed"]);
    expect(events).toEqual([{ type: "lapsed", code }]);
  });
});

describe("an attempt that was cut off", () => {
  it.each<Deduplication>(["permanent", "open_orders", "none"])(
    "is marked unknown and not sent again (%s)",
    async (deduplication) => {
      const { calls, events } = await follow(interrupted, { deduplication }, { absences: 50 });
      expect(calls).toEqual(["record unknown"]);
      expect(events).toEqual([{ type: "unknown", code: "interrupted" }]);
    },
  );
});

describe("a look-up", () => {
  const other = aReport({ side: "sell" });

  it.each<[string, Order, FindEnding, string]>([
    ["of an unknown order that is there", unknown, { ending: "found", report: aReport() }, "record report"],
    ["of an unknown order that is another", unknown, { ending: "found", report: other }, "record needs_operator"],
    ["of an unknown order that is not shown", unknown, { ending: "absent" }, "record absent"],
    ["of an unknown order without an answer", unknown, { ending: "unknown", code: "timeout" }, "postpone"],
    ["of a live order", live, { ending: "found", report: aReport() }, "record report"],
    ["of a live order that is another", live, { ending: "found", report: other }, "record absent"],
    ["of a live order that is not shown", live, { ending: "absent" }, "record absent"],
    ["of a live order without an answer", live, { ending: "unknown", code: "timeout" }, "postpone"],
    [
      "for an operator, of an order that is there",
      needsOperator,
      { ending: "found", report: aReport() },
      "record report",
    ],
    ["for an operator, of another order", needsOperator, { ending: "found", report: other }, "postpone"],
    ["for an operator, of an order that is not shown", needsOperator, { ending: "absent" }, "postpone"],
    ["for an operator, without an answer", needsOperator, { ending: "unknown", code: "timeout" }, "postpone"],
    [
      "after a person's word, of an order that is there",
      settled,
      { ending: "found", report: aReport() },
      "record report",
    ],
    ["after a person's word, of another order", settled, { ending: "found", report: other }, "postpone"],
    ["after a person's word, of an order that is not shown", settled, { ending: "absent" }, "postpone"],
    ["of an ended order that is another", canceled, { ending: "found", report: other }, "postpone"],
  ])("%s", async (_, order, find, then) => {
    const { calls } = await follow(order, { find });
    expect(calls).toEqual([`broker.find ${order.client_order_id}`, then]);
  });

  it("says why another order under our id needs an operator", async () => {
    const { events } = await follow(unknown, { find: { ending: "found", report: other } });
    expect(events).toEqual([{ type: "needs_operator", code: "other_order_found" }]);
  });

  it("that finds a live order with other terms counts as one that does not find it, until the seventh in a row", async () => {
    for (const absences of [0, 5]) {
      expect((await follow(live, { find: { ending: "found", report: other } }, { absences })).events).toEqual([
        { type: "absent" },
      ]);
    }
    expect((await follow(live, { find: { ending: "found", report: other } }, { absences: 6 })).events).toEqual([
      { type: "needs_operator", code: "other_order_found" },
    ]);
  });

  it("is given up after 300 of them", async () => {
    const { calls, events } = await follow(unknown, {}, { looks: 300 });
    expect(calls).toEqual(["record needs_operator"]);
    expect(events).toEqual([{ type: "needs_operator", code: "not_found_for_a_day" }]);
  });

  it("that did not find the order five times lets it be claimed and sent again", async () => {
    const submit: SubmitEnding = { ending: "unknown", code: "duplicate_client_order_id" };
    const { calls, submitted } = await follow(unknown, { submit }, { absences: 5 });
    expect(calls).toEqual(["record submitting", "broker.submit", "record unknown"]);
    expect(submitted).toEqual([anIntent()]);
  });

  it.each<Deduplication>(["open_orders", "none"])(
    "never does at a broker of class %s: after seven a person has to find out",
    async (deduplication) => {
      for (const absences of [5, 6]) {
        const { calls } = await follow(unknown, { deduplication, find: { ending: "absent" } }, { absences });
        expect(calls).toEqual([`broker.find ${unknown.client_order_id}`, "record absent"]);
      }
      const { calls, events } = await follow(unknown, { deduplication }, { absences: 7 });
      expect(calls).toEqual(["record needs_operator"]);
      expect(events).toEqual([{ type: "needs_operator", code: "absent_duplicates_possible" }]);
    },
  );

  it("that was turned away waits as long as the broker asks", async () => {
    const find: FindEnding = { ending: "not_sent", code: "rate_limited", retryAfterMs: 7_000 };
    expect((await follow(unknown, { find })).calls).toEqual([
      `broker.find ${unknown.client_order_id}`,
      "postpone 7000 ms",
    ]);
  });
});

describe("an order that somebody wants canceled", () => {
  it.each<[string, CancelEnding, string]>([
    ["the broker will try", { ending: "requested" }, "record cancel_sent"],
    ["the broker says it is too late", { ending: "too_late" }, "postpone"],
    ["nobody knows", { ending: "unknown", code: "timeout" }, "postpone 0 ms for 1 looks"],
    [
      "it was turned away",
      { ending: "not_sent", code: "rate_limited", retryAfterMs: 900 },
      "postpone 900 ms for 1 looks",
    ],
  ])("is canceled at the broker by its id there, and nothing is concluded when %s", async (_, cancel, then) => {
    const { calls } = await follow(canceling, { cancel });
    expect(calls).toEqual(["broker.cancel venue-1", then]);
  });

  it.each<[string, CancelEnding, string]>([
    ["nobody knows", { ending: "unknown", code: "timeout" }, "postpone 0 ms for 2 looks"],
    ["it was turned away", { ending: "not_sent", code: "rate_limited", retryAfterMs: 9 }, "postpone 9 ms for 2 looks"],
  ])("is canceled again without a look between while none passes, when %s", async (_, cancel, then) => {
    const { calls } = await follow(canceling, { cancel, isCutOff: true });
    expect(calls).toEqual(["broker.cancel venue-1", then]);
  });

  it("is looked up next also while the breaker is open where the broker has answered", async () => {
    for (const ending of ["requested", "too_late"] as const) {
      const { calls } = await follow(canceling, { cancel: { ending }, isCutOff: true });
      expect(calls.at(-1)).toBe(ending === "requested" ? "record cancel_sent" : "postpone");
    }
  });

  it("is looked up at the next look, and canceled again at the one after", async () => {
    const find: FindEnding = { ending: "found", report: aReport() };
    for (const looks of [1, 3, 5]) {
      expect((await follow(canceling, { find }, { looks })).calls).toEqual([
        "broker.find sp-0192f3a4",
        "record report",
      ]);
    }
    const { calls } = await follow(canceling, { cancel: { ending: "requested" } }, { looks: 2 });
    expect(calls).toEqual(["broker.cancel venue-1", "record cancel_sent"]);
  });

  it("is not sent again while it is unknown, however often it is absent", async () => {
    const wanted = anOrder({ ...unknown, ...WISH });
    const find: FindEnding = { ending: "absent" };
    expect((await follow(wanted, { find }, { absences: 6 })).calls).toEqual([
      "broker.find sp-0192f3a4",
      "record absent",
    ]);
    const { events } = await follow(wanted, {}, { absences: 7 });
    expect(events).toEqual([{ type: "needs_operator", code: "absent_cancel_requested" }]);
  });

  it("is left to the next look where a call to cancel it came to be planned without its id at the broker", async () => {
    const { deps, calls } = makeDeps();
    await takeStep(aRow({ order: unknown }), { move: "cancel" }, deps);
    expect(calls).toEqual(["postpone"]);
  });
});

describe("an order that waits for another one", () => {
  it("waits on while that one lives", async () => {
    const { calls, asked } = await follow(waiting);
    expect([asked, calls]).toEqual([["predecessorEnded"], ["postpone"]]);
  });

  it("is released when that one has ended", async () => {
    expect((await follow(waiting, { predecessorEnded: true })).calls).toEqual(["release"]);
  });

  it("lapses with its approval", async () => {
    const { events } = await follow(waiting, {}, { expiresAtMs: NOW_MS });
    expect(events).toEqual([{ type: "lapsed", code: "approval_lapsed" }]);
  });
});

describe("an order of a shadow account", () => {
  it("is recorded as such, and the broker hears nothing", async () => {
    const { calls, events } = await follow(pending, { isShadow: true });
    expect(calls).toEqual(["record shadowed"]);
    expect(events).toEqual([{ type: "shadowed" }]);
  });
});

describe("the trading state", () => {
  it.each<[string, Order, readonly string[]]>([
    ["an order to be sent", pending, ["mayLeave"]],
    ["an unknown order", unknown, ["mayLeave"]],
    ["a live order", live, []],
    ["an attempt that was cut off", interrupted, []],
  ])("is asked for where it matters: %s", (_, order, calls) => {
    const made = makeDeps();
    planStep(aRow({ order }), made.deps);
    expect(made.calls).toEqual(calls);
  });
});

describe("what the broker is called for", () => {
  it.each<[string, Order, Endings, Partial<OrderRow>, string | undefined]>([
    ["an order to be sent", pending, { submit: accepted }, {}, "send"],
    ["an unknown order", unknown, { find: { ending: "absent" } }, {}, "ask"],
    ["an unknown order that is sent again", unknown, { submit: accepted }, { absences: 5 }, "send"],
    ["a live order", live, { find: { ending: "absent" } }, {}, "watch"],
    ["an operator's order", needsOperator, { find: { ending: "absent" } }, {}, "watch"],
    ["an order that a person has settled", settled, { find: { ending: "absent" } }, {}, "watch"],
    ["an exit to be sent", pending, { submit: accepted }, { isExit: true }, "exit"],
    ["an unknown exit", unknown, { find: { ending: "absent" } }, { isExit: true }, "ask"],
    ["an unknown exit that is sent again", unknown, { submit: accepted }, { absences: 5, isExit: true }, "exit"],
    ["an order to be canceled", canceling, { cancel: { ending: "requested" } }, {}, "cancel"],
    ["an order that lapses", pending, {}, { expiresAtMs: 0 }, undefined],
    ["an order that waits", waiting, {}, {}, undefined],
    ["an order that is released", waiting, { predecessorEnded: true }, {}, undefined],
    ["an attempt that was cut off", interrupted, {}, {}, undefined],
    ["an order that is given up", unknown, {}, { looks: 300 }, undefined],
  ])("%s", async (_, order, endings, overrides, purpose) => {
    expect((await follow(order, endings, overrides)).purpose).toBe(purpose);
  });
});

describe("an order that is over", () => {
  it.each([
    ["denied", anOrder({ delivery: "none", status: "denied" })],
    ["lapsed", anOrder({ delivery: "none", status: "expired" })],
    [
      "canceled while its only attempt did not arrive",
      anOrder({ ...settled, ...WISH, reason: { code: "rate_limited" } }),
    ],
  ])("is left alone (%s)", async (_, order) => {
    expect((await follow(order)).calls).toEqual(["postpone"]);
  });

  it("at the broker may be looked at for a late fill", async () => {
    const report = aReport({ status: "canceled", filled_quantity: "3", average_price: "187" });
    expect((await follow(canceled, { find: { ending: "found", report } })).calls).toEqual([
      "broker.find sp-0192f3a4",
      "record report",
    ]);
  });
});
