// What becomes of the fields of a TradingView user's own alert that nobody here knows.
import { isObject } from "../../fields.ts";
import type { Notice } from "../../format.ts";
import type { Part } from "./places.ts";

/** Placeholders, and words for people, on which no order depends. */
const UNUSED = [
  ...["open", "high", "low", "volume", "interval", "timeframe", "currency", "basecurrency"],
  ...["comment", "order_comment", "alert_message", "order_alert_message", "message"],
];
const PLOT = /^plot_\d{1,2}$/;

/**
 * Stems of words for what an order does, how much, at which price, in what, when and where; for what it depends on; and for whether
 * it is meant at all. Among them are the fields of every other format whose services would heed them.
 */
const ORDER_WORDS = [
  "action ^signal$ direct side sentiment buy sell posit(?!e|ive) market order entry exit clos flat revers revert cancel reduc hedg",
  "siz qty quant amount contract shares (?:^|_)lots?$ (?:^|_)units?$ notional cash dollar cost ^usd$ ^base$ ^quote$ multipl",
  "percent pct risk lever margin",
  "price limit stop loss profit target trail bracket (?:^|_)(?:sl|tp\\d*)(?:_|$) offset spread slip deviat breakeven",
  "type asset instrument ^pair$ ^sym$ ^product$ option intrinsic strike ^ticket",
  "expir valid ^tif$ force delay ^wait pending post_?only extend hours window account broker",
  "trigger(?!ed|_?time) condition filter max_?lag idempot ignor overrid",
  "mode$ (?:^|_|is)(?:test|dry|live) paper demo sandbox ^(?:is_?)?(?:enabled|disabled|active)$",
].flatMap((line) => line.split(" "));
const ORDER_WORD = new RegExp(ORDER_WORDS.join("|"), "i");

/**
 * People put their own fields beside the placeholders, and those are passed over with a notice. Not so one that may have been
 * meant for the order: by its name; or because it holds more than a value; or because it may be the misspelt size of an alert
 * that has none.
 */
export function sortOutUnknown({ json, fields }: Part, isSized: boolean, notices: Notice[]): void {
  for (const name of UNUSED) fields.has(name);
  const unknown = fields.unread().filter((name) => fields.has(name) && !PLOT.test(name));
  for (const name of unknown) {
    if (ORDER_WORD.test(name) || isObject(json[name]) || Array.isArray(json[name])) {
      fields.refuse(name, "unknown_field", "unknown field, which may be meant for the order");
    } else if (!isSized) {
      fields.refuse(name, "unknown_field", "unknown field, in an alert that does not say how much");
    } else {
      notices.push({ pointer: fields.pointerTo(name), code: "unknown_field", message: "unknown field, and not used" });
    }
  }
}
