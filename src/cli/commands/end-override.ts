// sallyport end-override: ends an override before its time.
import { COMMON_USAGE, CONNECTION_OPTIONS, CONNECTION_USAGE, readArguments, readOne } from "../arguments.ts";
import type { Command, Context } from "../command.ts";
import { EXIT, type ExitCode } from "../failure.ts";
import { nextCommand } from "../next-command.ts";
import { formatEnded } from "../override-text.ts";
import { readConnection } from "../settings.ts";
import { askUntilTold } from "../until-told.ts";
import { OverrideView } from "../views.ts";

const USAGE = `usage: npx sallyport end-override ACCOUNT OVERRIDE

Ends an override now, or keeps one from beginning. The next order is held against what is in force
without it. While the account could not be told, this asks again a few times; then it exits with 1,
and says so.

  ACCOUNT              the account's id
  OVERRIDE             the override's id, as npx sallyport overrides shows it
${CONNECTION_USAGE}
${COMMON_USAGE}

The API key comes from SALLYPORT_API_KEY, or for a gateway on this machine from .dev.vars. It needs
the scope admin:risk.

  npx sallyport overrides paper
  npx sallyport end-override paper 1f0c2a4e-…`;

export const endOverride: Command = { summary: "end an override before its time", usage: USAGE, run };

async function run(args: readonly string[], { screen, env }: Context): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, CONNECTION_OPTIONS);
  const account = readOne("ACCOUNT", positionals.slice(0, 1));
  const id = readOne("OVERRIDE", positionals.slice(1));
  const path = `/v1/accounts/${encodeURIComponent(account)}/overrides/${encodeURIComponent(id)}`;
  const call = { method: "DELETE", path, look: nextCommand("overrides", [account], values) } as const;
  // One that is over stays as it ended.
  const again = ["not_told", "unavailable"] as const;
  const { body } = await askUntilTold(readConnection(values, env), call, OverrideView, { again, screen });
  const circumstances = { nowMs: Date.now(), options: values };
  screen.show({ document: body, text: () => formatEnded(body, circumstances, screen.paint) });
  return EXIT.done;
}
