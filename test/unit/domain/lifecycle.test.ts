import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type OrderEvent, type OrderState, type Step, advance } from "../../../src/domain/lifecycle.ts";
import { compare, greaterThan, lessThan } from "../../../src/domain/money.ts";
import { Delivery, OrderStatus, isTerminal } from "../../../src/domain/order.ts";
import { aReport, aState } from "../../support/builders.ts";

const EVENTS = {
  submitting: { type: "submitting" },
  not_sent: { type: "not_sent", code: "rate_limited", retryAfterMs: 1_000 },
  unknown: { type: "unknown", code: "timeout" },
  absent: { type: "absent" },
  rejected: { type: "rejected", code: "insufficient_funds", detail: "not enough buying power" },
  report: { type: "report", report: aReport() },
  lapsed: { type: "lapsed", code: "approval_lapsed" },
  needs_operator: { type: "needs_operator", code: "not_found_for_a_day" },
} satisfies Record<OrderEvent["type"], OrderEvent>;

const reportOf = (overrides: Parameters<typeof aReport>[0]): OrderEvent => ({
  type: "report",
  report: aReport(overrides),
});

const denied = aState({ status: "denied", delivery: "none", reason: { code: "trading_halted" } });
const lapsed = aState({ status: "expired", delivery: "none", reason: { code: "approval_lapsed" } });
const pending = aState();
const submitting = aState({ delivery: "submitting", attempts: 1 });
const unknown = aState({ delivery: "unknown", outcome: "unknown", attempts: 1, reason: { code: "timeout" } });
/** A repeat on the wire, of an order that the first attempt may have placed already. */
const repeating = aState({ delivery: "submitting", outcome: "unknown", attempts: 2 });
const live = aState({ delivery: "delivered", status: "new", venue_order_id: "venue-1", attempts: 1 });
const partlyFilled = aState({ ...live, status: "partially_filled", filled_quantity: "4", average_price: "187.2" });
const needsOperator = aState({ ...unknown, delivery: "needs_operator", reason: { code: "other_order_found" } });

/** A delivered order that has ended with 4 units filled. */
const ended = (status: OrderStatus, filled = "4"): OrderState =>
  aState({ ...live, status, filled_quantity: filled, average_price: filled === "0" ? null : "187.2" });

function stepOf(state: OrderState, event: OrderEvent): Step {
  const result = advance(state, event);
  if (!result.ok) throw new Error(`illegal: ${JSON.stringify(result.error)}`);
  return result.value;
}

describe("which events can happen", () => {
  const LEGAL: Record<OrderEvent["type"], readonly Delivery[]> = {
    submitting: ["pending", "unknown"],
    not_sent: ["submitting"],
    unknown: ["submitting"],
    absent: ["unknown"],
    rejected: ["submitting"],
    report: ["submitting", "unknown", "delivered", "needs_operator"],
    lapsed: ["pending"],
    needs_operator: ["submitting", "unknown"],
  };
  const states = [denied, lapsed, pending, submitting, repeating, unknown, live, ended("filled"), needsOperator];
  const cases = Object.values(EVENTS).flatMap((event) =>
    states.map((state) => ({
      event: event.type,
      delivery: state.delivery,
      status: state.status,
      says: LEGAL[event.type].includes(state.delivery) ? "taken" : "refused",
      state,
    })),
  );

  it.each(cases)(
    "$event is $says while delivery is $delivery ($status)",
    ({ event, delivery, status, says, state }) => {
      const result = advance(state, EVENTS[event]);
      expect(result.ok).toBe(says === "taken");
      if (!result.ok) expect(result.error).toEqual({ event, delivery, status });
    },
  );

  it("covers every delivery", () => {
    expect(new Set(states.map((state) => state.delivery))).toEqual(new Set(Delivery.options));
  });
});

