// Which orders are read to be held against another policy, and as what each was asked for.
import { describe, expect, it } from "vitest";
import { type RecordedQuery, readRecorded } from "../../../../src/account/risk/recorded.ts";
import { OrderId, legIdOf, uuidv7 } from "../../../../src/domain/ids.ts";
import type { Order } from "../../../../src/domain/order.ts";
import { NOW_MS, anOrder } from "../../../support/builders.ts";
import type { Instruction } from "../../../../src/domain/signal/instruction.ts";
import { AAPL, BUY_10, EXIT, enter, fill, holding, only, send, target } from "../instructing.ts";
import { ACCOUNT, openAccount, put, stopTrading } from "../tables.ts";

const SECOND_MS = 1_000;

/** An account that was given an order in each of so many seconds; the first of them first. */
function withOrders(count: number) {
  const sql = openAccount();
  const orders = Array.from({ length: count }, (_, at) => {
    const atMs = NOW_MS + at * SECOND_MS;
    const id = OrderId.parse(`${ACCOUNT}_${uuidv7(atMs, new Uint8Array(10).fill(at + 1))}`);
    return put(sql, anOrder({ id, client_order_id: `order-${at}`, created_at: new Date(atMs).toISOString() })).order;
  });
  const read = (query: Partial<RecordedQuery>) => {
    const { recorded, nextCursor } = readRecorded(sql, ACCOUNT, { limit: 100, ...query });
    return { ids: recorded.map(({ order }) => order.id), nextCursor };
  };
  return { orders: orders.map(({ id }) => id), read };
}

describe("the orders on the record", () => {
  it("are all there are, the newest first", () => {
    const { orders, read } = withOrders(3);
    expect(read({})).toEqual({ ids: orders.toReversed(), nextCursor: null });
  });

  it("are those from one moment on, and before another", () => {
    const { orders, read } = withOrders(4);
    const [first, second, third, fourth] = orders;
    expect(read({ sinceMs: NOW_MS + SECOND_MS }).ids).toEqual([fourth, third, second]);
    expect(read({ untilMs: NOW_MS + SECOND_MS }).ids).toEqual([first]);
    expect(read({ sinceMs: NOW_MS + 1, untilMs: NOW_MS + 2 * SECOND_MS + 1 }).ids).toEqual([third, second]);
    expect(read({ sinceMs: NOW_MS + SECOND_MS, untilMs: NOW_MS }).ids).toEqual([]);
  });

  it("are as many as are wanted, and the cursor leads on to the older ones until there are none", () => {
    const { orders, read } = withOrders(4);
    const [first, second, third, fourth] = orders;
    expect(read({ limit: 2 })).toEqual({ ids: [fourth, third], nextCursor: third });
    expect(read({ limit: 2, before: third! })).toEqual({ ids: [second, first], nextCursor: null });
  });

  it("are not the legs of an order, which nobody has decided about; the cursor leads past them", () => {
    const sql = openAccount();
    const { id } = put(sql, anOrder()).order;
    const leg = { id: legIdOf(id, 1), client_order_id: "leg-1", parent: id, verdicts: [] };
    put(sql, anOrder(leg), { request: "{}" });
    const first = readRecorded(sql, ACCOUNT, { limit: 1 });
    const ids = [leg.id, id].toSorted().toReversed();
    expect(first.nextCursor).toBe(ids[0]);
    const second = readRecorded(sql, ACCOUNT, { limit: 1, before: first.nextCursor ?? undefined });
    expect([...first.recorded, ...second.recorded].map(({ order }) => order.id)).toEqual([id]);
  });

  it("are bounded by the cursor and by the end of the time, whichever is earlier", () => {
    const { orders, read } = withOrders(3);
    const [first, second, third] = orders;
    expect(read({ before: third, untilMs: NOW_MS + SECOND_MS }).ids).toEqual([first]);
    expect(read({ before: second, untilMs: NOW_MS + 9 * SECOND_MS }).ids).toEqual([first]);
  });
});

describe("an order on the record", () => {
  const recordOf = (request: object, order: Partial<Order> = {}, isExit = false) => {
    const sql = openAccount();
    put(sql, anOrder({ ...order }), { request: JSON.stringify(request), isExit });
    return readRecorded(sql, ACCOUNT, { limit: 1 }).recorded[0];
  };
  const replaces = anOrder().id;

  it.each<[string, object, Partial<Order>, object]>([
    ["a market order that the collar has bounded", { type: "market" }, {}, { type: "market", isByAmount: false }],
    [
      "an amount that the collar has made units of",
      { type: "market", notional: "1000" },
      {},
      { type: "market", isByAmount: true },
    ],
    ["a limit order", { type: "limit", quantity: "10" }, {}, { type: "limit", isByAmount: false, quantity: "10" }],
    [
      "an order whose size was worked out",
      { type: "limit" },
      { arithmetic: "10 units" },
      { type: "limit", isByAmount: false },
    ],
    ["a replacement", { replaces, limit_price: "187" }, {}, { type: "limit", isByAmount: false }],
    [
      "a replacement that the collar has bounded",
      { replaces, quantity: "10" },
      { arithmetic: "187.5 + 2 % = 191.25 at worst" },
      { type: "market", isByAmount: false },
    ],
  ])("says how it was asked for: %s", (_, request, order, asked) => {
    expect(recordOf(request, order)?.asked).toEqual(asked);
  });

  it("says whether it was approved as an exit", () => {
    expect(recordOf({ type: "limit" }, {}, true)).toMatchObject({ isExit: true });
    expect(recordOf({ type: "limit" })).toMatchObject({ isExit: false, order: anOrder() });
  });
});

