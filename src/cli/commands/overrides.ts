// sallyport overrides: what was, is and will be overridden of an account's policy.
import { list } from "../api.ts";
import { COMMON_USAGE, CONNECTION_OPTIONS, CONNECTION_USAGE, readArguments, readOne, readWhole } from "../arguments.ts";
import type { Command, Context } from "../command.ts";
import { EXIT, type ExitCode } from "../failure.ts";
import { formatOverrides } from "../override-text.ts";
import { readConnection } from "../settings.ts";
import { OverrideView } from "../views.ts";

const COUNT = 50;
const COUNT_MAX = 100_000;

const USAGE = `usage: npx sallyport overrides [--limit N] ACCOUNT

The overrides of an account's policy, the newest first: in force, coming, and over.

  ACCOUNT              the account's id
  --limit N            how many (default ${COUNT})
${CONNECTION_USAGE}
${COMMON_USAGE}

The API key comes from SALLYPORT_API_KEY, or for a gateway on this machine from .dev.vars. It needs
the scope admin:risk.

  npx sallyport overrides paper
  npx sallyport overrides --json paper | jq '.[] | select(.state == "in_force") | .settings'`;

export const overrides: Command = { summary: "list what is overridden of a policy", usage: USAGE, run };

async function run(args: readonly string[], { screen, env }: Context): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, { ...CONNECTION_OPTIONS, limit: { type: "string" } });
  const path = `/v1/accounts/${encodeURIComponent(readOne("ACCOUNT", positionals))}/overrides`;
  const count = readWhole("--limit", values.limit ?? String(COUNT), { min: 1, max: COUNT_MAX });
  const found = await list(readConnection(values, env), { path, field: "overrides", count }, OverrideView);
  screen.show({ document: found, text: () => formatOverrides(found, Date.now(), screen.paint) });
  return EXIT.done;
}
