// Each rule about signals at its limit, and what it makes of a signal that does not say what it looks at.
import { describe, expect, it } from "vitest";
import { decimalOf } from "../../../../src/domain/money.ts";
import { Verdict } from "../../../../src/domain/order.ts";
import { CLAUSES } from "../../../../src/domain/risk/clauses.ts";
import type { Circumstances, PositionClaim } from "../../../../src/domain/signal/format.ts";
import { examineSignal, objectionIn, verdictsFrom } from "../../../../src/domain/signal/objection.ts";
import type { SignalLimits } from "../../../../src/domain/signal/rule.ts";
import { SIGNAL_RULE_BOOK } from "../../../../src/domain/signal/rule-book.ts";
import { NOW_MS } from "../../../support/builders.ts";

const OPEN: SignalLimits = { max_age_sec: null, delayed_feed: "accept", position_gap: "off" };

type Case = {
  readonly limits?: Partial<SignalLimits>;
  readonly says: Circumstances;
  readonly held?: string;
};

const examine = ({ limits, says, held = "0" }: Case) =>
  examineSignal(says, { ...OPEN, ...limits }, { nowMs: NOW_MS, position: decimalOf(held) });

/** Like `pass 60/60` or `signal_too_old 60.001/60`: what one rule says, of what, against which limit. */
function wordOf(rule: string, one: Case, onlyCloses = false): string {
  const verdict = verdictsFrom(examine(one), onlyCloses).find((said) => said.rule === rule);
  if (verdict === undefined) return "nothing";
  const { passed, input, limit, reason } = verdict;
  return `${passed ? ["pass", reason ?? []].flat().join(" ") : reason} ${input}/${limit}`;
}

const ago = (sec: number): Circumstances => ({ sentAtMs: NOW_MS - sec * 1000 });
const believes = (side: PositionClaim["side"], size?: string): Circumstances => ({
  positionBefore: size === undefined ? { side } : { side, size: decimalOf(size) },
});

const MINUTE = { max_age_sec: 60 };
const DENY = { position_gap: "deny" } as const;

