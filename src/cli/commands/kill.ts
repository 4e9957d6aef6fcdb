// sallyport kill: stops trading, everywhere or in a part of it. One short line does it.
import {
  COMMON_USAGE,
  CONNECTION_OPTIONS,
  CONNECTION_USAGE,
  readArguments,
  readWord,
  refuseMore,
} from "../arguments.ts";
import type { Command, Context } from "../command.ts";
import { EXIT, type ExitCode, UsageFault } from "../failure.ts";
import { nextCommand } from "../next-command.ts";
import { readConnection } from "../settings.ts";
import { formatStopped } from "../stop-text.ts";
import { askUntilTold } from "../until-told.ts";
import { StoppedView } from "../views.ts";

const REASON = "stopped by hand";
const CANCELS = ["none", "entries", "all"] as const;

const USAGE = `usage: npx sallyport kill [--account ID] [--source SOURCE] [--symbol SYMBOL]
                          [--halt | --flatten] [--cancel none | entries | all] [--reason TEXT]

Stops trading: all of it, or only what every option given names. Exits pass, so that nobody is
trapped in a position; with --halt nothing passes but cancels. It is in force when this exits with
0, also for what was approved before and has not left, and stays so until somebody releases it.
While an account could not be told, this asks again a few times; then it exits with 1, and says
which.

  --account ID         only this trading account (default: all there are, and will be)
  --source SOURCE      only what this source sends; default and api are sources, too
  --symbol SYMBOL      only this symbol, as the broker spells it
  --halt               let no exits through either
  --flatten            also close every position there, at the market, and clear away what rests in
                       its symbol. Not with --halt, which lets no exit through, nor with --source,
                       since positions are an account's
  --cancel WHICH       live orders to cancel: entries, which open or add to a position (default);
                       all, with what protects one; or none
  --reason TEXT        why; kept in the audit log (default "${REASON}")
${CONNECTION_USAGE}
${COMMON_USAGE}

The API key comes from SALLYPORT_API_KEY, or for a gateway on this machine from .dev.vars. It needs
the scope kill or admin:risk; one that is bound to accounts has to name one of them.

  npx sallyport kill
  npx sallyport kill --flatten --reason 'going home'
  npx sallyport kill --source momentum --reason 'sends nonsense'
  npx sallyport kill --account live --symbol TSLA --halt --cancel all`;

export const kill: Command = { summary: "stop trading, all of it or a part", usage: USAGE, run };

async function run(args: readonly string[], { screen, env }: Context): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, {
    ...CONNECTION_OPTIONS,
    account: { type: "string" },
    source: { type: "string" },
    symbol: { type: "string" },
    halt: { type: "boolean" },
    flatten: { type: "boolean" },
    cancel: { type: "string" },
    reason: { type: "string" },
  });
  refuseMore(positionals);
  const { account, source, symbol, halt, flatten, cancel, reason = REASON } = values;
  if (flatten === true && halt === true) throw new UsageFault("Give --flatten or --halt: no exit passes a halt");
  if (flatten === true && source !== undefined)
    throw new UsageFault("--flatten does not go with --source: positions are an account's");
  const wanted = {
    account,
    source,
    symbol,
    state: halt === true ? "halted" : "reducing",
    flatten,
    cancel: cancel === undefined ? undefined : readWord("--cancel", cancel, CANCELS),
    reason,
  };
  const look = nextCommand("stops", [], values);
  const call = { method: "POST", path: "/v1/stops", body: wanted, look } as const;
  // Asked for again, it stops no more than asked for once.
  const again = ["not_told", "unavailable"] as const;
  const { body, times } = await askUntilTold(readConnection(values, env), call, StoppedView, { again, screen });
  screen.show({ document: body, text: () => formatStopped(body, { times, options: values }, screen.paint) });
  return EXIT.done;
}
