import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OrderId } from "../../../src/domain/ids.ts";
import { decimalOf } from "../../../src/domain/money.ts";
import type { Order } from "../../../src/domain/order.ts";
import { type Difference, type ReconcileFacts, type Suspect, reconcile } from "../../../src/domain/reconcile.ts";
import { NOW_MS, aHolding, anOrder } from "../../support/builders.ts";

const units = (of: Record<string, string>): ReadonlyMap<string, ReturnType<typeof decimalOf>> =>
  new Map(Object.entries(of).map(([symbol, quantity]) => [symbol, decimalOf(quantity)]));

const aDifference = (symbol: string, ours: string, theirs: string): Difference => ({
  symbol,
  ours: decimalOf(ours),
  theirs: decimalOf(theirs),
});

const suspected = (difference: Difference, agoMs: number): Suspect => ({ ...difference, sinceMs: NOW_MS - agoMs });

type Told = { ours?: Record<string, string>; theirs?: Record<string, string> };

/** Compared before, nothing live, nothing moving, no suspicion. */
const facts = ({ ours = {}, theirs = {}, ...rest }: Told & Partial<ReconcileFacts>): ReconcileFacts => ({
  nowMs: NOW_MS,
  positions: units(ours),
  holdings: Object.entries(theirs).map(([symbol, quantity]) => aHolding({ symbol, quantity })),
  live: [],
  moving: new Set(),
  suspects: [],
  isFirst: false,
  ...rest,
});

const live = anOrder({ delivery: "delivered", status: "new", venue_order_id: "venue-1", attempts: 1 });
const unknown = (overrides: Partial<Record<keyof Order, unknown>> = {}) =>
  anOrder({ delivery: "unknown", outcome: "unknown", attempts: 1, ...overrides });

describe("positions that agree with the broker's", () => {
  it.each([
    ["in every symbol", { ours: { AAPL: "10", MSFT: "-3" }, theirs: { MSFT: "-3", AAPL: "10" } }],
    ["where we once held what the broker does not list any more", { ours: { AAPL: "0" }, theirs: {} }],
    ["where nothing is held", {}],
  ])("say nothing: %s", (_, told) => {
    expect(reconcile(facts(told))).toEqual({ adopted: [], suspects: [] });
  });
});

describe("a difference", () => {
  it.each([
    ["we count more", { ours: { AAPL: "10" }, theirs: { AAPL: "4" } }, aDifference("AAPL", "10", "4")],
    ["we count less", { ours: { AAPL: "4" }, theirs: { AAPL: "10" } }, aDifference("AAPL", "4", "10")],
    ["the broker lists a symbol we do not know", { theirs: { TSLA: "2" } }, aDifference("TSLA", "0", "2")],
    ["the broker does not list what we hold", { ours: { AAPL: "2" } }, aDifference("AAPL", "2", "0")],
    ["the sides differ", { ours: { AAPL: "2" }, theirs: { AAPL: "-2" } }, aDifference("AAPL", "2", "-2")],
  ])("is suspected first, and believed once it has been the very same for ten seconds: %s", (_, told, difference) => {
    const anew = suspected(difference, 0);
    expect(reconcile(facts(told))).toEqual({ adopted: [], suspects: [anew] });
    const young = suspected(difference, 9_999);
    expect(reconcile(facts({ ...told, suspects: [young] }))).toEqual({ adopted: [], suspects: [young] });
    const old = suspected(difference, 10_000);
    expect(reconcile(facts({ ...told, suspects: [old] }))).toEqual({ adopted: [difference], suspects: [] });
  });

  it.each([
    ["our count moved", aDifference("AAPL", "9", "4")],
    ["the broker's count moved", aDifference("AAPL", "10", "5")],
    ["it was another symbol", aDifference("MSFT", "10", "4")],
  ])("is suspected anew where since the last comparison %s", (_, before) => {
    const suspects = [suspected(before, 3_600_000)];
    const found = reconcile(facts({ ours: { AAPL: "10" }, theirs: { AAPL: "4" }, suspects }));
    expect(found).toEqual({ adopted: [], suspects: [suspected(aDifference("AAPL", "10", "4"), 0)] });
  });

  it("is suspected anew where a fill came in during the comparison, also if it was suspected", () => {
    const difference = aDifference("AAPL", "10", "4");
    const suspects = [suspected(difference, 3_600_000)];
    const told = { ours: { AAPL: "10" }, theirs: { AAPL: "4" }, suspects, moving: new Set(["AAPL"]) };
    const anew = suspected(difference, 0);
    expect(reconcile(facts(told))).toEqual({ adopted: [], suspects: [anew] });
    expect(reconcile(facts({ ...told, moving: new Set(), suspects: [suspected(difference, 10_000)] }))).toEqual({
      adopted: [difference],
      suspects: [],
    });
  });

  it("in one symbol says nothing about another", () => {
    const told = { ours: { AAPL: "10", MSFT: "1" }, theirs: { AAPL: "4", MSFT: "2" } };
    const suspects = [
      suspected(aDifference("AAPL", "10", "4"), 60_000),
      suspected(aDifference("MSFT", "1", "2"), 60_000),
    ];
    expect(reconcile(facts({ ...told, suspects, moving: new Set(["AAPL"]) }))).toEqual({
      adopted: [aDifference("MSFT", "1", "2")],
      suspects: [suspected(aDifference("AAPL", "10", "4"), 0)],
    });
  });

  it("is told of every symbol, in their order", () => {
    const told = { ours: { C: "1", A: "1" }, theirs: { B: "1" } };
    expect(reconcile(facts(told)).suspects.map(({ symbol }) => symbol)).toEqual(["A", "B", "C"]);
  });
});

