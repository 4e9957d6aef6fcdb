import { describe, expect, it } from "vitest";
import { CLAUSES } from "../../../../src/domain/risk/clauses.ts";
import { SourceId } from "../../../../src/domain/ids.ts";
import { Coverage, type SendingSource, coverageOf } from "../../../../src/domain/risk/coverage.ts";
import { Policy } from "../../../../src/domain/risk/policy.ts";
import { RULE_BOOK } from "../../../../src/domain/risk/rule-book.ts";
import { SIGNAL_RULE_BOOK } from "../../../../src/domain/signal/rule-book.ts";
import { AS_THEY_COME, SignalSettings } from "../../../../src/domain/signal/settings.ts";
import { aPolicy } from "../../../support/builders.ts";

const aSource = (id: string | null, settings: object = {}): SendingSource => ({
  source: id === null ? null : SourceId.parse(id),
  signals: SignalSettings.parse(settings),
});

const DEFAULT: SendingSource = { source: SourceId.parse("default"), signals: AS_THEY_COME };

const covering = (policy: Policy, sources: readonly SendingSource[] = [DEFAULT]) =>
  coverageOf({ policy, overridden: [] }, sources);
const clauseIn = (policy: Policy, name: string) => covering(policy).clauses.find(({ clause }) => clause === name);

describe("the coverage of a policy", () => {
  it("has no empty row: a clause has a rule, or says who else it is for", () => {
    const { clauses } = covering(Policy.parse({}));
    expect(clauses.map(({ clause }) => clause)).toEqual(Object.keys(CLAUSES));
    for (const { clause, rules, elsewhere } of clauses) {
      expect(rules.length > 0, clause).toBe(elsewhere === null);
    }
  });

  it.each([
    "RTS 6 Art. 12",
    "RTS 6 Art. 15(1)(a)",
    "RTS 6 Art. 15(1)(b)",
    "RTS 6 Art. 15(1)(c)",
    "RTS 6 Art. 15(1)(d)",
    "RTS 6 Art. 15(2)",
    "RTS 6 Art. 15(3)",
    "15c3-5(c)(1)(i)",
    "15c3-5(c)(1)(ii)",
    ...Array.from({ length: 12 }, (_, index) => `FIA 1.${index + 1}`),
  ])("has a row for %s", (name) => {
    expect(clauseIn(aPolicy(), name)).toBeDefined();
  });

  it("shows every rule, those that no clause asks for apart", () => {
    const { clauses, other_rules: others } = covering(aPolicy());
    const shown = new Set([...clauses.flatMap(({ rules }) => rules), ...others].map(({ rule }) => rule));
    expect([...shown].toSorted()).toEqual([...SIGNAL_RULE_BOOK, ...RULE_BOOK].map(({ id }) => id).toSorted());
  });

  it("names the setting and its value", () => {
    expect(clauseIn(aPolicy({ max_notional: "25000" }), "RTS 6 Art. 15(1)(b)")?.rules).toContainEqual({
      rule: "max_notional",
      about: "One order is for so much money at most.",
      binds: "entries",
      state: "on",
      setting: "max_notional",
      value: "25000",
      sources: null,
    });
  });

  it.each([
    ["met", "5"],
    ["off", "off"],
  ] as const)("says %s of a price collar that is %s", (covered, setting) => {
    expect(clauseIn(aPolicy({ price_collar_percent: setting }), "RTS 6 Art. 15(1)(a)")).toMatchObject({ covered });
  });

  it("says met of what is not set, because it denies, and that it is not set", () => {
    expect(clauseIn(Policy.parse({}), "RTS 6 Art. 15(1)(a)")).toMatchObject({
      covered: "met",
      rules: [{ rule: "price_collar", state: "not_set", value: null }],
    });
  });

  it("says partly where one of several rules is off", () => {
    const policy = aPolicy({ max_messages_per_min: 60 });
    expect(clauseIn(policy, "RTS 6 Art. 15(1)(d)")).toMatchObject({ covered: "partly" });
  });

  it("is what the document says it is", () => {
    expect(Coverage.safeParse(covering(aPolicy())).success).toBe(true);
    expect(Coverage.safeParse(covering(aPolicy(), [aSource(null), aSource("alerts")])).success).toBe(true);
  });
});

describe("the coverage by rules about signals", () => {
  const staleness = (...sources: SendingSource[]) =>
    covering(aPolicy(), sources).clauses.find(({ clause }) => clause === "FIA 1.3");
  const ruleIn = (name: string, ...sources: SendingSource[]) =>
    [...(staleness(...sources)?.rules ?? []), ...covering(aPolicy(), sources).other_rules].find(
      ({ rule }) => rule === name,
    );

  it("is by the setting of each source that may send, named where it may be", () => {
    expect(ruleIn("signal_age", DEFAULT, aSource("alerts", { max_age_sec: 60 }), aSource(null))).toMatchObject({
      binds: "entries",
      setting: "max_age_sec",
      value: null,
      state: "partly",
      sources: [
        { source: "default", state: "off", value: null },
        { source: "alerts", state: "on", value: 60 },
        { source: null, state: "off", value: null },
      ],
    });
  });

  it.each<[string, object, string]>([
    ["signal_age", { max_age_sec: 1 }, "on"],
    ["signal_age", {}, "off"],
    ["delayed_feed", {}, "on"],
    ["delayed_feed", { delayed_feed: "accept" }, "off"],
    ["position_gap", { position_gap: "deny" }, "on"],
    ["position_gap", { position_gap: "note" }, "off"],
    ["position_gap", { position_gap: "off" }, "off"],
  ])("of %s with %j is %s", (rule, settings, state) => {
    expect(ruleIn(rule, aSource("alerts", settings))).toMatchObject({ state, sources: [{ state }] });
  });

  it("has a clause met only where no source is free of it", () => {
    const strict = aSource("strict", { max_age_sec: 60 });
    expect(staleness(strict)).toMatchObject({ covered: "met" });
    expect(staleness(strict, DEFAULT)).toMatchObject({ covered: "partly" });
    expect(staleness()).toMatchObject({ covered: "met" });
  });
});
