// PineConnector's commands, in words of our own.
import type { Side } from "../../../order.ts";

export type Command =
  /** An order that opens a position, after what is in its way is closed or canceled. */
  | {
      readonly does: "open";
      readonly side: Side;
      readonly type: "market" | "limit" | "stop";
      readonly first?: "close" | "close_long" | "close_short" | "cancel";
    }
  /** Out of the position, or out of so much of it; `position` is the only side that is closed. */
  | { readonly does: "close"; readonly position?: "long" | "short"; readonly byVolume?: true }
  /** Of the symbol's waiting orders those on one side. */
  | { readonly does: "cancel"; readonly side: Side }
  /** Out of everything, and then perhaps no more entries. */
  | { readonly does: "close_all"; readonly stops: boolean }
  /** No more entries. */
  | { readonly does: "stop" }
  /** Known, and nothing we can do. */
  | { readonly does: "refuse"; readonly code: string; readonly message: string };

const buy: Command = { does: "open", side: "buy", type: "market" };
const sell: Command = { does: "open", side: "sell", type: "market" };
const buyStop: Command = { does: "open", side: "buy", type: "stop" };
const buyLimit: Command = { does: "open", side: "buy", type: "limit" };
const sellStop: Command = { does: "open", side: "sell", type: "stop" };
const sellLimit: Command = { does: "open", side: "sell", type: "limit" };

const UNSUPPORTED = "unsupported_command";
const newTargets: Command = {
  does: "refuse",
  code: UNSUPPORTED,
  message: "the legs of a bracket cannot be moved by a signal: cancel them and send new ones",
};
const closePercent: Command = {
  does: "refuse",
  code: UNSUPPORTED,
  message: "the percentage is a setting of the terminal: name the volume, as closelongvol and closeshortvol do",
};

const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ["buy", buy],
  ["long", buy],
  ["bull", buy],
  ["bullish", buy],
  ["sell", sell],
  ["short", sell],
  ["bear", sell],
  ["bearish", sell],
  ["buystop", buyStop],
  ["buylimit", buyLimit],
  ["sellstop", sellStop],
  ["selllimit", sellLimit],
  ["cancellongbuystop", { ...buyStop, first: "cancel" }],
  ["cancellongbuylimit", { ...buyLimit, first: "cancel" }],
  ["cancelshortsellstop", { ...sellStop, first: "cancel" }],
  ["cancelshortselllimit", { ...sellLimit, first: "cancel" }],
  ["closelongopenlong", { ...buy, first: "close_long" }],
  ["cl+ol", { ...buy, first: "close_long" }],
  ["closelongopenshort", { ...sell, first: "close_long" }],
  ["cl+os", { ...sell, first: "close_long" }],
  ["closeshortopenlong", { ...buy, first: "close_short" }],
  ["cs+ol", { ...buy, first: "close_short" }],
  ["closeshortopenshort", { ...sell, first: "close_short" }],
  ["cs+os", { ...sell, first: "close_short" }],
  ["closelongshortopenlong", { ...buy, first: "close" }],
  ["cls+ol", { ...buy, first: "close" }],
  ["closelongshortopenshort", { ...sell, first: "close" }],
  ["cls+os", { ...sell, first: "close" }],
  ["closelong", { does: "close", position: "long" }],
  ["closeshort", { does: "close", position: "short" }],
  ["closelongshort", { does: "close" }],
  ["closelongvol", { does: "close", position: "long", byVolume: true }],
  ["closeshortvol", { does: "close", position: "short", byVolume: true }],
  ["closelongpct", closePercent],
  ["closeshortpct", closePercent],
  ["cancellong", { does: "cancel", side: "buy" }],
  ["cancelshort", { does: "cancel", side: "sell" }],
  ["newsltplong", newTargets],
  ["newsltpshort", newTargets],
  ["newsltpbuystop", newTargets],
  ["newsltpbuylimit", newTargets],
  ["newsltpsellstop", newTargets],
  ["newsltpselllimit", newTargets],
  ["closeall", { does: "close_all", stops: false }],
  ["closealleaoff", { does: "close_all", stops: true }],
  ["eaoff", { does: "stop" }],
  [
    "eaon",
    {
      does: "refuse",
      code: "cannot_release",
      message: "what was stopped is released by a person, and by no signal",
    },
  ],
]);

export const commandOf = (word: string): Command | undefined => COMMANDS.get(word.toLowerCase());
