// A person's word on a held order, in the account's tables.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ApproveArgs, approveOrder, declineOrder, listHeld } from "../../../../src/account/orders/approve.ts";
import { cancelOrder } from "../../../../src/account/orders/cancel.ts";
import { listOrders } from "../../../../src/account/orders/orders.ts";
import { addToPosition } from "../../../../src/account/positions/positions.ts";
import { decimalOf } from "../../../../src/domain/money.ts";
import type { Order } from "../../../../src/domain/order.ts";
import { NOW_MS, aPolicy } from "../../../support/builders.ts";
import {
  CALLER,
  aSignal,
  admitSignal,
  at,
  decidingWith,
  journalOf,
  openAccount,
  read,
  stopTrading,
  typesOf,
  workingUnits,
  pricedAt,
} from "../tables.ts";

const HOLD_MS = 900_000;
const approval = (overrides: object = {}) => ({
  above: "0",
  expires_sec: 900,
  max_drift_percent: "1",
  two_persons: false,
  ...overrides,
});
const policy = aPolicy({ approval: approval() });

const BEN = { ...CALLER, actor: { kind: "api_key", id: "ben/0123456789" } as const, requestId: "approve-1" };

let sent = 0;

/** Lets an order in that has to be approved. */
function hold(sql: SqlStorage, signal: Parameters<typeof aSignal>[0] = {}, context: object = { policy }): Order {
  sent += 1;
  const { proof: _, ...unproven } = aSignal({
    idempotencyKey: `held-${sent}`,
    requestId: `request-${sent}`,
    ...signal,
  });
  const admitted = admitSignal(sql, { ...unproven, proof: null }, context);
  if (!admitted.ok) throw new Error(admitted.error.reason);
  return admitted.value.order;
}

const approve = (
  sql: SqlStorage,
  { id }: Order,
  args: Partial<ApproveArgs> & { quantity?: string; why?: string } = {},
) => {
  const { quantity, why = null, ...context } = args;
  const asked = { quantity: quantity === undefined ? undefined : decimalOf(quantity), why };
  return approveOrder(sql, id, asked, { ...decidingWith({ policy }), ...at(), caller: BEN, ...context });
};

describe("a held order", () => {
  it("is on the record, has nothing to be sent, and says until when and at which price", () => {
    const sql = openAccount();
    const order = hold(sql);
    expect(order).toMatchObject({
      status: "pending_new",
      delivery: "held",
      hold: { expires_at: new Date(NOW_MS + HOLD_MS).toISOString(), price: "187.5", decided: null },
    });
    expect(read(sql, order).dueAtMs).toBe(NOW_MS + HOLD_MS);
    expect(typesOf(sql)).toEqual(["signal.accepted", "order.held"]);
  });

  it("counts against the limits like one that works", () => {
    const sql = openAccount();
    hold(sql);
    expect(workingUnits(sql, "buy")).toBe("10");
    const tight = { policy: { ...policy, max_position: decimalOf("15") } };
    expect(hold(sql, {}, tight)).toMatchObject({ status: "denied", reason: { code: "max_position_exceeded" } });
  });

  it("is listed, with what expires first on top, until somebody has said something", () => {
    const sql = openAccount();
    const later = hold(sql);
    const sooner = hold(sql, {}, { policy: aPolicy({ approval: approval({ expires_sec: 60 }) }) });
    expect(listHeld(sql).map(({ id }) => id)).toEqual([sooner.id, later.id]);
    approve(sql, sooner);
    declineOrder(sql, later.id, null, { ...at(), caller: BEN });
    expect(listHeld(sql)).toEqual([]);
  });

  it("is canceled at once, and then not approved any more", () => {
    const sql = openAccount();
    const order = hold(sql);
    expect(cancelOrder(sql, order.id, at())).toMatchObject({ ok: true, value: { status: "canceled" } });
    expect(approve(sql, order)).toMatchObject({ ok: false, error: { reason: "order_not_held" } });
  });
});

