import { describe, expect, it } from "vitest";
import { CLAUSES } from "../../../../src/domain/risk/clauses.ts";
import { Coverage, coverageOf } from "../../../../src/domain/risk/coverage.ts";
import { Policy } from "../../../../src/domain/risk/policy.ts";
import { RULE_BOOK } from "../../../../src/domain/risk/rule-book.ts";
import { aPolicy } from "../../../support/builders.ts";

const covering = (policy: Policy) => coverageOf({ policy, overridden: [] });
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
    expect([...shown].toSorted()).toEqual(RULE_BOOK.map(({ id }) => id).toSorted());
  });

  it("names the setting and its value", () => {
    expect(clauseIn(aPolicy({ max_notional: "25000" }), "RTS 6 Art. 15(1)(b)")?.rules).toContainEqual({
      rule: "max_notional",
      about: "One order is for so much money at most.",
      binds: "entries",
      state: "on",
      setting: "max_notional",
      value: "25000",
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
  });
});
