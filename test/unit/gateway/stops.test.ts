// Which stop every account is to go by, whatever each of them, and the list, knows of earlier ones.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TradingStop } from "../../../src/domain/trading-stop.ts";
import { isReleasedEverywhere, stopForAll } from "../../../src/gateway/stops.ts";

const stopOf = (index: number): TradingStop => ({
  id: `0199a1b2-0000-4000-8000-${String(index).padStart(12, "0")}`,
  account: null,
  source: null,
  symbol: null,
  state: "halted",
  level: "gateway",
  set_by: "operator",
  set_at: "2026-01-15T14:30:00.000Z",
  reason: "a test",
});

const [WANTED, FRESH, OLD, OLDER] = [1, 2, 3, 4].map(stopOf) as [TradingStop, TradingStop, TradingStop, TradingStop];
const inForce = (stop: TradingStop) => ({ stop, isReleased: false });
const released = (stop: TradingStop) => ({ stop, isReleased: true });
const choose = (answers: TradingStop[][], listed?: { stop: TradingStop; isReleased: boolean }[], wanted = WANTED) =>
  stopForAll({ wanted, fresh: FRESH, answers }, listed);

describe("the stop that every account is to go by", () => {
  it.each<[string, TradingStop, ReturnType<typeof choose>]>([
    ["is the one that is asked for, where nobody has another", WANTED, choose([[WANTED], [WANTED]], [])],
    ["is the one that they all go by already", OLD, choose([[OLD], [OLDER, OLD]], [inForce(OLD)])],
    ["is that one also where it could not be listed yet", OLD, choose([[OLD], [OLD]], [])],
    [
      "is not one that is listed as released, though nobody has heard of that",
      WANTED,
      choose([[OLD]], [released(OLD)]),
    ],
    ["is not one that only some go by", WANTED, choose([[OLD], [WANTED]], [inForce(OLD)])],
    ["is not an older one while the list cannot be read", WANTED, choose([[OLD], [OLD]])],
    ["is a new one where an account has let go of the one asked for", FRESH, choose([[OLD], []], [], OLD)],
    ["is a new one where the list has let go of it", FRESH, choose([[OLD], [OLD]], [released(OLD)], OLD)],
    ["is the one asked for where nobody could be told", WANTED, choose([], [])],
  ])("%s", (_, expected, chosen) => {
    expect(chosen).toEqual(expected);
  });

  it("is never one that is listed as released, nor one that an account may have let go of", () => {
    const known = [WANTED, OLD, OLDER];
    const anAnswer = fc.subarray(known);
    const aList = fc.option(fc.array(fc.record({ stop: fc.constantFrom(...known), isReleased: fc.boolean() })), {
      nil: undefined,
    });
    fc.assert(
      fc.property(fc.array(anAnswer, { maxLength: 4 }), aList, (answers, listed) => {
        const chosen = choose(answers, listed);
        expect(listed?.some(({ stop, isReleased }) => isReleased && stop.id === chosen.id) ?? false).toBe(false);
        // An account that says nothing of the one asked for has let go of it.
        if (answers.some((answer) => answer.length === 0)) expect(chosen).toEqual(FRESH);
      }),
    );
  });
});

describe("a stop that has been released", () => {
  it("everywhere is not set again; one that some account goes by is", () => {
    expect(isReleasedEverywhere({ answers: [[], []] })).toBe(true);
    expect(isReleasedEverywhere({ answers: [[], [OLD]] })).toBe(false);
    expect(isReleasedEverywhere({ answers: [] })).toBe(false);
  });
});
