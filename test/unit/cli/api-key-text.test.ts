import { describe, expect, it } from "vitest";
import { formatApiKey, formatApiKeys } from "../../../src/cli/api-key-text.ts";
import { plain } from "../../../src/cli/screen.ts";
import { ApiKeyView } from "../../../src/cli/views.ts";

const NOW_MS = Date.parse("2026-01-15T14:30:00Z");

const aKey = (difference: object = {}): ApiKeyView =>
  ApiKeyView.parse({
    id: "4fT0aZk91Q",
    owner: "desk",
    status: "active",
    scopes: ["orders:read", "kill"],
    accounts: null,
    addresses: [],
    expires_at: null,
    created_by: "bootstrap",
    created_at: "2026-01-01T00:00:00.000Z",
    changed_at: "2026-01-01T00:00:00.000Z",
    last_used_at: null,
    rotation_due: false,
    revision: 1,
    ...difference,
  });

describe("API keys", () => {
  it("are a line each", () => {
    const bound = aKey({ accounts: ["a1", "a2"], last_used_at: "2026-01-15T14:29:00.000Z" });
    const lines = formatApiKeys([aKey(), bound], plain, NOW_MS).split("\n");
    expect(lines[1]).toMatch(/^4fT0aZk91Q +desk +active +orders:read kill +all +never +never$/);
    expect(lines[2]).toMatch(/ a1 a2 +2026-01-15T14:29:00Z +never$/);
  });

  it("can be none", () => {
    expect(formatApiKeys([], plain, NOW_MS)).toBe("No API keys.");
  });

  it.each([
    [{}, "active"],
    [{ rotation_due: true }, "active, rotation due"],
    [{ status: "disabled", rotation_due: true }, "disabled"],
    [{ expires_at: "2026-01-15T14:30:00.000Z" }, "active, expired"],
    [{ expires_at: "2026-01-15T14:30:00.001Z" }, "active"],
    [{ status: "deleted", expires_at: "2020-01-01T00:00:00.000Z" }, "deleted"],
  ])("%j are %s", (difference, status) => {
    expect(formatApiKey(aKey(difference), plain, NOW_MS)).toMatch(new RegExp(`^status +${status}$`, "m"));
  });

  it("say where they may be used from", () => {
    expect(formatApiKey(aKey(), plain, NOW_MS)).toMatch(/^addresses +anywhere$/m);
    const bound = aKey({ addresses: ["203.0.113.0/24", "2001:db8::/32"] });
    expect(formatApiKey(bound, plain, NOW_MS)).toMatch(/^addresses +203\.0\.113\.0\/24 2001:db8::\/32$/m);
  });
});
