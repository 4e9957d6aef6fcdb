// The gateway of a chaos run: a real `wrangler dev` on one state directory and one port, killed and started again.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { experimental_readRawConfig } from "wrangler";
import { type DevSecrets, ensureDevVars, readDevVars } from "../../src/cli/dev-vars.ts";
import { type Gateway, applyMigrations, startGateway } from "../../src/cli/gateway-process.ts";

export type MortalGateway = {
  readonly url: string;
  readonly secrets: DevSecrets;
  /** Resolves at once while it is up, and otherwise when it is again. */
  readonly whenUp: () => Promise<void>;
  /**
   * SIGKILL for its whole process group, then a new start on the same state. Each number is one more start before that
   * one, killed so many milliseconds after it began.
   */
  readonly kill: (startsCutAfterMs: readonly number[]) => Promise<void>;
  readonly stop: () => Promise<void>;
};

export type GatewayOptions = {
  readonly dir: string;
  /** The project, or a copy of it. */
  readonly source: string;
  /** The account of signals that name none. */
  readonly defaultAccount: string;
  readonly onOutput: (text: string) => void;
  /** It ended, and nobody killed it. */
  readonly onDeath: (description: string) => void;
};

export async function startMortalGateway(options: GatewayOptions): Promise<MortalGateway> {
  const { dir, onOutput, onDeath } = options;
  const envFile = join(dir, "secrets.env");
  ensureDevVars(envFile);
  const secrets = readDevVars(envFile);
  const config = join(dir, "wrangler.json");
  writeFileSync(config, JSON.stringify(configOf(options), undefined, 2));
  await applyMigrations(dir);

  let port: number | undefined;
  let up = Promise.withResolvers<void>();
  let isOver = false;
  let current: Gateway | undefined;
  const start = (killSignal?: AbortSignal): Promise<Gateway> =>
    startGateway({
      stateDir: dir,
      envFile,
      config,
      onOutput,
      ...(port === undefined ? {} : { port }),
      ...(killSignal ? { killSignal } : {}),
    });

  async function resume(): Promise<Gateway> {
    const gateway = await start();
    // The run was given up while this start was under way.
    if (isOver) await gateway.stop();
    current = gateway;
    up.resolve();
    gateway.process.once("exit", (code, signal) => {
      if (current === gateway) onDeath(`the gateway ended by itself (${String(code ?? signal)})`);
    });
    return gateway;
  }

  async function end(how: "kill" | "stop"): Promise<void> {
    const ending = current;
    if (ending === undefined) return;
    current = undefined;
    up = Promise.withResolvers();
    await ending[how]();
  }

  const { url } = await resume();
  port = Number(new URL(url).port);
  return {
    url,
    secrets,
    whenUp: () => up.promise,
    kill: async (startsCutAfterMs) => {
      await end("kill");
      for (const afterMs of startsCutAfterMs) await cutStart(start, afterMs);
      await resume();
    },
    stop: () => {
      isOver = true;
      return end("stop");
    },
  };
}

/** A start that is faster than its end is killed when it is through. */
async function cutStart(start: (killSignal: AbortSignal) => Promise<Gateway>, afterMs: number): Promise<void> {
  const killSignal = AbortSignal.timeout(afterMs);
  try {
    await (await start(killSignal)).kill();
  } catch (thrown) {
    if (!killSignal.aborted) throw thrown;
  }
}

/** The parts of a wrangler configuration that are changed here. */
type RawConfig = {
  readonly main: string;
  readonly vars: Readonly<Record<string, unknown>>;
  readonly d1_databases: readonly object[];
};

/** The source's own wrangler.toml, with limits that keep nobody in the run waiting. */
function configOf({ source, defaultAccount }: GatewayOptions): object {
  const read = experimental_readRawConfig({ config: join(source, "wrangler.toml") });
  const { env: _, ...raw } = read.rawConfig as RawConfig & { readonly env: unknown };
  return {
    ...raw,
    main: join(source, raw.main),
    d1_databases: raw.d1_databases.map((database) => ({ ...database, migrations_dir: join(source, "migrations") })),
    vars: {
      ...raw.vars,
      RATE_LIMIT_RPS: "1000",
      DEFAULT_ACCOUNT: defaultAccount,
      LIMITS: { authenticated: { quota: 1_000_000, window_sec: 60 } },
    },
  };
}
