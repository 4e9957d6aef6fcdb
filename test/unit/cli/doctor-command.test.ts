import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommandLine } from "../../../src/cli/command-line.ts";
import { aFakeGateway } from "../../support/fake-gateway.ts";

let dir: string;
beforeAll(async () => {
  // Takes seconds to load on a busy machine: here, where no test waits for it.
  await import("wrangler");
  dir = mkdtempSync(join(tmpdir(), "sallyport-doctor-"));
}, 60_000);
afterAll(() => rmSync(dir, { recursive: true }));

async function doctor(...args: string[]) {
  let out = "";
  const writeOut = (text: string) => (out += text);
  const env = { SALLYPORT_API_KEY: "an-api-key-that-nobody-may-see" };
  const exit = await runCommandLine(["doctor", ...args], {
    env,
    isTerminal: false,
    isWatched: false,
    writeOut,
    writeError: () => "",
  });
  return { exit, out };
}

type Found = { status: string; checks: { check: string; status: string }[] };
const failuresIn = (out: string): string[] =>
  (JSON.parse(out) as Found).checks.filter(({ status }) => status === "failed").map(({ check }) => check);

describe("the command line of the doctor", () => {
  it.each([[["now"]], [["--url", "http://example.com"]], [["--no-such-option"]]])(
    "that makes no sense, %j, is not answered with an examination",
    async (args) => {
      expect(await doctor(...args)).toEqual({ exit: 2, out: "" });
    },
  );

  it("asks no gateway where another environment is meant, and nobody has said where its gateway is", async () => {
    const { exit, out } = await doctor("--env", "production", "--json");
    const { checks } = JSON.parse(out) as Found;
    const names = checks.map(({ check }) => check);
    expect(checks.find(({ check }) => check === "gateway.reachable")?.status).toBe("warning");
    // Whether they are placeholders still is the operator's business.
    expect(names).toEqual(expect.arrayContaining(["local.database_id", "local.domain"]));
    expect(names).not.toContain("local.dev_vars");
    expect(exit).toBe(failuresIn(out).length === 0 ? 0 : 1);
  });

  it("says that the gateway that was asked is not of the environment that is meant", async () => {
    const health = { status: "ok", environment: "development", version: "0.1.0" };
    const gateway = await aFakeGateway(({ path }) => (path === "/health" ? { body: health } : undefined));
    const { exit, out } = await doctor("--env", "production", "--url", gateway.url, "--json");
    await gateway.close();
    expect(exit).toBe(1);
    expect(failuresIn(out)).toContain("gateway.environment");
  });

  it("says that there is no such environment", async () => {
    expect(failuresIn((await doctor("--env", "nowhere", "--json")).out)).toEqual(["local.environment"]);
  });

  it("looks at the rest where no gateway answers and no secrets are, and exits with 1", async () => {
    const none = join(dir, "none");
    const { exit, out } = await doctor("--url", "http://127.0.0.1:1", "--dev-vars", none, "--state", none, "--json");
    expect(exit).toBe(1);
    expect(failuresIn(out)).toEqual(["local.dev_vars", "gateway.reachable"]);
  });
});
