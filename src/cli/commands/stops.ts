// sallyport stops: what is stopped now.
import * as z from "zod";
import { ask } from "../api.ts";
import { COMMON_USAGE, CONNECTION_OPTIONS, CONNECTION_USAGE, readArguments, refuseMore } from "../arguments.ts";
import type { Command, Context } from "../command.ts";
import { EXIT, type ExitCode } from "../failure.ts";
import { readConnection } from "../settings.ts";
import { describeUnread, formatStops } from "../stop-text.ts";
import { StopView } from "../views.ts";

const USAGE = `usage: npx sallyport stops [--json]

The stops that are in force, oldest first: set by kill, by a source's own signal, or by a rule that
a source has run into. The level says who may release one.

${CONNECTION_USAGE}
${COMMON_USAGE}

The API key comes from SALLYPORT_API_KEY, or for a gateway on this machine from .dev.vars. It needs
the scope kill, admin:risk or orders:read.

  npx sallyport stops
  npx sallyport stops --json | jq '.[] | select(.state == "halted") | .id'`;

export const stops: Command = { summary: "list what is stopped", usage: USAGE, run };

async function run(args: readonly string[], { screen, env }: Context): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, CONNECTION_OPTIONS);
  refuseMore(positionals);
  const schema = z.looseObject({ stops: z.array(StopView), unread: z.array(z.string()) });
  const { body } = await ask(readConnection(values, env), { path: "/v1/stops" }, schema);
  screen.show({ document: body.stops, text: () => formatStops(body.stops, screen.paint) });
  if (body.unread.length > 0) screen.hint(describeUnread(body.unread));
  return EXIT.done;
}
