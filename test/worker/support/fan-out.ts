// Accounts at the embedded venue, and sources that one signal of goes to several of them.
import { env } from "cloudflare:workers";
import { SETTLED_MS } from "../../../src/directory/directory.ts";
import type { Order } from "../../../src/domain/order.ts";
import type { SignalReceipt } from "../../../src/domain/signal/receipt.ts";
import { makeAccount } from "../../support/make-account.ts";
import { call } from "./gateway.ts";

export type Outcome = {
  readonly account: string;
  readonly status: number;
  readonly order?: Order;
  readonly receipt?: SignalReceipt;
  readonly problem?: { readonly code: string };
};

/** What became of a signal, account by account. */
export async function outcomesOf(response: Response): Promise<readonly Outcome[]> {
  if (response.status !== 200) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
  return (await response.json<{ outcomes: readonly Outcome[] }>()).outcomes;
}

/** Like `a 202, b account_disabled`. */
export const summaryOf = (outcomes: readonly Outcome[]): string =>
  outcomes.map(({ account, status, problem }) => `${account} ${problem?.code ?? status}`).join(", ");

/** An account of its own for every letter, in a family of its own. */
export async function makeAccounts(...letters: readonly string[]): Promise<readonly string[]> {
  const family = crypto.randomUUID().slice(0, 8);
  const ids = letters.map((letter) => `${letter}-${family}`);
  for (const id of ids) await makeAccount(id);
  // Until every isolate finds them, see the directory.
  await scheduler.wait(SETTLED_MS);
  return ids;
}

export async function changeAccount(id: string, change: object): Promise<void> {
  const response = await call("PATCH", `/v1/accounts/${id}`, { body: change });
  if (response.status !== 200) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
}

/** The client order ids of all the orders that the venue has of the account, whatever became of them. */
export async function venueOrdersOf(account: string): Promise<readonly string[]> {
  const headers = { "APCA-API-KEY-ID": "embedded", "APCA-API-SECRET-KEY": "embedded" };
  const venue = env.PAPER_VENUES_DO.getByName(account);
  const response = await venue.fetch("https://venue.test/v2/orders?status=all&limit=500", { headers });
  return (await response.json<{ client_order_id: string }[]>()).map(({ client_order_id: id }) => id);
}
