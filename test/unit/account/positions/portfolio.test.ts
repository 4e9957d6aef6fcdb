import { describe, expect, it } from "vitest";
import { writeBrokerView } from "../../../../src/account/positions/broker-view.ts";
import { readPortfolio } from "../../../../src/account/positions/portfolio.ts";
import { adoptPosition } from "../../../../src/account/positions/positions.ts";
import { decimalOf } from "../../../../src/domain/money.ts";
import { Portfolio } from "../../../../src/domain/portfolio.ts";
import { NOW_MS, aHolding, aTrade, anOrder } from "../../../support/builders.ts";
import { openSqlStorage } from "../sql-storage.ts";
import { ACCOUNT, BALANCES, numbered, put } from "../tables.ts";

const live = anOrder({ delivery: "delivered", status: "new", venue_order_id: "venue-1", attempts: 1 });

/** Reads the portfolio at a broker that knows these prices, and says which it was asked for. */
async function portfolioOf(
  sql: SqlStorage,
  prices: Record<string, string> = {},
  { whileAsking = () => {}, heardAtMs = NOW_MS } = {},
) {
  const asked: string[] = [];
  const portfolio = await readPortfolio({
    sql,
    account: ACCOUNT,
    nowMs: () => NOW_MS,
    latestTrades: async (symbols) => {
      asked.push(...symbols);
      await Promise.resolve();
      whileAsking();
      const known = Object.entries(prices).filter(([symbol]) => symbols.includes(symbol));
      return new Map(known.map(([symbol, price]) => [symbol, aTrade(price, heardAtMs)]));
    },
  });
  return { portfolio, asked };
}

describe("the portfolio of an account", () => {
  it("is there, and says that it is old, before the broker was ever asked", async () => {
    const { portfolio, asked } = await portfolioOf(openSqlStorage());
    expect(portfolio).toEqual({
      account: ACCOUNT,
      as_of: null,
      stale: true,
      currency: null,
      cash: null,
      equity: null,
      buying_power: null,
      positions: [],
      exposure: { held: "0", working: "0", unknown: "0", total: "0", unpriced: [] },
    });
    expect(asked).toEqual([]);
  });

  it("is our own count of what is held, at the broker's prices, with the broker's money", async () => {
    const sql = openSqlStorage();
    writeBrokerView(sql, { atMs: NOW_MS - 5_000, holdings: [aHolding()], balances: BALANCES });
    adoptPosition(sql, "AAPL", decimalOf("10"), NOW_MS);
    const { portfolio, asked } = await portfolioOf(sql);
    expect(portfolio).toMatchObject({
      as_of: new Date(NOW_MS - 5_000).toISOString(),
      stale: false,
      currency: "USD",
      cash: "100000",
      positions: [{ symbol: "AAPL", quantity: "10", average_price: "187.25", market_value: "1875", exposure: "1875" }],
      exposure: { held: "1875", total: "1875" },
    });
    expect(asked).toEqual([]);
    expect(Portfolio.safeParse(portfolio).success).toBe(true);
  });

  it("counts orders that work and orders of unknown outcome, and asks for the price of what it does not hold", async () => {
    const sql = openSqlStorage();
    writeBrokerView(sql, { atMs: NOW_MS, holdings: [], balances: BALANCES });
    put(sql, numbered(live, 1));
    put(sql, numbered(anOrder({ delivery: "unknown", outcome: "unknown", attempts: 1 }), 2));
    const { portfolio, asked } = await portfolioOf(sql, { AAPL: "100" });
    expect(asked).toEqual(["AAPL"]);
    expect(portfolio).toMatchObject({
      positions: [{ symbol: "AAPL", quantity: "0", working_buy: "10", unknown_buy: "10", exposure: "2000" }],
      exposure: { held: "0", working: "1000", unknown: "1000", total: "2000" },
    });
  });

  it("does not count an order twice that waits for the end of another", async () => {
    const sql = openSqlStorage();
    put(sql, numbered(live, 1));
    put(sql, numbered(anOrder({ delivery: "waiting" }), 2));
    const { portfolio } = await portfolioOf(sql, { AAPL: "100" });
    expect(portfolio.positions).toMatchObject([{ working_buy: "10" }]);
  });

  it("says that nobody knows what a symbol is worth, and sums nothing then", async () => {
    const sql = openSqlStorage();
    put(sql, live);
    const { portfolio } = await portfolioOf(sql);
    expect(portfolio.exposure).toEqual({ held: null, working: null, unknown: null, total: null, unpriced: ["AAPL"] });
  });

  it("asks for the price of what is held but was not there when the broker was last read", async () => {
    const sql = openSqlStorage();
    writeBrokerView(sql, { atMs: NOW_MS - 600_000, holdings: [], balances: BALANCES });
    adoptPosition(sql, "AAPL", decimalOf("10"), NOW_MS);
    const { portfolio, asked } = await portfolioOf(sql, { AAPL: "100" });
    expect(asked).toEqual(["AAPL"]);
    expect(portfolio.exposure).toMatchObject({ held: "1000", unpriced: [] });
  });

  it.each([null, "0"])("asks for the price of what the broker holds at a value of %j", async (market_value) => {
    const sql = openSqlStorage();
    writeBrokerView(sql, { atMs: NOW_MS, holdings: [aHolding({ market_value })], balances: BALANCES });
    adoptPosition(sql, "AAPL", decimalOf("10"), NOW_MS);
    const { portfolio, asked } = await portfolioOf(sql, { AAPL: "100" });
    expect(asked).toEqual(["AAPL"]);
    expect(portfolio.exposure).toMatchObject({ held: "1000", unpriced: [] });
  });

  it("asks for no price of what is not held any more", async () => {
    const sql = openSqlStorage();
    adoptPosition(sql, "AAPL", decimalOf("0"), NOW_MS);
    expect((await portfolioOf(sql)).asked).toEqual([]);
  });

  it("asks for every price that is missing, however many they are", async () => {
    const sql = openSqlStorage();
    for (let index = 0; index < 25; index++) put(sql, { ...numbered(live, index), symbol: `S${index}` });
    const { portfolio, asked } = await portfolioOf(sql);
    expect(asked).toHaveLength(25);
    expect(portfolio.exposure.unpriced).toHaveLength(25);
  });

  it("has no price of which the broker has said nothing for more than five minutes", async () => {
    const sql = openSqlStorage();
    put(sql, live);
    const unpricedOf = async (ageMs: number) =>
      (await portfolioOf(sql, { AAPL: "100" }, { heardAtMs: NOW_MS - ageMs })).portfolio.exposure.unpriced;
    expect(await unpricedOf(300_000)).toEqual([]);
    expect(await unpricedOf(300_001)).toEqual(["AAPL"]);
  });

  it("is of one moment: what was filled while prices came is in the position and not in the orders", async () => {
    const sql = openSqlStorage();
    put(sql, live);
    const fill = () => {
      sql.exec(
        "UPDATE orders SET due_at_ms = NULL, state = ? WHERE id = ?",
        JSON.stringify({ ...live, status: "filled", filled_quantity: "10" }),
        live.id,
      );
      adoptPosition(sql, "AAPL", decimalOf("10"), NOW_MS);
    };
    const { portfolio } = await portfolioOf(sql, { AAPL: "100" }, { whileAsking: fill });
    expect(portfolio.positions).toMatchObject([{ quantity: "10", working_buy: "0", exposure: "1000" }]);
  });
});
