// A shadow account in its tables: what it decides, that nothing of it is sent, and what a change of the mode leaves behind.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { listHeld } from "../../../src/account/orders/approve.ts";
import { findGoal, openGoalIn } from "../../../src/account/signals/goal-store.ts";
import { carryOn } from "../../../src/account/signals/goals.ts";
import { instruct } from "../../../src/account/signals/instruct.ts";
import { readLive } from "../../../src/account/orders/orders.ts";
import { readWorking } from "../../../src/account/positions/working.ts";
import { adoptPosition } from "../../../src/account/positions/positions.ts";
import { replaceOrder } from "../../../src/account/orders/replace.ts";
import { leaveBehind, withoutSending } from "../../../src/account/shadow.ts";
import { receiptOf } from "../../../src/account/signals/signals.ts";
import { planNext } from "../../../src/domain/follow.ts";
import { decimalOf } from "../../../src/domain/money.ts";
import { type Order, type OrderIntent, isTerminal } from "../../../src/domain/order.ts";
import type { Approved } from "../../../src/domain/risk/approved.ts";
import { OrderChange } from "../../../src/domain/signal/change.ts";
import type { Instruction } from "../../../src/domain/signal/instruction.ts";
import type { SignalReceipt } from "../../../src/domain/signal/receipt.ts";
import { NOW_MS, aBroker, aPolicy, anIntent, anOrder } from "../../support/builders.ts";
import { signalOf } from "./instructing.ts";
import { transactionSync } from "./sql-storage.ts";
import {
  ACCOUNT,
  CALLER,
  aSignal,
  admitSignal,
  at,
  decidingWith,
  journalOf,
  newId,
  numbered,
  openAccount,
  put,
  read,
  typesOf,
  pricedAt,
} from "./tables.ts";

const SHADOW = { mode: "shadow" } as const;
const HELD = { approval: { above: "0", expires_sec: 900, max_drift_percent: "1", two_persons: false } } as const;

/** Lets an order in, and says what has become of it. */
function decide(sql: SqlStorage, context: Parameters<typeof admitSignal>[2] = {}, order: object = {}): Order {
  const admitted = admitSignal(sql, aSignal({ requestId: crypto.randomUUID(), order }), context);
  if (!admitted.ok) throw new Error(admitted.error.reason);
  return admitted.value.order;
}

let made = 0;

const carryingWith = (context: Parameters<typeof decidingWith>[0] = SHADOW) => {
  const deciding = decidingWith({ referencePrices: pricedAt("200", NOW_MS - 1_000), ...context });
  return { ...deciding, random: 0.5, newId: () => newId(5_000 + (made += 1)) };
};

function send(sql: SqlStorage, instruction: Instruction, context: Parameters<typeof decidingWith>[0] = SHADOW) {
  const signal = signalOf(instruction, { requestId: crypto.randomUUID(), settings: { onOpposite: "reverse" } });
  const carried = transactionSync(sql, () => instruct(sql, { ...carryingWith(context), signal }));
  if (!carried.ok) throw new Error(carried.error.reason);
  return carried.value.value;
}

const receive = (sql: SqlStorage, instruction: Instruction): SignalReceipt => receiptOf(sql, send(sql, instruction));

function holding(quantity: string): SqlStorage {
  const sql = openAccount();
  adoptPosition(sql, "AAPL", decimalOf(quantity), NOW_MS - 7_200_000);
  return sql;
}

const changeMode = (sql: SqlStorage): readonly Order[] =>
  transactionSync(sql, () => leaveBehind(sql, { account: ACCOUNT, nowMs: NOW_MS }));

const atVenue = (index: number, overrides: Parameters<typeof anOrder>[0] = {}): Order =>
  numbered(
    anOrder({ delivery: "delivered", status: "new", venue_order_id: `venue-${index}`, attempts: 1, ...overrides }),
    700_000 + index,
  );

