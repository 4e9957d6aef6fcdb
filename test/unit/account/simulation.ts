// An account without its Durable Object: the real tables, follower, housekeeping and connection over a clock that the test
// moves. A crash forgets everything but the tables, and drops the answers to every call that is on the wire; the calls
// themselves arrive.
import { vi } from "vitest";
import { changeBreaker, readBreaker } from "../../../src/account/breaker-store.ts";
import { Connection } from "../../../src/account/connection.ts";
import type { Desk } from "../../../src/account/context.ts";
import { readBrokerView } from "../../../src/account/positions/broker-view.ts";
import { Follower } from "../../../src/account/following/follower.ts";
import { Housekeeping } from "../../../src/account/housekeeping.ts";
import { readPending } from "../../../src/account/journal.ts";
import { dueTimes, makeInterruptedDue } from "../../../src/account/orders/orders.ts";
import { RecentOrders } from "../../../src/account/risk/recent-orders.ts";
import { ReferencePrices } from "../../../src/account/risk/reference-prices.ts";
import { nextTimerAtMs, resetTimer } from "../../../src/account/timers.ts";
import { Waiters } from "../../../src/account/following/waiters.ts";
import type { Config } from "../../../src/config.ts";
import { encodeUtf8 } from "../../../src/crypto/encoding.ts";
import { sha256Hex } from "../../../src/crypto/hash.ts";
import { type AuditEvent, type BrokenLink, checkLink, hashEvent } from "../../../src/domain/audit-entry.ts";
import type { Broker } from "../../../src/domain/broker.ts";
import type { Policy } from "../../../src/domain/risk/policy.ts";
import { KNOWN_INSTRUMENTS, NOW_MS, aConfiguration, anOrder, aPolicy } from "../../support/builders.ts";
import { openSqlStorage, transactionSync } from "./sql-storage.ts";

const ACCOUNT = anOrder().account;
const EVENTS_MAX = 5_000;
/** The alarm that looks after work which should be done by then. */
const SAFETY_MS = 1_000;
const HELD_MS_MAX = 15_000;

type Process = { readonly follower: Follower; readonly housekeeping: Housekeeping; readonly connection: Connection };
type Happening = { readonly atMs: number; readonly run: () => void };

export class Simulation {
  readonly sql = openSqlStorage();
  policy: Policy = aPolicy();
  /** Comparing positions is left out where a test counts fills to the unit. */
  compares = false;
  /** Comparisons that the broker answered. */
  comparisons = 0;
  #nowMs = NOW_MS;
  #broker: Broker | undefined;
  #process: Process | undefined;
  #heldUntilMs: number | null = null;
  #comparedAtMs: number | undefined;
  #happenings: Happening[] = [];

