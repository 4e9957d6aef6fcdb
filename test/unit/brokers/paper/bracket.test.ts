// Orders with legs: what is accepted, what the legs do, and what they never do.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMemoryStore } from "../../../../src/brokers/paper/memory-store.ts";
import { type VenueOrder, isOpen } from "../../../../src/brokers/paper/order.ts";
import { readRelatives } from "../../../../src/brokers/paper/relatives.ts";
import { ZERO, greaterThan, sum } from "../../../../src/domain/money.ts";
import { openSqliteStore } from "./sqlite-store.ts";
import { NOW_MS, type OrderJson, type VenueClient, type VenueOptions, openVenue } from "./venue-client.ts";

const BRACKET = {
  order_class: "bracket",
  take_profit: { limit_price: "200" },
  stop_loss: { stop_price: "180" },
};
const STOP_ONLY = { order_class: "oto", stop_loss: { stop_price: "180" } };
const PROFIT_ONLY = { order_class: "oto", take_profit: { limit_price: "200" } };
const SHORT = {
  ...BRACKET,
  side: "sell",
  take_profit: { limit_price: "180" },
  stop_loss: { stop_price: "200" },
};
/** Rests below the market. */
const RESTING = { type: "limit", limit_price: "185" };

type Bracket = OrderJson & { readonly status: string; readonly legs: readonly OrderJson[] };

/** The order and its legs as they are now. */
const readFamily = async ({ get }: VenueClient, id: string) => {
  const order = await get<Bracket>(`/v2/orders/${id}?nested=true`);
  return [order, ...(order.legs ?? [])];
};

/** Their statuses, the order's first, then the take profit's. */
const statuses = async (client: VenueClient, id: string): Promise<string> =>
  (await readFamily(client, id)).map(({ status }) => status).join(" ");

const idsIn = async ({ get }: VenueClient, path: string): Promise<string[]> =>
  (await get<OrderJson[]>(path)).map(({ id }) => id);

