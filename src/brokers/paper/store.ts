// What the venue remembers. Two hosts, two stores: SQLite inside a Durable Object, plain memory elsewhere.
import type { Decimal } from "../../domain/money.ts";
import type { Side } from "../../domain/order.ts";
import type { Execution } from "./execution.ts";
import type { VenueOrder } from "./order.ts";
import type { Position } from "./position.ts";

/** Orders to list. Times are milliseconds since the Unix epoch, both ends excluded, compared with the submission. */
export type OrderQuery = {
  readonly status: "open" | "closed" | "all";
  readonly symbols: readonly string[] | undefined;
  readonly side: Side | undefined;
  readonly afterMs: number | undefined;
  readonly untilMs: number | undefined;
  /** Ids of orders that exist, both excluded. */
  readonly afterOrderId: string | undefined;
  readonly beforeOrderId: string | undefined;
  /** Whether legs are left out, because their orders show them. */
  readonly nested?: boolean;
  /** `asc`: in the order of submission. */
  readonly direction: "asc" | "desc";
  readonly limit: number;
};

/** Executions to list. Times are milliseconds since the Unix epoch, both ends excluded. */
export type ExecutionQuery = {
  readonly afterMs: number | undefined;
  readonly untilMs: number | undefined;
  /** Continues behind the execution with this id, in the direction of the list. */
  readonly continueAfterId: string | undefined;
  /** `asc`: oldest first. */
  readonly direction: "asc" | "desc";
  readonly limit: number;
};

/** One account's orders, executions, positions, money and market. */
export type VenueStore = {
  /** Runs `work`; when it throws, none of its writes happened. */
  readonly transact: <T>(work: () => T) => T;

  /** What all fills together added to the cash the account started with, in US dollars. */
  readonly readCashFlow: () => Decimal;
  readonly writeCashFlow: (amount: Decimal) => void;

  /** A last price that was set, `undefined` where the settings still hold. */
  readonly readPrice: (symbol: string) => Decimal | undefined;
  readonly writePrice: (symbol: string, price: Decimal) => void;

  readonly readPosition: (symbol: string) => Position | undefined;
  /** By symbol. */
  readonly listPositions: () => Position[];
  /** A position of zero units is forgotten. */
  readonly writePosition: (position: Position) => void;

  readonly findOrder: (id: string) => VenueOrder | undefined;
  /** The newest one with this id. */
  readonly findOrderByClientOrderId: (clientOrderId: string) => VenueOrder | undefined;
  /** Oldest first; no leg that is held. */
  readonly listOpenOrders: () => VenueOrder[];
  readonly countOpenOrders: () => number;
  readonly listOrders: (query: OrderQuery) => VenueOrder[];
  readonly insertOrder: (order: VenueOrder) => void;
  readonly updateOrder: (order: VenueOrder) => void;

  readonly findExecution: (id: string) => Execution | undefined;
  readonly listExecutions: (query: ExecutionQuery) => Execution[];
  readonly insertExecution: (execution: Execution) => void;
};
