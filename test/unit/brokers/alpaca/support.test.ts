import { describe, expect, it } from "vitest";
import { findUnsupported } from "../../../../src/brokers/alpaca/support.ts";
import { anIntent } from "./builders.ts";

const market = { type: "market", limit_price: undefined };
const byNotional = { ...market, quantity: undefined, notional: "100.25" };
const stop = { type: "stop", limit_price: undefined, stop_price: "180" };
const sell = { side: "sell" };
const profitAt = (limit_price: string) => ({ take_profit: { limit_price } });
const stopAt = (stop_price: string, limit_price?: string) => ({ stop_loss: { stop_price, limit_price } });
const bracket = { ...profitAt("200"), ...stopAt("180") };
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
    ["a bracket", bracket],
    ["a bracket at the market until canceled", { ...bracket, ...market, time_in_force: "gtc" }],
    ["a bracket to sell", { ...sell, ...profitAt("180"), ...stopAt("200") }],
    ["a take profit alone, a cent above the limit", profitAt("187.26")],
    ["a stop loss alone, a cent below the limit", stopAt("187.24")],
    ["a take profit of a sale, a cent below the limit", { ...sell, ...profitAt("187.24") }],
    ["a stop loss of a sale, a cent above the limit", { ...sell, ...stopAt("187.26") }],
    ["a stop loss with its own price for a limit", stopAt("180", "180")],
    ["a stop loss with a worse limit", stopAt("180", "150")],
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
    ["legs of a stop order", { ...stop, ...profitAt("200") }, "unsupported_bracket"],
    ["legs of a stop limit order", { ...bracket, type: "stop_limit", stop_price: "187" }, "unsupported_bracket"],
    ["legs of a notional", { ...byNotional, ...stopAt("180") }, "unsupported_bracket"],
    ["legs of a fraction", { ...bracket, quantity: "1.5" }, "unsupported_bracket"],
    ["legs at once", { ...bracket, time_in_force: "ioc" }, "unsupported_bracket"],
    ["legs in the opening auction", { ...bracket, time_in_force: "opg" }, "unsupported_bracket"],
    ["legs in extended hours", { ...bracket, extended_hours: true }, "unsupported_bracket"],
    ["legs of crypto", { ...crypto, ...profitAt("200") }, "unsupported_bracket"],
    ["a take profit at the stop loss", { ...market, ...profitAt("180"), ...stopAt("180") }, "bracket_prices"],
    ["a take profit below the stop loss", { ...market, ...profitAt("179"), ...stopAt("180") }, "bracket_prices"],
    ["a take profit above the stop loss of a sale", { ...market, ...sell, ...bracket }, "bracket_prices"],
    ["a take profit at the limit", profitAt("187.25"), "bracket_prices"],
    ["a stop loss at the limit", stopAt("187.25"), "bracket_prices"],
    ["a take profit at the limit of a sale", { ...sell, ...profitAt("187.25") }, "bracket_prices"],
    ["a stop loss at the limit of a sale", { ...sell, ...stopAt("187.25") }, "bracket_prices"],
    ["a stop loss nearer than a cent", { limit_price: "0.5", ...stopAt("0.4901") }, "bracket_prices"],
    [
      "a stop loss whose limit is better than its stop",
      { ...market, stop_loss: { stop_price: "180", limit_price: "180.01" } },
      "bracket_prices",
    ],
    [
      "a stop loss of a sale whose limit is better than its stop",
      { ...market, ...sell, stop_loss: { stop_price: "190", limit_price: "189.99" } },
      "bracket_prices",
    ],
    ["a stop loss below zero", { ...market, ...stopAt("-1") }, "bracket_prices"],
    ["a take profit of nothing", { ...market, ...sell, ...profitAt("0") }, "bracket_prices"],
    ["a limit of nothing in a stop loss", stopAt("180", "0"), "bracket_prices"],
    ["a take profit finer than cents", profitAt("200.001"), "price_increment"],
    ["a stop loss finer than cents", stopAt("180.001"), "price_increment"],
    ["a limit of a stop loss finer than cents", stopAt("180", "179.001"), "price_increment"],
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
