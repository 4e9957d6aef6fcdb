import { describe, expect, it } from "vitest";
import { hasFlag, readArguments, readOne, readWhole, readWord } from "../../../src/cli/arguments.ts";
import { UsageFault } from "../../../src/cli/failure.ts";

const OPTIONS = { url: { type: "string" }, all: { type: "boolean" } } as const;

function faultOf(work: () => unknown): string {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof UsageFault) return thrown.message;
    throw thrown;
  }
  return "no fault";
}

describe("arguments", () => {
  it("are options of the command, options of every command, and the rest", () => {
    const { values, positionals } = readArguments(["list", "--url", "https://a.b", "--json", "--all", "x"], OPTIONS);
    expect(values).toEqual({ url: "https://a.b", json: true, all: true });
    expect(positionals).toEqual(["list", "x"]);
  });

  it.each([
    [["--utl", "x"], "--utl"],
    [["--url"], "--url"],
    [["--all=yes"], "--all"],
    [["--url", "--all"], "--url"],
  ])("%j are refused, and the option is named", (args, named) => {
    expect(faultOf(() => readArguments(args, OPTIONS))).toContain(named);
  });
});

describe("a secret as an argument", () => {
  const SECRET = "whsec_do-not-repeat-me";

  it.each([
    ["--api-key", ["--api-key", SECRET]],
    ["--api-key", [`--api-key=${SECRET}`]],
    ["--secret", ["--url", "https://a.b", "--secret", SECRET]],
    ["--key", [`--key=${SECRET}`]],
    ["--token", ["--token", SECRET]],
    ["--hmac-secret", [`--hmac-secret=${SECRET}`]],
    ["--password", ["--password", SECRET]],
  ])("is refused as %s, with the way to give it, and not repeated", (option, args) => {
    const fault = faultOf(() => readArguments(args, OPTIONS));
    expect(fault).toContain(`${option}: a key or secret is never taken as an argument`);
    expect(fault).toContain("SALLYPORT_API_KEY");
    expect(fault).not.toContain(SECRET);
  });

  it("is not repeated by any other refusal either", () => {
    expect(faultOf(() => readArguments([`--apikeys=${SECRET}`], OPTIONS))).not.toContain(SECRET);
    expect(faultOf(() => readArguments(["-k", SECRET], OPTIONS))).not.toContain(SECRET);
    expect(faultOf(() => readOne("BODY", [SECRET, SECRET]))).not.toContain(SECRET);
    expect(faultOf(() => readWhole("--limit", SECRET, { min: 1, max: 2 }))).not.toContain(SECRET);
    expect(faultOf(() => readWord("--scheme", SECRET, ["v1"]))).not.toContain(SECRET);
  });

  it("is text after --, where nothing is an option", () => {
    expect(readArguments(["--", "--secret"], OPTIONS).positionals).toEqual(["--secret"]);
  });
});

describe("a flag", () => {
  it("counts before -- only", () => {
    expect(hasFlag(["x", "--json"], "--json")).toBe(true);
    expect(hasFlag(["--", "--json"], "--json")).toBe(false);
    expect(hasFlag(["-h"], "--help", "-h")).toBe(true);
  });
});

describe("a whole number", () => {
  it("is read within its bounds, both included", () => {
    expect(readWhole("--wait", "0", { min: 0, max: 10 })).toBe(0);
    expect(readWhole("--wait", "10", { min: 0, max: 10 })).toBe(10);
  });

  it.each(["", "-1", "11", "1.5", "1e1", "0x1", " 1", "abc"])("is not %j", (text) => {
    expect(faultOf(() => readWhole("--wait", text, { min: 0, max: 10 }))).toBe(
      "--wait takes a whole number from 0 to 10",
    );
  });
});

describe("a word and the one argument", () => {
  it("are those asked for", () => {
    expect(readWord("--scheme", "v1", ["v1", "v2"])).toBe("v1");
    expect(faultOf(() => readWord("--scheme", "v3", ["v1", "v2"]))).toBe("--scheme takes v1 or v2");
    expect(readOne("BODY", ["x"])).toBe("x");
    expect(faultOf(() => readOne("BODY", []))).toBe("BODY is missing");
    expect(faultOf(() => readOne("BODY", ["x", "y"]))).toBe("Give one BODY");
  });
});
