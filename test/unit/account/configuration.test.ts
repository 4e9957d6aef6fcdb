// The account's own copy of its configuration, and which revisions of sources still hold there.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  adoptConfiguration,
  leastRevisionOf,
  readConfiguration,
  requireRevision,
} from "../../../src/account/configuration.ts";
import { decisionContextOf } from "../../../src/account/risk/decision-context.ts";
import { SourceId } from "../../../src/domain/ids.ts";
import { aBroker, NOW_MS, aConfiguration, aPolicy } from "../../support/builders.ts";
import { openSqlStorage } from "./sql-storage.ts";
import { ACCOUNT, aSignal, admitSignal, journalOf, openAccount, typesOf, decidingWith } from "./tables.ts";

const CONTEXT = { nowMs: NOW_MS, requestId: "change-1" };
const BOT = SourceId.parse("bot");

describe("an account's configuration", () => {
  it("is none until it is told", () => {
    expect(readConfiguration(openSqlStorage())).toBeUndefined();
  });

  it("is what it was told, and the journal says so without the sealed credentials", () => {
    const sql = openSqlStorage();
    const configuration = aConfiguration({ revision: 3, sealed_credentials: "sealed" });
    adoptConfiguration(sql, ACCOUNT, configuration, CONTEXT);
    expect(readConfiguration(sql)).toEqual(configuration);
    const [event] = journalOf(sql);
    expect(event).toMatchObject({
      type: "account.configured",
      request_id: "change-1",
      data: { revision: 3, policy: configuration.policy },
    });
    expect(JSON.stringify(event)).not.toContain("sealed");
  });

  it("is the one with the highest revision, in whatever order they come, and each that counted is on record", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 12 }), (revisions) => {
        const sql = openSqlStorage();
        for (const revision of revisions) {
          adoptConfiguration(sql, ACCOUNT, aConfiguration({ revision, policy_version: revision }), CONTEXT);
        }
        expect(readConfiguration(sql)).toMatchObject({ revision: Math.max(...revisions) });
        const rising = revisions.filter((revision, at) => revision > Math.max(0, ...revisions.slice(0, at)));
        expect(journalOf(sql).map(({ data }) => data["revision"])).toEqual(rising);
      }),
    );
  });

  it("is not changed by the same revision with other content", () => {
    const sql = openSqlStorage();
    adoptConfiguration(sql, ACCOUNT, aConfiguration(), CONTEXT);
    adoptConfiguration(sql, ACCOUNT, aConfiguration({ policy: aPolicy({ max_quantity: "1" }) }), CONTEXT);
    expect(readConfiguration(sql)?.policy.max_quantity).toBe("100");
    expect(typesOf(sql)).toEqual(["account.configured"]);
  });
});

describe("what a decision goes by", () => {
  const NEW_YORK = {
    time_zone: "America/New_York",
    sessions: [{ days: ["thu" as const], from: "09:30", to: "16:00" }],
  };
  const override = {
    id: crypto.randomUUID(),
    settings: { trading_hours: "any" as const, max_quantity: "off" as const },
    from: "2026-01-15T20:00:00.000Z",
    until: "2026-01-16T10:00:00.000Z",
  };
  const policy = aPolicy({ trading_hours: { ...NEW_YORK, holidays: [] } });
  const configuration = aConfiguration({ policy, overrides: [override] });

  const at = (nowMs: number) =>
    decisionContextOf(
      { settings: configuration, broker: aBroker(), connection: { isOpen: false } },
      decidingWith(),
      nowMs,
    );

  it("is the policy as it is at that moment, and which settings are overridden", () => {
    const before = at(Date.parse(override.from) - 1);
    expect(before).toMatchObject({ policy, overridden: [] });
    const during = at(Date.parse(override.from));
    expect(during.policy).toEqual({ ...policy, ...override.settings });
    expect(during.overridden.map(({ setting }) => setting)).toEqual(["trading_hours", "max_quantity"]);
    expect(at(Date.parse(override.until))).toMatchObject({ policy, overridden: [] });
  });

  it("is the policy's own trading day also where the trading hours are overridden", () => {
    const afterMidnightUtc = Date.parse("2026-01-16T03:00:00Z");
    const { policy: inForce, tradingDate } = at(afterMidnightUtc);
    expect(inForce.trading_hours).toBe("any");
    expect(tradingDate).toBe("2026-01-15");
  });
});

describe("the least revision of a source", () => {
  it("is none until somebody says one, and then only goes up", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 9 }), { maxLength: 12 }), (revisions) => {
        const sql = openSqlStorage();
        for (const revision of revisions) requireRevision(sql, BOT, revision);
        expect(leastRevisionOf(sql, BOT)).toBe(Math.max(0, ...revisions));
        expect(leastRevisionOf(sql, SourceId.parse("other"))).toBe(0);
      }),
    );
  });
});

describe("a signal that was proven under an older revision of its source", () => {
  const sent = (revision: number | null, requestId: string) =>
    aSignal({ source: BOT, sender: { revision, origin: "hmac", caps: null, owner: null }, requestId });

  it("is not decided, uses nothing up and leaves no row, so that the same one is decided under the new revision", () => {
    const sql = openAccount();
    requireRevision(sql, BOT, 2);
    const before = typesOf(sql);
    expect(admitSignal(sql, sent(1, "request-1"))).toEqual({ ok: false, error: { reason: "stale_source" } });
    expect(typesOf(sql)).toEqual(before);
    expect(admitSignal(sql, sent(2, "request-1")).ok).toBe(true);
  });

  it("is decided where nobody has said that it is older, and where its source is described by settings alone", () => {
    const sql = openAccount();
    expect(admitSignal(sql, sent(1, "request-1")).ok).toBe(true);
    requireRevision(sql, BOT, 9);
    expect(admitSignal(sql, sent(null, "request-2")).ok).toBe(true);
  });
});
