// The words of trade-relay's fields. They are the same in any case, and with spaces or hyphens in the place of underscores.
import { type OrderType, TimeInForce } from "../../../order.ts";
import type { Fields } from "../../fields.ts";

type Words<T> = Readonly<Record<string, T>>;

export const ACTIONS = {
  buy: "buy",
  long: "buy",
  sell: "sell",
  short: "sell",
  close: "close",
  exit: "close",
  flat: "close",
  flatten: "flatten",
  close_all: "flatten",
  exit_all: "flatten",
  cancel: "cancel_all",
  cancel_all: "cancel_all",
  pause: "pause",
  resume: "resume",
  kill: "kill",
} as const satisfies Words<string>;
export type Action = (typeof ACTIONS)[keyof typeof ACTIONS];

export const ORDER_TYPES: Words<OrderType | "trailing_stop"> = {
  market: "market",
  limit: "limit",
  stop: "stop",
  stop_market: "stop",
  stop_limit: "stop_limit",
  stoplimit: "stop_limit",
  trailing_stop: "trailing_stop",
  trail: "trailing_stop",
};

const { day, gtc, ioc, fok } = TimeInForce.enum;
export const TIMES_IN_FORCE: Words<TimeInForce> = { day, gtc, ioc, fok };

export function meaningOf<T>(word: string, words: Words<T>): T | undefined {
  const spelled = word
    .trim()
    .toLowerCase()
    .replaceAll(/[\s-]+/g, "_");
  return Object.hasOwn(words, spelled) ? words[spelled] : undefined;
}

export function readWord<T>(fields: Fields, name: string, code: string, words: Words<T>): T | undefined {
  const word = fields.text(name, code);
  if (word === undefined) return undefined;
  return meaningOf(word, words) ?? fields.refuse(name, code, `must be one of ${Object.keys(words).join(", ")}`);
}
