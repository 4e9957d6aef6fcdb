// The gateway itself: the only writer of its configuration. Every change and its audit entry are one D1 transaction, made one
// at a time; what has to learn of a change learns of it before the change is answered.
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
import { type AccountTerms, type AccountUpdate, type InUse, changeAccount, createAccount } from "./accounts.ts";
import { type ApiKeyUpdate, type NewKey, type TooMany, changeApiKey, createApiKey } from "./api-keys.ts";
import { nextEntry } from "./chain.ts";
import type { Change, Missing, Plan, Taken } from "./change.ts";
import { keyringOf } from "../vault/keyring.ts";
import { type SecretRefusal, type SourceUpdate, changeSource, createSource } from "./sources.ts";
import { type Rewrapped, rewrapSome } from "./vault.ts";

export class GatewayObject extends DurableObject<Env> {
  #last: Promise<unknown> = Promise.resolve();

  createAccount(
    terms: AccountTerms,
    credentials: StoredCredentials | null,
    caller: Caller,
  ): Promise<Result<Account, Taken>> {
    return this.#make(createAccount(terms, credentials), caller, this.#tellAccount);
  }

  changeAccount(id: AccountId, update: AccountUpdate, caller: Caller): Promise<Result<Account, Missing | InUse>> {
    return this.#make(changeAccount(id, update), caller, this.#tellAccount);
  }

  createSource(terms: NewSource, secret: StoredSecret, caller: Caller): Promise<Result<Source, Taken | TooMany>> {
    return this.#make(createSource(terms, secret), caller, nobody);
  }

  changeSource(id: SourceId, update: SourceUpdate, caller: Caller): Promise<Result<Source, Missing | SecretRefusal>> {
    return this.#make(changeSource(id, update), caller, this.#tellAccounts);
  }

  createApiKey(key: NewKey, terms: ApiKeyTerms, caller: Caller): Promise<Result<ApiKey, Taken | TooMany>> {
    return this.#make(createApiKey(key, terms), caller, nobody);
  }

  changeApiKey(id: ApiKeyId, update: ApiKeyUpdate, caller: Caller): Promise<Result<ApiKey, Missing>> {
    return this.#make(changeApiKey(id, update), caller, this.#tellLimiter);
  }

  /** Wraps some data keys anew under the primary key; to be asked for until nothing is left. */
  async rewrap(caller: Caller): Promise<Omit<Rewrapped, "accounts">> {
    const config = readConfig(this.env);
    assert(config.ok, "the configuration was checked before the request was let in");
    const keyring = await keyringOf(config.value.CREDENTIALS_ENCRYPTION_KEYS);
    const done = await this.#make(rewrapSome(keyring), caller, async ({ accounts }) => {
      await Promise.all(accounts.map((account) => accountStub(this.env, account).configure()));
    });
    if (!done.ok)
      return { primary: done.error.primary, rewrapped: 0, closed: done.error.closed, left: done.error.closed.length };
    const { accounts: _, ...rewrapped } = done.value;
    return rewrapped;
  }

  /** Throws when D1 is unreachable, or when somebody could not be told; then the change may have been made. */
  #make<T, E>(plan: Plan<T, E>, caller: Caller, tell: (changed: T) => Promise<void>): Promise<Result<T, E>> {
    return this.#afterTheOthers(async () => {
      const database = openDatabase(this.env.DB);
      const now = new Date();
      // Read before anything else: if another writer came in between, the entry's number is taken, and nothing of this happens.
      const head = await readHead(database, GATEWAY_CHAIN);
      const planned = await plan({ database, caller, now });
      if (!planned.ok) return planned;
      const { answer } = planned.value;
      if ("statements" in planned.value) await this.#commit(planned.value, head, caller, now);
      await tell(answer);
      return ok(answer);
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

  readonly #tellAccount = async ({ id, revision }: Account): Promise<void> => {
    const inForce = await accountStub(this.env, id).configure();
    // An object never goes back: after a restore of D1 to a time before, it goes by what it knew until the numbers pass.
    assert(inForce === revision, `account ${id} goes by revision ${inForce}, and not by ${revision}`);
  };

  /** All of them: it may have reached others before. */
  readonly #tellAccounts = async ({ id, revision }: Source): Promise<void> => {
    const accounts = await listAccountIds(openDatabase(this.env.DB));
    await Promise.all(accounts.map((account) => accountStub(this.env, account).requireSource(id, revision)));
  };

  readonly #tellLimiter = async ({ id, revision }: ApiKey): Promise<void> => {
    await limiterStub(this.env, `key:${id}`).requireRevision(revision);
  };
}

/** What nobody knows yet, nobody has to be told. */
const nobody = (): Promise<void> => Promise.resolve();
