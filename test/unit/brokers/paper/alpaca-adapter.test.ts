// The adapter that trades at Alpaca, trading here: every ending that it tells apart can be had from this venue.
import { describe, expect, it } from "vitest";
import { alpacaBroker } from "../../../../src/brokers/alpaca/adapter.ts";
import { handleVenueRequest } from "../../../../src/brokers/paper/venue.ts";
import { ClientOrderId } from "../../../../src/domain/ids.ts";
import { tickAt } from "../../../../src/domain/instrument.ts";
import { decimalOf } from "../../../../src/domain/money.ts";
import { resumeApproval } from "../../../../src/domain/risk/assess.ts";
import { anIntent } from "../alpaca/builders.ts";
import { NOW_MS, type VenueOptions, openVenue } from "./venue-client.ts";

function openBroker({ secretKey = "test-secret", ...options }: VenueOptions & { secretKey?: string } = {}) {
  const client = openVenue(options);
  const broker = alpacaBroker({
    tradingUrl: "https://venue.test",
    dataUrl: "https://venue.test",
    deduplication: client.venue.settings.deduplication,
    limits: { capacity: 1000, ratePerSec: 1000 },
    credentials: () => Promise.resolve({ keyId: "test-key", secretKey }),
    fetch: (request) => handleVenueRequest(request, client.venue),
    nowMs: client.venue.nowMs,
    onQuota: () => undefined,
  });
  const submit = (fields: Record<string, unknown> = {}) => {
    const intent = anIntent(fields);
    return broker.submit(resumeApproval(intent, [{ rule: "test", passed: true, input: "", limit: null }]));
  };
  /** Submits an order that has to be accepted; its id at the venue. */
  const place = async (fields: Record<string, unknown> = {}) => {
    const ending = await submit(fields);
    if (ending.ending !== "accepted") throw new Error(`the order was not accepted: ${JSON.stringify(ending)}`);
    return ending.report.venue_order_id;
  };
  return { ...client, broker, submit, place };
}

const { client_order_id } = anIntent();
const market = { type: "market", limit_price: undefined };

