import { spawnSync } from "node:child_process";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shellQuote } from "../../../src/cli/shell-quote.ts";

describe("a quoted word", () => {
  it("comes out of a shell as it went in", () => {
    const word = fc.string({ unit: fc.constantFrom(...Array.from("'\"\\$`!*?~ \n\t;&|<>(){}[]#=%aé\u0001")) });
    fc.assert(
      fc.property(word, (text) => {
        expect(spawnSync("sh", ["-c", `printf %s ${shellQuote(text)}`], { encoding: "utf8" }).stdout).toBe(text);
      }),
      { numRuns: 50 },
    );
  });

  it("has no quotes where it needs none", () => {
    expect(shellQuote("http://127.0.0.1:8787/webhooks/default")).toBe("http://127.0.0.1:8787/webhooks/default");
    expect(shellQuote("")).toBe("''");
  });
});
