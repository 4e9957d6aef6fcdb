// What a decision is made with, beside the order itself.
import type { AccountMode } from "../../domain/account.ts";
import type { Broker } from "../../domain/broker.ts";
import type { AccountId } from "../../domain/ids.ts";
import type { Origin } from "../../domain/origin.ts";
import { type PolicyInForce, policyAt } from "../../domain/risk/overrides.ts";
import { tradingDateOf } from "../../domain/risk/policy.ts";
import type { LastTrade } from "../../domain/worth.ts";
import type { Desk } from "../context.ts";
import type { Instruments } from "./instruments.ts";
import type { RecentOrders } from "./recent-orders.ts";

export type DecisionContext = PolicyInForce & {
  readonly account: AccountId;
  /** By the account's own policy: no override begins another day, and with it other losses and counts. */
  readonly tradingDate: string;
  readonly minimumOrigin: Origin;
  /** Whether what is approved is sent. It changes nothing about the decision. */
  readonly mode: AccountMode;
  readonly broker: Pick<Broker, "supports">;
  readonly circuitOpen: boolean;
  /** Whether an operator has closed the account for every order. */
  readonly isDisabled: boolean;
  readonly nowMs: number;
  readonly recent: RecentOrders;
  readonly instruments: Pick<Instruments, "find" | "isUnlisted">;
  /** By symbol: what was asked for to decide this. */
  readonly referencePrices: ReadonlyMap<string, LastTrade>;
  /** The same of whatever was asked for lately: what others have ordered meanwhile is worth something, too. */
  readonly lastTrades: ReadonlyMap<string, LastTrade>;
};

/** The account as it is told to decide, and as its connection is, at that moment. */
export const decisionContextOf = (
  {
    settings,
    broker,
    connection,
  }: Pick<Desk, "settings" | "broker"> & { connection: Pick<Desk["connection"], "isOpen"> },
  known: Pick<DecisionContext, "account" | "recent" | "instruments" | "referencePrices" | "lastTrades">,
  nowMs: number,
): DecisionContext => ({
  ...known,
  ...policyAt(settings.policy, settings.overrides, nowMs),
  tradingDate: tradingDateOf(settings.policy, nowMs),
  minimumOrigin: settings.minimum_origin,
  mode: settings.mode,
  broker,
  circuitOpen: connection.isOpen,
  isDisabled: settings.status !== "active",
  nowMs,
});
