// The end of a command of the text format: how its order is to be placed, in any order and each term once.
import type { ClientOrderId } from "../../../ids.ts";
import { type OrderType, TimeInForce } from "../../../order.ts";
import type { PriceSpec, Terms } from "../../instruction.ts";
import { type Line, expected, isClientOrderId, readClientOrderId, readPrice } from "./line.ts";

type Draft = {
  market?: true | undefined;
  limit?: PriceSpec | undefined;
  stop?: PriceSpec | undefined;
  tp?: PriceSpec | undefined;
  sl?: PriceSpec | undefined;
  time_in_force?: TimeInForce | undefined;
  client_order_id?: ClientOrderId | undefined;
};

const AT: ReadonlySet<string> = new Set(["at"]);

/** The words with a meaning of their own among the terms. */
export const TERM_WORDS: readonly string[] = ["market", "limit", "stop", "tp", "sl", ...AT, ...TimeInForce.options];

type TermsRead = { readonly terms: Terms; readonly client_order_id: ClientOrderId | undefined };

/** Reads on to the end of the line. */
export function readTerms(line: Line): TermsRead | undefined {
  const draft: Draft = {};
  while (!line.isAtEnd && line.error === undefined) readTerm(line, draft);
  checkTogether(line, draft);
  if (line.error !== undefined) return undefined;
  const { limit, stop, tp, sl, time_in_force, client_order_id } = draft;
  const terms: Terms = {
    type: typeOf(draft),
    limit_price: limit,
    stop_price: stop,
    take_profit: tp && { limit_price: tp },
    stop_loss: sl && { stop_price: sl },
    time_in_force,
  };
  return { terms, client_order_id };
}

function checkTogether(line: Line, { market, limit, stop }: Draft): void {
  if (market && (limit ?? stop) !== undefined) line.refuse("conflicting_terms", "a market order has no price");
  if (limit !== undefined && stop !== undefined && !("at" in limit && "at" in stop)) {
    line.refuse("ambiguous_price", "a stop limit order takes two prices, and no distance");
  }
}

function typeOf({ limit, stop }: Draft): OrderType {
  if (stop !== undefined) return limit === undefined ? "stop" : "stop_limit";
  return limit === undefined ? "market" : "limit";
}

/** One term, its price included. */
function readTerm(line: Line, draft: Draft): void {
  if (isClientOrderId(line.next)) return set(line, draft, "client_order_id", readClientOrderId(line));
  const word = line.take().toLowerCase();
  switch (word) {
    case "market":
      return set(line, draft, word, true);
    case "limit":
    case "stop":
      line.skip(AT);
      return set(line, draft, word, readPrice(line));
    case "tp":
    case "sl":
      return set(line, draft, word, readPrice(line));
    case "at":
      return readAt(line, draft);
    default: {
      const read = TimeInForce.safeParse(word);
      if (read.success) return set(line, draft, "time_in_force", read.data);
      return line.refuse("unexpected_word", expected("a term like limit 187.50, stop 180, tp 5%, sl 2% or gtc", word));
    }
  }
}

/** A price that stands alone could be a limit, or just what the sender saw: the word behind it has to say. */
function readAt(line: Line, draft: Draft): void {
  const price = readPrice(line);
  const word = line.take().toLowerCase();
  if (word === "limit" || word === "stop") return set(line, draft, word, price);
  return line.refuse("ambiguous_price", expected("limit or stop behind the price", word));
}

function set<Term extends keyof Draft>(line: Line, draft: Draft, term: Term, value: Draft[Term]): void {
  if (draft[term] !== undefined) return line.refuse("duplicate_term", `${term} is there twice`);
  draft[term] = value;
}
