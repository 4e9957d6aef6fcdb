// What a run is going to do: every intent, every kill, every pause. Pure, and drawn from the seed alone.
import { assertNever } from "../../src/domain/result.ts";
import { type Random, randomOf } from "./random.ts";

export type Deduplication = "permanent" | "open_orders" | "none";

export type Scale = {
  readonly seed: string;
  readonly intents: number;
  readonly kills: number;
  readonly accounts: number;
};

/** How a sender behaves when it gets no answer: until it has one, or as TradingView does. */
type SenderKind = "careful" | "hasty";

/** The order as the sender writes it: the body of the webhook. */
type Wanted = {
  readonly account: string;
  readonly client_order_id: string;
  readonly symbol: string;
  readonly side: "buy" | "sell";
  readonly type: "market" | "limit";
  readonly quantity?: string;
  readonly notional?: string;
  readonly limit_price?: string;
  readonly time_in_force: "day" | "gtc" | "ioc";
};

export type Intent = {
  readonly wanted: Wanted;
  readonly sender: SenderKind;
  /** Sent by so many senders at the same time. */
  readonly copies: number;
  /** How long a careful sender asks the gateway to wait for the broker's word. */
  readonly waitSec: number;
  /** How long after the answer somebody wants it canceled. */
  readonly cancelAfterMs: number | null;
  /** Whether the policy has to refuse it. */
  readonly isTooLarge: boolean;
  /** How long its sender rests before it takes the next one. */
  readonly pauseMs: number;
};

export type Kill =
  /** Right after an answer, once so many intents are through; or while an order is on its way into the venue. */
  | { readonly moment: "after_answer" | "during_call"; readonly intents: number }
  /** In the middle of the start that follows the kill before. */
  | { readonly moment: "during_start"; readonly afterMs: number }
  /** When nothing is sent any more and the venue is well again. */
  | { readonly moment: "while_settling"; readonly afterMs: number };

/** For so long no call reaches the venue at all, from when so many intents are through. */
export type Outage = { readonly intents: number; readonly forMs: number };

export type Plan = {
  readonly accounts: readonly string[];
  readonly intents: readonly Intent[];
  readonly kills: readonly Kill[];
  readonly outages: readonly Outage[];
};

export const PRICES = { AAPL: "187.50", MSFT: "412.25", SPY: "598.10" } as const;
const SYMBOLS = ["AAPL", "MSFT", "SPY"] as const;
/** In units; the policy of the run allows this and no more. */
export const QUANTITY_MAX = 100;
/** The market moves this far from where it started, in parts of a hundred. */
const WALK_PERCENT = 2;
/** Where the last sweep goes, so that what rests within it is filled. */
const SWEEP_PERCENT = 4;
/** Where no price of the run ever goes: what rests there has to be canceled. */
const FAR_PERCENT = 20;

export function planRun(scale: Scale): Plan {
  const accounts = Array.from({ length: scale.accounts }, (_, index) => `chaos-${index + 1}`);
  return {
    accounts,
    intents: Array.from({ length: scale.intents }, (_, index) => planIntent(scale, accounts, index)),
    kills: planKills(scale),
    outages: planOutages(scale),
  };
}

function planIntent({ seed }: Scale, accounts: readonly string[], index: number): Intent {
  const random = randomOf(seed, "intent", index);
  const terms = random.weigh({ market: 50, notional: 5, marketable: 15, resting: 15, far: 12, immediate: 3 });
  const isTooLarge = random.chance(0.04);
  const cancelAfterMs = terms === "far" || random.chance(0.05) ? random.between(0, 3_000) : null;
  return {
    wanted: {
      account: accounts[index % accounts.length] ?? "",
      client_order_id: `${seed}-${index + 1}`,
      ...planTerms(isTooLarge ? "market" : terms, random),
      ...(isTooLarge ? { quantity: String(QUANTITY_MAX + random.between(1, 900)) } : {}),
    },
    sender: random.chance(0.5) ? "careful" : "hasty",
    copies: random.chance(0.1) ? random.between(2, 3) : 1,
    waitSec: random.chance(0.3) ? random.between(1, 3) : 0,
    cancelAfterMs,
    isTooLarge,
    pauseMs: random.between(100, 900),
  };
}

