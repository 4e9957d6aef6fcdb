// sallyport doctor: what is wrong, and what to do about it.
import { resolve } from "node:path";
import { warned, worstOf } from "../../domain/check.ts";
import { COMMON_USAGE, CONNECTION_OPTIONS, CONNECTION_USAGE, readArguments, refuseMore } from "../arguments.ts";
import type { Command, Context } from "../command.ts";
import { checkGateway } from "../doctor/gateway.ts";
import { formatReport } from "../doctor/report.ts";
import { checkThisMachine } from "../doctor/this-machine.ts";
import { EXIT, type ExitCode } from "../failure.ts";
import { readGatewayAddress } from "../settings.ts";

const USAGE = `usage: npx sallyport doctor [--env NAME] [--state DIR]

Looks at everything that keeps a gateway from working, and says of each thing that is not well what
to do: Node, wrangler.toml, settings and secrets on this machine; then the gateway, its clock,
whether it believes what is signed here, its database, its vault, its API keys, and every account
with its broker. It changes nothing and shows no secret. Exits with 0 when nothing has failed,
warnings or not, and with 1 otherwise.

  --env NAME           the environment of wrangler.toml that is meant, such as production: then
                       placeholders count, the secrets of this machine do not, and the gateway is
                       asked where --url says
  --state DIR          where a gateway on this machine keeps its state (default .wrangler/state)
${CONNECTION_USAGE}
${COMMON_USAGE}

The API key comes from SALLYPORT_API_KEY, or for a gateway on this machine from .dev.vars. It needs
the scope admin:accounts, and has to be good for all accounts. The secret that signs is the one of
the source default, from SALLYPORT_SECRET or .dev.vars; without one it is not checked.

  npx sallyport doctor
  npx sallyport doctor --env production --url https://gateway.example.com
  npx sallyport doctor --json | jq '.checks[] | select(.status != "ok")'`;

export const doctor: Command = { summary: "find out what is wrong, and what to do", usage: USAGE, run };

async function run(args: readonly string[], { screen, env }: Context): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, {
    ...CONNECTION_OPTIONS,
    env: { type: "string" },
    state: { type: "string" },
  });
  refuseMore(positionals);
  const { isLoopback } = readGatewayAddress(values, env);
  const { env: environment, url, state } = values;
  const local = await checkThisMachine({
    environment,
    isGatewayHere: isLoopback && environment === undefined,
    secretsFile: values["dev-vars"],
    stateDir: state === undefined ? undefined : resolve(state),
  });
  // The default address is that of a laptop, and a deployed gateway is not there.
  const isSomewhere = environment === undefined || (url ?? env["SALLYPORT_URL"]) !== undefined;
  const gateway = isSomewhere ? await checkGateway(values, env, local.runsAs) : [NOT_ASKED];
  const checks = [...local.checks, ...gateway];
  const status = worstOf(checks);
  screen.show({ document: { status, checks }, text: () => formatReport(checks, screen.paint) });
  return status === "failed" ? EXIT.failed : EXIT.done;
}

const NOT_ASKED = warned(
  "gateway.reachable",
  "The gateway was not asked: nobody has said where it is.",
  "Say so with --url.",
);