describe.each([
  ["memory", createMemoryStore],
  ["SQLite", () => openSqliteStore()],
])("the venue over %s", (_, createStore) => {
  const open = (options: VenueOptions = {}) => openVenue({ ...options, store: createStore() });

  const openWith = async (fields: Record<string, unknown>, options: VenueOptions = {}) => {
    const client = open(options);
    const { id } = await client.place(fields);
    const [, first, second] = await readFamily(client, id);
    return { ...client, client, id, firstId: first?.id ?? "", secondId: second?.id ?? "" };
  };

  describe("a bracket", () => {
    it("is accepted with two legs on the other side, held, with ids of their own", async () => {
      const { post } = open();
      const { status, body } = await post({
        ...BRACKET,
        stop_loss: { stop_price: "180", limit_price: "179.5" },
        time_in_force: "gtc",
        client_order_id: "sp-1",
      });
      expect(status).toBe(200);
      const leg = { order_class: "bracket", side: "sell", qty: "10", status: "held", time_in_force: "gtc", legs: null };
      expect(body).toMatchObject({
        client_order_id: "sp-1",
        order_class: "bracket",
        status: "accepted",
        legs: [
          { ...leg, type: "limit", limit_price: "200", stop_price: null },
          { ...leg, type: "stop_limit", limit_price: "179.5", stop_price: "180" },
        ],
      });
      const all = [body as Bracket, ...(body as Bracket).legs];
      expect(new Set(all.flatMap((order) => [order.id, order.client_order_id])).size).toBe(6);
      expect(new Set(all.map((order) => order["expires_at"])).size).toBe(1);
    });

    it("has one leg as an oto", async () => {
      const { post } = open();
      expect((await post(STOP_ONLY)).body).toMatchObject({ order_class: "oto", legs: [{ type: "stop" }] });
      expect((await post(PROFIT_ONLY)).body).toMatchObject({ order_class: "oto", legs: [{ type: "limit" }] });
    });

    it("keeps its legs back until the order is filled whole", async () => {
      const { client, id, setPrice } = await openWith({ ...BRACKET, ...RESTING }, { maxFillQuantity: "4" });
      expect(await statuses(client, id)).toBe("new held held");
      // Each request is a look at the market, and each look fills four.
      await setPrice("AAPL", "185");
      expect(await statuses(client, id)).toBe("partially_filled held held");
      expect(await statuses(client, id)).toBe("filled new held");
    });

    it("has a single leg working once it is filled", async () => {
      const stop = await openWith(STOP_ONLY);
      expect(await statuses(stop.client, stop.id)).toBe("filled new");
      const profit = await openWith(PROFIT_ONLY);
      expect(await statuses(profit.client, profit.id)).toBe("filled new");
    });

    it.each([
      ["bought", BRACKET, "200", "filled filled canceled"],
      ["bought", BRACKET, "205", "filled filled canceled"],
      ["bought", BRACKET, "199.99", "filled new held"],
      ["bought", BRACKET, "180.01", "filled new held"],
      ["bought", BRACKET, "180", "filled canceled filled"],
      ["bought", BRACKET, "150", "filled canceled filled"],
      ["sold", SHORT, "180", "filled filled canceled"],
      ["sold", SHORT, "180.01", "filled new held"],
      ["sold", SHORT, "199.99", "filled new held"],
      ["sold", SHORT, "200", "filled canceled filled"],
    ])("that was %s, %j, is at %s %s", async (_did, fields, price, expected) => {
      const { client, id, setPrice, get } = await openWith(fields);
      await setPrice("AAPL", price);
      expect(await statuses(client, id)).toBe(expected);
      expect(await get<unknown[]>("/v2/positions")).toHaveLength(expected === "filled new held" ? 1 : 0);
    });

    it.each([
      ["stop", STOP_ONLY, "179"],
      ["take profit", PROFIT_ONLY, "201"],
    ])("with a %s alone closes the position by it", async (_leg, fields, price) => {
      const { client, id, setPrice, get } = await openWith(fields);
      await setPrice("AAPL", price);
      expect(await statuses(client, id)).toBe("filled filled");
      expect(await get<unknown[]>("/v2/positions")).toEqual([]);
    });

    it("has a stop loss with a limit rest when the price has jumped past it", async () => {
      const stop_loss = { stop_price: "180", limit_price: "179" };
      const { client, id, setPrice } = await openWith({ ...BRACKET, stop_loss });
      await setPrice("AAPL", "170");
      expect(await statuses(client, id)).toBe("filled canceled new");
      await setPrice("AAPL", "179.25");
      expect(await statuses(client, id)).toBe("filled canceled filled");
    });

    it("takes off the stop loss what the take profit has filled", async () => {
      const { client, id, setPrice, get } = await openWith(BRACKET, { maxFillQuantity: "4" });
      while (!(await statuses(client, id)).startsWith("filled"));
      await setPrice("AAPL", "200");
      await setPrice("AAPL", "190");
      const [, profit, stop] = await readFamily(client, id);
      const left = String(10 - Number(profit?.["filled_qty"]));
      expect(profit).toMatchObject({ status: "partially_filled", qty: "10" });
      expect(stop).toMatchObject({ status: "held", qty: left });
      await setPrice("AAPL", "170");
      while (!(await statuses(client, id)).endsWith("filled canceled filled"));
      expect((await readFamily(client, id))[2]).toMatchObject({ id: stop?.id, filled_qty: left });
      expect(await get<unknown[]>("/v2/positions")).toEqual([]);
    });

    it("needs buying power for the order and none for its legs", async () => {
      const { place, get, setPrice } = open({ cash: "1875" });
      const { id } = await place(BRACKET);
      expect(await get("/v2/account")).toMatchObject({ cash: "0", buying_power: "0" });
      expect(await get("/v2/positions/AAPL")).toMatchObject({ qty: "10", qty_available: "0" });
      await setPrice("AAPL", "200");
      expect(await get(`/v2/orders/${id}`)).toMatchObject({ status: "filled" });
      expect(await get("/v2/account")).toMatchObject({ cash: "2000", buying_power: "2000" });
    });

    it("that is short needs buying power once as well", async () => {
      const { place, get } = open({ cash: "1875" });
      await place(SHORT);
      expect(await get("/v2/account")).toMatchObject({ equity: "1875", buying_power: "0" });
    });
  });

  describe("canceling", () => {
    it.each([
      ["the order", 0],
      ["its take profit", 1],
      ["its stop loss", 2],
    ])("%s of a bracket that rests cancels all three", async (_which, index) => {
      const { client, id, send, get } = await openWith({ ...BRACKET, ...RESTING });
      const target = (await readFamily(client, id))[index]?.id;
      expect(await send("DELETE", `/v2/orders/${target}`)).toMatchObject({ status: 204 });
      expect(await statuses(client, id)).toBe("canceled canceled canceled");
      expect(await get("/v2/account")).toMatchObject({ buying_power: "100000" });
      expect(await send("DELETE", `/v2/orders/${target}`)).toMatchObject({ status: 422 });
    });

    it.each([
      ["take profit", 1],
      ["stop loss", 2],
    ])("the %s of a bracket that was filled cancels the other leg, and the position stays", async (_which, index) => {
      const { client, id, send, get } = await openWith(BRACKET);
      const target = (await readFamily(client, id))[index]?.id;
      expect(await send("DELETE", `/v2/orders/${target}`)).toMatchObject({ status: 204 });
      expect(await statuses(client, id)).toBe("filled canceled canceled");
      expect(await get("/v2/positions/AAPL")).toMatchObject({ qty: "10", qty_available: "10" });
    });

    it("an order that was filled in part leaves that part without legs", async () => {
      const { client, id, send, setPrice, get } = await openWith({ ...BRACKET, ...RESTING }, { maxFillQuantity: "2" });
      await setPrice("AAPL", "185");
      await send("DELETE", `/v2/orders/${id}`);
      expect(await statuses(client, id)).toBe("canceled canceled canceled");
      expect(await get("/v2/positions")).toMatchObject([{ qty: "4", qty_available: "4" }]);
    });

    it("all orders cancels the legs that are held with them", async () => {
      const { client, id, send } = await openWith(BRACKET);
      const second = await client.place({ ...BRACKET, ...RESTING });
      expect((await send("DELETE", "/v2/orders")).body).toHaveLength(2);
      expect(await statuses(client, id)).toBe("filled canceled canceled");
      expect(await statuses(client, second.id)).toBe("canceled canceled canceled");
    });
  });

  describe("the end of the day", () => {
    const UNTIL_MIDNIGHT_MS = 9.5 * 3_600_000;

    it.each([
      ["an order that rests", { ...BRACKET, ...RESTING }, "expired expired expired"],
      ["an order that was filled", BRACKET, "filled expired expired"],
      ["one that is good till canceled", { ...BRACKET, time_in_force: "gtc" }, "filled new held"],
    ])("finds %s %s", async (_which, fields, expected) => {
      const { client, id, advance, setPrice } = await openWith(fields);
      advance(UNTIL_MIDNIGHT_MS);
      expect(await statuses(client, id)).toBe(expected);
      if (expected.endsWith("held")) return;
      await setPrice("AAPL", "150");
      expect(await statuses(client, id)).toBe(expected);
    });

    it("is when all of them ended, whenever somebody looks", async () => {
      const { client, id, advance } = await openWith({ ...BRACKET, ...RESTING });
      advance(UNTIL_MIDNIGHT_MS + 5_000);
      for (const order of await readFamily(client, id)) {
        expect(order).toMatchObject({ expired_at: "2026-01-16T00:00:00.000Z", canceled_at: null });
      }
    });
  });

  describe("legs are shown", () => {
    it("in one order only where it is asked for", async () => {
      const { get, id, firstId, secondId } = await openWith(BRACKET);
      const { client_order_id } = await get(`/v2/orders/${id}`);
      expect(await get(`/v2/orders/${id}`)).toMatchObject({ legs: null });
      expect(await get(`/v2/orders:by_client_order_id?client_order_id=${String(client_order_id)}`)).toMatchObject({
        id,
        legs: null,
      });
      expect(await get(`/v2/orders/${id}?nested=true`)).toMatchObject({ legs: [{ id: firstId }, { id: secondId }] });
    });

    it("as orders of their own, with no legs", async () => {
      const { get, firstId } = await openWith(BRACKET);
      const leg = await get(`/v2/orders/${firstId}?nested=true`);
      expect(leg).toMatchObject({ id: firstId, order_class: "bracket", legs: null });
      const { client_order_id } = leg;
      expect(await get(`/v2/orders:by_client_order_id?client_order_id=${String(client_order_id)}`)).toEqual(leg);
    });

    it("in the list of open orders once they are no longer held", async () => {
      const { client, id, firstId, secondId, setPrice } = await openWith({ ...BRACKET, ...RESTING });
      expect(await idsIn(client, "/v2/orders")).toEqual([id]);
      await setPrice("AAPL", "185");
      await client.get("/v2/clock");
      expect(await idsIn(client, "/v2/orders")).toEqual([firstId]);
      expect(await idsIn(client, "/v2/orders?status=closed&direction=asc")).toEqual([id, secondId]);
      expect(await idsIn(client, "/v2/orders?status=all&direction=asc")).toEqual([id, firstId, secondId]);
    });

    it("in a nested list within their order, and not when that is not in the list", async () => {
      const { client, id, firstId, secondId, setPrice } = await openWith({ ...BRACKET, ...RESTING });
      const nested = (status: string) => client.get<Bracket[]>(`/v2/orders?nested=true&status=${status}`);
      expect(await nested("open")).toMatchObject([{ id, legs: [{ id: firstId }, { id: secondId }] }]);
      await setPrice("AAPL", "185");
      expect(await nested("open")).toEqual([]);
      expect(await nested("all")).toMatchObject([{ id, legs: [{ id: firstId }, { id: secondId }] }]);
    });

    it("in trades by ids of their own", async () => {
      const { get, setPrice, firstId } = await openWith(BRACKET);
      await setPrice("AAPL", "201");
      expect(await get("/v2/account/activities/FILL")).toMatchObject([
        { order_id: firstId, side: "sell", qty: "10", price: "201" },
        { side: "buy", qty: "10", price: "187.5" },
      ]);
    });
  });

  describe("a bracket is refused", () => {
    const inconsistent = [422, 40010001] as const;
    const invalid = [422, 42210000] as const;

    it.each<[readonly [number, number], Record<string, unknown>, string | RegExp]>([
      [invalid, { order_class: "oco" }, /^order_class must be simple, bracket or oto/],
      [invalid, { order_class: "mleg" }, /^order_class /],
      [
        inconsistent,
        { take_profit: { limit_price: "200" } },
        "take_profit and stop_loss need order_class bracket or oto",
      ],
      [
        inconsistent,
        { ...BRACKET, order_class: "simple" },
        "take_profit and stop_loss need order_class bracket or oto",
      ],
      [inconsistent, { ...BRACKET, take_profit: undefined }, "bracket orders require take_profit.limit_price"],
      [inconsistent, { ...BRACKET, take_profit: {} }, "bracket orders require take_profit.limit_price"],
      [inconsistent, { ...BRACKET, stop_loss: null }, "bracket orders require stop_loss.stop_price"],
      [inconsistent, { ...BRACKET, stop_loss: { limit_price: "180" } }, "bracket orders require stop_loss.stop_price"],
      [inconsistent, { ...BRACKET, order_class: "oto" }, "oto orders require either take_profit or stop_loss"],
      [inconsistent, { order_class: "oto" }, "oto orders require either take_profit or stop_loss"],
      [inconsistent, { order_class: "oto", stop_loss: {} }, "oto orders require stop_loss.stop_price"],
      [inconsistent, { order_class: "oto", take_profit: {} }, "oto orders require take_profit.limit_price"],
      [invalid, { ...BRACKET, stop_loss: { stop_price: "180", trail_percent: "1" } }, /^stop_loss .*trail_percent/],
      [
        invalid,
        { ...BRACKET, take_profit: { limit_price: "0" } },
        /^take_profit limit_price must be greater than zero/,
      ],
      [inconsistent, { ...STOP_ONLY, type: "stop", stop_price: "190" }, "oto orders must be market or limit orders"],
      [inconsistent, { ...BRACKET, time_in_force: "ioc" }, 'bracket orders support only "day" or "gtc" time_in_force'],
      [inconsistent, { ...STOP_ONLY, time_in_force: "opg" }, 'oto orders support only "day" or "gtc" time_in_force'],
      [
        [403, 40310000],
        { ...BRACKET, ...RESTING, extended_hours: true },
        "bracket orders do not support extended hours trading",
      ],
      [invalid, { ...BRACKET, qty: "1.5" }, "fractional orders must be simple orders"],
      [invalid, { ...STOP_ONLY, qty: undefined, notional: "100" }, "fractional orders must be simple orders"],
      [
        invalid,
        { ...BRACKET, take_profit: { limit_price: "180" } },
        "take_profit.limit_price must be > stop_loss.stop_price",
      ],
      [invalid, { ...BRACKET, side: "sell" }, "take_profit.limit_price must be < stop_loss.stop_price"],
      [invalid, { ...BRACKET, take_profit: { limit_price: "200.001" } }, /^invalid take_profit.limit_price 200.001/],
      [invalid, { ...BRACKET, stop_loss: { stop_price: "180.001" } }, /^invalid stop_loss.stop_price 180.001/],
    ])("with %j for %j", async ([status, code], fields, message) => {
      const { post, get } = open();
      const answer = await post(fields);
      expect(answer.status).toBe(status);
      const text = typeof message === "string" ? message : expect.stringMatching(message);
      expect(answer.body).toEqual({ code, message: text });
      expect(await get<unknown[]>("/v2/orders?status=all")).toEqual([]);
    });

    const profitAt = (limit_price: string) => ({ ...PROFIT_ONLY, take_profit: { limit_price } });
    const stopAt = (stop_price: string) => ({ ...STOP_ONLY, stop_loss: { stop_price } });
    const sell = { side: "sell" };
    const limitAt = (limit_price: string) => ({ type: "limit", limit_price });

    it.each<[Record<string, unknown>, string, string]>([
      [profitAt("187.5"), "take_profit.limit_price must be >= base_price + 0.01", "187.5"],
      [stopAt("187.5"), "stop_loss.stop_price must be <= base_price - 0.01", "187.5"],
      [{ ...profitAt("187.5"), ...sell }, "take_profit.limit_price must be <= base_price - 0.01", "187.5"],
      [{ ...stopAt("187.5"), ...sell }, "stop_loss.stop_price must be >= base_price + 0.01", "187.5"],
      [{ ...profitAt("150"), ...limitAt("150") }, "take_profit.limit_price must be >= base_price + 0.01", "150"],
      [{ ...stopAt("150"), ...limitAt("150") }, "stop_loss.stop_price must be <= base_price - 0.01", "150"],
      [{ ...stopAt("188"), ...limitAt("190") }, "stop_loss.stop_price must be <= base_price - 0.01", "187.5"],
    ])("for the price of a leg: %j", async (fields, message, base_price) => {
      const { post, get } = open();
      expect(await post(fields)).toMatchObject({ status: 422, body: { code: 42210000, message, base_price } });
      expect(await get<unknown[]>("/v2/orders?status=all")).toEqual([]);
    });

    it.each([
      profitAt("187.51"),
      stopAt("187.49"),
      { ...profitAt("187.49"), ...sell },
      { ...stopAt("187.51"), ...sell },
      { ...profitAt("160"), ...limitAt("150") },
      { ...stopAt("149.99"), ...limitAt("150") },
    ])("but not for the price of a leg that is far enough: %j", async (fields) => {
      expect((await open().post(fields)).status).toBe(200);
    });

    it("where it would close a position, and not where it adds to one", async () => {
      const { place, post } = open();
      await place({ qty: "1" });
      expect((await post(BRACKET)).status).toBe(200);
      expect((await post(SHORT)).body).toEqual({ code: 42210000, message: "bracket orders must be entry orders" });
    });

    it("where it would cover a short position", async () => {
      const { place, post } = open();
      await place({ side: "sell", qty: "1" });
      expect((await post(STOP_ONLY)).body).toMatchObject({ message: "oto orders must be entry orders" });
    });

    it("where there is no buying power for its order, without leaving a leg", async () => {
      const { post, get } = open({ cash: "1000" });
      expect(await post(BRACKET)).toMatchObject({ status: 403, body: { cost_basis: "1875" } });
      expect(await get<unknown[]>("/v2/orders?status=all")).toEqual([]);
    });
  });
});

