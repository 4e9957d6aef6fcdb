// Asks every account's object how it stands, some at a time. The object asks its broker as it does for the portfolio: through
// its request budget and circuit breaker, so whoever asks too often learns less and uses up nothing.
import * as z from "zod";
import { accountStub } from "../account/stub.ts";
import type { Account } from "../domain/account.ts";
import type { Database } from "../storage/client.ts";
import { readHead } from "../storage/audit-log.ts";
import { type AccountFacts, about, checkAccount } from "./account.ts";
import { counted, failed, listed, passed, warned } from "../domain/check.ts";
import type { GatewayCheck } from "./gateway-checks.ts";
import { inParallel, look } from "./look.ts";

const ACCOUNTS_MAX = 20;
const AT_ONCE = 5;
/** The latest orders: enough to see whether the record keeps up. */
const ORDERS_LOOKED_AT = 20;

type Deps = { readonly env: Env; readonly database: Database };

/** `accounts`: all that are not deleted. */
export async function checkAccounts(accounts: readonly Account[], deps: Deps): Promise<GatewayCheck[]> {
  const inOrder = [...accounts].sort((one, other) => Number(isOpen(other)) - Number(isOpen(one)));
  const asked = inOrder.slice(0, ACCOUNTS_MAX);
  const checks = await inParallel(asked, AT_ONCE, (account) => checkOne(account, deps));
  return [countAccounts(asked, inOrder.slice(ACCOUNTS_MAX)), ...checks.flat()];
}

const isOpen = ({ status }: Account): boolean => status === "active";

function countAccounts(asked: readonly Account[], leftOut: readonly Account[]): GatewayCheck {
  if (asked.length === 0) return warned("accounts", "There is no account.", "npx sallyport accounts create");
  if (leftOut.length === 0) return passed("accounts", `${counted(asked.length, "account")}.`);
  return warned(
    "accounts",
    `${asked.length} of ${asked.length + leftOut.length} accounts were asked, and not ${listed(leftOut.map(({ id }) => id))}.`,
    "Ask the others one by one: npx sallyport portfolio --account ID",
  );
}

async function checkOne(account: Account, deps: Deps): Promise<GatewayCheck[]> {
  const read = await look("account.broker", () => readFacts(account, deps));
  if (!read.ok) return [about(account, read.error)];
  const facts = read.value;
  if ("problem" in facts) {
    const advice = "The object could not read the account from D1: ask again, and look in the log.";
    return [about(account, failed("account.broker", `The account's object ${facts.problem}.`, advice))];
  }
  return checkAccount(facts, Date.now());
}

async function readFacts(account: Account, { env, database }: Deps): Promise<AccountFacts | { problem: string }> {
  const object = accountStub(env, account.id);
  const first = await object.portfolio();
  // The broker's answer may still be on its way: the second call waits for that one, and not for another.
  const portfolio = first.ok && first.value.stale ? await object.portfolio() : first;
  const breaker = await object.circuitBreaker();
  if (!portfolio.ok) return { problem: portfolio.error.problem };
  if (!breaker.ok) return { problem: breaker.error.problem };
  const [head, orders] = await Promise.all([
    readHead(database, account.id),
    object.listOrders({ limit: ORDERS_LOOKED_AT }),
  ]);
  return {
    account,
    broker: { as_of: portfolio.value.as_of, stale: portfolio.value.stale },
    breaker: breaker.value,
    changesMs: orders.map(({ updated_at: changedAt }) => Date.parse(changedAt)),
    recordedMs: head === undefined ? null : Date.parse(Timed.parse(JSON.parse(head.event)).time),
  };
}

const Timed = z.object({ time: z.string() });
