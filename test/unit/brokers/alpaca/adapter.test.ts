import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { alpacaBroker } from "../../../../src/brokers/alpaca/adapter.ts";
import { ALPACA_LIVE, ALPACA_PAPER } from "../../../../src/brokers/alpaca/venues.ts";
import { ClientOrderId } from "../../../../src/domain/ids.ts";
import type { OrderIntent } from "../../../../src/domain/order.ts";
import { resumeApproval } from "../../../../src/domain/risk/assess.ts";
import { aStopLoss, aTakeProfit, anAlpacaOrder, anIntent } from "./builders.ts";
import { type Answer, KEY_ID, SECRET_KEY, aBroker, json } from "./recorded-broker.ts";

const approve = (intent: OrderIntent) =>
  resumeApproval(intent, [{ rule: "test", passed: true, input: "", limit: null }]);

const id = ClientOrderId.parse("sp:0192.a");

describe("placing an order", () => {
  it("sends it once, to the trading host, with the keys and the exact body", async () => {
    const { broker, calls } = aBroker(json(anAlpacaOrder()));
    expect(await broker.submit(approve(anIntent()))).toMatchObject({ ending: "accepted" });
    expect(calls).toEqual([
      {
        method: "POST",
        url: "https://paper-api.alpaca.markets/v2/orders",
        headers: {
          accept: "application/json",
          "apca-api-key-id": KEY_ID,
          "apca-api-secret-key": SECRET_KEY,
          "content-type": "application/json",
          "user-agent": "sallyport",
        },
        body: '{"symbol":"AAPL","qty":"10","side":"buy","type":"limit","time_in_force":"day","limit_price":"187.25","client_order_id":"sp-0192f3a4"}',
      },
    ]);
  });

  const bracket = anIntent({ take_profit: { limit_price: "200" }, stop_loss: { stop_price: "180" } });

  it("sends its legs with it, and hears of them at once", async () => {
    const { broker } = aBroker(json(anAlpacaOrder({ order_class: "bracket", legs: [aTakeProfit(), aStopLoss()] })));
    expect(await broker.submit(approve(bracket))).toMatchObject({
      ending: "accepted",
      report: {
        legs: [
          { side: "sell", limit_price: "200" },
          { side: "sell", stop_price: "180" },
        ],
      },
    });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["nothing said of its legs", { order_class: "bracket", legs: null }, "accepted"],
    ["no legs at all", { order_class: "", legs: null }, "unknown"],
    ["one of two legs", { order_class: "oto", legs: [aStopLoss()] }, "unknown"],
    ["another price", { order_class: "bracket", legs: [aTakeProfit(), aStopLoss({ stop_price: "179" })] }, "unknown"],
  ])("whose order comes back with %s, %j, is %s", async (_, fields, ending) => {
    const { broker } = aBroker(json(anAlpacaOrder(fields)));
    expect(await broker.submit(approve(bracket))).toMatchObject({ ending });
  });

  it.each([429, 500, 503])("retries nothing by itself after a %i", async (status) => {
    const { broker, calls } = aBroker(() => new Response("", { status }));
    await broker.submit(approve(anIntent()));
    expect(calls).toHaveLength(1);
  });

  it("reads the wait after a 429 by its own clock", async () => {
    const { broker } = aBroker(json({}, { status: 429, headers: { "X-RateLimit-Reset": "1795185005" } }));
    expect(await broker.submit(approve(anIntent()))).toEqual({
      ending: "not_sent",
      code: "rate_limited",
      retryAfterMs: 5_000,
    });
  });

  it("goes to another host when trading for real, and to no other", () => {
    expect(ALPACA_PAPER.tradingUrl).toBe("https://paper-api.alpaca.markets");
    expect(ALPACA_LIVE).toEqual({ ...ALPACA_PAPER, tradingUrl: "https://api.alpaca.markets" });
  });

  it.each(["permanent", "open_orders", "none"] as const)("is declared as %s by a venue that is", (deduplication) => {
    expect(aBroker(json({}), { deduplication }).broker.deduplication).toBe(deduplication);
    expect(aBroker(json({})).broker.deduplication).toBe("permanent");
  });

  it("refuses what Alpaca cannot carry out before it is sent", () => {
    const { broker, calls } = aBroker(json({}));
    expect(broker.supports(anIntent({ symbol: "aapl" }))?.code).toBe("symbol_not_upper_case");
    expect(broker.supports(anIntent())).toBeUndefined();
    expect(calls).toHaveLength(0);
  });
});