type Step =
  | { readonly act: "place"; readonly fields: Record<string, unknown> }
  | { readonly act: "price"; readonly price: string }
  /** Cancels the n-th of all orders there are, if that can be canceled. */
  | { readonly act: "cancel"; readonly nth: number }
  | { readonly act: "look" }
  | { readonly act: "wait" };

/** Dollars: few prices, so that the market comes to the legs often. */
const dollars = (min: number, max: number) => fc.integer({ min, max });

/** Legs a few dollars from the order; a stop loss with a limit is also one whose limit is better than its stop. */
const brackets = fc
  .record({
    side: fc.constantFrom("buy", "sell"),
    qty: fc.integer({ min: 1, max: 40 }).map(String),
    limit: fc.option(dollars(184, 191)),
    profit: fc.option(dollars(1, 5), { freq: 4 }),
    stop: fc.option(dollars(1, 5), { freq: 4 }),
    stopLimit: fc.option(dollars(-2, 2), { freq: 1 }),
    time_in_force: fc.constantFrom("day", "gtc"),
  })
  .map(({ side, qty, limit, profit, stop, stopLimit, time_in_force }) => {
    const base = limit ?? 187;
    const direction = side === "buy" ? 1 : -1;
    const stopAt = base - direction * (stop ?? 0);
    const stopPart = stopLimit === null ? {} : { limit_price: stopAt + stopLimit };
    return {
      side,
      qty,
      time_in_force,
      order_class: profit !== null && stop !== null ? "bracket" : profit !== null || stop !== null ? "oto" : "",
      take_profit: profit === null ? null : { limit_price: base + direction * profit },
      stop_loss: stop === null ? null : { stop_price: stopAt, ...stopPart },
      ...(limit === null ? {} : { type: "limit", limit_price: limit }),
    };
  });

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: brackets.map((fields): Step => ({ act: "place", fields })) },
    { weight: 8, arbitrary: dollars(178, 196).map((price): Step => ({ act: "price", price: String(price) })) },
    { weight: 1, arbitrary: fc.nat({ max: 12 }).map((nth): Step => ({ act: "cancel", nth })) },
    { weight: 1, arbitrary: fc.constantFrom<Step>({ act: "look" }, { act: "wait" }) },
  ),
  { maxLength: 40, size: "max" },
);

