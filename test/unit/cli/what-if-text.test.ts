import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { plain } from "../../../src/cli/screen.ts";
import { WhatIfView } from "../../../src/cli/views.ts";
import { formatWhatIf } from "../../../src/cli/what-if-text.ts";
import { NotJudged } from "../../../src/domain/risk/judge-again.ts";
import { type FakeGateway, aFakeGateway, callCommandLine } from "../../support/fake-gateway.ts";

const ORDER = "paper_019bc224-4100-7abc-8def-0123456789ab";

const aRule = (difference: object = {}) => ({
  rule: "max_quantity",
  input: "10",
  was: { passed: true, limit: "100", reason: null },
  would_be: { passed: false, limit: "5", reason: "max_quantity_exceeded" },
  ...difference,
});

const anOrder = (difference: object = {}) => ({
  order: ORDER,
  created_at: "2026-01-15T14:30:00.123Z",
  symbol: "AAPL",
  side: "buy",
  type: "limit",
  quantity: "10",
  notional: null,
  was: { outcome: "approved", reason: null },
  would_be: { outcome: "denied", reason: "max_quantity_exceeded" },
  rules: [aRule()],
  not_judged: [],
  ...difference,
});

const UNCHANGED = {
  account: "paper",
  considered: 3,
  unchanged: 3,
  would_be_approved: 0,
  would_be_held: 0,
  would_be_denied: 0,
  denied_otherwise: 0,
  undetermined: 0,
  not_fully_judged: 0,
  not_judged: [],
  orders: [],
  without_order: 0,
  signals: [],
  next_cursor: null,
};

const textOf = (difference: object = {}): string =>
  formatWhatIf(WhatIfView.parse({ ...UNCHANGED, ...difference }), plain);

describe("what another policy would have made of orders", () => {
  it("is how many there are of each kind, and nothing else where nothing would change", () => {
    expect(textOf().split("\n")).toEqual([
      "considered             3",
      "unchanged              3",
      "would be approved      0",
      "would be held          0",
      "would be denied        0",
      "denied otherwise       0",
      "undetermined           0",
      "not fully judged       0",
      "signals without order  0",
    ]);
  });

  it("is a line per code of the signals that there is no order of, with how many of them there are", () => {
    const signals = [["no_size"], ["signal_too_old", "no_size"], ["nothing_to_do"]].map((codes) => ({ codes }));
    const text = textOf({ without_order: 3, signals });
    expect(text).toMatch(/^signals without order +3$/m);
    expect(text.split("\n").slice(-4)).toEqual([
      expect.stringMatching(/^NOT JUDGED, WITHOUT ORDER +SIGNALS$/),
      expect.stringMatching(/^no_size +2$/),
      expect.stringMatching(/^signal_too_old +1$/),
      expect.stringMatching(/^nothing_to_do +1$/),
    ]);
  });

  it("of a gateway that does not tell of such signals is what it tells", () => {
    const text = textOf({ without_order: undefined, signals: undefined });
    expect(text).toMatch(/^not fully judged +0$/m);
    expect(text).not.toContain("without order");
  });

  it("is a line per order that it would decide otherwise, with the rules and what they measured", () => {
    expect(textOf({ orders: [anOrder()] })).toMatch(
      /^2026-01-15T14:30:00Z +paper_\S+ +buy 10 AAPL limit +approved +denied: max_quantity_exceeded \(max_quantity 10 against 5\)$/m,
    );
    const passes = aRule({ would_be: { passed: true, limit: "off", reason: null } });
    const freed = anOrder({
      quantity: null,
      notional: "1000",
      type: "market",
      was: { outcome: "denied", reason: "max_quantity_exceeded" },
      would_be: { outcome: "approved", reason: null },
      rules: [passes],
    });
    expect(textOf({ orders: [freed] })).toMatch(
      / buy AAPL for 1000 market +denied: max_quantity_exceeded +approved \(max_quantity passes\)$/m,
    );
  });

  it("names the first rules, and says how many more there are", () => {
    const unset = { would_be: { passed: false, limit: null, reason: "limit_not_set" } };
    const rules = Array.from({ length: 12 }, (_, at) => aRule({ ...unset, rule: `rule_${at}` }));
    expect(textOf({ orders: [anOrder({ rules })] })).toMatch(
      /\(rule_0 10 against nothing set; rule_1 .*; rule_2 10 against nothing set; and 9 more\)$/m,
    );
  });

  it.each(NotJudged.options)("says in words why a rule could not be judged: %s", (why) => {
    const text = textOf({ not_judged: [{ rule: "max_notional", why, orders: 2 }] });
    expect(text).toMatch(/^NOT JUDGED +ORDERS +WHY\nmax_notional +2 +the |^max_notional +2 +\w+ \w+ /m);
    expect(text).not.toContain(why);
  });

  it("passes on a word of a newer gateway as it is", () => {
    const text = textOf({ not_judged: [{ rule: "max_notional", why: "for_another_reason", orders: 2 }] });
    expect(text).toMatch(/^max_notional +2 +for_another_reason$/m);
  });
});

