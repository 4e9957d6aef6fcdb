// One trading account: its only writer. The class wires storage, broker and clock together and decides nothing; what is
// decided is in domain/, what is stored is in the files beside it.
import { DurableObject } from "cloudflare:workers";
import { paperVenueStub } from "../brokers/paper/stub.ts";
import { brokerFor } from "../brokers/registry.ts";
import { type AccountSettings, type Config, readConfig } from "../config.ts";
import { randomBytes } from "../crypto/random.ts";
import type { Broker } from "../domain/broker.ts";
import { type Decimal, subtract } from "../domain/money.ts";
import { type AccountId, type OrderId, orderIdOf, uuidv7 } from "../domain/ids.ts";
import type { OrderEvent } from "../domain/lifecycle.ts";
import { type Order, type OrderIntent, isAnswered } from "../domain/order.ts";
import { type Result, err, ok } from "../domain/result.ts";
import { sumQuantities } from "../domain/risk/facts.ts";
import { mayLeaveNow, needsReferencePrice } from "../domain/risk/rules.ts";
import { describeError, log } from "../log.ts";
import { appendEntries } from "../storage/audit-log.ts";
import { openDatabase } from "../storage/client.ts";
import { type Admitted, type Signal, type SignalRefusal, admit } from "./admit.ts";
import { followOrder } from "./follow.ts";
import { acknowledge, countPending, readPending } from "./journal.ts";
import { identify, pinBroker } from "./identity.ts";
import { migrate } from "./migrations.ts";
import { pruneNonces, readUse } from "./nonces.ts";
import {
  type OrderQuery,
  type OrderRow,
  findOrder,
  listOrders,
  makeInterruptedDue,
  makeSymbolDue,
  nextDueAtMs,
  readDue,
  workingQuantities,
} from "./orders.ts";
import { drainOutbox, drainRetryDelayMs } from "./outbox.ts";
import { positionIn } from "./positions.ts";
import { postponeLook, recordEvent } from "./record.ts";
import { ReferencePrices } from "./reference-prices.ts";
import { Waiters } from "./waiters.ts";

/** Orders followed at the same time: below the platform's six connections, so that the audit log always has one. */
const IN_FLIGHT_MAX = 4;
/** Of these, how many may be asking the broker about an order: one is always free for sending. */
const ASKING_MAX = 3;
/** Nonces live for minutes; looking for old ones more often only reads rows. */
const PRUNE_INTERVAL_MS = 60_000;
/** When the alarm looks after work that should be done by then, and is not if the process died. */
const SAFETY_MS = 1_000;
/** When to look again while the account is missing from the configuration: a deployment has to happen first. */
const MISCONFIGURED_MS = 60_000;

/** The account cannot decide: what is wrong with its settings, for the log. */
export type Misconfigured = { readonly reason: "misconfigured"; readonly problem: string };

