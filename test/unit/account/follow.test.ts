import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type FollowDeps, followOrder, intentOf } from "../../../src/account/follow.ts";
import { countPending, readPending } from "../../../src/account/journal.ts";
import {
  type OrderRow,
  findOrder,
  insertOrder,
  makeInterruptedDue,
  updateOrder,
  workingQuantities,
} from "../../../src/account/orders.ts";
import { positionIn } from "../../../src/account/positions.ts";
import { postponeLook, recordEvent } from "../../../src/account/record.ts";
import type { Broker, Deduplication, FindEnding, SubmitEnding, VenueReport } from "../../../src/domain/broker.ts";
import type { ClientOrderId } from "../../../src/domain/ids.ts";
import { type OrderEvent, advance } from "../../../src/domain/lifecycle.ts";
import { decimalOf, lessThan } from "../../../src/domain/money.ts";
import { type Order, type OrderStatus, isTerminal } from "../../../src/domain/order.ts";
import { NOW_MS, aReport, aRow, anIntent, anOrder } from "../../support/builders.ts";
import { openSqlStorage } from "./sql-storage.ts";

const pending = anOrder();
const unknown = anOrder({ delivery: "unknown", outcome: "unknown", attempts: 1, reason: { code: "timeout" } });
const interrupted = anOrder({ delivery: "submitting", attempts: 1 });
const live = anOrder({ delivery: "delivered", status: "new", venue_order_id: "venue-1", attempts: 1 });
const needsOperator = anOrder({ ...unknown, delivery: "needs_operator" });

type Endings = {
  readonly submit?: SubmitEnding;
  readonly find?: FindEnding;
  readonly deduplication?: Deduplication;
  readonly mayLeave?: boolean;
  /** Events that come too late, because the order has moved on. */
  readonly refuses?: OrderEvent["type"];
};

/** Deps that write down every call, in order, and what each was given. */
function makeDeps({ submit, find, deduplication = "permanent", mayLeave = true, refuses }: Endings = {}) {
  const calls: string[] = [];
  const events: OrderEvent[] = [];
  const submitted: unknown[] = [];
  const broker: Broker = {
    deduplication,
    supports: () => undefined,
    latestTrade: () => Promise.resolve(undefined),
    submit: (intent) => {
      calls.push("broker.submit");
      submitted.push(intent);
      return submit === undefined ? Promise.reject(new Error("unexpected submit")) : Promise.resolve(submit);
    },
    find: (id) => {
      calls.push(`broker.find ${id}`);
      return find === undefined ? Promise.reject(new Error("unexpected find")) : Promise.resolve(find);
    },
  };
  const deps: FollowDeps = {
    broker,
    nowMs: () => NOW_MS,
    mayLeave: () => mayLeave,
    record: (seen, event) => {
      calls.push(`record ${event.type}`);
      if (event.type === refuses) return undefined;
      events.push(event);
      const step = advance(seen.order, event);
      if (!step.ok) throw new Error(`illegal: ${JSON.stringify(step.error)}`);
      return { ...seen, order: { ...seen.order, ...step.value.state } };
    },
    postpone: () => calls.push("postpone"),
  };
  return { deps, calls, events, submitted };
}

async function follow(order: Order, endings: Endings = {}, overrides: Partial<OrderRow> = {}) {
  const made = makeDeps(endings);
  await followOrder(aRow({ ...overrides, order }), made.deps);
  return made;
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
    await expect(followOrder(aRow(), { ...deps, record })).rejects.toThrow("storage is gone");
    expect(calls).toEqual([]);
  });

  it("does not leave without the verdicts of its approval", async () => {
    const { deps, calls } = makeDeps({ submit: accepted });
    const order = anOrder({ verdicts: [] });
    await expect(followOrder(aRow({ order }), deps)).rejects.toThrow("never approved");
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
    ["of a live order that is another", live, { ending: "found", report: other }, "postpone"],
    ["of a live order that is not shown", live, { ending: "absent" }, "postpone"],
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
  ])("%s", async (_, order, find, then) => {
    const { calls } = await follow(order, { find });
    expect(calls).toEqual([`broker.find ${order.client_order_id}`, then]);
  });

  it("says why another order under our id needs an operator", async () => {
    const { events } = await follow(unknown, { find: { ending: "found", report: other } });
    expect(events).toEqual([{ type: "needs_operator", code: "other_order_found" }]);
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

  it.each<Deduplication>(["open_orders", "none"])("never does where an id counts %s", async (deduplication) => {
    const { calls } = await follow(unknown, { deduplication, find: { ending: "absent" } }, { absences: 200 });
    expect(calls).toEqual([`broker.find ${unknown.client_order_id}`, "record absent"]);
  });
});

