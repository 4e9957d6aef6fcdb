import { afterEach, describe, expect, it } from "vitest";
import { formatOverrides, formatOverridden } from "../../../src/cli/override-text.ts";
import { readSettings, readTimes } from "../../../src/cli/override-terms.ts";
import { plain } from "../../../src/cli/screen.ts";
import { OverrideView } from "../../../src/cli/views.ts";
import { type Answer, type FakeGateway, aFakeGateway, callCommandLine } from "../../support/fake-gateway.ts";
import { NOW_MS, aPolicy } from "../../support/builders.ts";

const ID = "1f0c2a4e-7d35-4f0e-9a51-3d7f5d0c9b11";
const timeOf = (ms: number): string => new Date(ms).toISOString();
const HOUR_MS = 3_600_000;

const OVERRIDE = {
  id: ID,
  account: "paper",
  settings: { max_notional: "50000", symbols: ["AAPL", "MSFT"] },
  from: timeOf(NOW_MS),
  until: timeOf(NOW_MS + 2 * HOUR_MS),
  reason: "rebalancing",
  approver: "ana",
  set_by: "ben/0123456789",
  set_at: timeOf(NOW_MS),
  ended_at: null,
  ended_by: null,
  state: "in_force",
};

let close: () => Promise<void> = async () => undefined;
afterEach(() => close());

async function answering(answer: (times: number) => Answer): Promise<FakeGateway> {
  let times = 0;
  const gateway = await aFakeGateway(() => answer((times += 1)));
  close = gateway.close;
  return gateway;
}

const NOT_TOLD = { status: 503, body: { code: "not_told", detail: "paper could not be told of it." } };
const SET = ["--set", "max_notional=50000", "--reason", "rebalancing", "--approver", "ana", "paper"];

describe("override", () => {
  it("says what changes until when, why, and who has agreed, and shows the way back", async () => {
    const gateway = await answering(() => ({ status: 201, body: OVERRIDE }));
    const until = "2026-01-15T16:30:00.000Z";
    const { exit, out, error } = await callCommandLine(["override", "--url", gateway.url, "--until", until, ...SET]);
    expect({ exit, error }).toEqual({ exit: 0, error: "" });
    const body = { settings: { max_notional: "50000" }, until, reason: "rebalancing", approver: "ana" };
    expect(gateway.asked).toEqual([{ method: "POST", path: "/v1/accounts/paper/overrides", body }]);
    expect(out).toMatch(/^Account paper: max_notional=50000 symbols=AAPL,MSFT, until 2026-01-15T\S+Z\.$/m);
    expect(out).toMatch(/^approver +ana$/m);
    expect(out).toContain(`npx sallyport end-override --url ${gateway.url} paper ${ID}\n`);
  });

  it("asks for the very same again while the account could not be told", async () => {
    const gateway = await answering((times) => (times === 1 ? NOT_TOLD : { status: 201, body: OVERRIDE }));
    const { exit, out } = await callCommandLine(["override", "--url", gateway.url, "--for", "2h", "--json", ...SET]);
    expect(exit).toBe(0);
    expect(gateway.asked[1]).toEqual(gateway.asked[0]);
    expect(JSON.parse(out)).toEqual(OVERRIDE);
  });

  it.each<[string, string[], RegExp]>([
    ["how long", SET, /^Say how long: --for or --until/],
    ["how long only once", ["--for", "2h", "--until", "2026-01-15T16:30:00Z", ...SET], /^Say how long/],
    ["a span with its unit", ["--for", "2", ...SET], /^--for takes a time like 30m, 2h or 1d/],
    ["which setting", ["--for", "2h", ...SET.slice(2)], /^--set is missing/],
    ["what it is set to", ["--set", "max_quantity", "--for", "2h", ...SET], /^--set takes a setting like/],
    ["it once", ["--set", "max_notional=1", "--for", "2h", ...SET], /^--set has max_notional twice/],
    ["which account", ["--for", "2h", ...SET.slice(0, -1)], /^ACCOUNT is missing/],
    ["why", ["--for", "2h", "--set", "max_notional=1", "--approver", "ana", "paper"], /^--reason is missing/],
    ["who has agreed", ["--for", "2h", "--set", "max_notional=1", "--reason", "r", "paper"], /^--approver is missing/],
  ])("wants to know %s", async (_, args, words) => {
    const gateway = await answering(() => ({ status: 201, body: OVERRIDE }));
    const { exit, error } = await callCommandLine(["override", "--url", gateway.url, ...args]);
    expect(exit).toBe(2);
    expect(error).toMatch(words);
    expect(gateway.asked).toEqual([]);
  });
});

