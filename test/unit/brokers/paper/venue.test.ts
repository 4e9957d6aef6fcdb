// The venue's door, its refusals, and the answers that do not depend on the store.
import { describe, expect, it } from "vitest";
import { type VenueAnswer, openVenue } from "./venue-client.ts";

const complaint = ({ status, body }: VenueAnswer): unknown => {
  const { code, message } = body as { code?: number; message: string };
  return { status, code, message };
};

describe("the door", () => {
  it.each([
    ["no key", {}],
    ["no secret", { "APCA-API-KEY-ID": "test-key" }],
    ["a wrong secret", { "APCA-API-KEY-ID": "test-key", "APCA-API-SECRET-KEY": "test-secres" }],
    ["a wrong key id", { "APCA-API-KEY-ID": "other-key", "APCA-API-SECRET-KEY": "test-secret" }],
    ["an empty secret", { "APCA-API-KEY-ID": "test-key", "APCA-API-SECRET-KEY": "" }],
  ])("is closed to a request with %s", async (_, headers) => {
    const { send } = openVenue();
    const answer = await send("GET", "/v2/account", { headers });
    expect(complaint(answer)).toEqual({ status: 401, code: 40110000, message: "request is not authorized" });
  });

  it.each(["/v2/nothing", "/paper/prices/AAPL"])("does not say without a key whether %s exists", async (path) => {
    expect((await openVenue().send("GET", path, { headers: {} })).status).toBe(401);
  });

  it.each([
    "/",
    "/v2",
    "/v2/orders/",
    "/v2/orders/a/b",
    "/v2/calendar",
    "/v1beta3/crypto/us/latest/trades",
    "/v2/orders/%ff",
  ])("answers 404 without a code for the unknown path %s", async (path) => {
    const answer = await openVenue().send("GET", path);
    expect(complaint(answer)).toEqual({ status: 404, code: undefined, message: "endpoint not found" });
  });

  it.each([
    ["PATCH", "/v2/orders/some-id"],
    ["PUT", "/v2/orders"],
    ["POST", "/v2/account"],
    ["DELETE", "/v2/positions/AAPL"],
    ["POST", "/paper/prices/AAPL"],
  ])("answers 405 for %s %s", async (method, path) => {
    expect((await openVenue().send(method, path)).status).toBe(405);
  });

  it("names every answer with an id of its own", async () => {
    const { send } = openVenue();
    const first = await send("GET", "/v2/clock");
    const second = await send("GET", "/v2/clock");
    expect(first.headers.get("X-Request-ID")).not.toBe(second.headers.get("X-Request-ID"));
    expect(first.headers.get("Content-Type")).toMatch(/^application\/json/);
  });

  it.each([
    "",
    "{",
    "[]",
    "null",
    '"order"',
    "7",
    '{"qty":"1","qty":"2"}',
    '{"qty":0.1234567890123456789}',
    "\u{feff}{}",
  ])("answers 400 for the body %j, which is no JSON object or none with a single meaning", async (body) => {
    const answer = await openVenue().send("POST", "/v2/orders", { body });
    expect(complaint(answer)).toEqual({ status: 400, code: 40010000, message: "request body format is invalid" });
  });

  it("answers 413 for a body larger than any order", async () => {
    const { post, get } = openVenue();
    expect((await post({ client_order_id: "a", note: "x".repeat(17_000) })).status).toBe(413);
    expect(await get<unknown[]>("/v2/orders?status=all")).toEqual([]);
  });
});

