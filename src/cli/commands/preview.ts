// sallyport preview: what would become of an order, rule by rule, without it being placed.
import { exchange } from "../api.ts";
import { COMMON_USAGE, CONNECTION_OPTIONS, CONNECTION_USAGE, readArguments } from "../arguments.ts";
import { readBody } from "../body.ts";
import type { Command, Context } from "../command.ts";
import { EXIT, type ExitCode } from "../failure.ts";
import { formatPreview } from "../preview-text.ts";
import { readConnection } from "../settings.ts";
import { PreviewView } from "../views.ts";

const USAGE = `usage: npx sallyport preview [BODY | - | --file FILE]

Holds an order against its account's policy as it is now, as if it came by API key, and says of each
rule what it measured, the limit, what is left up to it and which clauses ask for it. Nothing is
placed, stored or counted. Exits with 0 when the gateway has said what would become of it, also when
that is denied: read the outcome.

  BODY, -, --file FILE the order: here, from stdin (also when nothing is given) or from a file
${CONNECTION_USAGE}
${COMMON_USAGE}

The API key comes from SALLYPORT_API_KEY, or for a gateway on this machine from .dev.vars. It needs
the scope orders:read or orders:write.

  npx sallyport preview '{"symbol":"AAPL","side":"buy","type":"market","quantity":"10"}'
  npx sallyport preview < order.json
  npx sallyport preview --file order.json --json | jq '.rules[] | select(.passed | not)'`;

export const preview: Command = { summary: "say what would become of an order", usage: USAGE, run };

async function run(args: readonly string[], { screen, env }: Context): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, { ...CONNECTION_OPTIONS, file: { type: "string" } });
  const connection = readConnection(values, env);
  const isPiped = positionals.length === 0 && values.file === undefined && !process.stdin.isTTY;
  const { bytes } = await readBody(isPiped ? ["-"] : positionals, values.file);
  // As it stands, so that what is said of it holds for exactly this text.
  const headers = { "X-API-Key": connection.apiKey, "Content-Type": "application/json" };
  const call = { method: "POST", path: "/v1/orders/preview", headers, bytes } as const;
  const { body } = await exchange(connection, call, PreviewView);
  screen.show({ document: body, text: () => formatPreview(body, screen.paint) });
  return EXIT.done;
}
