// The account's own work, beside its orders: carrying the journal to D1, reading trades, comparing positions, forgetting what
// is old. Each runs once at a time; what is due is in storage, so a new process goes on where the last one ended.
import { makeGoalsDue } from "./signals/goal-store.ts";
import { randomFraction } from "../crypto/random.ts";
import type { AuditEntry } from "../domain/audit-entry.ts";
import type { VenueBalances } from "../domain/broker.ts";
import { tradingDateOf } from "../domain/risk/policy.ts";
import { describeError, log } from "../log.ts";
import { within } from "../within.ts";
import { readBrokerView } from "./positions/broker-view.ts";
import type { AccountStore, Desk } from "./context.ts";
import { pruneExecutions } from "./positions/executions.ts";
import type { Instruments } from "./risk/instruments.ts";
import { acknowledge, countPending, readPending } from "./journal.ts";
import { markEquity } from "./risk/funds.ts";
import { pruneNonces } from "./door/nonces.ts";
import { executingSinceMs } from "./orders/orders.ts";
import { drainOutbox, drainRetryDelayMs } from "./outbox.ts";
import { reconcileAccount } from "./positions/reconcile.ts";
import { recordEvent } from "./orders/record.ts";
import { singleFlight } from "./single-flight.ts";
import { type Listing, syncExecutions } from "./positions/sync-executions.ts";
import { type TimerName, isTimerDue, nextTimerAtMs, resetTimer, setTimer, timerAtMs } from "./timers.ts";

/** Looking for what is old more often only reads rows. */
const PRUNE_INTERVAL_MS = 60_000;
/** When to look again while the account's settings are not usable: a deployment has to happen first. */
const MISCONFIGURED_MS = 60_000;
/** Work that has not ended by then has died with its process. */
const LOST_AFTER_MS = 120_000;
/** A new process compares positions again unless that was done just now. */
const VIEW_FRESH_MS = 60_000;
/** How long a caller waits for the broker's list; then the last known one serves. */
const VIEW_PATIENCE_MS = 2_000;

/** What asks the broker, one question after the other. */
const ASKING = ["executions", "reconcile", "instruments"] as const;
/** An order that comes sooner has the list read by itself. */
const FIRST_LIST_MS = 60_000;

export type HousekeepingDeps = AccountStore & {
  readonly instruments: Pick<Instruments, "refreshDaily">;
  /** Hands entries to the public record; throws when it does not take them. */
  readonly deliver: (entries: readonly AuditEntry[]) => Promise<void>;
  /** The account, if its settings are usable at this moment. */
  readonly desk: () => Desk | undefined;
};

export class Housekeeping {
  readonly #deps: HousekeepingDeps;
  #drainFailures = 0;
  #drainAtMs = 0;
  #prunedAtMs = 0;
  /** A list of trades that is being read in pieces. */
  #listing: Listing | null = null;

  constructor(deps: HousekeepingDeps) {
    this.#deps = deps;
  }

  /** To be called once per process, in a transaction. */
  onStart(nowMs: number): void {
    const { sql } = this.#deps;
    const view = readBrokerView(sql);
    if (view === undefined || nowMs - view.atMs > VIEW_FRESH_MS) setTimer(sql, "reconcile", nowMs);
    if (timerAtMs(sql, "instruments") === null) setTimer(sql, "instruments", nowMs + FIRST_LIST_MS);
  }