describe("the Alpaca adapter at this venue", () => {
  it("has an order accepted and finds it filled", async () => {
    const { broker, submit } = openBroker();
    expect(await submit(market)).toMatchObject({
      ending: "accepted",
      report: { status: "pending_new", filled_quantity: "0" },
    });
    expect(await broker.find(client_order_id)).toMatchObject({
      ending: "found",
      report: { status: "filled", filled_quantity: "10", average_price: "187.5" },
    });
  });

  it("has a notional order accepted as the one it asked for", async () => {
    const { submit } = openBroker();
    expect(await submit({ ...market, quantity: undefined, notional: "1000" })).toMatchObject({ ending: "accepted" });
  });

  it.each([
    ["new", {}],
    ["canceled", { time_in_force: "ioc" }],
  ])("finds an order that is %s", async (status, fields) => {
    const { broker, submit } = openBroker();
    await submit({ limit_price: "180", ...fields });
    expect(await broker.find(client_order_id)).toMatchObject({ ending: "found", report: { status } });
  });

  it("learns nothing from the refusal of an id that is taken, and finds the order that has it", async () => {
    const { broker, submit } = openBroker();
    await submit(market);
    expect(await submit(market)).toEqual({ ending: "unknown", code: "duplicate_client_order_id" });
    expect(await broker.find(client_order_id)).toMatchObject({ ending: "found" });
  });

  it("is rejected for want of buying power, for an unknown symbol and for a wrong key", async () => {
    const { broker, submit } = openBroker();
    expect(await submit({ quantity: "10000" })).toMatchObject({
      ending: "rejected",
      code: "insufficient_buying_power",
    });
    expect(await submit({ symbol: "ZZZZ" })).toMatchObject({ ending: "rejected", code: "invalid_order" });
    expect(await broker.find(client_order_id)).toEqual({ ending: "absent" });
    expect(await openBroker({ secretKey: "guess" }).submit()).toMatchObject({
      ending: "rejected",
      code: "broker_unauthorized",
    });
  });

  it("has a resting order canceled, and comes too late for one that has ended or never was", async () => {
    const { broker, place } = openBroker();
    const id = await place({ limit_price: "180" });
    expect(await broker.cancel(id)).toEqual({ ending: "requested" });
    expect(await broker.find(client_order_id)).toMatchObject({ ending: "found", report: { status: "canceled" } });
    expect(await broker.cancel(id)).toEqual({ ending: "too_late" });
    expect(await broker.cancel("00000000-0000-4000-8000-000000009999")).toEqual({ ending: "too_late" });
  });

  it("finds the filled part of an order that it canceled too late to stop", async () => {
    const { broker, place } = openBroker({ maxFillQuantity: "4" });
    const id = await place({ quantity: "10", limit_price: "190" });
    expect(await broker.cancel(id)).toEqual({ ending: "requested" });
    expect(await broker.find(client_order_id)).toMatchObject({
      report: { status: "canceled", filled_quantity: "8", average_price: "187.5" },
    });
    expect(await broker.executions(NOW_MS)).toMatchObject({
      items: [
        { venue_order_id: id, quantity: "4" },
        { venue_order_id: id, quantity: "4" },
      ],
    });
  });

  it("lists every open order, over more than one page", async () => {
    const { broker, place, venue } = openBroker();
    const order = venue.store.findOrder(await place({ limit_price: "1", quantity: "1" }));
    if (order === undefined) throw new Error("the order is not in the store");
    for (let count = 1; count < 1201; count += 1) {
      venue.store.insertOrder({ ...order, id: `copy-${count}`, clientOrderId: `sp-${count}` });
    }
    const listed = await broker.openOrders();
    const items = listed.ending === "listed" ? listed.items : [];
    expect(items).toHaveLength(1201);
    expect(new Set(items.map((report) => report.client_order_id)).size).toBe(1201);
  });

  describe("places a bracket", () => {
    const legs = { take_profit: { limit_price: "200" }, stop_loss: { stop_price: "180" } };
    const find = async (broker: ReturnType<typeof openBroker>["broker"]) => {
      const found = await broker.find(client_order_id);
      if (found.ending !== "found") throw new Error(`not found: ${found.ending}`);
      return found.report;
    };
    const listed = async (broker: ReturnType<typeof openBroker>["broker"]) => {
      const list = await broker.openOrders();
      return list.ending === "listed" ? list.items.map((item) => item.venue_order_id) : [];
    };

    it("and hears of its legs at once, and whenever it looks", async () => {
      const { broker, submit } = openBroker();
      const ending = await submit({ ...legs, limit_price: "185" });
      const accepted = ending.ending === "accepted" ? ending.report.legs : undefined;
      expect(accepted).toMatchObject([
        { side: "sell", type: "limit", limit_price: "200", status: "suspended" },
        { side: "sell", type: "stop", stop_price: "180", status: "suspended" },
      ]);
      expect((await find(broker)).legs).toEqual(accepted);
    });

    it("and sees each of its orders in the list once, while it is at the market", async () => {
      const { broker, place, setPrice } = openBroker();
      const id = await place({ ...legs, limit_price: "185" });
      const [profit, stop] = (await find(broker)).legs ?? [];
      expect(await listed(broker)).toEqual([id]);
      await setPrice("AAPL", "185");
      await broker.find(client_order_id);
      expect(await listed(broker)).toEqual([profit?.venue_order_id]);
      await setPrice("AAPL", "170");
      expect(await listed(broker)).toEqual([]);
      expect(await find(broker)).toMatchObject({
        status: "filled",
        legs: [
          { venue_order_id: profit?.venue_order_id, status: "canceled" },
          { venue_order_id: stop?.venue_order_id, status: "filled", filled_quantity: "10", average_price: "170" },
        ],
      });
    });

    it("and finds a leg by the client order id that the venue gave it", async () => {
      const { broker, place } = openBroker();
      await place({ ...market, ...legs });
      const [profit] = (await find(broker)).legs ?? [];
      const name = ClientOrderId.parse(profit?.client_order_id);
      expect(await broker.find(name)).toMatchObject({ ending: "found", report: { status: "new", limit_price: "200" } });
    });

    it("and cancels all of it with one leg", async () => {
      const { broker, place } = openBroker();
      await place({ ...market, ...legs });
      const [, stop] = (await find(broker)).legs ?? [];
      expect(await broker.cancel(stop?.venue_order_id ?? "")).toEqual({ ending: "requested" });
      expect((await find(broker)).legs).toMatchObject([{ status: "canceled" }, { status: "canceled" }]);
      expect(await broker.cancel(stop?.venue_order_id ?? "")).toEqual({ ending: "too_late" });
    });

    it.each<[string, Record<string, unknown>]>([
      ["too near to the market", { stop_loss: { stop_price: "187.5" } }],
      ["on the wrong side of it", { take_profit: { limit_price: "187" } }],
    ])("and is rejected with a leg that is %s", async (_, fields) => {
      const { broker, submit } = openBroker();
      const ending = await submit({ ...market, ...fields });
      expect(ending).toMatchObject({
        ending: "rejected",
        code: "invalid_order",
        detail: expect.stringContaining("base_price"),
      });
      expect(await broker.find(client_order_id)).toEqual({ ending: "absent" });
    });
  });

  it("lists every trade since a moment, over more than one page, oldest first and each once", async () => {
    const { broker, place, advance } = openBroker({ maxFillQuantity: "1" });
    await place({ ...market, client_order_id: "sp-before", quantity: "1" });
    advance(10_000);
    const id = await place({ ...market, quantity: "150" });
    for (let look = 0; look < 149; look += 1) await broker.find(client_order_id);
    const listed = await broker.executions(NOW_MS + 10_000);
    const items = listed.ending === "listed" ? listed.items : [];
    expect(new Set(items.map((execution) => execution.execution_id)).size).toBe(150);
    expect(items[0]).toEqual({
      execution_id: expect.stringMatching(/^20260115143010000::/),
      venue_order_id: id,
      quantity: "1",
      price: "187.5",
      executed_at_ms: NOW_MS + 10_000,
    });
    expect(items.every((execution) => execution.venue_order_id === id)).toBe(true);
  });

  it("reads what is held, long and short, and the account's money to more digits than an order has", async () => {
    const { broker, place, setPrice } = openBroker();
    await place({ ...market, client_order_id: "sp-1", quantity: "0.333333333" });
    await place({ ...market, client_order_id: "sp-2", symbol: "MSFT", side: "sell", quantity: "2" });
    await setPrice("AAPL", "187.123456789");
    expect(await broker.holdings()).toEqual({
      ending: "listed",
      items: [
        { symbol: "AAPL", quantity: "0.333333333", average_price: "187.5", market_value: "62.374485534" },
        { symbol: "MSFT", quantity: "-2", average_price: "412.25", market_value: "-824.5" },
      ],
    });
    expect(await broker.balances()).toEqual({
      ending: "read",
      balances: {
        currency: "USD",
        cash: "100762.000000062",
        equity: "99999.874485596",
        buying_power: "99113.000000062",
      },
    });
  });

  it("reads what is listed as equities that trade in fractions and can be sold short", async () => {
    const { broker } = openBroker();
    const ending = await broker.instruments();
    if (ending.ending !== "listed") throw new Error(`not listed: ${ending.code}`);
    expect(ending.passedOver).toBe(0);
    expect(ending.items.map(({ symbol }) => symbol)).toEqual(["AAPL", "MSFT", "PENNY"]);
    expect(ending.items[0]).toEqual({
      symbol: "AAPL",
      asset_class: "us_equity",
      exchange: "NASDAQ",
      status: "active",
      tradable: true,
      shortable: true,
      fractionable: true,
      lot_size: "0.000000001",
      min_quantity: null,
      min_notional: "1",
      price_increment: null,
    });
  });

  it("takes an order of the smallest lot and at the smallest step that are listed", async () => {
    const { broker, submit } = openBroker();
    const ending = await broker.instruments();
    const listed = ending.ending === "listed" ? ending.items : [];
    for (const instrument of listed) {
      const { symbol, lot_size } = instrument;
      const limit_price = tickAt(decimalOf(symbol === "PENNY" ? "0.5" : "150"), instrument);
      const fields = { symbol, quantity: lot_size, limit_price, client_order_id: `sp-${symbol}` };
      expect(await submit(fields)).toMatchObject({ ending: "accepted" });
    }
    expect(listed).not.toHaveLength(0);
  });

  it("has no list, no money and no cancel with a wrong key", async () => {
    const { broker } = openBroker({ secretKey: "guess" });
    const refused = { ending: "unknown", code: "http_401" };
    expect(await broker.openOrders()).toEqual(refused);
    expect(await broker.executions(0)).toEqual(refused);
    expect(await broker.holdings()).toEqual(refused);
    expect(await broker.instruments()).toEqual(refused);
    expect(await broker.balances()).toEqual(refused);
    expect(await broker.cancel("00000000-0000-4000-8000-000000000001")).toEqual(refused);
  });

  it.each(["open_orders", "none"] as const)(
    "gets a second order under one id where deduplication is %s, and finds the second",
    async (deduplication) => {
      const { broker, place } = openBroker({ deduplication });
      await place(market);
      const second = await place({ ...market, quantity: "3" });
      expect(await broker.find(client_order_id)).toMatchObject({ report: { venue_order_id: second, quantity: "3" } });
    },
  );

  it("reads the last price, which is always of this moment", async () => {
    const { broker, setPrice, advance } = openBroker();
    await setPrice("AAPL", "190.01");
    advance(3_600_000);
    const last = { price: "190.01", atMs: NOW_MS + 3_600_000, of: "trade" };
    expect(await broker.latestTrades(["AAPL", "ZZZZ"])).toEqual(new Map([["AAPL", last]]));
  });
});