describe("an order in a shadow account", () => {
  it("is decided as in a live one, by the same rules with the same words, and ends there", () => {
    const [live, shadow] = [decide(openAccount()), decide(openAccount(), SHADOW)];
    expect(shadow.verdicts).toEqual(live.verdicts);
    expect(live).toMatchObject({ status: "pending_new", delivery: "pending" });
    expect(shadow).toMatchObject({ status: "shadowed", delivery: "none", outcome: "known", reason: null, attempts: 0 });
  });

  it("is on the record as approved, and then as shadowed", () => {
    const sql = openAccount();
    const order = decide(sql, SHADOW);
    expect(typesOf(sql, order)).toEqual(["signal.accepted", "order.approved", "order.shadowed"]);
    expect(journalOf(sql).at(-1)).toMatchObject({
      actor: { kind: "gateway", id: ACCOUNT },
      result: { ok: true, code: "shadowed" },
    });
  });

  it("is denied as in a live one", () => {
    const sql = openAccount();
    const policy = aPolicy({ max_quantity: "1" });
    expect(decide(sql, { ...SHADOW, policy })).toMatchObject({
      status: "denied",
      reason: { code: "max_quantity_exceeded" },
    });
    expect(typesOf(sql)).toEqual(["signal.accepted", "order.denied"]);
  });

  it("reserves nothing, is not due, and has nothing left to do", () => {
    const sql = openAccount();
    const order = decide(sql, SHADOW);
    expect([readLive(sql), readWorking(sql)]).toEqual([[], []]);
    expect(read(sql, order).dueAtMs).toBeNull();
    expect(isTerminal(order.status)).toBe(true);
  });

  it("counts against the rates all the same", () => {
    const sql = openAccount();
    const policy = aPolicy({ max_orders_per_min: 1 });
    decide(sql, { ...SHADOW, policy });
    expect(decide(sql, { ...SHADOW, policy })).toMatchObject({ status: "denied" });
  });

  it("waits for nobody where it would be held, and keeps how it would have been", () => {
    const sql = openAccount();
    const order = decide(sql, { ...SHADOW, policy: aPolicy(HELD) });
    expect(order).toMatchObject({ status: "shadowed", hold: { decided: null } });
    expect(typesOf(sql, order)).toEqual(["signal.accepted", "order.held", "order.shadowed"]);
    expect(listHeld(sql)).toEqual([]);
  });

  it("in the place of one at the broker leaves that one as it is", () => {
    const sql = openAccount();
    const old = put(sql, atVenue(1, { time_in_force: "gtc" })).order;
    const { order: _, proof: _proof, ...sender } = aSignal();
    const replaced = replaceOrder(sql, {
      ...decidingWith(SHADOW),
      ...at(),
      newId: () => newId(1),
      replacement: {
        ...sender,
        actor: CALLER.actor,
        original: old.id,
        change: OrderChange.parse({ limit_price: "186" }),
      },
    });
    expect(replaced).toMatchObject({ ok: true, value: { order: { status: "shadowed", replaces: old.id } } });
    expect(read(sql, old).order).toEqual(old);
  });
});

describe("an instruction in a shadow account", () => {
  const AAPL = { symbol: "AAPL", type: "market" } as const;
  const REVERSE: Instruction = {
    action: "reverse",
    side: "sell",
    ...AAPL,
    size: { by: "quantity", value: decimalOf("10") },
  };

  it("ends with the order that it would have placed", () => {
    const sql = openAccount();
    const receipt = receive(sql, REVERSE);
    expect(receipt.steps).toMatchObject([{ outcome: "shadowed", code: "order_shadowed" }]);
    expect(receipt.orders).toMatchObject([{ side: "sell", quantity: "10", status: "shadowed" }]);
    expect(openGoalIn(sql, "AAPL")).toBeUndefined();
  });

  it("that reduces first ends with that: what would come after it depends on a fill that does not come", () => {
    const sql = holding("5");
    const receipt = receive(sql, REVERSE);
    expect(receipt.steps).toMatchObject([{ outcome: "shadowed", code: "order_shadowed" }]);
    expect(receipt.orders).toMatchObject([{ side: "sell", quantity: "5", status: "shadowed" }]);
    expect(openGoalIn(sql, "AAPL")).toBeUndefined();
  });

  it("makes nothing at the broker give way to what is not sent", () => {
    const sql = holding("5");
    const protection = put(sql, atVenue(1, { side: "sell", type: "stop", stop_price: "150" })).order;
    for (const instruction of [REVERSE, { action: "exit", ...AAPL }, { action: "flatten" }] as Instruction[]) {
      expect(receive(sql, instruction).orders).toMatchObject([{ side: "sell", quantity: "5", status: "shadowed" }]);
    }
    expect(read(sql, protection).order.cancel_requested_at).toBeNull();
  });

  it("to cancel is carried out at the broker: it only takes away", () => {
    const sql = openAccount();
    const resting = put(sql, atVenue(1)).order;
    expect(receive(sql, { action: "cancel" }).steps).toMatchObject([{ outcome: "done", canceled: [resting.id] }]);
    expect(read(sql, resting).order.cancel_requested_at).not.toBeNull();
  });

  it("to buy is shadowed as a step, too", () => {
    const sql = openAccount();
    const size = { by: "quantity", value: decimalOf("2") } as const;
    const receipt = receive(sql, { action: "buy", ...AAPL, size });
    expect(receipt.steps).toMatchObject([{ outcome: "shadowed" }]);
    expect(receipt.orders).toMatchObject([{ quantity: "2", status: "shadowed" }]);
  });
});

