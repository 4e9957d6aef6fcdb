import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nameSecret } from "../../../src/cli/key-name.ts";
import { importSourceKey } from "../../../src/intake/source-keys.ts";

describe("the name of a secret", () => {
  it("is the one that the gateway writes into the audit log", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1 }), async (secret) => {
        expect(await nameSecret(secret)).toBe((await importSourceKey(secret)).id);
      }),
    );
  });
});
