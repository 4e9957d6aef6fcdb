// sallyport orders: what became of orders, and the wish to cancel one.
import { ask, list } from "../api.ts";
import {
  COMMON_USAGE,
  CONNECTION_OPTIONS,
  CONNECTION_USAGE,
  readArguments,
  readOne,
  readWhole,
  refuseMore,
  refuseOthers,
} from "../arguments.ts";
import type { Command, Context } from "../command.ts";
import { EXIT, type ExitCode, UsageFault } from "../failure.ts";
import { adviseOn } from "../advice.ts";
import { nextCommand } from "../next-command.ts";
import { formatOrder, formatOrders } from "../order-text.ts";
import type { Screen } from "../screen.ts";
import { type Connection, type ConnectionOptions, readConnection } from "../settings.ts";
import { shellQuote } from "../shell-quote.ts";
import { OrderView } from "../views.ts";

const COUNT = 50;
const COUNT_MAX = 100_000;
const WAIT_SEC_MAX = 10;

const USAGE = `usage: npx sallyport orders [list] [--account ID] [--status STATUS] [--symbol SYMBOL] [--limit N]
       npx sallyport orders show ORDER
       npx sallyport orders cancel [--wait SECONDS] ORDER

list shows the newest orders first, show everything about one with each rule's verdict. cancel
records the wish and carries it to the broker for as long as the order lives; a fill can be faster.

  ORDER                the order's id, as the list shows it
  --account ID         the trading account (default: the gateway's default account)
  --status STATUS      filled, canceled, rejected, denied, new, partially_filled, …
  --symbol SYMBOL      as the broker spells it
  --limit N            how many (default ${COUNT})
  --wait SECONDS       wait so long, ${WAIT_SEC_MAX} at most, until the order has ended
${CONNECTION_USAGE}
${COMMON_USAGE}

The API key comes from SALLYPORT_API_KEY, or for a gateway on this machine from .dev.vars.

  npx sallyport orders
  npx sallyport orders list --status filled --symbol AAPL --limit 200
  npx sallyport orders --json | jq '.[] | select(.outcome == "unknown") | .id'
  npx sallyport orders cancel --wait 5 paper_0192f3a4-…`;

export const orders: Command = { summary: "list orders, show one, cancel one", usage: USAGE, run };

async function run(args: readonly string[], { screen, env }: Context): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, {
    ...CONNECTION_OPTIONS,
    account: { type: "string" },
    status: { type: "string" },
    symbol: { type: "string" },
    limit: { type: "string" },
    wait: { type: "string" },
  });
  const [action = "list", ...rest] = positionals;
  const refuseAllBut = (...meant: readonly (keyof typeof values)[]) => refuseOthers(`orders ${action}`, values, meant);
  switch (action) {
    case "list": {
      refuseAllBut("account", "status", "symbol", "limit");
      refuseMore(rest);
      const count = readWhole("--limit", values.limit ?? String(COUNT), { min: 1, max: COUNT_MAX });
      const { account, status, symbol } = values;
      return listOrders(readConnection(values, env), { account, status, symbol }, count, screen);
    }
    case "show":
      refuseAllBut();
      return showOrder(readConnection(values, env), readOne("ORDER", rest), values, screen);
    case "cancel": {
      refuseAllBut("wait");
      const order = readOne("ORDER", rest);
      const waitSec = readWhole("--wait", values.wait ?? "0", { min: 0, max: WAIT_SEC_MAX });
      return cancelOrder(readConnection(values, env), order, waitSec, screen);
    }
    default:
      throw new UsageFault("orders knows list, show and cancel");
  }
}

async function listOrders(
  connection: Connection,
  query: Readonly<Record<string, string | undefined>>,
  count: number,
  screen: Screen,
): Promise<ExitCode> {
  const found = await list(connection, { path: "/v1/orders", query, field: "orders", count }, OrderView);
  screen.show({ document: found, text: () => formatOrders(found, screen.paint) });
  return EXIT.done;
}

async function showOrder(
  connection: Connection,
  id: string,
  options: ConnectionOptions,
  screen: Screen,
): Promise<ExitCode> {
  const { body } = await ask(connection, { path: pathOf(id) }, OrderView);
  const text = () =>
    [
      formatOrder(body, screen.paint),
      ...adviseOn([body.reason?.code], body, options),
      ...formatWhoCanceled(body, options),
    ].join("\n\n");
  screen.show({ document: body, text });
  return EXIT.done;
}

/** The order itself does not know. */
function formatWhoCanceled(order: OrderView, options: ConnectionOptions): readonly string[] {
  if (order.cancel_requested_at === null) return [];
  const audit = `audit --account ${shellQuote(order.account)} --order ${shellQuote(order.id)}`;
  return [`Who wanted it canceled is on the record:\n\n  ${nextCommand(audit, [], options)}`];
}

async function cancelOrder(connection: Connection, id: string, waitSec: number, screen: Screen): Promise<ExitCode> {
  const headers = { Prefer: `wait=${waitSec}` };
  const { body } = await ask(connection, { method: "DELETE", path: pathOf(id), headers }, OrderView);
  const said =
    body.status === "canceled"
      ? "It is canceled."
      : "It is wanted canceled, and still live: a fill can be faster. Look again, or cancel with --wait.";
  screen.show({ document: body, text: () => `${said}\n\n${formatOrder(body, screen.paint)}` });
  return EXIT.done;
}

const pathOf = (id: string): string => `/v1/orders/${encodeURIComponent(id)}`;
