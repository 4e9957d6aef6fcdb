import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { assessNow } from "../../../../src/account/risk/assess-now.ts";
import { writeBrokerView } from "../../../../src/account/positions/broker-view.ts";
import type { Desk } from "../../../../src/account/context.ts";
import { markEquity, markFilled } from "../../../../src/account/risk/funds.ts";
import { learnBook, learnForOrders, symbolsToPrice } from "../../../../src/account/risk/learn.ts";
import { adoptPosition } from "../../../../src/account/positions/positions.ts";
import { ReferencePrices } from "../../../../src/account/risk/reference-prices.ts";
import type { Broker, VenueHolding } from "../../../../src/domain/broker.ts";
import { SourceId } from "../../../../src/domain/ids.ts";
import { decimalOf } from "../../../../src/domain/money.ts";
import type { Policy } from "../../../../src/domain/risk/policy.ts";
import {
  KNOWN_INSTRUMENTS,
  NOW_MS,
  aBroker,
  aConfiguration,
  aHolding,
  aPolicy,
  aTrade,
  anIntent,
} from "../../../support/builders.ts";
import type { Instruction } from "../../../../src/domain/signal/instruction.ts";
import { openSqlStorage } from "../sql-storage.ts";
import { BALANCES, decidingWith } from "../tables.ts";

const SOURCE = SourceId.parse("default");
const MINUTE = 60_000;
const EXPOSURE = { max_gross_exposure: "100000" };
const MONEY = { max_daily_loss: "1000" };

