// The signals of 3Commas' signal bots: of the strategy type (help.3commas.io article 9374557), whose action is the order of a
// TradingView strategy, and of the custom type (article 8894481), whose action names a position to enter or to leave.
import { decimalOf, greaterThan } from "../../../money.ts";
import { type Result, err, ok } from "../../../result.ts";
import { Fields, isObject } from "../../fields.ts";
import type { Format, Notice, PositionClaim, ReadOptions, Reading, SignalBody, SignalError } from "../../format.ts";
import type { Instruction, Size, Terms } from "../../instruction.ts";
import { sortOutLoosening } from "../../loosening.ts";
import { POSITIONS, agree } from "../strategy-position.ts";
import { type Signal, readBracket, refuseUnknown } from "./bracket.ts";

export const threeCommas: Format = {
  id: "3commas",
  knownBy: "bot_uuid or tv_instrument",
  matches,
  read,
};

function matches({ json }: SignalBody): boolean {
  return isObject(json) && (Object.hasOwn(json, "bot_uuid") || Object.hasOwn(json, "tv_instrument"));
}

function read({ json }: SignalBody, { loosening }: ReadOptions): Result<Reading, readonly SignalError[]> {
  if (!isObject(json)) return err([{ pointer: "", code: "not_an_object", message: "must be a JSON object" }]);
  const errors: SignalError[] = [];
  const notices: Notice[] = [];
  const fields = new Fields(json, errors);
  const secret = fields.credential("secret");
  if (secret !== undefined) notices.push(secret);
  // Which of 3Commas' bots it is for; here the source's address says that.
  fields.text("bot_uuid", "invalid_bot_uuid");

  const info = fields.object("strategy_info", "invalid_strategy_info");
  const positionBefore = info && readClaim(info, "prev_market_position");
  const positionAfter = info && readClaim(info, "market_position");
  // Without it an exit is not told from an order, and could trade past the position.
  info?.required("market_position", "missing_market_position", positionAfter);
  const instructions = readInstructions({ json, fields, errors }, positionAfter, { loosening, notices });
  const maxLag = fields.positive("max_lag", "invalid_max_lag");
  const circumstances = {
    sentAtMs: fields.timeOrUnix("timestamp", "invalid_timestamp"),
    maxAgeSec: maxLag && Number(maxLag),
    exchange: fields.text("tv_exchange", "invalid_tv_exchange"),
    price: fields.priceSeen("trigger_price", notices),
    positionBefore,
    positionAfter,
  };
  sortOutLoosening(fields, loosening, notices);
  // 3Commas passes over what it does not know. A misspelt stop_loss would be an order without one.
  for (const part of [fields, info]) if (part !== undefined) refuseUnknown(part);
  if (instructions === undefined || errors.length > 0) return err(errors);
  return ok({ format: "3commas", instructions, circumstances, notices, isTest: false });
}

const ACTIONS = {
  buy: { verb: "order", side: "buy" },
  sell: { verb: "order", side: "sell" },
  enter_long: { verb: "enter", side: "buy" },
  enter_short: { verb: "enter", side: "sell" },
  exit_long: { verb: "exit", position: "long" },
  exit_short: { verb: "exit", position: "short" },
  disable: { verb: "disable" },
  enable: { verb: "enable" },
} as const;
type Action = (typeof ACTIONS)[keyof typeof ACTIONS];

/** Fields that ask for less caution may stand in the order as well. */
type Leniency = Pick<ReadOptions, "loosening"> & { readonly notices: Notice[] };

function readInstructions(
  signal: Signal,
  after: PositionClaim | undefined,
  leniency: Leniency,
): Reading["instructions"] | undefined {
  const { fields } = signal;
  const action = fields.required("action", "missing_action", fields.oneOf("action", "invalid_action", ACTIONS));
  const symbol = fields.text("tv_instrument", "invalid_tv_instrument");
  const order = readOrder(fields, leniency);
  if (action?.verb !== "disable" && fields.has("positions_sub_action")) {
    fields.refuse("positions_sub_action", "positions_sub_action_not_allowed", "goes with action disable");
  }
  if (action?.verb === "disable") return readDisable(fields);
  if (action?.verb === "enable") {
    return fields.refuse("action", "needs_a_person", "trading is taken up again by a person, and not by a signal");
  }
  fields.required("tv_instrument", "missing_tv_instrument", symbol);
  if (action === undefined || symbol === undefined) return undefined;
  return [readTrade(signal, { action, symbol, order, isFlat: after?.side === "flat" }, leniency.notices)];
}

