import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type OrderEvent, type OrderState, type Step, advance } from "../../../src/domain/lifecycle.ts";
import { OrderId } from "../../../src/domain/ids.ts";
import { compare, decimalOf, greaterThan, lessThan } from "../../../src/domain/money.ts";
import { Delivery, OrderStatus, isTerminal } from "../../../src/domain/order.ts";
import { SETTLED_BY_OPERATOR } from "../../../src/domain/settlement.ts";
import { NOW_MS, aReport, aState } from "../../support/builders.ts";

const AT = new Date(NOW_MS).toISOString();
const OTHER_ID = OrderId.parse("paper_019bc224-4100-7abc-8def-0123456789cd");
const VERDICTS = [{ rule: "trading_state", passed: true, input: "position 4", limit: "active" }];

const WORD = { by: "ben/0123456789", at: AT, request_id: "request-9", reason: "too close to the close" };
const EVENTS = {
  submitting: { type: "submitting" },
  not_sent: { type: "not_sent", code: "rate_limited", retryAfterMs: 1_000 },
  unknown: { type: "unknown", code: "timeout" },
  absent: { type: "absent" },
  rejected: { type: "rejected", code: "insufficient_funds", detail: "not enough buying power" },
  report: { type: "report", report: aReport() },
  executed: { type: "executed", averagePrice: decimalOf("187.3125"), executions: [] },
  lapsed: { type: "lapsed", code: "approval_lapsed" },
  shadowed: { type: "shadowed" },
  cancel_requested: { type: "cancel_requested", at: AT, replacedBy: null },
  cancel_sent: { type: "cancel_sent" },
  released: { type: "released", quantity: decimalOf("6"), verdicts: VERDICTS },
  approved: { type: "approved", word: WORD, quantity: decimalOf("6"), verdicts: VERDICTS },
  declined: { type: "declined", word: WORD },
  denied: { type: "denied", code: "max_quantity_exceeded", verdicts: VERDICTS },
  needs_operator: { type: "needs_operator", code: "not_found_for_a_day" },
  legs_missing: { type: "legs_missing" },
  settled: {
    type: "settled",
    settlement: { outcome: "not_placed", without_broker: false, reason: "the broker's support said so" },
  },
} satisfies { [Type in OrderEvent["type"]]: Extract<OrderEvent, { type: Type }> };

const reportOf = (overrides: Parameters<typeof aReport>[0]): OrderEvent => ({
  type: "report",
  report: aReport(overrides),
});

const placed = (status: "filled" | "canceled" | "expired" | "rejected", filled: string): OrderEvent => ({
  type: "settled",
  settlement: {
    outcome: "placed",
    status,
    filled_quantity: decimalOf(filled),
    ...(filled === "0" ? {} : { average_price: decimalOf("187.2") }),
    without_broker: false,
    reason: "on the statement",
  },
});

