import { describe, expect, it } from "vitest";
import { checkSources } from "../../../src/diagnostics/sources.ts";
import { SourceId } from "../../../src/domain/ids.ts";

const NOW_MS = Date.UTC(2026, 0, 15, 14, 30);

type Source = Parameters<typeof checkSources>[0][number];
type Secret = Source["secrets"][number];

const aSecret = (overrides: Partial<Secret> = {}): Secret => ({
  id: "one",
  created_at: "2026-01-01T00:00:00.000Z",
  expires_at: null,
  last_used_at: "2026-01-15T14:00:00.000Z",
  ...overrides,
});
const unused = aSecret({ id: "two", last_used_at: null });
const endingIn = (ms: number) => aSecret({ expires_at: new Date(NOW_MS + ms).toISOString() });
const aSource = (secrets: Secret[], status: Source["status"] = "active"): Source => ({
  id: SourceId.parse("momentum"),
  status,
  secrets,
});
const check = (...sources: Source[]) => checkSources(sources, NOW_MS);

describe("sources", () => {
  it("are fine when there is none, with one secret, and with two of which the new one is in use", () => {
    expect(check().status).toBe("ok");
    expect(check(aSource([aSecret()]), aSource([unused])).status).toBe("ok");
    expect(check(aSource([endingIn(1), aSecret({ id: "two" })])).status).toBe("ok");
  });

  it("are named when the old secret ends and nobody has used the new one, and told how to go back", () => {
    const found = check(aSource([endingIn(1), unused]));
    expect(found).toMatchObject({ check: "sources.secrets", status: "warning" });
    expect(found.detail).toContain("momentum");
    expect(found.advice).toContain("npx sallyport sources retire");
  });

  it("are named when the only secret ends, and when it has ended", () => {
    expect(check(aSource([endingIn(1)])).status).toBe("warning");
    expect(check(aSource([endingIn(0)]))).toMatchObject({ status: "failed" });
    expect(check(aSource([])).advice).toContain("npx sallyport rotate source");
  });

  it("that send nothing wait for nobody", () => {
    for (const status of ["disabled", "deleted"] as const) expect(check(aSource([], status)).status).toBe("ok");
  });
});
