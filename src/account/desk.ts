// The account as it is configured: made of what it has been told and of the environment, and made anew when either changes.
import { brokerFor } from "../brokers/registry.ts";
import { readConfig } from "../config.ts";
import { type Result, err, ok } from "../domain/result.ts";
import type { BucketLimits } from "../domain/token-bucket.ts";
import { log } from "../log.ts";
import { changeBreaker, readBreaker } from "./breaker-store.ts";
import { readConfiguration } from "./configuration.ts";
import { Connection } from "./connection.ts";
import type { AccountStore, Desk } from "./context.ts";
import { openCredentials } from "./credentials.ts";
import { withoutSending } from "./shadow.ts";

/** The account cannot decide: what is wrong with its settings, for the log. */
export type Misconfigured = { readonly reason: "misconfigured"; readonly problem: string };

export class DeskMaker {
  readonly #store: AccountStore;
  readonly #env: () => Env;
  #made: { readonly env: Env; readonly desk: Result<Desk, Misconfigured> } | undefined;
  /** Outlives every change of the settings: what it knows of the broker is still so. */
  #connection: Connection | undefined;

  constructor(store: AccountStore, env: () => Env) {
    this.#store = store;
    this.#env = env;
  }

  /** What this account may do and through whom, or what is wrong with its configuration. */
  current(): Result<Desk, Misconfigured> {
    const env = this.#env();
    if (this.#made?.env !== env) this.#made = { env, desk: this.#make(env) };
    return this.#made.desk;
  }

  /** Its settings have changed. */
  forget(): void {
    this.#made = undefined;
  }

  #make(env: Env): Result<Desk, Misconfigured> {
    const { sql, account } = this.#store;
    const refuse = (problem: string) => err({ reason: "misconfigured" as const, problem });
    const config = readConfig(env);
    if (!config.ok) return refuse("the configuration is not usable");
    const settings = readConfiguration(sql);
    if (settings === undefined) return refuse("is not configured");
    if (settings.status === "deleted") return refuse("is deleted");
    const broker = brokerFor(settings.connection, {
      account,
      env,
      paperVenue: config.value.PAPER_VENUE,
      credentials: () => openCredentials(account, settings.sealed_credentials, config.value),
      onQuota: (quota) => this.#connection?.heardQuota(quota),
    });
    const connection = (this.#connection ??= this.#connect(broker.limits));
    const listened = connection.listenTo(broker);
    const reached = settings.mode === "shadow" ? withoutSending(listened) : listened;
    return ok({ settings, config: config.value, broker: reached, connection });
  }

  #connect(limits: BucketLimits): Connection {
    const { sql, account, commit } = this.#store;
    return new Connection({
      limits,
      breaker: readBreaker(sql),
      nowMs: Date.now,
      onTrouble: (call, { ending, code }) => log("warn", "broker.call_failed", { account, call, ending, code }),
      onBreakerChange: (before, after, caller) => {
        const isClosed = after.state === "closed";
        log(isClosed ? "info" : "error", "circuit_breaker.changed", { account, state: after.state });
        const requestId = crypto.randomUUID();
        commit(() => changeBreaker(sql, { account, before, after, caller, nowMs: Date.now(), requestId }));
      },
    });
  }
}
