// The gateway itself: the only writer of its configuration. Every change and its audit entry are one D1 transaction, made one
// at a time; what has to learn of a change is told before the change is answered, and the answer says who could not be.
import { DurableObject } from "cloudflare:workers";
import type { Caller } from "../account/record.ts";
import { accountStub } from "../account/stub.ts";
import { readConfig } from "../config.ts";
import type { ApiKey, ApiKeyTerms } from "../domain/access.ts";
import { type Account, GATEWAY_CHAIN } from "../domain/account.ts";
import type { AuditEntry } from "../domain/audit-entry.ts";
import type { ApiKeyId } from "../domain/api-key.ts";
import type { AccountId, SourceId } from "../domain/ids.ts";
import { type Result, assert, ok } from "../domain/result.ts";
import type { NewSource, Source } from "../domain/source.ts";
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
import { type SecretRefusal, type SourceUpdate, changeSource, createSource } from "./sources.ts";
import { type Made, untoldOf } from "./told.ts";
import { type Rewrapped, rewrapSome } from "./vault.ts";

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

  createSource(terms: NewSource, secret: StoredSecret, caller: Caller): Promise<Result<Made<Source>, Taken | TooMany>> {
    return this.#make(createSource(terms, secret), caller, nobody);
  }

  changeSource(
    id: SourceId,
    update: SourceUpdate,
    caller: Caller,
  ): Promise<Result<Made<Source>, Missing | SecretRefusal>> {
    return this.#make(changeSource(id, update), caller, this.#tellAccounts);
  }

  createApiKey(key: NewKey, terms: ApiKeyTerms, caller: Caller): Promise<Result<Made<ApiKey>, Taken | TooMany>> {
    return this.#make(createApiKey(key, terms), caller, nobody);
  }

  changeApiKey(id: ApiKeyId, update: ApiKeyUpdate, caller: Caller): Promise<Result<Made<ApiKey>, Missing | TooMany>> {
    return this.#make(changeApiKey(id, update), caller, this.#tellLimiter);
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
