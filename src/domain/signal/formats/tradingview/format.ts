// A strategy's alert in the JSON that TradingView's users write themselves, with keys named after the placeholders in their values
// (support article 43000531021): all of them at the top, or with a `strategy` and a `bar` inside.
import { type Decimal, absolute } from "../../../money.ts";
import type { Side } from "../../../order.ts";
import { type Result, err, ok } from "../../../result.ts";
import { Fields, isObject } from "../../fields.ts";
import type {
  Circumstances,
  Format,
  Notice,
  PositionClaim,
  ReadOptions,
  Reading,
  SignalBody,
  SignalError,
} from "../../format.ts";
import type { Instruction, Size } from "../../instruction.ts";
import { sortOutLoosening } from "../../loosening.ts";
import { openAlgo } from "../openalgo.ts";
import { POSITIONS, agree, sideOf, unitsOf } from "../strategy-position.ts";
import { type Alert, fieldsFor, openAlert, readAgreed, refuseFirst, saysAny } from "./places.ts";
import { sortOutUnknown } from "./unknown.ts";

export const tradingView: Format = {
  id: "tradingview",
  knownBy: "ticker or symbol with contracts, order_action, position_size or market_position",
  matches,
  read,
};

/** Each of them shows that a strategy wrote the body. */
const MARKS = [
  ...["contracts", "order_contracts", "order_action"],
  ...["position_size", "market_position", "market_position_size", "prev_market_position"],
];
const FOREIGN_MARKS = ["apikey", "pricetype", "price_type", "bot_uuid", "tv_instrument"];

function matches(body: SignalBody): boolean {
  const { json } = body;
  if (!isObject(json) || openAlgo.matches(body) || FOREIGN_MARKS.some((name) => Object.hasOwn(json, name)))
    return false;
  if (!Object.hasOwn(json, "ticker") && !Object.hasOwn(json, "symbol")) return false;
  const strategy = isObject(json["strategy"]) ? json["strategy"] : {};
  return (
    isObject(strategy["order"]) || MARKS.some((name) => Object.hasOwn(json, name) || Object.hasOwn(strategy, name))
  );
}

function read({ json }: SignalBody, { loosening }: ReadOptions): Result<Reading, readonly SignalError[]> {
  if (!isObject(json)) return err([{ pointer: "", code: "not_an_object", message: "must be a JSON object" }]);
  const errors: SignalError[] = [];
  const notices: Notice[] = [];
  const alert = openAlert(json, errors);
  const { fields } = alert.root;

  refuseEmptyPosition(alert);
  const positionBefore = readClaim(alert, "prev_market_position");
  const positionAfter = readClaim(alert, "market_position");
  const order = readOrder(alert);
  const instruction = readInstruction(alert, order, positionAfter);
  const said = readCircumstances(alert, notices);
  const circumstances = { ...said, orderSide: order.side, positionBefore, positionAfter };
  const account = fields.text("account", "invalid_account");
  notices.push(...CREDENTIALS.map((name) => fields.credential(name)).filter((notice) => notice !== undefined));
  const isSized = instruction === undefined || saysHowMuch(instruction);
  for (const part of [alert.root, alert.strategy, alert.order].filter((place) => place !== undefined)) {
    sortOutLoosening(part.fields, loosening, notices);
    sortOutUnknown(part, isSized, notices);
  }

  if (instruction === undefined || errors.length > 0) return err(errors);
  return ok({ format: "tradingview", instructions: [instruction], circumstances, notices, account, isTest: false });
}

/** Passwords, under the names by which receivers of such alerts ask for them. */
const CREDENTIALS = ["passphrase", "password", "key", "secret", "token", "apikey", "api_key", "apiKey"];

const SIDES = { buy: "buy", sell: "sell" } as const;

/** Read as none, it would leave the order on its own, and an exit could trade past the position. */
function refuseEmptyPosition({ root, strategy }: Alert): void {
  for (const { json, fields } of [root, strategy].filter((part) => part !== undefined)) {
    for (const name of ["position_size", "market_position"].filter((decisive) => Object.hasOwn(json, decisive))) {
      fields.required(name, `missing_${name}`, name);
    }
  }
}

const readDecimal = (fields: Fields, name: string, code: string) => fields.decimal(name, code);

