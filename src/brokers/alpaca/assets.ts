// What Alpaca trades: its list of assets, read into instruments. An asset that cannot be read is passed over, and counted: it
// cannot be entered then, and all others can.
import type { InstrumentsEnding } from "../../domain/broker.ts";
import type { AssetClass, Instrument } from "../../domain/instrument.ts";
import { type Decimal, decimalOf } from "../../domain/money.ts";
import { type Result, err, ok } from "../../domain/result.ts";
import type { BrokerAnswer } from "../request.ts";
import { toRows } from "./pages.ts";
import { unknown } from "./response.ts";
import { AlpacaAsset } from "./wire.ts";

/** The classes with a list of their own here. Option contracts have another one, and are nothing that can be ordered. */
const LISTED_CLASSES = ["us_equity", "crypto"] as const;
export type ListedClass = (typeof LISTED_CLASSES)[number];

/** Reads one list after the other, so that only one is held as it came. */
export async function readInstruments(
  fetchList: (assetClass: ListedClass) => Promise<BrokerAnswer>,
  nowMs: () => number,
): Promise<InstrumentsEnding> {
  const found: Instrument[] = [];
  let passedOver = 0;
  for (const assetClass of LISTED_CLASSES) {
    const rows = toRows(await fetchList(assetClass), nowMs());
    if (!rows.ok) return rows.error;
    const read = rows.value.map(toInstrument).flatMap((item) => (item.ok ? [item.value] : []));
    const unreadable = rows.value.length - read.length;
    // Where most cannot be read it is the form that has changed: yesterday's list is better than what is left of this one.
    if (unreadable > read.length) return unknown("unreadable_assets");
    found.push(...read);
    passedOver += unreadable;
  }
  const items = listedOnce(found);
  if (items.length === 0) return unknown("empty_list");
  return { ending: "listed", items, passedOver: passedOver + found.length - items.length };
}

/** Of two assets with one symbol nobody can say which of them an order would mean. */
function listedOnce(found: readonly Instrument[]): readonly Instrument[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { symbol } of found) (seen.has(symbol) ? twice : seen).add(symbol);
  return found.filter(({ symbol }) => !twice.has(symbol));
}

const ASSET_CLASSES: ReadonlyMap<string, AssetClass> = new Map([
  ["us_equity", "us_equity"],
  ["us_option", "us_option"],
  ["crypto", "crypto"],
]);

/** Alpaca takes a quantity with up to nine decimals, of what is fractionable. */
const FINEST_LOT = decimalOf("0.000000001");
const WHOLE_LOT = decimalOf("1");

/** Reads one asset. A crypto pair without its steps is none: they are nowhere else. */
function toInstrument(body: unknown): Result<Instrument, "unreadable_asset"> {
  const asset = AlpacaAsset.safeParse(body);
  if (!asset.success) return err("unreadable_asset");
  const { symbol, exchange, status, tradable, fractionable, min_order_size, min_trade_increment } = asset.data;
  const { price_increment } = asset.data;
  const assetClass = ASSET_CLASSES.get(asset.data.class) ?? "other";
  if (assetClass === "crypto" && (min_trade_increment === null || price_increment === null)) {
    return err("unreadable_asset");
  }
  return ok({
    symbol,
    asset_class: assetClass,
    exchange,
    status,
    tradable,
    shortable: isShortable(asset.data),
    fractionable,
    lot_size: min_trade_increment ?? (fractionable ? FINEST_LOT : WHOLE_LOT),
    min_quantity: min_order_size,
    min_notional: minNotional(assetClass, symbol),
    price_increment,
  });
}

/** Alpaca opens short positions only in what is easy to borrow, and says so apart from `shortable`. */
const isShortable = ({ shortable, borrow_status, easy_to_borrow }: AlpacaAsset): boolean =>
  shortable && (typeof borrow_status === "string" ? borrow_status === "easy_to_borrow" : easy_to_borrow === true);

const DOLLAR = decimalOf("1");
const TEN_DOLLARS = decimalOf("10");

/**
 * No asset says it: it is in the words of the refusal, "cost basis must be >= minimal amount of order", and holds for purchases.
 * Pairs in another currency than the dollar have no such minimum.
 */
function minNotional(assetClass: AssetClass, symbol: string): Decimal | null {
  if (assetClass === "us_equity") return DOLLAR;
  return assetClass === "crypto" && symbol.endsWith("/USD") ? TEN_DOLLARS : null;
}
