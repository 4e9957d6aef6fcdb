// The last trade of a symbol, remembered for a moment, so that a burst of signals asks the broker once. Where the broker does not
// say, the trade before is still the last one that anybody knows of: whether it is too old is for the rules to say.
import type { Broker, ReferencePrice } from "../domain/broker.ts";

const FRESH_MS = 1_000;
const SYMBOLS_MAX = 500;

type Price = Promise<ReferencePrice | undefined>;

export class ReferencePrices {
  readonly #bySymbol = new Map<string, { readonly askedAtMs: number; readonly price: Price }>();

  latest(symbol: string, broker: Pick<Broker, "latestTrade">, nowMs: number, freshMs = FRESH_MS): Price {
    const known = this.#bySymbol.get(symbol);
    if (known !== undefined && Math.abs(nowMs - known.askedAtMs) < freshMs) return known.price;
    if (this.#bySymbol.size >= SYMBOLS_MAX) this.#bySymbol.clear();
    const price = latestOr(known?.price, broker.latestTrade(symbol));
    this.#bySymbol.set(symbol, { askedAtMs: nowMs, price });
    return price;
  }
}

async function latestOr(before: Price | undefined, asked: Price): Price {
  return (await asked) ?? (await before);
}