function readClaim(alert: Alert, meaning: "market_position" | "prev_market_position"): PositionClaim | undefined {
  const side = readAgreed(alert, meaning, (fields, name, code) => fields.oneOf(name, code, POSITIONS));
  const size = readAgreed(alert, `${meaning}_size`, readDecimal);
  if (side === undefined || size === undefined || agree(side, size)) return side && { side, size };
  return refuseFirst(alert, `${meaning}_size`, "contradicting_position", `does not go with ${meaning}`);
}

/**
 * The position that the strategy holds now comes before the order that took it there: an account that has missed an alert, or
 * has had one twice, ends up where the strategy is.
 */
function readInstruction(alert: Alert, order: PlacedOrder, after: PositionClaim | undefined): Instruction | undefined {
  const symbol = readSymbol(alert);
  const position = readPosition(alert, after);
  if (symbol === undefined) return undefined;
  const what = { symbol, type: "market" } as const;
  if (saysAny(alert, "position_size")) return position && { action: "target", ...what, position };
  if (after?.side === "flat") return { action: "exit", ...what };
  if (position !== undefined) return { action: "target", ...what, position };
  if (order.side !== undefined) return { action: order.side, ...what, size: order.size };
  // Said, and found wrong.
  if (saysAny(alert, "action") || (after === undefined && saysAny(alert, "market_position"))) return undefined;
  // How much the order was of is not how much is to be held, so that a side alone is for a size from the source's settings.
  if (after !== undefined && order.size === undefined) {
    return { action: "enter", ...what, side: after.side === "long" ? "buy" : "sell" };
  }
  return alert.root.fields.refuse("action", "missing_action", "required");
}

/** Otherwise the source's settings do. */
const saysHowMuch = (instruction: Instruction): boolean =>
  instruction.action === "target" ||
  instruction.action === "exit" ||
  ("size" in instruction && instruction.size !== undefined);

function readSymbol(alert: Alert): string | undefined {
  if (!saysAny(alert, "symbol")) return alert.root.fields.refuse("ticker", "missing_symbol", "required");
  return readAgreed(alert, "symbol", (fields, name, code) => fields.text(name, code));
}

/** Units, negative when short, to be held once the order is done. */
function readPosition(alert: Alert, after: PositionClaim | undefined): Decimal | undefined {
  const units = readAgreed(alert, "position_size", readDecimal);
  if (units === undefined) return after && unitsOf(after);
  const isSame =
    after === undefined || (after.side === sideOf(units) && (after.size ?? absolute(units)) === absolute(units));
  // Most of all a short position whose size has lost its sign: it would be bought.
  return isSame
    ? units
    : refuseFirst(alert, "position_size", "contradicting_position", "does not go with market_position");
}

type PlacedOrder = { readonly side: Side | undefined; readonly size: Size | undefined };

/** The order that the strategy has placed. It has been filled by then, whatever type it was of: the alert is for a market order. */
function readOrder(alert: Alert): PlacedOrder {
  readAgreed(alert, "order_type", (fields, name, code) => fields.oneOf(name, code, { market: "market" }));
  const side = readAgreed(alert, "action", (fields, name, code) => fields.oneOf(name, code, SIDES));
  const contracts = readAgreed(alert, "contracts", (fields, name, code) => fields.positive(name, code));
  return { side, size: contracts && { by: "quantity", value: contracts } };
}

function readCircumstances(alert: Alert, notices: Notice[]): Circumstances {
  const { fields } = alert.root;
  const [order] = fieldsFor(alert, "order_id");
  const [price] = fieldsFor(alert, "price");
  const time = fields.time("time", "invalid_time");
  const barTime = alert.bar?.fields.time("time", "invalid_time");
  // The widespread example has {{timenow}} as its time, beside a bar that has {{time}}.
  const isSendingTime = barTime !== undefined && barTime !== time;
  return {
    sentAtMs: fields.time("timenow", "invalid_timenow") ?? (isSendingTime ? time : undefined),
    barAtMs: barTime ?? time,
    orderName: order?.fields.text(order.name, "invalid_order_id"),
    exchange: fields.text("exchange", "invalid_exchange"),
    // `"close": true` is no price but an order to close, and refused.
    price: price?.fields.priceSeen(price.name, notices),
  };
}
