// Where the values stand in an alert that a TradingView user wrote: there is no one shape, and the same thing has several names.
import { Fields, type JsonObject, isObject } from "../../fields.ts";
import type { SignalError } from "../../format.ts";

/** Where in the body something can be said, in the order in which it is looked for. */
const PLACES = ["root", "strategy", "order", "bar"] as const;
type Place = (typeof PLACES)[number];
export type Part = { readonly json: JsonObject; readonly fields: Fields };
export type Alert = { readonly root: Part } & { readonly [place in Place]?: Part | undefined };

export function openAlert(json: JsonObject, errors: SignalError[]): Alert {
  const root = { json, fields: new Fields(json, errors) };
  if (isObject(json["strategy"])) {
    const strategy = partOf(root, "strategy");
    return { root, strategy, order: strategy && partOf(strategy, "order"), bar: partOf(root, "bar") };
  }
  // Otherwise it is the strategy's name, on which nothing depends.
  root.fields.text("strategy", "invalid_strategy");
  return { root, bar: partOf(root, "bar") };
}

function partOf({ json, fields }: Part, name: string): Part | undefined {
  const inner = fields.object(name, `invalid_${name}`);
  const value = json[name];
  return inner !== undefined && isObject(value) ? { json: value, fields: inner } : undefined;
}

/** What a value is called, by the place in which it stands. */
const NAMES = {
  symbol: { root: ["ticker", "symbol"] },
  action: { root: ["action", "order_action", "side"], strategy: ["order_action", "action"], order: ["action"] },
  contracts: {
    root: ["contracts", "order_contracts", "quantity", "qty"],
    strategy: ["order_contracts", "contracts"],
    order: ["contracts"],
  },
  order_type: { root: ["order_type", "type"], strategy: ["order_type"], order: ["type"] },
  position_size: { root: ["position_size"], strategy: ["position_size"] },
  market_position: { root: ["market_position"], strategy: ["market_position"] },
  market_position_size: { root: ["market_position_size"], strategy: ["market_position_size"] },
  prev_market_position: { root: ["prev_market_position"], strategy: ["prev_market_position"] },
  prev_market_position_size: { root: ["prev_market_position_size"], strategy: ["prev_market_position_size"] },
  order_id: { root: ["order_id", "id"], strategy: ["order_id", "id"], order: ["id"] },
  price: { root: ["order_price", "price", "close"], strategy: ["order_price"], order: ["price"], bar: ["close"] },
} satisfies Readonly<Record<string, { readonly [place in Place]?: readonly string[] }>>;
type Meaning = keyof typeof NAMES;

/** Every field that says it, and says something. */
export function fieldsFor(alert: Alert, meaning: Meaning): readonly (Part & { readonly name: string })[] {
  const names: { readonly [place in Place]?: readonly string[] } = NAMES[meaning];
  return PLACES.flatMap((place) => {
    const part = alert[place];
    if (part === undefined) return [];
    return (names[place] ?? []).filter((name) => part.fields.has(name)).map((name) => ({ ...part, name }));
  });
}

/** What the fields for it say, once all of them say the same. */
export function readAgreed<T extends string>(
  alert: Alert,
  meaning: Meaning,
  readField: (fields: Fields, name: string, code: string) => T | undefined,
): T | undefined {
  const [first, ...others] = fieldsFor(alert, meaning).map(({ fields, name }) => {
    return { fields, name, value: readField(fields, name, `invalid_${meaning}`) };
  });
  for (const { fields, name, value } of others) {
    if (value !== first?.value) fields.refuse(name, "contradicting_fields", `must say what ${first?.name} says`);
  }
  return first?.value;
}

export const saysAny = (alert: Alert, meaning: Meaning): boolean => fieldsFor(alert, meaning).length > 0;

/** Refuses what the first field for it says. */
export function refuseFirst(alert: Alert, meaning: Meaning, code: string, message: string): undefined {
  const [field] = fieldsFor(alert, meaning);
  return field?.fields.refuse(field.name, code, message);
}
