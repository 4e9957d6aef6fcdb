import { describe, expect, it } from "vitest";
import {
  adoptWideStops,
  readStops,
  readWideStops,
  releaseStop,
  setStop,
  tradingStateOf,
} from "../../../../src/account/stops/stops.ts";
import { mustRecord } from "../../../../src/account/orders/record.ts";
import { replaceOrder } from "../../../../src/account/orders/replace.ts";
import { SourceId } from "../../../../src/domain/ids.ts";
import { decimalOf } from "../../../../src/domain/money.ts";
import type { Order } from "../../../../src/domain/order.ts";
import { OrderChange } from "../../../../src/domain/signal/change.ts";
import type { TradingStop } from "../../../../src/domain/trading-stop.ts";
import { addToPosition } from "../../../../src/account/positions/positions.ts";
import { NOW_MS, aPolicy, anOrder } from "../../../support/builders.ts";
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
  stopTrading,
  typesOf,
} from "../tables.ts";
import { RecentOrders } from "../../../../src/account/risk/recent-orders.ts";

const SOURCE = SourceId.parse("default");
const CONTEXT = { ...at(), account: ACCOUNT, caller: CALLER };
const AAPL = { source: SOURCE, symbol: "AAPL" };

const wide = (overrides: Partial<TradingStop> = {}): TradingStop => ({
  id: crypto.randomUUID(),
  account: null,
  source: null,
  symbol: null,
  state: "halted",
  level: "gateway",
  set_by: "operator",
  set_at: new Date(NOW_MS).toISOString(),
  reason: "a test",
  ...overrides,
});

