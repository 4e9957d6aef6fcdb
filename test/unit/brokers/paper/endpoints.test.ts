// What each endpoint answers, and that both stores remember the same.
import { describe, expect, it } from "vitest";
import { createMemoryStore } from "../../../../src/brokers/paper/memory-store.ts";
import { setVenuePrice } from "../../../../src/brokers/paper/venue.ts";
import { decimalOf } from "../../../../src/domain/money.ts";
import { openSqliteStore } from "./sqlite-store.ts";
import { NOW_MS, type OrderJson, type VenueOptions, openVenue } from "./venue-client.ts";

const NOW = new Date(NOW_MS).toISOString();
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[48][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** Buys below the market, so it rests. */
const RESTING = { type: "limit", limit_price: "180" };

const idsOf = (orders: unknown): unknown[] => (orders as OrderJson[]).map((order) => order.client_order_id);

describe.each([
  ["memory", createMemoryStore],
  ["SQLite", () => openSqliteStore()],
])("the venue over %s", (_, createStore) => {
  const open = (options: VenueOptions = {}) => openVenue({ ...options, store: createStore() });

  describe("POST /v2/orders", () => {
    it("answers with the accepted order, every field of it", async () => {
      const { post } = open();
      const { status, body } = await post({ client_order_id: "sp-1" });
      expect(status).toBe(200);
      expect(body).toEqual({
        id: expect.stringMatching(UUID),
        client_order_id: "sp-1",
        created_at: NOW,
        updated_at: NOW,
        submitted_at: NOW,
        filled_at: null,
        expired_at: null,
        expires_at: "2026-01-16T00:00:00.000Z",
        canceled_at: null,
        failed_at: null,
        replaced_at: null,
        replaced_by: null,
        replaces: null,
        asset_id: expect.stringMatching(UUID),
        symbol: "AAPL",
        asset_class: "us_equity",
        notional: null,
        qty: "10",
        filled_qty: "0",
        filled_avg_price: null,
        order_class: "",
        order_type: "market",
        type: "market",
        side: "buy",
        position_intent: null,
        time_in_force: "day",
        limit_price: null,
        stop_price: null,
        status: "accepted",
        extended_hours: false,
        legs: null,
        trail_percent: null,
        trail_price: null,
        hwm: null,
        ratio_qty: null,
      });
    });

    it("fills a market order at the last price, to be seen on the very next read", async () => {
      const { place } = open();
      expect(await place()).toMatchObject({
        status: "filled",
        filled_qty: "10",
        filled_avg_price: "187.5",
        filled_at: NOW,
      });
    });

    it("keeps the notional of a notional order and fills as many units as it buys", async () => {
      const { place, get } = open();
      const order = await place({ qty: undefined, notional: "1000" });
      expect(order).toMatchObject({ qty: null, notional: "1000", status: "filled", filled_qty: "5.333333333" });
      expect(await get("/v2/positions/AAPL")).toMatchObject({ qty: "5.333333333", cost_basis: "999.9999999375" });
    });

    it("makes up a client order id where none was sent", async () => {
      const { place } = open();
      expect((await place()).client_order_id).toMatch(UUID);
    });

    it("takes amounts as JSON numbers and null for what is absent", async () => {
      const { place } = open();
      const order = await place({ ...RESTING, qty: 10, limit_price: 180.25, stop_price: null, notional: null });
      expect(order).toMatchObject({ qty: "10", limit_price: "180.25", stop_price: null });
    });

    it("knows an asset by its id as well as by its symbol", async () => {
      const { get, place } = open();
      const { id } = await get("/v2/assets/MSFT");
      expect(await place({ symbol: id })).toMatchObject({ symbol: "MSFT", asset_id: id });
    });

    it("takes an order that rests, which is new on the next read", async () => {
      const { post, get } = open();
      const { body } = await post({ ...RESTING, time_in_force: "gtc" });
      const { id, status } = body as OrderJson & { status: string };
      expect(status).toBe("accepted");
      expect(await get(`/v2/orders/${id}`)).toMatchObject({ status: "new", expires_at: "2026-04-15T14:30:00.000Z" });
    });

    it.each(["ioc", "fok"])("cancels an %s order that does not trade at once", async (time_in_force) => {
      const { place } = open();
      const order = await place({ ...RESTING, time_in_force });
      expect(order).toMatchObject({ status: "canceled", canceled_at: NOW, filled_qty: "0", expires_at: null });
    });

    it("takes extended hours of a limit order for the day", async () => {
      const { place } = open();
      expect(await place({ ...RESTING, extended_hours: true })).toMatchObject({ extended_hours: true });
    });
  });

  describe("a client order id", () => {
    it.each([
      ["filled", { type: "market" }],
      ["open", RESTING],
      ["canceled", { ...RESTING, time_in_force: "ioc" }],
    ])("is refused a second time when its order is %s, and nothing is placed", async (_state, fields) => {
      const { place, post, get } = open();
      await place({ ...fields, client_order_id: "sp-1" });
      const { status, body } = await post({ symbol: "MSFT", client_order_id: "sp-1" });
      expect(status).toBe(422);
      expect(body).toEqual({ code: 40010001, message: "client_order_id must be unique" });
      expect(await get<unknown[]>("/v2/orders?status=all")).toHaveLength(1);
    });

    it("is refused as a duplicate also where the order could not be afforded", async () => {
      const { place, post } = open();
      await place({ qty: "500", client_order_id: "sp-1" });
      expect((await post({ qty: "500", client_order_id: "sp-1" })).body).toMatchObject({ code: 40010001 });
    });

    it("is still free after an order that was refused", async () => {
      const { post, place } = open();
      expect((await post({ qty: "1000", client_order_id: "sp-1" })).status).toBe(403);
      expect((await post({ qty: "0", client_order_id: "sp-1" })).status).toBe(422);
      expect(await place({ client_order_id: "sp-1" })).toMatchObject({ status: "filled" });
    });
  });

  describe("a client order id at a venue that forgets it", () => {
    it.each([
      ["filled", { type: "market" }],
      ["canceled", { ...RESTING, time_in_force: "ioc" }],
    ])("is free again once its order is %s, where it is kept for open orders only", async (_state, fields) => {
      const { place, get } = open({ deduplication: "open_orders" });
      const first = await place({ ...fields, client_order_id: "sp-1" });
      const second = await place({ ...fields, client_order_id: "sp-1" });
      expect(second.id).not.toBe(first.id);
      expect(await get("/v2/orders:by_client_order_id?client_order_id=sp-1")).toMatchObject({ id: second.id });
    });

    it.each([
      ["resting", {}, undefined],
      ["filled in part", { limit_price: "190" }, "1"],
    ])(
      "is refused while its order is %s, where it is kept for open orders only",
      async (_state, fields, maxFillQuantity) => {
        const { place, post } = open({ deduplication: "open_orders", maxFillQuantity });
        await place({ ...RESTING, ...fields, client_order_id: "sp-1" });
        expect(await post({ client_order_id: "sp-1" })).toMatchObject({ status: 422, body: { code: 40010001 } });
      },
    );

    it("is never refused where it is not kept at all, and names the newest order", async () => {
      const { place, get } = open({ deduplication: "none" });
      await place({ ...RESTING, client_order_id: "sp-1" });
      await place({ ...RESTING, client_order_id: "sp-2" });
      const newest = await place({ ...RESTING, qty: "3", client_order_id: "sp-1" });
      expect(await get("/v2/orders:by_client_order_id?client_order_id=sp-1")).toEqual(newest);
      expect(await get<unknown[]>("/v2/orders")).toHaveLength(3);
    });
  });

  describe("an order larger than the market gives at a time", () => {
    it("fills step by step, one trade at every look, and is filled when nothing is left", async () => {
      const { post, send, get } = open({ maxFillQuantity: "4" });
      const { id } = (await post({ qty: "10", type: "limit", limit_price: "200" })).body as OrderJson;
      // The first look came with the order; every request is one more.
      expect(await get(`/v2/orders/${id}`)).toMatchObject({
        status: "partially_filled",
        filled_qty: "8",
        filled_avg_price: "187.5",
        filled_at: null,
      });
      await send("PUT", "/paper/prices/AAPL", { body: '{"price":"190"}' });
      expect(await get(`/v2/orders/${id}`)).toMatchObject({ status: "filled", filled_qty: "10", filled_at: NOW });
      const trades = await get<Record<string, unknown>[]>("/v2/account/activities/FILL?direction=asc");
      expect(trades).toMatchObject([
        { qty: "4", cum_qty: "4", leaves_qty: "6", type: "partial_fill", order_status: "partially_filled" },
        { qty: "4", cum_qty: "8", leaves_qty: "2", type: "partial_fill", order_status: "partially_filled" },
        { qty: "2", cum_qty: "10", leaves_qty: "0", type: "fill", order_status: "filled" },
      ]);
    });

    it("has the exact average of its trades", async () => {
      const { post, setPrice, get } = open({ maxFillQuantity: "4" });
      const { id } = (await post({ ...RESTING, qty: "8", limit_price: "187.50" })).body as OrderJson;
      // A look before the price moves, and one at the new price.
      await setPrice("AAPL", "187.51");
      expect(await get(`/v2/orders/${id}`)).toMatchObject({ filled_qty: "8", filled_avg_price: "187.5" });

      const { id: other } = (await post({ ...RESTING, symbol: "MSFT", qty: "12", limit_price: "412.25" }))
        .body as OrderJson;
      await setPrice("MSFT", "400.13");
      expect(await get(`/v2/orders/${other}`)).toMatchObject({ filled_qty: "12", filled_avg_price: "408.21" });
      expect(await get("/v2/account")).toMatchObject({ cash: "93601.48" });
    });

    it("keeps what was filled when it is canceled, and binds money for nothing else", async () => {
      const { post, send, get } = open({ maxFillQuantity: "4" });
      const { id } = (await post({ ...RESTING, limit_price: "187.50" })).body as OrderJson;
      // The request itself is a look: the market is as fast as the cancel.
      expect((await send("DELETE", `/v2/orders/${id}`)).status).toBe(204);
      expect(await get(`/v2/orders/${id}`)).toMatchObject({ status: "canceled", filled_qty: "8", canceled_at: NOW });
      expect(await get("/v2/positions/AAPL")).toMatchObject({ qty: "8", qty_available: "8" });
      expect(await get("/v2/account")).toMatchObject({ cash: "98500", buying_power: "98500" });
    });

    it("cannot be canceled any more when the last of it is filled first", async () => {
      const { post, send } = open({ maxFillQuantity: "4" });
      const { id } = (await post({ ...RESTING, qty: "8", limit_price: "187.50" })).body as OrderJson;
      expect(await send("DELETE", `/v2/orders/${id}`)).toMatchObject({
        status: 422,
        body: { message: 'order is already in "filled" state' },
      });
    });

    it("keeps what was filled when it expires", async () => {
      const { post, setPrice, advance, get } = open({ maxFillQuantity: "4" });
      const { id } = (await post({ ...RESTING, limit_price: "187.50" })).body as OrderJson;
      await setPrice("AAPL", "200");
      advance(86_400_000);
      expect(await get(`/v2/orders/${id}`)).toMatchObject({ status: "expired", filled_qty: "8" });
    });

    it("stays partially filled while the market has moved away, and takes part of the buying power", async () => {
      const { post, setPrice, get } = open({ maxFillQuantity: "4" });
      const { id } = (await post({ ...RESTING, limit_price: "187.50" })).body as OrderJson;
      await setPrice("AAPL", "200");
      expect(await get(`/v2/orders/${id}`)).toMatchObject({ status: "partially_filled", filled_qty: "8" });
      expect(await get("/v2/orders")).toMatchObject([{ id, status: "partially_filled" }]);
      expect(await get("/v2/account")).toMatchObject({ cash: "98500", buying_power: "98125" });
    });

    it.each([
      ["ioc", "canceled", "4"],
      ["fok", "canceled", "0"],
    ])("that is %s is %s with %s units", async (time_in_force, status, filled) => {
      const { place } = open({ maxFillQuantity: "4" });
      expect(await place({ qty: "10", time_in_force })).toMatchObject({ status, filled_qty: filled });
    });

    it("by notional spends no more than its notional", async () => {
      const { place, get } = open({ maxFillQuantity: "4" });
      const { id } = await place({ qty: undefined, notional: "1000" });
      expect(await get(`/v2/orders/${id}`)).toMatchObject({ status: "filled", filled_qty: "5.333333333" });
      expect(await get("/v2/account")).toMatchObject({ cash: "99000.0000000625" });
    });

    it("sells what is available, and counts only the rest of it as promised", async () => {
      const { place, post, setPrice, get } = open({ maxFillQuantity: "10" });
      await place({ qty: "10" });
      await post({ side: "sell", qty: "10", type: "limit", limit_price: "200" });
      expect(await get("/v2/positions/AAPL")).toMatchObject({ qty: "10", qty_available: "0" });
      await setPrice("AAPL", "200");
      expect(await get<unknown[]>("/v2/positions")).toEqual([]);
    });
  });

  describe("GET /v2/orders", () => {
    async function withOrders() {
      const client = open();
      await client.place({ client_order_id: "filled-aapl" });
      client.advance(60_000);
      await client.place({ ...RESTING, client_order_id: "open-aapl" });
      await client.place({ symbol: "MSFT", type: "limit", limit_price: "400", client_order_id: "open-msft" });
      client.advance(60_000);
      await client.place({ side: "sell", type: "limit", limit_price: "200", client_order_id: "open-sell" });
      return client;
    }

    it.each([
      ["", ["open-sell", "open-msft", "open-aapl"]],
      ["?status=open", ["open-sell", "open-msft", "open-aapl"]],
      ["?status=closed", ["filled-aapl"]],
      ["?status=all", ["open-sell", "open-msft", "open-aapl", "filled-aapl"]],
      ["?status=all&direction=asc", ["filled-aapl", "open-aapl", "open-msft", "open-sell"]],
      ["?status=all&direction=asc&limit=2", ["filled-aapl", "open-aapl"]],
      ["?status=all&limit=1", ["open-sell"]],
      ["?status=all&symbols=AAPL", ["open-sell", "open-aapl", "filled-aapl"]],
      ["?status=all&symbols=MSFT,PENNY", ["open-msft"]],
      ["?status=all&side=sell", ["open-sell"]],
      ["?status=all&after=2026-01-15T14:30:00Z", ["open-sell", "open-msft", "open-aapl"]],
      ["?status=all&until=2026-01-15T15:31:00%2B01:00", ["filled-aapl"]],
      ["?status=all&after=2026-01-15T14:30:00Z&until=2026-01-15T14:32:00Z", ["open-msft", "open-aapl"]],
      ["?status=all&after=2026-01-16", []],
      ["?status=all&nested=true", ["open-sell", "open-msft", "open-aapl", "filled-aapl"]],
    ])("with the query %j lists %j", async (query, expected) => {
      const { get } = await withOrders();
      expect(idsOf(await get(`/v2/orders${query}`))).toEqual(expected);
    });

    it("lists 50 orders where no limit is given, and 500 at most", async () => {
      const { place, get } = open();
      for (let index = 0; index < 60; index += 1) await place({ ...RESTING, qty: "1" });
      expect(await get<unknown[]>("/v2/orders")).toHaveLength(50);
      expect(await get<unknown[]>("/v2/orders?limit=500")).toHaveLength(60);
    });

    it.each([
      ["status=pending", "status"],
      ["limit=0", "limit"],
      ["limit=501", "limit"],
      ["limit=ten", "limit"],
      ["direction=up", "direction"],
      ["side=short", "side"],
      ["after=yesterday", "after"],
      ["until=1768487400", "until"],
      ["after_order_id=x&before_order_id=y", "after_order_id"],
      ["after_order_id=x&until=2026-01-15", "after_order_id"],
      ["before_order_id=x&after=2026-01-15", "before_order_id"],
    ])("refuses the query %s and names the parameter", async (query, parameter) => {
      const { status, body } = await open().send("GET", `/v2/orders?${query}`);
      expect(status).toBe(422);
      expect(body).toEqual({ code: 42210000, message: expect.stringMatching(new RegExp(`^${parameter} `)) });
    });
  });

  describe("a list that goes on from an order", () => {
    const open4 = async () => {
      const client = open();
      const ids: string[] = [];
      for (const name of ["a", "b", "c", "d"]) {
        ids.push((await client.place({ ...RESTING, qty: "1", client_order_id: name })).id);
      }
      return { ...client, ids };
    };

    it.each([
      ["after_order_id", "asc", ["c", "d"]],
      ["after_order_id", "desc", ["d", "c"]],
      ["before_order_id", "asc", ["a"]],
      ["before_order_id", "desc", ["a"]],
    ])(
      "holds what was submitted beyond %s, %s, also within one millisecond",
      async (parameter, direction, expected) => {
        const { get, ids } = await open4();
        expect(idsOf(await get(`/v2/orders?${parameter}=${ids[1]}&direction=${direction}`))).toEqual(expected);
      },
    );

    it("goes on from an order that has ended since", async () => {
      const { get, send, ids } = await open4();
      await send("DELETE", `/v2/orders/${ids[1]}`);
      expect(idsOf(await get(`/v2/orders?after_order_id=${ids[1]}&direction=asc&limit=1`))).toEqual(["c"]);
    });

    it.each(["after_order_id", "before_order_id"])("is refused where %s names no order", async (parameter) => {
      const { status, body } = await open().send("GET", `/v2/orders?${parameter}=none`);
      expect([status, body]).toEqual([422, { code: 42210000, message: "order not found for none" }]);
    });
  });

  describe("GET of one order", () => {
    it("finds it by its id and by its client order id", async () => {
      const { place, get } = open();
      const order = await place({ client_order_id: "a b/c:1" });
      expect(await get(`/v2/orders/${order.id}`)).toEqual(order);
      expect(await get("/v2/orders:by_client_order_id?client_order_id=a%20b%2Fc%3A1")).toEqual(order);
    });

    it.each(["/v2/orders/00000000-0000-4000-8000-000000009999", "/v2/orders:by_client_order_id?client_order_id=none"])(
      "answers 404 with Alpaca's code where there is no such order: %s",
      async (path) => {
        const { status, body } = await open().send("GET", path);
        expect(status).toBe(404);
        expect(body).toEqual({ code: 40410000, message: expect.stringContaining("order not found") });
      },
    );

    it("refuses a search without a client order id", async () => {
      const { status, body } = await open().send("GET", "/v2/orders:by_client_order_id");
      expect(status).toBe(422);
      expect(body).toMatchObject({ code: 42210000 });
    });
  });

  describe("DELETE of one order", () => {
    it("cancels an open order without content", async () => {
      const { place, send, get, advance } = open();
      const { id } = await place(RESTING);
      advance(1000);
      const { status, text } = await send("DELETE", `/v2/orders/${id}`);
      expect([status, text]).toEqual([204, ""]);
      expect(await get(`/v2/orders/${id}`)).toMatchObject({
        status: "canceled",
        canceled_at: "2026-01-15T14:30:01.000Z",
        updated_at: "2026-01-15T14:30:01.000Z",
      });
    });

    it.each([
      ["filled", { type: "market" }],
      ["canceled", { ...RESTING, time_in_force: "ioc" }],
    ])("refuses to cancel an order that is %s", async (state, fields) => {
      const { place, send, get } = open();
      const order = await place(fields);
      const { status, body } = await send("DELETE", `/v2/orders/${order.id}`);
      expect(status).toBe(422);
      expect(body).toEqual({ code: 42210000, message: `order is already in "${state}" state` });
      expect(await get(`/v2/orders/${order.id}`)).toEqual(order);
    });

    it("answers 404 where there is no such order", async () => {
      const { status, body } = await open().send("DELETE", "/v2/orders/none");
      expect(status).toBe(404);
      expect(body).toMatchObject({ code: 40410000 });
    });
  });

  describe("DELETE /v2/orders", () => {
    it("cancels every open order and answers for each with 207", async () => {
      const { place, send, get } = open();
      await place();
      const first = await place(RESTING);
      const second = await place({ ...RESTING, symbol: "MSFT" });
      const { status, body } = await send("DELETE", "/v2/orders");
      expect(status).toBe(207);
      expect(body).toEqual([
        { id: first.id, status: 200 },
        { id: second.id, status: 200 },
      ]);
      expect(await get<unknown[]>("/v2/orders")).toEqual([]);
    });

    it("answers with an empty list where nothing is open", async () => {
      expect(await open().send("DELETE", "/v2/orders")).toMatchObject({ status: 207, body: [] });
    });
  });

  describe("positions", () => {
    it("tell what is held, what it cost and what it is worth", async () => {
      const { place, setPrice, get } = open();
      await place({ qty: "10" });
      await setPrice("AAPL", "200");
      await place({ qty: "30" });
      await place({ symbol: "MSFT", qty: "1" });
      expect(await get<unknown[]>("/v2/positions")).toEqual([
        {
          asset_id: expect.stringMatching(UUID),
          symbol: "AAPL",
          exchange: "NASDAQ",
          asset_class: "us_equity",
          asset_marginable: false,
          qty: "40",
          qty_available: "40",
          side: "long",
          avg_entry_price: "196.875",
          cost_basis: "7875",
          market_value: "8000",
          unrealized_pl: "125",
          unrealized_plpc: "0.015873015873",
          unrealized_intraday_pl: "125",
          unrealized_intraday_plpc: "0.015873015873",
          current_price: "200",
          lastday_price: "200",
          change_today: "0",
        },
        expect.objectContaining({ symbol: "MSFT", qty: "1" }),
      ]);
    });

    it("are found by symbol and by asset id", async () => {
      const { place, get } = open();
      const { asset_id } = await place();
      expect(await get(`/v2/positions/${String(asset_id)}`)).toEqual(await get("/v2/positions/AAPL"));
    });

    it("are negative when short, with positive prices", async () => {
      const { place, setPrice, get } = open();
      await place({ side: "sell", qty: "4" });
      await setPrice("AAPL", "190");
      expect(await get("/v2/positions/AAPL")).toMatchObject({
        side: "short",
        qty: "-4",
        avg_entry_price: "187.5",
        cost_basis: "-750",
        market_value: "-760",
        unrealized_pl: "-10",
      });
    });

    it("count units that an open order is going to close as not available", async () => {
      const { place, get } = open();
      await place({ qty: "10" });
      await place({ side: "sell", type: "limit", limit_price: "200", qty: "4" });
      expect(await get("/v2/positions/AAPL")).toMatchObject({ qty: "10", qty_available: "6" });
    });

    it.each(["AAPL", "ZZZZ"])("answer 404 for %s, of which nothing is held", async (symbol) => {
      const { place, send } = open();
      await place();
      await place({ side: "sell" });
      const { status, body } = await send("GET", `/v2/positions/${symbol}`);
      expect(status).toBe(404);
      expect(body).toEqual({ code: 40410000, message: "position does not exist" });
    });
  });

  describe("activities", () => {
    const FILL = /^20260115143000000::[0-9a-f-]{36}$/;

    it("are the trades, every field of them", async () => {
      const { place, get } = open();
      const { id } = await place();
      const expected = [
        {
          id: expect.stringMatching(FILL),
          activity_type: "FILL",
          transaction_time: NOW,
          type: "fill",
          order_id: id,
          order_status: "filled",
          symbol: "AAPL",
          side: "buy",
          qty: "10",
          price: "187.5",
          cum_qty: "10",
          leaves_qty: "0",
        },
      ];
      expect(await get("/v2/account/activities/FILL")).toEqual(expected);
      expect(await get("/v2/account/activities?activity_types=FILL")).toEqual(expected);
      expect(await get("/v2/account/activities?activity_types=DIV,FILL")).toEqual(expected);
      expect(await get("/v2/account/activities")).toEqual(expected);
    });

    it.each(["/v2/account/activities/DIV", "/v2/account/activities?activity_types=FEE,INT"])(
      "of other types are none: %s",
      async (path) => {
        const { place, get } = open();
        await place();
        expect(await get(path)).toEqual([]);
      },
    );

    /** Five trades of 1 to 5 units, a second apart but for the last two. */
    const withTrades = async () => {
      const client = open();
      for (const qty of ["1", "2", "3", "4", "5"]) {
        await client.place({ qty });
        if (qty !== "4") client.advance(1000);
      }
      const list = (query: string) => client.get<{ id: string; qty: string }[]>(`/v2/account/activities/FILL?${query}`);
      return { ...client, list };
    };

    it.each([
      ["", "54321"],
      ["direction=desc", "54321"],
      ["direction=asc", "12345"],
      ["direction=asc&page_size=2", "12"],
      ["page_size=1", "5"],
      ["direction=asc&after=2026-01-15T14:30:01Z", "345"],
      ["direction=asc&until=2026-01-15T14:30:01Z", "1"],
      ["direction=asc&after=2026-01-15T14:30:00Z&until=2026-01-15T15:30:03%2B01:00", "23"],
      ["after=2026-01-16", ""],
    ])("with the query %j are the trades of %s units", async (query, expected) => {
      const { list } = await withTrades();
      expect((await list(query)).map(({ qty }) => qty).join("")).toBe(expected);
    });

    it.each([
      ["asc", "12345"],
      ["desc", "54321"],
    ])("are all read once, page by page, %s", async (direction, expected) => {
      const { list } = await withTrades();
      let read = "";
      for (let token = ""; ;) {
        const page = await list(`direction=${direction}&page_size=2${token}`);
        read += page.map(({ qty }) => qty).join("");
        if (page.length < 2) break;
        token = `&page_token=${page.at(-1)?.id}`;
      }
      expect(read).toBe(expected);
    });

    it("have ids that sort by time and are never the same", async () => {
      const { list } = await withTrades();
      const ids = (await list("direction=asc")).map(({ id }) => id);
      expect(new Set(ids).size).toBe(5);
      const times = ids.map((id) => Number(id.slice(0, 17)));
      expect(times).toEqual([...times].sort((a, b) => a - b));
    });

    it.each([
      ["?page_size=0", /^page_size /],
      ["?page_size=101", /^page_size /],
      ["?page_token=none", "page_token is not the id of an activity"],
      ["?after=yesterday", /^after /],
      ["?until=1768487400", /^until /],
      ["?direction=up", /^direction /],
      ["?date=2026-01-15", "date is not supported by this venue"],
      ["?category=trade_activity", "category is not supported by this venue"],
      ["?activity_types=", /^activity_types /],
      ["?activity_types=fill", /^activity_types /],
      ["/fill", /^activity_types /],
    ])("are refused for %s", async (query, message) => {
      const { status, body } = await open().send("GET", `/v2/account/activities${query}`);
      expect(status).toBe(422);
      expect(body).toEqual({
        code: 42210000,
        message: typeof message === "string" ? message : expect.stringMatching(message),
      });
    });
  });

  describe("prices", () => {
    it("start at the settings and stay where they were set", async () => {
      const { setPrice, get } = open();
      expect(await get("/paper/prices")).toEqual({ prices: { AAPL: "187.5", MSFT: "412.25", PENNY: "0.5" } });
      const { status, body } = await setPrice("AAPL", "190.00");
      expect([status, body]).toEqual([200, { symbol: "AAPL", price: "190" }]);
      expect(await get("/paper/prices")).toEqual({ prices: { AAPL: "190", MSFT: "412.25", PENNY: "0.5" } });
    });

    it("cannot be set for a symbol that is not listed", async () => {
      const { setPrice, get } = open();
      expect(await setPrice("ZZZZ", "1")).toMatchObject({ status: 404, body: { code: 40410000 } });
      expect(await setPrice("constructor", "1")).toMatchObject({ status: 404 });
      expect(await get("/paper/prices")).toEqual({ prices: { AAPL: "187.5", MSFT: "412.25", PENNY: "0.5" } });
    });

    it.each([{ price: "0" }, { price: "-1" }, { price: "1e3" }, { price: null }, {}, { price: "1", at: "now" }])(
      "cannot be set with %j",
      async (fields) => {
        const { send } = open();
        const { status, body } = await send("PUT", "/paper/prices/AAPL", { body: JSON.stringify(fields) });
        expect(status).toBe(422);
        expect(body).toMatchObject({ code: 42210000 });
      },
    );

    it("fill the orders they reach, and only those", async () => {
      const { place, setPrice, get } = open();
      const reached = await place({ ...RESTING, client_order_id: "reached" });
      const lower = await place({ ...RESTING, limit_price: "170", client_order_id: "lower" });
      const other = await place({ ...RESTING, symbol: "MSFT", client_order_id: "other" });
      await setPrice("AAPL", "180.01");
      expect(idsOf(await get("/v2/orders"))).toEqual(["other", "lower", "reached"]);
      await setPrice("AAPL", "179.5");
      expect(await get(`/v2/orders/${reached.id}`)).toMatchObject({ status: "filled", filled_avg_price: "179.5" });
      expect(await get(`/v2/orders/${lower.id}`)).toMatchObject({ status: "new" });
      expect(await get(`/v2/orders/${other.id}`)).toMatchObject({ status: "new" });
    });

    it("fill at the moment they are set, also when they move back before anybody looks", async () => {
      const { place, advance, venue, get } = open();
      const { id } = await place(RESTING);
      advance(1000);
      expect(setVenuePrice(venue, "AAPL", decimalOf("175"))).toBe(true);
      advance(1000);
      expect(setVenuePrice(venue, "AAPL", decimalOf("190"))).toBe(true);
      expect(setVenuePrice(venue, "ZZZZ", decimalOf("190"))).toBe(false);
      expect(await get(`/v2/orders/${id}`)).toMatchObject({
        status: "filled",
        filled_avg_price: "175",
        filled_at: "2026-01-15T14:30:01.000Z",
      });
    });

    it("trigger a stop limit order, which then fills at its limit however the price got there", async () => {
      const { place, setPrice, get } = open();
      const { id } = await place({ type: "stop_limit", stop_price: "190", limit_price: "191" });
      await setPrice("AAPL", "195");
      expect(await get(`/v2/orders/${id}`)).toMatchObject({ status: "new", filled_qty: "0" });
      await setPrice("AAPL", "188");
      expect(await get(`/v2/orders/${id}`)).toMatchObject({ status: "filled", filled_avg_price: "188" });
    });

    it("trigger a stop order to sell, filled at the price that was jumped to", async () => {
      const { place, setPrice, get } = open();
      await place();
      const { id } = await place({ side: "sell", type: "stop", stop_price: "185" });
      await setPrice("AAPL", "170");
      expect(await get(`/v2/orders/${id}`)).toMatchObject({ status: "filled", filled_avg_price: "170" });
    });
  });

  describe("the end of an order's time", () => {
    const NINE_AND_A_HALF_HOURS_MS = 9.5 * 3_600_000;

    it("expires an order for the day at midnight UTC, whatever the price does afterwards", async () => {
      const { place, advance, setPrice, get } = open();
      const { id } = await place(RESTING);
      advance(NINE_AND_A_HALF_HOURS_MS - 1);
      expect(await get(`/v2/orders/${id}`)).toMatchObject({ status: "new" });
      advance(1);
      await setPrice("AAPL", "100");
      advance(5000);
      expect(await get(`/v2/orders/${id}`)).toMatchObject({
        status: "expired",
        filled_qty: "0",
        expired_at: "2026-01-16T00:00:00.000Z",
        updated_at: "2026-01-16T00:00:00.000Z",
      });
    });

    it("shows on the first read, and leaves nothing to cancel and nothing reserved", async () => {
      const { place, advance, send, get } = open();
      const { id } = await place(RESTING);
      advance(NINE_AND_A_HALF_HOURS_MS);
      expect(await get("/v2/account")).toMatchObject({ buying_power: "100000" });
      expect(await get<unknown[]>("/v2/orders")).toEqual([]);
      expect((await send("DELETE", `/v2/orders/${id}`)).status).toBe(422);
      expect(await get(`/v2/orders/${id}`)).toMatchObject({ status: "expired" });
    });

    it("comes after 90 days for an order that is good till canceled", async () => {
      const { place, advance, get } = open();
      const { id } = await place({ ...RESTING, time_in_force: "gtc" });
      advance(90 * 86_400_000);
      expect(await get(`/v2/orders/${id}`)).toMatchObject({ status: "expired" });
    });

    it("does not come with midnight for an order that is good till canceled", async () => {
      const { place, advance, get } = open();
      const { id } = await place({ ...RESTING, time_in_force: "gtc" });
      advance(NINE_AND_A_HALF_HOURS_MS);
      expect(await get(`/v2/orders/${id}`)).toMatchObject({ status: "new" });
    });
  });

  it("leaves no part of a request behind when it fails half way", async () => {
    const client = open();
    const { store } = client.venue;
    const failing = {
      ...client.venue,
      store: {
        ...store,
        updateOrder: () => {
          throw new Error("the disk is full");
        },
      },
    };
    Object.assign(client.venue, failing);
    await expect(client.post({ client_order_id: "sp-1" })).rejects.toThrow("the disk is full");
    Object.assign(client.venue, { store });
    expect(await client.get<unknown[]>("/v2/orders?status=all")).toEqual([]);
    expect(await client.get<unknown[]>("/v2/positions")).toEqual([]);
    expect(await client.get("/v2/account")).toMatchObject({ cash: "100000" });
    expect(await client.place({ client_order_id: "sp-1" })).toMatchObject({ status: "filled" });
  });
});
