// The legs that a TradersPost message attaches to an entry: `takeProfit` and `stopLoss`, each at a price or at a distance.
import type { Fields } from "../../fields.ts";
import type { Bracket, PriceSpec } from "../../instruction.ts";

export const BRACKET_FIELDS = ["takeProfit", "stopLoss"];

export function readBracket(fields: Fields): Bracket {
  return { take_profit: readTakeProfit(fields), stop_loss: readStopLoss(fields) };
}

function readTakeProfit(fields: Fields): Bracket["take_profit"] {
  const leg = fields.object("takeProfit", "invalid_take_profit");
  if (leg === undefined) return undefined;
  const level = readLevel(leg, {
    percent: "invalid_take_profit_percent",
    amount: "invalid_take_profit_amount",
    absolute: { name: "limitPrice", code: "invalid_take_profit_limit_price" },
    both: "invalid_take_profit_amount_and_percent",
    mixed: "invalid_take_profit_relative_and_absolute",
  });
  if (!level.isGiven) {
    fields.refuse("takeProfit", "invalid_take_profit_value_required", "give limitPrice, amount or percent");
  }
  refuseUnread(leg);
  return level.price && { limit_price: level.price };
}

const STOP_TYPES = { stop: "stop", stop_limit: "stop_limit", trailing_stop: "trailing_stop" } as const;

function readStopLoss(fields: Fields): Bracket["stop_loss"] {
  const leg = fields.object("stopLoss", "invalid_stop_loss");
  if (leg === undefined) return undefined;
  const type = leg.has("type") ? leg.oneOf("type", "invalid_stop_loss_type", STOP_TYPES) : "stop";
  const level = readLevel(leg, {
    percent: "invalid_stop_loss_percent",
    amount: "invalid_stop_loss_amount",
    absolute: { name: "stopPrice", code: "invalid_stop_loss_stop_price" },
    both: "invalid_stop_loss_amount_and_percent",
    mixed: "invalid_stop_loss_relative_and_absolute",
  });
  const limit = leg.positive("limitPrice", "invalid_stop_loss_limit_price");
  const trails = readTrails(leg);
  if (type === "trailing_stop") refuseTrailingStop(fields, leg, trails);
  else if (trails.length > 0) refuseTrail(leg, trails);
  else if (type !== undefined) demandStop(fields, leg, type, level);
  refuseUnread(leg);
  return level.price && { stop_price: level.price, limit_price: limit && { at: limit } };
}

type Level = {
  /** Whether anything is said about it, right or wrong. */
  readonly isGiven: boolean;
  readonly isRelative: boolean;
  readonly price?: PriceSpec | undefined;
};

type LevelCodes = {
  readonly percent: string;
  readonly amount: string;
  readonly absolute: { readonly name: string; readonly code: string };
  readonly both: string;
  readonly mixed: string;
};

/** Where a leg is: at a price, or so far from the entry, in money or in percent; one of the three. */
function readLevel(leg: Fields, codes: LevelCodes): Level {
  const { name, code } = codes.absolute;
  const percent = leg.positive("percent", codes.percent);
  const amount = leg.positive("amount", codes.amount);
  const at = leg.positive(name, code);
  const isRelative = leg.has("percent") || leg.has("amount");
  if (leg.has("percent") && leg.has("amount")) leg.refuse("amount", codes.both, "give amount or percent, not both");
  if (isRelative && leg.has(name)) leg.refuse(name, codes.mixed, `give ${name} or a distance, not both`);
  // Of the whole position's worth, which takes its size and what a point of it is worth.
  const isByPnl = leg.has("pnlAmount");
  if (isByPnl) leg.refuse("pnlAmount", "unsupported_pnl_amount", `not supported here; give ${name}, amount or percent`);
  const isGiven = isRelative || isByPnl || leg.has(name);
  if (at !== undefined) return { isGiven, isRelative, price: { at } };
  if (amount !== undefined) return { isGiven, isRelative, price: { distance: amount, unit: "amount" } };
  return { isGiven, isRelative, price: percent && { distance: percent, unit: "percent" } };
}

/** A stop limit's limit price is its sender's to name: a distance for the stop alone leaves it open. */
function demandStop(fields: Fields, leg: Fields, type: "stop" | "stop_limit", level: Level): void {
  const hasLimit = leg.has("limitPrice");
  if (type === "stop" && hasLimit) {
    leg.refuse("limitPrice", "invalid_stop_loss_limit_price", "needs type stop_limit");
  } else if (!level.isGiven && hasLimit) {
    leg.refuse("stopPrice", "invalid_stop_loss_stop_price_required", "required beside limitPrice");
  } else if (!level.isGiven) {
    fields.refuse("stopLoss", "invalid_stop_loss_value_required", "give stopPrice, amount or percent");
  } else if (hasLimit && level.isRelative) {
    leg.refuse("limitPrice", "invalid_stop_loss_relative_and_absolute", "needs stopPrice in place of a distance");
  } else if (type === "stop_limit" && !hasLimit) {
    leg.refuse("limitPrice", "invalid_stop_loss_limit_price", "required by type stop_limit");
  }
}

/** `trailPrice` is the older name of `trailAmount`. */
const TRAILS = {
  trailAmount: "invalid_stop_loss_trail_amount",
  trailPercent: "invalid_stop_loss_trail_percent",
  trailPrice: "invalid_stop_loss_trail_price",
} as const;

type Trail = { readonly name: string; readonly isRight: boolean };

const readTrails = (leg: Fields): readonly Trail[] =>
  Object.entries(TRAILS)
    .filter(([name]) => leg.has(name))
    .map(([name, code]) => ({ name, isRight: leg.positive(name, code) !== undefined }));

function refuseTrailingStop(fields: Fields, leg: Fields, trails: readonly Trail[]): void {
  if (trails.length === 0) {
    const message = "type trailing_stop needs trailAmount or trailPercent";
    fields.refuse("stopLoss", "invalid_stop_loss_trail_value_required", message);
  } else if (trails.length > 1) {
    fields.refuse("stopLoss", "invalid_stop_loss_trail_value", "give trailAmount or trailPercent, not both");
  } else if (trails.every(({ isRight }) => isRight)) {
    leg.refuse("type", "unsupported_trailing_stop", "a trailing stop cannot be placed here");
  }
}

function refuseTrail(leg: Fields, trails: readonly Trail[]): void {
  for (const { name } of trails) leg.refuse(name, "invalid_stop_loss_trail_value", "needs type trailing_stop");
}

function refuseUnread(leg: Fields): void {
  for (const name of leg.unread()) leg.refuse(name, "unknown_field", "unknown field");
}
