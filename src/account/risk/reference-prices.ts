// The last trades of symbols, remembered for a moment, so that a burst of signals asks the broker once, and for many symbols at
// a time. Where the broker does not say, the trade before is still the last one that anybody knows of: whether it is too old is
// for the rules to say.
import type { Broker } from "../../domain/broker.ts";
import type { LastTrade } from "../../domain/worth.ts";
import { PriceQuestions } from "./price-questions.ts";

const FRESH_MS = 1_000;
/** Longer than anybody waits for two questions: an answer that is awaited is not asked for again. */
const AWAITED_MS = 5_000;
const SYMBOLS_MAX = 500;

/** By symbol, of what is known. */
export type LastTrades = ReadonlyMap<string, LastTrade>;

type Trade = Promise<LastTrade | undefined>;

type Remembered = {
  readonly askedAtMs: number;
  readonly trade: Trade;
  /** What the broker has made of the question. */
  answer: "awaited" | "told" | "silence";
};

export class ReferencePrices {
  readonly #questions = new PriceQuestions();
  /** Those asked for last are last. */
  readonly #bySymbol = new Map<string, Remembered>();
  readonly #told = new Map<string, LastTrade>();

  /** All that the broker has told so far, the last word on each. */
  get told(): LastTrades {
    return this.#told;
  }

  /** What the broker has told goes for `freshMs`; what it has not told is asked for again after a second. */
  async latest(
    symbols: readonly string[],
    broker: Pick<Broker, "latestTrades">,
    nowMs: number,
    freshMs = FRESH_MS,
  ): Promise<LastTrades> {
    const each = [...new Set(symbols)];
    const due = each.filter((symbol) => !this.#isFresh(symbol, nowMs, freshMs));
    if (due.length > 0) this.#ask(due, broker, nowMs);
    const awaited = each.map((symbol) => ({ symbol, trade: this.#bySymbol.get(symbol)?.trade }));
    this.#forget();
    const known = await Promise.all(awaited.map(async ({ symbol, trade }) => ({ symbol, trade: await trade })));
    return new Map(known.flatMap(({ symbol, trade }) => (trade === undefined ? [] : [[symbol, trade]])));
  }

  #isFresh(symbol: string, nowMs: number, freshMs: number): boolean {
    const known = this.#bySymbol.get(symbol);
    if (known === undefined) return false;
    const goesForMs = { awaited: AWAITED_MS, told: freshMs, silence: FRESH_MS }[known.answer];
    return Math.abs(nowMs - known.askedAtMs) < goesForMs;
  }

  #ask(symbols: readonly string[], broker: Pick<Broker, "latestTrades">, nowMs: number): void {
    const answer = this.#questions.ask(symbols, broker);
    for (const symbol of symbols) {
      const before = this.#bySymbol.get(symbol)?.trade;
      const trade = answer.then((told) => {
        const found = told.get(symbol);
        remembered.answer = found === undefined ? "silence" : "told";
        if (found === undefined) return before;
        const heard = { ...found, heardAtMs: nowMs };
        // Forgotten meanwhile, it stays so.
        if (this.#bySymbol.has(symbol)) this.#told.set(symbol, heard);
        return heard;
      });
      const remembered: Remembered = { askedAtMs: nowMs, trade, answer: "awaited" };
      this.#bySymbol.delete(symbol);
      this.#bySymbol.set(symbol, remembered);
    }
  }

  /** Names made up by senders must fill no memory. */
  #forget(): void {
    const tooMany = this.#bySymbol.size - SYMBOLS_MAX;
    if (tooMany <= 0) return;
    for (const symbol of [...this.#bySymbol.keys()].slice(0, tooMany)) {
      this.#bySymbol.delete(symbol);
      this.#told.delete(symbol);
    }
  }
}
