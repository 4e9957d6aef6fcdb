// Runs the gateway as a real process: migrations, then `wrangler dev`, until it answers. Leaves no process behind.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { GatewayError } from "./gateway-error.ts";
import { withoutSettings } from "./setting-names.ts";
import { lockState } from "./state-lock.ts";

const PROJECT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const TETHER = join(PROJECT, "src", "cli", "tether.ts");
const WRANGLER = join(PROJECT, "node_modules", "wrangler", "bin", "wrangler.js");
const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 5_000;
/** How long a line that is already written may take through wrangler's pipe. */
const LOG_TIMEOUT_MS = 2_000;
const PARENT_POLL_MS = 1_000;

/** Nothing is reported, fetched or asked for: the gateway runs the same with no network and no terminal. */
const QUIET = {
  CI: "1",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_SEND_METRICS: "false",
  X_LOCAL_OBSERVABILITY: "false",
};

type OutputStream = "stdout" | "stderr";

export type GatewayOptions = {
  /** Where D1 and the Durable Objects keep their files. */
  readonly stateDir: string;
  /** A file of secrets in `.dev.vars` form; the project's own `.dev.vars` when absent. */
  readonly envFile?: string;
  readonly port?: number;
  /** A wrangler configuration to run instead of the project's own. */
  readonly config?: string;
  /** Settings that differ from wrangler.toml. */
  readonly vars?: Readonly<Record<string, string>>;
  /** Ends it as a crash would when it fires, also before it answers. */
  readonly killSignal?: AbortSignal;
  /** Called with every piece of output, and by which of the two ways it came. */
  readonly onOutput?: (text: string, stream: OutputStream) => void;
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
  const child = spawnWrangler(stateDir, ["d1", "migrations", "apply", "DB", "--local"]);
  let output = "";
  child.stdout?.on("data", (text: Buffer) => (output += String(text)));
  child.stderr?.on("data", (text: Buffer) => (output += String(text)));
  const [code] = await once(child, "exit");
  if (code !== 0) throw new GatewayError(`The migrations failed:\n${output}`);
}

/** Starts the gateway and resolves once it answers. Throws a GatewayError when it does not. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const port = options.port ?? (await freePort());
  const child = spawnWrangler(options.stateDir, [
    "dev",
    ...["--ip", "127.0.0.1", "--port", String(port), "--inspector-port", "0"],
    "--show-interactive-dev-session=false",
    ...(options.config === undefined ? [] : ["--config", options.config]),
    ...(options.envFile === undefined ? [] : ["--env-file", options.envFile]),
    ...Object.entries(options.vars ?? {}).flatMap(([name, value]) => ["--var", `${name}:${value}`]),
  ]);
  options.killSignal?.addEventListener("abort", () => void end(child, "SIGKILL"));
  let output = "";
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream]?.on("data", (text: Buffer) => {
      output = (output + String(text)).slice(-20_000);
      options.onOutput?.(String(text), stream);
    });
  }

  const gateway: Gateway = {
    url: `http://127.0.0.1:${port}`,
    process: child,
    stop: () => end(child, "SIGTERM"),
    kill: () => end(child, "SIGKILL"),
  };
  const deadlineMs = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    const answer = await askHealth(gateway.url);
    if (answer === "ok") return gateway;
    if (answer === "misconfigured") {
      const named = await waitForLine(() => output, '"config.invalid"');
      await gateway.kill();
      throw new GatewayError(`The gateway is not configured:\n${named ?? output}`);
    }
    if (hasEnded(child) || Date.now() > deadlineMs) {
      await gateway.kill();
      throw new GatewayError(`The gateway did not start:\n${output}`);
    }
    await sleep(100);
  }
}

/**
 * Ends every child and then this process, on SIGINT, on SIGTERM and when the parent is gone. The last because npm and the
 * shell between us can be ended alone, and a gateway nobody sees would keep the port and the state.
 */
export function stopWhenAsked(exitCode: number): void {
  const stop = () => {
    if (stopping) return;
    stopping = true;
    void Promise.all([...running].map((child) => end(child, "SIGTERM"))).then(() => process.exit(exitCode));
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) stop();
  }, PARENT_POLL_MS).unref();
}

/** Whether the end was asked for: what fails from then on fails because of that. */
export const isStopping = (): boolean => stopping;

/** Whether nobody listens there. */
export async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Every child that has not been seen to end. */
const running = new Set<ChildProcess>();
let stopping = false;

// Whatever ends this process short of SIGKILL takes the children along.
process.on("exit", () => {
  for (const child of running) signalGroup(child.pid, "SIGKILL");
});

/** Runs wrangler on a state directory that nothing else works on meanwhile. */
function spawnWrangler(stateDir: string, args: readonly string[]): ChildProcess {
  if (stopping) throw new GatewayError("The gateway is stopping.");
  const lock = lockState(stateDir);
  const child = spawn(process.execPath, [TETHER, WRANGLER, ...args, "--persist-to", stateDir], {
    cwd: PROJECT,
    env: { ...withoutSettings(process.env), ...QUIET },
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, so that one signal reaches workerd as well.
    detached: true,
  });
  running.add(child);
  // It outlives us by a moment when we are killed, and until then the state is in use.
  if (child.pid !== undefined) lock.handTo(child.pid);
  child.on("exit", () => {
    // workerd may outlive its parent for a moment; the group is gone after this.
    signalGroup(child.pid, "SIGKILL");
    lock.release();
    running.delete(child);
  });
  return child;
}

/** What `/health` says, if it is ours: another program's answer counts as none. */
async function askHealth(url: string): Promise<"ok" | "misconfigured" | "none"> {
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(2_000) });
    const body = (await response.json()) as { status?: unknown; code?: unknown };
    if (response.status === 200 && body.status === "ok") return "ok";
    return response.status === 503 && body.code === "misconfigured" ? "misconfigured" : "none";
  } catch {
    return "none";
  }
}

async function waitForLine(read: () => string, containing: string): Promise<string | undefined> {
  for (const deadlineMs = Date.now() + LOG_TIMEOUT_MS; Date.now() < deadlineMs; await sleep(50)) {
    const line = read()
      .split("\n")
      .find((text) => text.includes(containing));
    if (line !== undefined) return line;
  }
  return undefined;
}

const hasEnded = (child: ChildProcess): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (hasEnded(child)) return;
  const exited = once(child, "exit");
  signalGroup(child.pid, signal);
  const timer = setTimeout(() => signalGroup(child.pid, "SIGKILL"), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
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
