// TradersPost's option contracts. They are checked as it checks them and then refused: a put turns a purchase into a sale there,
// and a contract out of a chain is for somebody to choose who sees the chain.
import { type Decimal, decimalOf, greaterThan, multiply } from "../../../money.ts";
import type { Fields } from "../../fields.ts";

const OPTION_TYPES = { both: "both", call: "call", put: "put" } as const;
const OPTION_FIELDS = ["optionType", "expiration", "intrinsicValue", "strikeCount", "strikesAway", "strikePrice"];

/** A contract's own symbol: underlying, expiration as YYMMDD, call or put, strike price; as in `SPY 240510C68`. */
const CONTRACT = /^\S+ +\d{6}(?<letter>[CP])\d+(?:\.\d+)?$/i;

/** A day of the calendar, or one relative to today. */
const EXPIRATION = /^(?:\d{4}-\d{2}-\d{2}|\+?\d+ ?(?:day|week|month|year)s?)$/i;

export function refuseOptions(fields: Fields, ticker: string | undefined): void {
  const letter = ticker === undefined ? undefined : CONTRACT.exec(ticker)?.groups?.["letter"];
  const first = OPTION_FIELDS.find((name) => fields.has(name)) ?? (letter === undefined ? undefined : "ticker");
  if (first === undefined) return;
  const errorsBefore = fields.errors.length;
  checkChoice(fields, letter);
  checkStrikes(fields);
  if (fields.errors.length > errorsBefore) return;
  fields.refuse(first, "unsupported_option", "options cannot be traded here");
}

function checkChoice(fields: Fields, letter: string | undefined): void {
  const type = fields.oneOf("optionType", "invalid_option_type", OPTION_TYPES);
  const named = letter?.toUpperCase() === "P" ? "put" : "call";
  if (letter !== undefined && type !== undefined && type !== "both" && type !== named) {
    fields.refuse("optionType", "invalid_ticker_and_option_type", `the ticker is a ${named}'s`);
  }
  fields.oneOf("intrinsicValue", "invalid_intrinsic_value", { itm: "itm", otm: "otm" });
  const expiration = fields.text("expiration", "invalid_expiration");
  if (expiration !== undefined && !EXPIRATION.test(expiration)) {
    fields.refuse("expiration", "invalid_expiration", "must be a day like 2026-09-18 or +6 months");
  }
}

function checkStrikes(fields: Fields): void {
  const count = readWhole(fields, "strikeCount", "invalid_strike_count");
  const away = readWhole(fields, "strikesAway", "invalid_strikes_away");
  if (count !== undefined && away !== undefined && greaterThan(multiply(away, decimalOf("2")), count)) {
    fields.refuse("strikesAway", "invalid_strikes_away", "must be at most half of strikeCount");
  }
  const price = fields.positive("strikePrice", "invalid_strike_price");
  if (price !== undefined && !(fields.has("expiration") && fields.has("optionType"))) {
    fields.refuse("strikePrice", "invalid_strike_price", "needs expiration and optionType");
  }
}

function readWhole(fields: Fields, name: string, code: string): Decimal | undefined {
  const value = fields.decimal(name, code);
  return value === undefined || /^\d+$/.test(value) ? value : fields.refuse(name, code, "must be a whole number");
}
