import { describe, expect, it } from "vitest";
import { formatCoverage } from "../../../src/cli/coverage-text.ts";
import { plain } from "../../../src/cli/screen.ts";
import { CoverageView } from "../../../src/cli/views.ts";
import { coverageOf } from "../../../src/domain/risk/coverage.ts";
import { Policy } from "../../../src/domain/risk/policy.ts";
import { AS_THEY_COME } from "../../../src/domain/signal/settings.ts";
import { DEFAULT_SOURCE } from "../../../src/domain/source.ts";
import { aFakeGateway, callCommandLine } from "../../support/fake-gateway.ts";

const aRule = (difference: object = {}) => ({
  rule: "max_quantity",
  about: "How many units one order may have.",
  binds: "entries",
  state: "on",
  setting: "max_quantity",
  value: "100",
  ...difference,
});

const aClause = (difference: object = {}) => ({
  clause: "FIA 1.1",
  asks: "A maximum order size.",
  covered: "met",
  elsewhere: null,
  rules: [aRule()],
  ...difference,
});

const textOf = (clauses: readonly object[], others: readonly object[] = []): string =>
  formatCoverage(CoverageView.parse({ clauses, other_rules: others }), plain);

describe("coverage", () => {
  it("is a line per clause, and one more for each further rule, with its setting", () => {
    const off = aRule({ rule: "price_collar", setting: "price_collar_percent", state: "off", value: "off" });
    const fact = aRule({ rule: "position_known", setting: null, value: null });
    const text = textOf([aClause({ covered: "partly", rules: [aRule(), off, fact] })]);
    expect(text.split("\n").slice(1)).toEqual([
      expect.stringMatching(/^FIA 1\.1 +partly +max_quantity +max_quantity=100$/),
      expect.stringMatching(/^ +price_collar +price_collar_percent=off$/),
      expect.stringMatching(/^ +position_known$/),
    ]);
  });

  it.each([
    [["AAPL", "MSFT"], "AAPL,MSFT"],
    [Array.from({ length: 21 }, () => "AAPL"), "21 listed"],
    [[], "[]"],
    [900, "900"],
    [{ times: 3, window_sec: 60 }, '{"times":3,"window_sec":60}'],
  ])("shows the value %j as %s", (value, shown) => {
    const [, line = ""] = textOf([aClause({ rules: [aRule({ setting: "s", value })] })]).split("\n");
    expect(line.endsWith(` s=${shown}`)).toBe(true);
  });

  it("has a line for each setting that sources have of a rule about signals, and names them", () => {
    const of = (source: string | null, value: number | null) => ({
      source,
      state: value === null ? "off" : "on",
      value,
    });
    const sources = [of("default", null), of("alerts", 60), of("scalper", 60), of(null, null)];
    const text = textOf([
      aClause({ rules: [aRule({ rule: "signal_age", setting: "max_age_sec", value: null, sources }), aRule()] }),
    ]);
    expect(text.split("\n").slice(1)).toEqual([
      expect.stringMatching(/^FIA 1\.1 +met +signal_age +max_age_sec=null of default and 1 more$/),
      expect.stringMatching(/^ +max_age_sec=60 of alerts, scalper$/),
      expect.stringMatching(/^ +max_quantity +max_quantity=100$/),
    ]);
  });

  it.each<[(string | null)[], string]>([
    [[null], "another source"],
    [[null, null], "2 other sources"],
    [["a", "b", "c", "d", "e", null], "a, b, c, d and 2 more"],
  ])("counts the sources that it does not name: %j", (names, shown) => {
    const sources = names.map((source) => ({ source, state: "on", value: "deny" }));
    const [, line = ""] = textOf([aClause({ rules: [aRule({ setting: "delayed_feed", sources })] })]).split("\n");
    expect(line.endsWith(` delayed_feed=deny of ${shown}`)).toBe(true);
  });

  it("says what it means that a setting is not set, where one is not", () => {
    const text = textOf([aClause({ rules: [aRule({ state: "not_set", value: null })] })]);
    expect(text).toMatch(/^FIA 1\.1 +met +max_quantity +max_quantity is not set$/m);
    expect(text).toContain("A setting that is not set denies every entry.");
    expect(textOf([aClause()])).not.toContain("denies every entry");
  });

  it("wraps the sentence that says who does what no rule does, and loses no word of it", () => {
    const elsewhere = Array.from({ length: 40 }, (_, at) => `word${at}`).join(" ");
    const text = textOf([aClause({ clause: "FIA 1.6", covered: "elsewhere", elsewhere, rules: [] })]);
    expect(text).toMatch(/^FIA 1\.6 +elsewhere$/m);
    const [, sentence = ""] = text.split("WHAT IS DONE HERE\n");
    expect(sentence.split("\n").length).toBeGreaterThan(3);
    expect(sentence).toMatch(/^FIA 1\.6 +word0 /);
    expect(sentence.match(/word\d+/g)?.join(" ")).toBe(elsewhere);
    expect(Math.max(...text.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(100);
  });

  it("lists the rules that no clause asks for apart", () => {
    const text = textOf([aClause()], [aRule({ rule: "audit_backlog", setting: null, value: null })]);
    expect(text).toMatch(/^ASKED FOR BY NO CLAUSE +SETTING\naudit_backlog$/m);
  });

  it("shows the gateway's own answer: every clause and every rule of the book", () => {
    const policy = Policy.parse({ max_quantity: "100", self_match: "off" });
    const answer = coverageOf({ policy, overridden: [] }, [{ source: DEFAULT_SOURCE, signals: AS_THEY_COME }]);
    const text = formatCoverage(CoverageView.parse(answer), plain);
    for (const { clause, rules } of answer.clauses) {
      expect(text).toContain(`\n${clause} `);
      for (const { rule } of rules) expect(text).toContain(` ${rule}`);
    }
    for (const { rule } of answer.other_rules) expect(text).toMatch(new RegExp(`^${rule}( |$)`, "m"));
    expect(text).toMatch(/ self_match +self_match=off$/m);
  });

  it("is asked of one account, and is the gateway's answer for a program", async () => {
    const answer = { clauses: [aClause()], other_rules: [] };
    const gateway = await aFakeGateway(() => ({ body: answer }));
    const args = ["coverage", "--url", gateway.url, "--account", "live", "--json"];
    const { exit, out } = await callCommandLine(args);
    await gateway.close();
    expect(exit).toBe(0);
    expect(gateway.asked).toMatchObject([{ method: "GET", path: "/v1/policy/coverage?account=live" }]);
    expect(JSON.parse(out)).toEqual(answer);
  });
});
