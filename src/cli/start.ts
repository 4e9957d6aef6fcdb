// npm start: the gateway on a laptop, from a fresh clone to a ready-to-paste request.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ensureDevVars } from "./dev-vars.ts";
import { applyMigrations, startGateway } from "./gateway-process.ts";

const PROJECT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const DEV_VARS = join(PROJECT, ".dev.vars");
const STATE = join(PROJECT, ".wrangler", "state");

const { values } = parseArgs({ options: { port: { type: "string", default: "8787" } } });

if (ensureDevVars(DEV_VARS)) console.log("Wrote .dev.vars with fresh random secrets.");
await applyMigrations(STATE);
const gateway = await startGateway({
  stateDir: STATE,
  port: Number(values.port),
  onOutput: (text) => process.stdout.write(text),
});

console.log(`
Sallyport listens on ${gateway.url} (stop with Ctrl+C). Its API reference: ${gateway.url}/reference

Send a signed order from another terminal, here in the project:

  npm run send -- '{"symbol":"AAPL","side":"buy","type":"market","quantity":"10"}'

or with nothing but a shell, curl and openssl:

  SECRET=$(sed -n 's/^API_KEY_HMAC_SECRET="\\(.*\\)"$/\\1/p' .dev.vars)
  BODY='{"symbol":"AAPL","side":"buy","type":"market","quantity":"10"}'
  TS=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  NONCE=$(node -p 'crypto.randomUUID()')
  SIG=$(printf 'v1\\n%s\\n%s\\n%s' "$TS" "$NONCE" "$BODY" | openssl dgst -sha256 -hmac "$SECRET" -r | cut -d' ' -f1)
  curl -s ${gateway.url}/webhooks/default -H "X-Timestamp: $TS" -H "X-Nonce: $NONCE" -H "X-Signature: v1=$SIG" -d "$BODY"

Read what became of it:

  KEY=$(sed -n 's/^BOOTSTRAP_API_KEY="\\(.*\\)"$/\\1/p' .dev.vars)
  curl -s ${gateway.url}/v1/orders -H "X-API-Key: $KEY"
`);

let stopping = false;
const stop = () => {
  if (stopping) return;
  stopping = true;
  void gateway.stop().then(() => process.exit(0));
};
process.on("SIGINT", stop);
process.on("SIGTERM", stop);
gateway.process.on("exit", (code) => {
  if (!stopping) process.exit(code ?? 1);
});
