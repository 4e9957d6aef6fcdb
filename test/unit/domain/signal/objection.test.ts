import { describe, expect, it } from "vitest";
import { decimalOf } from "../../../../src/domain/money.ts";
import type { Circumstances, PositionClaim } from "../../../../src/domain/signal/format.ts";
import { examineSignal, objectionIn } from "../../../../src/domain/signal/objection.ts";
import type { SignalLimits } from "../../../../src/domain/signal/rule.ts";
import { gapNotice } from "../../../../src/domain/signal/rules/position-gap.ts";
import { NOW_MS } from "../../../support/builders.ts";

const LIMITS: SignalLimits = { max_age_sec: null, delayed_feed: "deny", position_gap: "deny" };

const objection = (circumstances: Circumstances, limits: Partial<SignalLimits> = {}, position = "0") =>
  objectionIn(examineSignal(circumstances, { ...LIMITS, ...limits }, { nowMs: NOW_MS, position: decimalOf(position) }));

const ago = (sec: number): Circumstances => ({ sentAtMs: NOW_MS - sec * 1000 });
const claim = (side: PositionClaim["side"], size?: string): Circumstances => ({
  positionBefore: { side, size: size === undefined ? undefined : decimalOf(size) },
});

describe("the age of a signal", () => {
  it("does not matter where nobody has said how old it may be", () => {
    expect(objection(ago(1_000_000))).toBeUndefined();
    expect(objection({})).toBeUndefined();
  });

  it.each<[string, Circumstances, string | undefined]>([
    ["just young enough", ago(60), undefined],
    ["a moment too old", ago(60.001), "signal_too_old"],
    ["unknown", {}, "signal_age_unknown"],
    ["a little in the future, as clocks differ", ago(-60), undefined],
    ["further in the future than any clock is wrong", ago(-60.001), "signal_age_unknown"],
  ])("is held against what the source's settings say: %s", (_, circumstances, code) => {
    expect(objection(circumstances, { max_age_sec: 60 })?.code).toBe(code);
  });

  it("is told with both numbers", () => {
    expect(objection(ago(90), { max_age_sec: 60 })?.detail).toBe("90 s old, 60 at most");
  });

  it("is limited by the sender as well, who can only be stricter", () => {
    expect(objection({ ...ago(31), maxAgeSec: 30 })).toMatchObject({ code: "signal_too_old" });
    expect(objection({ ...ago(31), maxAgeSec: 30 }, { max_age_sec: 60 })).toMatchObject({ code: "signal_too_old" });
    expect(objection({ ...ago(61), maxAgeSec: 600 }, { max_age_sec: 60 })).toMatchObject({ code: "signal_too_old" });
    expect(objection({ maxAgeSec: 30 })).toMatchObject({ code: "signal_age_unknown" });
  });
});

describe("prices that come late", () => {
  it("are a reason not to open anything, unless the source's settings accept them", () => {
    expect(objection({ exchange: "NASDAQ_DLY" })).toEqual({
      code: "delayed_feed",
      detail: "NASDAQ_DLY is a delayed feed",
    });
    expect(objection({ exchange: "NASDAQ_DLY" }, { delayed_feed: "accept" })).toBeUndefined();
    expect(objection({ exchange: "NASDAQ" })).toBeUndefined();
  });

  it("come after the age", () => {
    expect(objection({ exchange: "NASDAQ_DLY" }, { max_age_sec: 60 })?.code).toBe("signal_age_unknown");
  });
});

describe("what the sender believes is held", () => {
  it.each<[Circumstances, string, boolean]>([
    [{}, "5", true],
    [claim("flat"), "0", true],
    [claim("flat", "0"), "0", true],
    [claim("flat"), "0.000000001", false],
    [claim("long"), "5", true],
    [claim("long", "5"), "5", true],
    [claim("long", "4"), "5", false],
    [claim("long"), "-5", false],
    [claim("long"), "0", false],
    [claim("short"), "-5", true],
    [claim("short", "5"), "-5", true],
    [claim("short", "6"), "-5", false],
    [claim("short"), "5", false],
  ])("agrees with what is or does not: %o, %s", (circumstances, position, agrees) => {
    expect(objection(circumstances, {}, position)?.code).toBe(agrees ? undefined : "position_gap");
    const notice = gapNotice(circumstances, { ...LIMITS, position_gap: "note" }, decimalOf(position));
    expect(notice?.code).toBe(agrees ? undefined : "position_gap");
  });

  it("is told with what is held, once: as a refusal, as a notice, or not at all", () => {
    const said = "the sender believes long 7 before this signal, 0 are held";
    const of = (position_gap: SignalLimits["position_gap"]) => {
      const notice = gapNotice(claim("long", "7"), { ...LIMITS, position_gap }, decimalOf("0"));
      return [objection(claim("long", "7"), { position_gap })?.detail, notice?.message];
    };
    expect([of("deny"), of("note"), of("off")]).toEqual([
      [said, undefined],
      [undefined, said],
      [undefined, undefined],
    ]);
  });
});
