// sallyport what-if: what a proposed policy would have made of the orders on the record.
import { ask } from "../api.ts";
import {
  COMMON_USAGE,
  CONNECTION_OPTIONS,
  CONNECTION_USAGE,
  readArguments,
  readMoment,
  readOne,
  readWhole,
} from "../arguments.ts";
import type { Command, Context } from "../command.ts";
import { readDocument } from "../document.ts";
import { EXIT, type ExitCode } from "../failure.ts";
import { printable } from "../screen.ts";
import { readConnection } from "../settings.ts";
import { WhatIfView } from "../views.ts";
import { formatWhatIf } from "../what-if-text.ts";

const COUNT = 200;
const COUNT_MAX = 1_000;

const USAGE = `usage: npx sallyport what-if [--account ID] [--since TIME] [--until TIME] [--limit N]
                             [--cursor ID] POLICY | -

Holds a proposed policy against the orders on the record, denied ones included, and shows those that
it would have decided otherwise, and by which rules. Nothing is stored, sent or counted. Each order
is judged by itself, on the facts as they were recorded: what other orders would have left of
positions, counts and money is not worked out. What the record does not tell is not judged, and is
named; so is why signals have come to no order, with how many did. Exits with 0 whatever would have
changed.

  POLICY, -            a file with the whole policy as JSON, or stdin; what is not in it is not set
  --account ID         the trading account (default: the gateway's default account)
  --since TIME         only what was made then or later, such as 2026-01-15T14:30:00Z
  --until TIME         only what was made before
  --limit N            how many orders to consider, and signals to look at, the newest first
                       (default ${COUNT}, ${COUNT_MAX} at most)
  --cursor ID          only what is older than this: where the last answer ended
${CONNECTION_USAGE}
${COMMON_USAGE}

The API key comes from SALLYPORT_API_KEY, or for a gateway on this machine from .dev.vars. It needs
the scope orders:read, admin:accounts or admin:risk.

  npx sallyport accounts show paper --json | jq .policy > policy.json
  npx sallyport what-if policy.json
  npx sallyport what-if policy.json --account live --since 2026-01-15T00:00:00Z
  jq '.max_notional = "5000"' policy.json | npx sallyport what-if -`;

export const whatIf: Command = { summary: "what another policy would have made of past orders", usage: USAGE, run };

async function run(args: readonly string[], { screen, env }: Context): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, {
    ...CONNECTION_OPTIONS,
    account: { type: "string" },
    since: { type: "string" },
    until: { type: "string" },
    limit: { type: "string" },
    cursor: { type: "string" },
  });
  const { account, cursor } = values;
  const since = momentOf("--since", values.since);
  const until = momentOf("--until", values.until);
  const limit = readWhole("--limit", values.limit ?? String(COUNT), { min: 1, max: COUNT_MAX });
  const file = readOne("POLICY", positionals);
  const policy = await (file === "-" ? readDocument(["-"], undefined) : readDocument([], file));
  const body = { account, policy, since, until, cursor, limit };
  const call = { method: "POST", path: "/v1/policy/what-if", body } as const;
  const { body: answer } = await ask(readConnection(values, env), call, WhatIfView);
  screen.show({ document: answer, text: () => formatWhatIf(answer, screen.paint) });
  const { next_cursor: next } = answer;
  if (next !== null) screen.hint(`There are older orders or signals: go on with --cursor ${printable(next)}`);
  return EXIT.done;
}

const momentOf = (option: string, text: string | undefined): string | undefined =>
  text === undefined ? undefined : new Date(readMoment(option, text)).toISOString();
