// sallyport override: another policy for a while.
import { COMMON_USAGE, CONNECTION_OPTIONS, CONNECTION_USAGE, readArguments, readOne } from "../arguments.ts";
import type { Command, Context } from "../command.ts";
import { EXIT, type ExitCode, UsageFault } from "../failure.ts";
import { nextCommand } from "../next-command.ts";
import { readSettings, readTimes } from "../override-terms.ts";
import { formatSet } from "../override-text.ts";
import { readConnection } from "../settings.ts";
import { askUntilTold } from "../until-told.ts";
import { OverrideView } from "../views.ts";

const USAGE = `usage: npx sallyport override --set SETTING=VALUE … --for TIME | --until TIME [--from TIME]
                              --reason TEXT --approver NAME ACCOUNT

Overrides settings of an account's policy for a while, tighter or looser. It binds the next order
and ends by itself; the policy stays as it is. Where two overrides set the same thing, the one that
was set later holds. While the account could not be told, this asks again a few times; then it
exits with 1, and says so.

  ACCOUNT              the account's id
  --set SETTING=VALUE  a setting as the policy has it (docs/rules.md); repeatable. Lists have
                       commas; off and any say that there is to be no limit
  --for TIME           how long, such as 30m, 2h or 1d; 7 days ahead at most
  --until TIME         or until when, such as 2026-01-15T16:00:00Z
  --from TIME          from then on (default: now)
  --reason TEXT        why; kept in the audit log
  --approver NAME      who has agreed to it: somebody else than you
${CONNECTION_USAGE}
${COMMON_USAGE}

The API key comes from SALLYPORT_API_KEY, or for a gateway on this machine from .dev.vars. It needs
the scope admin:risk.

  npx sallyport override --set max_notional=50000 --for 2h --reason 'big day' --approver ana paper
  npx sallyport override --set symbols=AAPL --set sides=sell --until 2026-01-15T21:00:00Z \\
    --reason 'earnings tonight' --approver ana paper`;

export const override: Command = { summary: "override an account's policy for a while", usage: USAGE, run };

async function run(args: readonly string[], { screen, env }: Context): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, {
    ...CONNECTION_OPTIONS,
    set: { type: "string", multiple: true },
    for: { type: "string" },
    from: { type: "string" },
    until: { type: "string" },
    reason: { type: "string" },
    approver: { type: "string" },
  });
  const account = readOne("ACCOUNT", positionals);
  const { set = [], reason, approver } = values;
  if (reason === undefined) throw new UsageFault("--reason is missing: why is the policy overridden?");
  if (approver === undefined) throw new UsageFault("--approver is missing: who has agreed to it?");
  const body = { settings: readSettings(set), ...readTimes(values, Date.now()), reason, approver };
  const look = nextCommand("overrides", [account], values);
  const call = { method: "POST", path: `/v1/accounts/${encodeURIComponent(account)}/overrides`, body, look } as const;
  // Asked for again, it is the same override.
  const again = ["not_told", "unavailable"] as const;
  const done = await askUntilTold(readConnection(values, env), call, OverrideView, { again, screen });
  const circumstances = { nowMs: Date.now(), options: values };
  screen.show({ document: done.body, text: () => formatSet(done.body, circumstances, screen.paint) });
  return EXIT.done;
}