describe("what an event changes", () => {
  it.each<[string, OrderState, OrderEvent, Partial<OrderState>, string]>([
    ["the first attempt leaves", pending, EVENTS.submitting, { delivery: "submitting", attempts: 1 }, "submitting"],
    [
      "a repeat leaves, and the outcome of the attempt before it is still unknown",
      unknown,
      EVENTS.submitting,
      { delivery: "submitting", attempts: 2, reason: null },
      "submitting",
    ],
    [
      "an attempt that was not sent waits for the next",
      submitting,
      EVENTS.not_sent,
      { delivery: "pending", reason: { code: "rate_limited" } },
      "not_sent",
    ],
    [
      "a repeat that was not sent leaves the order unknown",
      repeating,
      EVENTS.not_sent,
      { delivery: "unknown", reason: { code: "rate_limited" } },
      "not_sent",
    ],
    [
      "an unclear attempt makes the order unknown",
      submitting,
      EVENTS.unknown,
      { delivery: "unknown", outcome: "unknown", reason: { code: "timeout" } },
      "unknown",
    ],
    [
      "an unclear repeat too",
      repeating,
      EVENTS.unknown,
      { delivery: "unknown", reason: { code: "timeout" } },
      "unknown",
    ],
    ["an absence proves nothing", unknown, EVENTS.absent, {}, "absent"],
    [
      "a refusal of the only attempt is final",
      submitting,
      EVENTS.rejected,
      {
        delivery: "delivered",
        status: "rejected",
        reason: { code: "insufficient_funds", detail: "not enough buying power" },
      },
      "rejected",
    ],
    [
      "a refusal of a repeat says nothing of the attempt before it",
      repeating,
      EVENTS.rejected,
      { delivery: "unknown", reason: { code: "insufficient_funds", detail: "not enough buying power" } },
      "unknown",
    ],
    [
      "an approval that ended first is over",
      pending,
      EVENTS.lapsed,
      { delivery: "none", status: "expired", reason: { code: "approval_lapsed" } },
      "lapsed",
    ],
    [
      "an unknown order goes to an operator",
      unknown,
      EVENTS.needs_operator,
      { delivery: "needs_operator", reason: { code: "not_found_for_a_day" } },
      "needs_operator",
    ],
    [
      "an attempt handed to an operator without an answer has an unknown outcome",
      submitting,
      EVENTS.needs_operator,
      { delivery: "needs_operator", outcome: "unknown", reason: { code: "not_found_for_a_day" } },
      "needs_operator",
    ],
  ])("%s", (_, state, event, change, auditType) => {
    expect(stepOf(state, event)).toEqual({ state: { ...state, ...change }, auditType: `order.${auditType}` });
  });
});

