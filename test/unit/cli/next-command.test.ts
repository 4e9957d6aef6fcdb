import { describe, expect, it } from "vitest";
import { nextCommand } from "../../../src/cli/next-command.ts";

describe("the next command", () => {
  it("has what this one was told about the gateway, and nothing where it was told nothing", () => {
    expect(nextCommand("sources show", ["momentum"], {})).toBe("npx sallyport sources show momentum");
    const options = { url: "https://a.b", "dev-vars": "my secrets" };
    expect(nextCommand("sources show", ["momentum"], options)).toBe(
      "npx sallyport sources show --url https://a.b --dev-vars 'my secrets' momentum",
    );
  });

  it("says where the options end when an id begins like one", () => {
    expect(nextCommand("sources retire", ["momentum", "-x3"], { url: "https://a.b" })).toBe(
      "npx sallyport sources retire --url https://a.b -- momentum -x3",
    );
  });
});
