// The venues that Alpaca runs.
import type { Deduplication } from "../../domain/broker.ts";
import type { BucketLimits } from "../../domain/token-bucket.ts";
import { limitsPerMinute } from "./rate-limit.ts";

/**
 * Where a venue that speaks Alpaca's API is, as origins without a trailing slash, and what it promises. `feed` names the
 * stock feed, where the data host has more than one.
 */
export type AlpacaVenue = {
  readonly tradingUrl: string;
  readonly dataUrl: string;
  readonly feed?: "iex" | "sip";
  readonly deduplication: Deduplication;
  readonly limits: BucketLimits;
};

/**
 * Simulated trading, with keys of its own. `iex` is the feed that needs no subscription. Alpaca refuses a client order id it
 * has seen, also after that order was canceled, and takes 200 requests a minute from one account.
 */
export const ALPACA_PAPER: AlpacaVenue = {
  tradingUrl: "https://paper-api.alpaca.markets",
  dataUrl: "https://data.alpaca.markets",
  feed: "iex",
  deduplication: "permanent",
  limits: limitsPerMinute(200),
};

/** Real money. */
export const ALPACA_LIVE: AlpacaVenue = { ...ALPACA_PAPER, tradingUrl: "https://api.alpaca.markets" };
