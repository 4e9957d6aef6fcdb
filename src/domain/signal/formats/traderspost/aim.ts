// What a TradersPost message wants done: its action, together with the position that is to be there afterwards.
import type { Side } from "../../../order.ts";
import type { Fields, JsonObject } from "../../fields.ts";
import type { Size } from "../../instruction.ts";

const ACTIONS = { buy: "buy", sell: "sell", exit: "exit", cancel: "cancel", add: "add" } as const;
type Action = keyof typeof ACTIONS;

/** Words of theirs without the side that an instruction needs: what they do depends on what is held. */
const UNSUPPORTED = new Set(["reverse", "breakeven"]);

const SENTIMENTS = { bullish: "long", long: "long", bearish: "short", short: "short", flat: "flat" } as const;
/** What is to be held afterwards: that, or nothing. */
export type Sentiment = (typeof SENTIMENTS)[keyof typeof SENTIMENTS];

export type Aim =
  | { readonly action: "enter"; readonly side: Side }
  | { readonly action: "exit"; readonly position?: "long" | "short" }
  | { readonly action: "add" }
  | { readonly action: "cancel" };

export function readAction(fields: Fields): Action | undefined {
  if (!fields.has("action")) return fields.refuse("action", "invalid_payload", "required");
  const word = fields.text("action", "invalid_action");
  if (word === undefined) return undefined;
  if (UNSUPPORTED.has(word.toLowerCase())) {
    return fields.refuse("action", "unsupported_action", `${word.toLowerCase()} is not supported here`);
  }
  return fields.oneOf("action", "invalid_action", ACTIONS);
}

export function readSentiment(fields: Fields, json: JsonObject, action: Action | undefined): Sentiment | undefined {
  // Taken for none, an empty one would make an entry on the other side of what is an exit.
  if (typeof json["sentiment"] === "string" && !fields.has("sentiment")) {
    return fields.refuse("sentiment", "invalid_sentiment", "must not be empty");
  }
  const sentiment = fields.oneOf("sentiment", "invalid_sentiment", SENTIMENTS);
  if (sentiment === undefined || action === undefined || action === "buy" || action === "sell") return sentiment;
  return fields.refuse("sentiment", "invalid_sentiment_action", "goes with action buy or sell only");
}

/**
 * A purchase after which a short position, or none, is to be left takes something off a short position, and so does one of a
 * part of the position; any other is an entry. A sale is the same the other way round.
 */
export function aimOf(action: Action, sentiment: Sentiment | undefined, unit: Size["by"] | undefined): Aim {
  if (action !== "buy" && action !== "sell") return { action };
  const [opens, closes] = action === "buy" ? (["long", "short"] as const) : (["short", "long"] as const);
  const isPart = sentiment === undefined && unit === "percent_of_position";
  const isExit = isPart || (sentiment !== undefined && sentiment !== opens);
  return isExit ? { action: "exit", position: closes } : { action: "enter", side: action };
}

/**
 * Whether an entry is a partial exit where a larger position is held on the other side, as an order with a quantity is that leaves
 * its sentiment unsaid (https://docs.traderspost.io/docs/learn/platform-concepts/order-behavior, under Exits). A size by what may
 * be lost is an entry's alone.
 */
export const reducesOpposite = (sentiment: Sentiment | undefined, size: Size | undefined): boolean =>
  sentiment === undefined && size !== undefined && size.by !== "risk_amount" && size.by !== "risk_percent";
