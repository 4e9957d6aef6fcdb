import { describe, expect, it } from "vitest";
import { FORMATS } from "../../../../src/domain/signal/format.ts";
import { SignalSettings } from "../../../../src/domain/signal/settings.ts";

const isTaken = (settings: object): boolean => SignalSettings.safeParse(settings).success;

const names = (count: number, value: string) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`name ${index}`, value]));

describe("the settings of a source's signals", () => {
  it("are careful when nothing is said", () => {
    expect(SignalSettings.parse({})).toEqual({
      format: "auto",
      symbols: {},
      strip_exchange: true,
      accounts: {},
      default_size: null,
      size_unit: "quantity",
      on_opposite: "exit",
      loosening: "refuse",
      max_age_sec: null,
      delayed_feed: "deny",
      position_gap: "note",
      stop_reach: "source",
    });
  });

  it("say of each what it is for", () => {
    for (const setting of Object.values(SignalSettings.shape)) expect(setting.meta()?.description).toMatch(/\.$/);
  });

  it.each(["auto", ...FORMATS])("may name the format %s", (format) => {
    expect(isTaken({ format })).toBe(true);
  });

  it.each<[object]>([
    [{ symbols: { "CME_MINI:ES1!": "ESZ6", "Gold spot": "XAU/USD" } }],
    [{ symbols: names(500, "AAPL") }],
    [{ accounts: names(20, "paper") }],
    [{ default_size: { by: "percent_of_equity", value: "5" } }],
    [{ default_size: null, max_age_sec: null }],
    [{ max_age_sec: 86_400 }],
    [{ size_unit: "risk_percent", on_opposite: "reverse", loosening: "ignore" }],
    [{ delayed_feed: "accept", position_gap: "deny" }],
  ])("may be %j", (settings) => {
    expect(isTaken(settings)).toBe(true);
  });

  it.each<[object]>([
    [{ format: "jackrabbit" }],
    [{ symbols: { AAPL: "NASDAQ:AAPL" } }],
    [{ symbols: { "": "AAPL" } }],
    [{ symbols: { " AAPL": "AAPL" } }],
    [{ symbols: { ["A".repeat(65)]: "AAPL" } }],
    [{ symbols: names(501, "AAPL") }],
    [{ accounts: names(21, "paper") }],
    [{ accounts: { Main: "My Account" } }],
    [{ default_size: { by: "lots", value: "5" } }],
    [{ default_size: { by: "quantity", value: "0" } }],
    [{ default_size: { by: "quantity" } }],
    [{ default_size: { by: "quantity", value: "5", unit: "lots" } }],
    [{ default_size: "5" }],
    [{ max_age_sec: 0 }],
    [{ max_age_sec: 1.5 }],
    [{ max_age_sec: 86_401 }],
    [{ loosening: "accept" }],
    [{ on_opposit: "reverse" }],
  ])("may not be %j", (settings) => {
    expect(isTaken(settings)).toBe(false);
  });
});
