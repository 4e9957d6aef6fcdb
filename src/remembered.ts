// Something that is read from elsewhere and remembered by the isolate. However many ask for it, one reading is under way.

/** Whoever is away is not asked for every request. */
const RETRY_MS = 1_000;
/** The platform can end the request that reads, and then nothing ends the reading: the next one who asks begins another. */
const ABANDONED_MS = 10_000;

type Reading = { readonly startedAtMs: number; readonly ended: Promise<void> };

/** From when something is read again for those who ask later, and from when nobody goes by it any more. */
type Ages = { readonly refreshMs: number; readonly keptMsMax: number };

export class Remembered<T> {
  readonly #read: () => Promise<T>;
  readonly #nowMs: () => number;
  #last: { readonly value: T; readonly startedAtMs: number } | undefined;
  #reading: Reading | undefined;
  #failed: { readonly atMs: number; readonly reading: Promise<void> } | undefined;

  constructor(read: () => Promise<T>, nowMs: () => number) {
    this.#read = read;
    this.#nowMs = nowMs;
  }

  /** What was read last. Throws when that is too old or nothing, and it cannot be read; nobody is told of a failed refresh. */
  async current({ refreshMs, keptMsMax }: Ages): Promise<T> {
    const nowMs = this.#nowMs();
    const isOld = this.#last !== undefined && this.#last.startedAtMs < nowMs - refreshMs;
    if (isOld) this.#readOnce().catch(() => undefined);
    return this.since(nowMs - keptMsMax);
  }

  /** What was read from that moment on, or later. Throws when it cannot be read. */
  async since(ms: number): Promise<T> {
    while (this.#last === undefined || this.#last.startedAtMs < ms) await this.#readOnce();
    return this.#last.value;
  }

  #readOnce(): Promise<void> {
    const startedAtMs = this.#nowMs();
    if (this.#failed !== undefined && startedAtMs - this.#failed.atMs < RETRY_MS) return this.#failed.reading;
    if (this.#reading === undefined || startedAtMs - this.#reading.startedAtMs >= ABANDONED_MS) {
      this.#reading = this.#begin(startedAtMs);
    }
    return this.#reading.ended;
  }

  #begin(startedAtMs: number): Reading {
    const ended = this.#readFrom(startedAtMs).finally(() => {
      if (this.#reading?.ended === ended) this.#reading = undefined;
    });
    ended.catch(() => void (this.#failed = { atMs: this.#nowMs(), reading: ended }));
    return { startedAtMs, ended };
  }

  async #readFrom(startedAtMs: number): Promise<void> {
    const value = await this.#read();
    // A reading that was given up may end behind a younger one.
    if (this.#last === undefined || this.#last.startedAtMs < startedAtMs) this.#last = { value, startedAtMs };
  }
}
