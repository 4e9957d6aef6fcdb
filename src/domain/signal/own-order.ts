// Whether a signal is one order in the gateway's own format, which goes the short way; and what keeps any other from being
// carried out as a whole.
import type { SignalError } from "./format.ts";
import type { Bracket, Instruction, PriceSpec } from "./instruction.ts";
import type { NativeOrder } from "./native.ts";
import type { SignalRead } from "./read.ts";
import type { SignalSettings } from "./settings.ts";

/** The order; `undefined` for any other signal, and where its age is asked for, which the short way does not look at. */
export function ownOrderIn(
  { format, instructions, account, client_order_id }: SignalRead,
  { max_age_sec: maxAgeSec }: Pick<SignalSettings, "max_age_sec">,
): NativeOrder | undefined {
  const [instruction, ...others] = instructions;
  if (format !== "native" || maxAgeSec !== null || others.length > 0 || !isOrder(instruction)) return undefined;
  const { symbol, action: side, type, size, time_in_force, extended_hours } = instruction;
  return {
    symbol,
    side,
    type,
    quantity: size?.by === "quantity" ? size.value : undefined,
    notional: size?.by === "notional" ? size.value : undefined,
    limit_price: named(instruction.limit_price),
    stop_price: named(instruction.stop_price),
    time_in_force: time_in_force ?? "day",
    extended_hours: extended_hours ?? false,
    ...legsIn(instruction),
    client_order_id,
    account,
  };
}

const isOrder = (instruction: Instruction): instruction is Extract<Instruction, { action: "buy" | "sell" }> =>
  instruction.action === "buy" || instruction.action === "sell";

/** Left out where there are none: an order is known again by its fields. */
function legsIn({ take_profit, stop_loss }: Bracket): Pick<NativeOrder, "take_profit" | "stop_loss"> {
  const profit = named(take_profit?.limit_price);
  const stop = named(stop_loss?.stop_price);
  const limit = named(stop_loss?.limit_price);
  return {
    ...(profit === undefined ? {} : { take_profit: { limit_price: profit } }),
    ...(stop === undefined
      ? {}
      : { stop_loss: { stop_price: stop, ...(limit === undefined ? {} : { limit_price: limit }) } }),
  };
}

const named = (price: PriceSpec | undefined) => (price !== undefined && "at" in price ? price.at : undefined);

/** What nothing may come of: a test, and an exit from everything beside anything else. */
export function findUnfit({ instructions, isTest }: SignalRead): readonly SignalError[] {
  const errors: SignalError[] = [];
  if (isTest) errors.push({ pointer: "", code: "test_signal", message: "is a test: it was read, and nothing is done" });
  const isAll = instructions.some(({ action }) => action === "flatten");
  if (isAll && instructions.length > 1) {
    errors.push({
      pointer: "",
      code: "sequence_unsupported",
      message: "closes every position, and goes with nothing else: send `flatten` by itself",
    });
  }
  return errors;
}
