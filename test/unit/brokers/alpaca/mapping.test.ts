import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toOrderBody, toVenueReport } from "../../../../src/brokers/alpaca/mapping.ts";
import { findUnsupported } from "../../../../src/brokers/alpaca/support.ts";
import { isSameOrder } from "../../../../src/domain/broker.ts";
import type { OrderIntent } from "../../../../src/domain/order.ts";
import { aStopLoss, aTakeProfit, anAlpacaOrder, anIntent } from "./builders.ts";

describe("the body of an order", () => {
  it.each<[string, OrderIntent, string]>([
    [
      "a limit order",
      anIntent(),
      '{"symbol":"AAPL","qty":"10","side":"buy","type":"limit","time_in_force":"day","limit_price":"187.25","client_order_id":"sp-0192f3a4"}',
    ],
    [
      "an order by notional",
      anIntent({ type: "market", quantity: undefined, limit_price: undefined, notional: "1000.50" }),
      '{"symbol":"AAPL","notional":"1000.5","side":"buy","type":"market","time_in_force":"day","client_order_id":"sp-0192f3a4"}',
    ],
    [
      "a stop-limit order",
      anIntent({ side: "sell", type: "stop_limit", stop_price: "180", limit_price: "179.5", time_in_force: "gtc" }),
      '{"symbol":"AAPL","qty":"10","side":"sell","type":"stop_limit","time_in_force":"gtc","limit_price":"179.5","stop_price":"180","client_order_id":"sp-0192f3a4"}',
    ],
    [
      "an order for extended hours",
      anIntent({ extended_hours: true }),
      '{"symbol":"AAPL","qty":"10","side":"buy","type":"limit","time_in_force":"day","limit_price":"187.25","extended_hours":true,"client_order_id":"sp-0192f3a4"}',
    ],
    [
      "an order with two legs",
      anIntent({ take_profit: { limit_price: "200.50" }, stop_loss: { limit_price: "179", stop_price: "180" } }),
      '{"symbol":"AAPL","qty":"10","side":"buy","type":"limit","time_in_force":"day","limit_price":"187.25","order_class":"bracket","take_profit":{"limit_price":"200.5"},"stop_loss":{"stop_price":"180","limit_price":"179"},"client_order_id":"sp-0192f3a4"}',
    ],
    [
      "an order with a stop loss",
      anIntent({ stop_loss: { stop_price: "180" } }),
      '{"symbol":"AAPL","qty":"10","side":"buy","type":"limit","time_in_force":"day","limit_price":"187.25","order_class":"oto","stop_loss":{"stop_price":"180"},"client_order_id":"sp-0192f3a4"}',
    ],
    [
      "an order with a take profit",
      anIntent({ take_profit: { limit_price: "200" } }),
      '{"symbol":"AAPL","qty":"10","side":"buy","type":"limit","time_in_force":"day","limit_price":"187.25","order_class":"oto","take_profit":{"limit_price":"200"},"client_order_id":"sp-0192f3a4"}',
    ],
    [
      "more digits than a double holds",
      anIntent({
        symbol: "SHIB/USD",
        quantity: "123456789012345.123456789",
        limit_price: "0.000000001",
        time_in_force: "gtc",
      }),
      '{"symbol":"SHIB/USD","qty":"123456789012345.123456789","side":"buy","type":"limit","time_in_force":"gtc","limit_price":"0.000000001","client_order_id":"sp-0192f3a4"}',
    ],
  ])("is exact for %s", (_, intent, body) => {
    expect(toOrderBody(intent)).toBe(body);
  });
});

