import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SourceId } from "../../../src/domain/ids.ts";
import { NewStop, StopLevel, TradingStop, mayRelease, stateUnder } from "../../../src/domain/trading-stop.ts";
import { NOW_MS } from "../../support/builders.ts";

const [STRATEGY, ALERTS] = ["strategy", "alerts"].map((name) => SourceId.parse(name)) as [SourceId, SourceId];

const aStop = (overrides: object = {}): TradingStop =>
  TradingStop.parse({
    id: "0192f3a4-4100-4abc-8def-0123456789ab",
    account: null,
    source: null,
    symbol: null,
    state: "reducing",
    level: "gateway",
    set_by: "operator",
    set_at: new Date(NOW_MS).toISOString(),
    reason: "a test",
    ...overrides,
  });

describe("what is left of trading", () => {
  it("is all of it without a stop", () => {
    expect(stateUnder([], { source: STRATEGY, symbol: "AAPL" })).toBe("active");
  });

  it.each<[string, object, string]>([
    ["everybody", {}, "reducing"],
    ["this source", { source: STRATEGY }, "reducing"],
    ["another source", { source: ALERTS }, "active"],
    ["this symbol", { symbol: "AAPL" }, "reducing"],
    ["another symbol", { symbol: "MSFT" }, "active"],
    ["this source in this symbol", { source: STRATEGY, symbol: "AAPL" }, "reducing"],
    ["this source in another symbol", { source: STRATEGY, symbol: "MSFT" }, "active"],
  ])("under a stop for %s", (_, reach, state) => {
    expect(stateUnder([aStop(reach)], { source: STRATEGY, symbol: "AAPL" })).toBe(state);
  });

  it("is what the strictest of them leaves, in whatever order they were set", () => {
    const stops = fc.shuffledSubarray([
      aStop(),
      aStop({ state: "halted" }),
      aStop({ symbol: "MSFT", state: "halted" }),
    ]);
    fc.assert(
      fc.property(stops, (some) => {
        const state = stateUnder(some, { source: STRATEGY, symbol: "AAPL" });
        const reaching = some.filter(({ symbol }) => symbol === null).map((stop) => stop.state);
        expect(state).toBe(reaching.includes("halted") ? "halted" : (reaching[0] ?? "active"));
      }),
    );
  });
});

describe("a stop is released", () => {
  it("by somebody of its level or a higher one, and by nobody below", () => {
    const levels = StopLevel.options;
    for (const [own, mine] of levels.entries()) {
      for (const [its, level] of levels.entries()) {
        expect(mayRelease(aStop({ level }), mine)).toBe(own >= its);
      }
    }
  });
});

describe("a stop that somebody asks for", () => {
  it("lets exits through, and ends what was opening a position, unless it says otherwise", () => {
    expect(NewStop.parse({ reason: "odd prices" })).toEqual({
      account: null,
      source: null,
      symbol: null,
      state: "reducing",
      cancel: "entries",
      flatten: false,
      reason: "odd prices",
    });
  });

  it.each([
    ["no reason", {}],
    ["an empty reason", { reason: " " }],
    ["trading as its state", { reason: "x", state: "active" }],
    ["a field of another name", { reason: "x", acount: "paper" }],
    ["positions to be left where no exit passes", { reason: "x", state: "halted", flatten: true }],
    ["positions to be left that are a source's", { reason: "x", source: "strategy", flatten: true }],
  ])("is refused with %s", (_, fields) => {
    expect(NewStop.safeParse(fields).success).toBe(false);
  });
});