describe("the first comparison ever", () => {
  const first = { theirs: { AAPL: "25" }, isFirst: true };

  it("is believed at once: what was held before nobody counted", () => {
    expect(reconcile(facts(first)).adopted).toEqual([aDifference("AAPL", "0", "25")]);
  });

  it("is suspected where an order lives in the symbol", () => {
    expect(reconcile(facts({ ...first, live: [live] }))).toEqual({
      adopted: [],
      suspects: [suspected(aDifference("AAPL", "0", "25"), 0)],
    });
  });

  it("is suspected where a fill came in during the comparison", () => {
    expect(reconcile(facts({ ...first, moving: new Set(["AAPL"]) }))).toEqual({
      adopted: [],
      suspects: [suspected(aDifference("AAPL", "0", "25"), 0)],
    });
  });

  it("is believed where an order lives in another symbol", () => {
    expect(reconcile(facts({ ...first, live: [anOrder({ ...live, symbol: "MSFT" })] })).adopted).toHaveLength(1);
  });
});

/** What is made of a difference that has been the very same for an hour, or as long as said. */
const settled = (ours: string, theirs: string, orders: readonly Order[], agoMs = 3_600_000) =>
  reconcile(
    facts({
      ours: { AAPL: ours },
      theirs: { AAPL: theirs },
      live: orders,
      suspects: [suspected(aDifference("AAPL", ours, theirs), agoMs)],
    }),
  );

const byNotional = { type: "market", quantity: undefined, limit_price: undefined, notional: "5" };
const another = (order: Order): Order => ({
  ...order,
  id: OrderId.parse("paper_019bc224-4100-7abc-8def-0123456789ac"),
});

describe("an order of unknown outcome", () => {
  it.each([
    ["all of what it may have bought", "0", "10", unknown()],
    ["more than it can have bought", "0", "15", unknown()],
    ["what it may have sold", "10", "0", unknown({ side: "sell" })],
    ["a loss, where it buys", "10", "5", unknown()],
    ["any number of units, where it buys for money", "0", "1000", unknown(byNotional)],
  ])("keeps every difference in its symbol from being believed: %s", (_, ours, theirs, order) => {
    // What it turns out to have traded would be counted twice.
    expect(settled(ours, theirs, [order])).toEqual({ adopted: [], suspects: [] });
  });

  it("says nothing of another symbol", () => {
    expect(settled("0", "10", [unknown({ symbol: "MSFT" })]).adopted).toEqual([aDifference("AAPL", "0", "10")]);
  });
});

describe("an order that the broker has told of", () => {
  it("explains for five minutes, in which it is looked at, what it may have traded", () => {
    expect(settled("0", "10", [live], 299_999)).toMatchObject({ adopted: [], suspects: [{ symbol: "AAPL" }] });
    expect(settled("0", "10", [live], 300_000)).toMatchObject({ adopted: [{ symbol: "AAPL" }], suspects: [] });
  });

  it.each([
    ["more than is left of it", "0", "11", live],
    ["a loss, where it buys", "10", "5", live],
    ["another symbol", "0", "10", anOrder({ ...live, symbol: "MSFT" })],
  ])("does not explain %s", (_, ours, theirs, order) => {
    expect(settled(ours, theirs, [order], 10_000).adopted).toHaveLength(1);
  });

  it("explains together with one of unknown outcome what neither explains alone", () => {
    expect(settled("0", "20", [live, another(unknown())], 10_000).adopted).toEqual([]);
  });
});

describe("whatever is held", () => {
  it("a difference is either believed, suspected or explained, never believed while it moves, and nothing else is said", () => {
    const quantities = fc.dictionary(fc.constantFrom("A", "B", "C"), fc.constantFrom("-1", "0", "1", "2.5"));
    const suspects = fc.array(
      fc.record({
        symbol: fc.constantFrom("A", "B", "C"),
        ours: fc.constantFrom("0", "1"),
        theirs: fc.constantFrom("1", "2.5"),
      }),
      { maxLength: 3 },
    );
    const moving = fc.uniqueArray(fc.constantFrom<string>("A", "B", "C"));
    fc.assert(
      fc.property(quantities, quantities, suspects, moving, fc.boolean(), (ours, theirs, before, some, isFirst) => {
        const told = {
          moving: new Set(some),
          isFirst,
          suspects: before.map((one) =>
            suspected(aDifference(one.symbol, one.ours, one.theirs), 5_000 * before.length),
          ),
        };
        const { adopted, suspects: open } = reconcile(facts({ ours, theirs, ...told }));
        for (const { symbol, ours: counted, theirs: held } of [...adopted, ...open]) {
          expect(counted).not.toBe(held);
          expect(counted).toBe(decimalOf(ours[symbol] ?? "0"));
          expect(held).toBe(decimalOf(theirs[symbol] ?? "0"));
        }
        for (const { symbol } of adopted) expect(some).not.toContain(symbol);
        for (const { symbol, sinceMs } of open) if (some.includes(symbol)) expect(sinceMs).toBe(NOW_MS);
        const symbols = [...adopted, ...open].map(({ symbol }) => symbol);
        expect(new Set(symbols).size).toBe(symbols.length);
        const differing = ["A", "B", "C"].filter((symbol) => (ours[symbol] ?? "0") !== (theirs[symbol] ?? "0"));
        expect(symbols.toSorted()).toEqual(differing);
      }),
    );
  });
});
