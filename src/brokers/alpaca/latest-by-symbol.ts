// The latest of something for many symbols, in as few calls of the Market Data API as they take, and one at a time.
import type { BrokerAnswer } from "../request.ts";

/** An address of 2 KB, and an answer of 15. */
const SYMBOLS_PER_CALL = 100;

/** By symbol, of those that Alpaca has answered for; `undefined` where it has told none that can be read. */
export type Told<T> = ReadonlyMap<string, T | undefined>;

export type Question<T> = {
  readonly get: (symbols: readonly string[], timeoutMs: number) => Promise<BrokerAnswer>;
  /** What an answer has by symbol, `undefined` for what is no such answer. */
  readonly entriesOf: (body: unknown) => Readonly<Record<string, unknown>> | undefined;
  readonly read: (entry: unknown) => T | undefined;
};

export type Until = { readonly untilMs: number; readonly nowMs: () => number };

/** One symbol that Alpaca does not take spoils the answer for all: then each half is asked for by itself. */
export async function readBySymbol<T>(
  symbols: readonly string[],
  question: Question<T>,
  until: Until,
): Promise<Told<T>> {
  const leftMs = until.untilMs - until.nowMs();
  if (symbols.length === 0 || leftMs <= 0) return new Map();
  const answer = symbols.length > SYMBOLS_PER_CALL ? undefined : await question.get(symbols, leftMs);
  const isTooMuch = answer === undefined || (answer.kind === "response" && answer.status === 400);
  if (!isTooMuch) return toTold(symbols, question, answer);
  if (symbols.length === 1) return new Map();
  const half = Math.ceil(symbols.length / 2);
  const first = await readBySymbol(symbols.slice(0, half), question, until);
  const second = await readBySymbol(symbols.slice(half), question, until);
  return new Map([...first, ...second]);
}

function toTold<T>(symbols: readonly string[], { entriesOf, read }: Question<T>, answer: BrokerAnswer): Told<T> {
  if (answer.kind === "failed" || answer.status !== 200) return new Map();
  const entries = entriesOf(answer.body);
  return entries === undefined ? new Map() : new Map(symbols.map((symbol) => [symbol, read(entries[symbol])]));
}
