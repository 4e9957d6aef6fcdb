// Makes accounts as an operator makes them: in D1, and in each account's object.
import { env } from "cloudflare:workers";
import { type Account, NewAccount } from "../../src/domain/account.ts";
import { NO_LIMITS } from "./no-limits.ts";

const POLICY = {
  ...NO_LIMITS,
  symbols: ["AAPL", "MSFT", "SPY"],
  max_quantity: "100",
  max_notional: "25000",
  max_position: "100000",
  reference_price_max_age_sec: 900,
};

const CALLER = { actor: { kind: "api_key", id: "bootstrap" }, requestId: "make-account", clientIp: null } as const;

/** An account at the embedded paper venue that may trade a little of three symbols. `policy`: what differs. */
export async function makeAccount(id: string, policy: object = {}): Promise<Account> {
  const terms = NewAccount.parse({ id, connection: { broker: "paper" }, policy: { ...POLICY, ...policy } });
  const made = await env.GATEWAY_DO.getByName("gateway").createAccount(terms, null, CALLER);
  if (!made.ok) throw new Error(`account ${id} was not made: ${made.error.reason}`);
  return made.value.answer;
}
