// Runs the gateway as a real process: migrations, then `wrangler dev`, until it answers.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const PROJECT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const WRANGLER = join(PROJECT, "node_modules", "wrangler", "bin", "wrangler.js");
const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 5_000;

/** Nothing is reported, fetched or asked for: the gateway runs the same with no network and no terminal. */
const QUIET = {
  CI: "1",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_SEND_METRICS: "false",
  X_LOCAL_OBSERVABILITY: "false",
};

export type GatewayOptions = {
  /** Where D1 and the Durable Objects keep their files. */
  readonly stateDir: string;
  /** A file of secrets in `.dev.vars` form; the project's own `.dev.vars` when absent. */
  readonly envFile?: string;
  readonly port?: number;
  /** Settings that differ from wrangler.toml. */
  readonly vars?: Readonly<Record<string, string>>;
  /** Called with every piece of output. */
  readonly onOutput?: (text: string) => void;
};

export type Gateway = {
  readonly url: string;
  readonly process: ChildProcess;
  /** Ends the whole process group: SIGTERM, and SIGKILL if that is not heard. */
  readonly stop: () => Promise<void>;
  /** Ends it as a crash would, between any two instructions. */
  readonly kill: () => Promise<void>;
};

/** Brings the local D1 up to date. */
export async function applyMigrations(stateDir: string): Promise<void> {
  const child = spawnWrangler(["d1", "migrations", "apply", "DB", "--local", "--persist-to", stateDir]);
  let output = "";
  child.stdout?.on("data", (text: Buffer) => (output += String(text)));
  child.stderr?.on("data", (text: Buffer) => (output += String(text)));
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`migrations failed:\n${output}`);
}

/** Starts the gateway and resolves once it answers. Throws, with the output, when it does not. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const port = options.port ?? (await freePort());
  const child = spawnWrangler([
    "dev",
    ...["--ip", "127.0.0.1", "--port", String(port), "--inspector-port", "0"],
    ...["--persist-to", options.stateDir, "--show-interactive-dev-session=false"],
    ...(options.envFile === undefined ? [] : ["--env-file", options.envFile]),
    ...Object.entries(options.vars ?? {}).flatMap(([name, value]) => ["--var", `${name}:${value}`]),
  ]);
  let output = "";
  const collect = (text: Buffer) => {
    output = (output + String(text)).slice(-20_000);
    options.onOutput?.(String(text));
  };
  child.stdout?.on("data", collect);
  child.stderr?.on("data", collect);

  const gateway: Gateway = {
    url: `http://127.0.0.1:${port}`,
    process: child,
    stop: () => end(child, "SIGTERM"),
    kill: () => end(child, "SIGKILL"),
  };
  const deadlineMs = Date.now() + READY_TIMEOUT_MS;
  while (!(await answers(gateway.url))) {
    if (child.exitCode !== null || Date.now() > deadlineMs) {
      await gateway.kill();
      throw new Error(`the gateway did not start:\n${output}`);
    }
    await sleep(100);
  }
  return gateway;
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function spawnWrangler(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [WRANGLER, ...args], {
    cwd: PROJECT,
    env: { ...process.env, ...QUIET },
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, so that one signal reaches workerd as well.
    detached: true,
  });
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(2_000) });
    await response.arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  signalGroup(child.pid, signal);
  const timer = setTimeout(() => signalGroup(child.pid, "SIGKILL"), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
  // workerd may outlive its parent for a moment; the group is gone after this.
  signalGroup(child.pid, "SIGKILL");
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The group has already ended.
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
