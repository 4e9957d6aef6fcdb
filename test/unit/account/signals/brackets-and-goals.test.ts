// What instructions about a position do where orders with a take profit and a stop loss are on their way, or protect it: the
// account's own follower and tables, the Alpaca adapter, and the paper venue.
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type GoalRow, findGoal } from "../../../../src/account/signals/goal-store.ts";
import { listOrders, readLive } from "../../../../src/account/orders/orders.ts";
import { positionIn } from "../../../../src/account/positions/positions.ts";
import type { FindEnding } from "../../../../src/domain/broker.ts";
import type { PositionInstruction } from "../../../../src/domain/goal/goal.ts";
import { decimalOf } from "../../../../src/domain/money.ts";
import { SourceCaps } from "../../../../src/domain/source.ts";
import { NOW_MS } from "../../../support/builders.ts";
import { legsOf, orderNamed, statusesOf, trade } from "../bracketing.ts";
import { read, typesOf, workingUnits } from "../tables.ts";

const IN_AAPL = { symbol: "AAPL", type: "market" } as const;
const EXIT: PositionInstruction = { ...IN_AAPL, action: "exit" };
const units = (value: string) => ({ by: "quantity" as const, value: decimalOf(value) });
const target = (position: string): PositionInstruction => ({
  ...IN_AAPL,
  action: "target",
  position: decimalOf(position),
});
const priced = (price: string) => ({ at: decimalOf(price) });
const LEGS = { take_profit: { limit_price: priced("201") }, stop_loss: { stop_price: priced("181") } };

const UNSIGNED: GoalRow["sender"] = {
  revision: null,
  origin: "url_token",
  caps: SourceCaps.parse({ signals_per_min: 60, max_quantity: "1" }),
  owner: null,
};

/** Ten units held, with a take profit that works and a stop loss that waits. */
async function hold() {
  const account = trade();
  account.submit();
  await account.wait(5_000);
  return account;
}
const PROTECTED = "filled new suspended";

const ordersOf = (sql: SqlStorage): string[] =>
  listOrders(sql, { limit: 100 }).map(({ side, quantity, status }) => `${side} ${quantity} ${status}`);

const endOf = (sql: SqlStorage, id: string) => findGoal(sql, id)?.goal.code;

