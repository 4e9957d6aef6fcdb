// The account's questions for prices: few at a time, because exits, cancels and the audit log need the platform's six connections
// as well. What is wanted while they are under way becomes one question, so nobody waits for more than two.
import type { Broker, ReferencePrice } from "../../domain/broker.ts";

/** One for orders' own prices while another one values the rest. */
const AT_ONCE = 2;

type Answer = ReadonlyMap<string, ReferencePrice>;
type Asked = Pick<Broker, "latestTrades">;

export class PriceQuestions {
  #underWay = 0;
  #next: { symbols: Set<string>; readonly answer: PromiseWithResolvers<Answer> } | undefined;

  /** By symbol, of what the broker has told. */
  ask(symbols: readonly string[], broker: Asked): Promise<Answer> {
    if (this.#underWay < AT_ONCE) return this.#put(symbols, broker);
    this.#next ??= { symbols: new Set(), answer: Promise.withResolvers() };
    symbols.forEach((symbol) => this.#next?.symbols.add(symbol));
    return this.#next.answer.promise;
  }

  async #put(symbols: readonly string[], broker: Asked): Promise<Answer> {
    this.#underWay += 1;
    try {
      return await broker.latestTrades(symbols);
    } finally {
      this.#underWay -= 1;
      const next = this.#next;
      this.#next = undefined;
      next?.answer.resolve(this.#put([...next.symbols], broker));
    }
  }
}