describe("looking an order up", () => {
  it("asks by client order id", async () => {
    const { broker, calls } = aBroker(json(anAlpacaOrder({ client_order_id: id })));
    expect(await broker.find(id)).toMatchObject({ ending: "found" });
    expect(calls).toMatchObject([
      {
        method: "GET",
        url: "https://paper-api.alpaca.markets/v2/orders:by_client_order_id?client_order_id=sp%3A0192.a",
        body: "",
      },
    ]);
  });

  describe("that has legs", () => {
    const bare = anAlpacaOrder({ client_order_id: id, order_class: "bracket", legs: null });
    const whole = { ...bare, status: "filled", filled_qty: "10", legs: [aTakeProfit(), aStopLoss()] };
    const NESTED = "https://paper-api.alpaca.markets/v2/orders/61e69015-8549-4bfd-b9c3-01e75843f47d?nested=true";

    it("asks for them by Alpaca's id when they are not in the first answer", async () => {
      const { broker, calls } = aBroker([json(bare), json(whole)]);
      expect(await broker.find(id)).toMatchObject({
        ending: "found",
        report: { status: "filled", legs: [{ stop_price: null }, { stop_price: "180" }] },
      });
      expect(calls.map(({ url }) => url).slice(1)).toEqual([NESTED]);
    });

    it("asks once when they are", async () => {
      const { broker, calls } = aBroker(json(whole));
      expect(await broker.find(id)).toMatchObject({ report: { legs: [{}, {}] } });
      expect(calls).toHaveLength(1);
    });

    it.each<[string, Answer]>([
      ["fails", json({}, { status: 500 })],
      ["is limited", json({}, { status: 429 })],
      ["is not found", json({ code: 40410000, message: "order not found" }, { status: 404 })],
      ["is about another order", json({ ...whole, client_order_id: "sp-other" })],
      ["has a leg that cannot be read", json({ ...whole, legs: [{}] })],
      ["breaks off", () => Promise.reject(new Error("Network connection lost."))],
    ])("has what it knew, and nothing of the legs, when the second answer %s", async (_, answer) => {
      const found = await aBroker([json(bare), answer]).broker.find(id);
      expect(found).toMatchObject({ ending: "found", report: { status: "pending_new" } });
      expect(found.ending === "found" && found.report.legs).toBeUndefined();
    });

    it("does not ask where Alpaca's id could be anything else", async () => {
      const { broker, calls } = aBroker(json({ ...bare, id: "../orders" }));
      expect(await broker.find(id)).toMatchObject({ ending: "found" });
      expect(calls).toHaveLength(1);
    });
  });

  it("takes Alpaca's word that there is none", async () => {
    const { broker } = aBroker(json({ code: 40410000, message: "order not found" }, { status: 404 }));
    expect(await broker.find(id)).toEqual({ ending: "absent" });
  });
});

