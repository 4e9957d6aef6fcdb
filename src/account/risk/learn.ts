// What has to be known of the broker before the rules can decide: prices, the instruments, what is held and what money there is.
// Only what opens something waits for it.
import type { Broker } from "../../domain/broker.ts";
import type { SourceId } from "../../domain/ids.ts";
import type { OrderIntent } from "../../domain/order.ts";
import { needsPrice } from "../../domain/risk/needs-price.ts";
import { policyAt } from "../../domain/risk/overrides.ts";
import type { Policy } from "../../domain/risk/policy.ts";
import { OFF } from "../../domain/risk/rule.ts";
import { type SymbolInstruction, goesByMarket, isInSymbol, onlyTakesOff } from "../../domain/signal/in-symbol.ts";
import type { Instruction } from "../../domain/signal/instruction.ts";
import type { Desk } from "../context.ts";
import { isOutOfDate, lastFilledAtMs } from "./funds.ts";
import { readHoldings } from "../positions/holdings.ts";
import type { Housekeeping } from "../housekeeping.ts";
import type { Instruments } from "./instruments.ts";
import { isIdleIn } from "../positions/working.ts";
import { unvaluedSymbols } from "../positions/portfolio.ts";
import type { LastTrades, ReferencePrices } from "./reference-prices.ts";
import { tradingStateOf } from "../stops/stops.ts";

/** Limits that need the broker's word on the account's money. */
const FUNDS_LIMITS = ["max_percent_of_equity", "min_buying_power", "max_daily_loss", "max_drawdown_percent"] as const;
/** Limits on everything together, which need to know what all of it is worth. */
const EXPOSURE_LIMITS = ["max_gross_exposure", "max_net_exposure"] as const;

/** How old the broker's list of holdings, with their values, and its word on money may be before it is asked again. */
const VIEW_FRESH_MS = 60_000;
/** The same of a price that only values what else there is. */
const BOOK_FRESH_MS = 30_000;

type LearnDeps = {
  readonly sql: SqlStorage;
  readonly prices: ReferencePrices;
  readonly instruments: Pick<Instruments, "know">;
  readonly housekeeping: Pick<Housekeeping, "knowPositions" | "refreshView">;
};

export type Learning = { readonly deps: LearnDeps; readonly desk: Desk };

type BookLearning = { readonly deps: Pick<LearnDeps, "sql" | "prices">; readonly broker: Pick<Broker, "latestTrades"> };

/** For orders: returns once they can be decided, or nobody answers. */
export async function learnForOrders(
  orders: readonly Pick<OrderIntent, "symbol" | "side" | "quantity" | "take_profit" | "stop_loss">[],
  source: SourceId,
  { deps, desk }: Learning,
): Promise<LastTrades> {
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
  return learn(
    priced.map(({ symbol }) => symbol),
    priced.length > 0 ? () => refreshFor(policy, deps) : () => deps.housekeeping.knowPositions(),
    { deps, desk },
  );
}

/** For instructions, of which nobody knows yet what orders come of them. */
export async function learnForInstructions(
  instructions: readonly Instruction[],
  context: Learning,
): Promise<LastTrades> {
  const { deps, desk } = context;
  const symbols = instructions.flatMap(symbolsToPrice);
  const stops = instructions.some(({ action }) => action === "stop");
  const idle = stops ? [] : instructions.flatMap((instruction) => symbolToTakeOff(instruction, deps.sql));
  const [prices] = await Promise.all([
    symbols.length === 0 ? NOTHING : learn(symbols, () => refreshFunds(deps), context),
    deps.instruments.know(idle, desk),
  ]);
  return prices;
}

/** Where there is nothing to take anything off, the symbol may be misspelled: the list of what the broker trades says so. */
function symbolToTakeOff(instruction: Instruction, sql: SqlStorage): string[] {
  const isIdle = isInSymbol(instruction) && onlyTakesOff(instruction) && isIdleIn(sql, instruction.symbol);
  return isIdle ? [instruction.symbol] : [];
}

/**
 * The last trades of everything else that is held or on its way, where a limit counts all of it and the broker's list of holdings
 * does not say what it is worth: what rests, or has just been filled, is not on that list, and the list may be old.
 */
export async function learnBook(
  policy: Policy,
  except: readonly string[],
  { deps: { sql, prices }, broker }: BookLearning,
): Promise<LastTrades> {
  if (!isLimited(policy, EXPOSURE_LIMITS)) return NOTHING;
  const nowMs = Date.now();
  const others = unvaluedSymbols(sql, nowMs - VIEW_FRESH_MS).filter((symbol) => !except.includes(symbol));
  return prices.latest(others, broker, nowMs, BOOK_FRESH_MS);
}

async function learn(
  symbols: readonly string[],
  refreshView: () => Promise<void>,
  { deps, desk }: Learning,
): Promise<LastTrades> {
  const { broker, settings } = desk;
  const { policy } = policyAt(settings.policy, settings.overrides, Date.now());
  // What a new list values is not asked for.
  const learnOthers = () => (symbols.length === 0 ? NOTHING : learnBook(policy, symbols, { deps, broker }));
  const filledBeforeMs = lastFilledAtMs(deps.sql);
  const [own, others] = await Promise.all([
    deps.prices.latest(symbols, broker, Date.now()),
    refreshView().then(learnOthers),
    deps.instruments.know([...new Set(symbols)], desk),
  ]);
  // What was filled meanwhile has made the broker's word on money out of date.
  if (lastFilledAtMs(deps.sql) !== filledBeforeMs) await refreshView();
  return new Map([...others, ...own]);
}

const NOTHING: LastTrades = new Map();

const isLimited = (policy: Policy, limits: readonly (keyof Policy)[]): boolean =>
  limits.some((limit) => policy[limit] !== undefined && policy[limit] !== OFF);

/** The broker's word on holdings and money, as recent as the policy's limits need it. */
function refreshFor(policy: Policy, deps: LearnDeps): Promise<void> {
  if (isLimited(policy, FUNDS_LIMITS)) return refreshFunds(deps);
  const { housekeeping } = deps;
  return isLimited(policy, EXPOSURE_LIMITS) ? housekeeping.refreshView(VIEW_FRESH_MS) : housekeeping.knowPositions();
}

const refreshFunds = ({ sql, housekeeping }: LearnDeps): Promise<void> =>
  housekeeping.refreshView(isOutOfDate(sql) ? 0 : VIEW_FRESH_MS);

/** The symbol of what may open something, or needs a price to be worked out: an exit of so many units waits for neither. */
export function symbolsToPrice(instruction: Instruction): string[] {
  switch (instruction.action) {
    case "flatten":
    case "cancel":
    case "stop":
      return [];
    default:
      return takesOffByUnits(instruction) ? [] : [instruction.symbol];
  }
}

function takesOffByUnits(instruction: SymbolInstruction): boolean {
  const { action } = instruction;
  // Without a size, what is held says how much an exit or a target is; of anything else it may be an amount of money.
  const isSized = action === "exit" || action === "target" || ("size" in instruction && instruction.size !== undefined);
  return isSized && onlyTakesOff(instruction) && !goesByMarket(instruction);
}