describe("a stop", () => {
  it("binds the next order, and is on the record with who set it and why", () => {
    const sql = openAccount();
    const stop = stopTrading(sql, "halted");
    expect(admitSignal(sql, aSignal())).toMatchObject({
      value: { order: { status: "denied", reason: { code: "trading_halted" } } },
    });
    expect(journalOf(sql)[0]).toMatchObject({
      type: "trading.stopped",
      actor: CALLER.actor,
      result: { code: "halted" },
      data: { stop },
    });
  });

  it("set twice is one stop", () => {
    const sql = openAccount();
    const first = stopTrading(sql, "halted");
    const again = setStop(sql, { ...first, id: crypto.randomUUID() }, "none", CONTEXT);
    expect(again.inForce).toEqual([first]);
    expect(readStops(sql)).toEqual([first]);
  });

  it("cancels what opens a position, or everything, or nothing, as it says", () => {
    const canceledBy = (cancels: "none" | "entries" | "all") => {
      const sql = openAccount();
      addToPosition(sql, "AAPL", decimalOf("10"));
      const entry = numbered(anOrder({ delivery: "delivered", status: "new", venue_order_id: "v1" }), 1);
      const exit = numbered(anOrder({ delivery: "delivered", status: "new", venue_order_id: "v2", side: "sell" }), 2);
      put(sql, entry);
      put(sql, exit, { isExit: true });
      const { canceled } = setStop(sql, wide(), cancels, CONTEXT);
      const isWanted = (order: Order) => read(sql, order).order.cancel_requested_at !== null;
      expect(canceled).toHaveLength([entry, exit].filter(isWanted).length);
      return [entry, exit].map(isWanted);
    };
    expect(canceledBy("none")).toEqual([false, false]);
    expect(canceledBy("entries")).toEqual([true, false]);
    expect(canceledBy("all")).toEqual([true, true]);
  });

  it("cancels once for each request, however often that is told: what is placed later is not what it was about", () => {
    const sql = openAccount();
    const stop = wide();
    setStop(sql, stop, "all", CONTEXT);
    const later = put(sql, numbered(anOrder(), 1)).order;
    expect(setStop(sql, stop, "all", CONTEXT)).toEqual({ inForce: [stop], canceled: [] });
    expect(read(sql, later).order.cancel_requested_at).toBeNull();
    const asked = { ...CONTEXT, caller: { ...CALLER, requestId: "another" } };
    expect(setStop(sql, stop, "all", asked).canceled.map(({ id }) => id)).toEqual([later.id]);
  });

  it.each([
    ["0", ["10"], [true]],
    ["-3", ["10"], [true]],
    ["6", ["10"], [true]],
    ["10", ["6", "4", "1"], [false, false, true]],
  ])("cancels, with %s held, what was let in as an exit and would open something by now", (held, sizes, canceled) => {
    const sql = openAccount();
    addToPosition(sql, "AAPL", decimalOf(held));
    const exits = sizes.map((quantity, index) => {
      const terms = { side: "sell", quantity, delivery: "delivered", status: "new" } as const;
      return put(sql, numbered(anOrder({ ...terms, venue_order_id: `v${index}` }), index + 1), { isExit: true }).order;
    });
    setStop(sql, wide(), "entries", CONTEXT);
    expect(exits.map((order) => read(sql, order).order.cancel_requested_at !== null)).toEqual(canceled);
  });

  it.each([false, true])("leaves a stop loss that is being moved, the cancel of the old one sent: %s", (isSent) => {
    const sql = openAccount();
    addToPosition(sql, "AAPL", decimalOf("10"));
    const terms = { side: "sell", type: "stop", limit_price: undefined, stop_price: "180" } as const;
    const state = { delivery: "delivered", status: "new", venue_order_id: "v1" } as const;
    const old = put(sql, numbered(anOrder({ ...terms, ...state }), 900_001), { isExit: true }).order;
    const { order: _, proof: _proof, ...sender } = aSignal();
    const change = OrderChange.parse({ stop_price: "185" });
    const replacement = { ...sender, actor: CALLER.actor, original: old.id, change };
    const replaced = replaceOrder(sql, { ...decidingWith(), ...at(), newId: () => newId(2), replacement });
    if (!replaced.ok) throw new Error(replaced.error.reason);
    if (isSent) mustRecord(sql, read(sql, old), { type: "cancel_sent" }, at());
    setStop(sql, wide(), "entries", CONTEXT);
    expect(read(sql, replaced.value.order).order.status).toBe("pending_new");
  });

  it("cancels only what it reaches", () => {
    const sql = openAccount();
    const [mine, other] = ["AAPL", "MSFT"].map((symbol, index) => numbered(anOrder({ symbol }), index)) as [
      Order,
      Order,
    ];
    put(sql, mine);
    put(sql, other);
    setStop(sql, wide({ symbol: "AAPL" }), "all", CONTEXT);
    expect([mine, other].map((order) => read(sql, order).order.status)).toEqual(["canceled", "pending_new"]);
  });

  it("is released by who may, and then trading goes on", () => {
    const sql = openAccount();
    const { id } = stopTrading(sql, "halted", { level: "gateway" });
    expect(releaseStop(sql, id, { level: "account", why: null }, CONTEXT)).toMatchObject({
      error: { reason: "stop_of_higher_level", level: "gateway" },
    });
    expect(releaseStop(sql, id, { level: "gateway", why: "all clear" }, CONTEXT).ok).toBe(true);
    expect(tradingStateOf(sql, AAPL)).toBe("active");
    expect(journalOf(sql).at(-1)).toMatchObject({ type: "trading.released", data: { reason: "all clear" } });
    expect(releaseStop(sql, id, { level: "gateway", why: null }, CONTEXT)).toMatchObject({
      error: { reason: "not_there" },
    });
  });
});

