// One trading account: its only writer. The class wires storage, broker and clock together and decides nothing; what is
// decided is in domain/, what is stored is in the files beside it.
import { DurableObject } from "cloudflare:workers";
import { paperVenueStub } from "../brokers/paper/stub.ts";
import { randomBytes, randomFraction } from "../crypto/random.ts";
import { isThatOrder } from "../domain/broker.ts";
import { type CircuitBreakerView, toCircuitBreakerView } from "../domain/circuit-breaker.ts";
import type { Execution } from "../domain/execution.ts";
import { type AccountId, type OrderId, type SourceId, orderIdOf, timeOf, uuidv7 } from "../domain/ids.ts";
import type { Decimal } from "../domain/money.ts";
import { type Order, isAnswered, isTerminal } from "../domain/order.ts";
import type { Portfolio } from "../domain/portfolio.ts";
import { type Result, err, ok } from "../domain/result.ts";
import { type OrderPreview, previewOf } from "../domain/risk/preview.ts";
import type { Settlement } from "../domain/settlement.ts";
import type { NativeOrder } from "../domain/signal/native.ts";
import type { SignalReceipt } from "../domain/signal/receipt.ts";
import { API_SOURCE } from "../domain/source.ts";
import type { BucketLimits } from "../domain/token-bucket.ts";
import type { StopActions, StopLevel, TradingStop } from "../domain/trading-stop.ts";
import { describeError, log } from "../log.ts";
import { appendEntries } from "../storage/audit-log.ts";
import { openDatabase } from "../storage/client.ts";
import { countInstruments, findInstruments, replaceInstruments } from "../storage/instruments.ts";
import { within } from "../within.ts";
import { type Admitted, type Signal, admit } from "./orders/admit.ts";
import { Alarm } from "./alarm.ts";
import {
  type Approval,
  type ApprovalRefusal,
  type NotHeld,
  approveOrder,
  declineOrder,
  listHeld,
} from "./orders/approve.ts";
import { factsNow } from "./risk/assess-now.ts";
import { type Batch, type BatchOutcome, type BatchRefusal, admitBatch } from "./orders/batch.ts";
import { type CancelRefusal, cancelOrder } from "./orders/cancel.ts";
import { cancelAll } from "./orders/cancel-all.ts";
import { readConfiguration, requireRevision } from "./configuration.ts";
import { type Told, adoptTold, readTold, unlistedStops } from "./configure.ts";
import type { Desk } from "./context.ts";
import { decisionContextOf } from "./risk/decision-context.ts";
import { DeskMaker, type Misconfigured } from "./desk.ts";
import { type AccountDisabled, type Entered, type SignalRefusal, meterOf } from "./door/door.ts";
import { type ExecutionQuery, listExecutions } from "./positions/executions.ts";
import { flattenUnder } from "./stops/flatten-under.ts";
import { Follower } from "./following/follower.ts";
import type { GoalContext } from "./signals/goals.ts";
import { Housekeeping } from "./housekeeping.ts";
import { isOutOfDate } from "./risk/funds.ts";
import { identify } from "./identity.ts";
import { symbolsIn } from "../domain/signal/in-symbol.ts";
import { instruct, onlyTakesAway } from "./signals/instruct.ts";
import {
  type InstrumentLists,
  type Refreshed,
  type RefreshRefusal,
  Instruments,
  recordRefresh,
} from "./risk/instruments.ts";
import { type Learning, learnForInstructions, learnForOrders } from "./risk/learn.ts";
import { migrate } from "./migrations.ts";
import { readUse } from "./door/nonces.ts";
import { type OrderQuery, findOrder, lastId, listOrders, makeInterruptedDue, readLive } from "./orders/orders.ts";
import { readPortfolio } from "./positions/portfolio.ts";
import { RecentOrders } from "./risk/recent-orders.ts";
import type { RecordContext } from "./orders/record.ts";
import { type RecordedPage, type RecordedQuery, readRecorded } from "./risk/recorded.ts";
import { type LastTrades, ReferencePrices } from "./risk/reference-prices.ts";
import { type Replacement, type ReplaceRefusal, replaceOrder } from "./orders/replace.ts";
import { Resumer } from "./signals/resumer.ts";
import { type SettleRefusal, isUnsettled, settleOrder } from "./orders/settle.ts";
import { findSignal, receiptOf } from "./signals/signals.ts";
import { type WideStop, wideStopsOf } from "./stops/stop-by-signal.ts";
import { type HeardStop, type ReleaseRefusal, readStops, releaseStop, setStop } from "./stops/stops.ts";
import { type NewId, toIntent } from "./orders/store-order.ts";
import { type Turn, Turns } from "./door/turns.ts";
import { Waiters } from "./following/waiters.ts";
import type { Caller } from "./caller.ts";
import type { InstructionSignal, Sender } from "./door/envelope.ts";