/** A bot is switched off until a person switches it on again; `market_close` closes what it holds, on every instrument. */
function readDisable(fields: Fields): Reading["instructions"] {
  const closes = fields.oneOf("positions_sub_action", "unsupported_positions_sub_action", { market_close: true });
  const stop = { action: "stop", state: "reducing" } as const;
  return closes === true ? [stop, { action: "flatten" }] : [stop];
}

type Trade = {
  readonly action: Exclude<Action, { readonly verb: "disable" | "enable" }>;
  readonly symbol: string;
  readonly order: Order;
  /** Whether the strategy holds nothing after it. */
  readonly isFlat: boolean;
};

function readTrade(signal: Signal, { action, symbol, order, isFlat }: Trade, notices: Notice[]): Instruction {
  const { size, terms } = order;
  if (action.verb === "enter") {
    if (size?.by === "percent_of_position") {
      signal.fields.refuse(
        "order",
        "position_percent_not_allowed",
        "of nothing held, a part is nothing: for exits only",
      );
    }
    return { action: "enter", symbol, side: action.side, size, ...terms, ...readBracket(signal, action.side) };
  }
  const isExit = action.verb === "exit" || isFlat;
  sortOutBracket(signal.fields, isExit, notices);
  if (action.verb === "exit") return { action: "exit", symbol, position: action.position, size, ...terms };
  // Out of all of it, whatever the order was of: the account may hold more or less than the strategy did.
  return isFlat ? { action: "exit", symbol, ...terms } : { action: action.side, symbol, size, ...terms };
}

/** A bracket must not keep somebody in a position, and must not be put on an order that may be a way out. */
function sortOutBracket(fields: Fields, isExit: boolean, notices: Notice[]): void {
  for (const name of ["take_profit", "stop_loss"].filter((leg) => fields.has(leg))) {
    const message = "goes with action enter_long or enter_short";
    if (isExit) notices.push({ pointer: fields.pointerTo(name), code: "not_applicable", message });
    else fields.refuse(name, `${name}_not_allowed`, message);
  }
}

type Claimed = "market_position" | "prev_market_position";

function readClaim(info: Fields, name: Claimed): PositionClaim | undefined {
  const side = info.oneOf(name, `invalid_${name}`, POSITIONS);
  const size = info.decimal(`${name}_size`, `invalid_${name}_size`);
  if (side === undefined || size === undefined || agree(side, size)) return side && { side, size };
  return info.refuse(`${name}_size`, "contradicting_position", `does not go with ${name}`);
}

type Order = { readonly size: Size | undefined; readonly terms: Terms };

const MARKET: Terms = { type: "market" };
const WHOLE = decimalOf("100");

/**
 * A percentage of the margin is of the money that is put up, before any leverage: of the account's equity here, which does not
 * count borrowed money either.
 */
const UNITS = {
  base: "quantity",
  quote: "notional",
  margin_percent: "percent_of_equity",
  position_percent: "percent_of_position",
} as const satisfies Readonly<Record<string, Size["by"]>>;

function readOrder(fields: Fields, { loosening, notices }: Leniency): Order {
  const order = fields.object("order", "invalid_order");
  if (order === undefined) return { size: undefined, terms: MARKET };
  const size = readSize(order);
  const terms = readTerms(order);
  sortOutLoosening(order, loosening, notices);
  refuseUnknown(order);
  return { size, terms };
}

function readSize(order: Fields): Size | undefined {
  const value = order.positive("amount", "invalid_amount");
  const by = order.oneOf("currency_type", "invalid_currency_type", UNITS);
  if (order.has("amount")) order.required("currency_type", "missing_currency_type", by);
  if (order.has("currency_type")) order.required("amount", "missing_amount", value);
  if (value === undefined || by === undefined) return undefined;
  const isPercentage = by === "percent_of_equity" || by === "percent_of_position";
  return isPercentage && greaterThan(value, WHOLE)
    ? order.refuse("amount", "invalid_amount", "must be at most 100 percent")
    : { by, value };
}

function readTerms(order: Fields): Terms {
  const type = order.oneOf("order_type", "invalid_order_type", { market: "market", limit: "limit" }) ?? "market";
  const price = order.positive("price", "invalid_price");
  for (const name of ["price_percent", "price_percent_ref_type"].filter((relative) => order.has(relative))) {
    order.refuse(name, `unsupported_${name}`, "give the limit's price");
  }
  if (type === "limit") {
    order.required("price", "missing_price", price);
    return price === undefined ? MARKET : { type, limit_price: { at: price } };
  }
  if (order.has("price")) order.refuse("price", "price_not_allowed", "goes with order_type limit");
  return MARKET;
}