describe("the signals on the record", () => {
  const LATE = { settings: { max_age_sec: 60 }, circumstances: { sentAtMs: NOW_MS - 90_000 } } as const;
  const NO_SIZE: Instruction = { action: "enter", side: "buy", ...AAPL };
  const codesIn = (sql: SqlStorage) => readRecorded(sql, ACCOUNT, { limit: 100 }).signals.map(({ codes }) => codes);

  it("are those of which there is no order, with when, whose and why", () => {
    const sql = openAccount();
    const { id, source, created_at } = send(sql, NO_SIZE);
    expect(readRecorded(sql, ACCOUNT, { limit: 100 })).toEqual({
      recorded: [],
      signals: [{ signal: id, created_at, source, codes: ["no_size"] }],
      nextCursor: null,
    });
  });

  it.each<[string, Instruction | Instruction[], Parameters<typeof send>[2], string[]]>([
    ["comes too late", enter("buy"), LATE, ["signal_too_old"]],
    ["goes by a delayed feed", BUY_10, { circumstances: { exchange: "NASDAQ_DLY" } }, ["delayed_feed"]],
    [
      "believes in another position",
      target("8"),
      { settings: { position_gap: "deny" }, circumstances: { positionBefore: { side: "long" } } },
      ["position_gap"],
    ],
    ["finds nothing to do", EXIT, {}, ["nothing_to_do"]],
    ["fails twice for the same reason", [NO_SIZE, { ...NO_SIZE, symbol: "MSFT" }], {}, ["no_size"]],
    ["has an order beside that", [NO_SIZE, { ...enter("buy"), symbol: "MSFT" } as Instruction], {}, ["no_size"]],
  ])("are among them where one %s", (_, instructions, overrides, codes) => {
    const sql = openAccount();
    send(sql, instructions, overrides);
    expect(codesIn(sql)).toEqual([codes]);
  });

  it("are among them where a stop has kept one from ordering, and say so as it is under way", () => {
    const stopped = openAccount();
    stopTrading(stopped, "halted");
    send(stopped, enter("buy"));
    expect(codesIn(stopped)).toEqual([["trading_halted"]]);
    const waiting = openAccount();
    send(waiting, [enter("buy"), target("3")]);
    expect(codesIn(waiting)).toEqual([["waiting"]]);
  });

  it.each<[string, string, Instruction]>([
    ["an order that was placed", "0", BUY_10],
    ["an order that was denied", "0", { ...BUY_10, symbol: "TSLA" }],
    ["a goal that has ordered something", "0", enter("buy")],
    ["a way out of everything", "5", { action: "flatten" }],
    ["nothing to get out of", "0", { action: "flatten" }],
    ["a cancel that finds nothing", "0", { action: "cancel" }],
    ["a stop", "0", { action: "stop", state: "reducing" }],
  ])("are not among them where one is about an order, or asks for none: %s", (_, held, instruction) => {
    const sql = holding(held);
    send(sql, instruction);
    expect(codesIn(sql)).toEqual([]);
  });

  it("are told of as they stand now: a goal that has ended without an order, and not one that has got its order", () => {
    const sql = openAccount();
    const entered = send(sql, enter("buy"));
    fill(sql, only(entered.orders));
    send(sql, target("10"));
    expect(codesIn(sql)).toEqual([["already_there"]]);
  });

  it("are on the page of the orders of the same time, and no page has one twice or leaves one out", () => {
    const sql = openAccount();
    const sent = [NO_SIZE, BUY_10, EXIT, NO_SIZE, NO_SIZE, NO_SIZE, BUY_10, BUY_10, BUY_10, NO_SIZE].map(
      (instruction) => send(sql, instruction),
    );
    const placed = sent.flatMap(({ orders }) => orders.map(({ id }) => id));
    const lacking = sent.filter(({ orders }) => orders.length === 0).map(({ id }) => id);
    for (const limit of [1, 2, 3, 4, 100]) {
      const orders: string[] = [];
      const signals: string[] = [];
      let before: OrderId | undefined;
      for (let pages = 1; ; pages += 1) {
        const page = readRecorded(sql, ACCOUNT, { limit, before });
        const ids = [page.recorded.map(({ order }) => order.id), page.signals.map(({ signal }) => signal)].flat();
        expect(ids.every((id) => before === undefined || id < before)).toBe(true);
        expect(ids.every((id) => page.nextCursor === null || id >= page.nextCursor)).toBe(true);
        expect([page.recorded.length, page.signals.length].every((count) => count <= limit)).toBe(true);
        orders.push(...page.recorded.map(({ order }) => order.id));
        signals.push(...page.signals.map(({ signal }) => signal));
        if (page.nextCursor === null) break;
        expect(pages).toBeLessThan(sent.length + placed.length + 1);
        before = page.nextCursor;
      }
      expect(orders).toEqual(placed.toReversed());
      expect(signals).toEqual(lacking.toReversed());
    }
  });

  it("are bounded by the time like the orders", () => {
    const sql = openAccount();
    const { id, created_at } = send(sql, NO_SIZE);
    const idsFrom = (query: Partial<RecordedQuery>) =>
      readRecorded(sql, ACCOUNT, { limit: 100, ...query }).signals.map(({ signal }) => signal);
    // The ids of these tests are all of one moment, which is in them.
    const atMs = Number.parseInt(id.slice("paper_".length).replace("-", "").slice(0, 12), 16);
    expect(created_at).toBe(new Date(NOW_MS).toISOString());
    expect(idsFrom({ sinceMs: atMs })).toEqual([id]);
    expect(idsFrom({ sinceMs: atMs + 1 })).toEqual([]);
    expect(idsFrom({ untilMs: atMs + 1 })).toEqual([id]);
    expect(idsFrom({ untilMs: atMs })).toEqual([]);
  });
});
