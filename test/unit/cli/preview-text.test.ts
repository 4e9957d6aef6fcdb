import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { formatPreview } from "../../../src/cli/preview-text.ts";
import { plain } from "../../../src/cli/screen.ts";
import { PreviewView } from "../../../src/cli/views.ts";
import { type FakeGateway, aFakeGateway, callCommandLine } from "../../support/fake-gateway.ts";

const aRule = (difference: object = {}) => ({
  rule: "max_quantity",
  passed: true,
  input: "10",
  limit: "100",
  reason: null,
  about: "How many units one order may have.",
  clauses: ["RTS 6 Art. 15(1)(c)", "FIA 1.1"],
  setting: "max_quantity",
  headroom: "90",
  ...difference,
});

const APPROVED = { outcome: "approved", reason: null, needs_approval: false, is_reduction: false, rules: [aRule()] };

const textOf = (difference: object = {}): string =>
  formatPreview(PreviewView.parse({ ...APPROVED, ...difference }), plain);

describe("a preview", () => {
  it("says the outcome, and of each rule what it measured, the limit, what is left and who asks for it", () => {
    const text = textOf();
    expect(text).toMatch(/^It would be approved\. It may open a position or add to one/);
    expect(text).toMatch(/^pass +max_quantity +10 +100 +90 +RTS 6 Art\. 15\(1\)\(c\), FIA 1\.1$/m);
  });

  it("shows what stands in the way first, and else keeps the order of the book", () => {
    const tooLarge = { passed: false, limit: "5", reason: "max_notional_exceeded", headroom: "-5" };
    const rules = [
      aRule({ rule: "first" }),
      aRule({ rule: "second", ...tooLarge }),
      aRule({ rule: "third" }),
      aRule({ rule: "fourth", ...tooLarge }),
    ];
    const text = textOf({ outcome: "denied", reason: "max_notional_exceeded", rules });
    expect(text).toMatch(/^It would be denied: max_notional_exceeded\. /);
    const marks = text.split("\n").flatMap((line) => /^(?:pass|FAIL) +\w+/.exec(line)?.[0].replace(/ +/, " ") ?? []);
    expect(marks).toEqual(["FAIL second", "FAIL fourth", "pass first", "pass third"]);
    expect(text).toMatch(/^FAIL +second +10 +5 +-5 +max_notional_exceeded +RTS 6/m);
  });

  it("tells a limit that is not set from a rule that needs none", () => {
    const unset = { limit: null, headroom: null, clauses: [] };
    const rules = [aRule(unset), aRule({ ...unset, rule: "origin", input: "hmac", setting: null })];
    const text = textOf({ rules });
    expect(text).toMatch(/^pass +max_quantity +10 +not set$/m);
    expect(text).toMatch(/^pass +origin +hmac$/m);
  });

  it("says of an exit that the limits on entries do not bind it", () => {
    expect(textOf({ is_reduction: true })).toContain("so the limits on entries do not bind it.");
    expect(textOf({ needs_approval: true })).toContain("It would be held until a person approves it.");
  });
});

describe("preview", () => {
  let dir: string;
  let gateway: FakeGateway;
  let outcome: string;
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "sallyport-preview-"));
    outcome = "approved";
    gateway = await aFakeGateway(() => ({ body: { ...APPROVED, outcome } }));
  });
  afterEach(async () => {
    rmSync(dir, { recursive: true });
    await gateway.close();
  });

  it.each([["BODY"], ["--file"]])("asks about the order in %s, and shows the answer", async (place) => {
    const order = { symbol: "AAPL", side: "buy", type: "market", quantity: "10" };
    const file = join(dir, "order.json");
    writeFileSync(file, JSON.stringify(order));
    const given = place === "BODY" ? [JSON.stringify(order)] : ["--file", file];
    const { exit, out } = await callCommandLine(["preview", "--url", gateway.url, ...given]);
    expect(exit).toBe(0);
    expect(gateway.asked).toEqual([{ method: "POST", path: "/v1/orders/preview", body: order }]);
    expect(out).toMatch(/^It would be approved\./);
  });

  it("exits with 0 also where it would be denied, and is the gateway's answer for a program", async () => {
    outcome = "denied";
    const { exit, out } = await callCommandLine(["preview", "--url", gateway.url, "--json", "{}"]);
    expect(exit).toBe(0);
    expect(JSON.parse(out)).toEqual({ ...APPROVED, outcome });
  });

  it("takes one order", async () => {
    expect(await callCommandLine(["preview", "{}", "{}"])).toMatchObject({ exit: 2, out: "" });
  });
});
