import { describe, expect, it } from "vitest";
import { findUnsupported } from "../../../../src/brokers/alpaca/support.ts";
import { anIntent } from "./builders.ts";

const market = { type: "market", limit_price: undefined };
const byNotional = { ...market, quantity: undefined, notional: "100.25" };
const stop = { type: "stop", limit_price: undefined, stop_price: "180" };
const crypto = { symbol: "BTC/USD", time_in_force: "gtc" };

describe("an order that Alpaca can carry out", () => {
  it.each<[string, Record<string, unknown>]>([
    ["a limit order for the day", {}],
    ["a market order", market],
    ["a stop order until canceled", { ...stop, time_in_force: "gtc" }],
    ["an immediate order", { time_in_force: "ioc" }],
    ["an all-or-nothing order", { time_in_force: "fok" }],
    ["a limit order in the opening auction", { time_in_force: "opg" }],
    ["a market order in the closing auction", { ...market, time_in_force: "cls" }],
    ["a market order by notional", byNotional],
    ["a fractional quantity for the day", { quantity: "0.123456789" }],
    ["cents at one dollar", { limit_price: "1.01" }],
    ["hundredths of a cent below one dollar", { limit_price: "0.9999" }],
    ["a price with zeros behind its cents", { limit_price: "187.2500" }],
    ["a limit order in extended hours", { extended_hours: true }],
    ["a class of shares", { symbol: "BRK.B" }],
    ["crypto until canceled", crypto],
    ["crypto at once", { ...crypto, ...market, time_in_force: "ioc" }],
    ["crypto with a fraction and a fine price", { ...crypto, quantity: "0.000000001", limit_price: "1.000000001" }],
    ["a crypto stop-limit order", { ...crypto, type: "stop_limit", stop_price: "90000.5" }],
  ])("may be %s", (_, overrides) => {
    expect(findUnsupported(anIntent(overrides))).toBeUndefined();
  });
});

describe("an order that Alpaca cannot carry out", () => {
  it.each<[string, Record<string, unknown>, string]>([
    ["a lower-case symbol", { symbol: "aapl" }, "symbol_not_upper_case"],
    ["a half lower-case pair", { ...crypto, symbol: "BTC/usd" }, "symbol_not_upper_case"],
    ["a pair without its slash", { symbol: "BTCUSD" }, "unsupported_symbol"],
    ["an option contract", { symbol: "AAPL261218C00190000" }, "unsupported_symbol"],
    ["a pair of three", { ...crypto, symbol: "BTC/USD/EUR" }, "unsupported_symbol"],
    ["a notional limit order", { quantity: undefined, notional: "100" }, "unsupported_notional"],
    ["a notional order until canceled", { ...byNotional, time_in_force: "gtc" }, "unsupported_notional"],
    ["a notional finer than cents", { ...byNotional, notional: "100.251" }, "notional_precision"],
    ["a fraction until canceled", { quantity: "1.5", time_in_force: "gtc" }, "unsupported_fractional_quantity"],
    ["a fraction at once", { quantity: "1.5", time_in_force: "ioc" }, "unsupported_fractional_quantity"],
    ["a tenth of a cent above one dollar", { limit_price: "187.255" }, "price_increment"],
    ["a tenth of a cent just above one dollar", { limit_price: "1.001" }, "price_increment"],
    ["five decimals below one dollar", { limit_price: "0.12345" }, "price_increment"],
    ["a stop price finer than cents", { ...stop, stop_price: "180.001" }, "price_increment"],
    ["a market order in extended hours", { ...market, extended_hours: true }, "unsupported_extended_hours"],
    ["extended hours until canceled", { time_in_force: "gtc", extended_hours: true }, "unsupported_extended_hours"],
    ["a stop order in the opening auction", { ...stop, time_in_force: "opg" }, "unsupported_time_in_force"],
    ["a stop order in the closing auction", { ...stop, time_in_force: "cls" }, "unsupported_time_in_force"],
    ["crypto for the day", { ...crypto, time_in_force: "day" }, "unsupported_time_in_force"],
    ["crypto all or nothing", { ...crypto, time_in_force: "fok" }, "unsupported_time_in_force"],
    ["a crypto stop order", { ...crypto, ...stop }, "unsupported_order_type"],
    ["crypto by notional", { ...crypto, ...byNotional }, "unsupported_notional"],
    ["crypto in extended hours", { ...crypto, extended_hours: true }, "unsupported_extended_hours"],
  ])("is refused for %s", (_, overrides, code) => {
    expect(findUnsupported(anIntent(overrides))).toEqual({ code, detail: expect.stringMatching(/^.{10,}$/) });
  });

  it("is told the spelling it should have used", () => {
    expect(findUnsupported(anIntent({ symbol: "aapl" }))?.detail).toContain("AAPL");
  });

  it("is told why crypto has no day orders", () => {
    expect(findUnsupported(anIntent({ ...crypto, time_in_force: "day" }))?.detail).toContain("gtc or ioc");
  });
});
