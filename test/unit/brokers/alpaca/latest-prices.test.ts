import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Answer, NOW_MS, aBroker } from "./recorded-broker.ts";

type Entry = Record<string, unknown>;
type Told = Readonly<Record<string, Entry>>;

const agoSec = (seconds: number): string => new Date(NOW_MS - seconds * 1000).toISOString();

/** A trade at 187, so long ago. */
const aTradeOf = (ageSec: number, change: Entry = {}): Entry => ({ p: 187, t: agoSec(ageSec), ...change });
/** A quote of 190.01 to 190.02, of a second ago. */
const aQuote = (change: Entry = {}): Entry => ({ ap: 190.02, as: 1, bp: 190.01, bs: 2, t: agoSec(1), ...change });

const RECENT = aTradeOf(60);
const OLD = aTradeOf(61);
const OLD_PRICE = { price: "187", atMs: NOW_MS - 61_000, of: "trade" };
const MIDDLE = { price: "190.015", atMs: NOW_MS - 1_000, of: "quote" };

const isAboutQuotes = ({ url }: { readonly url: string }) => new URL(url).pathname.includes("quotes");
const symbolsOf = ({ url }: { readonly url: string }) => (new URL(url).searchParams.get("symbols") ?? "").split(",");

/** Says of each symbol that it is asked about what it knows of it. */
const telling = (trades: Told, quotes: Told): Answer =>
  function answer(request) {
    const [kind, told] = isAboutQuotes(request) ? ["quotes", quotes] : ["trades", trades];
    return Response.json({
      [kind]: Object.fromEntries(symbolsOf(request).flatMap((name) => (told[name] ? [[name, told[name]]] : []))),
    });
  };

/** The same of trades, and something else of quotes. */
const answeringQuotes =
  (trades: Told, quotes: Answer): Answer =>
  (request) =>
    (isAboutQuotes(request) ? quotes : telling(trades, {}))(request);

const priceOf = async (trade: Entry | undefined, quote: Entry) => {
  const { broker } = aBroker(telling(trade === undefined ? {} : { AAPL: trade }, { AAPL: quote }));
  return (await broker.latestTrades(["AAPL"])).get("AAPL");
};

const names = (count: number) =>
  Array.from({ length: count }, (_, at) => `S${String.fromCharCode(65 + (at % 26), 65 + Math.floor(at / 26))}`);
const each = (symbols: readonly string[], entry: Entry): Told =>
  Object.fromEntries(symbols.map((symbol) => [symbol, entry]));

describe("a symbol that has traded in the last minute", () => {
  it("goes by that trade, and nothing is asked about quotes", async () => {
    const { broker, calls } = aBroker(telling({ AAPL: RECENT }, { AAPL: aQuote() }));
    expect((await broker.latestTrades(["AAPL"])).get("AAPL")).toEqual({
      price: "187",
      atMs: NOW_MS - 60_000,
      of: "trade",
    });
    expect(calls).toHaveLength(1);
  });
});

describe("a symbol that has not", () => {
  it("goes by the middle of its quote, from the same feed", async () => {
    const { broker, calls } = aBroker(telling({ AAPL: OLD }, { AAPL: aQuote() }));
    expect((await broker.latestTrades(["AAPL"])).get("AAPL")).toEqual(MIDDLE);
    expect(calls.map(({ url }) => url)).toEqual([
      "https://data.alpaca.markets/v2/stocks/trades/latest?symbols=AAPL&feed=iex",
      "https://data.alpaca.markets/v2/stocks/quotes/latest?symbols=AAPL&feed=iex",
    ]);
    expect(calls[1]?.headers).toEqual(calls[0]?.headers);
  });

  it.each([
    ["has no trade at all", undefined],
    ["has one that was canceled", aTradeOf(1, { u: "canceled" })],
  ])("goes by its quote also where it %s", async (_, trade) => {
    expect(await priceOf(trade, aQuote())).toEqual(MIDDLE);
  });

  it("is asked about by itself, beside others that have", async () => {
    const { broker, calls } = aBroker(telling({ AAPL: RECENT, MSFT: OLD }, { AAPL: aQuote(), MSFT: aQuote() }));
    const told = await broker.latestTrades(["AAPL", "MSFT", "SPY"]);
    expect([...told].map(([symbol, { of }]) => `${symbol} ${of}`)).toEqual(["AAPL trade", "MSFT quote"]);
    expect(calls.filter(isAboutQuotes).map(symbolsOf)).toEqual([["MSFT", "SPY"]]);
  });
});

