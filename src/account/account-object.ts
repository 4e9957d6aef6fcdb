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
import { type Result, err } from "../domain/result.ts";
import { sumQuantities } from "../domain/risk/facts.ts";
import { mayLeaveNow, needsReferencePrice } from "../domain/risk/rules.ts";
import { describeError, log } from "../log.ts";
import { appendEntries } from "../storage/audit-log.ts";
import { openDatabase } from "../storage/client.ts";
import { type Admitted, type Signal, type SignalRefusal, admit } from "./admit.ts";
import { followOrder } from "./follow.ts";
import { acknowledge, countPending, readPending } from "./journal.ts";
import { identify } from "./identity.ts";
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
/** When the alarm looks after work that should be done by then, and is not if the process died. */
const SAFETY_MS = 1_000;
/** When to look again while the account is missing from the configuration: a deployment has to happen first. */
const MISCONFIGURED_MS = 60_000;

export class AccountObject extends DurableObject<Env> {
  readonly #sql = this.ctx.storage.sql;
  readonly #waiters = new Waiters();
  readonly #prices = new ReferencePrices();
  readonly #inFlight = new Set<OrderId>();
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
  async submit(signal: Signal, waitMs: number): Promise<Result<Admitted, SignalRefusal | { reason: "misconfigured" }>> {
    const self = this.#self();
    if (self === undefined) return err({ reason: "misconfigured" });
    const { account, settings, config, broker } = self;

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
      this.#commit(() => makeSymbolDue(this.#sql, symbol));
      this.#work();
    }
    return listed;
  }

  /** Never throws: the platform gives up on an alarm that fails six times, and then nobody would look after the orders. */
  override async alarm(): Promise<void> {
    this.#alarmAtMs = undefined;
    try {
      this.#commit(() => pruneNonces(this.#sql, Date.now()));
      this.#work();
    } catch (thrown) {
      log("error", "account.alarm_failed", { error: describeError(thrown) });
      await this.ctx.storage.setAlarm(Date.now() + SAFETY_MS);
    }
  }

  /** Starts whatever is due: steps of orders, and audit entries on their way to D1. Returns without waiting for any. */
  #work(): void {
    const self = this.#self();
    if (self !== undefined) {
      for (const row of readDue(this.#sql, Date.now(), IN_FLIGHT_MAX * 2)) {
        if (this.#inFlight.size >= IN_FLIGHT_MAX) break;
        if (!this.#inFlight.has(row.order.id)) this.ctx.waitUntil(this.#follow(row, self.broker, self.settings));
      }
    }
    if (!this.#draining && Date.now() >= this.#drainAtMs) this.ctx.waitUntil(this.#drain());
  }

  async #follow(row: OrderRow, broker: Broker, settings: AccountSettings): Promise<void> {
    const { id } = row.order;
    this.#inFlight.add(id);
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
    if (isAnswered(recorded.value.order)) this.#waiters.answer(id);
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
    return nowMs + (this.#self() === undefined ? MISCONFIGURED_MS : SAFETY_MS);
  }

  /** Who this object is and what it may do, or `undefined` when the configuration does not say. */
  #self(): { account: AccountId; settings: AccountSettings; config: Config; broker: Broker } | undefined {
    const config = readConfig(this.env);
    const account = this.#account;
    const settings = config.ok ? config.value.ACCOUNTS[account] : undefined;
    if (!config.ok || settings === undefined) return undefined;
    return { account, settings, config: config.value, broker: brokerFor(account, settings, config.value, this.env) };
  }
}