describe("an order that is over", () => {
  it.each([
    ["denied", anOrder({ delivery: "none", status: "denied" })],
    ["lapsed", anOrder({ delivery: "none", status: "expired" })],
    ["filled", anOrder({ delivery: "delivered", status: "filled", filled_quantity: "10" })],
  ])("is left alone (%s)", async (_, order) => {
    expect((await follow(order)).calls).toEqual(["postpone"]);
  });
});

describe("the intent of an order", () => {
  it.each([
    ["a limit order", anIntent()],
    ["an order by notional", anIntent({ type: "market", quantity: undefined, limit_price: undefined, notional: "5" })],
    ["a stop limit order", anIntent({ type: "stop_limit", side: "sell", stop_price: "180", time_in_force: "gtc" })],
  ])("is what was asked for: %s", (_, intent) => {
    const order = anOrder({ quantity: undefined, limit_price: undefined, ...intent });
    expect(intentOf(order)).toEqual(intent);
  });
});

describe("an order followed through any weather", () => {
  /** What the venue does with one attempt. `crash` is ours: the process ends while the attempt is on the wire. */
  const ATTEMPTS = [
    "accept",
    "accept_then_drop_the_answer",
    "accept_then_crash",
    "crash_before",
    "lose",
    "reject",
    "throttle",
    "answer_with_another_order",
  ] as const;
  type Attempt = (typeof ATTEMPTS)[number];
  const LOOKS = ["true", "true", "stale", "outage"] as const;

  type Weather = {
    readonly deduplication: Deduplication;
    /** For each attempt in turn; after the last, the venue accepts. */
    readonly attempts: readonly Attempt[];
    /** For each look-up in turn; after the last, the venue tells the truth. */
    readonly looks: readonly (typeof LOOKS)[number][];
    /** How long the venue hides a new order from look-ups. */
    readonly hiddenMs: number;
    /** How long each of the 10 units takes to fill; after the last, and after the cancel, the order has ended. */
    readonly unitMs: number;
    readonly cancelAfterUnits: number;
    /** When trading is halted, counted from the start. */
    readonly haltAfterMs: number;
  };

  const weathers: fc.Arbitrary<Weather> = fc.record({
    deduplication: fc.constantFrom<Deduplication>("permanent", "permanent", "open_orders", "none"),
    attempts: fc.array(fc.constantFrom(...ATTEMPTS), { maxLength: 6 }),
    looks: fc.array(fc.constantFrom(...LOOKS), { maxLength: 40 }),
    hiddenMs: fc.constantFrom(0, 400, 3_000, 20_000, 70_000, 3_600_000),
    unitMs: fc.constantFrom(0, 100, 5_000, 60_000),
    cancelAfterUnits: fc.integer({ min: 0, max: 10 }),
    haltAfterMs: fc.constantFrom(0, 1_500, 25_000, Infinity, Infinity),
  });

  const STALE_MS = 2_000;

  /** A venue that keeps at most one order per id where it says so, and as many as it is sent where it does not. */
  function makeVenue(weather: Weather, clock: { nowMs: number }, onSubmit: () => void) {
    const acceptedAtMs: number[] = [];
    let submits = 0;
    let finds = 0;

    const viewOf = (openedAtMs: number, atMs: number): VenueReport => {
      const units = weather.unitMs === 0 ? 10 : Math.floor(Math.max(0, atMs - openedAtMs) / weather.unitMs);
      const filled = Math.min(units, weather.cancelAfterUnits);
      const status = ((): OrderStatus => {
        if (filled === 10) return "filled";
        if (filled === weather.cancelAfterUnits) return "canceled";
        return filled === 0 ? "new" : "partially_filled";
      })();
      return aReport({ status, filled_quantity: String(filled), average_price: filled === 0 ? null : "187.25" });
    };
    const accept = (): SubmitEnding => {
      const duplicate: SubmitEnding = { ending: "unknown", code: "duplicate_client_order_id" };
      const [first] = acceptedAtMs;
      if (first !== undefined && weather.deduplication === "permanent") return duplicate;
      const isOpen = first !== undefined && !isTerminal(viewOf(first, clock.nowMs).status);
      if (isOpen && weather.deduplication === "open_orders") return duplicate;
      acceptedAtMs.push(clock.nowMs);
      return { ending: "accepted", report: viewOf(clock.nowMs, clock.nowMs) };
    };

    const attempt = (): SubmitEnding => {
      const behaviour = weather.attempts[submits++] ?? "accept";
      // The call itself takes a moment.
      clock.nowMs += 40;
      switch (behaviour) {
        case "accept":
          return accept();
        case "accept_then_drop_the_answer":
          accept();
          return { ending: "unknown", code: "timeout" };
        case "accept_then_crash":
          accept();
          throw new Error("crash");
        case "crash_before":
          throw new Error("crash");
        case "lose":
          return { ending: "unknown", code: "connection_lost" };
        case "reject":
          // Also of a repeat whose first attempt used up the money, so before the id is looked at.
          return { ending: "rejected", code: "insufficient_funds", detail: "not enough buying power" };
        case "throttle":
          return { ending: "not_sent", code: "rate_limited", retryAfterMs: 1_000 };
        case "answer_with_another_order": {
          const ending = accept();
          return ending.ending === "accepted" ? { ...ending, report: aReport({ symbol: "MSFT" }) } : ending;
        }
        default:
          return behaviour satisfies never;
      }
    };
    const look = (): FindEnding => {
      const behaviour = weather.looks[finds++] ?? "true";
      const [first] = acceptedAtMs;
      if (behaviour === "outage") return { ending: "unknown", code: "timeout" };
      if (first === undefined || clock.nowMs < first + weather.hiddenMs) return { ending: "absent" };
      return { ending: "found", report: viewOf(first, clock.nowMs - (behaviour === "stale" ? STALE_MS : 0)) };
    };

    const broker: Broker = {
      deduplication: weather.deduplication,
      supports: () => undefined,
      latestTrade: () => Promise.resolve(undefined),
      submit: async () => {
        onSubmit();
        return attempt();
      },
      find: async () => look(),
    };
    return { broker, acceptedAtMs, viewOf };
  }

  const STEPS_MAX = 1_000;

  /** Follows one order as the account does, until nothing is due or {@link STEPS_MAX} steps are made. */
  async function run(weather: Weather) {
    const sql = openSqlStorage();
    const clock = { nowMs: NOW_MS };
    insertOrder(sql, aRow(), null);
    const { id } = pending;
    const read = (): OrderRow => {
      const row = findOrder(sql, id);
      if (row === undefined) throw new Error("the order is gone");
      return row;
    };
    const mayLeave = () => clock.nowMs < NOW_MS + weather.haltAfterMs;

    let submits = 0;
    const venue = makeVenue(weather, clock, () => {
      submits += 1;
      expect(read().order).toMatchObject({ delivery: "submitting", attempts: submits });
      expect(mayLeave()).toBe(true);
    });
    const deps: FollowDeps = {
      broker: venue.broker,
      nowMs: () => clock.nowMs,
      mayLeave,
      record: (seen, event) => {
        const row = read();
        if (row.order.delivery !== seen.order.delivery || row.order.attempts !== seen.order.attempts) return undefined;
        const recorded = recordEvent(sql, row, event, clock.nowMs);
        return recorded.ok ? recorded.value : undefined;
      },
      postpone: () => postponeLook(sql, read(), clock.nowMs),
    };

    let steps = 0;
    for (; steps < STEPS_MAX; steps++) {
      const row = read();
      if (row.dueAtMs === null) break;
      // Nothing is at the venue and nothing will be sent again: every further look would be like the last.
      if (row.order.delivery === "needs_operator" && venue.acceptedAtMs.length === 0) break;
      clock.nowMs = Math.max(clock.nowMs, row.dueAtMs);
      try {
        await followOrder(row, deps);
      } catch (thrown) {
        if (!(thrown instanceof Error) || thrown.message !== "crash") throw thrown;
        // The next process finds the record as it is.
        makeInterruptedDue(sql);
      }
      const { order } = read();
      expect(lessThan(order.filled_quantity, row.order.filled_quantity)).toBe(false);
      expect(positionIn(sql, order.symbol)).toBe(order.filled_quantity);
      expect(venue.acceptedAtMs.length).toBeLessThanOrEqual(1);
    }
    return { order: read().order, dueAtMs: read().dueAtMs, submits, steps, venue, clock, sql };
  }

  it("exists at the venue at most once, and in the end our record says what the venue says", async () => {
    await fc.assert(
      fc.asyncProperty(weathers, async (weather) => {
        const { order, dueAtMs, submits, venue, clock } = await run(weather);
        const [openedAtMs] = venue.acceptedAtMs;
        expect(order.attempts).toBe(submits);
        expect(submits).toBeLessThanOrEqual(4);
        if (openedAtMs === undefined) {
          expect(order.filled_quantity).toBe("0");
          expect(["rejected", "expired", "pending_new"]).toContain(order.status);
          if (order.status === "pending_new") expect(order).toMatchObject({ delivery: "needs_operator" });
        } else {
          const truth = venue.viewOf(openedAtMs, clock.nowMs);
          expect(order).toMatchObject({
            delivery: "delivered",
            outcome: "known",
            status: truth.status,
            filled_quantity: truth.filled_quantity,
          });
          expect(dueAtMs).toBeNull();
        }
      }),
      { numRuns: 200 },
    );
  });

  it("is written down attempt by attempt, and as submitting as often as it was sent", async () => {
    await fc.assert(
      fc.asyncProperty(weathers, async (weather) => {
        const { order, submits, sql } = await run(weather);
        const types = readPending(sql, order.account, countPending(sql)).map(
          ({ event }) => (JSON.parse(event) as { type: string }).type,
        );
        expect(types.filter((type) => type === "order.submitting")).toHaveLength(submits);
      }),
      { numRuns: 50 },
    );
  });

  const CALM: Weather = {
    deduplication: "permanent",
    attempts: [],
    looks: [],
    hiddenMs: 0,
    unitMs: 100,
    cancelAfterUnits: 10,
    haltAfterMs: Infinity,
  };

  it.each<[string, Partial<Weather>, number, Partial<Record<keyof Order, unknown>>]>([
    ["nothing goes wrong", {}, 1, { status: "filled" }],
    ["the answer is lost", { attempts: ["accept_then_drop_the_answer"] }, 1, { status: "filled" }],
    ["the process ends after the venue has it", { attempts: ["accept_then_crash"] }, 1, { status: "filled" }],
    ["the process ends before the venue has it", { attempts: ["crash_before"] }, 2, { status: "filled" }],
    ["the attempt is lost", { attempts: ["lose"] }, 2, { status: "filled" }],
    [
      "the attempt is lost at a venue that takes ids twice",
      { attempts: ["lose"], deduplication: "none" },
      1,
      { delivery: "needs_operator" },
    ],
    ["it is throttled three times", { attempts: ["throttle", "throttle", "throttle"] }, 4, { status: "filled" }],
    [
      "it is throttled four times",
      { attempts: ["throttle", "throttle", "throttle", "throttle"] },
      4,
      { status: "expired", delivery: "none" },
    ],
    ["it is rejected", { attempts: ["reject"] }, 1, { status: "rejected" }],
    [
      "a repeat is refused for the money that the first attempt holds",
      { attempts: ["accept_then_drop_the_answer", "reject"], hiddenMs: 70_000 },
      2,
      { status: "filled" },
    ],
    [
      "a repeat is refused as a duplicate",
      { attempts: ["accept_then_drop_the_answer"], hiddenMs: 70_000 },
      2,
      { status: "filled" },
    ],
    [
      "a repeat is throttled after a lost answer",
      { attempts: ["accept_then_drop_the_answer", "throttle", "throttle", "throttle"], hiddenMs: 70_000 },
      2,
      { status: "filled" },
    ],
    ["trading is halted before it leaves", { haltAfterMs: 0 }, 0, { status: "expired", delivery: "none" }],
    [
      "trading is halted while it is unknown",
      { attempts: ["lose"], haltAfterMs: 1_500 },
      1,
      { delivery: "needs_operator" },
    ],
  ])("ends as it should when %s", async (_, weather, submits, end) => {
    const result = await run({ ...CALM, ...weather });
    expect(result.order).toMatchObject(end);
    expect(result.submits).toBe(submits);
  });
});

