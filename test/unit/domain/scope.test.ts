import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Scope, grants, isWithin } from "../../../src/domain/scope.ts";

const ALL = Scope.options;
const isAdmin = (scope: Scope) => scope.startsWith("admin:");
const NAMED_ADMIN = ALL.filter((scope) => isAdmin(scope) && scope !== "admin:*");

const scopes = fc.subarray([...ALL]);

describe("a scope", () => {
  it.each(ALL)("%s is granted to who holds it, and to nobody who holds nothing", (scope) => {
    expect(grants([scope], scope)).toBe(true);
    expect(grants([], scope)).toBe(false);
  });

  it.each(ALL.filter((scope) => scope !== "admin:*"))("%s grants nothing else", (held) => {
    expect(ALL.filter((needed) => grants([held], needed))).toEqual([held]);
  });

  it.each(["", "admin", "admin:", "admin:everything", "*", "orders:*", "ORDERS:READ", "kill "])("is not %o", (text) => {
    expect(Scope.safeParse(text).success).toBe(false);
  });
});

describe("admin:*", () => {
  it("grants every scope that begins with admin: and no other", () => {
    expect(ALL.filter((needed) => grants(["admin:*"], needed))).toEqual(ALL.filter(isAdmin));
  });

  it("is not made up of all the scopes it stands for", () => {
    expect(grants(NAMED_ADMIN, "admin:*")).toBe(false);
    expect(isWithin({ given: ["admin:*"], held: NAMED_ADMIN })).toBe(false);
  });
});

describe("giving scopes away", () => {
  it("is refused where any of them is more than one has", () => {
    expect(isWithin({ given: ["orders:read", "kill"], held: ["orders:read", "orders:write"] })).toBe(false);
    expect(isWithin({ given: ["admin:keys"], held: ["admin:*"] })).toBe(true);
    expect(isWithin({ given: [], held: [] })).toBe(true);
  });

  it("never lets the receiver do what the giver could not, over any number of hands", () => {
    fc.assert(
      fc.property(scopes, fc.array(scopes, { maxLength: 5 }), (first, hands) => {
        let held: readonly Scope[] = first;
        for (const given of hands) if (isWithin({ given, held })) held = given;
        for (const needed of ALL) if (grants(held, needed)) expect(grants(first, needed)).toBe(true);
      }),
    );
  });

  it("lets everybody pass on all they have", () => {
    fc.assert(
      fc.property(scopes, (held) => {
        expect(isWithin({ given: held, held })).toBe(true);
      }),
    );
  });
});