describe("a change of the mode", () => {
  const PENDING = anOrder();
  const UNSENT = [
    PENDING,
    anOrder({ delivery: "waiting" }),
    anOrder({
      delivery: "held",
      hold: { expires_at: "2026-01-15T15:00:00.000Z", price: null, owner: null, decided: null },
    }),
    anOrder({ attempts: 2, reason: { code: "rate_limited" } }),
  ];

  it("ends what was approved and has not left", () => {
    const sql = openAccount();
    const unsent = UNSENT.map((order, index) => put(sql, numbered(order, index + 1)).order);
    const left = changeMode(sql);
    expect(left.map(({ id }) => id).toSorted()).toEqual(unsent.map(({ id }) => id).toSorted());
    for (const order of unsent) expect(read(sql, order).order).toMatchObject({ status: "shadowed", delivery: "none" });
    expect(readLive(sql)).toEqual([]);
  });

  it("leaves what the broker has, or may have, to be followed, and never sent again", () => {
    const sql = openAccount();
    const live = put(sql, atVenue(1)).order;
    const unknown = put(sql, numbered(anOrder({ delivery: "unknown", outcome: "unknown", attempts: 1 }), 2)).order;
    const onItsWay = put(sql, numbered(anOrder({ delivery: "submitting", attempts: 1 }), 3)).order;
    expect(changeMode(sql)).toEqual([]);
    for (const order of [live, unknown, onItsWay]) {
      expect(read(sql, order).order).toEqual(order);
      expect(read(sql, order).expiresAtMs).toBe(NOW_MS);
    }
  });

  it("ends every goal, so that nothing more is ordered for what was wanted before", () => {
    const sql = holding("5");
    const stored = send(sql, { action: "exit", symbol: "AAPL", type: "market" }, {});
    const goal = stored.steps[0]?.goal ?? "";
    expect(openGoalIn(sql, "AAPL")?.id).toBe(goal);
    changeMode(sql);
    expect(findGoal(sql, goal)?.goal).toMatchObject({ stage: "ended", code: "mode_changed" });
    transactionSync(sql, () => carryOn(sql, goal, carryingWith({})));
    expect(receiptOf(sql, stored)).toMatchObject({
      steps: [{ outcome: "failed", code: "mode_changed" }],
      orders: [{ status: "shadowed" }],
    });
  });

  it("lets nothing leave afterwards that was decided before, whatever it was and whichever mode comes", () => {
    const anyDelivery = fc.constantFrom("held", "waiting", "pending", "submitting", "unknown") as fc.Arbitrary<
      Order["delivery"]
    >;
    fc.assert(
      fc.property(fc.array(anyDelivery, { maxLength: 8 }), fc.boolean(), (deliveries, isShadow) => {
        const sql = openAccount();
        const hold = UNSENT[2]?.hold;
        const orders = deliveries.map((delivery, index) => {
          const state = { delivery, ...(delivery === "held" ? { hold } : {}) };
          return put(sql, numbered(anOrder(state), index + 1)).order;
        });
        changeMode(sql);
        for (const order of orders) {
          const row = read(sql, order);
          // As if every attempt under way came back as not sent, and every doubt as absent for good.
          const delivery = row.order.delivery === "submitting" ? "pending" : row.order.delivery;
          const next = planNext(
            { ...row.order, delivery },
            {
              nowMs: NOW_MS,
              expiresAtMs: row.expiresAtMs,
              looks: 0,
              absences: 6,
              parentLives: false,
              deduplication: "permanent",
              mayLeave: true,
              isShadow,
              predecessorEnded: true,
            },
          );
          expect(["submit", "release"]).not.toContain(next.move);
        }
      }),
    );
  });
});

describe("a broker that is given no order", () => {
  it("answers as if it had not been sent, is still asked, and is told to cancel", async () => {
    const calls: string[] = [];
    const broker = withoutSending(
      aBroker({
        submit: () => Promise.reject(new Error("an order was sent")),
        cancel: (id) => {
          calls.push(`cancel ${id}`);
          return Promise.resolve({ ending: "requested" });
        },
        find: (id) => {
          calls.push(`find ${id}`);
          return Promise.resolve({ ending: "absent" });
        },
      }),
    );
    expect(await broker.submit(anIntent() as Approved<OrderIntent>)).toEqual({
      ending: "not_sent",
      code: "shadow",
      retryAfterMs: null,
    });
    await broker.cancel("venue-1");
    await broker.find(anOrder().client_order_id);
    expect(calls).toEqual(["cancel venue-1", `find ${anOrder().client_order_id}`]);
  });
});
