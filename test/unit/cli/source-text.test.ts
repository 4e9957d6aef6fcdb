import { describe, expect, it } from "vitest";
import { plain } from "../../../src/cli/screen.ts";
import { formatSource, formatSources } from "../../../src/cli/source-text.ts";
import { SourceView } from "../../../src/cli/views.ts";

const NOW_MS = Date.parse("2026-01-15T14:30:00Z");

const aSecret = (difference: object = {}) => ({
  id: "old-secret",
  created_at: "2026-01-01T14:30:00.000Z",
  expires_at: null,
  last_used_at: null,
  ...difference,
});

const aSource = (difference: object = {}): SourceView =>
  SourceView.parse({
    id: "momentum",
    name: null,
    status: "active",
    kind: "signed",
    schemes: ["v1", "standard_webhooks"],
    account: "paper",
    accounts: ["paper", "a1"],
    caps: null,
    secrets: [aSecret()],
    revision: 1,
    created_at: "2026-01-01T14:30:00.000Z",
    changed_at: "2026-01-02T14:30:00.000Z",
    ...difference,
  });

const ROTATING = {
  secrets: [
    aSecret({ expires_at: "2026-01-16T13:30:00.000Z", last_used_at: "2026-01-15T09:29:00.000Z" }),
    aSecret({
      id: "new-secret",
      created_at: "2026-01-15T13:30:00.000Z",
      last_used_at: "2026-01-15T14:28:00.000Z",
    }),
  ],
};

const TRADINGVIEW = {
  id: "tv",
  kind: "tradingview",
  origin: "certificate",
  schemes: undefined,
  certificate_fingerprints: ["ab".repeat(32)],
  deduplicate_sec: 300,
  caps: { signals_per_min: 30, max_quantity: "10", max_notional: "2000" },
};

describe("sources", () => {
  it("are a line for each secret, and name themselves once", () => {
    const lines = formatSources([aSource(ROTATING), aSource(TRADINGVIEW)], plain, NOW_MS).split("\n");
    expect(lines).toHaveLength(4);
    expect(lines[1]).toMatch(/^momentum +signed +hmac +active +paper a1 +old-secret +14 d +5 h ago +in 23 h$/);
    expect(lines[2]).toMatch(/^ +new-secret +60 min +2 min ago +never$/);
    expect(lines[3]).toMatch(/^tv +tradingview +certificate +active +paper a1 +old-secret +14 d +never +never$/);
    expect(lines[2]?.indexOf("new-secret")).toBe(lines[1]?.indexOf("old-secret"));
  });

  it("have a line also without a secret", () => {
    const deleted = aSource({ status: "deleted", secrets: [] });
    expect(formatSources([deleted], plain, NOW_MS).split("\n")[1]).toMatch(
      /^momentum +signed +hmac +deleted +paper a1$/,
    );
  });

  it("can be none, but for the one that is always there", () => {
    expect(formatSources([], plain, NOW_MS)).toBe("No sources but default, which signs with API_KEY_HMAC_SECRET.");
  });
});

describe("a source", () => {
  it("says how it signs, and when each secret was made, was last used and ends", () => {
    const text = formatSource(aSource(ROTATING), plain, NOW_MS);
    expect(text).toMatch(/^signs as +v1 standard_webhooks$/m);
    expect(text).toMatch(/^may name +paper a1$/m);
    expect(text).toMatch(
      /^old-secret +2026-01-01T14:30:00Z +2026-01-15T09:29:00Z, 5 h ago +2026-01-16T13:30:00Z, in 23 h$/m,
    );
    expect(text).toMatch(/^new-secret +2026-01-15T13:30:00Z +2026-01-15T14:28:00Z, 2 min ago +never$/m);
    expect(text).not.toMatch(/^same bytes/m);
  });

  it("says whose it is, and how its signals are read, as far as anything is set", () => {
    const signals = {
      format: "text",
      symbols: {},
      default_size: null,
      accounts: { Main: "paper" },
      strip_exchange: true,
    };
    const text = formatSource(aSource({ owner: "maria", signals }), plain, NOW_MS);
    expect(text).toMatch(/^owner +maria$/m);
    expect(text).toMatch(/^Its signals:\n\nformat +text\naccounts +\{"Main":"paper"\}\nstrip_exchange +true\n\n/m);
    expect(formatSource(aSource(), plain, NOW_MS)).not.toContain("Its signals");
  });

  it("says which accounts get what names none, where there is more than its own", () => {
    expect(formatSource(aSource({ fan_out: ["a1", "a2"] }), plain, NOW_MS)).toMatch(/^fans out to +a1 a2$/m);
    expect(formatSource(aSource({ fan_out: [] }), plain, NOW_MS)).not.toContain("fans out to");
  });

  it("says when a secret has ended that nothing has cleared away yet", () => {
    const ended = aSource({ secrets: [aSecret({ expires_at: "2026-01-15T14:00:00.000Z" })] });
    expect(formatSource(ended, plain, NOW_MS)).toMatch(/^old-secret .* never +2026-01-15T14:00:00Z, 30 min ago$/m);
  });

  it("says what an alert has to prove, and shows every cap, also one that this program has never heard of", () => {
    const caps = { ...TRADINGVIEW.caps, max_loss: { day: "5" }, constructor: "1" };
    const text = formatSource(aSource({ ...TRADINGVIEW, caps }), plain, NOW_MS);
    expect(text).toMatch(/^origin +certificate$/m);
    expect(text).toMatch(/^certificates +(ab){32}$/m);
    expect(text).toMatch(/^same bytes +are one signal for 300 s$/m);
    expect(text).toMatch(/^signals_per_min +30$/m);
    expect(text).toMatch(/^max_loss +\{"day":"5"\}$/m);
    expect(text).toMatch(/^constructor +1$/m);
  });

  it("may be of a kind and in a status that this program has never heard of", () => {
    const text = formatSource(aSource({ kind: "carrier_pigeon", status: "constructor" }), plain, NOW_MS);
    expect(text).toMatch(/^kind +carrier_pigeon$/m);
    expect(text).toMatch(/^status +constructor$/m);
    expect(text).toMatch(/^origin *$/m);
  });
});
