// What a source's owner says about its signals: how they are read, and what a signal leaves to be said. Nothing that is in a
// signal can loosen any of it.
import * as z from "zod";
import { AccountId } from "../ids.ts";
import { Symbol } from "../order.ts";
import { StopReach } from "../trading-stop.ts";
import { FORMATS } from "./format.ts";
import { Size, SizeUnit } from "./instruction.ts";

const SYMBOLS_MAX = 500;
const ACCOUNTS_MAX = 20;
const NAME_CHARACTERS_MAX = 64;
/** A day: an older entry is one that nobody wants any more. */
const AGE_SEC_MAX = 86_400;

/** A name as the sender spells it, without the blanks around it, which do not count in a signal either. */
const SpelledName = z
  .string()
  .max(NAME_CHARACTERS_MAX)
  .regex(/^\S(?:.*\S)?$/s, { error: "must not be empty, and must have no blanks around it" });

const haveAtMost = (max: number) =>
  [(names: object) => Object.keys(names).length <= max, { error: `must have at most ${max} names` }] as const;

export const SignalSettings = z
  .strictObject({
    format: z
      .enum(["auto", ...FORMATS])
      .default("auto")
      .meta({
        description: "The format its signals are in; `auto` tells each signal's by what is in it.",
      }),
    symbols: z
      .record(SpelledName, Symbol)
      .refine(...haveAtMost(SYMBOLS_MAX))
      .default({})
      .meta({
        description: "The broker's symbol for what the sender spells in another way, with or without the exchange.",
      }),
    strip_exchange: z.boolean().default(true).meta({
      description: "Whether the exchange in front of a symbol is left out: `NASDAQ:AAPL` is `AAPL`.",
    }),
    accounts: z
      .record(SpelledName, AccountId)
      .refine(...haveAtMost(ACCOUNTS_MAX))
      .default({})
      .meta({ description: "The account for each name that the sender has for one." }),
    default_size: Size.nullable().default(null).meta({
      description: "How much an entry is of that does not say. Without it, such an entry is denied.",
    }),
    size_unit: SizeUnit.default("quantity").meta({
      description:
        "What a bare number is of, in formats that leave it to the receiver's settings: PineConnector's `risk`.",
    }),
    on_opposite: z.enum(["exit", "reverse"]).default("exit").meta({
      description:
        "What an entry does while the other side is held: `exit` closes that and stops, `reverse` also enters.",
    }),
    loosening: z
      .enum(["refuse", "ignore"])
      .default("refuse")
      .meta({
        description:
          "What becomes of a field that asks for less caution, such as `ignoreTradingWindows` or `leverage`: `refuse` the " +
          "signal, or `ignore` the field. It is never done.",
      }),
    max_age_sec: z.int().min(1).max(AGE_SEC_MAX).nullable().default(null).meta({
      description:
        "Entries that are older by the sender's own clock are denied, and so are those that do not say when they were sent.",
    }),
    delayed_feed: z.enum(["deny", "accept"]).default("deny").meta({
      description: "What becomes of an entry whose exchange says that its prices are delayed, as `NASDAQ_DLY` does.",
    }),
    position_gap: z
      .enum(["deny", "note", "off"])
      .default("note")
      .meta({
        description:
          "What becomes of an entry when the position that the sender held before it is not what the account holds: a signal was " +
          "missed or came out of order.",
      }),
    stop_reach: StopReach.default("source").meta({
      description:
        "What a `stop` of its signals stops: the source itself, the account that the signal goes to, or everything. More than the " +
        "source is for sources that sign: an address that leaks must not stop everybody.",
    }),
  })
  .meta({ id: "SignalSettings" });
export type SignalSettings = Readonly<z.infer<typeof SignalSettings>>;

/** Of a source that nobody has said anything about. */
export const AS_THEY_COME = SignalSettings.parse({});
