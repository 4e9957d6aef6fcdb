// npm run send: signs whatever is typed and sends it. The secret comes from .dev.vars, or from SALLYPORT_SECRET.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readDevVars } from "./dev-vars.ts";
import { sign } from "./sign.ts";

const USAGE = `usage: npm run send -- [--url URL] [--source NAME] [--wait SECONDS] BODY

  BODY      the exact text to sign and send, such as '{"symbol":"AAPL","side":"buy","type":"market","quantity":"10"}'
  --url     where the gateway listens (default http://127.0.0.1:8787)
  --source  the last part of the webhook's path (default "default")
  --wait    wait up to so many seconds for the broker's word

The secret is the last one in .dev.vars, or SALLYPORT_SECRET where that is set.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    url: { type: "string", default: "http://127.0.0.1:8787" },
    source: { type: "string", default: "default" },
    wait: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
const [body] = positionals;
if (values.help || body === undefined || positionals.length > 1) {
  console.error(USAGE);
  process.exit(values.help ? 0 : 2);
}

const devVars = join(dirname(fileURLToPath(import.meta.url)), "..", "..", ".dev.vars");
const secret = process.env["SALLYPORT_SECRET"] ?? readDevVars(devVars).hmacSecret;
const signed = sign(body, secret);
const response = await fetch(`${values.url}/webhooks/${encodeURIComponent(values.source)}`, {
  method: "POST",
  body: signed.body,
  headers: values.wait === undefined ? signed.headers : { ...signed.headers, Prefer: `wait=${values.wait}` },
});
console.log(`HTTP ${response.status}`);
console.log(JSON.stringify(await response.json(), null, 2));
process.exit(response.ok ? 0 : 1);
