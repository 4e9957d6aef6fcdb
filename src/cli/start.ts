// npm start: the gateway on a laptop, from a fresh clone to a ready-to-paste request.
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ensureDevVars, readDevVars } from "./dev-vars.ts";
import { GatewayError } from "./gateway-error.ts";
import { applyMigrations, isFree, isStopping, startGateway, stopWhenAsked } from "./gateway-process.ts";
import { startLocalCron } from "./local-cron.ts";
import { MaskedOutput } from "./masked-output.ts";
import { nextCommand } from "./next-command.ts";
import type { ConnectionOptions } from "./settings.ts";
import { shellQuote } from "./shell-quote.ts";
import { describeStarter, ensureAccount } from "./starter-account.ts";
import { fail, refuseUsage, showUsage } from "./usage.ts";

const PROJECT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const PORT = "8787";
const DEFAULT_FILE = ".dev.vars";

const USAGE = `usage: npm start -- [--port PORT] [--state DIR] [--secrets FILE]

  --port     where to listen on 127.0.0.1 (default ${PORT})
  --state    where orders and the audit log are kept (default .wrangler/state); one gateway at a time
  --secrets  the file of secrets, written when there is none (default .dev.vars)`;

type Arguments = { readonly port: number; readonly stateDir: string; readonly devVars: string };

const args = readArguments();
stopWhenAsked(0);
try {
  await run(args);
} catch (thrown) {
  if (!isStopping()) {
    if (thrown instanceof GatewayError) fail(thrown.message);
    throw thrown;
  }
}

async function run({ port, stateDir, devVars }: Arguments): Promise<void> {
  if (!(await isFree(port))) {
    throw new GatewayError(
      `Port ${port} is in use. Stop what listens there, or: npm start -- --port ${port < 65_535 ? port + 1 : PORT}`,
    );
  }
  if (ensureDevVars(devVars)) console.log(`Wrote ${relative(process.cwd(), devVars)} with fresh random secrets.`);
  await applyMigrations(stateDir);
  // A line of the one may come between two pieces of a line of the other.
  const write = (text: string) => process.stdout.write(text);
  const output = { stdout: new MaskedOutput(write), stderr: new MaskedOutput(write) };
  const gateway = await startGateway({
    stateDir,
    envFile: devVars,
    port,
    onOutput: (text, stream) => output[stream].add(text),
  });
  gateway.process.on("exit", (code) => {
    output.stdout.end();
    output.stderr.end();
    if (!isStopping()) process.exit(code ?? 1);
  });
  startLocalCron(gateway.url, (trouble) => process.stderr.write(`The cron trigger could not be fired: ${trouble}\n`));
  const status = await ensureAccount(gateway.url, readDevVars(devVars).apiKey);
  const options = optionsFor(gateway.url, { port, devVars });
  console.log(welcome(gateway.url, options));
  const trouble = describeStarter(status, options);
  if (trouble !== undefined) console.log(`${trouble}\n`);
}

/** What `npx sallyport` has to be told about this gateway; nothing where it finds it by itself. */
function optionsFor(url: string, { port, devVars }: Pick<Arguments, "port" | "devVars">): ConnectionOptions {
  const file = relative(process.cwd(), devVars);
  return {
    ...(String(port) === PORT ? {} : { url }),
    ...(file === DEFAULT_FILE ? {} : { "dev-vars": file }),
  };
}

function welcome(url: string, options: ConnectionOptions): string {
  const file = shellQuote(options["dev-vars"] ?? DEFAULT_FILE);
  const command = (name: string): string => nextCommand(name, [], options);
  return `
Sallyport listens on ${url} (stop with Ctrl+C). Its API reference: ${url}/reference

Sign and send an order from another terminal, here in the project:

  ${command("send")} '{"symbol":"AAPL","side":"buy","type":"market","quantity":"10"}'

or with nothing but curl, openssl and node:

  SECRET=$(sed -n 's/^API_KEY_HMAC_SECRET="\\(.*,\\)*\\(.*\\)"$/\\2/p' ${file})
  BODY='{"symbol":"AAPL","side":"buy","type":"market","quantity":"10"}'
  TS=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  NONCE=$(node -p 'crypto.randomUUID()')
  SIG=$(printf 'v1\\n%s\\n%s\\n%s' "$TS" "$NONCE" "$BODY" | openssl dgst -sha256 -hmac "$SECRET" -r | cut -d' ' -f1)
  curl -s ${url}/webhooks/default -H "X-Timestamp: $TS" -H "X-Nonce: $NONCE" -H "X-Signature: v1=$SIG" -d "$BODY"

Read what became of it:

  ${command("orders")}

or with curl:

  KEY=$(sed -n 's/^BOOTSTRAP_API_KEY="\\(.*\\)"$/\\1/p' ${file})
  curl -s ${url}/v1/orders -H "X-API-Key: $KEY"
`;
}

function readArguments(): Arguments {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: "string", default: PORT },
        state: { type: "string", default: join(PROJECT, ".wrangler", "state") },
        secrets: { type: "string", default: join(PROJECT, ".dev.vars") },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) showUsage(USAGE);
    const port = /^\d{1,5}$/.test(values.port) ? Number(values.port) : 0;
    if (port < 1 || port > 65_535) throw new Error("--port takes a number from 1 to 65535");
    return { port, stateDir: resolve(values.state), devVars: resolve(values.secrets) };
  } catch (thrown) {
    return refuseUsage(USAGE, thrown);
  }
}
