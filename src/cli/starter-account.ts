// The account that a gateway on this machine starts out with: at the embedded paper venue, and free to trade a little. And how
// a program makes an account that may be there already.
import * as z from "zod";
import type { NewAccount } from "../domain/account.ts";
import { ask } from "./api.ts";
import { Failure } from "./failure.ts";
import { GatewayError } from "./gateway-error.ts";
import { nextCommand } from "./next-command.ts";
import type { Connection, ConnectionOptions } from "./settings.ts";

/** An account as a request writes it: what has a default may be left out. */
export type AccountDefinition = z.input<typeof NewAccount>;

const STARTER_ACCOUNT: AccountDefinition = {
  id: "paper",
  connection: { broker: "paper" },
  policy: {
    symbols: ["AAPL", "MSFT", "SPY"],
    asset_classes: ["us_equity"],
    sides: "any",
    order_types: "any",
    times_in_force: "any",
    trading_hours: "any",
    max_quantity: "100",
    max_notional: "25000",
    max_percent_of_equity: "50",
    price_collar_percent: "5",
    reference_price_max_age_sec: 900,
    max_position: "1000",
    max_position_notional: "500000",
    max_gross_exposure: "1000000",
    max_net_exposure: "1000000",
    min_buying_power: "0",
    max_daily_loss: "50000",
    max_drawdown_percent: "60",
    max_open_orders: 500,
    max_orders_per_sec: 50,
    max_orders_per_min: 600,
    max_orders_per_day: 10_000,
    max_messages_per_sec: 100,
    max_messages_per_min: 1_200,
    max_messages_per_day: 20_000,
    duplicate_order_window_sec: "off",
    repeated_execution: "off",
    self_match: "off",
  },
};

/**
 * Makes the account at a gateway on this machine, unless there is one of that name: what has become of it since is not
 * touched. Returns its status, which is `active` unless somebody has changed it. Throws a GatewayError when the gateway refuses.
 */
export async function ensureAccount(url: string, apiKey: string, account = STARTER_ACCOUNT): Promise<string> {
  const connection = { url, isLoopback: true, apiKey };
  try {
    const call = { method: "POST", path: "/v1/accounts", body: account } as const;
    await ask(connection, call, z.looseObject({ id: z.literal(account.id) }));
    return "active";
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    if (thrown.document.code === "id_taken") return readStatus(connection, account.id);
    throw new GatewayError(`The account ${account.id} could not be made.\n${thrown.message}`, { cause: thrown });
  }
}

async function readStatus(connection: Connection, id: string): Promise<string> {
  try {
    const { body } = await ask(connection, { path: `/v1/accounts/${id}` }, z.looseObject({ status: z.string() }));
    return body.status;
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    throw new GatewayError(`The account ${id} is there, and could not be read.\n${thrown.message}`, { cause: thrown });
  }
}

/** What keeps the starter account from taking orders; `undefined` where nothing does. */
export function describeStarter(status: string, options: ConnectionOptions): string | undefined {
  const { id } = STARTER_ACCOUNT;
  switch (status) {
    case "disabled":
      return `The account ${id} is disabled, and its orders are refused, until: ${nextCommand("accounts enable", [id], options)}`;
    case "deleted":
      return (
        `The account ${id} is deleted, and its id is never used again: orders go to another account, which they name or ` +
        `DEFAULT_ACCOUNT does. ${nextCommand("doctor", [], options)} says what is missing.`
      );
    default:
      return undefined;
  }
}
