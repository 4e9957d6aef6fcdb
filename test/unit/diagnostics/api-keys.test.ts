import { describe, expect, it } from "vitest";
import { checkApiKeys } from "../../../src/diagnostics/api-keys.ts";
import { ApiKeyId } from "../../../src/domain/api-key.ts";

const NOW_MS = Date.UTC(2026, 0, 15, 14, 30);
const DAY_MS = 86_400_000;

type Key = Parameters<typeof checkApiKeys>[0][number];
const aKey = (overrides: Partial<Key> = {}): Key => ({
  id: ApiKeyId.parse("4fT0aZk91Q"),
  status: "active",
  expires_at: null,
  rotation_due: false,
  ...overrides,
});
const endingIn = (ms: number): Key => aKey({ expires_at: new Date(NOW_MS + ms).toISOString() });
const statusesOf = (...keys: Key[]) => checkApiKeys(keys, NOW_MS).map(({ status }) => status);

describe("API keys", () => {
  it("are fine when there is none, and when none has an end", () => {
    expect(statusesOf()).toEqual(["ok", "ok"]);
    expect(statusesOf(aKey())).toEqual(["ok", "ok"]);
  });

  it("are named by their ids from 14 days before they expire until they have", () => {
    expect(statusesOf(endingIn(14 * DAY_MS + 1))).toEqual(["ok", "ok"]);
    expect(statusesOf(endingIn(14 * DAY_MS))).toEqual(["warning", "ok"]);
    expect(statusesOf(endingIn(1))).toEqual(["warning", "ok"]);
    expect(statusesOf(endingIn(0))).toEqual(["ok", "ok"]);
    const [expiry] = checkApiKeys([endingIn(1)], NOW_MS);
    expect(expiry).toMatchObject({ check: "api_keys.expiry", detail: expect.stringContaining("4fT0aZk91Q") as string });
    expect(expiry?.advice).toContain("npx sallyport rotate key");
  });

  it("are named when they are due for rotation", () => {
    const [, rotation] = checkApiKeys([aKey({ rotation_due: true }), aKey()], NOW_MS);
    expect(rotation).toMatchObject({ check: "api_keys.rotation", status: "warning" });
    expect(rotation?.detail).toMatch(/^1 key .*4fT0aZk91Q/);
  });

  it("that open nothing any more wait for nobody", () => {
    for (const status of ["disabled", "deleted"] as const) {
      expect(statusesOf({ ...endingIn(1), status, rotation_due: true })).toEqual(["ok", "ok"]);
    }
  });
});