async function take(client: VenueClient, step: Step): Promise<void> {
  if (step.act === "place") expect([200, 403, 422]).toContain((await client.post(step.fields)).status);
  else if (step.act === "price") expect((await client.setPrice("AAPL", step.price)).status).toBe(200);
  else if (step.act === "look") await client.get("/v2/clock");
  else if (step.act === "wait") client.advance(6 * 3_600_000);
  else {
    const ids = await idsIn(client, "/v2/orders?status=all&direction=asc");
    const id = ids[step.nth];
    if (id !== undefined) expect([204, 422]).toContain((await client.send("DELETE", `/v2/orders/${id}`)).status);
  }
}

/** Every order that is no leg, each with its legs, as the venue has stored them. */
function readFamilies({ venue: { store } }: VenueClient): VenueOrder[][] {
  const query = { symbols: undefined, side: undefined, afterMs: undefined, untilMs: undefined };
  const page = { afterOrderId: undefined, beforeOrderId: undefined, direction: "asc" as const, limit: 500 };
  const orders = store.listOrders({ status: "all", nested: true, ...query, ...page });
  return orders.map((order) => [order, ...readRelatives(store, order)]);
}

function checkFamily(members: readonly VenueOrder[]): void {
  const [order, ...legs] = members;
  if (order === undefined) throw new Error("a family has an order");
  const open = members.filter(isOpen).length;
  expect(open).toBeLessThanOrEqual(1);
  // What waits, waits for one that is open.
  if (members.some(({ status }) => status === "held")) expect(open).toBe(1);
  if (legs.length === 0) return;

  const closed = sum(legs.map(({ filledQuantity }) => filledQuantity));
  expect(greaterThan(closed, order.filledQuantity)).toBe(false);
  if (order.status !== "filled") expect(closed).toBe("0");
  for (const leg of legs) expect(greaterThan(leg.filledQuantity, leg.quantity ?? ZERO)).toBe(false);

  const statusesOfLegs = legs.map(({ status }) => status);
  if (statusesOfLegs.includes("filled")) {
    expect(closed).toBe(order.quantity);
    expect(statusesOfLegs.filter((status) => status !== "filled")).toEqual(legs.length === 2 ? ["canceled"] : []);
  }
  // What was bought whole has a leg until it is closed, unless somebody canceled one or the day was over.
  const isOver = statusesOfLegs.every((status) => status === "canceled" || status === "expired");
  if (order.status === "filled" && closed !== order.quantity && !isOver) expect(open).toBe(1);
}

