// What this isolate knows of the configuration: all sources, API keys and accounts, read from D1 in one go. What has been
// taken away is caught by the objects that decide; what was added is found by reading once more.
import type { AccountId, SourceId } from "../domain/ids.ts";
import type { ApiKeyId } from "../domain/api-key.ts";
import { Remembered } from "../remembered.ts";
import type { StoredApiKey } from "../storage/api-keys.ts";
import type { StoredSource } from "../storage/sources.ts";

export type Known = {
  readonly sources: ReadonlyMap<SourceId, StoredSource>;
  readonly apiKeys: ReadonlyMap<ApiKeyId, StoredApiKey>;
  /** Deleted ones are not among them. */
  readonly accounts: ReadonlySet<AccountId>;
};

/** A secret is shown a second after it was stored: whoever looks later than that has to find it. */
export const SETTLED_MS = 1_000;
/** Should nobody have said that something changed: from then on it is read beside the one who asks, and from then on before. */
const AGES = { refreshMs: 60_000, keptMsMax: 300_000 };
/** While D1 is away, old words are better than none: what was taken away is caught by the objects that decide. */
const ANY_AGE = { refreshMs: Infinity, keptMsMax: Infinity };

export class Directory {
  readonly #known: Remembered<Known>;
  readonly #nowMs: () => number;

  constructor(read: () => Promise<Known>, nowMs: () => number = Date.now) {
    this.#known = new Remembered(read, nowMs);
    this.#nowMs = nowMs;
  }

  /** What was read last. Throws when nothing was, and D1 is unreachable. */
  current(): Promise<Known> {
    return this.#known.current(AGES).catch(() => this.#known.current(ANY_AGE));
  }

  /** For something that is not to be found: reads once more, unless that was done within the last second. */
  lookAgain(): Promise<Known> {
    return this.#known.since(this.#nowMs() - SETTLED_MS);
  }

  /** For something that is known to be out of date. */
  refresh(): Promise<Known> {
    return this.#known.since(this.#nowMs());
  }

  /** Whether there is such an account, perhaps since a moment ago. */
  hasAccount(account: AccountId): Promise<boolean> {
    return this.#has(({ accounts }) => accounts.has(account));
  }

  hasSource(source: SourceId): Promise<boolean> {
    return this.#has(({ sources }) => sources.has(source));
  }

  async #has(isThere: (known: Known) => boolean): Promise<boolean> {
    return isThere(await this.current()) || isThere(await this.lookAgain());
  }
}
