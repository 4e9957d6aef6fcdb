// Ids in a request that lead somewhere. Each function ends the request where they do not.
import type { Context } from "hono";
import { type AccountId, OrderId, accountOf } from "../domain/ids.ts";
import type { AppEnv } from "./env.ts";
import { refuse } from "./problem.ts";

/** The account that was named, or the default one. */
export function knownAccount(c: Context<AppEnv>, named: AccountId | undefined): AccountId {
  const account = named ?? c.var.config.DEFAULT_ACCOUNT;
  if (c.var.config.ACCOUNTS[account] === undefined) {
    refuse(c, { code: "not_found", detail: "No account has this id." });
  }
  return account;
}

/** An order's id and its account, which may still not know the order. */
export function orderOfKnownAccount(
  c: Context<AppEnv>,
  text: string,
): { readonly id: OrderId; readonly account: AccountId } {
  const id = OrderId.safeParse(text);
  if (!id.success || c.var.config.ACCOUNTS[accountOf(id.data)] === undefined) orderNotFound(c);
  return { id: id.data, account: accountOf(id.data) };
}

export function orderNotFound(c: Context<AppEnv>): never {
  return refuse(c, { code: "not_found", detail: "No order has this id." });
}