beforeEach(() => {
  for (const level of ["warn", "error"] as const) vi.spyOn(console, level).mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("what a leg closes", () => {
  it("is counted after what its order has opened, whichever of the two is looked at first", async () => {
    const { sql, submit, wait, toVenue, simulation, positions } = trade();
    submit({ type: "limit", limit_price: "185" });
    await wait(400_000);
    const [profit] = legsOf(sql);
    const legDueAtMs = read(sql, profit ?? orderNamed(sql)).dueAtMs ?? 0;
    await wait(legDueAtMs - simulation.nowMs - 1_000);
    // Both are filled before anybody looks, and the leg is what is looked at next.
    await toVenue("PUT", "/paper/prices/AAPL", { price: "184" });
    await toVenue("PUT", "/paper/prices/AAPL", { price: "201" });
    await wait(3_000);
    expect(statusesOf(sql)).toBe("filled filled canceled");
    expect(positions.filter((position) => position.startsWith("-"))).toEqual([]);
  });

  it("is known to come while the order is only filled in part", async () => {
    const { sql, submit, wait, toVenue } = trade({ maxFillQuantity: "4" });
    submit({ type: "limit", limit_price: "188" });
    await wait(50);
    await toVenue("PUT", "/paper/prices/AAPL", { price: "190" });
    await wait(5_000);
    expect(statusesOf(sql)).toBe("partially_filled suspended suspended");
    expect(workingUnits(sql, "sell")).toBe(orderNamed(sql).filled_quantity);
  });
});

describe("an exit", () => {
  it("out of an order that is filled in part cancels the rest of it, and its legs", async () => {
    const { sql, submit, pursue, wait, toVenue, heldAtVenue, moveTo } = trade({ maxFillQuantity: "4" });
    submit({ type: "limit", limit_price: "188" });
    await wait(50);
    await toVenue("PUT", "/paper/prices/AAPL", { price: "190" });
    await wait(5_000);
    pursue(EXIT);
    await wait(10_000);
    await moveTo("187", 120_000);
    await moveTo("201", 600_000);
    expect(statusesOf(sql)).toBe("canceled canceled canceled");
    expect(await heldAtVenue()).toBe("0");
  });

  it("waits for legs that the venue has not told of", async () => {
    let told = 0;
    const { sql, submit, pursue, wait, moveTo, heldAtVenue } = trade({
      onSubmit: () => ({ ending: "unknown", code: "timeout" }),
      onFind: (ending): FindEnding => {
        if (ending.ending !== "found" || (told += 1) > 5) return ending;
        const { legs: _, ...report } = ending.report;
        return { ending: "found", report };
      },
    });
    submit();
    await wait(2_000);
    expect(statusesOf(sql)).toBe("filled");
    expect(workingUnits(sql, "sell")).toBe("10");
    const exit = pursue(EXIT);
    await wait(200_000);
    expect(endOf(sql, exit)).toBe("ordered");
    await moveTo("201");
    expect(await heldAtVenue()).toBe("0");
  });

  it("waits for five minutes at most, and then somebody is told", async () => {
    const { sql, submit, pursue, wait, heldAtVenue } = trade({
      onSubmit: () => ({ ending: "unknown", code: "timeout" }),
      onFind: (ending): FindEnding => {
        if (ending.ending !== "found") return ending;
        const { legs: _, ...report } = ending.report;
        return { ending: "found", report };
      },
    });
    submit();
    await wait(2_000);
    const exit = pursue(EXIT);
    await wait(290_000);
    expect(findGoal(sql, exit)?.goal.stage).toBe("clearing");
    await wait(90_000);
    expect(endOf(sql, exit)).toBe("ordered");
    expect(typesOf(sql, orderNamed(sql))).toContain("order.legs_missing");
    expect(orderNamed(sql).reason).toEqual({ code: "legs_missing" });
    // Here the venue had held the legs back for itself: what it has sold twice, the comparison of positions finds.
    expect(await heldAtVenue()).toBe("0");
  });

  it.each<[string, PositionInstruction, GoalRow["sender"]]>([
    ["its source may not give", EXIT, UNSIGNED],
    ["the venue cannot carry out", { ...EXIT, size: units("1.5"), time_in_force: "gtc" }, null],
    ["is for nothing", { ...EXIT, size: units("0.0000000001") }, null],
  ])("that %s leaves what protects the position", async (_, exit, sender) => {
    const { sql, pursue, wait } = await hold();
    const id = pursue(exit, sender);
    await wait(30_000);
    expect(endOf(sql, id)).toMatch(/^(order_denied|below_minimum)$/);
    expect(statusesOf(sql)).toBe(PROTECTED);
  });
});

describe("where the position is held already, what protects it stays", () => {
  it.each<[string, PositionInstruction]>([
    ["a target of as much", target("10")],
    ["a target of as much with other legs", { ...target("10"), ...LEGS }],
    ["a reverse to as much", { ...IN_AAPL, action: "reverse", side: "buy", size: units("10") }],
    ["an entry on the same side", { ...IN_AAPL, action: "enter", side: "buy", size: units("10") }],
    ["a target that the rules deny", target("1015")],
    ["a target that nobody can work out", { ...target("15"), type: "limit" }],
  ])("through %s", async (_, instruction) => {
    const { sql, pursue, wait } = await hold();
    pursue(instruction);
    await wait(30_000);
    expect(statusesOf(sql)).toBe(PROTECTED);
  });

  it("through a target of more, of which the rest has legs of its own", async () => {
    const { sql, pursue, wait } = await hold();
    pursue({ ...target("15"), ...LEGS });
    await wait(60_000);
    expect(statusesOf(sql)).toBe(PROTECTED);
    expect(workingUnits(sql, "sell")).toBe("15");
  });

  it("but not through a target of less: its units are promised to its legs", async () => {
    const { sql, pursue, wait, heldAtVenue } = await hold();
    pursue(target("4"));
    await wait(60_000);
    expect(statusesOf(sql)).toBe("filled canceled canceled");
    expect(ordersOf(sql)).toContain("sell 6 filled");
    expect(await heldAtVenue()).toBe("4");
  });
});

describe("the way out of a bracket", () => {
  const prices = fc.array(
    fc.record({ price: fc.constantFrom("187", "201", "179", "190", "184.5"), ms: fc.nat({ max: 3_000 }) }),
    { maxLength: 3 },
  );

  it(
    "leads to where it was wanted, whatever the market does and whenever the process dies",
    { timeout: 60_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom({}, { type: "limit", limit_price: "185" }, { type: "limit", limit_price: "188" }),
          fc.constantFrom(undefined, "3", "4"),
          prices,
          fc.array(fc.nat({ max: 6_000 }), { maxLength: 2 }),
          fc.constantFrom<["flatten" | PositionInstruction, ...string[]]>(
            ["flatten", "0"],
            [target("0"), "0"],
            [{ ...IN_AAPL, action: "reverse", side: "sell", size: units("2") }, "-2", "0"],
            [{ ...IN_AAPL, action: "enter", side: "sell", size: units("2") }, "-2", "0"],
          ),
          prices,
          async (order, maxFillQuantity, before, crashes, [instruction, ...ends], after) => {
            const account = trade(maxFillQuantity === undefined ? {} : { maxFillQuantity });
            const { sql, submit, pursue, leaveAll, moveTo, wait, simulation, adapter, heldAtVenue } = account;
            submit(order);
            for (const ms of crashes) simulation.at(NOW_MS + ms, () => simulation.crash());
            for (const { price, ms } of before) await moveTo(price, ms);
            if (instruction === "flatten") leaveAll();
            else pursue(instruction);
            for (const { price, ms } of after) await moveTo(price, ms);
            await wait(1_200_000);
            // What the process died over while somebody wanted it canceled is a person's to settle.
            if (readLive(sql).some(({ delivery }) => delivery === "needs_operator")) return;
            const open = await adapter.openOrders();
            expect(open).toMatchObject({ ending: "listed", items: [] });
            expect(readLive(sql)).toEqual([]);
            expect(positionIn(sql, "AAPL")).toBe(await heldAtVenue());
            expect(ends).toContain(positionIn(sql, "AAPL"));
          },
        ),
        { numRuns: 60 },
      );
    },
  );
});