describe("a venue's report", () => {
  const delivered = { delivery: "delivered", outcome: "known", venue_order_id: "venue-1", reason: null } as const;

  it.each([
    ["the attempt on the wire", submitting],
    ["the repeat on the wire", repeating],
    ["an unknown order", unknown],
    ["an order that needs an operator", needsOperator],
  ])("settles %s", (_, state) => {
    expect(stepOf(state, EVENTS.report)).toEqual({
      state: { ...state, ...delivered, status: "new" },
      auditType: "order.acknowledged",
    });
  });

  it.each<[OrderStatus, string, string]>([
    ["new", "0", "acknowledged"],
    ["partially_filled", "4", "partially_filled"],
    ["filled", "10", "filled"],
    ["canceled", "0", "canceled"],
    ["rejected", "0", "rejected"],
    ["expired", "4", "expired"],
    ["pending_cancel", "4", "partially_filled"],
  ])("%s with %s filled is audited as order.%s when it is the first word", (status, filled, auditType) => {
    const { state, auditType: said } = stepOf(submitting, reportOf({ status, filled_quantity: filled }));
    expect(state).toMatchObject({ ...delivered, status, filled_quantity: filled });
    expect(said).toBe(`order.${auditType}`);
  });

  it("is audited as an update when only the status moved", () => {
    expect(stepOf(live, reportOf({ status: "pending_cancel" })).auditType).toBe("order.updated");
  });

  it("brings the fill and its average price", () => {
    const report = reportOf({ status: "partially_filled", filled_quantity: "4", average_price: "187.2" });
    expect(stepOf(live, report)).toEqual({ state: partlyFilled, auditType: "order.partially_filled" });
  });

  it.each<[string, OrderState, OrderEvent]>([
    ["the first word again", live, EVENTS.report],
    [
      "a fill again",
      partlyFilled,
      reportOf({ status: "partially_filled", filled_quantity: "4", average_price: "187.2" }),
    ],
    ["an end again", ended("canceled"), reportOf({ status: "canceled", filled_quantity: "4" })],
    ["an older view with less filled", partlyFilled, reportOf({ status: "new", filled_quantity: "3.999999999" })],
    ["an end with less filled than is known", partlyFilled, reportOf({ status: "canceled", filled_quantity: "0" })],
    ["an older view of a canceled order", ended("canceled"), reportOf({ filled_quantity: "4" })],
    ["an older view of a rejected order", ended("rejected", "0"), reportOf({ status: "new" })],
    ["a cancel of a filled order", ended("filled", "10"), reportOf({ status: "canceled", filled_quantity: "10" })],
    ["another end with nothing more filled", ended("canceled"), reportOf({ status: "expired", filled_quantity: "4" })],
  ])("says nothing new: %s", (_, state, event) => {
    const step = stepOf(state, event);
    expect(step).toEqual({ state });
    expect(step.auditType).toBeUndefined();
  });

  it.each<OrderStatus>(["canceled", "expired", "replaced", "rejected"])(
    "of more filled after %s is believed, and the order stays ended",
    (status) => {
      const step = stepOf(ended(status), reportOf({ status: "partially_filled", filled_quantity: "6" }));
      expect(step.state).toMatchObject({ status, filled_quantity: "6" });
      expect(step.auditType).toBeDefined();
    },
  );

  it.each<[OrderStatus, string]>([
    ["canceled", "4"],
    ["expired", "4"],
    ["canceled", "10"],
    ["expired", "10"],
  ])("of a complete fill wins over %s with %s filled", (status, filled) => {
    const step = stepOf(ended(status, filled), reportOf({ status: "filled", filled_quantity: "10" }));
    expect(step).toMatchObject({ state: { status: "filled", filled_quantity: "10" }, auditType: "order.filled" });
  });

  it.each<OrderStatus>(["canceled", "expired", "partially_filled", "new"])(
    "of more filled than a filled order knew, said to be %s, leaves it filled",
    (status) => {
      const step = stepOf(ended("filled", "10"), reportOf({ status, filled_quantity: "11" }));
      expect(step).toMatchObject({ state: { status: "filled", filled_quantity: "11" }, auditType: "order.filled" });
    },
  );
});

