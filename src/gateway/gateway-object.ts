// The gateway itself: the only writer of its configuration. Every change and its audit entry are one D1 transaction, made one
// at a time; what has to learn of a change is told before the change is answered, and the answer says who could not be.
import { DurableObject } from "cloudflare:workers";
import type { Stopped } from "../account/account-object.ts";
import { accountStub } from "../account/stub.ts";
import { readConfig } from "../config.ts";
import type { ApiKey, ApiKeyTerms } from "../domain/access.ts";
import { type Account, GATEWAY_CHAIN } from "../domain/account.ts";
import type { AuditEntry } from "../domain/audit-entry.ts";
import type { ApiKeyId } from "../domain/api-key.ts";
import type { AccountId, SourceId } from "../domain/ids.ts";
import type { NewOverride } from "../domain/policy-override.ts";
import { type Result, assert, ok } from "../domain/result.ts";
import type { Source } from "../domain/source.ts";
import type { StopActions, StopLevel, TradingStop } from "../domain/trading-stop.ts";
import { describeError, log } from "../log.ts";
import { limiterStub } from "../limiter/stub.ts";
import { insertEntry, readHead } from "../storage/audit-log.ts";
import { type StoredCredentials, listAccountIds } from "../storage/accounts.ts";
import { openDatabase } from "../storage/client.ts";
import type { StoredSecret } from "../storage/sources.ts";
import {
  type AccountTerms,
  type AccountUpdate,
  type InUse,
  type VenueAccountTaken,
  changeAccount,
  createAccount,
} from "./accounts.ts";
import { type ApiKeyUpdate, type NewKey, type TooMany, changeApiKey, createApiKey } from "./api-keys.ts";
import { nextEntry } from "./chain.ts";
import type { Change, Missing, Plan, Taken } from "./change.ts";
import { keyringOf } from "../vault/keyring.ts";
import { within } from "../within.ts";
import type { ReleaseRefusal } from "../account/stops/stops.ts";
import { readStopsOf } from "./read-stops.ts";
import { type OverrideMade, endOverride, setOverride } from "./overrides.ts";
import { type Telling, isReleasedEverywhere, recordStop, releaseEverywhere, stopForAll } from "./stops.ts";
import { type FanOutWidened, type SecretRefusal, type SourceUpdate, changeSource, createSource } from "./sources.ts";
import { type Made, untoldOf } from "./told.ts";
import { type Rewrapped, rewrapSome } from "./vault.ts";
import type { Caller } from "../account/caller.ts";

const KNOWN_ACCOUNTS = "accounts";

/** For how long a stop, or its release, waits for the list of accounts. */
const READING_MS = 2_000;
/** For how long a stop waits for its place in the list, behind other changes; the accounts go by it already. */
const STORING_MS = 15_000;

export type StoppedEverywhere = {
  readonly stop: TradingStop;
  readonly isStored: boolean;
  /** Who has been told, and what was done there. */
  readonly reached: readonly StoppedAccount[];
};

type StoppedAccount = Pick<Stopped, "canceled" | "flattened"> & { readonly account: AccountId };

export class GatewayObject extends DurableObject<Env> {
  #last: Promise<unknown> = Promise.resolve();

  createAccount(
    terms: AccountTerms,
    credentials: StoredCredentials | null,
    caller: Caller,
  ): Promise<Result<Made<Account>, Taken | VenueAccountTaken>> {
    return this.#make(createAccount(terms, credentials), caller, this.#tellAccount);
  }

  changeAccount(id: AccountId, update: AccountUpdate, caller: Caller): Promise<Result<Made<Account>, Missing | InUse>> {
    return this.#make(changeAccount(id, update), caller, this.#tellAccount);
  }

  /** In force, or coming, when the answer is there. */
  setOverride(
    account: AccountId,
    wanted: NewOverride,
    caller: Caller,
  ): Promise<Result<Made<OverrideMade>, Missing | TooMany>> {
    return this.#make(setOverride(account, wanted), caller, (made) => this.#tellAccount(made.account));
  }

  endOverride(account: AccountId, id: string, caller: Caller): Promise<Result<Made<OverrideMade>, Missing>> {
    return this.#make(endOverride(account, id), caller, (made) => this.#tellAccount(made.account));
  }

