// The account that a gateway on this machine starts out with: at the embedded paper venue, and free to trade a little. And how
// a program makes an account that may be there already.
import * as z from "zod";
import type { NewAccount } from "../domain/account.ts";
import { ask } from "./api.ts";
import { Failure } from "./failure.ts";
import { GatewayError } from "./gateway-error.ts";

/** An account as a request writes it: what has a default may be left out. */
export type AccountDefinition = z.input<typeof NewAccount>;

const STARTER_ACCOUNT: AccountDefinition = {
  id: "paper",
  connection: { broker: "paper" },
  policy: {
    trading_state: "active",
    symbols: ["AAPL", "MSFT", "SPY"],
    max_quantity: "100",
    max_notional: "25000",
    max_position: "1000",
    reference_price_max_age_sec: 900,
  },
};

/**
 * Makes the account at a gateway on this machine, unless there is one of that name: what has become of it since is not
 * touched. Throws a GatewayError when the gateway refuses.
 */
export async function ensureAccount(url: string, apiKey: string, account = STARTER_ACCOUNT): Promise<void> {
  try {
    const call = { method: "POST", path: "/v1/accounts", body: account } as const;
    await ask({ url, isLoopback: true, apiKey }, call, z.looseObject({ id: z.literal(account.id) }));
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    if (thrown.document.code === "id_taken") return;
    throw new GatewayError(`The account ${account.id} could not be made.\n${thrown.message}`, { cause: thrown });
  }
}