describe("an order is refused with 422", () => {
  it.each([
    [{ qty: undefined }, "qty or notional is required"],
    [{ notional: "100" }, "only one of qty or notional is accepted"],
    [{ qty: "0" }, "qty must be greater than zero"],
    [{ qty: "-1" }, "qty must be greater than zero"],
    [{ qty: "ten" }, /^qty must be a decimal/],
    [{ qty: "1e2" }, /^qty must be a decimal/],
    [{ qty: "0.1234567891" }, /^qty must be a decimal/],
    [{ symbol: undefined }, /^symbol /],
    [{ symbol: "ZZZZ" }, 'asset "ZZZZ" not found'],
    [{ symbol: "aapl" }, 'asset "aapl" not found'],
    [{ symbol: "__proto__" }, 'asset "__proto__" not found'],
    [{ side: "short" }, /^side /],
    [{ type: "trailing_stop" }, /^type /],
    [{ time_in_force: "gtd" }, /^time_in_force /],
    [{ time_in_force: undefined }, /^time_in_force /],
    [{ time_in_force: "opg" }, /^time_in_force opg needs an auction/],
    [{ time_in_force: "cls" }, /^time_in_force cls needs an auction/],
    [{ type: "limit" }, "limit orders require a limit_price"],
    [{ limit_price: "180" }, "market orders have no limit_price"],
    [{ type: "stop" }, "stop orders require a stop_price"],
    [{ type: "stop_limit", limit_price: "180" }, "stop_limit orders require a stop_price"],
    [{ type: "limit", limit_price: "180", stop_price: "179" }, "limit orders have no stop_price"],
    [{ type: "limit", limit_price: "290.123" }, /^invalid limit_price 290\.123\. sub-penny/],
    [{ type: "stop", stop_price: "290.123" }, /^invalid stop_price 290\.123\. sub-penny/],
    [{ type: "limit", limit_price: "0.12345" }, /^invalid limit_price 0\.12345\. sub-penny/],
    [{ type: "limit", limit_price: "180", qty: "0.5", time_in_force: "gtc" }, "fractional orders must be DAY orders"],
    [{ qty: undefined, notional: "100", type: "limit", limit_price: "180" }, "notional orders must be market orders"],
    [{ qty: undefined, notional: "100", time_in_force: "gtc" }, "notional orders must be DAY orders"],
    [{ qty: undefined, notional: "100.001" }, "notional value must be limited to 2 decimal places"],
    [{ extended_hours: true }, "extended hours order must be DAY limit orders"],
    [
      { extended_hours: true, type: "limit", limit_price: "180", time_in_force: "gtc" },
      "extended hours order must be DAY limit orders",
    ],
    [{ extended_hours: "yes" }, /^extended_hours /],
    [{ client_order_id: "x".repeat(129) }, "client_order_id must have at most 128 characters"],
    [{ client_order_id: "" }, /^client_order_id /],
    [{ trail_percent: "1" }, "trail_percent is not supported by this venue"],
    [{ trail_price: "1" }, "trail_price is not supported by this venue"],
    [{ legs: [] }, "legs is not supported by this venue"],
    [{ position_intent: "sell_to_close" }, "position_intent is not supported by this venue"],
  ])("when it has %j", async (fields, message) => {
    const { post, get } = openVenue();
    const { status, body } = await post(fields);
    expect(status).toBe(422);
    expect(body).toEqual({
      code: 42210000,
      message: typeof message === "string" ? message : expect.stringMatching(message),
    });
    expect(await get<unknown[]>("/v2/orders?status=all")).toEqual([]);
  });

  it("when its notional does not buy the smallest fraction of a unit", async () => {
    const { setPrice, post } = openVenue();
    await setPrice("AAPL", "123456789");
    const { status, body } = await post({ qty: undefined, notional: "0.01" });
    expect(status).toBe(422);
    expect(body).toMatchObject({ code: 42210000, message: "notional is too small to trade" });
  });

  it.each([
    { client_order_id: "x".repeat(128) },
    { symbol: "PENNY", type: "limit", limit_price: "0.4999" },
    { qty: "0.123456789" },
    { order_class: "simple" },
    { order_class: "" },
    { order_class: null, take_profit: null },
  ])("but not when it has %j", async (fields) => {
    expect((await openVenue().post(fields)).status).toBe(200);
  });
});

