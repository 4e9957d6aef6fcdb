// An account without its Durable Object: the real tables, follower and connection over a clock that the test moves. A crash
// forgets everything but the tables, and drops the answers to every call that is on the wire; the calls themselves arrive.
import { vi } from "vitest";
import { changeBreaker, readBreaker } from "../../../src/account/breaker-store.ts";
import { Connection } from "../../../src/account/connection.ts";
import type { Desk } from "../../../src/account/context.ts";
import { Follower } from "../../../src/account/follower.ts";
import { readPending } from "../../../src/account/journal.ts";
import { dueTimes, makeInterruptedDue } from "../../../src/account/orders.ts";
import { reconcileAccount } from "../../../src/account/reconcile.ts";
import { recordEvent } from "../../../src/account/record.ts";
import { ReferencePrices } from "../../../src/account/reference-prices.ts";
import { syncExecutions } from "../../../src/account/sync-executions.ts";
import { isTimerDue, nextTimerAtMs, resetTimer, setTimer } from "../../../src/account/timers.ts";
import { Waiters } from "../../../src/account/waiters.ts";
import type { Config } from "../../../src/config.ts";
import { encodeUtf8 } from "../../../src/crypto/encoding.ts";
import { sha256Hex } from "../../../src/crypto/hash.ts";
import { type AuditEvent, type BrokenLink, checkLink, hashEvent } from "../../../src/domain/audit-entry.ts";
import type { Broker } from "../../../src/domain/broker.ts";
import type { OrderId } from "../../../src/domain/ids.ts";
import type { Suspect } from "../../../src/domain/reconcile.ts";
import type { Policy } from "../../../src/domain/risk/policy.ts";
import { NOW_MS, anOrder, aPolicy } from "../../support/builders.ts";
import { openSqlStorage, transactionSync } from "./sql-storage.ts";

const ACCOUNT = anOrder().account;
const EVENTS_MAX = 5_000;
/** The alarm that looks after work which should be done by then. */
const SAFETY_MS = 1_000;
const HELD_MS_MAX = 15_000;

type Process = { readonly follower: Follower; readonly connection: Connection; readonly running: Set<string> };
type Happening = { readonly atMs: number; readonly run: () => void };

export class Simulation {
  readonly sql = openSqlStorage();
  policy: Policy = aPolicy();
  /** Comparing positions is left out where a test counts fills to the unit. */
  compares = false;
  /** Comparisons that the broker answered. */
  comparisons = 0;
  /** Orders whose trades were never found. */
  readonly withoutTrades: OrderId[] = [];
  #nowMs = NOW_MS;
  #broker: Broker | undefined;
  #process: Process | undefined;
  #heldUntilMs: number | null = null;
  #suspects: readonly Suspect[] = [];
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
    this.#suspects = [];
    this.#process = this.#newProcess();
  }

  /** Lets time pass until `isOver` or nothing is left to happen. Returns how many things happened. */
  async run(isOver: () => boolean = () => false, afterEach: () => void = () => undefined): Promise<number> {
    for (let count = 0; count < EVENTS_MAX; count++) {
      this.#work();
      await settled();
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
    const commit = <T>(change: () => T) => transactionSync(sql, change);
    const connection = new Connection({
      limits: broker.limits,
      breaker: readBreaker(sql),
      nowMs: Date.now,
      onTrouble: () => undefined,
      onBreakerChange: (before, after, caller) => {
        const change = { account: ACCOUNT, before, after, caller, nowMs: Date.now(), requestId: "breaker" };
        commit(() => changeBreaker(sql, change));
      },
    });
    const follower = new Follower({
      sql,
      account: ACCOUNT,
      commit,
      start: (work) => void work,
      waiters: new Waiters(),
      prices: new ReferencePrices(),
      onEnd: () => this.#work(),
    });
    makeInterruptedDue(sql);
    if (this.compares) setTimer(sql, "reconcile", this.#nowMs);
    return { follower, connection, running: new Set() };
  }

  #work(): void {
    const process = this.#process;
    const broker = this.#broker;
    if (process === undefined || broker === undefined) throw new Error("not started");
    const desk: Desk = {
      settings: { broker: "paper", policy: this.policy },
      config: {} as Config,
      broker: process.connection.listenTo(broker),
      connection: process.connection,
    };
    this.#heldUntilMs = process.follower.run(desk);
    this.#workOn("executions", process, desk, () => this.#readExecutions(desk));
    this.#workOn("reconcile", process, desk, () => this.#compare(desk));
  }

  /** The account's own work, once at a time. */
  #workOn(timer: "executions" | "reconcile", process: Process, desk: Desk, work: () => Promise<number | null>): void {
    if (process.running.has(timer) || !isTimerDue(this.sql, timer, this.#nowMs)) return;
    if (timer === "reconcile" && !this.compares) return resetTimer(this.sql, timer, null);
    const pass = desk.connection.draw("watch");
    if (pass.held) return resetTimer(this.sql, timer, pass.untilMs);
    process.running.add(timer);
    const workOnce = async () => {
      const nextMs = await work();
      process.running.delete(timer);
      resetTimer(this.sql, timer, nextMs);
    };
    void workOnce();
  }

  async #readExecutions({ broker }: Desk): Promise<number | null> {
    const { againInMs } = await syncExecutions({
      sql: this.sql,
      broker,
      commit: (change) => transactionSync(this.sql, change),
      nowMs: Date.now,
      record: (row, event) => void recordEvent(this.sql, row, event, { nowMs: this.#nowMs, random: 0.5 }),
      onGivenUp: ({ id }) => this.withoutTrades.push(id),
    });
    return againInMs === null ? null : this.#nowMs + againInMs;
  }

  async #compare({ broker }: Desk): Promise<number | null> {
    const compared = await reconcileAccount(
      {
        sql: this.sql,
        account: ACCOUNT,
        broker,
        nowMs: Date.now,
        commit: (change) => transactionSync(this.sql, change),
        requestId: "compare",
      },
      this.#suspects,
    );
    this.#suspects = compared.suspects;
    if (compared.done) this.comparisons += 1;
    return this.#nowMs + compared.nextInMs;
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
