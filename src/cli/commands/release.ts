// sallyport release: lets go what was stopped.
import { Refusal } from "../api.ts";
import { COMMON_USAGE, CONNECTION_OPTIONS, CONNECTION_USAGE, readArguments, readOne } from "../arguments.ts";
import type { Command, Context } from "../command.ts";
import { EXIT, type ExitCode, withAdvice } from "../failure.ts";
import { nextCommand } from "../next-command.ts";
import { readConnection } from "../settings.ts";
import { formatReleased } from "../stop-text.ts";
import { askUntilTold } from "../until-told.ts";
import { StopView } from "../views.ts";

const USAGE = `usage: npx sallyport release [--reason TEXT] STOP

Releases a stop. Orders that it has ended stay ended, and what other stops reach stays stopped.
Nobody releases what somebody above them has set: the level says who may. While an account could not
be told, this asks again a few times; then it exits with 1 and says which.

  STOP                 the stop's id, as npx sallyport stops shows it
  --reason TEXT        why; kept in the audit log
${CONNECTION_USAGE}
${COMMON_USAGE}

The API key comes from SALLYPORT_API_KEY, or for a gateway on this machine from .dev.vars. It needs
the scope admin:risk.

  npx sallyport stops
  npx sallyport release --reason 'the source is fixed' 1f0c2a4e-…`;

export const release: Command = { summary: "release a stop", usage: USAGE, run };

async function run(args: readonly string[], { screen, env }: Context): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, { ...CONNECTION_OPTIONS, reason: { type: "string" } });
  const path = `/v1/stops/${encodeURIComponent(readOne("STOP", positionals))}/release`;
  const look = nextCommand("stops", [], values);
  const call = { method: "POST", path, body: { reason: values.reason }, look } as const;
  // An account's own stop is not found once it is released, so an answer that got lost is looked after, not asked for again.
  const again = ["not_told"] as const;
  const { body } = await askUntilTold(readConnection(values, env), call, StopView, { again, screen }).catch(
    (thrown: unknown) => {
      const isUnknown = thrown instanceof Refusal && thrown.document.code === "not_found";
      throw isUnknown ? withAdvice(thrown, [`What is in force:\n\n  ${look}`]) : thrown;
    },
  );
  screen.show({ document: body, text: () => formatReleased(body, values, screen.paint) });
  return EXIT.done;
}
