// What has to be known of the broker before the rules can decide: prices, the instruments, what is held and what money there is.
// Only what opens something waits for it.
import type { ReferencePrice } from "../domain/broker.ts";
import type { SourceId } from "../domain/ids.ts";
import type { OrderIntent } from "../domain/order.ts";
import { needsPrice } from "../domain/risk/needs-price.ts";
import { policyAt } from "../domain/risk/overrides.ts";
import type { Policy } from "../domain/risk/policy.ts";
import { OFF } from "../domain/risk/rule.ts";
import type { Instruction } from "../domain/signal/instruction.ts";
import type { Desk } from "./context.ts";
import { isOutOfDate } from "./funds.ts";
import { readHoldings } from "./holdings.ts";
import type { Housekeeping } from "./housekeeping.ts";
import type { Instruments } from "./instruments.ts";
import type { ReferencePrices } from "./reference-prices.ts";
import { tradingStateOf } from "./stops.ts";

/** Limits that need the broker's word on the account's money, and how old that may be before it is asked again. */
const FUNDS_LIMITS = ["max_percent_of_equity", "min_buying_power", "max_daily_loss", "max_drawdown_percent"] as const;
const FUNDS_FRESH_MS = 60_000;

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
  const isMoneyAsked = priced.length > 0 && asksForMoney(policy);
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

async function learn(symbols: readonly string[], money: Promise<void>, { deps, desk }: Learning): Promise<Learned> {
  const each = [...new Set(symbols)];
  const prices = each.map(async (symbol) => ({
    symbol,
    price: await deps.prices.latest(symbol, desk.broker, Date.now()),
  }));
  const [known] = await Promise.all([Promise.all(prices), money, deps.instruments.know(each, desk)]);
  return new Map(known.flatMap(({ symbol, price }) => (price === undefined ? [] : [[symbol, price]])));
}

const asksForMoney = (policy: Policy): boolean =>
  FUNDS_LIMITS.some((limit) => policy[limit] !== undefined && policy[limit] !== OFF);

const refreshFunds = ({ sql, housekeeping }: LearnDeps): Promise<void> =>
  housekeeping.refreshView(isOutOfDate(sql) ? 0 : FUNDS_FRESH_MS);

/** The symbol of what may open something, or needs a price to be worked out: an exit of so many units waits for neither. */
export function symbolsToPrice(instruction: Instruction): string[] {
  switch (instruction.action) {
    case "flatten":
    case "cancel":
    case "stop":
      return [];
    case "exit": {
      const { size, limit_price, stop_price, symbol } = instruction;
      const isByUnits = size === undefined || size.by === "quantity" || size.by === "percent_of_position";
      const isAsNamed = [limit_price, stop_price].every((price) => price === undefined || "at" in price);
      return isByUnits && isAsNamed ? [] : [symbol];
    }
    default:
      return [instruction.symbol];
  }
}
