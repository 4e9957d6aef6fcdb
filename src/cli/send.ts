// npm run send: signs whatever is typed and sends it. The secret comes from .dev.vars, or from SALLYPORT_SECRET.
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readDevVars } from "./dev-vars.ts";
import { type SignedRequest, sign } from "./sign.ts";
import { fail, refuseUsage, showUsage } from "./usage.ts";

const USAGE = `usage: npm run send -- [--url URL] [--source NAME] [--wait SECONDS] [--secrets FILE] BODY

  BODY       the exact text to sign and send, such as '{"symbol":"AAPL","side":"buy","type":"market","quantity":"10"}'
  --url      where the gateway listens (default http://127.0.0.1:8787)
  --source   the last part of the webhook's path (default "default")
  --wait     wait up to so many seconds, 10 at most, until the broker has accepted or refused
  --secrets  the file with the secret (default .dev.vars); SALLYPORT_SECRET comes before it

The -- is npm's: what follows it is for this command. Exits with 0 when the gateway recorded the order, also when its
policy denied it: read "status". Exits with 1 when it did not, and with 2 when this command line makes no sense.`;

const args = readArguments();
const response = await post(sign(args.body, readSecret()));
const answer = await response.text();
console.log(`HTTP ${response.status}`);
console.log(pretty(answer));
const location = response.headers.get("Location");
if (response.status === 202 && location !== null) {
  const key = `$(sed -n 's/^BOOTSTRAP_API_KEY="\\(.*\\)"$/\\1/p' ${relative(process.cwd(), args.devVars)})`;
  console.log(`\nRead what becomes of it:\n\n  curl -s ${args.url}${location} -H "X-API-Key: ${key}"`);
}
process.exit(response.ok ? 0 : 1);

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        url: { type: "string", default: "http://127.0.0.1:8787" },
        source: { type: "string", default: "default" },
        wait: { type: "string" },
        secrets: {
          type: "string",
          default: join(dirname(fileURLToPath(import.meta.url)), "..", "..", ".dev.vars"),
        },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) showUsage(USAGE);
    const [body, ...more] = positionals;
    if (body === undefined) throw new Error("BODY is missing");
    if (more.length > 0) throw new Error("Give one BODY, in quotes");
    if (values.wait !== undefined && !/^\d{1,6}$/.test(values.wait)) throw new Error("--wait takes whole seconds");
    if (!/^https?:$/.test(URL.parse(values.url)?.protocol ?? "")) throw new Error("--url takes an http or https URL");
    return {
      body,
      url: values.url.replace(/\/+$/, ""),
      source: values.source,
      wait: values.wait,
      devVars: values.secrets,
    };
  } catch (thrown) {
    return refuseUsage(USAGE, thrown);
  }
}

function readSecret(): string {
  const given = process.env["SALLYPORT_SECRET"];
  if (given !== undefined) return given;
  try {
    return readDevVars(args.devVars).hmacSecret;
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") {
      return fail(`There is no ${relative(process.cwd(), args.devVars)}; run npm start once, it writes one.`);
    }
    return fail(thrown instanceof Error ? thrown.message : String(thrown));
  }
}

async function post({ body, headers }: SignedRequest): Promise<Response> {
  try {
    return await fetch(`${args.url}/webhooks/${encodeURIComponent(args.source)}`, {
      method: "POST",
      body,
      headers: args.wait === undefined ? headers : { ...headers, Prefer: `wait=${args.wait}` },
    });
  } catch (thrown) {
    const cause = thrown instanceof Error ? thrown.cause : undefined;
    if (cause instanceof Error && "code" in cause && cause.code === "ECONNREFUSED") {
      return fail(`Nothing listens on ${args.url}; run npm start first.`);
    }
    return fail(`${args.url} cannot be reached: ${cause instanceof Error ? cause.message : String(thrown)}`);
  }
}

/** The gateway answers in JSON; something else that listens there may not. */
function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
