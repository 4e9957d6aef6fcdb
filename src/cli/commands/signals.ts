// sallyport signals: what became of a signal that was more than one order.
import { ask } from "../api.ts";
import { COMMON_USAGE, CONNECTION_OPTIONS, CONNECTION_USAGE, readArguments, readOne } from "../arguments.ts";
import type { Command, Context } from "../command.ts";
import { EXIT, type ExitCode, UsageFault } from "../failure.ts";
import { formatReceipt, formatToDo } from "../receipt-text.ts";
import { readConnection } from "../settings.ts";
import { ReceiptView } from "../views.ts";

const USAGE = `usage: npx sallyport signals show SIGNAL

Shows what became of a signal that was more than one order: of each thing it asked for, and of the
orders that came of it, as they now stand. A kill with --flatten is kept like one, in each account.

  SIGNAL               the signal's id, as send and kill show it
${CONNECTION_USAGE}
${COMMON_USAGE}

The API key comes from SALLYPORT_API_KEY, or for a gateway on this machine from .dev.vars. It needs
the scope orders:read.

  npx sallyport signals show paper_0192f3a4-…`;

export const signals: Command = { summary: "show what became of a signal", usage: USAGE, run };

async function run(args: readonly string[], { screen, env }: Context): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, CONNECTION_OPTIONS);
  const [action, ...rest] = positionals;
  if (action !== "show") throw new UsageFault("signals knows show: give it the id that send and kill have shown");
  const path = `/v1/signals/${encodeURIComponent(readOne("SIGNAL", rest))}`;
  const { body } = await ask(readConnection(values, env), { path }, ReceiptView);
  const text = () => [formatReceipt(body, screen.paint), ...formatToDo(body, values)].join("\n\n");
  screen.show({ document: body, text });
  return EXIT.done;
}
