// sallyport portfolio: what an account holds, what its orders may still add, and its money.
import { ask } from "../api.ts";
import { COMMON_USAGE, CONNECTION_OPTIONS, CONNECTION_USAGE, readArguments, refuseMore } from "../arguments.ts";
import type { Command, Context } from "../command.ts";
import { EXIT, type ExitCode } from "../failure.ts";
import type { Paint } from "../screen.ts";
import { readConnection } from "../settings.ts";
import { type Cell, formatFields, formatTable } from "../table.ts";
import { PortfolioView } from "../views.ts";

const USAGE = `usage: npx sallyport portfolio [--account ID]

Positions as our own fills add up, money as the broker says, and the exposure at worst: every live
order may still fill, those of unknown outcome included.

  --account ID         the trading account (default: the gateway's default account)
${CONNECTION_USAGE}
${COMMON_USAGE}

The API key comes from SALLYPORT_API_KEY, or for a gateway on this machine from .dev.vars.

  npx sallyport portfolio
  npx sallyport portfolio --account live --json | jq '.positions[] | {symbol, quantity}'`;

export const portfolio: Command = { summary: "positions, money and exposure of an account", usage: USAGE, run };

async function run(args: readonly string[], { screen, env }: Context): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, { ...CONNECTION_OPTIONS, account: { type: "string" } });
  refuseMore(positionals);
  const query = { account: values.account };
  const { body } = await ask(readConnection(values, env), { path: "/v1/portfolio", query }, PortfolioView);
  screen.show({
    document: body,
    text: () => `${formatMoney(body, screen.paint)}\n\n${formatPositions(body, screen.paint)}`,
  });
  return EXIT.done;
}

function formatMoney(
  { account, as_of: asOf, stale, currency, exposure, ...money }: PortfolioView,
  paint: Paint,
): string {
  const amount = (value: string | null): Cell => (value === null ? UNKNOWN : [value, currency ?? []].flat().join(" "));
  const total: Cell =
    exposure.unpriced.length === 0
      ? amount(exposure.total)
      : { text: `not known: no price for ${exposure.unpriced.join(", ")}`, tone: "doubtful" };
  const read: Cell = asOf === null ? { text: "never", tone: "doubtful" } : asOf;
  return formatFields(
    [
      ["account", { text: account, tone: "strong" }],
      ["broker read", stale && asOf !== null ? { text: `${asOf}, too long ago`, tone: "doubtful" } : read],
      ["cash", amount(money.cash)],
      ["equity", amount(money.equity)],
      ["buying power", amount(money.buying_power)],
      ["exposure at worst", total],
    ],
    paint,
  );
}

const UNKNOWN: Cell = { text: "not known", tone: "faint" };

function formatPositions({ positions }: PortfolioView, paint: Paint): string {
  if (positions.length === 0) return "Nothing is held, and no order is live.";
  const columns = [
    { title: "SYMBOL" },
    { title: "HELD", align: "right" },
    { title: "AT", align: "right" },
    { title: "VALUE", align: "right" },
    { title: "TO BUY", align: "right" },
    { title: "TO SELL", align: "right" },
    { title: "IN DOUBT", align: "right" },
    { title: "AT WORST", align: "right" },
  ] as const;
  const rows = positions.map((position): readonly Cell[] => [
    position.symbol,
    position.quantity,
    position.average_price ?? "",
    position.market_value ?? "",
    position.working_buy,
    position.working_sell,
    inDoubt(position),
    position.exposure ?? UNKNOWN,
  ]);
  return formatTable(columns, rows, paint);
}

/** Units in orders of which nobody knows whether the broker has them. */
function inDoubt({ unknown_buy: buy, unknown_sell: sell }: PortfolioView["positions"][number]): Cell {
  const parts = [buy === "0" ? [] : `buy ${buy}`, sell === "0" ? [] : `sell ${sell}`].flat();
  return parts.length === 0 ? "" : { text: parts.join(", "), tone: "doubtful" };
}
