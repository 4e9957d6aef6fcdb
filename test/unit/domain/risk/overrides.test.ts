import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseFields } from "../../../../src/domain/fields.ts";
import { type ActiveOverride, OverrideSettings, policyAt } from "../../../../src/domain/risk/overrides.ts";
import { Policy } from "../../../../src/domain/risk/policy.ts";
import { NOW_MS, aPolicy } from "../../../support/builders.ts";

const HOUR_MS = 3_600_000;
const timeOf = (ms: number): string => new Date(ms).toISOString();

/** For the hour that has begun, unless it says otherwise. */
const anOverride = (settings: object, overrides: Partial<ActiveOverride> = {}): ActiveOverride => ({
  id: crypto.randomUUID(),
  settings: OverrideSettings.parse(settings),
  from: timeOf(NOW_MS),
  until: timeOf(NOW_MS + HOUR_MS),
  ...overrides,
});

const OWN = aPolicy({ max_notional: "25000", max_quantity: "100", restricted_symbols: ["TSLA"] });

/** A few settings, so that overrides often meet. */
const anySettings = fc
  .record(
    {
      max_notional: fc.constantFrom("1000", "50000", "off"),
      max_quantity: fc.constantFrom("1", "500", "off"),
      max_open_orders: fc.integer({ min: 1, max: 9 }),
      restricted_symbols: fc.constantFrom([], ["AAPL"]),
      trading_hours: fc.constant("any"),
      when_circuit_open: fc.constantFrom("deny", "wait"),
    },
    { requiredKeys: [] },
  )
  .filter((settings) => Object.keys(settings).length > 0);

const anyMs = fc.integer({ min: NOW_MS - 10 * HOUR_MS, max: NOW_MS + 10 * HOUR_MS });
const anyOverride = fc
  .tuple(anySettings, anyMs, fc.integer({ min: 1, max: 5 * HOUR_MS }))
  .map(([settings, fromMs, lastsMs]) =>
    anOverride(settings, { from: timeOf(fromMs), until: timeOf(fromMs + lastsMs) }),
  );
const anyOverrides = fc.array(anyOverride, { maxLength: 5 });

const isAround = ({ from, until }: ActiveOverride, ms: number) => Date.parse(from) <= ms && ms < Date.parse(until);

describe("settings that are overridden", () => {
  const wrongWith = (settings: object) => {
    const read = parseFields(OverrideSettings, settings);
    return read.ok ? [] : read.error.map(({ pointer, message }) => `${pointer} ${message}`);
  };

  it("are some", () => {
    expect(wrongWith({})).toEqual([" name at least one setting"]);
  });

  it("are refused by their name alone where there is none like it", () => {
    expect(wrongWith({ max_qty: "5" })).toEqual(["/max_qty unknown field"]);
  });
});

describe("a policy under overrides", () => {
  it("outside of every window is the policy itself", () => {
    fc.assert(
      fc.property(anyOverrides, anyMs, (overrides, nowMs) => {
        const over = overrides.filter((override) => !isAround(override, nowMs));
        expect(policyAt(OWN, over, nowMs)).toEqual({ policy: OWN, overridden: [] });
      }),
    );
  });

  it("inside differs in the settings that are named, and in no other", () => {
    fc.assert(
      fc.property(anyOverrides, anyMs, (overrides, nowMs) => {
        const { policy, overridden } = policyAt(OWN, overrides, nowMs);
        const inForce = overrides.filter((override) => isAround(override, nowMs));
        const named = new Set(inForce.flatMap(({ settings }) => Object.keys(settings)));
        expect(new Set(overridden.map(({ setting }) => setting))).toEqual(named);
        for (const setting of Object.keys(policy) as (keyof Policy)[]) {
          const last = inForce.findLast(({ settings }) => setting in settings);
          expect(policy[setting]).toEqual(last === undefined ? OWN[setting] : last.settings[setting]);
          expect(overridden.find((one) => one.setting === setting)).toEqual(
            last === undefined ? undefined : { setting, override: last.id, until: last.until },
          );
        }
        expect(Policy.parse(policy)).toEqual(policy);
      }),
    );
  });

  it("begins with the first moment, and has ended with the last", () => {
    const override = anOverride({ max_notional: "50000" });
    const limitAt = (ms: number) => policyAt(OWN, [override], ms).policy.max_notional;
    expect(limitAt(NOW_MS - 1)).toBe("25000");
    expect(limitAt(NOW_MS)).toBe("50000");
    expect(limitAt(NOW_MS + HOUR_MS - 1)).toBe("50000");
    expect(limitAt(NOW_MS + HOUR_MS)).toBe("25000");
  });

  it("goes back to what was set before where a later override is over sooner", () => {
    const [long, short] = [
      anOverride({ max_notional: "50000" }, { until: timeOf(NOW_MS + 2 * HOUR_MS) }),
      anOverride({ max_notional: "1000" }),
    ];
    expect(policyAt(OWN, [long, short], NOW_MS).policy.max_notional).toBe("1000");
    expect(policyAt(OWN, [short, long], NOW_MS).policy.max_notional).toBe("50000");
    expect(policyAt(OWN, [long, short], NOW_MS + HOUR_MS).policy.max_notional).toBe("50000");
  });
});

describe("what an override sets", () => {
  it("is nothing that was not named, also where a policy takes something for granted", () => {
    expect(OverrideSettings.parse({ max_notional: "50000" })).toEqual({ max_notional: "50000" });
    const policy = { ...OWN, when_circuit_open: "wait" as const };
    expect(policyAt(policy, [anOverride({ max_notional: "50000" })], NOW_MS).policy).toEqual({
      ...policy,
      max_notional: "50000",
    });
  });

  it("can be every setting of a policy, alone", () => {
    for (const [setting, value] of Object.entries(OWN)) {
      expect(OverrideSettings.parse({ [setting]: value })).toEqual({ [setting]: value });
    }
    expect(Object.keys(OverrideSettings.shape)).toEqual(Object.keys(Policy.shape));
  });

  it.each([[{}], [{ max_notional: "-1" }], [{ max_notional: null }], [{ max_notonal: "1" }]])(
    "cannot be %j",
    (given) => {
      expect(OverrideSettings.safeParse(given).success).toBe(false);
    },
  );
});