const WISH = { cancel_requested_at: AT };
const denied = aState({ status: "denied", delivery: "none", reason: { code: "trading_halted" } });
const lapsed = aState({ status: "expired", delivery: "none", reason: { code: "approval_lapsed" } });
const shadowed = aState({ status: "shadowed", delivery: "none" });
const neverSent = aState({ status: "canceled", delivery: "none", ...WISH });
/** On the wire once, and never placed, as a person found out. */
const settled = aState({
  status: "canceled",
  delivery: "none",
  attempts: 1,
  reason: { code: SETTLED_BY_OPERATOR, detail: "the broker's support said so" },
});
const HOLD = { expires_at: AT, price: decimalOf("187.5"), owner: "ana", decided: null };
const held = aState({ delivery: "held", hold: HOLD });
const waiting = aState({ delivery: "waiting" });
const pending = aState();
const submitting = aState({ delivery: "submitting", attempts: 1 });
const unknown = aState({ delivery: "unknown", outcome: "unknown", attempts: 1, reason: { code: "timeout" } });
/** A repeat on the wire, of an order that the first attempt may have placed already. */
const repeating = aState({ delivery: "submitting", outcome: "unknown", attempts: 2 });
const live = aState({ delivery: "delivered", status: "new", venue_order_id: "venue-1", attempts: 1 });
const canceling = aState({ ...live, ...WISH });
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
  const STATES = {
    denied,
    lapsed,
    shadowed,
    canceled_before_it_was_sent: neverSent,
    settled_as_not_placed: settled,
    held,
    waiting,
    pending,
    submitting,
    submitting_and_wanted_canceled: { ...submitting, ...WISH },
    submitting_again: repeating,
    unknown,
    unknown_and_wanted_canceled: { ...unknown, ...WISH },
    live,
    live_and_wanted_canceled: canceling,
    partly_filled: partlyFilled,
    filled: ended("filled", "10"),
    canceled: { ...ended("canceled", "0"), ...WISH },
    canceled_with_fills: ended("canceled"),
    rejected: ended("rejected", "0"),
    needing_an_operator: needsOperator,
    needing_an_operator_and_wanted_canceled: { ...needsOperator, ...WISH },
  } as const satisfies Record<string, OrderState>;
  type StateName = keyof typeof STATES;
  const NAMES = Object.keys(STATES) as StateName[];

  const ON_THE_WIRE: StateName[] = ["submitting", "submitting_and_wanted_canceled", "submitting_again"];
  const UNKNOWN: StateName[] = ["unknown", "unknown_and_wanted_canceled"];
  const OPERATOR: StateName[] = ["needing_an_operator", "needing_an_operator_and_wanted_canceled"];
  const ENDED_THERE: StateName[] = ["filled", "canceled", "canceled_with_fills", "rejected"];
  const LIVE: StateName[] = ["live", "live_and_wanted_canceled", "partly_filled"];
  const DELIVERED: StateName[] = [...LIVE, ...ENDED_THERE];

  const LEGAL: Record<OrderEvent["type"], readonly StateName[]> = {
    submitting: ["pending", "unknown"],
    not_sent: ON_THE_WIRE,
    unknown: ON_THE_WIRE,
    absent: [...UNKNOWN, ...LIVE],
    rejected: ON_THE_WIRE,
    report: [...ON_THE_WIRE, ...UNKNOWN, ...DELIVERED, ...OPERATOR, "settled_as_not_placed"],
    executed: ["partly_filled", "filled", "canceled_with_fills"],
    lapsed: ["held", "waiting", "pending"],
    shadowed: ["held", "waiting", "pending"],
    cancel_requested: NAMES.filter((name) => !isTerminal(STATES[name].status)),
    cancel_sent: ["live_and_wanted_canceled", "canceled"],
    released: ["waiting"],
    approved: ["held"],
    declined: ["held"],
    denied: ["waiting"],
    needs_operator: [...ON_THE_WIRE, ...UNKNOWN, ...LIVE],
    legs_missing: ENDED_THERE,
    settled: [...UNKNOWN, ...OPERATOR],
  };
  const cases = Object.values(EVENTS).flatMap((event) =>
    NAMES.map((name) => ({ event: event.type, name, says: LEGAL[event.type].includes(name) ? "taken" : "refused" })),
  );

  it.each(cases)("$event is $says while an order is $name", ({ event, name, says }) => {
    const state = STATES[name];
    const result = advance(state, EVENTS[event]);
    expect(result.ok).toBe(says === "taken");
    if (!result.ok) expect(result.error).toEqual({ event, delivery: state.delivery, status: state.status });
  });

  it("covers every delivery", () => {
    expect(new Set(NAMES.map((name) => STATES[name].delivery))).toEqual(new Set(Delivery.options));
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
      "an attempt that was not sent, of an order wanted canceled meanwhile, was the last",
      { ...submitting, ...WISH },
      EVENTS.not_sent,
      { delivery: "none", status: "canceled", reason: { code: "rate_limited" } },
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
      "a repeat that was not sent leaves it unknown also where somebody wants it canceled: the first may be there",
      { ...repeating, ...WISH },
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
    [
      "an approval lets a held order leave, for as much as it says",
      held,
      EVENTS.approved,
      { delivery: "pending", quantity: decimalOf("6"), verdicts: VERDICTS, hold: { ...HOLD, decided: WORD } },
      "approved",
    ],
    [
      "a declined order is denied, and never sent",
      held,
      EVENTS.declined,
      {
        delivery: "none",
        status: "denied",
        reason: { code: "declined", detail: "too close to the close" },
        hold: { ...HOLD, decided: WORD },
      },
      "declined",
    ],
    [
      "a held order that is wanted canceled is so at once",
      held,
      EVENTS.cancel_requested,
      { delivery: "none", status: "canceled", cancel_requested_at: AT },
      "canceled",
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
      "the trades behind the fills make the average exact",
      partlyFilled,
      EVENTS.executed,
      { average_price: decimalOf("187.3125") },
      "executed",
    ],
    [
      "an approval that ended first is over",
      pending,
      EVENTS.lapsed,
      { delivery: "none", status: "expired", reason: { code: "approval_lapsed" } },
      "lapsed",
    ],
    [
      "an approval that ended while the order waited is over",
      waiting,
      EVENTS.lapsed,
      { delivery: "none", status: "expired", reason: { code: "approval_lapsed" } },
      "lapsed",
    ],
    [
      "an order of a shadow ends where it is, and is no failure, whatever an attempt before it came to",
      aState({ attempts: 1, reason: { code: "rate_limited" } }),
      EVENTS.shadowed,
      { delivery: "none", status: "shadowed", reason: null },
      "shadowed",
    ],
    [
      "a held order of a shadow keeps whom it would have waited for",
      held,
      EVENTS.shadowed,
      { delivery: "none", status: "shadowed", hold: HOLD },
      "shadowed",
    ],
    [
      "an order that nobody has sent is canceled by the wish",
      pending,
      EVENTS.cancel_requested,
      { delivery: "none", status: "canceled", ...WISH },
      "canceled",
    ],
    [
      "an order that waits for another one is canceled by the wish",
      waiting,
      EVENTS.cancel_requested,
      { delivery: "none", status: "canceled", ...WISH },
      "canceled",
    ],
    ["an order on the wire keeps the wish", submitting, EVENTS.cancel_requested, WISH, "cancel_requested"],
    ["an unknown order keeps the wish", unknown, EVENTS.cancel_requested, WISH, "cancel_requested"],
    ["a live order keeps the wish", live, EVENTS.cancel_requested, WISH, "cancel_requested"],
    [
      "an order that needs an operator keeps the wish",
      needsOperator,
      EVENTS.cancel_requested,
      WISH,
      "cancel_requested",
    ],
    [
      "a wish in favour of another order names it",
      live,
      { ...EVENTS.cancel_requested, replacedBy: OTHER_ID },
      { ...WISH, replaced_by: OTHER_ID },
      "cancel_requested",
    ],
    [
      "an order that nobody has sent gives its place at once",
      pending,
      { ...EVENTS.cancel_requested, replacedBy: OTHER_ID },
      { ...WISH, delivery: "none", status: "canceled", replaced_by: OTHER_ID },
      "canceled",
    ],
    ["that the cancel has left says nothing of its effect", canceling, EVENTS.cancel_sent, {}, "cancel_sent"],
    [
      "an order that was waited for has ended: the rest of the quantity may be sent",
      waiting,
      EVENTS.released,
      { delivery: "pending", quantity: decimalOf("6"), verdicts: VERDICTS },
      "released",
    ],
    [
      "the rules say no after the wait",
      waiting,
      EVENTS.denied,
      { delivery: "none", status: "denied", reason: { code: "max_quantity_exceeded" }, verdicts: VERDICTS },
      "denied",
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
    [
      "an operator found that it was never placed",
      needsOperator,
      EVENTS.settled,
      {
        delivery: "none",
        outcome: "known",
        status: "canceled",
        reason: { code: "settled_by_operator", detail: "the broker's support said so" },
      },
      "settled",
    ],
    [
      "an operator found how it ended",
      unknown,
      placed("canceled", "4"),
      {
        delivery: "delivered",
        outcome: "known",
        status: "canceled",
        filled_quantity: decimalOf("4"),
        average_price: decimalOf("187.2"),
        reason: { code: "settled_by_operator", detail: "on the statement" },
      },
      "settled",
    ],
  ])("%s", (_, state, event, change, auditType) => {
    expect(stepOf(state, event)).toEqual({ state: { ...state, ...change }, auditType: `order.${auditType}` });
  });

  it.each<[string, OrderState, OrderEvent]>([
    ["the same wish again", canceling, { ...EVENTS.cancel_requested, at: "2027-01-01T00:00:00.000Z" }],
    ["a cancel that left after the order had ended", { ...ended("canceled"), ...WISH }, EVENTS.cancel_sent],
  ])("nothing: %s", (_, state, event) => {
    expect(stepOf(state, event)).toEqual({ state });
  });

  it("keeps the time of the first wish when a later one names another order", () => {
    const later = { ...EVENTS.cancel_requested, at: "2027-01-01T00:00:00.000Z", replacedBy: OTHER_ID };
    expect(stepOf(canceling, later).state).toEqual({ ...canceling, replaced_by: OTHER_ID });
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

  it("without more filled leaves the exact average price as it is", () => {
    const exact = aState({ ...partlyFilled, average_price: "187.3125" });
    const rounded = reportOf({ status: "pending_cancel", filled_quantity: "4", average_price: "187.31" });
    expect(stepOf(exact, rounded).state).toMatchObject({ status: "pending_cancel", average_price: "187.3125" });
  });

  it("keeps the wish to cancel, whatever it says", () => {
    expect(stepOf({ ...unknown, ...WISH }, EVENTS.report).state).toMatchObject({ delivery: "delivered", ...WISH });
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
    ["filled", "10"],
    ["canceled", "4"],
    ["expired", "4"],
  ])(
    "of an order that is %s with %s filled counts for more than a person's word that it was not placed",
    (status, filled) => {
      const report = reportOf({ status, filled_quantity: filled, average_price: "187.2" });
      expect(stepOf(settled, report)).toMatchObject({
        state: { ...delivered, filled_quantity: filled, average_price: "187.2" },
        auditType: expect.stringMatching(/^order\.(filled|canceled|expired)$/),
      });
    },
  );

  it.each<[string, OrderStatus, string, string]>([
    ["rests", "new", "0", "order.acknowledged"],
    ["has traded in part", "partially_filled", "4", "order.partially_filled"],
    ["is being canceled", "pending_cancel", "0", "order.acknowledged"],
  ])(
    "of an order that a person said was not placed, and that %s, brings it back to life",
    (_, status, filled, type) => {
      const average_price = filled === "0" ? null : "187.2";
      const report = reportOf({ status, filled_quantity: filled, average_price });
      expect(stepOf(settled, report)).toEqual({
        state: { ...settled, ...delivered, status, filled_quantity: filled, average_price },
        auditType: type,
      });
    },
  );

  it.each([denied, lapsed, neverSent])(
    "brings no other order back that is not at the broker ($reason.code)",
    (state) => {
      expect(advance(state, reportOf({ status: "new" })).ok).toBe(false);
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
  const wish = fc
    .record({
      at: fc.constantFrom(AT, "2027-01-01T00:00:00.000Z"),
      replacedBy: fc.constantFrom(null, null, OTHER_ID),
    })
    .map((some): OrderEvent => ({ type: "cancel_requested", ...some }));
  const word = fc.constantFrom<OrderEvent>(placed("filled", "10"), placed("canceled", "4"), placed("rejected", "0"));
  const event = fc.oneof(fc.constantFrom<OrderEvent>(...Object.values(EVENTS)), report, wish, word);
  /** Events in any order, each of them possibly again much later. */
  const events = fc
    .array(event, { maxLength: 30 })
    .chain((list) => fc.shuffledSubarray([...list, ...list], { minLength: 0 }));
  const start = fc.constantFrom(
    ...[waiting, pending, submitting, repeating, unknown, needsOperator, live, canceling, partlyFilled],
    ...[ended("canceled"), ended("expired"), ended("filled", "10"), settled],
  );

  type Change = { event: OrderEvent; before: OrderState; after: OrderState; step: Step | undefined };

  /** Every change from one state to the next; refused events change nothing. */
  function walk(from: OrderState, list: readonly OrderEvent[]): Change[] {
    let before = from;
    return list.map((next) => {
      const untouched = JSON.stringify(before);
      const result = advance(before, next);
      expect(JSON.stringify(before)).toBe(untouched);
      const after = result.ok ? result.value.state : before;
      const change = { event: next, before, after, step: result.ok ? result.value : undefined };
      before = after;
      return change;
    });
  }

  const wasSettledAway = ({ delivery, reason }: OrderState) =>
    delivery === "none" && reason?.code === SETTLED_BY_OPERATOR;

  const RUNS = { numRuns: 300 };
  /** Looks at every change on every way through. */
  const everyChange = (check: (change: Change) => void, from: fc.Arbitrary<OrderState> = start) =>
    fc.property(from, events, (state, list) => walk(state, list).forEach(check));

  it("never lowers what is filled", () => {
    fc.assert(
      everyChange(({ before, after }) => expect(lessThan(after.filled_quantity, before.filled_quantity)).toBe(false)),
    );
  });

  it("never leaves filled, and leaves no other end but for more filled, or for a report where a person said not placed", () => {
    fc.assert(
      everyChange(({ event: { type }, before, after }) => {
        if (before.status === "filled") expect(after.status).toBe("filled");
        if (wasSettledAway(before) && type === "report") return;
        if (isTerminal(before.status)) expect(isTerminal(after.status)).toBe(true);
        if (isTerminal(before.status) && after.status !== before.status && after.status !== "filled") {
          expect(greaterThan(after.filled_quantity, before.filled_quantity)).toBe(true);
        }
      }),
      RUNS,
    );
  });

  it("takes a report about an order that a person said was not placed as if nobody had said so", () => {
    const notPlaced = fc.constantFrom(unknown, { ...unknown, ...WISH }, needsOperator);
    fc.assert(
      fc.property(notPlaced, report, (state, said) => {
        const { state: away } = stepOf(state, EVENTS.settled);
        expect(wasSettledAway(away)).toBe(true);
        expect(stepOf(away, said)).toEqual(stepOf(state, said));
      }),
      RUNS,
    );
  });

  it("never changes an order that will not be sent", () => {
    fc.assert(
      everyChange(
        ({ before, after, step }) => {
          expect(after).toEqual(before);
          expect(step).toBeUndefined();
        },
        fc.constantFrom(denied, lapsed, neverSent),
      ),
      RUNS,
    );
  });

  it("leaves every canceled order open for a late fill", () => {
    fc.assert(
      everyChange(({ after }) => {
        if (after.status !== "canceled" || after.delivery !== "delivered") return;
        const more = reportOf({ status: "canceled", filled_quantity: "20" });
        expect(stepOf(after, more)).toMatchObject({ state: { status: "canceled", filled_quantity: "20" } });
        expect(stepOf(after, reportOf({ status: "filled", filled_quantity: "20" })).state.status).toBe("filled");
      }),
      RUNS,
    );
  });

  it("counts an attempt for each submitting and for nothing else", () => {
    fc.assert(
      everyChange(({ event: { type }, before, after, step }) => {
        expect(after.attempts - before.attempts).toBe(type === "submitting" && step !== undefined ? 1 : 0);
      }),
      RUNS,
    );
  });

  it("makes an unknown outcome known through the venue's report or an operator's word alone", () => {
    fc.assert(
      everyChange(({ event: { type }, before, after }) => {
        if (before.outcome === "unknown" && after.outcome === "known") expect(["report", "settled"]).toContain(type);
      }),
      RUNS,
    );
  });

  it("never ends or frees an order of unknown outcome without one of the two", () => {
    fc.assert(
      everyChange(({ event: { type }, before, after }) => {
        if (before.outcome !== "unknown" || type === "report" || type === "settled") return;
        expect(isTerminal(after.status)).toBe(false);
        expect(["submitting", "unknown", "needs_operator"]).toContain(after.delivery);
      }),
      RUNS,
    );
  });

  it("sets the time of the wish to cancel once, and sends nothing after it", () => {
    fc.assert(
      everyChange(({ event: { type }, before, after, step }) => {
        if (before.cancel_requested_at === null) return;
        expect(after.cancel_requested_at).toBe(before.cancel_requested_at);
        if (type === "submitting") expect(step).toBeUndefined();
        expect(after.delivery).not.toBe(before.delivery === "submitting" ? "pending" : "submitting");
      }),
      RUNS,
    );
  });

  it("changes the quantity and the verdicts only when the rules have looked at a waiting order again", () => {
    fc.assert(
      everyChange(({ event: { type }, before, after }) => {
        if (after.quantity !== before.quantity) expect([type, before.delivery]).toEqual(["released", "waiting"]);
        if (after.verdicts !== before.verdicts) expect(["released", "denied"]).toContain(type);
      }),
      RUNS,
    );
  });

  it("is audited exactly when it says something new", () => {
    fc.assert(
      everyChange(({ event: { type }, before, after, step }) => {
        // These are told each time, also where the order is as it was.
        const isTold = type === "absent" || type === "executed" || type === "cancel_sent";
        const isRepeated = type === "cancel_requested" && before.replaced_by !== null;
        if (step === undefined || isTold || isRepeated) return;
        expect(step.auditType === undefined).toBe(JSON.stringify(after) === JSON.stringify(before));
      }),
      RUNS,
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

describe("what the other leg has closed", () => {
  const leg = aState({ ...live, parent: OTHER_ID });

  it("is taken off a leg, and stays off", () => {
    const { state, auditType } = stepOf(leg, reportOf({ quantity: "6" }));
    expect(state).toEqual({ ...leg, quantity: "6" });
    expect(auditType).toBe("order.updated");
    expect(stepOf(state, reportOf({ quantity: "10" }))).toEqual({ state });
  });

  it("takes nothing off any other order", () => {
    expect(stepOf(live, reportOf({ quantity: "6" }))).toEqual({ state: live });
  });
});
