// What a trade-relay message may call its fields: in any case, and under several names each.
import { Fields, type JsonObject } from "../../fields.ts";
import type { SignalError } from "../../format.ts";

/** In the order in which they count there. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  action: ["action", "side", "signal"],
  symbol: ["symbol", "ticker", "sym", "instrument", "pair"],
  quantity: ["quantity", "qty", "size", "contracts", "shares", "amount"],
  notional: ["notional", "cash", "dollars", "cost"],
  percentEquity: ["percentequity", "percent_equity", "equitypercent"],
  riskPercent: ["riskpercent", "risk_percent"],
  orderType: ["ordertype", "order_type", "type"],
  limitPrice: ["limitprice", "limit_price", "limit"],
  stopPrice: ["stopprice", "stop_price", "stop"],
  trailAmount: ["trailamount", "trail_amount"],
  trailPercent: ["trailpercent", "trail_percent"],
  timeInForce: ["timeinforce", "time_in_force", "tif"],
  takeProfit: ["takeprofit", "take_profit", "tp"],
  stopLoss: ["stoploss", "stop_loss", "sl"],
  stopLossLimit: ["stoplosslimit", "stop_loss_limit"],
  price: ["price", "referenceprice", "close"],
  account: ["account", "accountid", "account_id"],
  signalId: ["signalid", "signal_id", "id", "alertid", "alert_id"],
  comment: ["comment", "message", "note"],
};

/** Fields that decide nothing, so that two of one kind contradict each other in nothing. */
const REMARKS: ReadonlySet<string> = new Set(["price", "comment"]);

type Renamed = {
  /** The message with its fields under their first names, and with whatever else is in it. */
  readonly json: JsonObject;
  /** Fields that say different things under two names: which one is meant is not for anybody else to choose. */
  readonly contradictions: readonly SignalError[];
  /** Where in the message as it came something is that is wrong in `json`. */
  readonly pointerIn: (pointer: string) => string;
};

export function rename(json: JsonObject): Renamed {
  const fields = new Fields(json);
  const spellings = Map.groupBy(Object.keys(json), (name) => name.toLowerCase());
  const pointers = new Map<string, string>();
  const contradictions: SignalError[] = [];
  const known = Object.entries(NAMES).flatMap(([field, names]) => {
    const spelled = names.flatMap((name) => spellings.get(name) ?? []);
    const said = spelled.filter((name) => fields.has(name));
    const [first = spelled[0], ...others] = said;
    if (first === undefined) return [];
    pointers.set(`/${field}`, fields.pointerTo(first));
    const other = others.find((name) => JSON.stringify(json[name]) !== JSON.stringify(json[first]));
    if (other !== undefined && !REMARKS.has(field)) {
      const message = `must say what ${first} says`;
      contradictions.push({ pointer: fields.pointerTo(other), code: "contradicting_fields", message });
    }
    return [[field, json[first]] as const];
  });
  const knownNames = new Set(Object.values(NAMES).flat());
  const unknown = Object.entries(json).filter(([name]) => !knownNames.has(name.toLowerCase()));
  return {
    json: Object.fromEntries([...known, ...unknown]),
    contradictions,
    pointerIn: (pointer) => pointers.get(pointer) ?? pointer,
  };
}
