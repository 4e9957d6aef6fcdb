// What a TradersPost message says beside its order: when it was sent, at which price, and words for a person.
import type { Fields, JsonObject } from "../../fields.ts";
import type { Circumstances, Notice } from "../../format.ts";
import type { Sentiment } from "./aim.ts";
import { readSeenPrice } from "./notices.ts";

/** Fields for its own screens and support, of which nothing depends. */
const UNUSED = ["interval", "extras"];

const MESSAGE_CHARACTERS_MIN = 25;
const MESSAGE_CHARACTERS_MAX = 255;

type Said = {
  readonly json: JsonObject;
  readonly sentiment: Sentiment | undefined;
};

export function readCircumstances(fields: Fields, { json, sentiment }: Said, notices: Notice[]): Circumstances {
  for (const name of UNUSED) fields.has(name);
  checkMessage(fields);
  // `price` is the other name of `signalPrice`.
  const hasPrice = fields.has("price");
  const priceName = hasPrice && !fields.has("signalPrice") ? "price" : "signalPrice";
  return {
    sentAtMs: fields.time("time", "invalid_time"),
    maxAgeSec: readMaxAge(fields, notices),
    price: readSeenPrice(json, { fields, name: priceName, notices }),
    positionAfter: sentiment && { side: sentiment },
  };
}

const UNITS_SEC: ReadonlyMap<string | undefined, number> = new Map([
  ["sec", 1],
  ["second", 1],
  ["min", 60],
  ["minute", 60],
  ["hour", 3600],
  ["day", 86_400],
  ["week", 604_800],
  ["month", 2_592_000],
  ["year", 31_536_000],
]);
const RELATIVE = /^\+(?<count>\d{1,6}) ?(?<unit>[a-z]+?)s?$/i;
const ABSOLUTE = /^\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}(?::\d{2})?(?: ?(?:Z|[+-]\d{2}:?\d{2}))?)?$/;

/**
 * TradersPost shows `expiresAt` to a person and carries a late signal out all the same. One that is relative to its sending is
 * held to here, as it can only make the gate stricter; a time of day is not, as it says no time zone.
 */
function readMaxAge(fields: Fields, notices: Notice[]): number | undefined {
  const text = fields.text("expiresAt", "invalid_expires_at");
  if (text === undefined) return undefined;
  const { count, unit } = RELATIVE.exec(text)?.groups ?? {};
  const unitSec = UNITS_SEC.get(unit?.toLowerCase());
  if (unitSec !== undefined) return Number(count) * unitSec;
  if (!ABSOLUTE.test(text)) {
    return fields.refuse("expiresAt", "invalid_expires_at", 'must be like "+5 minutes" or "2026-12-31 23:59:59"');
  }
  const message = 'is for a person to see; say "+5 minutes" to have it held to';
  notices.push({ pointer: fields.pointerTo("expiresAt"), code: "informational", message });
  return undefined;
}

function checkMessage(fields: Fields): void {
  const message = fields.text("message", "invalid_message_length");
  if (message === undefined) return;
  const { length } = Array.from(message);
  if (length < MESSAGE_CHARACTERS_MIN || length > MESSAGE_CHARACTERS_MAX) {
    const bounds = `${MESSAGE_CHARACTERS_MIN} to ${MESSAGE_CHARACTERS_MAX} characters`;
    fields.refuse("message", "invalid_message_length", `must have ${bounds}`);
  }
  if (/<[a-z/!][^>]*>/i.test(message)) fields.refuse("message", "invalid_message_tags", "must have no tags");
}