  /** Starts whatever is due. */
  run(): void {
    const { sql, start } = this.#deps;
    const nowMs = Date.now();
    if (countPending(sql) > 0 && nowMs >= this.#drainAtMs) start(this.#drain());
    if (nowMs - this.#prunedAtMs >= PRUNE_INTERVAL_MS) this.#prune(nowMs);
    if (isTimerDue(sql, "goals", nowMs)) this.#lookAtGoals();
    if (ASKING.some((timer) => isTimerDue(sql, timer, nowMs))) start(this.#askBroker());
  }

  /**
   * When any of this is due next. What is due already is under way in this process, so then the answer is a moment later, in
   * case the process does not live to end it.
   */
  nextAtMs(nowMs: number, safetyMs: number): number {
    const { sql } = this.#deps;
    const drainAtMs = countPending(sql) > 0 ? Math.max(nowMs + safetyMs, this.#drainAtMs) : Infinity;
    const nextMs = nextTimerAtMs(sql) ?? Infinity;
    return Math.min(drainAtMs, nextMs > nowMs ? nextMs : nowMs + safetyMs);
  }

  /** Asks the broker what is held if it has never said, and waits a moment for its word. */
  async knowPositions(): Promise<void> {
    if (readBrokerView(this.#deps.sql) === undefined) await this.#compareNow();
  }

  /** Asks the broker what is held unless it has said so within that time, and waits a moment for its word. */
  async refreshView(agedMs: number): Promise<void> {
    const view = readBrokerView(this.#deps.sql);
    if (view === undefined || Date.now() - view.atMs > agedMs) await this.#compareNow();
  }

  async #compareNow(): Promise<void> {
    this.#reset("reconcile", Date.now());
    // What comes later is stored all the same.
    await within(VIEW_PATIENCE_MS, this.#askBroker()).catch(() => undefined);
  }

  readonly #drain = singleFlight("carry_journal", async () => {
    const { sql, account, commit, deliver } = this.#deps;
    try {
      await drainOutbox({
        readPending: (limit) => readPending(sql, account, limit),
        deliver,
        acknowledge: (seq) => acknowledge(sql, seq),
      });
      this.#drainFailures = 0;
      this.#drainAtMs = 0;
    } catch (thrown) {
      this.#drainFailures += 1;
      this.#drainAtMs = Date.now() + drainRetryDelayMs(this.#drainFailures);
      log("error", "account.audit_delivery_failed", { failures: this.#drainFailures, error: describeError(thrown) });
    }
    commit(() => undefined);
  });

  /** One question after the other: together with the orders' calls more would take the audit log's connection. */
  readonly #askBroker = singleFlight("ask_broker", async () => {
    for (let isDone = false; !isDone;) {
      if (isTimerDue(this.#deps.sql, "executions", Date.now())) await this.#readExecutions();
      else if (isTimerDue(this.#deps.sql, "reconcile", Date.now())) await this.#reconcile();
      else if (isTimerDue(this.#deps.sql, "instruments", Date.now())) await this.#refreshInstruments();
      else isDone = true;
    }
  });

  async #readExecutions(): Promise<void> {
    const { sql, commit } = this.#deps;
    // A call that is not made must not be the probe that a broken connection waits for.
    if (executingSinceMs(sql) === null) return this.#reset("executions", null);
    await this.#whileItRuns("executions", async ({ broker }) => {
      const { againInMs, unfinished } = await syncExecutions(
        {
          sql,
          broker,
          commit,
          nowMs: Date.now,
          record: (row, event) => void recordEvent(sql, row, event, { nowMs: Date.now(), random: randomFraction() }),
          onGivenUp: (id) => log("warn", "order.executions_missing", { order_id: id }),
        },
        this.#listing,
      );
      this.#listing = unfinished;
      return againInMs;
    });
  }

  async #reconcile(): Promise<void> {
    const { sql, account, commit } = this.#deps;
    await this.#whileItRuns("reconcile", async ({ broker, settings }) => {
      const requestId = crypto.randomUUID();
      const onBalances = ({ equity }: VenueBalances, before: VenueBalances | undefined, askedAtMs: number) => {
        const date = tradingDateOf(settings.policy, Date.now());
        markEquity(sql, equity, { date, policyVersion: settings.policy_version, before: before?.equity, askedAtMs });
      };
      const compared = await reconcileAccount({ sql, account, broker, nowMs: Date.now, commit, requestId, onBalances });
      if (!compared.done) log("warn", "account.comparison_failed", { account });
      return compared.nextInMs;
    });
  }

  async #refreshInstruments(): Promise<void> {
    const { account, instruments } = this.#deps;
    await this.#whileItRuns("instruments", (desk) => instruments.refreshDaily(desk, account));
  }

  /**
   * Does the work that a timer is for, and sets the timer for the next time. Whoever brings it nearer while the work runs may
   * have come too late for this time, and is not forgotten.
   */
  async #whileItRuns(timer: TimerName, work: (desk: Desk) => Promise<number | null>): Promise<void> {
    const desk = this.#draw(timer);
    if (desk === undefined) return;
    const { sql, commit } = this.#deps;
    const lostAtMs = Date.now() + LOST_AFTER_MS;
    this.#reset(timer, lostAtMs);
    const nextInMs = await work(desk);
    commit(() => {
      if ((timerAtMs(sql, timer) ?? Infinity) >= lostAtMs) resetTimer(sql, timer, null);
      if (nextInMs !== null) setTimer(sql, timer, Date.now() + nextInMs);
    });
  }

  /** The account, if it may call its broker now; else the timer waits for the connection. */
  #draw(timer: TimerName): Desk | undefined {
    const desk = this.#deps.desk();
    if (desk === undefined) {
      this.#reset(timer, Date.now() + MISCONFIGURED_MS);
      return undefined;
    }
    const pass = desk.connection.draw("watch");
    if (!pass.held) return desk;
    this.#reset(timer, pass.untilMs);
    return undefined;
  }

  #reset(timer: TimerName, dueAtMs: number | null): void {
    const { sql, commit } = this.#deps;
    commit(() => resetTimer(sql, timer, dueAtMs));
  }

  /** Some wait for what no order's change brings them. */
  #lookAtGoals(): void {
    const { sql, commit } = this.#deps;
    commit(() => {
      resetTimer(sql, "goals", null);
      makeGoalsDue(sql);
    });
  }

  /** Nothing waits for this, so no timer wakes the account for it. */
  #prune(nowMs: number): void {
    const { sql, commit } = this.#deps;
    const hasMore = commit(() => [pruneNonces(sql, nowMs), pruneExecutions(sql, nowMs)].some(Boolean));
    if (!hasMore) this.#prunedAtMs = nowMs;
  }
}