describe("Alpaca's order", () => {
  it("becomes a report with canonical decimals", () => {
    const order = anAlpacaOrder({ status: "partially_filled", filled_qty: "4.000", filled_avg_price: "187.20" });
    expect(toVenueReport(order)).toEqual({
      ok: true,
      value: {
        venue_order_id: "61e69015-8549-4bfd-b9c3-01e75843f47d",
        client_order_id: "sp-0192f3a4",
        symbol: "AAPL",
        side: "buy",
        type: "limit",
        quantity: "10",
        notional: null,
        limit_price: "187.25",
        stop_price: null,
        status: "partially_filled",
        filled_quantity: "4",
        average_price: "187.2",
        legs: [],
      },
    });
  });

  it.each([
    ["accepted", "pending_new"],
    ["pending_new", "pending_new"],
    ["held", "suspended"],
    ["new", "new"],
    ["partially_filled", "partially_filled"],
    ["filled", "filled"],
    ["done_for_day", "done_for_day"],
    ["canceled", "canceled"],
    ["expired", "expired"],
    ["replaced", "replaced"],
    ["pending_cancel", "pending_cancel"],
    ["pending_replace", "pending_replace"],
    ["accepted_for_bidding", "accepted_for_bidding"],
    ["stopped", "stopped"],
    ["rejected", "rejected"],
    ["suspended", "suspended"],
    ["calculated", "calculated"],
  ])("with status %s is %s", (status, expected) => {
    expect(toVenueReport(anAlpacaOrder({ status }))).toMatchObject({ ok: true, value: { status: expected } });
  });

  it.each(["triggered", "", "FILLED", "denied", "constructor", "__proto__"])(
    "with the unknown status %j has no report",
    (status) => {
      expect(toVenueReport(anAlpacaOrder({ status }))).toEqual({ ok: false, error: "unrecognised_status" });
    },
  );

  it.each<[string, unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["a list", [anAlpacaOrder()]],
    ["an error", { code: 40010001, message: "no" }],
    ["no id", anAlpacaOrder({ id: undefined })],
    ["an empty id", anAlpacaOrder({ id: "" })],
    ["no client order id", anAlpacaOrder({ client_order_id: null })],
    ["a numeric quantity", anAlpacaOrder({ qty: 10 })],
    ["a quantity with an exponent", anAlpacaOrder({ qty: "1e1" })],
    ["a negative quantity", anAlpacaOrder({ qty: "-10" })],
    ["no filled quantity", anAlpacaOrder({ filled_qty: null })],
    ["an average that is no number", anAlpacaOrder({ filled_avg_price: "NaN" })],
    ["a trailing stop", anAlpacaOrder({ type: "trailing_stop" })],
    ["no side, as in a multi-leg order", anAlpacaOrder({ side: null })],
    ["no status", anAlpacaOrder({ status: undefined })],
    ["more filled than ordered", anAlpacaOrder({ filled_qty: "10.000000001", filled_avg_price: "187.2" })],
    ["far more filled than ordered", anAlpacaOrder({ status: "filled", filled_qty: "999999999999999" })],
  ])("is unreadable with %s", (_, body) => {
    expect(toVenueReport(body)).toEqual({ ok: false, error: "unreadable_order" });
  });

  it.each([
    ["as many units as were ordered", { status: "filled", qty: "10", filled_qty: "10.000" }],
    ["any number of units, where money was ordered", { qty: null, notional: "1000", filled_qty: "999999999999999" }],
  ])("may have filled %s", (_, filled) => {
    expect(toVenueReport(anAlpacaOrder(filled))).toMatchObject({ ok: true });
  });

  it.each([
    ["187.3333333333333333", "187.333333333"],
    ["0.0000000005", "0"],
    ["0.00000000051", "0.000000001"],
    ["999999999999999.9999999999", "1000000000000000"],
  ])("keeps nine digits of the average %s", (filled_avg_price, average_price) => {
    expect(toVenueReport(anAlpacaOrder({ filled_avg_price }))).toMatchObject({ ok: true, value: { average_price } });
  });

  it("of a replaced order is about the original", () => {
    const order = anAlpacaOrder({ status: "replaced", replaced_by: "8e6b7c1a-0000-4000-8000-000000000000" });
    expect(toVenueReport(order)).toMatchObject({
      value: { status: "replaced", venue_order_id: "61e69015-8549-4bfd-b9c3-01e75843f47d" },
    });
  });
});

describe("the legs of Alpaca's order", () => {
  const stop = aStopLoss();
  const profit = aTakeProfit();

  it("are read as orders of their own, with their own ids", () => {
    expect(toVenueReport(anAlpacaOrder({ order_class: "bracket", legs: [profit, stop] }))).toMatchObject({
      value: {
        client_order_id: "sp-0192f3a4",
        legs: [
          { venue_order_id: profit["id"], client_order_id: profit["client_order_id"], type: "limit", status: "new" },
          { venue_order_id: stop["id"], client_order_id: stop["client_order_id"], type: "stop", status: "suspended" },
        ],
      },
    });
  });

  it("are unreadable under a name that nobody could look them up by", () => {
    const nameless = aTakeProfit({ client_order_id: "a name with blanks" });
    expect(toVenueReport(anAlpacaOrder({ order_class: "bracket", legs: [nameless, stop] }))).toEqual({
      ok: false,
      error: "unreadable_order",
    });
  });

  it.each([
    ["an order that stands alone has none", { order_class: "" }, []],
    ["a simple order has none", { order_class: "simple" }, []],
    ["an order without a class has none", { order_class: null, legs: undefined }, []],
    ["a bracket has some, which are not in this answer", { order_class: "bracket", legs: null }, undefined],
    ["an oto has one, which is not in this answer", { order_class: "oto", legs: [] }, undefined],
  ])("say that %s", (_, fields, legs) => {
    const report = toVenueReport(anAlpacaOrder(fields));
    expect(report.ok && report.value.legs).toEqual(legs);
  });

  it("have no legs that would be read", () => {
    const leg = { ...stop, legs: [{ id: 7 }] };
    const report = toVenueReport(anAlpacaOrder({ order_class: "oto", legs: [leg] }));
    expect(report.ok && report.value.legs).toHaveLength(1);
    expect(report.ok && report.value.legs?.[0]).not.toHaveProperty("legs");
  });

  it.each<[string, unknown, string]>([
    ["no list", { "0": stop }, "unreadable_order"],
    ["nothing", [null], "unreadable_order"],
    ["a trailing stop", [{ ...stop, type: "trailing_stop" }], "unreadable_order"],
    ["more filled than ordered", [{ ...profit, filled_qty: "11" }], "unreadable_order"],
    ["a status nobody knows", [profit, { ...stop, status: "waiting" }], "unrecognised_status"],
  ])("make their order unreadable when they are %s", (_, legs, error) => {
    expect(toVenueReport(anAlpacaOrder({ order_class: "bracket", legs }))).toEqual({ ok: false, error });
  });
});

