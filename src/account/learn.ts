// What has to be known of the broker before the rules can decide: prices, the instruments, what is held and what money there is.
// Only what opens something waits for it.
import type { Broker, ReferencePrice } from "../domain/broker.ts";
import type { SourceId } from "../domain/ids.ts";
import type { OrderIntent } from "../domain/order.ts";
import { needsPrice } from "../domain/risk/needs-price.ts";
import { policyAt } from "../domain/risk/overrides.ts";
import type { Policy } from "../domain/risk/policy.ts";
import { OFF } from "../domain/risk/rule.ts";
import { goesByMarket } from "../domain/signal/in-symbol.ts";
import type { Instruction } from "../domain/signal/instruction.ts";
import type { Desk } from "./context.ts";
import { isOutOfDate } from "./funds.ts";
import { readHoldings } from "./holdings.ts";
import type { Housekeeping } from "./housekeeping.ts";
import type { Instruments } from "./instruments.ts";
import type { ReferencePrices } from "./reference-prices.ts";
import { unvaluedSymbols } from "./portfolio.ts";
import { tradingStateOf } from "./stops.ts";

/** Limits that need the broker's word on the account's money, and how old that may be before it is asked again. */
const FUNDS_LIMITS = ["max_percent_of_equity", "min_buying_power", "max_daily_loss", "max_drawdown_percent"] as const;
const FUNDS_FRESH_MS = 60_000;
/** Limits on everything together, and how old a price may be that only values what else there is, and of how many symbols. */
const EXPOSURE_LIMITS = ["max_gross_exposure", "max_net_exposure"] as const;
const BOOK_FRESH_MS = 30_000;
const BOOK_MAX = 20;

type LearnDeps = {
  readonly sql: SqlStorage;
  readonly prices: ReferencePrices;
  readonly instruments: Instruments;
  readonly housekeeping: Pick<Housekeeping, "knowPositions" | "refreshView">;
};

export type Learning = { readonly deps: LearnDeps; readonly desk: Desk };

/** By symbol. */
export type Learned = ReadonlyMap<string, ReferencePrice>;

/** For orders: returns once they can be decided, or nobody answers. */
export async function learnForOrders(
  orders: readonly Pick<OrderIntent, "symbol" | "side" | "quantity" | "take_profit" | "stop_loss">[],
  source: SourceId,
  { deps, desk }: Learning,
): Promise<Learned> {
  const { policy } = policyAt(desk.settings.policy, desk.settings.overrides, Date.now());
  const symbols = orders.map(({ symbol }) => symbol);
  const isAlone = (symbol: string) => symbols.indexOf(symbol) === symbols.lastIndexOf(symbol);
  const priced = orders.filter((order) =>
    needsPrice(
      order,
      { policy, tradingState: tradingStateOf(deps.sql, { source, symbol: order.symbol }) },
      isAlone(order.symbol) ? () => readHoldings(deps.sql, order) : undefined,
    ),
  );
  const isMoneyAsked = priced.length > 0 && isLimited(policy, FUNDS_LIMITS);
  return learn(
    priced.map(({ symbol }) => symbol),
    isMoneyAsked ? refreshFunds(deps) : deps.housekeeping.knowPositions(),
    { deps, desk },
  );
}

/** For instructions, of which nobody knows yet what orders come of them. */
export async function learnForInstructions(instructions: readonly Instruction[], context: Learning): Promise<Learned> {
  const symbols = instructions.flatMap(symbolsToPrice);
  return symbols.length === 0 ? new Map() : learn(symbols, refreshFunds(context.deps), context);
}

/**
 * What everything else that is held or on its way is worth, where a limit counts all of it and the broker's list of holdings does
 * not say: what rests, or has just been filled, is not on that list.
 */
export async function learnBook(
  policy: Policy,
  except: readonly string[],
  { deps: { sql, prices }, broker }: { readonly deps: Pick<LearnDeps, "sql" | "prices">; readonly broker: Broker },
): Promise<Learned> {
  if (!isLimited(policy, EXPOSURE_LIMITS)) return NOTHING;
  const others = unvaluedSymbols(sql).filter((symbol) => !except.includes(symbol));
  return priceAll(others.slice(0, BOOK_MAX), (symbol) => prices.latest(symbol, broker, Date.now(), BOOK_FRESH_MS));
}

async function learn(symbols: readonly string[], money: Promise<void>, { deps, desk }: Learning): Promise<Learned> {
  const each = [...new Set(symbols)];
  const { policy } = policyAt(desk.settings.policy, desk.settings.overrides, Date.now());
  const [own, others] = await Promise.all([
    priceAll(each, (symbol) => deps.prices.latest(symbol, desk.broker, Date.now())),
    each.length === 0 ? NOTHING : learnBook(policy, each, { deps, broker: desk.broker }),
    money,
    deps.instruments.know(each, desk),
  ]);
  return new Map([...others, ...own]);
}

const NOTHING: Learned = new Map();

async function priceAll(
  symbols: readonly string[],
  latest: (symbol: string) => Promise<ReferencePrice | undefined>,
): Promise<Learned> {
  const priced = await Promise.all(symbols.map(async (symbol) => ({ symbol, price: await latest(symbol) })));
  return new Map(priced.flatMap(({ symbol, price }) => (price === undefined ? [] : [[symbol, price]])));
}

const isLimited = (policy: Policy, limits: readonly (keyof Policy)[]): boolean =>
  limits.some((limit) => policy[limit] !== undefined && policy[limit] !== OFF);

const refreshFunds = ({ sql, housekeeping }: LearnDeps): Promise<void> =>
  housekeeping.refreshView(isOutOfDate(sql) ? 0 : FUNDS_FRESH_MS);

/** The symbol of what may open something, or needs a price to be worked out: an exit of so many units waits for neither. */
export function symbolsToPrice(instruction: Instruction): string[] {
  switch (instruction.action) {
    case "flatten":
    case "cancel":
    case "stop":
      return [];
    case "exit":
      return goesByMarket(instruction) ? [instruction.symbol] : [];
    default:
      return [instruction.symbol];
  }
}
