import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type NativeOrder, readNativeOrder } from "../../../src/domain/signal/native.ts";

const MARKET = { symbol: "AAPL", side: "buy", type: "market", quantity: "10" };

/** A market order with some fields replaced; `undefined` leaves a field out. */
const aBody = (overrides: Record<string, unknown> = {}): Record<string, unknown> =>
  Object.fromEntries(Object.entries({ ...MARKET, ...overrides }).filter(([, value]) => value !== undefined));

function orderOf(body: unknown): NativeOrder {
  const read = readNativeOrder(body);
  if (!read.ok) throw new Error(`refused: ${JSON.stringify(read.error)}`);
  return read.value;
}

/** Where a body is wrong, each place once, in order. */
function pointersOf(body: unknown): string[] {
  const read = readNativeOrder(body);
  return read.ok ? [] : [...new Set(read.error.map((error) => error.pointer))].sort();
}

describe("an order in the gateway's own format", () => {
  it("needs symbol, side, type and an amount, and is for the day and regular hours", () => {
    expect(orderOf(MARKET)).toEqual({ ...MARKET, time_in_force: "day", extended_hours: false });
  });

  it("keeps every field that it may have", () => {
    const body = {
      symbol: "BTC/USD",
      side: "sell",
      type: "stop_limit",
      quantity: "0.000000001",
      limit_price: "99.5",
      stop_price: "100",
      time_in_force: "gtc",
      client_order_id: "strategy-7:2026.01.15_A",
      account: "paper-2",
      extended_hours: true,
    };
    expect(orderOf(body)).toEqual(body);
  });

  it.each([
    ["market", {}],
    ["limit", { limit_price: "187.25" }],
    ["stop", { stop_price: "180" }],
    ["stop_limit", { stop_price: "180", limit_price: "179.5" }],
  ])("of type %s needs exactly %j", (type, prices) => {
    expect(orderOf(aBody({ type, ...prices }))).toMatchObject({ type, ...prices });
    for (const price of ["limit_price", "stop_price"]) {
      const without = { ...prices, [price]: undefined };
      const superfluous = { ...prices, [price]: "1" };
      if (price in prices) expect(pointersOf(aBody({ type, ...without }))).toEqual([`/${price}`]);
      else expect(pointersOf(aBody({ type, ...superfluous }))).toEqual([`/${price}`]);
    }
  });

  it.each(["day", "gtc", "opg", "cls", "ioc", "fok"])("takes time_in_force %s", (time_in_force) => {
    expect(orderOf(aBody({ time_in_force }))).toMatchObject({ time_in_force });
  });

  it("takes notional in place of quantity", () => {
    const order = orderOf(aBody({ quantity: undefined, notional: "1000.50" }));
    expect(order).toMatchObject({ notional: "1000.5" });
    expect(order).not.toHaveProperty("quantity");
  });

  it.each([
    ["10", 10],
    ["10.0", 10],
    ["10.000000000", "10"],
    ["010", "10"],
    ["0.10", 0.1],
    ["0.000000001", 1e-9],
    ["999999999999999", 999999999999999],
  ])("is the same order for a quantity of %j and of %j", (first, second) => {
    expect(orderOf(aBody({ quantity: first }))).toEqual(orderOf(aBody({ quantity: second })));
  });

  it("is the same order in whatever order its fields come", () => {
    const body = {
      ...MARKET,
      type: "limit",
      limit_price: "1",
      client_order_id: "a",
      account: "b",
      time_in_force: "gtc",
    };
    const canonical = JSON.stringify(orderOf(body));
    fc.assert(
      fc.property(fc.shuffledSubarray(Object.entries(body), { minLength: Object.keys(body).length }), (entries) => {
        expect(JSON.stringify(orderOf(Object.fromEntries(entries)))).toBe(canonical);
      }),
    );
  });

  it("means the same when read again", () => {
    const quantity = fc.integer({ min: 1, max: 1_000_000_000 }).map((millis) => (millis / 1_000).toFixed(9));
    fc.assert(
      fc.property(quantity, (text) => {
        const order = orderOf(aBody({ quantity: text }));
        expect(orderOf(order)).toEqual(order);
        expect(Number(order.quantity)).toBe(Number(text));
      }),
    );
  });
});

describe("an amount or a price", () => {
  const REFUSED: readonly (readonly [string, unknown])[] = [
    ["an exponent", "1e3"],
    ["an empty text", ""],
    ["a space before it", " 1"],
    ["a space behind it", "1 "],
    ["a line feed behind it", "1\n"],
    ["a plus sign", "+1"],
    ["a minus sign", "-1"],
    ["zero", "0"],
    ["zero with decimals", "0.000"],
    ["minus zero", "-0"],
    ["the number zero", 0],
    ["a negative number", -1],
    ["NaN", Number.NaN],
    ["NaN as text", "NaN"],
    ["Infinity", Number.POSITIVE_INFINITY],
    ["Infinity as text", "Infinity"],
    ["a point without a digit behind it", "1."],
    ["a point without a digit before it", ".5"],
    ["a comma", "1,5"],
    ["a hexadecimal number", "0x10"],
    ["digits of another script", "١"],
    ["16 integer digits", "1000000000000000"],
    ["16 integer digits in a number", 1e15],
    ["10 fraction digits", "0.0000000001"],
    ["10 fraction digits in a number", 1e-10],
    ["a sum that doubles do not hold", 0.1 + 0.2],
    ["null", null],
    ["true", true],
    ["a list", ["1"]],
    ["an object", { value: "1" }],
  ];

  it.each(REFUSED)("is refused with %s", (_, value) => {
    expect(pointersOf(aBody({ quantity: value }))).toEqual(["/quantity"]);
    expect(pointersOf(aBody({ quantity: undefined, notional: value }))).toEqual(["/notional"]);
    expect(pointersOf(aBody({ type: "limit", limit_price: value }))).toEqual(["/limit_price"]);
    expect(pointersOf(aBody({ type: "stop", stop_price: value }))).toEqual(["/stop_price"]);
  });
});

