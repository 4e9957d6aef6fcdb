// Whatever is sent, said and reported, in whatever order: what an account may come to hold never goes beyond its cap.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { approveOrder, declineOrder } from "../../../../src/account/orders/approve.ts";
import { cancelOrder } from "../../../../src/account/orders/cancel.ts";
import { readDueGoals } from "../../../../src/account/signals/goal-store.ts";
import { carryOn } from "../../../../src/account/signals/goals.ts";
import { instruct } from "../../../../src/account/signals/instruct.ts";
import { findOrder, readLiveRows } from "../../../../src/account/orders/orders.ts";
import { readWorking } from "../../../../src/account/positions/working.ts";
import { positionIn } from "../../../../src/account/positions/positions.ts";
import { recordEvent } from "../../../../src/account/orders/record.ts";
import { releaseOrder, replaceOrder } from "../../../../src/account/orders/replace.ts";
import { leavesQuantity } from "../../../../src/domain/leaves.ts";
import type { OrderEvent } from "../../../../src/domain/lifecycle.ts";
import { decimalOf } from "../../../../src/domain/money.ts";
import { type Order, type OrderStatus, isTerminal } from "../../../../src/domain/order.ts";
import { OrderChange } from "../../../../src/domain/signal/change.ts";
import type { Instruction } from "../../../../src/domain/signal/instruction.ts";
import { aPolicy, aReport } from "../../../support/builders.ts";
import { transactionSync } from "../sql-storage.ts";
import { CALLER, aSignal, admitSignal, at, decidingWith, newId, openAccount } from "../tables.ts";
import type { InstructionSignal } from "../../../../src/account/door/envelope.ts";

const CAP = 20;
const policy = aPolicy({
  max_position: String(CAP),
  // From 9 units on, at 187.5 each.
  approval: { above: "1600", expires_sec: 900, max_drift_percent: "off", two_persons: false },
});

let made = 1_000;
const nextId = () => newId((made += 1));
let requests = 0;
const nextRequest = () => `caps-${(requests += 1)}`;

type Step = (sql: SqlStorage) => void;

const sides = fc.constantFrom("buy" as const, "sell" as const);
const counts = fc.integer({ min: 1, max: 14 }).map(String);
const places = fc.nat({ max: 9 });
const AAPL = { symbol: "AAPL", type: "market" } as const;
const sizeOf = (count: string) => ({ by: "quantity", value: decimalOf(count) }) as const;

const wishes: fc.Arbitrary<Instruction> = fc.oneof(
  fc
    .record({ action: fc.constantFrom("enter" as const, "reverse" as const), side: sides, size: counts.map(sizeOf) })
    .map((wish): Instruction => ({ ...wish, ...AAPL })),
  counts.map((count): Instruction => ({ action: "add", size: sizeOf(count), ...AAPL })),
  fc
    .integer({ min: -25, max: 25 })
    .map((position): Instruction => ({ action: "target", position: decimalOf(String(position)), ...AAPL })),
  fc.constantFrom<Instruction>({ action: "exit", ...AAPL }, { action: "flatten" }, { action: "cancel" }),
);

const SETTINGS: InstructionSignal["settings"] = {
  onOpposite: "reverse",
  defaultSize: null,
  max_age_sec: null,
  delayed_feed: "deny",
  position_gap: "off",
};

const contextOf = () => ({
  ...decidingWith({ policy }),
  random: 0.5,
  newId: nextId,
});

/** Of the live orders, one. */
function pick(sql: SqlStorage, place: number) {
  const rows = readLiveRows(sql).toSorted((a, b) => a.order.id.localeCompare(b.order.id));
  return rows.length === 0 ? undefined : rows[place % rows.length];
}

/** What the broker may tell of an order that lives; of one that has ended it tells nothing more here. */
const REPORTS: Readonly<Record<string, (order: Order) => OrderEvent>> = {
  "sends it": () => ({ type: "submitting" }),
  "loses the answer": () => ({ type: "unknown", code: "timeout" }),
  "does not show it": () => ({ type: "absent" }),
  "has not got it": () => ({ type: "not_sent", code: "rate_limited", retryAfterMs: null }),
  "refuses it": () => ({ type: "rejected", code: "no", detail: "no" }),
  "has it": (order) => reported(order, order.filled_quantity, "new"),
  "fills a part": (order) =>
    reported(order, String(Math.min(Number(order.filled_quantity) + 1, Number(order.quantity))), "partially_filled"),
  "fills it": (order) => reported(order, order.quantity ?? "1", "filled"),
  "cancels it": (order) => reported(order, order.filled_quantity, "canceled"),
};

const reported = (order: Order, filled: string, status: OrderStatus): OrderEvent => ({
  type: "report",
  report: aReport({
    client_order_id: order.client_order_id,
    side: order.side,
    quantity: order.quantity ?? null,
    status: status === "partially_filled" && filled === order.quantity ? "filled" : status,
    filled_quantity: filled,
    average_price: filled === "0" ? null : "187.5",
  }),
});