describe("what-if", () => {
  const policy = { max_quantity: "5" };
  let dir: string;
  let file: string;
  let gateway: FakeGateway;
  let nextCursor: string | null;
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "sallyport-what-if-"));
    file = join(dir, "policy.json");
    writeFileSync(file, JSON.stringify(policy));
    nextCursor = null;
    gateway = await aFakeGateway(() => ({ body: { ...UNCHANGED, next_cursor: nextCursor } }));
  });
  afterEach(async () => {
    rmSync(dir, { recursive: true });
    await gateway.close();
  });

  it("asks about the policy in a file, and shows the answer", async () => {
    const { exit, out, error } = await callCommandLine(["what-if", "--url", gateway.url, file]);
    expect({ exit, error }).toEqual({ exit: 0, error: "" });
    expect(gateway.asked).toEqual([{ method: "POST", path: "/v1/policy/what-if", body: { policy, limit: 200 } }]);
    expect(out).toMatch(/^considered +3$/m);
  });

  it("asks of one account, of a time, and of as many orders as are wanted", async () => {
    const window = ["--since", "2026-01-15T14:30:00+01:00", "--until", "2026-01-16T00:00Z"];
    const options = ["--account", "live", ...window, "--limit", "1000", "--cursor", ORDER];
    await callCommandLine(["what-if", "--url", gateway.url, ...options, file]);
    expect(gateway.asked).toMatchObject([
      {
        body: {
          account: "live",
          policy,
          since: "2026-01-15T13:30:00.000Z",
          until: "2026-01-16T00:00:00.000Z",
          cursor: ORDER,
          limit: 1000,
        },
      },
    ]);
  });

  it("is the gateway's answer for a program, and says beside it how to go on", async () => {
    nextCursor = ORDER;
    const { exit, out, error } = await callCommandLine(["what-if", "--url", gateway.url, "--json", file]);
    expect(exit).toBe(0);
    expect(JSON.parse(out)).toEqual({ ...UNCHANGED, next_cursor: ORDER });
    expect(error).toBe(`There are older orders or signals: go on with --cursor ${ORDER}\n`);
  });

  it.each<[string, string[], number, RegExp]>([
    ["without a policy", [], 2, /^POLICY is missing/],
    ["with more than one policy", ["a.json", "b.json"], 2, /^Give one POLICY/],
    ["with a time that is none", ["--since", "yesterday", "a.json"], 2, /^--since takes a time like/],
    ["with too many orders", ["--limit", "1001", "a.json"], 2, /^--limit takes a whole number from 1 to 1000/],
    ["with a file that is not there", ["/nowhere/policy.json"], 1, /policy\.json cannot be read/],
  ])("asks nothing %s", async (_, args, exit, says) => {
    const called = await callCommandLine(["what-if", "--url", gateway.url, ...args]);
    expect(called).toMatchObject({ exit, out: "" });
    expect(called.error).toMatch(says);
    expect(gateway.asked).toEqual([]);
  });

  it("asks nothing with a file that is no JSON, and repeats none of it", async () => {
    writeFileSync(file, "max_quantity: secret");
    const called = await callCommandLine(["what-if", "--url", gateway.url, file]);
    expect(called).toMatchObject({ exit: 1, out: "" });
    expect(called.error).toMatch(/policy\.json holds no JSON/);
    expect(called.error).not.toContain("secret");
  });
});