const digits = (max: number) => fc.stringMatching(new RegExp(`^\\d{0,${max}}$`));

/** A positive decimal spelled in one of its many ways. */
const aDecimal = (fractionMax: number) =>
  fc
    .record({ integer: fc.integer({ min: 1, max: 999_999_999 }), fraction: digits(fractionMax) })
    .map(({ integer, fraction }) => (fraction === "" ? String(integer) : `${integer}.${fraction}`));

const anyIntent = fc
  .record({
    symbol: fc.constantFrom("AAPL", "BRK.B", "BTC/USD"),
    side: fc.constantFrom("buy", "sell"),
    type: fc.constantFrom("market", "limit", "stop", "stop_limit"),
    time_in_force: fc.constantFrom("day", "gtc", "opg", "cls", "ioc", "fok"),
    byNotional: fc.boolean(),
    quantity: aDecimal(9),
    notional: aDecimal(2),
    limit_price: aDecimal(4),
    stop_price: aDecimal(4),
  })
  .map(({ byNotional, ...terms }) =>
    anIntent({
      ...terms,
      quantity: byNotional ? undefined : terms.quantity,
      notional: byNotional ? terms.notional : undefined,
      limit_price: terms.type.endsWith("limit") ? terms.limit_price : undefined,
      stop_price: terms.type.startsWith("stop") ? terms.stop_price : undefined,
    }),
  );

/** A venue may write the same value with more zeros. */
const withZeros = (text: unknown, zeros: number): unknown =>
  typeof text === "string" && zeros > 0 && !text.includes(".") ? `${text}.${"0".repeat(zeros)}` : text;

describe("an order that Alpaca echoes", () => {
  it("is the order that was asked for, digit by digit", () => {
    fc.assert(
      fc.property(anyIntent, fc.nat({ max: 9 }), (intent, zeros) => {
        const sent = JSON.parse(toOrderBody(intent)) as Record<string, unknown>;
        const echo = anAlpacaOrder({
          ...sent,
          qty: withZeros(sent["qty"] ?? null, zeros),
          notional: withZeros(sent["notional"] ?? null, zeros),
          limit_price: withZeros(sent["limit_price"] ?? null, zeros),
          stop_price: withZeros(sent["stop_price"] ?? null, zeros),
        });
        const report = toVenueReport(JSON.parse(JSON.stringify(echo)));
        expect(report.ok && isSameOrder(intent, report.value)).toBe(true);
      }),
    );
  });

  it("is another order when one of its terms differs", () => {
    const changes = [
      { qty: "11" },
      { limit_price: "187.26" },
      { side: "sell" },
      { symbol: "MSFT" },
      { stop_price: "1" },
    ];
    for (const change of changes) {
      const report = toVenueReport(anAlpacaOrder(change));
      expect(report.ok && isSameOrder(anIntent(), report.value)).toBe(false);
    }
  });

  it("never has decimals that Alpaca's rules refuse", () => {
    fc.assert(
      fc.property(anyIntent, (intent) => {
        if (findUnsupported(intent) !== undefined || intent.symbol.includes("/")) return;
        const body = JSON.parse(toOrderBody(intent)) as Record<string, string>;
        for (const field of ["limit_price", "stop_price", "notional"]) {
          expect(body[field] ?? "0").toMatch(/^\d+(\.\d{1,2})?$/);
        }
      }),
    );
  });
});
