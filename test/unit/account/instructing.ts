// Signals that are more than one order, delivered to an account's tables, and what the venue makes of their orders.
import { type GoalContext, carryOn } from "../../../src/account/signals/goals.ts";
import { readDueGoals } from "../../../src/account/signals/goal-store.ts";
import { instruct } from "../../../src/account/signals/instruct.ts";
import { readLive } from "../../../src/account/orders/orders.ts";
import { adoptPosition } from "../../../src/account/positions/positions.ts";
import { mustRecord } from "../../../src/account/orders/record.ts";
import { readDue } from "../../../src/account/signals/sequels.ts";
import { receiptOf } from "../../../src/account/signals/signals.ts";
import { decimalOf } from "../../../src/domain/money.ts";
import type { Order } from "../../../src/domain/order.ts";
import type { Instruction, Size, SizeUnit } from "../../../src/domain/signal/instruction.ts";
import type { SignalReceipt } from "../../../src/domain/signal/receipt.ts";
import { NOW_MS, aReport, anOrder } from "../../support/builders.ts";
import { transactionSync } from "./sql-storage.ts";
import { aSignal, at, decidingWith, newId, numbered, openAccount, pricedAt, read } from "./tables.ts";
import type { InstructionSignal } from "../../../src/account/door/envelope.ts";

export const size = (by: SizeUnit, value: string): Size => ({ by, value: decimalOf(value) });
export const units = (value: string): Size => size("quantity", value);

export const AAPL = { symbol: "AAPL", type: "market" } as const;
export const BUY_10 = { action: "buy" as const, ...AAPL, size: units("10") } satisfies Instruction;
export const EXIT = { action: "exit" as const, ...AAPL } satisfies Instruction;
export const enter = (side: "buy" | "sell", quantity = "10"): Instruction => ({
  action: "enter",
  side,
  ...AAPL,
  size: units(quantity),
});
export const target = (position: string): Instruction => ({ action: "target", ...AAPL, position: decimalOf(position) });

const SETTINGS: InstructionSignal["settings"] = {
  onOpposite: "exit",
  defaultSize: null,
  max_age_sec: null,
  delayed_feed: "deny",
  position_gap: "note",
};

export type Overrides = Partial<Omit<InstructionSignal, "settings" | "proof" | "instructions">> & {
  readonly settings?: Partial<InstructionSignal["settings"]>;
  readonly claims?: Partial<InstructionSignal["proof"]["claims"]>;
};

/** With a nonce of its own for every request id. */
export function signalOf(
  instructions: Instruction | readonly Instruction[],
  { settings, claims, ...overrides }: Overrides = {},
): InstructionSignal {
  const { order: _, proof, ...signal } = aSignal({ requestId: overrides.requestId ?? "request-1" });
  if (proof === null) throw new Error("a signal proves itself");
  return {
    ...signal,
    name: null,
    format: "native",
    circumstances: {},
    notices: [],
    stopReach: "source",
    ...overrides,
    instructions: [instructions].flat(),
    proof: { ...proof, claims: { ...proof.claims, ...claims } },
    settings: { ...SETTINGS, ...settings },
  };
}

let made = 0;

export function deliver(
  sql: SqlStorage,
  signal: InstructionSignal,
  overrides: Parameters<typeof decidingWith>[0] = {},
) {
  const deciding = decidingWith(overrides);
  const referencePrices = pricedAt("200", deciding.nowMs - 1_000);
  const args = { ...deciding, random: 0.5, referencePrices, newId: () => newId((made += 1)), signal };
  return transactionSync(sql, () => instruct(sql, args));
}

let requests = 0;

/** A request of its own, and what has come of it so far. */
export function send(
  sql: SqlStorage,
  instructions: Instruction | readonly Instruction[],
  overrides: Overrides = {},
  context: Parameters<typeof decidingWith>[0] = {},
): SignalReceipt {
  const requestId = overrides.requestId ?? `own-${(requests += 1)}`;
  const delivered = deliver(sql, signalOf(instructions, { ...overrides, requestId }), context);
  if (!delivered.ok) throw new Error(delivered.error.reason);
  return receiptOf(sql, delivered.value.value);
}

/** An account that holds so many AAPL. */
export function holding(quantity: string, symbol = "AAPL"): SqlStorage {
  const sql = openAccount();
  adoptPosition(sql, symbol, decimalOf(quantity), NOW_MS - 7_200_000);
  return sql;
}

/** An order of another's that rests at the venue. */
export const resting = (index: number, overrides: Parameters<typeof anOrder>[0] = {}): Order =>
  numbered(
    anOrder({ delivery: "delivered", status: "new", venue_order_id: `venue-${index}`, attempts: 1, ...overrides }),
    900_000 + index,
  );

/** The venue has the order, and says how it stands. */
export function tell(sql: SqlStorage, { id }: Pick<Order, "id">, told: Parameters<typeof aReport>[0] = {}): void {
  const { order } = read(sql, { id });
  if (order.delivery === "pending") mustRecord(sql, read(sql, { id }), { type: "submitting" }, at());
  const { client_order_id, symbol, side, type, quantity = null, limit_price = null, stop_price = null } = order;
  const terms = { client_order_id, symbol, side, type, quantity, limit_price, stop_price };
  const report = aReport({ ...terms, venue_order_id: `venue-of-${id}`, ...told });
  mustRecord(sql, read(sql, { id }), { type: "report", report }, at());
}

/** To the last unit. */
export function fill(sql: SqlStorage, { id }: Pick<Order, "id">): void {
  const filled_quantity = read(sql, { id }).order.quantity ?? "0";
  tell(sql, { id }, { status: "filled", filled_quantity, average_price: "200" });
}

type Deciding = Parameters<typeof decidingWith>[0];

export const contextOf = (overrides: Deciding = {}): GoalContext => {
  const deciding = decidingWith(overrides);
  const referencePrices = pricedAt("200", deciding.nowMs - 1_000);
  return { ...deciding, referencePrices, random: 0.5, newId: () => newId((made += 1)) };
};

/** As the account does once something has changed, until nothing goes on any more. */
export function goOn(sql: SqlStorage, overrides: Deciding = {}): void {
  for (let due = readDue(sql); due.length > 0; due = readDue(sql)) {
    transactionSync(sql, () => due.forEach((one) => one.carryOn(contextOf(overrides))));
  }
}

/** The first order that came of a signal. */
export function first({ orders }: SignalReceipt): Order {
  const [order] = orders;
  if (order === undefined) throw new Error("nothing was ordered");
  return order;
}

/** As the account does once an order has changed. */
export function pursueAll(sql: SqlStorage, overrides: Parameters<typeof decidingWith>[0] = {}): void {
  const deciding = decidingWith({ referencePrices: pricedAt("200", NOW_MS), ...overrides });
  for (const { id } of readDueGoals(sql)) {
    carryOn(sql, id, { ...deciding, random: 0.5, newId: () => newId((made += 1)) });
  }
}

export const termsOf = ({ side, quantity, symbol }: Order): string => `${side} ${quantity} ${symbol}`;
export const ordersIn = (sql: SqlStorage): string[] => readLive(sql).map(termsOf);
export const only = <T>(items: readonly T[]): T => {
  const [one, ...others] = items;
  if (one === undefined || others.length > 0) throw new Error(`${items.length} instead of one`);
  return one;
};
export const stepOf = (receipt: SignalReceipt) => only(receipt.steps);