describe("canceling an order", () => {
  const venueOrderId = "61e69015-8549-4bfd-b9c3-01e75843f47d";

  it("deletes it by Alpaca's own id, once", async () => {
    const { broker, calls } = aBroker(() => new Response(null, { status: 204 }));
    expect(await broker.cancel(venueOrderId)).toEqual({ ending: "requested" });
    expect(calls).toMatchObject([
      { method: "DELETE", url: `https://paper-api.alpaca.markets/v2/orders/${venueOrderId}`, body: "" },
    ]);
    expect(calls[0]?.headers).toMatchObject({ "apca-api-key-id": KEY_ID });
  });

  it.each(["", ".", "..", "/", "a/b", "%2e", "?", "#", `${venueOrderId} `, "x".repeat(65)])(
    "sends nothing for %j, which could name every order there is",
    async (name) => {
      const { broker, calls } = aBroker(() => new Response(null, { status: 204 }));
      expect(await broker.cancel(name)).toEqual({ ending: "not_sent", code: "not_sendable", retryAfterMs: null });
      expect(calls).toEqual([]);
    },
  );
});

describe("asking for the last trade", () => {
  const trade = { c: ["@"], i: 826, p: 172.78, s: 100, t: "2026-11-20T14:29:59.361102308Z", x: "Q", z: "C" };
  const stock = (change: Record<string, unknown> = {}) => json({ trades: { AAPL: { ...trade, ...change } } });

  it("asks the data host for the feed and reads price and time", async () => {
    const { broker, calls } = aBroker(stock());
    expect((await broker.latestTrades(["AAPL"])).get("AAPL")).toEqual({
      price: "172.78",
      atMs: Date.parse("2026-11-20T14:29:59.361Z"),
      of: "trade",
    });
    expect(calls[0]?.url).toBe("https://data.alpaca.markets/v2/stocks/trades/latest?symbols=AAPL&feed=iex");
    expect(calls[0]?.headers).toMatchObject({ "apca-api-key-id": KEY_ID });
  });

  it("names no feed to a venue that has only one", async () => {
    const calls: string[] = [];
    const broker = alpacaBroker({
      tradingUrl: "https://venue.internal",
      dataUrl: "https://venue.internal",
      deduplication: "permanent",
      limits: ALPACA_PAPER.limits,
      credentials: () => Promise.resolve({ keyId: KEY_ID, secretKey: SECRET_KEY }),
      nowMs: () => 0,
      onQuota: () => undefined,
      fetch: async (request) => {
        calls.push(request.url);
        return stock()();
      },
    });
    expect((await broker.latestTrades(["AAPL"])).get("AAPL")).toMatchObject({ price: "172.78" });
    expect(calls).toEqual(["https://venue.internal/v2/stocks/trades/latest?symbols=AAPL"]);
  });

  it("asks for a crypto pair where crypto trades", async () => {
    const { broker, calls } = aBroker(
      json({ trades: { "BTC/USD": { i: 1, p: 29791, s: 0.0016, t: "2026-11-20T12:01:00Z", tks: "S" } } }),
    );
    expect((await broker.latestTrades(["BTC/USD"])).get("BTC/USD")).toEqual({
      price: "29791",
      atMs: Date.parse("2026-11-20T12:01:00Z"),
      of: "trade",
    });
    expect(calls[0]?.url).toBe("https://data.alpaca.markets/v1beta3/crypto/us/latest/trades?symbols=BTC%2FUSD");
  });

  it.each([
    [187.5, "187.5"],
    [0.0001, "0.0001"],
    [0.000001, "0.000001"],
    [1e-9, "0.000000001"],
    [745000.12, "745000.12"],
    [999999999999.999, "999999999999.999"],
  ])("keeps every digit of %d", async (p, price) => {
    expect((await aBroker(stock({ p })).broker.latestTrades(["AAPL"])).get("AAPL")).toMatchObject({ price });
  });

  it.each([
    ["2026-11-20T14:30:00Z", "2026-11-20T14:30:00.000Z"],
    ["2026-11-20T14:30:00.5Z", "2026-11-20T14:30:00.500Z"],
    ["2026-11-20T14:30:00.999999999Z", "2026-11-20T14:30:00.999Z"],
    ["2026-11-20T09:30:00.25-05:00", "2026-11-20T14:30:00.250Z"],
  ])("reads the time %s", async (t, time) => {
    expect((await aBroker(stock({ t })).broker.latestTrades(["AAPL"])).get("AAPL")).toMatchObject({
      atMs: Date.parse(time),
    });
  });

  it.each<[string, Answer]>([
    ["another symbol only", json({ trades: { MSFT: trade } })],
    ["no trades", json({ trades: {} })],
    ["no answer worth the name", json({})],
    ["a list", json([])],
    ["no JSON", () => new Response("<html>")],
    ["a price of zero", stock({ p: 0 })],
    ["a negative price", stock({ p: -1 })],
    ["no price", stock({ p: null })],
    ["more digits than a price has", stock({ p: 187.51000000000002 })],
    ["no time", stock({ t: undefined })],
    ["a day that is none", stock({ t: "2026-02-30T14:30:00Z" })],
    ["a trade that was canceled", stock({ u: "canceled" })],
    ["a trade that was wrong", stock({ u: "incorrect" })],
    ["a feed that is not paid for", json({ message: "subscription does not permit" }, { status: 403 })],
    ["too many requests", json({}, { status: 429 })],
    ["an error of the server", json({ trades: { AAPL: trade } }, { status: 500 })],
    ["a broken connection", () => Promise.reject(new Error("Network connection lost."))],
  ])("knows no price after %s", async (_, answer) => {
    expect(await aBroker(answer).broker.latestTrades(["AAPL"])).toEqual(new Map());
  });

  describe("of many symbols", () => {
    const tradesOf = (symbols: readonly string[]) =>
      Response.json({ trades: Object.fromEntries(symbols.map((symbol) => [symbol, trade])) });
    const asked = (request: Request) => (new URL(request.url).searchParams.get("symbols") ?? "").split(",");
    /** A data host that answers 400 to the whole question where one symbol of it is such a one. */
    const refusing = (bad: (symbol: string) => boolean) => (request: Request) =>
      asked(request).some(bad)
        ? Response.json({ message: "invalid symbol" }, { status: 400 })
        : tradesOf(asked(request));
    const names = (count: number) =>
      Array.from({ length: count }, (_, at) => `S${String.fromCharCode(65 + (at % 26), 65 + Math.floor(at / 26))}`);

    it("asks once, and once more where crypto trades, one after the other", async () => {
      let [open, most] = [0, 0];
      const { broker, calls } = aBroker(async (request: Request) => {
        most = Math.max(most, (open += 1));
        await Promise.resolve();
        open -= 1;
        return tradesOf(asked(request));
      });
      const told = await broker.latestTrades(["AAPL", "BTC/USD", "BRK.B", "ETH/USD"]);
      expect([...told.keys()]).toEqual(["AAPL", "BRK.B", "BTC/USD", "ETH/USD"]);
      expect(calls.map(({ url }) => decodeURIComponent(url))).toEqual([
        "https://data.alpaca.markets/v2/stocks/trades/latest?symbols=AAPL,BRK.B&feed=iex",
        "https://data.alpaca.markets/v1beta3/crypto/us/latest/trades?symbols=BTC/USD,ETH/USD",
      ]);
      expect(most).toBe(1);
    });

    it("asks for nothing that no question can be about, and for nothing at all where there is nothing else", async () => {
      const { broker, calls } = aBroker((request: Request) => tradesOf(asked(request)));
      const told = await broker.latestTrades(["aapl", "AAPL", "AAPL261218C00190000", "../v2"]);
      expect([...told.keys()]).toEqual(["AAPL"]);
      await broker.latestTrades(["aapl"]);
      expect(calls).toHaveLength(1);
    });

    it("loses none to one that is refused", async () => {
      const { broker, calls } = aBroker(refusing((symbol) => symbol === "NOPE"));
      const told = await broker.latestTrades([...names(19), "NOPE"]);
      expect([...told.keys()].toSorted()).toEqual(names(19).toSorted());
      expect(calls.length).toBeLessThan(12);
    });

    it("knows none where every one is refused", async () => {
      expect(await aBroker(refusing(() => true)).broker.latestTrades(names(5))).toEqual(new Map());
    });

    it("asks for a hundred at a time at most", async () => {
      const { broker, calls } = aBroker((request: Request) => tradesOf(asked(request)));
      expect((await broker.latestTrades(names(250))).size).toBe(250);
      const lengths = calls.map(({ url }) => new URL(url).searchParams.get("symbols")?.split(",").length);
      expect(lengths).toEqual([63, 62, 63, 62]);
    });

    it("goes on asking for a second and a half in all", async () => {
      let nowMs = 0;
      const answer = (request: Request) => {
        nowMs += 400;
        return refusing(() => true)(request);
      };
      const { broker, calls } = aBroker(answer, { nowMs: () => nowMs });
      expect(await broker.latestTrades(names(100))).toEqual(new Map());
      expect(calls).toHaveLength(4);
    });
  });

  it("does not wait for long", async () => {
    const startedMs = performance.now();
    expect(await aBroker(() => new Promise(() => undefined)).broker.latestTrades(["AAPL"])).toEqual(new Map());
    expect(performance.now() - startedMs).toBeLessThan(3_000);
  });
});