/** Whoever asks for the portfolio wants the present one. */
const VIEW_SHOWN_MS = 5_000;
/** How long to wait for the answers to orders that have left already. */
const SENT_PATIENCE_MS = 8_000;

export type Stopped = {
  /** What is in force here and says the same, the earliest first; nothing where it was released here before. */
  readonly inForce: readonly TradingStop[];
  /** Orders wanted canceled now. */
  readonly canceled: number;
  /** What becomes of the positions it reaches; `null` where they are to stay. */
  readonly flattened: SignalReceipt | null;
};

type Instructed = Omit<Entered<unknown>, "value"> & {
  readonly receipt: SignalReceipt;
  /** In force here; whoever has handed the signal over has the gateway tell every account before it is answered. */
  readonly wideStops: readonly WideStop[];
};

/** What every decision is made with. */
type Deciding = GoalContext & { readonly limits: BucketLimits };
/** Asks the broker. */
type Ask = (learning: Learning) => Promise<LastTrades>;

type Decided = Pick<Admitted, "order" | "duplicate">;

export class AccountObject extends DurableObject<Env> {
  readonly #sql = this.ctx.storage.sql;
  readonly #waiters = new Waiters();
  readonly #turns = new Turns();
  readonly #prices = new ReferencePrices();
  readonly #instruments = new Instruments({ lists: this.#instrumentLists(), nowMs: Date.now });
  readonly #account: AccountId;
  readonly #follower: Follower;
  readonly #resumer: Resumer;
  readonly #housekeeping: Housekeeping;
  readonly #desks: DeskMaker;
  readonly #alarm: Alarm;
  /** Forgotten with a transaction that failed: it may hold what was never stored. */
  #recent: RecentOrders | undefined;
  /** The time in the last id that was made here, by this process or one before it. */
  #lastIdMs: number;
  /** Whether a transaction is open: one inside another is a part of it. */
  #isCommitting = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    migrate(ctx.storage);
    this.#account = identify(this.#sql, ctx.id.name);
    const before = lastId(this.#sql);
    this.#lastIdMs = before === undefined ? 0 : timeOf(before);
    const store = {
      sql: this.#sql,
      account: this.#account,
      commit: <T>(change: () => T) => this.#commit(change),
      start: (work: Promise<unknown>) => this.ctx.waitUntil(work),
    };
    this.#desks = new DeskMaker(store, () => this.env);
    const desk = () => {
      const found = this.#desks.current();
      return found.ok ? found.value : undefined;
    };
    this.#follower = new Follower({
      ...store,
      waiters: this.#waiters,
      prices: this.#prices,
      recent: () => this.#recentOrders(),
      instruments: this.#instruments,
      onEnd: () => this.#work(),
    });
    this.#resumer = new Resumer({
      ...store,
      learn: async (instruction) => {
        const deciding = await this.#learn((learning) => learnForInstructions([instruction], learning));
        return deciding.ok ? deciding.value : undefined;
      },
      onResumed: () => this.#work(),
    });
    this.#housekeeping = new Housekeeping({
      ...store,
      desk,
      instruments: this.#instruments,
      deliver: (entries) => appendEntries(openDatabase(this.env.DB), entries),
    });
    this.#alarm = new Alarm({
      ...store,
      setAlarm: (atMs) => ctx.storage.setAlarm(atMs),
      housekeeping: this.#housekeeping,
      isUsable: () => this.#desks.current().ok,
    });
    this.#commit(() => {
      // This process has nothing on the wire yet: what is marked as being sent was cut off.
      makeInterruptedDue(this.#sql);
      this.#housekeeping.onStart(Date.now());
    });
  }

  /**
   * Decides about one signal and records the decision, all in one transaction; then starts to carry it out. Waits up to
   * `waitMs` for the broker's word. What was accepted here survives any crash from this moment on. Called again with the
   * same signal, because the answer got lost, it answers the same.
   */
  async submit(signal: Signal, waitMs: number): Promise<Result<Admitted, SignalRefusal | Misconfigured>> {
    const { order, source, sender } = signal;
    const asked = this.#isUsed(signal) ? [] : [order];
    const admitted = await this.#decide(
      (learning) => learnForOrders(asked, source, learning),
      (context) => admit(this.#sql, { ...context, limits: limitsOf(sender, context.limits), signal }),
      { turn: this.#turns.take([order.symbol]) },
    );
    if (!admitted.ok) return admitted;
    return ok({ ...admitted.value, order: await this.#until(isAnswered, admitted.value.order, waitMs) });
  }

  /**
   * Carries out a signal that is more than one order, as far as that can be done at once, all in one transaction; what is left
   * follows by itself. Called again with the same signal, because the answer got lost, it answers the same.
   */
  async instruct(
    signal: InstructionSignal,
    waitMs: number,
  ): Promise<Result<Instructed, SignalRefusal | Misconfigured>> {
    const { instructions, sender } = signal;
    const asked = this.#isUsed(signal) ? [] : instructions;
    const instructed = await this.#decide(
      (learning) => learnForInstructions(asked, learning),
      (context) => instruct(this.#sql, { ...context, limits: limitsOf(sender, context.limits), signal }),
      { turn: this.#turns.take(symbolsIn(instructions)), alsoDisabled: onlyTakesAway(instructions) },
    );
    if (!instructed.ok) return instructed;
    const { value: stored, ...rest } = instructed.value;
    const wideStops = wideStopsOf(this.#sql, signal, this.#account);
    const [first] = receiptOf(this.#sql, stored).orders;
    // No broker keeps the other accounts from hearing of a stop.
    if (first !== undefined && wideStops.length === 0) await this.#until(isAnswered, first, waitMs);
    return ok({ ...rest, receipt: receiptOf(this.#sql, stored), wideStops });
  }

  /** One signal that was more than one order, as it stands, or `null`. */
  getSignal(id: string): SignalReceipt | null {
    const found = findSignal(this.#sql, id);
    return found === undefined ? null : receiptOf(this.#sql, found.signal);
  }

  /** Decides about several orders in one transaction, each by itself and knowing those before it. */
  async submitBatch(batch: Batch): Promise<Result<BatchOutcome, BatchRefusal | AccountDisabled | Misconfigured>> {
    const orders = batch.orders.map(({ order }) => order);
    return this.#decide(
      (learning) => learnForOrders(orders, batch.source, learning),
      (context) => admitBatch(this.#sql, { ...context, batch }),
      { turn: this.#turns.take(orders.map(({ symbol }) => symbol)) },
    );
  }

  /** Puts an order in the place of another one, see `replace.ts`. */
  async replace(replacement: Replacement): Promise<Result<Decided, ReplaceRefusal | AccountDisabled | Misconfigured>> {
    const { original, change, source } = replacement;
    const old = findOrder(this.#sql, original)?.order;
    return this.#decide(
      (learning) => learnForOrders(old === undefined ? [] : [{ ...old, ...change }], source, learning),
      (context) => replaceOrder(this.#sql, { ...context, replacement }),
    );
  }

  /** What the rules would say of an order at this moment. Nothing is stored, and nothing counted. */
  async preview(order: NativeOrder, source: SourceId): Promise<Result<OrderPreview, AccountDisabled | Misconfigured>> {
    const learned = this.#unlessDisabled(await this.#learn((learning) => learnForOrders([order], source, learning)));
    if (!learned.ok) return learned;
    const context = learned.value;
    const intent = toIntent(order, this.#account, context.newId());
    const counts = meterOf(this.#sql, source, context).counts();
    const facts = factsNow(this.#sql, intent, { ...context, source, sender: { sender: null, counts } });
    return ok(previewOf(intent, context, facts));
  }

  /** The orders that wait for a person. */
  held(): Order[] {
    return listHeld(this.#sql);
  }

  /** Lets a held order leave, if everything still speaks for it. */
  async approve(
    id: OrderId,
    approval: Approval,
    caller: Caller,
  ): Promise<Result<Order, ApprovalRefusal | AccountDisabled | Misconfigured>> {
    const order = findOrder(this.#sql, id)?.order;
    const asked = order?.delivery === "held" ? [order] : [];
    const approved = await this.#decide(
      (learning) => learnForOrders(asked, order?.source ?? API_SOURCE, learning),
      (context) => approveOrder(this.#sql, id, approval, { ...context, caller }),
    );
    if (approved.ok) this.#follower.announce(approved.value);
    return approved;
  }

  decline(id: OrderId, why: string | null, caller: Caller): Result<Order, NotHeld> {
    const context = { ...this.#recordContext(caller), caller };
    const declined = this.#commit(() => declineOrder(this.#sql, id, why, context));
    if (declined.ok) this.#follower.announce(declined.value);
    this.#work();
    return declined;
  }

  /** Wants one order canceled. Waits up to `waitMs` for the broker's word on how it ended. */
  async cancel(id: OrderId, caller: Caller, waitMs: number): Promise<Result<Order, CancelRefusal>> {
    const wanted = this.#commit(() => cancelOrder(this.#sql, id, this.#recordContext(caller)));
    if (!wanted.ok) return wanted;
    this.#follower.announce(wanted.value);
    this.#work();
    return ok(await this.#until(({ status }) => isTerminal(status), wanted.value, waitMs));
  }

  /** Wants every live order canceled, or every one in a symbol, and nothing more ordered for what is under way. */
  cancelAll(symbol: string | undefined, caller: Caller): Order[] {
    const context = { ...this.#recordContext(caller), caller };
    const wanted = this.#commit(() => cancelAll(this.#sql, this.#account, symbol, context));
    for (const order of wanted) this.#follower.announce(order);
    this.#work();
    return wanted;
  }

  /** Takes a person's word for an order of unknown outcome, unless the broker has a word of its own. */
  async settle(
    id: OrderId,
    settlement: Settlement,
    caller: Caller,
  ): Promise<Result<Order, SettleRefusal | Misconfigured>> {
    const desk = await this.#desk();
    if (!desk.ok) return desk;
    const { broker } = desk.value;
    // What a person says is about what was sent so far, so nothing is sent meanwhile.
    return this.#follower.whileStill(id, async () => {
      const row = findOrder(this.#sql, id);
      if (row !== undefined && isUnsettled(row.order)) {
        const found = await broker.find(row.order.client_order_id);
        if (found.ending === "found" && isThatOrder(row.order, found.report)) {
          this.#follower.record(row, { type: "report", report: found.report });
        }
        const isSilent = found.ending === "unknown" || found.ending === "not_sent";
        if (isSilent && !settlement.without_broker) return err({ reason: "broker_silent" as const, code: found.code });
      }
      const settled = this.#commit(() => settleOrder(this.#sql, id, settlement, this.#recordContext(caller)));
      if (settled.ok) this.#follower.announce(settled.value);
      return settled;
    });
  }

  /**
   * Binds the next order, and every one that was approved before and has not left. `isBeside`: it is set also where another stop
   * says the same. Where it has been released here, nothing is done.
   */
  stop(stop: TradingStop, { cancels, flatten }: StopActions, caller: Caller, isBeside = false): Stopped {
    const context = { ...this.#recordContext(caller), caller, account: this.#account };
    const { set, left } = this.#commit(() => {
      const done = setStop(this.#sql, stop, cancels, { ...context, flatten, isBeside });
      const [under] = done.inForce;
      if (!flatten || under === undefined) return { set: done, left: undefined };
      // Nothing has to be known of the market to leave a position there.
      const deciding = this.#deciding(new Map());
      const newId = () => this.#newId(context.nowMs);
      return { set: done, left: flattenUnder(this.#sql, under, { ...context, newId, deciding }) };
    });
    for (const order of set.canceled) this.#follower.announce(order);
    this.#work();
    const canceled = new Set([...set.canceled.map(({ id }) => id), ...(left?.steps[0]?.canceled ?? [])]);
    const flattened = left === undefined ? null : receiptOf(this.#sql, left);
    return { inForce: set.inForce, canceled: canceled.size, flattened };
  }

  /** Waits until what left before a stop was set has been answered; says which orders have not within `waitMs`. */
  async sentBefore(state: TradingStop["state"], waitMs: number): Promise<readonly OrderId[]> {
    const purposes = state === "halted" ? (["send", "exit"] as const) : (["send"] as const);
    await within(waitMs, this.#follower.sent(purposes)).catch(() => undefined);
    return this.#follower.sending(purposes);
  }

  release(id: string, level: StopLevel, why: string | null, caller: Caller): Result<TradingStop, ReleaseRefusal> {
    const context = { ...this.#recordContext(caller), caller, account: this.#account };
    return this.#commit(() => releaseStop(this.#sql, id, { level, why }, context));
  }

  stops(): TradingStop[] {
    return readStops(this.#sql);
  }

  /** Whether no order lives. */
  isQuiet(): boolean {
    return readLive(this.#sql).length === 0;
  }

  /** One order as it stands, or `null`. */
  getOrder(id: OrderId): Order | null {
    return findOrder(this.#sql, id)?.order ?? null;
  }

  /** Orders, newest first. */
  listOrders(query: OrderQuery): Order[] {
    return listOrders(this.#sql, query);
  }

  /** What orders were decided on, newest first, to be held against another policy. */
  recorded(query: RecordedQuery): RecordedPage {
    return readRecorded(this.#sql, this.#account, query);
  }

  /** Trades, newest first; `null` where the query goes on after a trade that is not there. */
  listExecutions(query: ExecutionQuery): Execution[] | null {
    return listExecutions(this.#sql, query);
  }

  /** Positions, money and exposure; the broker is asked if its last word is not of this moment, or of before a fill. */
  async portfolio(): Promise<Result<Portfolio, Misconfigured>> {
    const desk = await this.#desk();
    if (!desk.ok) return desk;
    await this.#housekeeping.refreshView(isOutOfDate(this.#sql) ? 0 : VIEW_SHOWN_MS);
    const latestTrades = (symbols: readonly string[]) => this.#prices.latest(symbols, desk.value.broker, Date.now());
    return ok(await readPortfolio({ sql: this.#sql, account: this.#account, nowMs: Date.now, latestTrades }));
  }

  /** How the connection to the broker is doing. */
  async circuitBreaker(): Promise<Result<CircuitBreakerView, Misconfigured>> {
    const desk = await this.#desk();
    return desk.ok ? ok(toCircuitBreakerView(desk.value.connection.breaker)) : desk;
  }

  /** Closes the circuit breaker, because a person knows that the broker is back. */
  async resetCircuitBreaker(caller: Caller): Promise<Result<CircuitBreakerView, Misconfigured>> {
    const desk = await this.#desk();
    if (!desk.ok) return desk;
    desk.value.connection.reset(caller);
    this.#work();
    return ok(toCircuitBreakerView(desk.value.connection.breaker));
  }

  /** Makes what the broker lists now the list that entries are held against. */
  async refreshInstruments(caller: Caller): Promise<Result<Refreshed, RefreshRefusal | Misconfigured>> {
    const desk = await this.#desk();
    if (!desk.ok) return desk;
    const refreshed = await this.#instruments.refresh(desk.value);
    if (!refreshed.ok) return refreshed;
    const { broker } = desk.value.settings.connection;
    const record = { broker, refreshed: refreshed.value, caller, nowMs: Date.now() };
    this.#commit(() => recordRefresh(this.#sql, this.#account, record));
    this.#work();
    return refreshed;
  }

  /** Moves the embedded paper venue's market and looks at the orders it may have filled. */
  async setPaperPrice(symbol: string, price: Decimal): Promise<"set" | "not_listed" | "not_at_paper_venue"> {
    const desk = await this.#desk();
    if (!desk.ok || desk.value.settings.connection.broker !== "paper") return "not_at_paper_venue";
    const listed = await paperVenueStub(this.env, this.#account).setPrice(symbol, price);
    if (listed) {
      this.#follower.marketMoved(symbol);
      this.#work();
    }
    return listed ? "set" : "not_listed";
  }

  /**
   * Reads its own account, and which revisions of sources still hold, and goes by that from now on. Returns the revision that
   * it goes by. Throws without D1.
   */
  async configure(): Promise<number> {
    const told = await this.#configure();
    return told === undefined ? 0 : (readConfiguration(this.#sql)?.revision ?? 0);
  }

  async #configure(): Promise<Told | undefined> {
    const told = await readTold(openDatabase(this.env.DB), this.#account);
    if (told === undefined) return undefined;
    const context = { account: this.#account, nowMs: Date.now(), requestId: crypto.randomUUID() };
    const leftBehind = this.#commit(() => adoptTold(this.#sql, told, context));
    this.#desks.forget();
    for (const order of leftBehind) this.#follower.announce(order);
    this.#work();
    // Whoever disables an account, or makes a shadow of it, wants to know that nothing leaves any more.
    const { status, mode } = told.configuration;
    if (status !== "active" || mode !== "live") await this.sentBefore("halted", SENT_PATIENCE_MS);
    return told;
  }

  /** From the answer on, no signal is decided that was proven by an older revision of the source. */
  requireSource(source: SourceId, revision: number): void {
    this.#commit(() => requireRevision(this.#sql, source, revision));
  }

  /**
   * Looks after whatever is due, should an alarm have been lost, and whether its configuration is the present one. Returns the
   * stops of everything that the gateway has yet to be told of: it could not store them, or never heard of them.
   */
  async lookAfter(): Promise<readonly HeardStop[]> {
    this.wake();
    const told = await this.#configure();
    return told === undefined ? [] : unlistedStops(this.#sql, told);
  }

  /** Starts whatever is due. */
  wake(): void {
    this.#alarm.forget();
    this.#commit(() => undefined);
    this.#work();
  }

  /** Never throws, and sets its successor first: the platform gives up on an alarm that fails six times. */
  override async alarm(): Promise<void> {
    try {
      this.wake();
    } catch (thrown) {
      log("error", "account.alarm_failed", { error: describeError(thrown) });
      await this.#alarm.ringAgain();
    }
  }

  /** Starts whatever is due: steps of orders, and the account's own work. Returns without waiting for any. */
  #work(): void {
    const desk = this.#desks.current();
    if (desk.ok) this.#alarm.holdBack(this.#follower.run(desk.value));
    this.#housekeeping.run();
    if (desk.ok) this.#resumer.run();
    this.#alarm.set();
  }

  /** One transaction, and the alarm with it: whatever is stored as due is also what wakes the object. */
  #commit<T>(change: () => T): T {
    if (this.#isCommitting) return change();
    this.#isCommitting = true;
    try {
      return this.ctx.storage.transactionSync(() => {
        const result = change();
        this.#alarm.set();
        return result;
      });
    } catch (thrown) {
      this.#alarm.forget();
      this.#recent = undefined;
      throw thrown;
    } finally {
      this.#isCommitting = false;
    }
  }

  /** The order as it stands once `isDone` holds, or after `waitMs`. */
  async #until(isDone: (order: Order) => boolean, order: Order, waitMs: number): Promise<Order> {
    const current = () => findOrder(this.#sql, order.id)?.order ?? order;
    for (const deadlineMs = Date.now() + waitMs; !isDone(current());) {
      const leftMs = deadlineMs - Date.now();
      if (leftMs <= 0) break;
      await this.#waiters.wait(order.id, leftMs);
    }
    return waitMs > 0 ? current() : order;
  }

  /** Ids sort as they are made: a burst's run a little ahead of the clock. */
  #newId(nowMs: number): NewId {
    this.#lastIdMs = Math.max(nowMs, this.#lastIdMs + 1);
    const uuid = uuidv7(this.#lastIdMs, randomBytes(10));
    return { order: orderIdOf(this.#account, uuid), uuid };
  }

  /**
   * Asks the broker for what a decision has to know, and decides in one transaction, by the settings of then: somebody may have
   * set another policy, or have closed the account, while the broker was asked.
   */
  async #decide<T, E>(
    ask: Ask,
    decide: (context: Deciding) => Result<T, E>,
    { turn, alsoDisabled = false }: { readonly turn?: Turn; readonly alsoDisabled?: boolean } = {},
  ): Promise<Result<T, E | AccountDisabled | Misconfigured>> {
    try {
      const learned = await this.#learn(ask, turn?.come);
      const context = alsoDisabled ? learned : this.#unlessDisabled(learned);
      if (!context.ok) return context;
      const decided = this.#commit(() => decide(context.value));
      if (decided.ok) this.#work();
      return decided;
    } finally {
      turn?.over();
    }
  }

  /** `turn`: what to wait for beside the broker. */
  async #learn(ask: Ask, turn?: Promise<unknown>): Promise<Result<Deciding, Misconfigured>> {
    const desk = await this.#desk();
    if (!desk.ok) return desk;
    const [sql, prices, instruments, housekeeping] = [this.#sql, this.#prices, this.#instruments, this.#housekeeping];
    const told = await ask({ deps: { sql, prices, instruments, housekeeping }, desk: desk.value });
    await turn;
    return this.#deciding(told);
  }

  #deciding(referencePrices: LastTrades): Result<Deciding, Misconfigured> {
    const desk = this.#desks.current();
    if (!desk.ok) return desk;
    const nowMs = Date.now();
    const known = { account: this.#account, recent: this.#recentOrders(), instruments: this.#instruments };
    const { RATE_LIMIT_RPS: rate } = desk.value.config;
    return ok({
      ...decisionContextOf(desk.value, { ...known, referencePrices, lastTrades: this.#prices.told }, nowMs),
      limits: { ratePerSec: rate, capacity: rate },
      random: randomFraction(),
      newId: () => this.#newId(nowMs),
    });
  }

  #unlessDisabled(deciding: Result<Deciding, Misconfigured>): Result<Deciding, AccountDisabled | Misconfigured> {
    return deciding.ok && deciding.value.isDisabled ? err({ reason: "account_disabled" }) : deciding;
  }

  /** Of a signal that has come before nothing is decided: it must not cost a question to the broker. */
  #isUsed({ proof, requestId }: Pick<Signal, "proof" | "requestId">): boolean {
    return proof !== null && readUse(this.#sql, proof.claims, requestId, Date.now()).used !== "never";
  }

  #instrumentLists(): InstrumentLists {
    const database = () => openDatabase(this.env.DB);
    return {
      find: (broker, symbols) => findInstruments(database(), broker, symbols),
      count: (broker) => countInstruments(database(), broker),
      replace: (broker, listed, now) => replaceInstruments(database(), broker, listed, now),
    };
  }

  #recentOrders(): RecentOrders {
    return (this.#recent ??= new RecentOrders(this.#sql, this.#account, Date.now()));
  }

  #recordContext(caller: Caller): RecordContext {
    return { nowMs: Date.now(), random: randomFraction(), caller };
  }

  /** An object that nobody has told anything reads for itself. */
  async #desk(): Promise<Result<Desk, Misconfigured>> {
    if (readConfiguration(this.#sql) === undefined) await this.configure();
    return this.#desks.current();
  }
}

/** A source with a limit of its own may use a tenth of its minute at once. */
function limitsOf(sender: Sender | null, others: BucketLimits): BucketLimits {
  const perMin = sender?.caps?.signals_per_min;
  return perMin === undefined ? others : { ratePerSec: perMin / 60, capacity: Math.max(1, Math.floor(perMin / 10)) };
}
