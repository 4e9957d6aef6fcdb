import { describe, expect, it } from "vitest";
import { PaperVenueSettings } from "../../../../src/brokers/paper/settings.ts";

const isUsable = (settings: unknown): boolean => PaperVenueSettings.safeParse(settings).success;

describe("the settings of the paper venue", () => {
  it("are the cash and the last price of every listed symbol, as decimals", () => {
    expect(PaperVenueSettings.parse({ cash: "100000.00", prices: { AAPL: "187.50", "BRK.B": "480" } })).toEqual({
      cash: "100000",
      prices: { AAPL: "187.5", "BRK.B": "480" },
      deduplication: "permanent",
    });
  });

  it.each([
    { deduplication: "open_orders" },
    { deduplication: "none" },
    { max_fill_quantity: "2.5" },
    { max_fill_quantity: undefined },
  ])("may also have %j", (settings) => {
    expect(isUsable({ cash: "1", prices: {}, ...settings })).toBe(true);
  });

  it.each([
    ["cash is missing", { prices: {} }],
    ["cash is negative", { cash: "-1", prices: {} }],
    ["prices are missing", { cash: "1" }],
    ["a price is zero", { cash: "1", prices: { AAPL: "0" } }],
    ["a price is negative", { cash: "1", prices: { AAPL: "-1" } }],
    ["a price is no decimal", { cash: "1", prices: { AAPL: "1e3" } }],
    ["a symbol is in lower case", { cash: "1", prices: { aapl: "1" } }],
    ["a symbol is a crypto pair", { cash: "1", prices: { "BTC/USD": "1" } }],
    ["deduplication is a word of its own", { cash: "1", prices: {}, deduplication: "sometimes" }],
    ["an order never fills", { cash: "1", prices: {}, max_fill_quantity: "0" }],
    ["an order fills backwards", { cash: "1", prices: {}, max_fill_quantity: "-1" }],
    ["there is a setting that no venue has", { cash: "1", prices: {}, leverage: "2" }],
    ["there are more symbols than a venue lists", { cash: "1", prices: Object.fromEntries(manySymbols(501)) }],
  ])("are refused when %s", (_, settings) => {
    expect(isUsable(settings)).toBe(false);
  });
});

/** AAA, AAB, AAC and so on, each at one dollar. */
function manySymbols(count: number): [string, string][] {
  const letter = (index: number): string => String.fromCharCode(65 + (index % 26));
  return Array.from({ length: count }, (_, index) => [
    `${letter(Math.floor(index / 676))}${letter(Math.floor(index / 26))}${letter(index)}`,
    "1",
  ]);
}