type Terms = "market" | "notional" | "marketable" | "resting" | "far" | "immediate";

function planTerms(terms: Terms, random: Random): Omit<Wanted, "account" | "client_order_id"> {
  const symbol = random.pick(SYMBOLS);
  const side = random.chance(0.55) ? "buy" : "sell";
  const quantity = random.chance(0.1)
    ? `${random.between(0, 9)}.${random.between(1, 9)}`
    : String(random.between(1, 20));
  const whole = String(random.between(1, 20));
  // Above the market for a buyer, below it for a seller, when `better` is negative.
  const limit = (betterPercent: number): string => priceAt(symbol, side === "buy" ? -betterPercent : betterPercent);
  switch (terms) {
    case "market":
      return { symbol, side, type: "market", quantity, time_in_force: "day" };
    case "notional":
      return { symbol, side: "buy", type: "market", notional: String(random.between(50, 5_000)), time_in_force: "day" };
    case "marketable":
      return { symbol, side, type: "limit", quantity, limit_price: limit(-SWEEP_PERCENT), time_in_force: "day" };
    case "resting":
      return {
        symbol,
        side,
        type: "limit",
        quantity: whole,
        limit_price: limit(0.5 + 2.5 * random.next()),
        time_in_force: "gtc",
      };
    case "far":
      return { symbol, side, type: "limit", quantity: whole, limit_price: limit(FAR_PERCENT), time_in_force: "gtc" };
    case "immediate":
      return {
        symbol,
        side,
        type: "limit",
        quantity: whole,
        limit_price: limit(random.chance(0.5) ? 2 : -2),
        time_in_force: "ioc",
      };
    default:
      return assertNever(terms);
  }
}

/** The symbol's first price, moved by so many parts of a hundred, in whole cents. */
const priceAt = (symbol: keyof typeof PRICES, percent: number): string =>
  (Number(PRICES[symbol]) * (1 + percent / 100)).toFixed(2);

/** A quarter of the kills wait until all is sent; the others are spread over the sending. */
function planKills({ seed, intents, kills }: Scale): Kill[] {
  const settling = Math.floor(kills / 4);
  const sending = kills - settling;
  return Array.from({ length: kills }, (_, index): Kill => {
    const random = randomOf(seed, "kill", index);
    if (index >= sending) return { moment: "while_settling", afterMs: random.between(500, 4_000) };
    if (index > 0 && random.chance(0.2)) return { moment: "during_start", afterMs: random.between(50, 2_500) };
    const moment = random.chance(0.5) ? "after_answer" : "during_call";
    return { moment, intents: Math.floor((intents * (index + random.next())) / sending) };
  });
}

/** The circuit breaker stays open for a while after each, and what is sent meanwhile meets no fault. */
const INTENTS_PER_OUTAGE = 500;

function planOutages({ seed, intents }: Scale): Outage[] {
  const outages = Math.ceil(intents / INTENTS_PER_OUTAGE);
  return Array.from({ length: outages }, (_, index) => {
    const random = randomOf(seed, "outage", index);
    return {
      intents: Math.floor((intents / outages) * (index + random.next())),
      forMs: random.between(1_000, 5_000),
    };
  });
}

/** Where the market goes next, and when: a walk without end. */
export type Move = { readonly symbol: keyof typeof PRICES; readonly price: string; readonly afterMs: number };

export function* walkPrices(seed: string): Generator<Move, never> {
  const random = randomOf(seed, "market");
  for (;;) {
    const symbol = random.pick(SYMBOLS);
    yield { symbol, price: priceAt(symbol, (2 * random.next() - 1) * WALK_PERCENT), afterMs: random.between(200, 900) };
  }
}

/** Every symbol to either end, so that whatever rests within is filled. */
export const SWEEP: readonly Pick<Move, "symbol" | "price">[] = [-SWEEP_PERCENT, SWEEP_PERCENT].flatMap((percent) =>
  SYMBOLS.map((symbol) => ({ symbol, price: priceAt(symbol, percent) })),
);
