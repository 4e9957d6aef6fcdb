// sallyport approvals: the orders that wait for a person, and that person's word.
import * as z from "zod";
import { ask } from "../api.ts";
import { formatHeld, formatLink, formatWord } from "../approval-text.ts";
import {
  COMMON_USAGE,
  CONNECTION_OPTIONS,
  CONNECTION_USAGE,
  readArguments,
  readOne,
  refuseMore,
  refuseOthers,
} from "../arguments.ts";
import type { Command, Context } from "../command.ts";
import { EXIT, type ExitCode, UsageFault } from "../failure.ts";
import { readConnection } from "../settings.ts";
import { OrderView } from "../views.ts";

const USAGE = `usage: npx sallyport approvals [list] [--account ID]
       npx sallyport approvals approve [--quantity UNITS] [--reason TEXT] ORDER
       npx sallyport approvals decline [--reason TEXT] ORDER
       npx sallyport approvals link ORDER

list shows the orders that are held, what expires first on top. An approved order passes every rule
once more and then leaves; what is refused stays held. link makes an address for a chat message, in
which whoever opens it can approve or decline: treat it like a key.

  ORDER                the order's id, as the list shows it
  --account ID         the trading account (default: the gateway's default account)
  --quantity UNITS     approve fewer units than were asked for
  --reason TEXT        why; kept on the order and in the audit log
${CONNECTION_USAGE}
${COMMON_USAGE}

The API key comes from SALLYPORT_API_KEY, or for a gateway on this machine from .dev.vars. It needs
the scope orders:approve.

  npx sallyport approvals
  npx sallyport approvals approve --quantity 5 --reason 'half of it' paper_0192f3a4-…
  npx sallyport approvals decline --reason 'earnings tonight' paper_0192f3a4-…`;

export const approvals: Command = { summary: "list held orders, approve or decline one", usage: USAGE, run };

const HeldList = z.looseObject({ orders: z.array(OrderView) });
const LinkView = z.looseObject({ url: z.string(), expires_at: z.string() });

async function run(args: readonly string[], { screen, env }: Context): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, {
    ...CONNECTION_OPTIONS,
    account: { type: "string" },
    quantity: { type: "string" },
    reason: { type: "string" },
  });
  const [action = "list", ...rest] = positionals;
  const refuseAllBut = (...meant: readonly (keyof typeof values)[]) =>
    refuseOthers(`approvals ${action}`, values, meant);
  const pathOf = (what: string) => `/v1/orders/${encodeURIComponent(readOne("ORDER", rest))}/${what}`;
  const { account, quantity, reason } = values;
  switch (action) {
    case "list": {
      refuseAllBut("account");
      refuseMore(rest);
      const call = { path: "/v1/approvals", query: { account } };
      const { body } = await ask(readConnection(values, env), call, HeldList);
      screen.show({ document: body.orders, text: () => formatHeld(body.orders, values, screen.paint) });
      return EXIT.done;
    }
    case "approve":
    case "decline": {
      if (action === "approve") refuseAllBut("quantity", "reason");
      else refuseAllBut("reason");
      const call = { method: "POST", path: pathOf(action), body: { quantity, reason } } as const;
      const { body } = await ask(readConnection(values, env), call, OrderView);
      screen.show({ document: body, text: () => formatWord(body, screen.paint) });
      return EXIT.done;
    }
    case "link": {
      refuseAllBut();
      const call = { method: "POST", path: pathOf("approval-link") } as const;
      const { body } = await ask(readConnection(values, env), call, LinkView);
      screen.show({ document: body, text: () => formatLink(body, screen.paint) });
      return EXIT.done;
    }
    default:
      throw new UsageFault("approvals knows list, approve, decline and link");
  }
}
