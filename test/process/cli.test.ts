import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { type Server, createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Gateway } from "../../src/cli/gateway-process.ts";
import { sleep } from "../../src/cli/gateway-process.ts";
import { type World, aWorld } from "./support/running-gateway.ts";

const BUY = '{"symbol":"AAPL","side":"buy","type":"market","quantity":"1"}';
const PATIENCE_MS = 45_000;

type Command = { readonly child: ChildProcess; readonly output: () => string; readonly exit: Promise<number | null> };

let dir: string;
let started: ChildProcess[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sallyport-cli-"));
  started = [];
});
afterEach(() => {
  for (const child of started) child.kill("SIGKILL");
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
});

function run(script: string, args: readonly string[], env: Record<string, string> = {}): Command {
  return follow(spawn(process.execPath, [`src/cli/${script}.ts`, ...args], { env: { ...process.env, ...env } }));
}

function follow(child: ChildProcess): Command {
  started.push(child);
  let output = "";
  child.stdout?.on("data", (text: Buffer) => (output += String(text)));
  child.stderr?.on("data", (text: Buffer) => (output += String(text)));
  return { child, output: () => output, exit: once(child, "close").then(([code]) => code as number | null) };
}

const stateArgs = () => ["--state", join(dir, "state"), "--secrets", join(dir, "dev.vars")];
const lockFile = () => join(dir, "state", "gateway.pid");

async function until(claim: () => boolean): Promise<void> {
  for (const deadlineMs = Date.now() + PATIENCE_MS; !claim(); await sleep(50)) {
    if (Date.now() > deadlineMs) throw new Error("waited in vain");
  }
}

/** The process group that works on the state, once there is one that is not the command itself. */
async function workerGroup(command: Command): Promise<number> {
  const holder = () => (existsSync(lockFile()) ? Number(readFileSync(lockFile(), "utf8")) : Number.NaN);
  await until(() => Number.isInteger(holder()) && holder() !== command.child.pid);
  return holder();
}

/** A member of the group that runs; one that has ended and waits to be collected by init does not count. */
function hasMembers(group: number): boolean {
  const { stdout } = spawnSync("ps", ["-A", "-o", "pgid=,stat="], { encoding: "utf8" });
  return stdout.split("\n").some((line) => {
    const [pgid, stat] = line.trim().split(/\s+/);
    return Number(pgid) === group && stat !== undefined && !stat.startsWith("Z");
  });
}