  constructor() {
    vi.useFakeTimers({ toFake: ["Date"], now: this.#nowMs });
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Every broker call is made through {@link call}, so that it takes time and can be cut off. */
  start(broker: Broker): void {
    this.#broker = broker;
    this.#comparedAtMs = readBrokerView(this.sql)?.atMs;
    this.#process = this.#newProcess();
  }

  /** Something that happens by itself. */
  at(atMs: number, run: () => void): void {
    this.#happenings.push({ atMs, run });
  }

  /** Carries a call to the broker, where it has its effect after `latencyMs`, and its answer to the process that made it. */
  call<T>(latencyMs: number, effect: () => T): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<T>();
    const process = this.#process;
    this.at(this.#nowMs + latencyMs, () => {
      const answer = effect();
      if (this.#process === process) resolve(answer);
    });
    return promise;
  }

  crash(): void {
    this.#process = this.#newProcess();
  }

  /** Lets time pass until `isOver` or nothing is left to happen. Returns how many things happened. */
  async run(isOver: () => boolean = () => false, afterEach: () => void = () => undefined): Promise<number> {
    for (let count = 0; count < EVENTS_MAX; count++) {
      this.#work();
      await settled();
      this.#countComparisons();
      afterEach();
      if (isOver()) return count;
      const nextMs = this.#nextMs();
      if (nextMs === Infinity) return count;
      this.#nowMs = Math.max(this.#nowMs, nextMs);
      vi.setSystemTime(this.#nowMs);
      const due = this.#happenings.filter(({ atMs }) => atMs <= this.#nowMs);
      this.#happenings = this.#happenings.filter(({ atMs }) => atMs > this.#nowMs);
      due.forEach(({ run }) => run());
      await settled();
    }
    throw new Error("the account never comes to rest");
  }

  journal(): AuditEvent[] {
    return this.#entries().map(({ event }) => JSON.parse(event) as AuditEvent);
  }

  brokenLink(): BrokenLink | undefined {
    const entries = this.#entries();
    const hash = (event: string) => hashEvent(event, encodeUtf8, sha256Hex);
    return entries.map((entry, index) => checkLink(entries[index - 1], entry, hash)).find((link) => link !== undefined);
  }

  #entries() {
    return readPending(this.sql, ACCOUNT, 100_000);
  }

  #newProcess(): Process {
    const { sql } = this;
    const broker = this.#broker;
    if (broker === undefined) throw new Error("no broker");
    const connection = new Connection({
      limits: broker.limits,
      breaker: readBreaker(sql),
      nowMs: Date.now,
      onTrouble: () => undefined,
      onBreakerChange: (before, after, caller) => {
        const change = { account: ACCOUNT, before, after, caller, nowMs: Date.now(), requestId: "breaker" };
        this.#commit(() => changeBreaker(sql, change));
      },
    });
    const store = {
      sql,
      account: ACCOUNT,
      commit: <T>(change: () => T) => this.#commit(change),
      start: (work: Promise<unknown>) => void work,
    };
    const follower = new Follower({
      ...store,
      waiters: new Waiters(),
      prices: new ReferencePrices(),
      instruments: KNOWN_INSTRUMENTS,
      recent: () => new RecentOrders(sql, ACCOUNT, Date.now()),
      onEnd: () => this.#work(),
    });
    const housekeeping = new Housekeeping({
      ...store,
      instruments: KNOWN_INSTRUMENTS,
      desk: () => this.#deskOf(broker, connection),
      // The public record is out of reach, so that every event stays where tests read it.
      deliver: () => new Promise(() => undefined),
    });
    this.#commit(() => {
      makeInterruptedDue(sql);
      housekeeping.onStart(this.#nowMs);
    });
    return { follower, housekeeping, connection };
  }

  #commit<T>(change: () => T): T {
    return transactionSync(this.sql, () => {
      const result = change();
      if (!this.compares) resetTimer(this.sql, "reconcile", null);
      return result;
    });
  }

  #deskOf(broker: Broker, connection: Connection): Desk {
    return {
      settings: aConfiguration({ policy: this.policy }),
      config: {} as Config,
      broker: connection.listenTo(broker),
      connection,
    };
  }

  #work(): void {
    const process = this.#process;
    const broker = this.#broker;
    if (process === undefined || broker === undefined) throw new Error("not started");
    // What a test wrote by itself may have set the timer.
    this.#commit(() => undefined);
    this.#heldUntilMs = process.follower.run(this.#deskOf(broker, process.connection));
    process.housekeeping.run();
  }

  #countComparisons(): void {
    const atMs = readBrokerView(this.sql)?.atMs;
    if (atMs !== this.#comparedAtMs) this.comparisons += 1;
    this.#comparedAtMs = atMs;
  }

  /** When something is due or happens next; what is due already is under way, or held back. */
  #nextMs(): number {
    const { isAnyDue, nextMs } = dueTimes(this.sql, this.#nowMs);
    const timerMs = nextTimerAtMs(this.sql) ?? Infinity;
    const heldMs = Math.min(this.#heldUntilMs ?? this.#nowMs + SAFETY_MS, this.#nowMs + HELD_MS_MAX);
    const later = (ms: number) => (ms > this.#nowMs ? ms : Math.max(heldMs, this.#nowMs + 1));
    const dueMs = isAnyDue ? later(this.#nowMs) : Infinity;
    return Math.min(dueMs, nextMs ?? Infinity, later(timerMs), ...this.#happenings.map(({ atMs }) => atMs));
  }
}

/** Whatever can go on without time passing has gone on. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
