import { describe, expect, it } from "vitest";
import { ReferencePrices } from "../../../../src/account/risk/reference-prices.ts";
import type { Broker } from "../../../../src/domain/broker.ts";
import { NOW_MS, aTrade } from "../../../support/builders.ts";

type Asked = Pick<Broker, "latestTrades">;

/** A broker that notes every question, and answers each with a price of that question's number. */
function makeBroker() {
  const asked: (readonly string[])[] = [];
  const latestTrades: Asked["latestTrades"] = (symbols) => {
    const price = String(asked.push(symbols));
    return Promise.resolve(new Map(symbols.map((symbol) => [symbol, aTrade(price, NOW_MS)])));
  };
  return { asked, latestTrades };
}

/** A broker that gives these answers about AAPL, one after the other, and then none. */
function answering(...answers: readonly (string | undefined)[]) {
  const left = [...answers];
  let asked = 0;
  const latestTrades: Asked["latestTrades"] = () => {
    asked += 1;
    const price = left.shift();
    return Promise.resolve(new Map(price === undefined ? [] : [["AAPL", aTrade(price, NOW_MS)]]));
  };
  return { latestTrades, timesAsked: () => asked };
}

/** A broker whose answers come when the test says so. */
function slowBroker() {
  const open: { readonly symbols: readonly string[]; readonly answer: () => void }[] = [];
  const latestTrades: Asked["latestTrades"] = (symbols) => {
    const { promise, resolve } = Promise.withResolvers<Awaited<ReturnType<Asked["latestTrades"]>>>();
    const told = new Map(symbols.map((symbol) => [symbol, aTrade("100", NOW_MS)]));
    open.push({ symbols, answer: () => resolve(told) });
    return promise;
  };
  const answerFirst = async () => {
    open.shift()?.answer();
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  return { latestTrades, answerFirst, asked: () => open.map(({ symbols }) => symbols) };
}

const latestOf = async (prices: ReferencePrices, broker: Asked, nowMs: number, freshMs?: number) =>
  (await prices.latest(["AAPL"], broker, nowMs, freshMs)).get("AAPL");

describe("the reference price", () => {
  it("is asked for once by a burst of signals, also before the first answer is there", async () => {
    const broker = makeBroker();
    const prices = new ReferencePrices();
    const burst = Array.from({ length: 20 }, (_, index) => latestOf(prices, broker, NOW_MS + index));
    expect(broker.asked).toEqual([["AAPL"]]);
    expect(new Set((await Promise.all(burst)).map((trade) => trade?.price))).toEqual(new Set(["1"]));
  });

  it.each([
    [999, 1],
    [1_000, 2],
    [60_000, 2],
  ])("after %d ms has been asked for %d times", async (elapsedMs, times) => {
    const broker = makeBroker();
    const prices = new ReferencePrices();
    await latestOf(prices, broker, NOW_MS);
    await latestOf(prices, broker, NOW_MS + elapsedMs);
    expect(broker.asked).toHaveLength(times);
  });

  it("is fresh for a second from when it was asked for, however often it is used", async () => {
    const broker = makeBroker();
    const prices = new ReferencePrices();
    for (const elapsedMs of [0, 600, 999, 1_000]) await latestOf(prices, broker, NOW_MS + elapsedMs);
    expect(broker.asked).toHaveLength(2);
  });

  it("is each symbol's own, and asked for together with the others", async () => {
    const prices = new ReferencePrices();
    const told = new Map([
      ["AAPL", aTrade("187", NOW_MS)],
      ["MSFT", aTrade("410", NOW_MS)],
    ]);
    const asked: (readonly string[])[] = [];
    const broker: Asked = {
      latestTrades: (symbols) => {
        asked.push(symbols);
        return Promise.resolve(told);
      },
    };
    expect(await prices.latest(["AAPL", "MSFT", "AAPL", "SPY"], broker, NOW_MS)).toEqual(told);
    expect(asked).toEqual([["AAPL", "MSFT", "SPY"]]);
  });

  it("is asked for without those that are known", async () => {
    const broker = makeBroker();
    const prices = new ReferencePrices();
    await prices.latest(["AAPL"], broker, NOW_MS);
    await prices.latest(["AAPL", "MSFT"], broker, NOW_MS + 500);
    expect(broker.asked).toEqual([["AAPL"], ["MSFT"]]);
  });

  it("is not asked for while its answer is awaited, for as long as one can take", async () => {
    const broker = slowBroker();
    const prices = new ReferencePrices();
    const first = latestOf(prices, broker, NOW_MS);
    const second = latestOf(prices, broker, NOW_MS + 2_000);
    expect(broker.asked()).toEqual([["AAPL"]]);
    void latestOf(prices, broker, NOW_MS + 5_000);
    expect(broker.asked()).toEqual([["AAPL"], ["AAPL"]]);
    await broker.answerFirst();
    expect([(await first)?.price, (await second)?.price]).toEqual(["100", "100"]);
  });

  it.each([1_000, 30_000])(
    "stays unknown for a second where the broker does not say, if asked to go for %d ms",
    async (freshMs) => {
      const broker = answering(undefined, undefined, "187.5");
      const prices = new ReferencePrices();
      expect(await latestOf(prices, broker, NOW_MS, freshMs)).toBeUndefined();
      expect(await latestOf(prices, broker, NOW_MS + 999, freshMs)).toBeUndefined();
      expect(broker.timesAsked()).toBe(1);
      expect(await latestOf(prices, broker, NOW_MS + 1_000, freshMs)).toBeUndefined();
      expect(broker.timesAsked()).toBe(2);
      expect(await latestOf(prices, broker, NOW_MS + 2_000, freshMs)).toMatchObject({ price: "187.5" });
      await latestOf(prices, broker, NOW_MS + 2_000 + freshMs - 1, freshMs);
      expect(broker.timesAsked()).toBe(3);
    },
  );

  it("stays the last one that was heard of where the broker does not say, and keeps its times", async () => {
    const broker = answering("187.5", undefined, undefined, "188");
    const prices = new ReferencePrices();
    const heard = [];
    for (const elapsedMs of [0, 1_000, 2_000, 3_000]) heard.push(await latestOf(prices, broker, NOW_MS + elapsedMs));
    const first = aTrade("187.5", NOW_MS);
    expect(heard).toEqual([first, first, first, { ...aTrade("188", NOW_MS), heardAtMs: NOW_MS + 3_000 }]);
  });

  it("is forgotten when 500 others were asked for since, so that names made up by senders fill no memory", async () => {
    const broker = makeBroker();
    const prices = new ReferencePrices();
    const asking = async (name: string) => void (await prices.latest([name], broker, NOW_MS));
    for (let index = 0; index < 500; index++) await asking(`S${index}`);
    await asking("S0");
    expect(broker.asked).toHaveLength(500);
    await asking("S500");
    await asking("S0");
    await asking("S499");
    expect(broker.asked.slice(500)).toEqual([["S500"], ["S0"]]);
  });

  it("is known of more symbols than are remembered", async () => {
    const many = Array.from({ length: 600 }, (_, index) => `S${index}`);
    expect((await new ReferencePrices().latest(many, makeBroker(), NOW_MS)).size).toBe(600);
  });

  it("is asked for again after the clock went back", async () => {
    const broker = makeBroker();
    const prices = new ReferencePrices();
    await latestOf(prices, broker, NOW_MS);
    await latestOf(prices, broker, NOW_MS - 60_000);
    expect(broker.asked).toHaveLength(2);
  });
});

describe("questions for prices", () => {
  it("are two at once at most; what is wanted meanwhile becomes one question", async () => {
    const broker = slowBroker();
    const prices = new ReferencePrices();
    const wanted = ["AAPL", "MSFT", "SPY", "QQQ", "SPY"].map((name) => prices.latest([name], broker, NOW_MS));
    expect(broker.asked()).toEqual([["AAPL"], ["MSFT"]]);
    await broker.answerFirst();
    expect(broker.asked()).toEqual([["MSFT"], ["SPY", "QQQ"]]);
    await broker.answerFirst();
    await broker.answerFirst();
    expect((await Promise.all(wanted)).map((trades) => trades.size)).toEqual([1, 1, 1, 1, 1]);
  });

  it("go on after one has failed", async () => {
    const prices = new ReferencePrices();
    const broken: Asked = { latestTrades: () => Promise.reject(new Error("no such method")) };
    const failed = ["AAPL", "MSFT", "SPY"].map((name) => prices.latest([name], broken, NOW_MS));
    expect((await Promise.allSettled(failed)).map(({ status }) => status)).toEqual([
      "rejected",
      "rejected",
      "rejected",
    ]);
    expect((await prices.latest(["QQQ"], makeBroker(), NOW_MS)).size).toBe(1);
  });
});