const steps: fc.Arbitrary<{ readonly what: string; readonly step: Step }> = fc.oneof(
  fc.record({ side: sides, quantity: counts }).map(({ side, quantity }) => ({
    what: `order ${side} ${quantity}`,
    step: (sql: SqlStorage) => {
      const order = { side, quantity, type: "market", limit_price: undefined };
      admitSignal(sql, aSignal({ order, requestId: nextRequest() }), { policy });
    },
  })),
  wishes.map((wish) => ({
    what: JSON.stringify(wish),
    step: (sql: SqlStorage) => {
      const { order: _, proof, ...envelope } = aSignal({ requestId: nextRequest() });
      if (proof === null) throw new Error("a signal proves itself");
      const told = {
        name: null,
        format: "native",
        circumstances: {},
        notices: [],
        settings: SETTINGS,
        stopReach: "source" as const,
      };
      const signal = { ...envelope, proof, ...told, instructions: [wish] };
      instruct(sql, { ...contextOf(), limits: { ratePerSec: 1_000, capacity: 1_000 }, signal });
    },
  })),
  fc.record({ place: places, quantity: fc.option(counts, { nil: undefined }) }).map(({ place, quantity }) => ({
    what: `approve ${place} for ${quantity ?? "all"}`,
    step: (sql: SqlStorage) => {
      const row = pick(sql, place);
      const asked = { quantity: quantity === undefined ? undefined : decimalOf(quantity), why: null };
      const caller = { ...CALLER, requestId: nextRequest() };
      if (row !== undefined) approveOrder(sql, row.order.id, asked, { ...decidingWith({ policy }), ...at(), caller });
    },
  })),
  places.map((place) => ({
    what: `decline ${place}`,
    step: (sql: SqlStorage) => {
      const row = pick(sql, place);
      if (row !== undefined) declineOrder(sql, row.order.id, null, { ...at(), caller: CALLER });
    },
  })),
  places.map((place) => ({
    what: `cancel ${place}`,
    step: (sql: SqlStorage) => {
      const row = pick(sql, place);
      if (row !== undefined) cancelOrder(sql, row.order.id, at());
    },
  })),
  fc.record({ place: places, quantity: counts }).map(({ place, quantity }) => ({
    what: `replace ${place} by ${quantity}`,
    step: (sql: SqlStorage) => {
      const row = pick(sql, place);
      if (row === undefined) return;
      const { order: _order, proof: _proof, ...sender } = aSignal({ requestId: nextRequest() });
      const replacement = { ...sender, original: row.order.id, change: OrderChange.parse({ quantity }) };
      replaceOrder(sql, { ...contextOf(), replacement });
    },
  })),
  ...[1, 2, 3, 4].map(() =>
    fc.record({ place: places, says: fc.constantFrom(...Object.keys(REPORTS)) }).map(({ place, says }) => ({
      what: `the broker ${says}: ${place}`,
      step: (sql: SqlStorage) => {
        const row = pick(sql, place);
        const event = row && REPORTS[says]?.(row.order);
        if (row !== undefined && event !== undefined) recordEvent(sql, row, event, at());
      },
    })),
  ),
);

/** As the account does after every change. */
function settle(sql: SqlStorage): void {
  for (const { order } of readLiveRows(sql).filter((row) => row.order.delivery === "waiting")) {
    const old = order.replaces === null ? undefined : findOrder(sql, order.replaces)?.order;
    if (old === undefined || !isTerminal(old.status)) continue;
    releaseOrder(sql, order.id, contextOf());
  }
  for (const { id } of readDueGoals(sql)) carryOn(sql, id, contextOf());
}

/** What would be held if everything on one side filled and nothing on the other. */
function worst(sql: SqlStorage): { readonly long: number; readonly short: number } {
  const live = readWorking(sql).map(({ order }) => order);
  const leaves = (side: Order["side"]) =>
    live.filter((order) => order.side === side).reduce((sum, order) => sum + Number(leavesQuantity(order)), 0);
  const held = Number(positionIn(sql, "AAPL"));
  return { long: held + leaves("buy"), short: leaves("sell") - held };
}

describe("any sequence of signals, words and reports", () => {
  it("never leads beyond the cap, whatever is unknown, held or waiting", { timeout: 30_000 }, () => {
    let furthest = 0;
    fc.assert(
      fc.property(fc.array(steps, { minLength: 1, maxLength: 25 }), (sequence) => {
        const sql = openAccount();
        for (const { what, step } of sequence) {
          transactionSync(sql, () => {
            step(sql);
            settle(sql);
          });
          const { long, short } = worst(sql);
          furthest = Math.max(furthest, long, short);
          expect(long, what).toBeLessThanOrEqual(CAP);
          expect(short, what).toBeLessThanOrEqual(CAP);
        }
      }),
      { numRuns: 150 },
    );
    // The sequences do come near to the cap.
    expect(furthest).toBeGreaterThan(CAP / 2);
  });
});