describe("the settings of an override", () => {
  it.each<[string, unknown]>([
    ["max_notional=50000", "50000"],
    ["max_notional=off", "off"],
    ["max_open_orders=20", 20],
    ["symbols=any", "any"],
    ["symbols=AAPL", ["AAPL"]],
    ["symbols=AAPL,MSFT", ["AAPL", "MSFT"]],
    ["sides=buy", ["buy"]],
    ["restricted_symbols=", []],
    ["when_circuit_open=wait", "wait"],
    ['repeated_execution={"times":3,"window_sec":60}', { times: 3, window_sec: 60 }],
    // Left to the gateway, which may be of another version.
    ["max_notional=lots", "lots"],
    ["a_new_one=5", 5],
    ["a_new_one=high", "high"],
    ["constructor=1", 1],
  ])("are read from %s", (text, value) => {
    const name = text.slice(0, text.indexOf("="));
    expect(readSettings([text])).toEqual({ [name]: value });
  });

  it("can be every setting of a policy, as JSON", () => {
    for (const [name, value] of Object.entries(aPolicy())) {
      expect(readSettings([`${name}=${typeof value === "string" ? value : JSON.stringify(value)}`])).toEqual({
        [name]: value,
      });
    }
  });
});

describe("the times of an override", () => {
  it.each([
    ["30m", 30 * 60_000],
    ["2h", 2 * HOUR_MS],
    ["7d", 168 * HOUR_MS],
  ])("last %s from now on, or from when it begins", (span, ms) => {
    expect(readTimes({ for: span }, NOW_MS)).toEqual({ until: timeOf(NOW_MS + ms) });
    const from = timeOf(NOW_MS + HOUR_MS);
    expect(readTimes({ for: span, from }, NOW_MS)).toEqual({ from, until: timeOf(NOW_MS + HOUR_MS + ms) });
  });
});

describe("end-override", () => {
  it("names the account and the override, and asks again while the account could not be told", async () => {
    const ended = { ...OVERRIDE, state: "over", ended_at: timeOf(NOW_MS), ended_by: "bootstrap" };
    const gateway = await answering((times) => (times === 1 ? NOT_TOLD : { body: ended }));
    const { exit, out } = await callCommandLine(["end-override", "--url", gateway.url, "paper", "../x"]);
    expect(exit).toBe(0);
    const call = { method: "DELETE", path: "/v1/accounts/paper/overrides/..%2Fx", body: undefined };
    expect(gateway.asked).toEqual([call, call]);
    expect(out).toMatch(/^It is over\./);
    expect(out).toMatch(/^ended by +bootstrap$/m);
  });

  it("wants to know which", async () => {
    for (const [args, words] of [
      [[], /^ACCOUNT is missing/],
      [["paper"], /^OVERRIDE is missing/],
      [["paper", ID, ID], /^Give one OVERRIDE/],
    ] as const) {
      const { exit, error } = await callCommandLine(["end-override", ...args]);
      expect(exit).toBe(2);
      expect(error).toMatch(words);
    }
  });
});

describe("overrides", () => {
  it("are listed, and are a list for a program", async () => {
    const gateway = await answering(() => ({ body: { overrides: [OVERRIDE], next_cursor: null } }));
    const { out } = await callCommandLine(["overrides", "--url", gateway.url, "paper"]);
    expect(out).toMatch(
      new RegExp(`^2026-01-15T\\S+Z +${ID} +in force +.* max_notional=50000 symbols=AAPL,MSFT +ana `, "m"),
    );
    expect(JSON.parse((await callCommandLine(["overrides", "--url", gateway.url, "--json", "paper"])).out)).toEqual([
      OVERRIDE,
    ]);
    expect(gateway.asked[0]?.path).toBe("/v1/accounts/paper/overrides?limit=50");
  });

  it("say when each ends or has ended, and let no word from outside steer the terminal", () => {
    const early = { ...OVERRIDE, state: "over", ended_at: timeOf(NOW_MS - 3 * HOUR_MS), reason: "a\u001b[2J" };
    const [, first, second] = formatOverrides(
      [OverrideView.parse(OVERRIDE), OverrideView.parse(early)],
      NOW_MS,
      plain,
    ).split("\n");
    expect(first).toMatch(/ in force +in 2 h /);
    expect(second).toMatch(/ over +3 h ago .* a\\u\{1b\}\[2J$/);
    expect(formatOverrides([], NOW_MS, plain)).toBe("Nothing was ever overridden.");
  });

  it("stand below a preview and the coverage only where there are any", () => {
    expect(formatOverridden(undefined, plain)).toEqual([]);
    expect(formatOverridden([], plain)).toEqual([]);
    const [text] = formatOverridden([{ setting: "max_notional", override: ID, until: OVERRIDE.until }], plain);
    expect(text).toMatch(new RegExp(`^max_notional +2026-01-15T\\S+Z +${ID}$`, "m"));
  });
});