async function aPort(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function aFreePort(): Promise<number> {
  const server = createServer();
  const port = await aPort(server);
  server.close();
  await once(server, "close");
  return port;
}

describe("npm start", () => {
  it.each(["SIGINT", "SIGTERM"] as const)("leaves nothing behind when %s comes before it is ready", async (signal) => {
    const command = run("start", ["--port", String(await aFreePort()), ...stateArgs()]);
    const group = await workerGroup(command);
    command.child.kill(signal);
    expect(await command.exit).toBe(0);
    expect(hasMembers(group)).toBe(false);
    expect(existsSync(lockFile())).toBe(false);
    expect(command.output()).not.toContain("Error");
  });

  it("ends when the process that started it is gone", async () => {
    const port = await aFreePort();
    const script = `"${process.execPath}" src/cli/start.ts --port ${port} --state "${dir}/state" --secrets "${dir}/dev.vars" & wait`;
    const command = follow(spawn("sh", ["-c", script]));
    const group = await workerGroup(command);
    command.child.kill("SIGKILL");
    await until(() => !existsSync(lockFile()));
    expect(hasMembers(group)).toBe(false);
    await command.exit;
  });

  it("says that the port is taken, by whatever it is, and starts nothing", async () => {
    const other = createServer((_request, response) => response.end("hello"));
    const port = await aPort(other);
    try {
      const command = run("start", ["--port", String(port), ...stateArgs()]);
      expect(await command.exit).toBe(1);
      expect(command.output()).toBe(
        `Port ${port} is in use. Stop what listens there, or: npm start -- --port ${port + 1}\n`,
      );
      expect(readdirSync(dir)).toEqual([]);
    } finally {
      other.close();
    }
  });

  it("names the setting that keeps the gateway from working", async () => {
    writeFileSync(
      join(dir, "dev.vars"),
      'API_KEY_HMAC_SECRET="short"\nBOOTSTRAP_API_KEY="short"\nBROKER_CREDENTIALS=\'{}\'\n',
    );
    const command = run("start", ["--port", String(await aFreePort()), ...stateArgs()]);
    expect(await command.exit).toBe(1);
    expect(command.output()).toMatch(/The gateway is not configured:\n.*API_KEY_HMAC_SECRET/);
    expect(command.output()).not.toContain("    at ");
    expect(existsSync(lockFile())).toBe(false);
  });

  it("takes over a lock whose process is gone, and prints commands that fit its port and files", async () => {
    const { pid: gone } = spawnSync("true");
    const port = await aFreePort();
    spawnSync("mkdir", [join(dir, "state")]);
    writeFileSync(lockFile(), `${gone}\n`);
    const command = run("start", ["--port", String(port), ...stateArgs()]);
    await until(() => command.output().includes("Read what became of it"));
    expect(command.output()).toContain(`npm run send -- --url http://127.0.0.1:${port} --secrets `);
    expect(command.output()).toContain(`http://127.0.0.1:${port}/webhooks/default`);

    const second = run("start", ["--port", String(await aFreePort()), ...stateArgs()]);
    expect(await second.exit).toBe(1);
    expect(second.output()).toMatch(
      new RegExp(`^Another gateway \\(pid ${await workerGroup(command)}\\) uses .*state\\. .*\n$`),
    );

    command.child.kill("SIGTERM");
    expect(await command.exit).toBe(0);
    expect(existsSync(lockFile())).toBe(false);
  });
});

describe("a command line that makes no sense", () => {
  it.each([
    ["start", ["--port", "abc"], "--port takes a number from 1 to 65535"],
    ["start", ["--port", "0"], "--port takes a number from 1 to 65535"],
    ["start", ["--prot", "8788"], "--prot"],
    ["send", ["--wait", "abc", BUY], "--wait takes whole seconds"],
    ["send", ["--wiat", "5", BUY], "--wiat"],
    ["send", ["--url", "localhost", BUY], "--url takes an http or https URL"],
    ["send", [], "BODY is missing"],
    ["send", [BUY, BUY], "Give one BODY"],
  ])("%s %j is refused with the usage", async (script, args, fault) => {
    const command = run(script, args);
    expect(await command.exit).toBe(2);
    expect(command.output()).toContain(fault);
    expect(command.output()).toContain("usage: npm ");
    expect(command.output()).not.toContain("    at ");
  });

  it.each(["start", "send"])("%s --help shows the usage", async (script) => {
    const command = run(script, ["--help"]);
    expect(await command.exit).toBe(0);
    expect(command.output()).toMatch(/^usage: npm /);
  });
});

describe("npm run demo", () => {
  it("takes its processes and its files along when it is interrupted", async () => {
    const command = run("demo", [], { TMPDIR: dir });
    const stateDir = () => readdirSync(dir).find((name) => name.startsWith("sallyport-demo-")) ?? "";
    const lock = () => join(dir, stateDir(), "gateway.pid");
    await until(() => existsSync(lock()) && Number(readFileSync(lock(), "utf8")) !== command.child.pid);
    const group = Number(readFileSync(lock(), "utf8"));
    command.child.kill("SIGINT");
    expect(await command.exit).toBe(1);
    expect(hasMembers(group)).toBe(false);
    expect(stateDir()).toBe("");
  });
});

describe("npm run send", () => {
  let world: World;
  let gateway: Gateway;
  beforeAll(async () => {
    world = await aWorld();
    gateway = await world.start();
  });
  afterAll(async () => {
    await gateway.stop();
    world.dispose();
  });

  const secrets = () => ["--secrets", join(world.dir, "secrets.env")];

  it("shows the order and a command that reads it", async () => {
    const command = run("send", ["--url", gateway.url, ...secrets(), "--wait", "5", BUY]);
    expect(await command.exit).toBe(0);
    expect(command.output()).toMatch(/^HTTP 202\n\{\n/);
    const [, line] = /\n {2}(curl .*)\n/.exec(command.output()) ?? [];
    const read = follow(spawn("sh", ["-c", line ?? "false"]));
    expect(await read.exit).toBe(0);
    expect(JSON.parse(read.output())).toMatchObject({ symbol: "AAPL", quantity: "1" });
  });

  it("exits with 0 for an order that the policy denied, and says so", async () => {
    const command = run("send", ["--url", gateway.url, ...secrets(), BUY.replace('"1"', '"100000"')]);
    expect(await command.exit).toBe(0);
    expect(command.output()).toContain('"status": "denied"');
  });

  it("exits with 1 when the gateway refuses", async () => {
    const secret = "x".repeat(32);
    const command = run("send", ["--url", gateway.url, BUY], { SALLYPORT_SECRET: secret });
    expect(await command.exit).toBe(1);
    expect(command.output()).toMatch(/^HTTP 401\n/);
  });

  it("says that nothing listens", async () => {
    const url = `http://127.0.0.1:${await aFreePort()}`;
    const command = run("send", ["--url", url, ...secrets(), BUY]);
    expect(await command.exit).toBe(1);
    expect(command.output()).toBe(`Nothing listens on ${url}; run npm start first.\n`);
  });

  it("says where the secrets come from when there are none", async () => {
    const command = run("send", ["--secrets", join(dir, "dev.vars"), BUY]);
    expect(await command.exit).toBe(1);
    expect(command.output()).toMatch(/^There is no .*dev\.vars; run npm start once, it writes one\.\n$/);
  });
});
