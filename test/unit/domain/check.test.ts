import { describe, expect, it } from "vitest";
import { counted, listed, worstOf } from "../../../src/domain/check.ts";

describe("how checks stand together", () => {
  it.each([
    [[], "ok"],
    [["ok", "ok"], "ok"],
    [["ok", "warning"], "warning"],
    [["warning", "failed", "ok"], "failed"],
  ] as const)("%j is %s", (statuses, worst) => {
    expect(worstOf(statuses.map((status) => ({ status })))).toBe(worst);
  });
});

describe("words of a finding", () => {
  it("count one and many", () => {
    expect([counted(0, "row"), counted(1, "row"), counted(2, "row")]).toEqual(["0 rows", "1 row", "2 rows"]);
  });

  it("name five, and count those beyond", () => {
    expect(listed(["a", "b", "c", "d", "e"])).toBe("a, b, c, d, e");
    expect(listed(["a", "b", "c", "d", "e", "f"])).toBe("a, b, c, d, e and 1 more");
  });
});
