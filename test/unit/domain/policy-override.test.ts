import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  NewOverride,
  isOver,
  isSameOverride,
  objectionsTo,
  showOverride,
  toOverride,
} from "../../../src/domain/policy-override.ts";
import { AccountId } from "../../../src/domain/ids.ts";
import { NOW_MS } from "../../support/builders.ts";

const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;
const timeOf = (ms: number): string => new Date(ms).toISOString();

const wanted = (overrides: object = {}): NewOverride =>
  NewOverride.parse({
    settings: { max_notional: "50000" },
    until: timeOf(NOW_MS + HOUR_MS),
    reason: "the month's rebalancing",
    approver: "ana",
    ...overrides,
  });

const objections = (overrides: object = {}, person = "ben") =>
  objectionsTo(wanted(overrides), { person, nowMs: NOW_MS }).map(({ pointer, message }) => `${pointer} ${message}`);

const made = (overrides: object = {}, nowMs = NOW_MS) =>
  toOverride(wanted(overrides), {
    id: crypto.randomUUID(),
    account: AccountId.parse("paper"),
    by: "ben/0123456789",
    nowMs,
  });

describe("an override that somebody asks for", () => {
  it("names a setting, an end, a reason and an approver", () => {
    for (const field of ["settings", "until", "reason", "approver"]) {
      expect(NewOverride.safeParse({ ...wanted(), [field]: undefined }).success, field).toBe(false);
    }
    expect(NewOverride.safeParse({ ...wanted(), settings: {} }).success).toBe(false);
    expect(NewOverride.safeParse({ ...wanted(), reason: " " }).success).toBe(false);
  });

  it.each<[string, object, string[]]>([
    ["ends within a week", { until: timeOf(NOW_MS + WEEK_MS) }, []],
    ["ends later", { until: timeOf(NOW_MS + WEEK_MS + 1) }, ["/until must be at most 7 days ahead"]],
    ["has ended", { until: timeOf(NOW_MS) }, ["/until must lie ahead"]],
    ["has ended before it begins", { from: timeOf(NOW_MS - 2), until: timeOf(NOW_MS - 1) }, ["/until must lie ahead"]],
    ["begins later", { from: timeOf(NOW_MS + HOUR_MS - 1) }, []],
    ["ends as it begins", { from: timeOf(NOW_MS + HOUR_MS) }, ["/until must be later than from"]],
    ["ends before it begins", { from: timeOf(NOW_MS + 2 * HOUR_MS) }, ["/until must be later than from"]],
    ["began in the past", { from: timeOf(NOW_MS - HOUR_MS) }, []],
  ])("and %s", (_, overrides, expected) => {
    expect(objections(overrides)).toEqual(expected);
  });

  it.each([
    ["ana", "ana"],
    ["Ana", "ana"],
    [" ana ", "ana"],
    ["ａｎａ", "ana"],
    ["ana@example.com", "ana"],
    ["ana", "ana@example.com"],
    ["ANA@example.com", "ana@example.com"],
  ])("is not approved by %j where that is who asks: %s", (approver, person) => {
    expect(objections({ approver }, person)).toEqual(["/approver must be somebody else than you"]);
  });

  it.each([
    ["ana", "ben"],
    ["Ana Souza-O'Neill, desk 2", "ana"],
    ["anabel", "ana"],
    ["王芳", "ana"],
  ])("can be approved by %j where %s asks", (approver, person) => {
    expect(objections({ approver }, person)).toEqual([]);
  });

  it.each(["", " ", "@ana", "an\u200ba", "ana\u202e", "ana\nben", "x".repeat(101)])(
    "takes no name like %j",
    (approver) => {
      expect(NewOverride.safeParse({ ...wanted(), approver }).success).toBe(false);
    },
  );
});

describe("an override that is set", () => {
  it("begins now, and says who set it when", () => {
    expect(made()).toMatchObject({
      from: timeOf(NOW_MS),
      until: timeOf(NOW_MS + HOUR_MS),
      set_by: "ben/0123456789",
      set_at: timeOf(NOW_MS),
      ended_at: null,
      ended_by: null,
    });
  });

  it("never says that it was in force before it was set", () => {
    expect(made({ from: timeOf(NOW_MS - HOUR_MS) }).from).toBe(timeOf(NOW_MS));
    expect(made({ from: timeOf(NOW_MS + 1) }).from).toBe(timeOf(NOW_MS + 1));
  });

  it("comes, is in force, and is over, and is never two of them", () => {
    const override = made({ from: timeOf(NOW_MS + 1_000) });
    const stateAt = (ms: number) => showOverride(override, ms).state;
    expect([0, 999, 1_000, HOUR_MS - 1, HOUR_MS].map((ms) => stateAt(NOW_MS + ms))).toEqual([
      "coming",
      "coming",
      "in_force",
      "in_force",
      "over",
    ]);
    fc.assert(
      fc.property(fc.integer({ min: -WEEK_MS, max: WEEK_MS }), (ms) => {
        expect(stateAt(NOW_MS + ms) === "over").toBe(isOver(override, NOW_MS + ms));
      }),
    );
  });

  it("is over at once when somebody ends it", () => {
    const ended = { ...made(), ended_at: timeOf(NOW_MS), ended_by: "ben/0123456789" };
    expect(showOverride(ended, NOW_MS).state).toBe("over");
  });

  it("is the same when it is asked for once more, and another one when anything differs", () => {
    const laterMs = NOW_MS + 5_000;
    const isSame = (overrides: object) => isSameOverride(made(), made(overrides, laterMs), laterMs);
    expect(isSame({})).toBe(true);
    expect(isSame({ from: timeOf(NOW_MS) })).toBe(true);
    for (const difference of [
      { settings: { max_notional: "50001" } },
      { settings: { max_notional: "50000", max_quantity: "1" } },
      { from: timeOf(laterMs + 1) },
      { until: timeOf(NOW_MS + HOUR_MS + 1) },
      { reason: "another" },
      { approver: "eve" },
    ]) {
      expect(isSame(difference), JSON.stringify(difference)).toBe(false);
    }
  });
});
