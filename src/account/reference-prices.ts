// The last trade of a symbol, remembered for a moment, so that a burst of signals asks the broker once.
import type { Broker, ReferencePrice } from "../domain/broker.ts";

const FRESH_MS = 1_000;
const SYMBOLS_MAX = 500;

export class ReferencePrices {
  readonly #bySymbol = new Map<
    string,
    { readonly askedAtMs: number; readonly price: Promise<ReferencePrice | undefined> }
  >();

  latest(symbol: string, broker: Pick<Broker, "latestTrade">, nowMs: number): Promise<ReferencePrice | undefined> {
    const known = this.#bySymbol.get(symbol);
    if (known !== undefined && Math.abs(nowMs - known.askedAtMs) < FRESH_MS) return known.price;
    if (this.#bySymbol.size >= SYMBOLS_MAX) this.#bySymbol.clear();
    const price = broker.latestTrade(symbol);
    this.#bySymbol.set(symbol, { askedAtMs: nowMs, price });
    return price;
  }
}