describe("the units that live orders may still fill", () => {
  const working = (...orders: readonly Order[]) => {
    const sql = openSqlStorage();
    for (const [index, order] of orders.entries()) {
      const client_order_id = `order-${index}` as ClientOrderId;
      const id = order.id.replace(/.$/, String(index)) as Order["id"];
      insertOrder(sql, aRow({ order: { ...order, id, client_order_id } }), null);
    }
    return workingQuantities(sql, "AAPL", "buy");
  };

  it("are what is not filled of each, those of unknown outcome included", () => {
    const partly = anOrder({ ...live, status: "partially_filled", filled_quantity: "4" });
    expect(working(pending, unknown, partly)).toEqual(["10", "10", "6"]);
  });

  it("do not count another side, another symbol, or an order that is over", () => {
    const filled = anOrder({ ...live, status: "filled", filled_quantity: "10" });
    expect(working(anOrder({ side: "sell" }), anOrder({ symbol: "MSFT" }), filled)).toEqual([]);
  });

  it("exceed any position while an order by notional is live, because nobody knows its units", () => {
    const byNotional = anOrder({ type: "market", quantity: undefined, limit_price: undefined, notional: "500" });
    expect(working(byNotional).some((units) => lessThan(decimalOf("999999999999"), units))).toBe(true);
  });

  it("follow the record", () => {
    const sql = openSqlStorage();
    insertOrder(sql, aRow({ order: live }), null);
    const filled = anOrder({ ...live, status: "filled", filled_quantity: "10" });
    updateOrder(sql, aRow({ order: filled, dueAtMs: null }));
    expect(workingQuantities(sql, "AAPL", "buy")).toEqual([]);
  });
});
