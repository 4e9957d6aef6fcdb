// What is due goes on as soon as what it has to know is known, and waits for nobody else's.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { GoalContext } from "../../../../src/account/signals/goals.ts";
import { Resumer } from "../../../../src/account/signals/resumer.ts";
import type { Instruction } from "../../../../src/domain/signal/instruction.ts";
import { BUY_10, EXIT, contextOf, fill, first, holding, ordersIn, send, units } from "../instructing.ts";
import { transactionSync } from "../sql-storage.ts";

/** A long position in AAPL is due to be closed. */
const makeExitDue = (sql: SqlStorage): void => fill(sql, first(send(sql, [{ ...BUY_10, size: units("1") }, EXIT])));

/** A second purchase of MSFT is due. */
function makeEntryDue(sql: SqlStorage): void {
  const buy = (quantity: string): Instruction => ({ ...BUY_10, symbol: "MSFT", size: units(quantity) });
  fill(sql, first(send(sql, [buy("1"), buy("2")])));
}

/** An account that holds 10 AAPL, with both. */
function due(): SqlStorage {
  const sql = holding("10");
  makeExitDue(sql);
  makeEntryDue(sql);
  return sql;
}

/** Goes on in an account whose broker answers when it is told to. */
function resuming(sql: SqlStorage) {
  const asked: { readonly symbol: string; readonly answer: (context: GoalContext | undefined) => void }[] = [];
  const symbolOf = (instruction: Instruction) => ("symbol" in instruction ? (instruction.symbol ?? "") : "");
  const works: Promise<unknown>[] = [];
  const resumer: Resumer = new Resumer({
    sql,
    learn: async (instruction) => {
      const { promise, resolve } = Promise.withResolvers<GoalContext | undefined>();
      asked.push({ symbol: symbolOf(instruction), answer: resolve });
      return promise;
    },
    commit: (change) => transactionSync(sql, change),
    start: (work) => works.push(work),
    onResumed: () => resumer.run(),
  });
  return { resumer, asked, settled: () => Promise.all(works) };
}

/** With which nothing can be carried out. */
const failing = (): GoalContext => ({
  ...contextOf(),
  newId: () => {
    throw new Error("no id is left");
  },
});

let logged: ReturnType<typeof vi.spyOn>;
beforeEach(() => {
  logged = vi.spyOn(console, "error").mockImplementation(() => undefined);
});
afterEach(() => logged.mockRestore());

describe("what is due", () => {
  it("is not kept from taking something off by an entry whose price nobody says", async () => {
    const sql = due();
    const { resumer, asked } = resuming(sql);
    resumer.run();
    expect(asked.map(({ symbol }) => symbol)).toEqual(["AAPL", "MSFT"]);
    asked[0]?.answer(contextOf());
    await vi.waitFor(() => expect(ordersIn(sql)).toEqual(["sell 11 AAPL"]));
  });

  it("is begun while an older entry waits for its price", async () => {
    const sql = holding("10");
    const { resumer, asked, settled } = resuming(sql);
    makeEntryDue(sql);
    resumer.run();
    makeExitDue(sql);
    resumer.run();
    expect(asked.map(({ symbol }) => symbol)).toEqual(["MSFT", "AAPL"]);
    asked[1]?.answer(contextOf());
    await vi.waitFor(() => expect(ordersIn(sql)).toEqual(["sell 11 AAPL"]));
    asked[0]?.answer(contextOf());
    await settled();
    expect(ordersIn(sql)).toEqual(["sell 11 AAPL", "buy 2 MSFT"]);
  });

  it("is begun once, however often it is asked for, and gone on with until nothing is due", async () => {
    const sql = due();
    const { resumer, asked, settled } = resuming(sql);
    resumer.run();
    resumer.run();
    expect(asked).toHaveLength(2);
    asked.forEach(({ answer }) => answer(contextOf()));
    await settled();
    resumer.run();
    expect(asked).toHaveLength(2);
    expect(ordersIn(sql)).toEqual(["sell 11 AAPL", "buy 2 MSFT"]);
  });

  it("is left as it is where there is no broker to ask, and taken up again when it is asked for", async () => {
    const sql = due();
    const { resumer, asked, settled } = resuming(sql);
    resumer.run();
    asked.forEach(({ answer }) => answer(undefined));
    await settled();
    expect([ordersIn(sql), asked.length]).toEqual([[], 2]);
    resumer.run();
    asked.forEach(({ answer }) => answer(contextOf()));
    await settled();
    expect(ordersIn(sql)).toEqual(["sell 11 AAPL", "buy 2 MSFT"]);
  });

  it("does not fail with something else", async () => {
    const sql = due();
    const { resumer, asked, settled } = resuming(sql);
    resumer.run();
    asked[1]?.answer(failing());
    asked[0]?.answer(contextOf());
    await settled();
    expect(ordersIn(sql)).toEqual(["sell 11 AAPL"]);
  });

  it("is taken up again after it has failed, which is in the log", async () => {
    const sql = due();
    const { resumer, asked, settled } = resuming(sql);
    resumer.run();
    asked.forEach(({ answer }) => answer(failing()));
    await settled();
    expect(ordersIn(sql)).toEqual([]);
    expect(logged).toHaveBeenCalledTimes(2);
    resumer.run();
    asked.forEach(({ answer }) => answer(contextOf()));
    await settled();
    expect(ordersIn(sql)).toEqual(["sell 11 AAPL", "buy 2 MSFT"]);
  });
});
