// What a sender calls a symbol, and what the broker calls it.
import { Symbol } from "../order.ts";
import type { SignalSettings } from "./settings.ts";

/** As charts spell symbols: `AAPL`, `NASDAQ:AAPL`, `BTC/USDT`, `BTCUSDT.P`, `ES1!`, `M&M`. */
export const SPELLED_SYMBOL = /^[A-Za-z0-9][A-Za-z0-9._:/!&-]{0,39}$/;

export const isSymbol = (word: string): boolean => SPELLED_SYMBOL.test(word);

/** The form of a symbol, for whoever sent something else. */
export const NOT_A_SYMBOL = "must be a symbol like AAPL or NASDAQ:AAPL: 1 to 40 of A-Z, a-z, 0-9 and . _ : / ! & -";

/**
 * The broker's symbol: what the settings have for the spelling as it is, else for the one without its exchange, else for these in
 * capitals, else the last of them itself: in capitals, as brokers write them. `undefined` where nothing of that is a symbol that a broker could have.
 */
export function brokerSymbolOf(
  spelled: string,
  { symbols, strip_exchange }: Pick<SignalSettings, "symbols" | "strip_exchange">,
): string | undefined {
  const written = strip_exchange ? [spelled, partsOf(spelled).symbol] : [spelled];
  const spellings = [...written, ...written.map((name) => name.toUpperCase())];
  const mapped = spellings.find((name) => Object.hasOwn(symbols, name));
  const symbol = mapped === undefined ? spellings.at(-1) : symbols[mapped];
  return Symbol.safeParse(symbol).data;
}

/** The exchange in front of a symbol, if one is there. */
export const exchangeIn = (spelled: string): string | undefined => partsOf(spelled).exchange;

/** Only the first colon counts: a spread such as `NYSE:A-NYSE:B` must not come out as its last leg. */
function partsOf(spelled: string): { readonly exchange?: string | undefined; readonly symbol: string } {
  const [, exchange, symbol] = /^(\w{1,20}):(.+)$/s.exec(spelled) ?? [];
  return symbol === undefined ? { symbol: spelled } : { exchange, symbol };
}

/** Whether prices come late from there: TradingView adds `_DL` or `_DLY` to the name of such an exchange. */
export const isDelayedFeed = (exchange: string | undefined): boolean => /_DLY?$/i.test(exchange ?? "");
