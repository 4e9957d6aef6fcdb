// What the parts of an account's object share: its storage and who it is, and, once its settings are usable, what it may do
// and through whom.
import type { Config } from "../config.ts";
import type { AccountConfiguration } from "../domain/account.ts";
import type { Broker } from "../domain/broker.ts";
import type { AccountId } from "../domain/ids.ts";
import type { Connection } from "./connection.ts";

export type AccountStore = {
  readonly sql: SqlStorage;
  readonly account: AccountId;
  /** One transaction, and the alarm with it. */
  readonly commit: <T>(change: () => T) => T;
  /** Keeps the process alive until the work has ended. */
  readonly start: (work: Promise<unknown>) => void;
};

/** The account as it is configured. Every call of `broker` is told to `connection`. */
export type Desk = {
  readonly settings: AccountConfiguration;
  readonly config: Config;
  readonly broker: Broker;
  readonly connection: Connection;
};