describe("the credentials", () => {
  const echo = `keys ${KEY_ID} and ${SECRET_KEY} are wrong`;

  it.each<[string, Answer]>([
    ["accepted", json(anAlpacaOrder({ echo }))],
    ["unauthorized", json({ code: 40110000, message: echo }, { status: 401 })],
    ["forbidden", json({ message: echo }, { status: 403 })],
    ["refused", json({ code: 40310000, message: echo, echo }, { status: 403 })],
    ["invalid", json({ code: 42210000, message: echo }, { status: 422 })],
    ["a duplicate", json({ code: 40010001, message: `client_order_id must be unique ${echo}` }, { status: 422 })],
    ["not found", json({ code: 40410000, message: echo }, { status: 404 })],
    ["limited", json({ message: echo }, { status: 429, headers: { "Retry-After": SECRET_KEY } })],
    ["failed", json({ message: echo }, { status: 500 })],
    ["an unknown status", json(anAlpacaOrder({ status: SECRET_KEY }))],
    ["redirected", () => new Response(null, { status: 307, headers: { Location: `https://x/${SECRET_KEY}` } })],
    ["thrown", () => Promise.reject(new Error(echo, { cause: new Headers({ key: SECRET_KEY }) }))],
  ])("are in nothing that comes back when the answer is %s", async (_, answer) => {
    const { broker } = aBroker(answer);
    const returned = [
      broker,
      await broker.submit(approve(anIntent())),
      await broker.find(ClientOrderId.parse("sp-0192f3a4")),
      await broker.cancel("61e69015-8549-4bfd-b9c3-01e75843f47d"),
      await broker.openOrders(),
      await broker.executions(0),
      await broker.holdings(),
      await broker.balances(),
      await broker.latestTrades(["AAPL"]),
    ];
    const shown = inspect(returned, { depth: null, showHidden: true }) + JSON.stringify(returned);
    expect(shown).not.toContain(KEY_ID);
    expect(shown).not.toContain(SECRET_KEY);
  });

  it("that no header can carry stop the order before it is sent", async () => {
    let calls = 0;
    const broker = alpacaBroker({
      ...ALPACA_PAPER,
      credentials: () => Promise.resolve({ keyId: KEY_ID, secretKey: `${SECRET_KEY}\n${SECRET_KEY}` }),
      nowMs: () => 0,
      onQuota: () => undefined,
      fetch: async () => {
        calls += 1;
        return new Response();
      },
    });
    const ending = await broker.submit(approve(anIntent()));
    expect(ending).toEqual({ ending: "not_sent", code: "not_sendable", retryAfterMs: null });
    expect(calls).toBe(0);
  });
});
