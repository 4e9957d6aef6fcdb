import { describe, expect, it } from "vitest";
import { brokerSymbolOf, isDelayedFeed } from "../../../../src/domain/signal/symbol.ts";

describe("a sender's symbol", () => {
  const symbols = { US500: "SPY", aapl: "AAPL.X", "BINANCE:BTCUSDT": "BTC/USD" };

  it.each([
    ["AAPL", "AAPL"],
    ["NASDAQ:AAPL", "AAPL"],
    ["brk.b", "BRK.B"],
    ["nasdaq:msft", "MSFT"],
    ["btc/usd", "BTC/USD"],
    ["US500", "SPY"],
    ["us500", "SPY"],
    ["binance:btcusdt", "BTC/USD"],
    ["us501", "US501"],
    ["aapl", "AAPL.X"],
    ["BINANCE:BTCUSDT", "BTC/USD"],
  ])("%s is the broker's %s", (spelled, symbol) => {
    expect(brokerSymbolOf(spelled, { symbols, strip_exchange: true })).toBe(symbol);
  });

  it("keeps its exchange where the settings say so, and is one that no broker could have then", () => {
    expect(brokerSymbolOf("NASDAQ:AAPL", { symbols: {}, strip_exchange: false })).toBeUndefined();
  });
});

describe("a feed", () => {
  it.each(["NASDAQ_DL", "NASDAQ_DLY", "cme_dly", "CME_MINI_DL"])("is delayed as %s", (exchange) => {
    expect(isDelayedFeed(exchange)).toBe(true);
  });

  it.each(["NASDAQ", "DLY", "_DLYX", "NASDAQ_DLY2", "NASDAQDLY", "", undefined])("is not delayed as %s", (exchange) => {
    expect(isDelayedFeed(exchange)).toBe(false);
  });
});
