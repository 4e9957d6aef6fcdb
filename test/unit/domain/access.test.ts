// What may be said of an API key, and which accounts a principal sees.
import { describe, expect, it } from "vitest";
import { ApiKeyChange, ApiKeyTerms, mayUse } from "../../../src/domain/access.ts";
import { AccountId } from "../../../src/domain/ids.ts";

const TERMS = { owner: "research", scopes: ["orders:read"] };

/** The paths of the fields that are refused, each once. */
function refused(schema: typeof ApiKeyTerms | typeof ApiKeyChange, value: unknown): string[] {
  const parsed = schema.safeParse(value);
  return parsed.success ? [] : [...new Set(parsed.error.issues.map(({ path }) => path.join(".")))];
}

describe("a new API key", () => {
  it("is good for every account, from anywhere and without an end where nothing is said", () => {
    expect(ApiKeyTerms.parse(TERMS)).toEqual({ ...TERMS, accounts: null, addresses: [], expires_at: null });
  });

  it.each([
    ["owner", "Research"],
    ["owner", ""],
    ["owner", "-a"],
    ["owner", "a".repeat(33)],
    ["scopes", []],
    ["scopes", undefined],
    ["scopes.0", ["orders:*"]],
    ["scopes.0", ["admin"]],
    // No account is not every account.
    ["accounts", []],
    ["accounts.0", ["Paper"]],
    ["addresses.0", ["203.0.113.0/33"]],
    ["addresses.0", ["203.0.113.7/24"]],
    ["addresses.0", ["everywhere"]],
    ["expires_at", "tomorrow"],
    ["expires_at", "2027-01-01T00:00:00+01:00"],
    ["reason", " "],
  ])("is refused with the %s %j", (path, value) => {
    expect(refused(ApiKeyTerms, { ...TERMS, [path.split(".")[0] ?? ""]: value })).toEqual([path]);
  });

  it("cannot bring along what the gateway says of it", () => {
    for (const field of ["id", "status", "created_by", "revision"]) {
      expect(refused(ApiKeyTerms, { ...TERMS, [field]: "x" })).toEqual([""]);
    }
  });
});

describe("a change of an API key", () => {
  it.each([
    { status: "disabled" },
    { scopes: ["kill"] },
    { accounts: null },
    { accounts: ["paper"] },
    { addresses: [] },
    { expires_at: null },
  ])("can be %j", (change) => {
    expect(ApiKeyChange.parse(change)).toEqual(change);
  });

  it("changes something", () => {
    expect(refused(ApiKeyChange, {})).toEqual([""]);
    expect(refused(ApiKeyChange, { reason: "because" })).toEqual([""]);
  });

  it("leaves its owner, under whose name it stands in the audit log", () => {
    expect(refused(ApiKeyChange, { status: "active", owner: "other" })).toEqual([""]);
  });

  it("is no deletion, takes no scope without another, and no account without another", () => {
    expect(refused(ApiKeyChange, { status: "deleted" })).toEqual(["status"]);
    expect(refused(ApiKeyChange, { scopes: [] })).toEqual(["scopes"]);
    expect(refused(ApiKeyChange, { accounts: [] })).toEqual(["accounts"]);
  });
});

describe("a principal", () => {
  const [paper, other] = [AccountId.parse("paper"), AccountId.parse("other")];

  it("without a list may use every account, and with one those in it", () => {
    expect(mayUse({ accounts: null }, other)).toBe(true);
    expect(mayUse({ accounts: [paper] }, paper)).toBe(true);
    expect(mayUse({ accounts: [paper] }, other)).toBe(false);
    expect(mayUse({ accounts: [] }, paper)).toBe(false);
  });
});
