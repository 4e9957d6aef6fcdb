import { describe, expect, it } from "vitest";
import { checkVault } from "../../../src/diagnostics/vault.ts";

const statusesOf = (versions: readonly number[], rows: readonly (readonly [number, number])[]) =>
  checkVault(versions, new Map(rows)).map(({ status }) => status);

describe("the vault", () => {
  it.each([
    ["with nothing in it", [1], []],
    ["with everything under the key that seals", [2, 1], [[2, 7]]],
    [
      "whose old version has no row left",
      [2],
      [
        [2, 7],
        [1, 0],
      ],
    ],
  ] as const)("is fine %s", (_, versions, rows) => {
    expect(statusesOf(versions, rows)).toEqual(["ok", "ok"]);
  });

  it("counts what is sealed, be it one row", () => {
    const [keys] = checkVault([1], new Map([[1, 1]]));
    expect(keys?.detail).toBe("Everything that is sealed has its key: 1 row.");
  });

  it("has rows that wait to be moved", () => {
    const [keys, rotation] = checkVault(
      [2, 1],
      new Map([
        [1, 3],
        [2, 4],
      ]),
    );
    expect(keys).toMatchObject({ check: "vault.keys", status: "ok" });
    expect(rotation).toMatchObject({
      check: "vault.rotation",
      status: "warning",
      advice: "npx sallyport rotate encryption",
    });
    expect(rotation?.detail).toContain("3 rows under version 1");
  });

  it("has rows that nobody can open any more", () => {
    const [keys, rotation] = checkVault(
      [3],
      new Map([
        [1, 1],
        [2, 4],
        [3, 2],
      ]),
    );
    expect(keys).toMatchObject({ check: "vault.keys", status: "failed" });
    expect(keys?.detail).toContain("1 row under version 1 and 4 rows under version 2");
    expect(keys?.advice).not.toBeNull();
    // They cannot be moved either, so that is nobody's next step.
    expect(rotation).toMatchObject({ status: "ok" });
  });
});
