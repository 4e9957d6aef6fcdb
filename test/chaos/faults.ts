// How the venue misbehaves: for the n-th call about one order, which fault. Pure, and drawn from the seed alone, so a plan
// can be read before the run and is the same on every machine.
import { type Random, randomOf } from "./random.ts";

/** Longer than the gateway waits for an answer, which is 10 s. */
const TOO_LATE_MS = [10_300, 12_500] as const;
/** Ordinary slowness: long enough for a kill to meet a call on its way. */
const LATENCY_MS = [2, 60] as const;
const SLOW_MS = [800, 2_500] as const;
/** How long an order that was taken may stay out of sight. */
const HIDDEN_MS = [1_000, 4_000] as const;
const HIDDEN_CHANCE = 0.15;
/** How much later than its order a trade may show. */
const EXECUTION_LAG_MS = [200, 3_000] as const;
const EXECUTION_LAG_CHANCE = 0.3;
const EXECUTION_TWICE_CHANCE = 0.15;
/** The gateway sends an order four times at most. Some attempt has to be left alone, or nothing would ever come to rest. */
const FAULTY_ATTEMPTS_MAX = 2;

/** What can happen to `POST /v2/orders`, and how often, in percent. */
const PLACEMENTS = {
  well: 50,
  accept_and_drop: 9,
  accept_and_500: 7,
  accept_and_garbage: 7,
  accept_and_answer_too_late: 2,
  accept_too_late: 2,
  drop: 6,
  answer_500: 3,
  answer_503: 3,
  reject_422: 3,
  reject_403: 3,
  rate_limit: 5,
} as const;
type PlacementFault = keyof typeof PLACEMENTS;

/** Prices decide whether an order is approved at all, and what is denied proves little. */
const PRICE_READS = { well: 94, drop: 2, answer_500: 2, slow: 2, stale: 0 } as const;

/** What can happen to any other read. `stale`: an order is shown as it was at some earlier moment. */
const READS = { well: 76, drop: 6, answer_500: 6, slow: 4, stale: 8 } as const;
type ReadFault = keyof typeof READS;

/** What can happen to `DELETE /v2/orders/{id}`. `lose`: answered like a success, and nothing happens. */
const CANCELS = { well: 55, lose: 10, drop: 10, accept_and_drop: 10, answer_500: 10, rate_limit: 5 } as const;
type CancelFault = keyof typeof CANCELS;

export type Placement = {
  readonly fault: PlacementFault;
  readonly latencyMs: number;
  /** How long the order is out of sight once it has been taken. */
  readonly hiddenMs: number;
  /** How much later than the client's patience something happens, where the fault is about that. */
  readonly lateMs: number;
  /** For what else has to be chosen. */
  readonly random: Random;
};

export type Faults = {
  /** The n-th attempt, from 1, to place an order of this client order id. */
  readonly placement: (clientOrderId: string, attempt: number) => Placement;
  /** The n-th read of this name: an order's, or a list's. */
  readonly read: (
    name: string,
    nth: number,
  ) => { readonly fault: ReadFault; readonly latencyMs: number; readonly random: Random };
  readonly cancel: (clientOrderId: string, nth: number) => { readonly fault: CancelFault; readonly latencyMs: number };
  /** How a trade shows in the list of trades. */
  readonly execution: (executionId: string) => { readonly lagMs: number; readonly comesTwice: boolean };
};

const isPrice = (name: string): boolean => name.startsWith("/v2/stocks/");

export function planFaults(seed: string): Faults {
  return {
    placement: (clientOrderId, attempt) => {
      const random = randomOf(seed, "placement", clientOrderId, attempt);
      const fault = random.weigh(PLACEMENTS);
      return {
        fault: attempt > FAULTY_ATTEMPTS_MAX ? "well" : fault,
        latencyMs: random.between(...LATENCY_MS),
        hiddenMs: random.chance(HIDDEN_CHANCE) ? random.between(...HIDDEN_MS) : 0,
        lateMs: random.between(...TOO_LATE_MS),
        random,
      };
    },
    read: (name, nth) => {
      const random = randomOf(seed, "read", name, nth);
      const fault = random.weigh(isPrice(name) ? PRICE_READS : READS);
      return {
        fault,
        latencyMs: fault === "slow" ? random.between(...SLOW_MS) : random.between(...LATENCY_MS),
        random,
      };
    },
    cancel: (clientOrderId, nth) => {
      const random = randomOf(seed, "cancel", clientOrderId, nth);
      return { fault: random.weigh(CANCELS), latencyMs: random.between(...LATENCY_MS) };
    },
    execution: (executionId) => {
      const random = randomOf(seed, "execution", executionId);
      return {
        lagMs: random.chance(EXECUTION_LAG_CHANCE) ? random.between(...EXECUTION_LAG_MS) : 0,
        comesTwice: random.chance(EXECUTION_TWICE_CHANCE),
      };
    },
  };
}