describe("the gateway's stops", () => {
  const adopt = (sql: SqlStorage, ...listed: { stop: TradingStop; isReleased: boolean }[]) =>
    adoptWideStops(sql, listed, { account: ACCOUNT, nowMs: NOW_MS, requestId: "look" });

  it("are taken over by an account that was not told, and released by one that was not told of that", () => {
    const sql = openAccount();
    const stop = wide();
    adopt(sql, { stop, isReleased: false });
    expect(tradingStateOf(sql, AAPL)).toBe("halted");
    adopt(sql, { stop, isReleased: true });
    expect(tradingStateOf(sql, AAPL)).toBe("active");
    expect(typesOf(sql)).toEqual(["trading.stopped", "trading.released"]);
  });

  it("stay where the list does not know them: it could not be written when they were set", () => {
    const sql = openAccount();
    setStop(sql, wide(), "none", CONTEXT);
    adopt(sql);
    expect(tradingStateOf(sql, AAPL)).toBe("halted");
  });

  it("that were released are not set again by an older list", () => {
    const sql = openAccount();
    const stop = wide();
    adopt(sql, { stop, isReleased: false });
    adopt(sql, { stop, isReleased: true });
    adopt(sql, { stop, isReleased: false });
    expect(tradingStateOf(sql, AAPL)).toBe("active");
  });

  it("find the one that says the same, and say which, unless they are to be in force beside it", () => {
    const sql = openAccount();
    const [first, second] = [wide(), wide()];
    setStop(sql, first, "none", CONTEXT);
    expect(setStop(sql, second, "none", CONTEXT).inForce).toEqual([first]);
    expect(readStops(sql)).toEqual([first]);
    expect(setStop(sql, second, "none", { ...CONTEXT, isBeside: true }).inForce).toEqual([first, second]);
    adopt(sql, { stop: first, isReleased: true });
    expect(readStops(sql)).toEqual([second]);
  });

  it("that were released are not set again by whoever has not heard of that, and cancel nothing", () => {
    const sql = openAccount();
    const stop = wide();
    adopt(sql, { stop, isReleased: false });
    adopt(sql, { stop, isReleased: true });
    const order = put(sql, numbered(anOrder(), 1)).order;
    expect(setStop(sql, stop, "all", CONTEXT)).toEqual({ inForce: [], canceled: [] });
    expect(setStop(sql, stop, "all", { ...CONTEXT, isBeside: true }).inForce).toEqual([]);
    expect(read(sql, order).order.cancel_requested_at).toBeNull();
  });

  it("are known with how they were asked for, where the request has told it, and without where the list has", () => {
    const sql = openAccount();
    const [told, read_] = [wide(), wide({ state: "reducing" })];
    setStop(sql, told, "entries", { ...CONTEXT, flatten: true });
    adopt(sql, { stop: read_, isReleased: false });
    expect(readWideStops(sql)).toEqual([
      { stop: told, asked: { actions: { cancels: "entries", flatten: true }, caller: CALLER } },
      { stop: read_, asked: null },
    ]);
  });

  it("are not the account's to release", () => {
    const sql = openAccount();
    const stop = wide();
    setStop(sql, stop, "none", CONTEXT);
    expect(releaseStop(sql, stop.id, { level: "gateway", why: null }, CONTEXT).ok).toBe(false);
  });
});

describe("a source that repeats itself", () => {
  const policy = aPolicy({ repeated_execution: { times: 2, window_sec: 60 } });
  const open = () => {
    const sql = openAccount();
    const recent = new RecentOrders(sql, ACCOUNT, NOW_MS);
    const buy = (name: string, overrides: object = {}) =>
      admitSignal(sql, aSignal({ requestId: name, ...overrides }), { policy, recent });
    return { sql, buy };
  };
  const DENIED = (code: string) => ({ value: { order: { status: "denied", reason: { code } } } });

  it("is stopped at the account, its exits pass, and other sources go on", () => {
    const { sql, buy } = open();
    expect([buy("1"), buy("2")]).toMatchObject([{ ok: true }, { ok: true }]);
    expect(buy("3")).toMatchObject(DENIED("repeated_execution"));
    expect(readStops(sql)).toMatchObject([
      { account: ACCOUNT, source: SOURCE, state: "reducing", level: "source", set_by: "repeated_execution" },
    ]);
    expect(buy("4", { order: { symbol: "MSFT" } })).toMatchObject(DENIED("reducing_only"));
    addToPosition(sql, "AAPL", decimalOf("10"));
    expect(buy("exit", { order: { side: "sell" } })).toMatchObject({ value: { order: { status: "pending_new" } } });
    const other = SourceId.parse("other");
    expect(buy("5", { source: other, order: { quantity: "1" } })).toMatchObject({
      value: { order: { status: "pending_new" } },
    });
  });

  it("is not stopped where nobody has said how often is too often: its order is denied, and that is all", () => {
    const sql = openAccount();
    const { repeated_execution: _, ...unset } = aPolicy();
    expect(admitSignal(sql, aSignal(), { policy: unset })).toMatchObject(DENIED("limit_not_set"));
    expect(readStops(sql)).toEqual([]);
  });

  it("begins anew once a person has released it", () => {
    const { sql, buy } = open();
    for (const name of ["1", "2", "3"]) buy(name);
    const [stop] = readStops(sql);
    releaseStop(sql, stop?.id ?? "", { level: "account", why: "looked" }, { ...CONTEXT, nowMs: NOW_MS + 1 });
    const later = (name: string) =>
      admitSignal(sql, aSignal({ requestId: name }), {
        policy,
        recent: new RecentOrders(sql, ACCOUNT, NOW_MS),
        nowMs: NOW_MS + 2,
      });
    expect(later("6")).toMatchObject({ value: { order: { status: "pending_new" } } });
  });
});