describe("the middle", () => {
  it.each([
    [190.01, 190.02, "190.015"],
    [190.01, 190.03, "190.02"],
    [190, 190, "190"],
    [0.1001, 0.1002, "0.10015"],
    [199, 201, "200"],
    [0.000000101, 0.000000102, "0.000000102"],
    [999999999999.998, 999999999999.999, "999999999999.9985"],
    [29058, 29059, "29058.5"],
  ])("between %d and %d is exactly %s", async (bp, ap, price) => {
    expect(await priceOf(OLD, aQuote({ bp, ap }))).toMatchObject({ price, of: "quote" });
  });

  it("is as far from the bid as from the ask, to the last digit", async () => {
    const ticks = fc.integer({ min: 200, max: 10 ** 12 });
    await fc.assert(
      fc.asyncProperty(ticks, fc.nat({ max: 200 }), fc.integer({ min: 0, max: 8 }), async (bid, part, digits) => {
        const ask = bid + Math.floor((bid * part) / 20_100);
        const spell = (units: bigint, scale: number) => {
          const text = units.toString().padStart(scale + 1, "0");
          return `${text.slice(0, text.length - scale)}.${text.slice(text.length - scale)}`.replace(/\.?0+$/, "");
        };
        const quote = aQuote({
          bp: Number(spell(BigInt(bid), digits)),
          ap: Number(spell(BigInt(ask), digits)),
        });
        const price = spell((BigInt(bid) + BigInt(ask)) * 5n, digits + 1);
        expect(await priceOf(OLD, quote)).toMatchObject({ price, of: "quote" });
      }),
    );
  });
});

describe("a quote that is not gone by", () => {
  it.each<[string, Entry]>([
    ["has no bid", aQuote({ bp: 0, bs: 0 })],
    ["has no ask", aQuote({ ap: 0, as: 0 })],
    ["has neither", aQuote({ bp: 0, ap: 0 })],
    ["leaves the bid out", aQuote({ bp: undefined })],
    ["leaves the ask out", aQuote({ ap: undefined })],
    ["is crossed", aQuote({ bp: 190.02, ap: 190.01 })],
    ["is negative", aQuote({ bp: -190.02, ap: 190.01 })],
    ["has more digits than a price", aQuote({ bp: 187.51000000000002 })],
    ["is wider than a hundredth of its middle", aQuote({ bp: 198.99, ap: 201 })],
    ["is a stub", aQuote({ bp: 0.01, ap: 199_999 })],
    ["has no time", aQuote({ t: undefined })],
    ["is older than the trade", aQuote({ t: agoSec(62) })],
    ["is as old as the trade", aQuote({ t: agoSec(61) })],
    ["is dated ahead", aQuote({ t: agoSec(-61) })],
  ])("%s: the trade stands", async (_, quote) => {
    expect(await priceOf(OLD, quote)).toEqual(OLD_PRICE);
  });

  it("leaves no price where there is no trade either", async () => {
    expect(await priceOf(undefined, aQuote({ bp: 0 }))).toBeUndefined();
  });
});

describe("where the question about quotes fails", () => {
  it.each<[string, Answer]>([
    ["with too many requests", () => Response.json({}, { status: 429 })],
    ["with a feed that is not paid for", () => Response.json({ message: "subscription" }, { status: 403 })],
    ["with a symbol that is not taken", () => Response.json({ message: "invalid symbol" }, { status: 400 })],
    ["with an error of the server", () => Response.json({ quotes: { AAPL: aQuote() } }, { status: 500 })],
    ["with no JSON", () => new Response("<html>")],
    ["with no quotes in it", () => Response.json({ trades: {} })],
    ["as the connection breaks", () => Promise.reject(new Error("Network connection lost."))],
  ])("%s, the trades that were told stand", async (_, answer) => {
    const { broker } = aBroker(answeringQuotes({ AAPL: OLD, MSFT: RECENT }, answer));
    const told = await broker.latestTrades(["AAPL", "MSFT", "SPY"]);
    expect([...told].map(([symbol, { of }]) => `${symbol} ${of}`)).toEqual(["AAPL trade", "MSFT trade"]);
    expect(told.get("AAPL")).toEqual(OLD_PRICE);
  });

  it("by never ending, they stand after a second and a half", async () => {
    const startedMs = performance.now();
    const { broker } = aBroker(answeringQuotes({ AAPL: OLD }, () => new Promise(() => undefined)));
    expect((await broker.latestTrades(["AAPL"])).get("AAPL")).toEqual(OLD_PRICE);
    expect(performance.now() - startedMs).toBeLessThan(3_000);
  });

  it("to begin in time, since the trades were slow, they stand at once", async () => {
    let nowMs = NOW_MS;
    const slowly: Answer = (request) => {
      nowMs += 1_500;
      return telling({ AAPL: OLD }, { AAPL: aQuote() })(request);
    };
    const { broker, calls } = aBroker(slowly, { nowMs: () => nowMs });
    expect((await broker.latestTrades(["AAPL"])).get("AAPL")).toEqual(OLD_PRICE);
    expect(calls).toHaveLength(1);
  });
});