  createSource(
    terms: Parameters<typeof createSource>[0],
    secret: StoredSecret,
    caller: Caller,
  ): Promise<Result<Made<Source>, Taken | TooMany>> {
    return this.#make(createSource(terms, secret), caller, nobody);
  }

  changeSource(
    id: SourceId,
    update: SourceUpdate,
    caller: Caller,
  ): Promise<Result<Made<Source>, Missing | SecretRefusal | FanOutWidened>> {
    return this.#make(changeSource(id, update), caller, this.#tellAccounts);
  }

  createApiKey(key: NewKey, terms: ApiKeyTerms, caller: Caller): Promise<Result<Made<ApiKey>, Taken | TooMany>> {
    return this.#make(createApiKey(key, terms), caller, nobody);
  }

  changeApiKey(id: ApiKeyId, update: ApiKeyUpdate, caller: Caller): Promise<Result<Made<ApiKey>, Missing | TooMany>> {
    return this.#make(changeApiKey(id, update), caller, this.#tellLimiter);
  }

  /**
   * Stops trading everywhere. The accounts are told first and need nothing else to go by it, so it binds them also while D1 is
   * away; then it is stored, for the accounts there will be. `isStored`: whether that could be done. Where they all go by one that
   * says the same, it is that one, and nothing new; one that has been released everywhere is not set again.
   */
  async stop(wanted: TradingStop, actions: StopActions, caller: Caller): Promise<Made<StoppedEverywhere>> {
    const before = await this.#accounts();
    const reached = new Map<AccountId, Stopped>();
    const tell = (stop: TradingStop, accounts: readonly AccountId[], isBeside: boolean) =>
      untoldOf(accounts, async (account) => {
        const told = await accountStub(this.env, account).stop(stop, actions, caller, isBeside);
        const canceled = Math.max(told.canceled, reached.get(account)?.canceled ?? 0);
        reached.set(account, { ...told, canceled });
      });
    const untold = await tell(wanted, before, false);
    const answers = [...reached.values()].map(({ inForce }) => inForce);
    if (isReleasedEverywhere({ answers })) return { answer: { stop: wanted, isStored: true, reached: [] }, untold };
    const telling: Telling = { wanted, fresh: { ...wanted, id: crypto.randomUUID() }, answers };
    const bindAll = (stop: TradingStop, accounts: readonly AccountId[]): Promise<readonly string[]> => {
      const others = [...reached].filter(([, { inForce }]) => inForce.every(({ id }) => id !== stop.id));
      const added = accounts.filter((account) => !before.includes(account));
      return tell(stop, [...others.map(([account]) => account), ...added], true);
    };
    // Whoever was added in between has not read of it. Those of whom D1 has not told in time are found here, or it is not stored.
    const bindListed = async (stop: TradingStop) => bindAll(stop, await this.#listAccounts());
    const recorded = await within(STORING_MS, this.#make(recordStop(telling), caller, bindListed)).catch(
      (thrown: unknown) => {
        log("error", "gateway.stop_not_stored", { stop: wanted.id, error: describeError(thrown) });
        return undefined;
      },
    );
    const isStored = recorded?.ok === true;
    const stop = isStored ? recorded.value.answer : stopForAll(telling, undefined);
    const unbound = isStored ? recorded.value.untold : await bindAll(stop, await this.#accounts());
    const stopped = [...reached].map(([account, { canceled, flattened }]) => ({ account, canceled, flattened }));
    return { answer: { stop, isStored, reached: stopped }, untold: [...untold, ...unbound] };
  }

  /** Throws when D1 is unreachable: then nothing is released. */
  async release(
    id: string,
    level: StopLevel,
    why: string | null,
    caller: Caller,
  ): Promise<Result<Made<TradingStop>, ReleaseRefusal>> {
    const accounts = await this.#accounts();
    // One of everything may have been set while D1 was away.
    const told = (await readStopsOf(this.env, accounts)).stops.filter(({ account }) => account === null);
    return this.#make(releaseEverywhere(id, told, { level, why }), caller, () =>
      untoldOf(accounts, async (account) => void (await accountStub(this.env, account).configure())),
    );
  }

  /** All there are; while D1 is away, or keeps silent, all there were when it last answered. */
  async #accounts(): Promise<readonly AccountId[]> {
    try {
      return await within(READING_MS, this.#listAccounts());
    } catch (thrown) {
      const known = await this.ctx.storage.get<AccountId[]>(KNOWN_ACCOUNTS);
      log("error", "gateway.accounts_unread", { known: known?.length ?? 0, error: describeError(thrown) });
      if (known === undefined) throw thrown;
      return known;
    }
  }

  async #listAccounts(): Promise<readonly AccountId[]> {
    const ids = await listAccountIds(openDatabase(this.env.DB));
    await this.ctx.storage.put(KNOWN_ACCOUNTS, ids);
    return ids;
  }