describe("buying power", () => {
  it("refuses an order that costs more, and says what there is and what is needed", async () => {
    const { post } = openVenue({ cash: "1000" });
    const { status, body } = await post({ qty: "10" });
    expect(status).toBe(403);
    expect(body).toEqual({
      code: 40310000,
      message: "insufficient buying power",
      buying_power: "1000",
      cost_basis: "1875",
    });
  });

  it("takes an order that needs all of it, to the last cent", async () => {
    const { place, get } = openVenue({ cash: "1875" });
    expect(await place({ qty: "10" })).toMatchObject({ status: "filled" });
    expect(await get("/v2/account")).toMatchObject({ cash: "0", buying_power: "0", equity: "1875" });
  });

  it("counts a limit order at its limit", async () => {
    const { post } = openVenue({ cash: "1875" });
    const { body } = await post({ qty: "10", type: "limit", limit_price: "188" });
    expect(body).toMatchObject({ buying_power: "1875", cost_basis: "1880" });
  });

  it("counts a stop order at its stop price", async () => {
    const { post } = openVenue({ cash: "1875" });
    expect((await post({ qty: "10", type: "stop", stop_price: "200" })).body).toMatchObject({ cost_basis: "2000" });
  });

  it("is reserved by open orders and free again when they are canceled", async () => {
    const { place, post, send, get } = openVenue({ cash: "2000" });
    const { id } = await place({ type: "limit", limit_price: "150", qty: "10" });
    expect(await get("/v2/account")).toMatchObject({ cash: "2000", buying_power: "500" });
    expect((await post({ qty: "3" })).body).toMatchObject({ buying_power: "500", cost_basis: "562.5" });
    await send("DELETE", `/v2/orders/${id}`);
    expect(await get("/v2/account")).toMatchObject({ buying_power: "2000" });
    expect((await post({ qty: "3" })).status).toBe(200);
  });

  it("is not needed to sell what is held", async () => {
    const { place, get } = openVenue({ cash: "1875" });
    await place({ qty: "10" });
    await place({ side: "sell", qty: "10" });
    expect(await get("/v2/account")).toMatchObject({ cash: "1875", buying_power: "1875" });
  });

  it("is needed for the part of a sale that opens a short position", async () => {
    const { place, post } = openVenue({ cash: "1875" });
    await place({ qty: "10" });
    const { body } = await post({ side: "sell", qty: "11" });
    expect(body).toMatchObject({ buying_power: "0", cost_basis: "187.5" });
  });

  it("is needed by the second of two sales of the same holding", async () => {
    const { place, post } = openVenue({ cash: "1875" });
    await place({ qty: "10" });
    await place({ side: "sell", qty: "10", type: "limit", limit_price: "200" });
    const { body } = await post({ side: "sell", qty: "10", type: "limit", limit_price: "210" });
    expect(body).toMatchObject({ buying_power: "0", cost_basis: "2100" });
  });

  it("does not grow with the proceeds of a short sale", async () => {
    const { place, get } = openVenue({ cash: "2000" });
    await place({ side: "sell", qty: "4" });
    expect(await get("/v2/account")).toMatchObject({
      cash: "2750",
      short_market_value: "-750",
      equity: "2000",
      buying_power: "1250",
    });
  });

  it("is not needed to cover a short position, also when a loss has used it up", async () => {
    const { place, setPrice, get } = openVenue({ cash: "1875" });
    await place({ side: "sell", qty: "10" });
    await setPrice("AAPL", "300");
    expect(await get("/v2/account")).toMatchObject({ equity: "750", buying_power: "0" });
    await place({ qty: "10" });
    expect(await get("/v2/account")).toMatchObject({ cash: "750", equity: "750", buying_power: "750" });
  });
});

describe("open orders", () => {
  it("are at most 2,000", async () => {
    const { venue, place, post } = openVenue();
    const resting = { qty: "1", type: "limit", limit_price: "1" };
    const { id } = await place(resting);
    const order = venue.store.findOrder(id);
    if (order === undefined) throw new Error("the order is not in the store");
    for (let count = 1; count < 2000; count += 1) venue.store.insertOrder({ ...order, id: `copy-${count}` });
    const { status, body } = await post(resting);
    expect(status).toBe(403);
    expect(body).toEqual({ code: 40310000, message: "too many open orders: at most 2000" });
  });
});

describe("GET /v2/account", () => {
  it("tells cash, equity and buying power as decimal strings", async () => {
    const { place, setPrice, get } = openVenue();
    await place({ qty: "10" });
    await setPrice("AAPL", "200");
    expect(await get("/v2/account")).toMatchObject({
      id: expect.any(String),
      account_number: expect.any(String),
      status: "ACTIVE",
      currency: "USD",
      cash: "98125",
      long_market_value: "2000",
      short_market_value: "0",
      equity: "100125",
      portfolio_value: "100125",
      buying_power: "98125",
      multiplier: "1",
      trading_blocked: false,
      account_blocked: false,
      trade_suspended_by_user: false,
      shorting_enabled: true,
    });
  });
});