describe("an approval", () => {
  it("lets the order leave, with as much time as any other, and says who gave it", () => {
    const sql = openAccount();
    const order = hold(sql);
    const nowMs = NOW_MS + HOLD_MS - 1;
    const referencePrices = pricedAt("187.5", nowMs);
    expect(approve(sql, order, { nowMs, referencePrices, why: "as agreed" })).toMatchObject({
      ok: true,
      value: {
        status: "pending_new",
        delivery: "pending",
        quantity: "10",
        hold: { decided: { by: "ben/0123456789", reason: "as agreed" } },
      },
    });
    expect(read(sql, order)).toMatchObject({ dueAtMs: nowMs, expiresAtMs: nowMs + 300_000 });
    expect(journalOf(sql).at(-1)).toMatchObject({
      type: "order.approved",
      actor: BEN.actor,
      request_id: "approve-1",
      data: { quantity: "10", reason: "as agreed" },
    });
  });

  it("may be for fewer units, which is what counts from then on", () => {
    const sql = openAccount();
    const order = hold(sql);
    expect(approve(sql, order, { quantity: "4" })).toMatchObject({ ok: true, value: { quantity: "4" } });
    expect(workingUnits(sql, "buy")).toBe("4");
  });

  it("is never for more units", () => {
    const sql = openAccount();
    const order = hold(sql);
    expect(approve(sql, order, { quantity: "10.5" })).toMatchObject({
      ok: false,
      error: { reason: "invalid_change", errors: [{ pointer: "/quantity" }] },
    });
    expect(read(sql, order).order.delivery).toBe("held");
  });

  it("counts once: the second one is told who was first", () => {
    const sql = openAccount();
    const order = hold(sql);
    approve(sql, order);
    const second = approve(sql, order, { caller: { ...BEN, requestId: "approve-2" } });
    expect(second).toMatchObject({
      ok: false,
      error: { reason: "order_not_held", order: { hold: { decided: { by: "ben/0123456789" } } } },
    });
    expect(typesOf(sql).filter((type) => type === "order.approved")).toHaveLength(1);
  });

  it("given again by the same request, whose answer got lost, is answered the same", () => {
    const sql = openAccount();
    const order = hold(sql);
    const first = approve(sql, order);
    expect(approve(sql, order)).toEqual(first);
    expect(typesOf(sql).filter((type) => type === "order.approved")).toHaveLength(1);
  });

  it("comes too late when the time is over", () => {
    const sql = openAccount();
    const order = hold(sql);
    expect(approve(sql, order, { nowMs: NOW_MS + HOLD_MS })).toMatchObject({
      ok: false,
      error: { reason: "order_not_held" },
    });
  });

  it.each([
    ["is too far from what it was", "189.376", true],
    ["is just near enough", "189.375", false],
  ])("where the price %s", (_, price, isRefused) => {
    const sql = openAccount();
    const order = hold(sql);
    const approved = approve(sql, order, { referencePrices: pricedAt(price, NOW_MS) });
    expect(approved.ok).toBe(!isRefused);
    expect(read(sql, order).order.delivery).toBe(isRefused ? "held" : "pending");
  });

  it("is refused where the rules refuse the order by now, and possible again once they do not", () => {
    const sql = openAccount();
    const order = hold(sql);
    const tight = { policy: { ...policy, max_position: decimalOf("15") } };
    addToPosition(sql, "AAPL", decimalOf("8"));
    expect(approve(sql, order, tight)).toMatchObject({
      ok: false,
      error: { reason: "approval_refused", code: "max_position_exceeded" },
    });
    expect(read(sql, order).order.delivery).toBe("held");
    expect(approve(sql, order, { ...tight, quantity: "7" }).ok).toBe(true);
  });

  it("is judged by the type that was asked for, also where the collar has given the order its price", () => {
    const sql = openAccount();
    const collared = { ...policy, price_collar_percent: decimalOf("2") };
    const order = hold(
      sql,
      { order: { type: "market", limit_price: undefined } },
      { policy: { ...collared, order_types: ["market"] } },
    );
    expect(order).toMatchObject({ type: "limit", delivery: "held" });
    expect(approve(sql, order, { policy: { ...collared, order_types: ["limit"] } })).toMatchObject({
      ok: false,
      error: { reason: "approval_refused", code: "order_type_not_allowed" },
    });
    expect(approve(sql, order, { policy: { ...collared, order_types: ["market"] } }).ok).toBe(true);
  });

  it("is refused while trading is stopped", () => {
    const sql = openAccount();
    const order = hold(sql);
    stopTrading(sql, "reducing");
    expect(approve(sql, order)).toMatchObject({
      ok: false,
      error: { reason: "approval_refused", code: "reducing_only" },
    });
  });

  it("does not count the order against itself", () => {
    const sql = openAccount();
    const order = hold(sql);
    expect(approve(sql, order, { policy: { ...policy, max_position: decimalOf("10"), max_open_orders: 1 } }).ok).toBe(
      true,
    );
  });
});

