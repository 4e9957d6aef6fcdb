import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { join } from "node:path";
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Gateway } from "../../src/cli/gateway-process.ts";
import { type World, aWorld } from "./support/running-gateway.ts";

const run = promisify(execFile);

/** The code block of that language in the README, as a reader would copy it. */
function readmeBlock(language: string, containing: string): string {
  const readme = readFileSync("README.md", "utf8");
  const blocks = [...readme.matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, "g"))].map(
    ([, code]) => code ?? "",
  );
  const block = blocks.find((code) => code.includes(containing));
  if (block === undefined) throw new Error(`the README has no ${language} block with ${containing}`);
  return block;
}

describe("the README's requests, copied as they stand", () => {
  let world: World;
  let gateway: Gateway;
  beforeAll(async () => {
    world = await aWorld();
    gateway = await world.start();
    writeFileSync(
      join(world.dir, ".dev.vars"),
      `API_KEY_HMAC_SECRET="${world.secrets.hmacSecret}"\nBOOTSTRAP_API_KEY="${world.secrets.apiKey}"\n`,
    );
  });
  afterAll(async () => {
    await gateway.stop();
    world.dispose();
  });

  const here = (code: string): string => code.replaceAll("http://127.0.0.1:8787", gateway.url);

  it("get an order accepted from Python's standard library", async () => {
    const code = here(readmeBlock("python", "urllib.request"));
    const { stdout } = await run("python3", ["-c", code], { cwd: world.dir });
    expect(stdout).toMatch(/^202 (pending_new|new|filled)\n$/);
  });

  it("get an order accepted from curl and openssl", async () => {
    const code = here(readmeBlock("sh", "openssl dgst"));
    const { stdout } = await run("bash", ["-c", code], { cwd: world.dir });
    expect(JSON.parse(stdout)).toMatchObject({ symbol: "AAPL", delivery: "delivered", outcome: "known" });
  });

  it("read orders and the audit log with the API key", async () => {
    const code = here(readmeBlock("sh", "/v1/audit"));
    const { stdout } = await run("bash", ["-c", code], { cwd: world.dir });
    expect(stdout).toContain('"orders":[{');
    expect(stdout).toContain('"entries":[{');
  });
});
