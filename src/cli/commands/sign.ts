// sallyport sign: the headers of a signed request, to send it with whatever one likes.
import { decodeUtf8 } from "../../crypto/encoding.ts";
import { COMMON_USAGE, CONNECTION_USAGE, SIGNING_OPTIONS, readArguments } from "../arguments.ts";
import { type Body, readBody } from "../body.ts";
import type { Command, Context } from "../command.ts";
import { EXIT, type ExitCode, Failure } from "../failure.ts";
import { readGatewayAddress, readSigningSecret } from "../settings.ts";
import { shellQuote } from "../shell-quote.ts";
import { readScheme, signAs } from "../signing.ts";

const USAGE = `usage: npx sallyport sign [--scheme v1 | standard-webhooks] [--curl] BODY | - | --file FILE

Signs a body and prints the headers that go with it, or with --curl a command that sends it. What is
signed is good once, for the gateway's REPLAY_WINDOW_SEC (300 seconds unless it is set).

  BODY, -, --file FILE the body to the byte, as text, from stdin or from a file
  --scheme SCHEME      v1 (default): X-Timestamp, X-Nonce and X-Signature
                       standard-webhooks: webhook-id, webhook-timestamp and webhook-signature
  --curl               a whole command, for a shell
  --source NAME        with --curl: the last part of the webhook's path (default "default")
  --secret-file FILE   a file that holds the secret and nothing else
${CONNECTION_USAGE}
${COMMON_USAGE}

The secret comes from --secret-file, SALLYPORT_SECRET or .dev.vars; of "old,new" the last one signs.

  npx sallyport sign '{"symbol":"AAPL","side":"buy","type":"market","quantity":"10"}'
  npx sallyport sign --curl --file order.json | sh
  echo -n "$BODY" | npx sallyport sign --scheme standard-webhooks --json -`;

export const sign: Command = { summary: "sign a body, and print headers or a curl command", usage: USAGE, run };

async function run(args: readonly string[], { screen, env }: Context): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, {
    ...SIGNING_OPTIONS,
    curl: { type: "boolean" },
    source: { type: "string" },
  });
  const scheme = readScheme(values.scheme);
  const address = readGatewayAddress(values, env);
  const body = await readBody(positionals, values.file);
  const { headers } = signAs(scheme, body.bytes, readSigningSecret(values, env));
  const url = `${address.url}/webhooks/${encodeURIComponent(values.source ?? "default")}`;
  screen.show({
    document: { url, headers },
    text: () => (values.curl === true ? toCurl(url, headers, body) : toLines(headers).join("\n")),
  });
  return EXIT.done;
}

const toLines = (headers: Readonly<Record<string, string>>): string[] =>
  Object.entries(headers).map(([name, value]) => `${name}: ${value}`);

function toCurl(url: string, headers: Readonly<Record<string, string>>, body: Body): string {
  const options = toLines(headers).map((line) => `-H ${shellQuote(line)}`);
  return [`curl -s ${shellQuote(url)}`, ...options, dataOption(body)].join(" \\\n  ");
}

/** The bytes as they were signed: `-d` would take line breaks out of a file, and read a name after @. */
function dataOption({ bytes, file }: Body): string {
  if (file !== undefined) return `--data-binary ${shellQuote(`@${file}`)}`;
  const text = decodeUtf8(bytes);
  if (text === undefined || text.includes("\0"))
    throw new Failure("A shell cannot hold this body; give it as a --file.");
  return `--data-raw ${shellQuote(text)}`;
}