describe("where two persons are asked for", () => {
  const two = aPolicy({ approval: approval({ two_persons: true }) });
  const of = (owner: string | null) => ({ sender: { revision: null, origin: "hmac", caps: null, owner } as const });

  it("the owner of the source does not approve what it sends, with whichever of their keys", () => {
    const sql = openAccount();
    const order = hold(sql, of("ben"), { policy: two });
    expect(approve(sql, order, { policy: two })).toEqual({
      ok: false,
      error: { reason: "second_person_required", owner: "ben" },
    });
    expect(
      approve(sql, order, { policy: two, caller: { ...BEN, actor: { kind: "api_key", id: "ana/9876543210" } } }).ok,
    ).toBe(true);
  });

  it("a name is the same name in other letters", () => {
    const sql = openAccount();
    const order = hold(sql, of(" Ben"), { policy: two });
    expect(approve(sql, order, { policy: two })).toMatchObject({ error: { reason: "second_person_required" } });
  });

  it("nobody approves what nobody is known to be behind", () => {
    const sql = openAccount();
    const order = hold(sql, of(null), { policy: two });
    expect(approve(sql, order, { policy: two })).toMatchObject({
      ok: false,
      error: { reason: "second_person_required", owner: null },
    });
  });

  it("who gives an order with an API key does not approve it", () => {
    const sql = openAccount();
    const order = hold(sql, { sender: null, actor: { kind: "api_key", id: "ben/aaaaaaaaaa" } }, { policy: two });
    expect(order.hold?.owner).toBe("ben");
    expect(approve(sql, order, { policy: two }).ok).toBe(false);
  });
});

describe("whatever is said of however many held orders", () => {
  const Word = fc.record({
    index: fc.nat(3),
    say: fc.constantFrom("approve", "decline", "cancel"),
    quantity: fc.constantFrom(undefined, "1", "4", "10"),
    afterMs: fc.integer({ min: 0, max: HOLD_MS + 10_000 }),
  });

  it("no position is ever beyond its cap, and each order is decided once", () => {
    fc.assert(
      fc.property(fc.array(Word, { maxLength: 12 }), (words) => {
        const sql = openAccount();
        const capped = { ...policy, max_position: decimalOf("25") };
        const orders = [1, 2, 3, 4].map(() => hold(sql, {}, { policy: capped }));
        words.forEach(({ index, say, quantity, afterMs }, place) => {
          const order = orders[index] ?? hold(sql);
          const nowMs = NOW_MS + afterMs;
          const caller = { ...BEN, requestId: `word-${place}` };
          if (say === "cancel") cancelOrder(sql, order.id, at());
          else if (say === "decline") declineOrder(sql, order.id, null, { ...at(), nowMs, caller });
          else
            approve(sql, order, {
              policy: capped,
              nowMs,
              caller,
              referencePrices: pricedAt("187.5", nowMs),
              ...(quantity === undefined ? {} : { quantity }),
            });
          expect(Number(workingUnits(sql, "buy"))).toBeLessThanOrEqual(25);
        });
        const types = journalOf(sql).map(({ type, order_id }) => `${order_id} ${type}`);
        const said = types.filter((type) => /order\.(approved|declined)$/.test(type));
        expect(new Set(said.map((word) => word.split(" ")[0])).size).toBe(said.length);
        expect(listOrders(sql, { limit: 10 })).toHaveLength(4);
      }),
      { numRuns: 60 },
    );
  });
});
