// What this isolate knows of the configuration: all sources, API keys and accounts, read from D1 in one go. What has been
// taken away is caught by the objects that decide; what was added is found by reading once more.
import type { AccountId, SourceId } from "../domain/ids.ts";
import type { ApiKeyId } from "../domain/api-key.ts";
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
/** Should nobody have said that something changed. */
const REFRESH_MS = 60_000;

export class Directory {
  readonly #read: () => Promise<Known>;
  readonly #nowMs: () => number;
  #known: { readonly known: Known; readonly startedAtMs: number } | undefined;
  #reading: Promise<void> | undefined;
  #failed: { readonly atMs: number; readonly reading: Promise<void> } | undefined;

  constructor(read: () => Promise<Known>, nowMs: () => number = Date.now) {
    this.#read = read;
    this.#nowMs = nowMs;
  }

  /** What was read last. Throws when nothing was, and D1 is unreachable. `inBackground` keeps a reading alive that nobody waits for. */
  async current(inBackground: (work: Promise<unknown>) => void): Promise<Known> {
    if (this.#known === undefined) return this.#since(-Infinity);
    if (this.#nowMs() - this.#known.startedAtMs > REFRESH_MS) inBackground(this.#readOnce().catch(() => undefined));
    return this.#known.known;
  }

  /** For something that is not to be found: reads once more, unless that was done within the last second. */
  lookAgain(): Promise<Known> {
    return this.#since(this.#nowMs() - SETTLED_MS);
  }

  /** For something that is known to be out of date. */
  refresh(): Promise<Known> {
    return this.#since(this.#nowMs());
  }

  /** Whether there is such an account, perhaps since a moment ago. */
  async hasAccount(account: AccountId, inBackground: (work: Promise<unknown>) => void): Promise<boolean> {
    return (await this.current(inBackground)).accounts.has(account) || (await this.lookAgain()).accounts.has(account);
  }

  /** What was read from that moment on, or later. However many ask, one reading is under way. */
  async #since(ms: number): Promise<Known> {
    while (this.#known === undefined || this.#known.startedAtMs < ms) await this.#readOnce();
    return this.#known.known;
  }

  #readOnce(): Promise<void> {
    const startedAtMs = this.#nowMs();
    // A database that is away is not asked for every request that proves nothing.
    if (this.#failed !== undefined && startedAtMs - this.#failed.atMs < SETTLED_MS) return this.#failed.reading;
    this.#reading ??= this.#readFrom(startedAtMs);
    return this.#reading;
  }

  #readFrom(startedAtMs: number): Promise<void> {
    const reading = this.#read()
      .then((known) => void (this.#known = { known, startedAtMs }))
      .finally(() => void (this.#reading = undefined));
    reading.catch(() => void (this.#failed = { atMs: this.#nowMs(), reading }));
    return reading;
  }
}