describe("GET /v2/clock", () => {
  it("says that the market is open and when the trading day ends", async () => {
    expect(await openVenue().get("/v2/clock")).toEqual({
      timestamp: "2026-01-15T14:30:00.000Z",
      is_open: true,
      next_open: "2026-01-16T00:00:00.000Z",
      next_close: "2026-01-16T00:00:00.000Z",
    });
  });
});

describe("assets", () => {
  it("are the symbols of the settings", async () => {
    const assets = await openVenue().get<{ symbol: string }[]>("/v2/assets");
    expect(assets.map(({ symbol }) => symbol)).toEqual(["AAPL", "MSFT", "PENNY"]);
  });

  it.each([
    ["status=active", 3],
    ["status=inactive", 0],
    ["asset_class=us_equity", 3],
    ["asset_class=crypto", 0],
    ["exchange=NYSE", 0],
  ])("with %s are %i", async (query, count) => {
    expect(await openVenue().get<unknown[]>(`/v2/assets?${query}`)).toHaveLength(count);
  });

  it("are found by symbol and by id", async () => {
    const { get } = openVenue();
    const asset = await get("/v2/assets/AAPL");
    expect(asset).toMatchObject({
      symbol: "AAPL",
      class: "us_equity",
      tradable: true,
      fractionable: true,
      shortable: true,
    });
    expect(await get(`/v2/assets/${String(asset["id"])}`)).toEqual(asset);
  });

  it.each(["ZZZZ", "constructor", "BTC%2FUSD"])("answer 404 for %s, which is not listed", async (symbol) => {
    const { status, body } = await openVenue().send("GET", `/v2/assets/${symbol}`);
    expect(status).toBe(404);
    expect(body).toMatchObject({ code: 40410000 });
  });
});

describe("the latest trades", () => {
  it("carry the price as a JSON number with exactly the digits that were set", async () => {
    const { setPrice, send } = openVenue();
    await setPrice("AAPL", "123456789012345.123456789");
    const { status, text } = await send("GET", "/v2/stocks/trades/latest?symbols=AAPL&feed=iex");
    expect(status).toBe(200);
    expect(text).toBe(
      '{"trades":{"AAPL":{"c":["@"],"i":1,"p":123456789012345.123456789,"s":100,"t":"2026-01-15T14:30:00.000Z","x":"V","z":"C"}}}',
    );
  });

  it("are those of the listed symbols among the wanted ones", async () => {
    const { trades } = await openVenue().get<{ trades: Record<string, { p: number }> }>(
      "/v2/stocks/trades/latest?symbols=MSFT,ZZZZ,AAPL",
    );
    expect(trades).toEqual({
      AAPL: expect.objectContaining({ p: 187.5 }),
      MSFT: expect.objectContaining({ p: 412.25 }),
    });
  });

  it("are refused without symbols", async () => {
    expect((await openVenue().send("GET", "/v2/stocks/trades/latest")).status).toBe(422);
  });

  it("of one symbol come with its name", async () => {
    expect(await openVenue().get("/v2/stocks/AAPL/trades/latest")).toEqual({
      symbol: "AAPL",
      trade: expect.objectContaining({ p: 187.5, t: "2026-01-15T14:30:00.000Z" }),
    });
  });

  it("of a symbol that is not listed are not found", async () => {
    expect((await openVenue().send("GET", "/v2/stocks/ZZZZ/trades/latest")).status).toBe(404);
  });
});

describe("a symbol that is taken off the list", () => {
  it("keeps its position at cost, and its open orders can only be canceled", async () => {
    const client = openVenue();
    await client.place({ qty: "10" });
    await client.setPrice("AAPL", "200");
    const { id } = await client.place({ type: "limit", limit_price: "150" });
    Object.assign(client.venue, { settings: { ...client.venue.settings, prices: {} } });

    expect(await client.get("/v2/positions/AAPL")).toMatchObject({ current_price: "187.5", unrealized_pl: "0" });
    expect(await client.get("/v2/account")).toMatchObject({ equity: "100000", buying_power: "96625" });
    expect(await client.post()).toMatchObject({ status: 422 });
    expect(await client.get(`/v2/orders/${id}`)).toMatchObject({ status: "new" });
    expect(await client.send("DELETE", `/v2/orders/${id}`)).toMatchObject({ status: 204 });
  });
});
