// sallyport coverage: which clause of which standard an account's policy meets, by which rule.
import { ask } from "../api.ts";
import { COMMON_USAGE, CONNECTION_OPTIONS, CONNECTION_USAGE, readArguments, refuseMore } from "../arguments.ts";
import type { Command, Context } from "../command.ts";
import { formatCoverage } from "../coverage-text.ts";
import { EXIT, type ExitCode } from "../failure.ts";
import { readConnection } from "../settings.ts";
import { CoverageView } from "../views.ts";

const USAGE = `usage: npx sallyport coverage [--account ID]

Which clause of RTS 6, of SEC Rule 15c3-5 and of the FIA's guide is met by which rule, with which
setting of the account's policy, and what is done elsewhere. A rule about signals has a line for
each setting that the sources have that send to the account. A clause is met where every rule for
it is on, or denies because it is not set; partly, or off, where some or all of them are off. It
says what is done here; whether that is enough for a firm, the firm has to say.

  --account ID         the trading account (default: the gateway's default account)
${CONNECTION_USAGE}
${COMMON_USAGE}

The API key comes from SALLYPORT_API_KEY, or for a gateway on this machine from .dev.vars. It needs
the scope orders:read, admin:accounts or admin:risk.

  npx sallyport coverage
  npx sallyport coverage --account live
  npx sallyport coverage --json | jq '.clauses[] | select(.covered == "off") | .clause'`;

export const coverage: Command = { summary: "clauses of standards, and the rules that meet them", usage: USAGE, run };

async function run(args: readonly string[], { screen, env }: Context): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, { ...CONNECTION_OPTIONS, account: { type: "string" } });
  refuseMore(positionals);
  const call = { path: "/v1/policy/coverage", query: { account: values.account } };
  const { body } = await ask(readConnection(values, env), call, CoverageView);
  screen.show({ document: body, text: () => formatCoverage(body, screen.paint) });
  return EXIT.done;
}
