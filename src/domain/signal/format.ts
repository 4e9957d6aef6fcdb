// What every format of signals has in common: how a body is recognised, and what is read from it.
import type { FieldError } from "../fields.ts";
import type { Decimal } from "../money.ts";
import type { Side } from "../order.ts";
import type { Result } from "../result.ts";
import type { Instruction, Size } from "./instruction.ts";

/**
 * In the order in which a body is held against them. Each has marks that no other one takes, save that `intent` makes a body
 * native whatever else is in it; the last has the loosest ones.
 */
export const FORMATS = [
  "native",
  "3commas",
  "traderspost",
  "openalgo",
  "trade_relay",
  "alertatron",
  "pineconnector",
  "text",
  "tradingview",
] as const;
export type FormatId = (typeof FORMATS)[number];

/** A body as it came: `json` is its value where the text is JSON, and `undefined` where it is not. */
export type SignalBody = { readonly text: string; readonly json: unknown };

/** What a source's settings say about its format where the body alone does not. */
export type ReadOptions = {
  /** What a bare number means as a size, in formats where the receiver's settings say so. */
  readonly sizeUnit: Size["by"];
  /** What becomes of a field that would loosen what an account may do: the signal is refused, or the field is not regarded. */
  readonly loosening: "refuse" | "ignore";
};

/** A field that was not regarded, and why; part of the answer. */
export type Notice = { readonly pointer: string; readonly code: string; readonly message: string };

/** What the sender believes is held. */
export type PositionClaim = { readonly side: "long" | "short" | "flat"; readonly size?: Decimal | undefined };

/** What a signal says beside what it wants done. */
export type Circumstances = {
  /** By the sender's clock, such as `{{timenow}}`. */
  readonly sentAtMs?: number | undefined;
  /** How late the sender wants it regarded at most. It can only be stricter than what the source's settings say. */
  readonly maxAgeSec?: number | undefined;
  /** The bar's time, such as `{{time}}`: with the order's name it tells one bar's signal from the next one's. */
  readonly barAtMs?: number | undefined;
  /** The strategy's own name of the order, such as `{{strategy.order.id}}`. */
  readonly orderName?: string | undefined;
  /** Which way that order went, such as `{{strategy.order.action}}`, whatever is made of it here. */
  readonly orderSide?: Side | undefined;
  /** As the sender names it; `_DL` or `_DLY` at its end marks a delayed feed. */
  readonly exchange?: string | undefined;
  /** The price the sender saw: for the record, and never a reference for a limit. */
  readonly price?: Decimal | undefined;
  readonly positionBefore?: PositionClaim | undefined;
  readonly positionAfter?: PositionClaim | undefined;
};

/** A body as it was understood. */
export type Reading = {
  readonly format: FormatId;
  /** In the order in which they are to be done. */
  readonly instructions: readonly [Instruction, ...Instruction[]];
  readonly circumstances: Circumstances;
  readonly notices: readonly Notice[];
  /** As the sender names it; the source's settings say which account that is. */
  readonly account?: string | undefined;
  readonly client_order_id?: string | undefined;
  /** It is to be decided about and answered, and nothing more. */
  readonly isTest: boolean;
};

/** One thing wrong with a signal. */
export type SignalError = FieldError;

export type Format = {
  readonly id: FormatId;
  /** What a body is recognised by, in words for whoever has sent one that is not. */
  readonly knownBy: string;
  /** Whether a body is in this format, by what is in it alone. A body that is in it and wrong is still in it. */
  readonly matches: (body: SignalBody) => boolean;
  /** Lists everything that is wrong, not only the first. */
  readonly read: (body: SignalBody, options: ReadOptions) => Result<Reading, readonly SignalError[]>;
};
