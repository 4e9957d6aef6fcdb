import { describe, expect, it } from "vitest";
import { isDelayedFeed } from "../../../../src/domain/signal/symbol.ts";

describe("a feed", () => {
  it.each(["NASDAQ_DL", "NASDAQ_DLY", "cme_dly", "CME_MINI_DL"])("is delayed as %s", (exchange) => {
    expect(isDelayedFeed(exchange)).toBe(true);
  });

  it.each(["NASDAQ", "DLY", "_DLYX", "NASDAQ_DLY2", "NASDAQDLY", "", undefined])("is not delayed as %s", (exchange) => {
    expect(isDelayedFeed(exchange)).toBe(false);
  });
});
