// Ids in a request that lead somewhere. Each function ends the request where they do not. What the caller may not see does not
// exist for it.
import type { Context } from "hono";
import { directoryOf } from "../directory/isolate.ts";
import { mayUse } from "../domain/access.ts";
import { type AccountId, OrderId, accountOf } from "../domain/ids.ts";
import type { Asking } from "../intake/read-order.ts";
import type { AppEnv } from "./env.ts";
import { refuse } from "./problem.ts";

/** What is there for the caller. */
export const asking = (c: Context<AppEnv>): Asking => ({
  defaultAccount: c.var.config.DEFAULT_ACCOUNT,
  isThere: (account) => isThere(c, account),
});

/** The account that was named, or the default one. */
export async function knownAccount(c: Context<AppEnv>, named: AccountId | undefined): Promise<AccountId> {
  const account = named ?? c.var.config.DEFAULT_ACCOUNT;
  if (!(await isThere(c, account))) refuse(c, { code: "not_found", detail: "No account has this id." });
  return account;
}

/** An order's id and its account, which may still not know the order. A signal's id has the same form. */
export async function orderOfKnownAccount(
  c: Context<AppEnv>,
  text: string,
  notFound: (c: Context<AppEnv>) => never = orderNotFound,
): Promise<{ readonly id: OrderId; readonly account: AccountId }> {
  const id = OrderId.safeParse(text);
  if (!id.success || !(await isThere(c, accountOf(id.data)))) return notFound(c);
  return { id: id.data, account: accountOf(id.data) };
}

export function orderNotFound(c: Context<AppEnv>): never {
  return refuse(c, { code: "not_found", detail: "No order has this id." });
}

export function signalNotFound(c: Context<AppEnv>): never {
  return refuse(c, { code: "not_found", detail: "No signal has this id." });
}

const isThere = async (c: Context<AppEnv>, account: AccountId): Promise<boolean> =>
  mayUse(c.var.principal, account) && (await directoryOf(c.env).hasAccount(account));