describe("nothing is asked about quotes", () => {
  it.each<[string, Answer]>([
    ["after too many requests", () => Response.json({}, { status: 429 })],
    ["after an error of the server", () => Response.json({}, { status: 500 })],
    ["after no answer worth the name", () => Response.json([])],
    ["after a broken connection", () => Promise.reject(new Error("Network connection lost."))],
    ["where the symbol is not taken", () => Response.json({ message: "invalid symbol" }, { status: 400 })],
  ])("%s", async (_, answer) => {
    const { broker, calls } = aBroker(answer);
    expect(await broker.latestTrades(["AAPL"])).toEqual(new Map());
    expect(calls).toHaveLength(1);
  });
});

describe("of many symbols", () => {
  it("stocks and crypto each have one question about quotes, and all are asked one after the other", async () => {
    let [open, most] = [0, 0];
    const symbols = ["AAPL", "BTC/USD", "BRK.B", "ETH/USD"];
    const answer = telling({ ...each(symbols, OLD), "ETH/USD": RECENT }, each(symbols, aQuote()));
    const { broker, calls } = aBroker(async (request) => {
      most = Math.max(most, (open += 1));
      await Promise.resolve();
      open -= 1;
      return answer(request);
    });
    const told = await broker.latestTrades(symbols);
    expect(Object.fromEntries([...told].map(([symbol, { of }]) => [symbol, of]))).toEqual({
      AAPL: "quote",
      "BRK.B": "quote",
      "BTC/USD": "quote",
      "ETH/USD": "trade",
    });
    expect(calls.map(({ url }) => decodeURIComponent(url))).toEqual([
      "https://data.alpaca.markets/v2/stocks/trades/latest?symbols=AAPL,BRK.B&feed=iex",
      "https://data.alpaca.markets/v2/stocks/quotes/latest?symbols=AAPL,BRK.B&feed=iex",
      "https://data.alpaca.markets/v1beta3/crypto/us/latest/trades?symbols=BTC/USD,ETH/USD",
      "https://data.alpaca.markets/v1beta3/crypto/us/latest/quotes?symbols=BTC/USD",
    ]);
    expect(most).toBe(1);
  });

  it("a hundred at a time at most are asked about, as trades are", async () => {
    const symbols = names(250);
    const quiet = symbols.slice(0, 130);
    const { broker, calls } = aBroker(
      telling({ ...each(symbols, RECENT), ...each(quiet, OLD) }, each(symbols, aQuote())),
    );
    const told = await broker.latestTrades(symbols);
    expect(told.size).toBe(250);
    expect([...told].filter(([, { of }]) => of === "quote").map(([symbol]) => symbol)).toEqual(quiet);
    expect(calls.filter(isAboutQuotes).map((call) => symbolsOf(call).length)).toEqual([65, 65]);
  });

  it("one that is refused spoils no quote, and is not asked about again", async () => {
    const symbols = [...names(19), "NOPE"];
    const answer = telling(each(names(19), OLD), each(names(19), aQuote()));
    const { broker, calls } = aBroker((request) =>
      symbolsOf(request).includes("NOPE")
        ? Response.json({ message: "invalid symbol" }, { status: 400 })
        : answer(request),
    );
    const told = await broker.latestTrades(symbols);
    expect([...told.values()].map(({ of }) => of)).toEqual(names(19).map(() => "quote"));
    expect(calls.filter(isAboutQuotes).map((call) => symbolsOf(call).length)).toEqual([19]);
  });

  it("one that is refused for its quote only costs the others theirs no more than a trade does", async () => {
    const symbols = names(8);
    const answer = telling(each(symbols, OLD), each(symbols, aQuote()));
    const { broker } = aBroker((request) =>
      isAboutQuotes(request) && symbolsOf(request).includes("SAA")
        ? Response.json({ message: "invalid symbol" }, { status: 400 })
        : answer(request),
    );
    const told = await broker.latestTrades(symbols);
    expect([...told.values()].map(({ of }) => of)).toEqual(["trade", ...Array.from({ length: 7 }, () => "quote")]);
  });
});