  /** Wraps some data keys anew under the primary key; to be asked for until nothing is left and everybody is told. */
  async rewrap(caller: Caller): Promise<Made<Omit<Rewrapped, "accounts">>> {
    const config = readConfig(this.env);
    assert(config.ok, "the configuration was checked before the request was let in");
    const keyring = await keyringOf(config.value.CREDENTIALS_ENCRYPTION_KEYS);
    const tell = (accounts: readonly AccountId[]) =>
      untoldOf(accounts, async (account) => void (await accountStub(this.env, account).configure()));
    const done = await this.#make(rewrapSome(keyring), caller, ({ accounts }) => tell(accounts));
    if (done.ok) {
      const { accounts: _, ...rewrapped } = done.value.answer;
      return { answer: rewrapped, untold: done.value.untold };
    }
    const { primary, closed } = done.error;
    // Somebody who could not be told before still has what the old key has sealed.
    const untold = await tell(await listAccountIds(openDatabase(this.env.DB)));
    return { answer: { primary, rewrapped: 0, closed, left: closed.length }, untold };
  }

  /** Throws when D1 is unreachable; then the change may have been made. `tell` says who could not be told. */
  #make<T, E>(
    plan: Plan<T, E>,
    caller: Caller,
    tell: (changed: T) => Promise<readonly string[]>,
  ): Promise<Result<Made<T>, E>> {
    return this.#afterTheOthers(async () => {
      const database = openDatabase(this.env.DB);
      const now = new Date();
      // Read before anything else: if another writer came in between, the entry's number is taken, and nothing of this happens.
      const head = await readHead(database, GATEWAY_CHAIN);
      const planned = await plan({ database, caller, now });
      if (!planned.ok) return planned;
      const { answer } = planned.value;
      if ("statements" in planned.value) await this.#commit(planned.value, head, caller, now);
      return ok({ answer, untold: await tell(answer) });
    });
  }

  async #commit({ statements, event }: Change, head: AuditEntry | undefined, caller: Caller, now: Date): Promise<void> {
    const database = openDatabase(this.env.DB);
    const entry = nextEntry(head, {
      time: now.toISOString(),
      type: event.type,
      actor: caller.actor,
      request_id: caller.requestId,
      client_ip: caller.clientIp,
      order_id: null,
      symbol: null,
      result: { ok: true, code: "done" },
      data: event.data,
    });
    await database.batch([insertEntry(database, entry), ...statements]);
  }

  /** Reading and writing D1 are two steps, and between them nobody else may change anything. */
  #afterTheOthers<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  readonly #tellAccount = ({ id, revision }: Account): Promise<readonly string[]> =>
    untoldOf([id], async () => {
      const inForce = await accountStub(this.env, id).configure();
      // An object never goes back: after a restore of D1 to a time before, it goes by what it knew until the numbers pass.
      assert(inForce === revision, `the account goes by revision ${inForce}, and not by ${revision}`);
    });

  /** All of them: it may have reached others before. */
  readonly #tellAccounts = async ({ id, revision }: Source): Promise<readonly string[]> =>
    untoldOf(await listAccountIds(openDatabase(this.env.DB)), (account) =>
      accountStub(this.env, account).requireSource(id, revision),
    );

  readonly #tellLimiter = ({ id, revision }: ApiKey): Promise<readonly string[]> =>
    untoldOf([id], () => limiterStub(this.env, `key:${id}`).requireRevision(revision));
}

/** What nobody knows yet, nobody has to be told. */
const nobody = (): Promise<readonly string[]> => Promise.resolve([]);