beforeEach(() => {
  vi.useFakeTimers({ now: NOW_MS, toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A broker at which every symbol was traded just now, at what a test says, and what it is asked. */
function openMarket(priceOf: (symbol: string) => string | undefined = () => "100") {
  const asked: (readonly string[])[] = [];
  const latestTrades: Broker["latestTrades"] = (symbols) => {
    asked.push(symbols);
    const told = symbols.flatMap((symbol) => {
      const price = priceOf(symbol);
      return price === undefined ? [] : [[symbol, aTrade(price, Date.now())] as const];
    });
    return Promise.resolve(new Map(told));
  };
  return { asked, latestTrades };
}

type Market = ReturnType<typeof openMarket>;

/** What is held, as the broker told it so long ago, and of which we have counted the same. */
function holding(holdings: readonly VenueHolding[], ageMs = 0): SqlStorage {
  const sql = openSqlStorage();
  writeBrokerView(sql, { atMs: NOW_MS - ageMs, holdings, balances: BALANCES });
  for (const { symbol, quantity } of holdings) adoptPosition(sql, symbol, quantity, NOW_MS);
  return sql;
}

/** As far as anybody looks at it here. */
const aDeskFor = (policy: Policy, { latestTrades }: Market): Desk => {
  const known = { broker: aBroker({ latestTrades }), settings: aConfiguration({ policy }) };
  return known satisfies Partial<Desk> as unknown as Desk;
};

type Given = {
  readonly policy: Policy;
  readonly market: Market;
  readonly prices?: ReferencePrices;
  readonly orders?: Parameters<typeof learnForOrders>[0];
  /** What the broker's lists say when they are asked for. */
  readonly onRefresh?: () => void;
};

/** Learns what orders need to know; says what was asked of the broker's lists. */
async function learn(sql: SqlStorage, { policy, market, orders = [anIntent()], onRefresh, ...given }: Given) {
  const asked: string[] = [];
  const housekeeping = {
    knowPositions: () => Promise.resolve(void asked.push("if never told")),
    refreshView: (agedMs: number) => {
      asked.push(`if older than ${agedMs}`);
      return Promise.resolve(onRefresh?.());
    },
  };
  const prices = given.prices ?? new ReferencePrices();
  const deps = { sql, prices, instruments: KNOWN_INSTRUMENTS, housekeeping };
  const lastTrades = await learnForOrders(orders, SOURCE, { deps, desk: aDeskFor(policy, market) });
  return { lastTrades, asked };
}

describe("the broker's list of holdings", () => {
  it.each<[string, Record<string, string>, string]>([
    ["no limit needs more", {}, "if never told"],
    ["everything together is limited", EXPOSURE, "if older than 60000"],
    ["money is limited", MONEY, "if older than 60000"],
  ])("where %s is asked for by an entry", async (_, limits, expected) => {
    const sql = holding([]);
    const marks = { date: "2026-01-15", policyVersion: 1, before: undefined, askedAtMs: NOW_MS };
    markEquity(sql, decimalOf("100000"), marks);
    expect((await learn(sql, { policy: aPolicy(limits), market: openMarket() })).asked).toEqual([expected]);
  });

  it("is asked for at once after a fill where money is limited, and not where only exposure is", async () => {
    const sql = holding([]);
    markFilled(sql, NOW_MS);
    const given = { market: openMarket() };
    expect((await learn(sql, { ...given, policy: aPolicy({ ...EXPOSURE, ...MONEY }) })).asked).toEqual([
      "if older than 0",
    ]);
    expect((await learn(sql, { ...given, policy: aPolicy(EXPOSURE) })).asked).toEqual(["if older than 60000"]);
  });

  it("is asked for once more where something is filled while it is asked for", async () => {
    const sql = holding([]);
    const marks = { date: "2026-01-15", policyVersion: 1, before: undefined, askedAtMs: NOW_MS };
    markEquity(sql, decimalOf("100000"), marks);
    let refreshes = 0;
    const onRefresh = () => {
      if ((refreshes += 1) === 1) markFilled(sql, NOW_MS + 1);
    };
    const given = { market: openMarket(), policy: aPolicy(MONEY), onRefresh };
    expect((await learn(sql, given)).asked).toEqual(["if older than 60000", "if older than 0"]);
  });

  it("is not asked for anew by an exit, nor is any price", async () => {
    const sql = holding([aHolding()], 60 * MINUTE);
    const market = openMarket();
    const orders = [anIntent({ side: "sell", quantity: "10" })];
    expect((await learn(sql, { policy: aPolicy(EXPOSURE), market, orders })).asked).toEqual(["if never told"]);
    expect(market.asked).toEqual([]);
  });
});

describe("what else is held or on its way", () => {
  const TESLA = aHolding({ symbol: "TSLA", quantity: "1", market_value: "250" });

  it("is asked for where a limit counts it and the broker's list does not value it", async () => {
    const sql = holding([TESLA]);
    adoptPosition(sql, "MSFT", decimalOf("1"), NOW_MS);
    const market = openMarket();
    const { lastTrades } = await learn(sql, { policy: aPolicy(EXPOSURE), market });
    expect(market.asked).toEqual([["AAPL"], ["MSFT"]]);
    expect([...lastTrades.keys()].toSorted()).toEqual(["AAPL", "MSFT"]);
  });

  it("is not asked for where no limit counts it", async () => {
    const sql = openSqlStorage();
    adoptPosition(sql, "MSFT", decimalOf("1"), NOW_MS);
    const market = openMarket();
    await learn(sql, { policy: aPolicy(), market });
    expect(market.asked).toEqual([["AAPL"]]);
  });

  it("costs no question where the list is of the last minute", async () => {
    const market = openMarket();
    await learn(holding([TESLA], MINUTE), { policy: aPolicy(EXPOSURE), market });
    expect(market.asked).toEqual([["AAPL"]]);
  });

  it("is asked for where the list is older, and the broker does not renew it", async () => {
    const market = openMarket();
    await learn(holding([TESLA], MINUTE + 1), { policy: aPolicy(EXPOSURE), market });
    expect(market.asked).toEqual([["AAPL"], ["TSLA"]]);
  });

  it("is not asked for where the list is renewed", async () => {
    const sql = holding([TESLA], 60 * MINUTE);
    const market = openMarket();
    const onRefresh = () => writeBrokerView(sql, { atMs: NOW_MS, holdings: [TESLA], balances: BALANCES });
    await learn(sql, { policy: aPolicy(EXPOSURE), market, onRefresh });
    expect(market.asked).toEqual([["AAPL"]]);
  });

  it("is asked for once in half a minute, however many orders come", async () => {
    const sql = openSqlStorage();
    const market = openMarket();
    const prices = new ReferencePrices();
    for (const symbol of ["MSFT", "SPY"]) adoptPosition(sql, symbol, decimalOf("1"), NOW_MS);
    for (let elapsedMs = 0; elapsedMs <= 30_000; elapsedMs += 500) {
      vi.setSystemTime(NOW_MS + elapsedMs);
      await learn(sql, { policy: aPolicy(EXPOSURE), market, prices });
    }
    expect(market.asked.filter((symbols) => symbols.includes("SPY"))).toEqual([
      ["MSFT", "SPY"],
      ["MSFT", "SPY"],
    ]);
  });

  it("is asked for in one question, in however many symbols", async () => {
    const sql = openSqlStorage();
    const names = Array.from({ length: 40 }, (_, at) => `S${at + 10}`);
    for (const symbol of names) adoptPosition(sql, symbol, decimalOf("1"), NOW_MS);
    const market = openMarket();
    const deps = { sql, prices: new ReferencePrices() };
    const known = await learnBook(aPolicy(EXPOSURE), ["AAPL"], { deps, broker: market });
    expect(known.size).toBe(40);
    expect(market.asked).toEqual([names]);
  });

  it("keeps entries out for a second after a price that did not come, and the others' prices go on", async () => {
    const sql = openSqlStorage();
    for (const symbol of ["MSFT", "SPY"]) adoptPosition(sql, symbol, decimalOf("1"), NOW_MS);
    let isThere = false;
    const market = openMarket((symbol) => (symbol === "SPY" && !isThere ? undefined : "100"));
    const deps = { sql, prices: new ReferencePrices() };
    const known = async () => [...(await learnBook(aPolicy(EXPOSURE), [], { deps, broker: market })).keys()];
    expect(await known()).toEqual(["MSFT"]);
    isThere = true;
    vi.setSystemTime(NOW_MS + 1_000);
    expect(await known()).toEqual(["MSFT", "SPY"]);
    expect(market.asked).toEqual([["MSFT", "SPY"], ["SPY"]]);
  });
});

describe("a limit on everything together", () => {
  const policy = aPolicy({ max_gross_exposure: "2000", max_net_exposure: "2000", symbols: "any" });
  const one = anIntent({ quantity: "1" });
  const at = (symbol: string, market_value: string | null) => aHolding({ symbol, quantity: "1", market_value });

  /** Whether one more AAPL is denied for what everything comes to, and why. */
  async function decide(sql: SqlStorage, market: Market, prices = new ReferencePrices()) {
    const { lastTrades } = await learn(sql, { policy, market, prices });
    const context = decidingWith({ policy, referencePrices: lastTrades, nowMs: Date.now() });
    const decision = assessNow(sql, one, { ...context, source: SOURCE, sender: null });
    const { passed, input, reason } = decision.verdicts.find(({ rule }) => rule === "max_gross_exposure") ?? {};
    return { passed, input, ...(reason === undefined ? {} : { reason }) };
  }

  it.each([0, 30_000, 5 * MINUTE, 60 * MINUTE])(
    "holds after the price has jumped since the broker's list, %d ms ago",
    async (ageMs) => {
      const sql = holding([at("AAPL", "187.5")], ageMs);
      const exceeded = { passed: false, input: "3000", reason: "max_gross_exposure_exceeded" };
      expect(
        await decide(
          sql,
          openMarket(() => "1500"),
        ),
      ).toEqual(exceeded);
    },
  );

  it("holds where the price of another symbol has jumped since a list that the broker does not renew", async () => {
    const sql = holding([at("TSLA", "187.5")], 2 * MINUTE);
    const market = openMarket((symbol) => (symbol === "TSLA" ? "1950" : "100"));
    expect(await decide(sql, market)).toMatchObject({ passed: false, input: "2050" });
  });

  it("goes by a list of up to five minutes where no price is to be had, and denies after that", async () => {
    const market = openMarket((symbol) => (symbol === "TSLA" ? undefined : "100"));
    expect(await decide(holding([at("TSLA", "250")], 5 * MINUTE), market)).toEqual({ passed: true, input: "350" });
    expect(await decide(holding([at("TSLA", "250")], 5 * MINUTE + 1), market)).toMatchObject({
      passed: false,
      reason: "exposure_unknown",
    });
  });

  it.each([null, "0"])("asks for the price of what is held at a value of %j, and counts it", async (value) => {
    expect(await decide(holding([at("DEAD", value)]), openMarket())).toEqual({ passed: true, input: "200" });
  });

  it("denies once the price of another symbol was not heard of for five minutes", async () => {
    const sql = openSqlStorage();
    adoptPosition(sql, "MSFT", decimalOf("1"), NOW_MS);
    let isSilent = false;
    const market = openMarket((symbol) => (isSilent && symbol === "MSFT" ? undefined : "100"));
    const prices = new ReferencePrices();
    expect(await decide(sql, market, prices)).toEqual({ passed: true, input: "200" });
    isSilent = true;
    vi.setSystemTime(NOW_MS + 5 * MINUTE);
    expect(await decide(sql, market, prices)).toEqual({ passed: true, input: "200" });
    vi.setSystemTime(NOW_MS + 5 * MINUTE + 1_000);
    expect(await decide(sql, market, prices)).toMatchObject({ passed: false, reason: "exposure_unknown" });
  });

  it("never keeps a position from being closed", async () => {
    const sql = holding([at("AAPL", "187.5"), at("TSLA", null)], 60 * MINUTE);
    const context = decidingWith({ policy, referencePrices: new Map(), nowMs: NOW_MS });
    const exit = anIntent({ side: "sell", type: "market", limit_price: undefined, quantity: "1" });
    expect(assessNow(sql, exit, { ...context, source: SOURCE, sender: null }).outcome).toBe("approved");
  });
});

describe("a price is asked", () => {
  const AAPL = { symbol: "AAPL", type: "market" } as const;
  const target = (position: string) => ({ action: "target", ...AAPL, position: decimalOf(position) }) as const;
  const units = { by: "quantity", value: decimalOf("10") } as const;
  const money = { by: "notional", value: decimalOf("1000") } as const;
  const ifThere = { side: "buy", quantity: decimalOf("10") } as const;

  it.each<[string, Instruction, readonly string[]]>([
    ["for a purchase", { action: "buy", ...AAPL, size: units }, ["AAPL"]],
    ["for a target", target("10"), ["AAPL"]],
    ["not for a target of nothing", target("0"), []],
    ["for one that opens something where nothing is held", { ...target("0"), ifThere }, ["AAPL"]],
    ["not for an exit", { action: "exit", ...AAPL }, []],
    ["for an exit by an amount of money", { action: "exit", ...AAPL, size: money }, ["AAPL"]],
    ["not for a sale that only reduces", { action: "sell", ...AAPL, size: units, reduce_only: true }, []],
    ["for one of a default size, which may be money", { action: "sell", ...AAPL, reduce_only: true }, ["AAPL"]],
    ["not for a cancel", { action: "cancel", symbol: "AAPL" }, []],
  ])("%s", (_, instruction, symbols) => {
    expect(symbolsToPrice(instruction)).toEqual(symbols);
  });
});
