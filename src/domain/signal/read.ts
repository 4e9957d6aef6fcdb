// From the text of a body to what is to be done, in the words of the source's settings: the broker's symbols and the gateway's
// accounts. Pure; what the account holds, and whether the signal is late, others look at.
import { AccountId, ClientOrderId } from "../ids.ts";
import { type JsonRefusal, parseJson } from "../json.ts";
import { type Result, err, ok } from "../result.ts";
import type { Circumstances, Format, Reading, SignalBody, SignalError } from "./format.ts";
import { ALL_FORMATS, formatOf, recognise } from "./formats/registry.ts";
import { shown } from "./formats/text/values.ts";
import type { Instruction } from "./instruction.ts";
import { unresolvedPlaceholders } from "./placeholders.ts";
import type { SignalSettings } from "./settings.ts";
import { brokerSymbolOf, exchangeIn, isDelayedFeed } from "./symbol.ts";

/** A reading whose symbols are the broker's. */
export type SignalRead = Reading & {
  /** `undefined` where the signal names none. Whether the source may send there is still to be seen. */
  readonly account: AccountId | undefined;
  readonly client_order_id: ClientOrderId | undefined;
};

export type SignalRefusal =
  /** It begins as JSON does, and is not JSON, or not JSON of one meaning. */
  | { readonly reason: "malformed_body"; readonly cause: JsonRefusal }
  | { readonly reason: "invalid_fields"; readonly errors: readonly SignalError[] };

export function readSignal(text: string, settings: SignalSettings): Result<SignalRead, SignalRefusal> {
  // A placeholder without quotes around it makes the text no JSON: this comes first, as it says more than that.
  const placeholders = unresolvedPlaceholders(text);
  if (placeholders.length > 0) return refuse(placeholders.map(unresolved));
  const body = bodyOf(text);
  if (!body.ok) return err({ reason: "malformed_body", cause: body.error });
  if (Array.isArray(body.value.json)) return refuse([LIST]);
  const format = settings.format === "auto" ? recognise(body.value) : formatOf(settings.format);
  if (format === undefined) return refuse([UNKNOWN]);
  const { size_unit: sizeUnit, loosening } = settings;
  const reading = format.read(body.value, { sizeUnit, loosening });
  return reading.ok ? inOurWords(reading.value, settings) : refuse(reading.error);
}

/** What a body begins with is taken for what it is: a text that is nearly JSON, or nothing, is handed to no format of plain text. */
function bodyOf(text: string): Result<SignalBody, JsonRefusal> {
  if (!/^\s*(?:$|[{["])/.test(text)) return ok({ text, json: undefined });
  const json = parseJson(text);
  return json.ok ? ok({ text, json: json.value }) : json;
}

function inOurWords(reading: Reading, settings: SignalSettings): Result<SignalRead, SignalRefusal> {
  const errors: SignalError[] = [];
  const [first, ...others] = reading.instructions;
  const instructions: Reading["instructions"] = [
    withBrokerSymbol(first, settings, errors),
    ...others.map((instruction) => withBrokerSymbol(instruction, settings, errors)),
  ];
  const account = accountOf(reading.account, settings, errors);
  const client_order_id = clientOrderIdOf(reading.client_order_id, errors);
  if (errors.length > 0) return refuse(errors);
  return ok({ ...reading, instructions, circumstances: withExchange(reading), account, client_order_id });
}

function withBrokerSymbol<T extends Instruction>(instruction: T, settings: SignalSettings, errors: SignalError[]): T {
  const spelled = symbolIn(instruction);
  if (spelled === undefined) return instruction;
  const symbol = brokerSymbolOf(spelled, settings);
  if (symbol !== undefined) return { ...instruction, symbol };
  const message = `${shown(spelled)} is no broker's symbol: the source's settings can say which one it is, in \`signals.symbols\``;
  if (!errors.some((error) => error.message === message)) errors.push({ pointer: "", code: "invalid_symbol", message });
  return instruction;
}

const symbolIn = (instruction: Instruction): string | undefined =>
  "symbol" in instruction ? instruction.symbol : undefined;

function accountOf(name: string | undefined, { accounts }: SignalSettings, errors: SignalError[]) {
  if (name === undefined) return undefined;
  if (Object.hasOwn(accounts, name)) return accounts[name];
  const account = AccountId.safeParse(name);
  if (account.success) return account.data;
  const message = `${shown(name)} is no account: the source's settings can say which one it is, in \`signals.accounts\``;
  errors.push({ pointer: "", code: "account_unknown", message });
  return undefined;
}

function clientOrderIdOf(name: string | undefined, errors: SignalError[]) {
  if (name === undefined) return undefined;
  const id = ClientOrderId.safeParse(name);
  if (id.success) return id.data;
  const message = "must be 1 to 64 of A-Z, a-z, 0-9 and . _ : -";
  errors.push({ pointer: "", code: "invalid_client_order_id", message });
  return undefined;
}

/** The exchange that the signal names, or the one in front of a symbol. One with a delayed feed is not outvoted by another. */
function withExchange({ circumstances, instructions }: Reading): Circumstances {
  const inSymbols = instructions.map((instruction) => exchangeIn(symbolIn(instruction) ?? ""));
  const named = [circumstances.exchange, ...inSymbols].filter((exchange) => exchange !== undefined);
  return { ...circumstances, exchange: named.find(isDelayedFeed) ?? named[0] };
}

const unresolved = (placeholder: string): SignalError => ({
  pointer: "",
  code: "unresolved_placeholder",
  message: `${placeholder} has no value: it is misspelt, or this kind of alert does not have it`,
});

const LIST: SignalError = {
  pointer: "",
  code: "list_of_signals",
  message: "must be one signal: send each of the list by itself, so that each has an answer of its own",
};

const howKnown = ({ id, knownBy }: Format): string => `${id}: ${knownBy}`;

const UNKNOWN: SignalError = {
  pointer: "",
  code: "unknown_format",
  message: `must be in one of these formats, each with what it is known by: ${ALL_FORMATS.map(howKnown).join("; ")}`,
};

const refuse = (errors: readonly SignalError[]): Result<never, SignalRefusal> =>
  err({ reason: "invalid_fields", errors });