describe("whatever prices do, and whoever cancels what", () => {
  const maxFill = fc.constantFrom(undefined, "1", "7", "15");

  // A case that fails takes longer, to be made small.
  it(
    "both legs together never fill more than their order did, and one that is filled has ended the other",
    { timeout: 30_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(steps, maxFill, async (sequence, maxFillQuantity) => {
          const client = openVenue({ maxFillQuantity });
          await client.setPrice("AAPL", "187");
          for (const step of sequence) {
            await take(client, step);
            for (const family of readFamilies(client)) checkFamily(family);
          }
        }),
        { numRuns: 60 },
      );
    },
  );

  it("both stores tell the same", async () => {
    await fc.assert(
      fc.asyncProperty(steps, maxFill, async (sequence, maxFillQuantity) => {
        const memory = openVenue({ maxFillQuantity });
        const sqlite = openVenue({ maxFillQuantity, store: openSqliteStore() });
        for (const step of sequence) {
          await take(memory, step);
          await take(sqlite, step);
        }
        for (const path of [
          "/v2/orders?status=all&limit=500",
          "/v2/orders?status=all&nested=true&limit=500",
          "/v2/orders?status=open&nested=true",
          "/v2/account",
        ]) {
          expect(await sqlite.get<unknown>(path)).toEqual(await memory.get<unknown>(path));
        }
      }),
      { numRuns: 20 },
    );
  });
});

it("a bracket of yesterday's price is a matter of today's market", async () => {
  const client = openVenue();
  const { id } = await client.place({ ...BRACKET, ...RESTING, time_in_force: "gtc" });
  client.advance(86_400_000);
  // The price jumps through the limit and past the stop: the position is opened there, and closed at the next look.
  await client.setPrice("AAPL", "170");
  expect(await statuses(client, id)).toBe("filled canceled filled");
  expect(await client.get("/v2/account")).toMatchObject({ cash: "100000", equity: "100000" });
  expect(await client.get("/v2/clock")).toMatchObject({ timestamp: new Date(NOW_MS + 86_400_000).toISOString() });
});