export class AccountObject extends DurableObject<Env> {
  readonly #sql = this.ctx.storage.sql;
  readonly #waiters = new Waiters();
  readonly #prices = new ReferencePrices();
  /** Orders that a step is being taken for, and whether that step asks the broker instead of sending to it. */
  readonly #inFlight = new Map<OrderId, { readonly asks: boolean }>();
  #broker: string | undefined;
  #prunedAtMs = 0;
  /** How often the paper market was moved, to notice a move in the middle of a look. */
  #marketMoves = 0;
  readonly #account: AccountId;
  #draining = false;
  #drainFailures = 0;
  #drainAtMs = 0;
  /** When the alarm is set to ring, as far as this process knows. */
  #alarmAtMs: number | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    migrate(ctx.storage);
    this.#account = identify(this.#sql, ctx.id.name);
    // This process has nothing on the wire yet: what is marked as being sent was cut off.
    this.#commit(() => makeInterruptedDue(this.#sql));
  }

  /**
   * Decides about one signal and records the decision, all in one transaction; then starts to carry it out. Waits up to
   * `waitMs` for the broker's word. What was accepted here survives any crash from this moment on. Called again with the
   * same signal, because the answer got lost, it answers the same.
   */
  async submit(signal: Signal, waitMs: number): Promise<Result<Admitted, SignalRefusal | Misconfigured>> {
    const self = this.#self();
    if (!self.ok) return err({ reason: "misconfigured", problem: self.error });
    const { settings, config, broker } = self.value;
    const account = this.#account;

    // A replay must not cost a question to the broker.
    const { used } = readUse(this.#sql, signal.claims, signal.requestId, Date.now());
    if (used === "before") return err({ reason: "replayed" });
    const referencePrice = needsReferencePrice(signal.order, settings.policy)
      ? await this.#prices.latest(signal.order.symbol, broker, Date.now())
      : undefined;
    const nowMs = Date.now();
    const uuid = uuidv7(nowMs, randomBytes(10));
    const admitted = this.#commit(() =>
      admit(this.#sql, {
        account,
        signal,
        policy: settings.policy,
        limits: { ratePerSec: config.RATE_LIMIT_RPS, capacity: config.RATE_LIMIT_RPS },
        broker,
        referencePrice,
        nowMs,
        newId: { order: orderIdOf(account, uuid), uuid },
      }),
    );
    if (!admitted.ok) return admitted;

    this.#work();
    if (waitMs === 0) return admitted;
    const { id } = admitted.value.order;
    const current = () => findOrder(this.#sql, id)?.order ?? admitted.value.order;
    if (!isAnswered(current())) await this.#waiters.wait(id, waitMs);
    return { ...admitted, value: { ...admitted.value, order: current() } };
  }

  /** One order as it stands, or `null`. */
  getOrder(id: OrderId): Order | null {
    return findOrder(this.#sql, id)?.order ?? null;
  }

  /** Orders, newest first. */
  listOrders(query: OrderQuery): Order[] {
    return listOrders(this.#sql, query);
  }

  /** Moves the embedded paper venue's market and looks at the orders it may have filled. `false`: no such symbol. */
  async setPaperPrice(symbol: string, price: Decimal): Promise<boolean> {
    const listed = await paperVenueStub(this.env, this.#account).setPrice(symbol, price);
    if (listed) {
      this.#marketMoves += 1;
      this.#commit(() => makeSymbolDue(this.#sql, symbol));
      this.#work();
    }
    return listed;
  }

  /** Never throws: the platform gives up on an alarm that fails six times, and then nobody would look after the orders. */
  override async alarm(): Promise<void> {
    this.#alarmAtMs = undefined;
    try {
      this.#commit(() => this.#prune(Date.now()));
      this.#work();
    } catch (thrown) {
      log("error", "account.alarm_failed", { error: describeError(thrown) });
      await this.ctx.storage.setAlarm(Date.now() + SAFETY_MS);
    }
  }

  /** Starts whatever is due: steps of orders, and audit entries on their way to D1. Returns without waiting for any. */
  #work(): void {
    const self = this.#self();
    if (self.ok) {
      for (const row of readDue(this.#sql, Date.now(), IN_FLIGHT_MAX * 2)) {
        if (this.#mayStart(row)) this.ctx.waitUntil(this.#follow(row, self.value.broker, self.value.settings));
      }
    }
    if (!this.#draining && Date.now() >= this.#drainAtMs) this.ctx.waitUntil(this.#drain());
  }

  /** A broker that is slow to answer questions never keeps an order from being sent. */
  #mayStart(row: OrderRow): boolean {
    if (this.#inFlight.has(row.order.id) || this.#inFlight.size >= IN_FLIGHT_MAX) return false;
    const asking = [...this.#inFlight.values()].filter(({ asks }) => asks).length;
    return row.order.delivery === "pending" || asking < ASKING_MAX;
  }

  async #follow(row: OrderRow, broker: Broker, settings: AccountSettings): Promise<void> {
    const { id } = row.order;
    const marketMoves = this.#marketMoves;
    this.#inFlight.set(id, { asks: row.order.delivery !== "pending" });
    try {
      await followOrder(row, {
        broker,
        nowMs: Date.now,
        mayLeave: (intent) => this.#mayLeave(intent, settings),
        record: (seen, event) => this.#record(seen, event),
        postpone: () => this.#postpone(id),
      });
    } catch (thrown) {
      log("error", "account.follow_failed", { order_id: id, error: describeError(thrown) });
    } finally {
      this.#inFlight.delete(id);
    }
    // A step that changed nothing, because it failed, would be due again at once, and for ever.
    if (findOrder(this.#sql, id)?.dueAtMs === row.dueAtMs) this.#postpone(id);
    // What was just put off may have looked at the market before it moved.
    if (this.#marketMoves !== marketMoves) this.#commit(() => makeSymbolDue(this.#sql, row.order.symbol));
    this.#work();
  }

  #postpone(id: OrderId): void {
    this.#commit(() => {
      const row = findOrder(this.#sql, id);
      if (row !== undefined) postponeLook(this.#sql, row, Date.now());
    });
  }

  #record(seen: OrderRow, event: OrderEvent): OrderRow | undefined {
    const { id, delivery, attempts } = seen.order;
    const recorded = this.#commit(() => {
      const now = findOrder(this.#sql, id);
      if (now === undefined || now.order.delivery !== delivery || now.order.attempts !== attempts) return undefined;
      return recordEvent(this.#sql, now, event, Date.now());
    });
    if (recorded === undefined || !recorded.ok) {
      log("error", "account.event_refused", { order_id: id, event: event.type, ...recorded?.error });
      return undefined;
    }
    const { order } = recorded.value;
    if (isAnswered(order)) this.#waiters.answer(id);
    if (order.delivery === "unknown" || order.delivery === "needs_operator") {
      const level = order.delivery === "unknown" ? "warn" : "error";
      log(level, `order.${order.delivery}`, { order_id: id, request_id: order.request_id, code: order.reason?.code });
    }
    return recorded.value;
  }

  #mayLeave(intent: OrderIntent, settings: AccountSettings): boolean {
    const working = sumQuantities(workingQuantities(this.#sql, intent.symbol, intent.side));
    return mayLeaveNow(intent, settings.policy, {
      position: positionIn(this.#sql, intent.symbol),
      // The order itself is among the working ones by now.
      workingSameSide: intent.quantity === undefined ? working : subtract(working, intent.quantity),
    });
  }

  async #drain(): Promise<void> {
    this.#draining = true;
    try {
      const chain = this.#account;
      const database = openDatabase(this.env.DB);
      await drainOutbox({
        readPending: (limit) => readPending(this.#sql, chain, limit),
        deliver: (entries) => appendEntries(database, entries),
        acknowledge: (seq) => acknowledge(this.#sql, seq),
      });
      this.#drainFailures = 0;
      this.#drainAtMs = 0;
    } catch (thrown) {
      this.#drainFailures += 1;
      this.#drainAtMs = Date.now() + drainRetryDelayMs(this.#drainFailures);
      log("error", "account.audit_delivery_failed", { failures: this.#drainFailures, error: describeError(thrown) });
    } finally {
      this.#draining = false;
      this.#commit(() => undefined);
    }
  }

  /** One transaction, and the alarm with it: whatever is stored as due is also what wakes the object. */
  #commit<T>(change: () => T): T {
    try {
      return this.ctx.storage.transactionSync(() => {
        const result = change();
        this.#setAlarm();
        return result;
      });
    } catch (thrown) {
      this.#alarmAtMs = undefined;
      throw thrown;
    }
  }

  #setAlarm(): void {
    const nowMs = Date.now();
    const drainAtMs = countPending(this.#sql) > 0 ? Math.max(nowMs + SAFETY_MS, this.#drainAtMs) : Infinity;
    const atMs = Math.min(drainAtMs, this.#orderAlarmAtMs(nowMs));
    // An alarm that rings too early only finds less to do; one that rings too late leaves an order alone.
    if (atMs === Infinity || (this.#alarmAtMs !== undefined && this.#alarmAtMs <= atMs)) return;
    this.#alarmAtMs = atMs;
    this.ctx.waitUntil(this.ctx.storage.setAlarm(atMs));
  }

  /** What is due already is being worked on in this process; for that the alarm is only the net below. */
  #orderAlarmAtMs(nowMs: number): number {
    const dueAtMs = nextDueAtMs(this.#sql);
    if (dueAtMs === null) return Infinity;
    if (dueAtMs > nowMs) return dueAtMs;
    return nowMs + (this.#self().ok ? SAFETY_MS : MISCONFIGURED_MS);
  }

  #prune(nowMs: number): void {
    if (nowMs - this.#prunedAtMs < PRUNE_INTERVAL_MS) return;
    const mayHaveMore = pruneNonces(this.#sql, nowMs);
    if (!mayHaveMore) this.#prunedAtMs = nowMs;
  }

  /** What this account may do and through whom, or what is wrong with its configuration. */
  #self(): Result<{ settings: AccountSettings; config: Config; broker: Broker }, string> {
    const config = readConfig(this.env);
    if (!config.ok) return err("the configuration is not usable");
    const settings = config.value.ACCOUNTS[this.#account];
    if (settings === undefined) return err("is not configured");
    this.#broker ??= pinBroker(this.#sql, settings.broker);
    if (this.#broker !== settings.broker) {
      return err(`is at ${this.#broker} for good; give ${settings.broker} an account of its own`);
    }
    const broker = brokerFor(this.#account, settings, config.value, this.env);
    return ok({ settings, config: config.value, broker });
  }
}