describe("a field", () => {
  const twenty = "A".repeat(20);
  const sixtyFour = "x".repeat(64);

  it.each([
    ["symbol", twenty],
    ["symbol", "BRK.B"],
    ["symbol", "BTC/USD"],
    ["symbol", "a_b-c"],
    ["account", "a"],
    ["account", "0".repeat(32)],
    ["client_order_id", sixtyFour],
    ["client_order_id", "a.B_c:d-9"],
  ])("%s may be %j", (field, value) => {
    expect(orderOf(aBody({ [field]: value }))).toMatchObject({ [field]: value });
  });

  it.each([
    ["symbol", ""],
    ["symbol", `${twenty}A`],
    ["symbol", "AA PL"],
    ["symbol", "AAPL\n"],
    ["symbol", "ÄAPL"],
    ["symbol", 1],
    ["side", "BUY"],
    ["side", "hold"],
    ["side", null],
    ["type", "trailing_stop"],
    ["type", ""],
    ["time_in_force", "gtd"],
    ["time_in_force", null],
    ["account", ""],
    ["account", "Paper"],
    ["account", "-paper"],
    ["account", "a_b"],
    ["account", "a".repeat(33)],
    ["account", "a/../b"],
    ["client_order_id", ""],
    ["client_order_id", `${sixtyFour}x`],
    ["client_order_id", "a b"],
    ["client_order_id", "a/b"],
    ["client_order_id", "a\n"],
    ["client_order_id", 7],
    ["extended_hours", "true"],
    ["extended_hours", 1],
  ])("%s may not be %j", (field, value) => {
    expect(pointersOf(aBody({ [field]: value }))).toEqual([`/${field}`]);
  });

  it.each(["symbol", "side", "type"])("%s has to be there", (field) => {
    expect(pointersOf(aBody({ [field]: undefined }))).toEqual([`/${field}`]);
  });
});

describe("a key that is not a field", () => {
  it.each([
    ["limit_prcie", "/limit_prcie"],
    ["Quantity", "/Quantity"],
    ["", "/"],
    ["a/b~c", "/a~1b~0c"],
    ["constructor", "/constructor"],
    ["toString", "/toString"],
    ["hasOwnProperty", "/hasOwnProperty"],
    ["__proto__", "/__proto__"],
  ])("%j is refused by name", (key, pointer) => {
    const body = JSON.parse(`{${JSON.stringify(key)}: {"quantity": "1"}, ${JSON.stringify(MARKET).slice(1)}`);
    expect(readNativeOrder(body)).toEqual({
      ok: false,
      error: [{ pointer, code: "unknown_field", message: "unknown field" }],
    });
  });

  it("gives no field a value through a prototype", () => {
    const body = JSON.parse('{"symbol":"AAPL","side":"buy","type":"market","__proto__":{"quantity":"1"}}');
    expect(pointersOf(body)).toEqual(["/__proto__", "/quantity"]);
  });
});

describe("the errors", () => {
  it.each<[string, unknown, string[]]>([
    ["neither quantity nor notional", aBody({ quantity: undefined }), ["/quantity"]],
    ["both quantity and notional", aBody({ notional: "5" }), ["/notional"]],
    ["nothing at all", {}, ["/quantity", "/side", "/symbol", "/type"]],
    [
      "a wrong field, an unknown one and a missing one",
      aBody({ side: "hold", type: "limit", limit_prcie: "1" }),
      ["/limit_prcie", "/limit_price", "/side"],
    ],
    [
      "every field wrong",
      {
        symbol: "",
        side: "",
        type: "",
        quantity: "x",
        notional: "x",
        limit_price: "x",
        stop_price: "x",
        time_in_force: "",
        client_order_id: "",
        account: "",
        extended_hours: "",
        more: "",
      },
      [
        ...["/account", "/client_order_id", "/extended_hours", "/limit_price", "/more", "/notional", "/quantity"],
        ...["/side", "/stop_price", "/symbol", "/time_in_force", "/type"],
      ],
    ],
  ])("name every field that is wrong: %s", (_, body, pointers) => {
    expect(pointersOf(body)).toEqual(pointers);
  });

  it("do not guess at prices while the type is not known", () => {
    expect(pointersOf(aBody({ type: "trailing", limit_price: "1" }))).toEqual(["/type"]);
  });

  it.each([null, undefined, [], [MARKET], "AAPL", 7, true])("of %j point at the whole body", (body) => {
    expect(pointersOf(body)).toEqual([""]);
  });

  it("come out for any value, and never as an exception", () => {
    const json = fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom(...Object.keys(MARKET)), fc.jsonValue()));
    fc.assert(
      fc.property(json, (body) => {
        const read = readNativeOrder(body);
        if (!read.ok) expect(read.error.length).toBeGreaterThan(0);
      }),
    );
  });
});
