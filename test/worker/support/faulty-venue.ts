// An account that is configured otherwise, sees other settings, or has a venue that misbehaves.
import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import type { AccountUpdate } from "../../../src/gateway/accounts.ts";
import type { AccountChange, AccountConfiguration, Connection } from "../../../src/domain/account.ts";
import { AccountId } from "../../../src/domain/ids.ts";
import type { TradingStop } from "../../../src/domain/trading-stop.ts";
import { Policy } from "../../../src/domain/risk/policy.ts";
import { findAccount } from "../../../src/storage/accounts.ts";
import { openDatabase } from "../../../src/storage/client.ts";

const PAPER = AccountId.parse("paper");

/** The object of the account `paper`. */
export const account = () => env.ACCOUNTS_DO.getByName(PAPER);

/** What answers the account's calls to its broker. */
export type Venue = (request: Request) => Promise<Response>;

type Change = {
  /** What an operator can change about the account. Of the policy, only what differs. */
  readonly configured?: Omit<AccountChange, "reason" | "name"> & {
    readonly policy?: { readonly [K in keyof Policy]?: unknown };
  };
  /** What is left of trading there. */
  readonly stopped?: TradingStop["state"];
  /** What no operator can change: where the account is. */
  readonly connection?: Connection;
  /** Settings of the environment. */
  readonly settings?: object;
  readonly venue?: (real: Venue) => Venue;
};

/** Runs `work` under a {@link Change} of the account `paper`, and changes it back. */
export async function withAccount<T>(
  { configured, stopped, connection, settings = {}, venue }: Change,
  work: () => Promise<T>,
): Promise<T> {
  const steps = [
    ...(configured === undefined ? [] : [() => configure(configured)]),
    ...(stopped === undefined ? [] : [() => stop(stopped)]),
    ...(connection === undefined ? [] : [() => connect(connection)]),
    () => swapEnvironment({ ...settings, ...(venue === undefined ? {} : venueBinding(venue)) }),
  ];
  const undo: (() => Promise<unknown>)[] = [];
  try {
    for (const step of steps) undo.unshift(await step());
    return await work();
  } finally {
    for (const back of undo) await back();
  }
}

/** Changes the account as an operator does; returns what changes it back. */
async function configure({ policy, ...terms }: NonNullable<Change["configured"]>): Promise<() => Promise<unknown>> {
  const before = (await findAccount(openDatabase(env.DB), PAPER))?.account;
  if (before === undefined || before.status === "deleted") throw new Error("there is no account to change");
  const { status, minimum_origin } = before;
  if (policy !== undefined) await changePolicy(Policy.parse({ ...before.policy, ...policy }));
  if (Object.keys(terms).length > 0) await change({ kind: "terms", change: terms });
  return async () => {
    if (policy !== undefined) await changePolicy(before.policy);
    if (Object.keys(terms).length > 0) await change({ kind: "terms", change: { status, minimum_origin } });
  };
}

const OPERATOR = { actor: { kind: "api_key", id: "bootstrap" }, requestId: "a-test", clientIp: null } as const;

async function stop(state: TradingStop["state"]): Promise<() => Promise<unknown>> {
  const id = crypto.randomUUID();
  const set_at = new Date().toISOString();
  const reach = { account: PAPER, source: null, symbol: null };
  const terms = { id, ...reach, state, level: "account", set_by: "bootstrap", set_at, reason: "a test" } as const;
  await account().stop(terms, { cancels: "none", flatten: false }, OPERATOR);
  return async () => account().release(id, "gateway", null, OPERATOR);
}

const changePolicy = (policy: Policy) => change({ kind: "policy", policy, reason: "a test" });

async function change(update: AccountUpdate): Promise<void> {
  const changed = await env.GATEWAY_DO.getByName("gateway").changeAccount(PAPER, update, OPERATOR);
  if (!changed.ok) throw new Error(`the account was not changed: ${changed.error.reason}`);
}

/** Puts another connection where the account's object keeps its own. */
async function connect(connection: Connection): Promise<() => Promise<unknown>> {
  const before = await rewriteConfiguration((configuration) => ({ ...configuration, connection }));
  return () => rewriteConfiguration((configuration) => ({ ...configuration, connection: before.connection }));
}

/** Writes what the object goes by. It goes by it at once, because it makes everything anew for another environment. */
async function rewriteConfiguration(
  next: (before: AccountConfiguration) => AccountConfiguration,
): Promise<AccountConfiguration> {
  const before = await runInDurableObject(account(), (_, state) => {
    const { sql } = state.storage;
    const row = sql.exec<{ configuration: string }>("SELECT configuration FROM configuration").one();
    const configuration = JSON.parse(row.configuration) as AccountConfiguration;
    sql.exec("UPDATE configuration SET configuration = ?", JSON.stringify(next(configuration)));
    return configuration;
  });
  await swapEnvironment({});
  return before;
}

function venueBinding(venue: NonNullable<Change["venue"]>): object {
  const real: Venue = (request) => env.PAPER_VENUES_DO.getByName(PAPER).fetch(request);
  return { PAPER_VENUES_DO: { getByName: () => ({ fetch: venue(real), setPrice: () => true }) } };
}

async function swapEnvironment(settings: object): Promise<() => Promise<unknown>> {
  const swap = (next: (before: Env) => Env) =>
    runInDurableObject(account(), (object) => {
      const holder = object as unknown as { env: Env };
      const before = holder.env;
      holder.env = next(before);
      return before;
    });
  const before = await swap((now) => ({ ...now, ...settings }));
  return () => swap(() => before);
}