describe.each<[string, [string, Case, string, string][]]>([
  [
    "signal_age",
    [
      ["just inside", { limits: MINUTE, says: ago(59.999) }, "pass 59.999/60", "pass 59.999/60"],
      ["at the limit", { limits: MINUTE, says: ago(60) }, "pass 60/60", "pass 60/60"],
      [
        "just outside",
        { limits: MINUTE, says: ago(60.001) },
        "signal_too_old 60.001/60",
        "pass exempt_reduction 60.001/60",
      ],
      ["ahead as clocks may be", { limits: MINUTE, says: ago(-60) }, "pass -60/60", "pass -60/60"],
      [
        "further ahead than that",
        { limits: MINUTE, says: ago(-60.001) },
        "signal_age_unknown -60.001/60",
        "pass exempt_reduction -60.001/60",
      ],
      ["not said", { limits: MINUTE, says: {} }, "signal_age_unknown not said/60", "pass exempt_reduction not said/60"],
      ["without a limit", { says: ago(1_000_000) }, "pass 1000000/off", "pass 1000000/off"],
      ["without a limit and not said", { says: {} }, "nothing", "nothing"],
      [
        "just outside the sender's own limit",
        { limits: MINUTE, says: { ...ago(30.001), maxAgeSec: 30 } },
        "signal_too_old 30.001/30",
        "pass exempt_reduction 30.001/30",
      ],
      [
        "outside the source's limit, whatever the sender's",
        { limits: MINUTE, says: { ...ago(61), maxAgeSec: 600 } },
        "signal_too_old 61/60",
        "pass exempt_reduction 61/60",
      ],
    ],
  ],
  [
    "delayed_feed",
    [
      [
        "of now",
        { limits: { delayed_feed: "deny" }, says: { exchange: "NASDAQ" } },
        "pass NASDAQ/deny",
        "pass NASDAQ/deny",
      ],
      [
        "delayed",
        { limits: { delayed_feed: "deny" }, says: { exchange: "NASDAQ_DLY" } },
        "delayed_feed NASDAQ_DLY/deny",
        "pass exempt_reduction NASDAQ_DLY/deny",
      ],
      [
        "delayed, in the other spelling",
        { limits: { delayed_feed: "deny" }, says: { exchange: "nse_dl" } },
        "delayed_feed nse_dl/deny",
        "pass exempt_reduction nse_dl/deny",
      ],
      [
        "delayed by a part of its name alone",
        { limits: { delayed_feed: "deny" }, says: { exchange: "DLY_NASDAQ" } },
        "pass DLY_NASDAQ/deny",
        "pass DLY_NASDAQ/deny",
      ],
      [
        "delayed and accepted",
        { says: { exchange: "NASDAQ_DLY" } },
        "pass NASDAQ_DLY/accept",
        "pass NASDAQ_DLY/accept",
      ],
      ["not said", { limits: { delayed_feed: "deny" }, says: {} }, "nothing", "nothing"],
    ],
  ],
  [
    "position_gap",
    [
      [
        "the same",
        { limits: DENY, says: believes("long", "5"), held: "5" },
        "pass long 5 believed, 5 held/deny",
        "pass long 5 believed, 5 held/deny",
      ],
      [
        "the smallest part more",
        { limits: DENY, says: believes("long", "5"), held: "5.000000001" },
        "position_gap long 5 believed, 5.000000001 held/deny",
        "pass exempt_reduction long 5 believed, 5.000000001 held/deny",
      ],
      [
        "on the other side",
        { limits: DENY, says: believes("short", "5"), held: "5" },
        "position_gap short 5 believed, 5 held/deny",
        "pass exempt_reduction short 5 believed, 5 held/deny",
      ],
      [
        "on that side, of a size that is not said",
        { limits: DENY, says: believes("short"), held: "-7" },
        "pass short believed, -7 held/deny",
        "pass short believed, -7 held/deny",
      ],
      [
        "nothing, and nothing is held",
        { limits: DENY, says: believes("flat") },
        "pass flat believed, 0 held/deny",
        "pass flat believed, 0 held/deny",
      ],
      [
        "another, and it is noted alone",
        { limits: { position_gap: "note" }, says: believes("long", "7") },
        "pass long 7 believed, 0 held/note",
        "pass long 7 believed, 0 held/note",
      ],
      [
        "another, and it does not matter",
        { says: believes("long", "7") },
        "pass long 7 believed, 0 held/off",
        "pass long 7 believed, 0 held/off",
      ],
      ["not said", { limits: DENY, says: {}, held: "5" }, "nothing", "nothing"],
    ],
  ],
])("the rule %s", (rule, cases) => {
  it.each(cases)("of a signal that opens something, and of one that only closes: %s", (_, one, opening, closing) => {
    expect([wordOf(rule, one), wordOf(rule, one, true)]).toEqual([opening, closing]);
  });
});

describe("the book of rules about signals", () => {
  const failing: Case = {
    limits: { max_age_sec: 60, delayed_feed: "deny", position_gap: "deny" },
    says: { ...ago(90), exchange: "NASDAQ_DLY", ...believes("long") },
  };

  it("runs every rule, also after one has failed, and refuses for the first", () => {
    const findings = examine(failing);
    expect(findings.map(({ rule, passed }) => [rule, passed])).toEqual(SIGNAL_RULE_BOOK.map(({ id }) => [id, false]));
    expect(objectionIn(findings)).toEqual({ code: "signal_too_old", detail: "90 s old, 60 at most" });
  });

  it("has nothing against a signal that says nothing, where nothing is asked for", () => {
    expect(examine({ says: {} })).toEqual([]);
    expect(objectionIn([])).toBeUndefined();
  });

  it("says it in the form of an order's verdicts", () => {
    for (const onlyCloses of [false, true]) {
      expect(Verdict.array().safeParse(verdictsFrom(examine(failing), onlyCloses)).success).toBe(true);
    }
  });

  it("names each rule once, by clauses that are there", () => {
    const ids = SIGNAL_RULE_BOOK.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const clause of SIGNAL_RULE_BOOK.flatMap(({ clauses }) => clauses)) expect(CLAUSES).toHaveProperty([clause]);
  });
});
