import { describe, expect, it } from "vitest";
import { ReferencePrices } from "../../../src/account/reference-prices.ts";
import { NOW_MS, aTrade } from "../../support/builders.ts";

/** A broker that counts how often it is asked, and answers with a price of that number. */
function makeBroker() {
  const asked: string[] = [];
  return {
    asked,
    latestTrade: (symbol: string) => Promise.resolve(aTrade(String(asked.push(symbol)), NOW_MS)),
  };
}

describe("the reference price", () => {
  it("is asked for once by a burst of signals, also before the first answer is there", async () => {
    const broker = makeBroker();
    const prices = new ReferencePrices();
    const burst = Array.from({ length: 20 }, (_, index) => prices.latest("AAPL", broker, NOW_MS + index));
    expect(broker.asked).toEqual(["AAPL"]);
    expect(new Set((await Promise.all(burst)).map((trade) => trade?.price))).toEqual(new Set(["1"]));
  });

  it.each([
    [999, 1],
    [1_000, 2],
    [60_000, 2],
  ])("after %d ms has been asked for %d times", async (elapsedMs, times) => {
    const broker = makeBroker();
    const prices = new ReferencePrices();
    await prices.latest("AAPL", broker, NOW_MS);
    await prices.latest("AAPL", broker, NOW_MS + elapsedMs);
    expect(broker.asked).toHaveLength(times);
  });

  it("is fresh for a second from when it was asked for, however often it is used", async () => {
    const broker = makeBroker();
    const prices = new ReferencePrices();
    for (const elapsedMs of [0, 600, 999, 1_000]) await prices.latest("AAPL", broker, NOW_MS + elapsedMs);
    expect(broker.asked).toHaveLength(2);
  });

  it("is each symbol's own", async () => {
    const broker = makeBroker();
    const prices = new ReferencePrices();
    const [apple, microsoft] = await Promise.all([
      prices.latest("AAPL", broker, NOW_MS),
      prices.latest("MSFT", broker, NOW_MS),
    ]);
    expect(broker.asked).toEqual(["AAPL", "MSFT"]);
    expect(apple?.price).not.toBe(microsoft?.price);
  });

  it("stays unknown for a second where the broker does not say", async () => {
    let asked = 0;
    const broker = {
      latestTrade: () => {
        asked += 1;
        return Promise.resolve(undefined);
      },
    };
    const prices = new ReferencePrices();
    expect(await prices.latest("AAPL", broker, NOW_MS)).toBeUndefined();
    expect(await prices.latest("AAPL", broker, NOW_MS + 999)).toBeUndefined();
    expect(asked).toBe(1);
    await prices.latest("AAPL", broker, NOW_MS + 1_000);
    expect(asked).toBe(2);
  });

  it("stays the last one that was heard of where the broker does not say, and keeps its time", async () => {
    const answers = [aTrade("187.5", NOW_MS), undefined, undefined, aTrade("188", NOW_MS + 2_500)];
    const broker = { latestTrade: () => Promise.resolve(answers.shift()) };
    const prices = new ReferencePrices();
    const heard = [];
    for (const elapsedMs of [0, 1_000, 2_000, 3_000])
      heard.push(await prices.latest("AAPL", broker, NOW_MS + elapsedMs));
    const [first, , , last] = heard;
    expect(first).toEqual(aTrade("187.5", NOW_MS));
    expect(heard).toEqual([first, first, first, last]);
    expect(last).toEqual(aTrade("188", NOW_MS + 2_500));
  });

  it("is forgotten when 500 symbols are remembered, so that names made up by senders fill no memory", async () => {
    const broker = makeBroker();
    const prices = new ReferencePrices();
    for (let index = 0; index < 500; index++) await prices.latest(`S${index}`, broker, NOW_MS);
    await prices.latest("S0", broker, NOW_MS);
    expect(broker.asked).toHaveLength(500);
    await prices.latest("S500", broker, NOW_MS);
    await prices.latest("S0", broker, NOW_MS);
    expect(broker.asked.slice(500)).toEqual(["S500", "S0"]);
  });

  it("is asked for again after the clock went back", async () => {
    const broker = makeBroker();
    const prices = new ReferencePrices();
    await prices.latest("AAPL", broker, NOW_MS);
    await prices.latest("AAPL", broker, NOW_MS - 60_000);
    expect(broker.asked).toHaveLength(2);
  });
});