describe("any sequence of events", () => {
  const venueStatus = fc.constantFrom(...OrderStatus.options.filter((status) => status !== "denied"));
  const report = fc
    .record({
      status: venueStatus,
      filled_quantity: fc.integer({ min: 0, max: 24 }).map((halves) => String(halves / 2)),
    })
    .map(reportOf);
  const event = fc.oneof(fc.constantFrom<OrderEvent>(...Object.values(EVENTS)), report);
  /** Events in any order, each of them possibly again much later. */
  const events = fc
    .array(event, { maxLength: 30 })
    .chain((list) => fc.shuffledSubarray([...list, ...list], { minLength: 0 }));
  const start = fc.constantFrom(
    ...[pending, submitting, repeating, unknown, needsOperator, live, partlyFilled],
    ...[ended("canceled"), ended("expired"), ended("filled", "10")],
  );

  /** Every change from one state to the next; refused events change nothing. */
  function walk(from: OrderState, list: readonly OrderEvent[]) {
    let before = from;
    return list.map((next) => {
      const result = advance(before, next);
      const after = result.ok ? result.value.state : before;
      const change = { event: next, before, after, step: result.ok ? result.value : undefined };
      before = after;
      return change;
    });
  }

  it("never lowers what is filled", () => {
    fc.assert(
      fc.property(start, events, (from, list) => {
        for (const { before, after } of walk(from, list)) {
          expect(lessThan(after.filled_quantity, before.filled_quantity)).toBe(false);
        }
      }),
    );
  });

  it("never leaves filled, and leaves no other end but for more filled", () => {
    fc.assert(
      fc.property(start, events, (from, list) => {
        for (const { before, after } of walk(from, list)) {
          if (before.status === "filled") expect(after.status).toBe("filled");
          if (isTerminal(before.status)) expect(isTerminal(after.status)).toBe(true);
          if (isTerminal(before.status) && after.status !== before.status && after.status !== "filled") {
            expect(greaterThan(after.filled_quantity, before.filled_quantity)).toBe(true);
          }
        }
      }),
    );
  });

  it("never changes an order that will not be sent", () => {
    fc.assert(
      fc.property(fc.constantFrom(denied, lapsed), events, (from, list) => {
        for (const { after, step } of walk(from, list)) {
          expect(after).toEqual(from);
          expect(step).toBeUndefined();
        }
      }),
    );
  });

  it("counts an attempt for each submitting and for nothing else", () => {
    fc.assert(
      fc.property(start, events, (from, list) => {
        for (const {
          event: { type },
          before,
          after,
          step,
        } of walk(from, list)) {
          expect(after.attempts - before.attempts).toBe(type === "submitting" && step !== undefined ? 1 : 0);
        }
      }),
    );
  });

  it("makes an unknown outcome known through the venue's report alone", () => {
    fc.assert(
      fc.property(start, events, (from, list) => {
        for (const {
          event: { type },
          before,
          after,
        } of walk(from, list)) {
          if (before.outcome === "unknown" && after.outcome === "known") expect(type).toBe("report");
        }
      }),
    );
  });

  it("never ends or frees an order of unknown outcome without the venue's report", () => {
    fc.assert(
      fc.property(start, events, (from, list) => {
        for (const {
          event: { type },
          before,
          after,
        } of walk(from, list)) {
          if (before.outcome !== "unknown" || type === "report") continue;
          expect(isTerminal(after.status)).toBe(false);
          expect(["submitting", "unknown", "needs_operator"]).toContain(after.delivery);
        }
      }),
    );
  });

  it("is audited exactly when it says something new", () => {
    fc.assert(
      fc.property(start, events, (from, list) => {
        for (const {
          event: { type },
          before,
          after,
          step,
        } of walk(from, list)) {
          if (step === undefined || type === "absent") continue;
          expect(step.auditType === undefined).toBe(JSON.stringify(after) === JSON.stringify(before));
        }
      }),
    );
  });

  it("ends as the venue's order ended, in whatever order its reports arrive and however often", () => {
    const fills = fc
      .uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 4 })
      .map((list) => list.toSorted((a, b) => a - b));
    const end = fc.constantFrom<OrderStatus>("filled", "canceled", "expired");
    const history = fc.tuple(fills, end).chain(([list, status]) => {
      const last = status === "filled" ? 10 : (list.at(-1) ?? 0);
      const reports = [
        reportOf({}),
        ...list.map((filled) => reportOf({ status: "partially_filled", filled_quantity: String(filled) })),
        reportOf({ status, filled_quantity: String(last) }),
      ];
      const arrivals = fc
        .shuffledSubarray([...reports, ...reports], { minLength: 0 })
        .chain((some) => fc.shuffledSubarray([...some, ...reports], { minLength: some.length + reports.length }));
      return fc.record({ arrivals, status: fc.constant(status), filled: fc.constant(String(last)) });
    });
    fc.assert(
      fc.property(
        fc.constantFrom(submitting, unknown, needsOperator),
        history,
        (from, { arrivals, status, filled }) => {
          const final = walk(from, arrivals).at(-1)?.after;
          expect(final).toMatchObject({ status, filled_quantity: filled, delivery: "delivered", outcome: "known" });
          expect(compare(final?.filled_quantity ?? from.filled_quantity, from.filled_quantity)).toBeGreaterThanOrEqual(
            0,
          );
        },
      ),
    );
  });
});
