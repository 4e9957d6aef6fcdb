import { execFile, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Gateway } from "../../src/cli/gateway-process.ts";
import { type World, aWorld } from "./support/running-gateway.ts";

const run = promisify(execFile);

/** The tests need git, npm and Node only; a program that is not on this machine is said aloud, not passed over. */
function isMissing(...programs: string[]): boolean {
  const missing = programs.filter((program) => spawnSync("sh", ["-c", `command -v ${program}`]).status !== 0);
  if (missing.length > 0) process.stderr.write(`NOT RUN, not on this machine: ${missing.join(", ")}\n`);
  return missing.length > 0;
}

/** The code block of that language in a page, as a reader would copy it. */
function blockOf(page: string, language: string, containing: string): string {
  const text = readFileSync(page, "utf8");
  const blocks = [...text.matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, "g"))].map(([, code]) => code ?? "");
  const block = blocks.find((code) => code.includes(containing));
  if (block === undefined) throw new Error(`${page} has no ${language} block with ${containing}`);
  return block;
}

describe("the documentation's programs, copied as they stand", () => {
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

  /** `npx sallyport` as a clone's own, so that a block of commands runs from a folder that holds no clone. */
  const asCloned = (code: string): string =>
    code.replaceAll("npx sallyport", `"${process.execPath}" "${resolve("src/cli/sallyport.js")}"`);
  const inWorld = () => {
    const { apiKey, hmacSecret } = world.secrets;
    const settings = { SALLYPORT_URL: gateway.url, SALLYPORT_API_KEY: apiKey, SALLYPORT_SECRET: hmacSecret };
    return { cwd: world.dir, env: { ...process.env, ...settings } };
  };

  it.skipIf(isMissing("python3"))("get an order accepted from Python's standard library", async () => {
    const code = here(blockOf("README.md", "python", "urllib.request"));
    const { stdout } = await run("python3", ["-c", code], { cwd: world.dir });
    expect(stdout).toMatch(/^202 (pending_new|new|filled)\n$/);
  });

  it.skipIf(isMissing("bash", "curl", "openssl", "sed"))("get an order accepted from curl and openssl", async () => {
    const code = here(blockOf("README.md", "sh", "openssl dgst"));
    const { stdout } = await run("bash", ["-c", code], { cwd: world.dir });
    expect(JSON.parse(stdout)).toMatchObject({ symbol: "AAPL", delivery: "delivered", outcome: "known" });
  });

  it.skipIf(isMissing("bash"))("get alerts in other formats to an account, and show their receipts", async () => {
    const code = asCloned(blockOf("README.md", "sh", "'BUY 10 SPY'"));
    const { stdout } = await run("bash", ["-ec", code], inWorld());
    const table = blockOf("README.md", "text", "WANTED").split("\n");
    for (const line of table) expect(stdout).toContain(line);
    expect(stdout.match(/^HTTP 202: recorded, and set going\.$/gm)).toHaveLength(2);
    expect(stdout).toMatch(/^format +text$/m);
    expect(stdout).toMatch(/^format +tradingview$/m);
  });

  it.skipIf(isMissing("bash", "jq"))("have an order wait for a person, with every other setting kept", async () => {
    const code = asCloned(blockOf("docs/approvals.md", "sh", "policy.json"));
    const { stdout, stderr } = await run("bash", ["-ec", code], inWorld());
    expect(stderr).not.toContain("leaves them out");
    expect(stdout).toMatch(/^HTTP 202: recorded, and held: /m);
    // Nobody is there to let the orders of the next tests pass.
    const auto = `jq '.approval = "auto"' policy.json | npx sallyport accounts policy paper - --reason over`;
    await run("bash", ["-ec", asCloned(auto)], inWorld());
  });

  it.skipIf(isMissing("bash", "jq"))("try a strategy in a shadow account, from a file with an order", async () => {
    const order = blockOf("docs/operating.md", "sh", "> order.json");
    const { stdout } = await run(
      "bash",
      ["-ec", asCloned(order + blockOf("docs/operating.md", "sh", "--fan-out trial"))],
      inWorld(),
    );
    expect(stdout).toMatch(/^paper: HTTP 202: recorded, and approved\.$/m);
    expect(stdout).toMatch(/^trial: HTTP 200: recorded, and approved; the account is a shadow and sends nothing\.$/m);
  });

  it.skipIf(isMissing("bash", "curl", "sed"))("read orders and the audit log with the API key", async () => {
    const code = here(blockOf("README.md", "sh", "/v1/audit"));
    const { stdout } = await run("bash", ["-c", code], { cwd: world.dir });
    expect(stdout).toContain('"orders":[{');
    expect(stdout).toContain('"entries":[{');
  });

  it.skipIf(isMissing("bash", "curl", "sed"))("place an order with the API key", async () => {
    const key = blockOf("README.md", "sh", "KEY=$(sed").split("\n")[0];
    const code = here(`${key}\n${blockOf("README.md", "sh", '"client_order_id":"first"')}`);
    const { stdout } = await run("bash", ["-c", code], { cwd: world.dir });
    expect(JSON.parse(stdout)).toMatchObject({ client_order_id: "first", symbol: "MSFT", type: "limit" });
  });

  it.skipIf(isMissing("bash"))("stop everything with one signed request", async () => {
    const code = asCloned(blockOf("docs/signals.md", "sh", "switch.json"));
    const { stdout } = await run("bash", ["-ec", code], inWorld());
    expect(stdout).toMatch(/^paper +stop +done +reducing, stop /m);
    const stops = await run("bash", ["-c", asCloned("npx sallyport stops --json")], inWorld());
    const [stop] = JSON.parse(stops.stdout) as { id: string }[];
    expect(stop).toMatchObject({ account: null, source: null, set_by: "switch" });
    await run("bash", ["-ec", asCloned(`npx sallyport release ${stop?.id}`)], inWorld());
  });

  it.skipIf(isMissing("python3"))("follow the audit log's chain from page to page", async () => {
    const code = here(blockOf("docs/audit-log.md", "python", "hashlib")).replace("limit=200", "limit=2");
    const { stdout } = await run("python3", ["-c", code, "paper"], { cwd: world.dir });
    expect(stdout).toMatch(/^\d+ entries, every one follows the one before it/);
  });
});
