// What the venue's own books say in the end, and how they come out of its process: the truth that everything is held against.
import type { VenueStore } from "../../src/brokers/paper/store.ts";
import { orderJson } from "../../src/brokers/paper/wire.ts";
import type { Deduplication } from "./plan.ts";

/** One order, in Alpaca's words. */
export type BookedOrder = ReturnType<typeof orderJson>;

type BookedExecution = {
  readonly id: string;
  readonly orderId: string;
  readonly quantity: string;
  readonly price: string;
};

/** One account at the venue. */
export type Books = {
  readonly orders: readonly BookedOrder[];
  /** Symbol → units, negative when short. */
  readonly positions: Readonly<Record<string, string>>;
  readonly executions: readonly BookedExecution[];
};

/** Past every fault: straight out of the store. */
export const readBooks = (store: VenueStore): Books => ({
  orders: store.listOrders({ ...EVERYTHING, ...EVERY_ORDER }).map(orderJson),
  positions: Object.fromEntries(store.listPositions().map(({ symbol, quantity }) => [symbol, quantity])),
  executions: store.listExecutions({ ...EVERYTHING, continueAfterId: undefined }),
});

const EVERYTHING = { afterMs: undefined, untilMs: undefined, direction: "asc", limit: Infinity } as const;
const EVERY_ORDER = {
  status: "all",
  symbols: undefined,
  side: undefined,
  afterOrderId: undefined,
  beforeOrderId: undefined,
} as const;

/** What the venue did to its clients. */
export type Mischief = {
  /** `POST drop` → how often. */
  readonly faults: Readonly<Record<string, number>>;
  /** Client order id → how often somebody tried to place it. */
  readonly placements: Readonly<Record<string, number>>;
  /** Client order ids whose first attempt met the venue while it misbehaved. */
  readonly underFire: readonly string[];
};

/** What the run asks the venue. It goes over the pipe between parent and child, where no other client can reach it. */
export type Question =
  /** From now on every call is answered well, and nothing is hidden any more. */
  | { readonly ask: "heal" }
  /** From now on it misbehaves. */
  | { readonly ask: "misbehave" }
  /** For so long every connection is cut, but for prices. */
  | { readonly ask: "be_away"; readonly forMs: number }
  | { readonly ask: "set_price"; readonly symbol: string; readonly price: string }
  /** Cancels what is open, as somebody at the broker's own desk can; not those that the gateway was told to cancel. */
  | { readonly ask: "cancel_open_orders"; readonly except: readonly string[] }
  | { readonly ask: "books" };

export type Answers = {
  readonly heal: null;
  readonly misbehave: null;
  readonly be_away: null;
  readonly set_price: null;
  /** How many there were. */
  readonly cancel_open_orders: number;
  readonly books: { readonly accounts: Readonly<Record<string, Books>>; readonly mischief: Mischief };
};

export type ToVenue = { readonly id: number; readonly question: Question };

export type FromVenue =
  | { readonly say: "listening"; readonly url: string }
  /** An order is on its way in: the client waits. */
  | { readonly say: "placing" }
  | { readonly say: "answer"; readonly id: number; readonly answer: Answers[Question["ask"]] };

/** What the venue process is started with, as JSON in its first argument. */
export type VenueOptions = {
  readonly seed: string;
  readonly deduplication: Deduplication;
  /** Account → its key. */
  readonly credentials: Readonly<Record<string, { readonly keyId: string; readonly secretKey: string }>>;
  readonly prices: Readonly<Record<string, string>>;
  readonly maxFillQuantity: string;
};
