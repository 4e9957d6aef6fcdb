// One trading account: its only writer. The class wires storage, broker and clock together and decides nothing; what is
// decided is in domain/, what is stored is in the files beside it.
import { DurableObject } from "cloudflare:workers";
import { paperVenueStub } from "../brokers/paper/stub.ts";
import { brokerFor } from "../brokers/registry.ts";
import { readConfig } from "../config.ts";
import { randomBytes, randomFraction } from "../crypto/random.ts";
import { isThatOrder } from "../domain/broker.ts";
import { type CircuitBreakerView, toCircuitBreakerView } from "../domain/circuit-breaker.ts";
import type { Execution } from "../domain/execution.ts";
import { type AccountId, type OrderId, type SourceId, orderIdOf, uuidv7 } from "../domain/ids.ts";
import type { Decimal } from "../domain/money.ts";
import { type Order, isAnswered, isTerminal } from "../domain/order.ts";
import type { Portfolio } from "../domain/portfolio.ts";
import { type Result, err, ok } from "../domain/result.ts";
import { type OrderPreview, previewOf } from "../domain/risk/preview.ts";
import type { NativeOrder } from "../domain/signal/native.ts";
import type { SignalReceipt } from "../domain/signal/receipt.ts";
import type { Settlement } from "../domain/settlement.ts";
import type { BucketLimits } from "../domain/token-bucket.ts";
import type { StopActions, StopLevel, TradingStop } from "../domain/trading-stop.ts";
import { describeError, log } from "../log.ts";
import { findConfiguration } from "../storage/accounts.ts";
import { appendEntries } from "../storage/audit-log.ts";
import { openDatabase } from "../storage/client.ts";
import { countInstruments, findInstruments, replaceInstruments } from "../storage/instruments.ts";
import { listSources } from "../storage/sources.ts";
import { listStops } from "../storage/trading-stops.ts";
import { within } from "../within.ts";
import { type Admitted, type Signal, admit } from "./admit.ts";
import { type Approval, type ApprovalRefusal, type NotHeld, approveOrder, declineOrder, listHeld } from "./approve.ts";
import { factsNow } from "./assess-now.ts";
import { type Batch, type BatchOutcome, type BatchRefusal, admitBatch } from "./batch.ts";
import { changeBreaker, readBreaker } from "./breaker-store.ts";
import { type CancelRefusal, cancelLiveOrders, cancelOrder } from "./cancel.ts";
import { adoptConfiguration, readConfiguration, requireRevision } from "./configuration.ts";
import { Connection } from "./connection.ts";
import type { Desk } from "./context.ts";
import { type Sender, settingsAt } from "./decision-context.ts";
import { openCredentials } from "./credentials.ts";
import { type AccountDisabled, type Entered, type SignalRefusal, meterOf } from "./door.ts";
import { type ExecutionQuery, listExecutions } from "./executions.ts";
import { flattenUnder } from "./flatten-under.ts";
import { Follower } from "./follower.ts";
import { Housekeeping } from "./housekeeping.ts";
import { identify } from "./identity.ts";
import {
  type InstrumentLists,
  Instruments,
  type RefreshRefusal,
  type Refreshed,
  recordRefresh,
} from "./instruments.ts";
import { learnForInstructions, learnForOrders, symbolsToPrice } from "./learn.ts";
import { migrate } from "./migrations.ts";
import { readUse } from "./nonces.ts";
import { type OrderQuery, dueTimes, findOrder, listOrders, makeInterruptedDue, readLive } from "./orders.ts";
import { readPortfolio } from "./portfolio.ts";
import type { Caller, RecordContext } from "./record.ts";
import { RecentOrders } from "./recent-orders.ts";
import { type RecordedPage, type RecordedQuery, readRecorded } from "./recorded.ts";
import { ReferencePrices } from "./reference-prices.ts";
import { type ReplaceRefusal, type Replacement, replaceOrder } from "./replace.ts";
import { type SettleRefusal, isUnsettled, settleOrder } from "./settle.ts";
import { type WideStop, wideStopsOf } from "./stop-by-signal.ts";
import { type ReleaseRefusal, adoptWideStops, readStops, releaseStop, setStop } from "./stops.ts";
import { carryOn } from "./goals.ts";
import { readDueGoals } from "./goal-store.ts";
import { type InstructionSignal, instruct } from "./instruct.ts";
import { findSignal, receiptOf } from "./signals.ts";
import { leaveBehind, withoutSending } from "./shadow.ts";
import { type NewId, toIntent } from "./store-order.ts";
import { singleFlight } from "./single-flight.ts";
import { Waiters } from "./waiters.ts";

/** When the alarm looks after work that should be done by then, and is not if the process died. */
const SAFETY_MS = 1_000;
/** When to look again while the account is missing from the configuration: a deployment has to happen first. */
const MISCONFIGURED_MS = 60_000;
/** Held-back orders are looked at again within this time, whatever holds them back: approvals run out meanwhile. */
const HELD_MS_MAX = 15_000;
/** A call that is due sooner than this is not worth an alarm of its own. */
const HELD_MS_MIN = 50;

/** How long to wait for the answers to orders that have left already. */
const SENT_PATIENCE_MS = 8_000;

export type Stopped = {
  readonly stop: TradingStop;
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

/** The account cannot decide: what is wrong with its settings, for the log. */
export type Misconfigured = { readonly reason: "misconfigured"; readonly problem: string };

type Decided = Pick<Admitted, "order" | "duplicate">;

export class AccountObject extends DurableObject<Env> {
  readonly #sql = this.ctx.storage.sql;
  readonly #waiters = new Waiters();
  readonly #prices = new ReferencePrices();
  readonly #instruments = new Instruments({ lists: this.#instrumentLists(), nowMs: Date.now });
  readonly #account: AccountId;
  readonly #follower: Follower;
  readonly #housekeeping: Housekeeping;
  /** What was made of the environment, as long as it is the same one. */
  #made: { readonly env: Env; readonly desk: Result<Desk, Misconfigured> } | undefined;
  #connection: Connection | undefined;
  /** Forgotten with a transaction that failed: it may hold what was never stored. */
  #recent: RecentOrders | undefined;
  /** Whether a transaction is open: one inside another is a part of it. */
  #isCommitting = false;
  /** When the alarm is set to ring, as far as this process knows. */
  #alarmAtMs: number | undefined;
  /** Until when due orders are held back by the connection. */
  #heldUntilMs = 0;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    migrate(ctx.storage);
    this.#account = identify(this.#sql, ctx.id.name);
    const store = {
      sql: this.#sql,
      account: this.#account,
      commit: <T>(change: () => T) => this.#commit(change),
      start: (work: Promise<unknown>) => this.ctx.waitUntil(work),
    };
    const desk = () => {
      const found = this.#desk();
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
    this.#housekeeping = new Housekeeping({
      ...store,
      desk,
      instruments: this.#instruments,
      deliver: (entries) => appendEntries(openDatabase(this.env.DB), entries),
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
    await this.#knowItself();
    const desk = this.#desk();
    if (!desk.ok) return desk;
    // A replay must not cost a question to the broker.
    if (signal.proof !== null) {
      const { used } = readUse(this.#sql, signal.proof.claims, signal.requestId, Date.now());
      if (used === "before" && signal.proof.claims.repeats === "refused") return err({ reason: "replayed" });
    }
    const referencePrices = await learnForOrders([signal.order], signal.source, this.#learning(desk.value));
    const context = this.#decisionContext();
    if (!context.ok) return context;
    const limits = limitsOf(signal.sender, context.value.limits);
    const referencePrice = referencePrices.get(signal.order.symbol);
    const args = { ...context.value, limits, signal, referencePrice, newId: this.#newId(context.value.nowMs) };
    const admitted = this.#commit(() => admit(this.#sql, args));
    if (!admitted.ok) return admitted;
    this.#work();
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
    await this.#knowItself();
    const desk = this.#desk();
    if (!desk.ok) return desk;
    // A replay must not cost a question to the broker.
    const { claims } = signal.proof;
    const isUsed = readUse(this.#sql, claims, signal.requestId, Date.now()).used !== "never";
    const referencePrices = await learnForInstructions(isUsed ? [] : signal.instructions, this.#learning(desk.value));
    const context = this.#decisionContext();
    if (!context.ok) return context;
    const limits = limitsOf(signal.sender, context.value.limits);
    const newId = () => this.#newId(context.value.nowMs);
    const args = { ...context.value, random: randomFraction(), limits, signal, referencePrices, newId };
    const instructed = this.#commit(() => instruct(this.#sql, args));
    if (!instructed.ok) return instructed;
    this.#work();
    const { value: stored, ...rest } = instructed.value;
    const [first] = receiptOf(this.#sql, stored).orders;
    if (first !== undefined) await this.#until(isAnswered, first, waitMs);
    const wideStops = wideStopsOf(this.#sql, signal, this.#account);
    return ok({ ...rest, receipt: receiptOf(this.#sql, stored), wideStops });
  }

  /** One signal that was more than one order, as it stands, or `null`. */
  getSignal(id: string): SignalReceipt | null {
    const found = findSignal(this.#sql, id);
    return found === undefined ? null : receiptOf(this.#sql, found.signal);
  }

  /** Decides about several orders in one transaction, each by itself and knowing those before it. */
  async submitBatch(batch: Batch): Promise<Result<BatchOutcome, BatchRefusal | AccountDisabled | Misconfigured>> {
    await this.#knowItself();
    const desk = this.#desk();
    if (!desk.ok) return desk;
    const referencePrices = await learnForOrders(
      batch.orders.map(({ order }) => order),
      batch.source,
      this.#learning(desk.value),
    );
    const context = this.#decisionContext();
    if (!context.ok) return context;
    const newId = () => this.#newId(context.value.nowMs);
    const admitted = this.#commit(() => admitBatch(this.#sql, { ...context.value, batch, referencePrices, newId }));
    this.#work();
    return admitted;
  }

  /** Puts an order in the place of another one, see `replace.ts`. */
  async replace(replacement: Replacement): Promise<Result<Decided, ReplaceRefusal | AccountDisabled | Misconfigured>> {
    await this.#knowItself();
    const desk = this.#desk();
    if (!desk.ok) return desk;
    const old = findOrder(this.#sql, replacement.original)?.order;
    if (old === undefined) return err({ reason: "order_unknown" });
    const referencePrices = await learnForOrders(
      [{ ...old, ...replacement.change }],
      replacement.source,
      this.#learning(desk.value),
    );
    const context = this.#decisionContext();
    if (!context.ok) return context;
    const newId = this.#newId(context.value.nowMs);
    const referencePrice = referencePrices.get(old.symbol);
    const args = { ...context.value, random: randomFraction(), replacement, referencePrice, newId };
    const replaced = this.#commit(() => replaceOrder(this.#sql, args));
    this.#work();
    return replaced;
  }

  /** What the rules would say of an order at this moment. Nothing is stored, and nothing counted. */
  async preview(order: NativeOrder, source: SourceId): Promise<Result<OrderPreview, AccountDisabled | Misconfigured>> {
    await this.#knowItself();
    const desk = this.#desk();
    if (!desk.ok) return desk;
    const referencePrices = await learnForOrders([order], source, this.#learning(desk.value));
    const context = this.#decisionContext();
    if (!context.ok) return context;
    const intent = toIntent(order, this.#account, this.#newId(context.value.nowMs));
    const counts = meterOf(this.#sql, source, context.value).counts();
    const asked = { source, sender: { sender: null, counts }, referencePrice: referencePrices.get(order.symbol) };
    return ok(previewOf(intent, context.value, factsNow(this.#sql, intent, { ...context.value, ...asked })));
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
    await this.#knowItself();
    const desk = this.#desk();
    if (!desk.ok) return desk;
    const held = findOrder(this.#sql, id)?.order;
    if (held === undefined) return err({ reason: "order_unknown" });
    const isHeld = held.delivery === "held";
    const prices = await learnForOrders(isHeld ? [held] : [], held.source, this.#learning(desk.value));
    const context = this.#decisionContext();
    if (!context.ok) return context;
    const args = { ...context.value, ...this.#recordContext(caller), caller, referencePrice: prices.get(held.symbol) };
    return this.#say(() => approveOrder(this.#sql, id, approval, args));
  }

  decline(id: OrderId, why: string | null, caller: Caller): Result<Order, NotHeld> {
    return this.#say(() => declineOrder(this.#sql, id, why, { ...this.#recordContext(caller), caller }));
  }

  #say<E>(word: () => Result<Order, E>): Result<Order, E> {
    const said = this.#commit(word);
    if (said.ok) this.#follower.announce(said.value);
    this.#work();
    return said;
  }

  /** Wants one order canceled. Waits up to `waitMs` for the broker's word on how it ended. */
  async cancel(id: OrderId, caller: Caller, waitMs: number): Promise<Result<Order, CancelRefusal>> {
    const wanted = this.#commit(() => cancelOrder(this.#sql, id, this.#recordContext(caller)));
    if (!wanted.ok) return wanted;
    this.#follower.announce(wanted.value);
    this.#work();
    return ok(await this.#until(({ status }) => isTerminal(status), wanted.value, waitMs));
  }

  /** Wants every live order canceled, or every one in a symbol. */
  cancelAll(symbol: string | undefined, caller: Caller): Order[] {
    const context = { ...this.#recordContext(caller), caller };
    const wanted = this.#commit(() => cancelLiveOrders(this.#sql, this.#account, symbol, context));
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
    await this.#knowItself();
    const desk = this.#desk();
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

  /** Binds the next order, and every one that was approved before and has not left. */
  stop(stop: TradingStop, { cancels, flatten }: StopActions, caller: Caller): Stopped {
    const context = { ...this.#recordContext(caller), caller, account: this.#account };
    const { set, left } = this.#commit(() => {
      const done = setStop(this.#sql, stop, cancels, context);
      if (!flatten) return { set: done, left: undefined };
      return { set: done, left: flattenUnder(this.#sql, done.stop, { ...context, ...this.#flattening(context) }) };
    });
    for (const order of set.canceled) this.#follower.announce(order);
    this.#work();
    const canceled = new Set([...set.canceled.map(({ id }) => id), ...(left?.steps[0]?.canceled ?? [])]);
    const flattened = left === undefined ? null : receiptOf(this.#sql, left);
    return { stop: set.stop, canceled: canceled.size, flattened };
  }

  /** Nothing has to be known of the market to leave a position there. */
  #flattening({ nowMs, random }: RecordContext) {
    const newId = () => this.#newId(nowMs);
    const decided = this.#decisionContext();
    if (!decided.ok) return { newId, deciding: decided };
    return { newId, deciding: ok({ ...decided.value, nowMs, random, newId, referencePrices: new Map() }) };
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

  /** Positions, money and exposure; the broker is asked if its last word is not of this moment. */
  async portfolio(): Promise<Result<Portfolio, Misconfigured>> {
    await this.#knowItself();
    const desk = this.#desk();
    if (!desk.ok) return desk;
    await this.#housekeeping.refreshView();
    const latestTrade = (symbol: string) => this.#prices.latest(symbol, desk.value.broker, Date.now());
    return ok(await readPortfolio({ sql: this.#sql, account: this.#account, nowMs: Date.now, latestTrade }));
  }

  /** How the connection to the broker is doing. */
  async circuitBreaker(): Promise<Result<CircuitBreakerView, Misconfigured>> {
    await this.#knowItself();
    const desk = this.#desk();
    return desk.ok ? ok(toCircuitBreakerView(desk.value.connection.breaker)) : desk;
  }

  /** Closes the circuit breaker, because a person knows that the broker is back. */
  async resetCircuitBreaker(caller: Caller): Promise<Result<CircuitBreakerView, Misconfigured>> {
    await this.#knowItself();
    const desk = this.#desk();
    if (!desk.ok) return desk;
    desk.value.connection.reset(caller);
    this.#work();
    return ok(toCircuitBreakerView(desk.value.connection.breaker));
  }

  /** Makes what the broker lists now the list that entries are held against. */
  async refreshInstruments(caller: Caller): Promise<Result<Refreshed, RefreshRefusal | Misconfigured>> {
    await this.#knowItself();
    const desk = this.#desk();
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
    await this.#knowItself();
    if (readConfiguration(this.#sql)?.connection.broker !== "paper") return "not_at_paper_venue";
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
    const isThere = (await this.#readConfiguration()) !== undefined;
    return isThere ? (readConfiguration(this.#sql)?.revision ?? 0) : 0;
  }

  /** Returns the stops of everything that it goes by and that the gateway does not list; nothing where there is no such account. */
  async #readConfiguration(): Promise<readonly TradingStop[] | undefined> {
    const database = openDatabase(this.env.DB);
    const [stored, sources, stops] = await Promise.all([
      findConfiguration(database, this.#account, new Date()),
      listSources(database),
      listStops(database),
    ]);
    if (stored === undefined) return undefined;
    const leftBehind = this.#commit(() => {
      const context = { nowMs: Date.now(), requestId: crypto.randomUUID() };
      const before = readConfiguration(this.#sql)?.mode;
      adoptConfiguration(this.#sql, this.#account, stored, context);
      for (const { source } of sources) requireRevision(this.#sql, source.id, source.revision);
      adoptWideStops(this.#sql, stops, { account: this.#account, ...context });
      const isOtherMode = before !== undefined && before !== readConfiguration(this.#sql)?.mode;
      return isOtherMode ? leaveBehind(this.#sql, { account: this.#account, nowMs: context.nowMs }) : [];
    });
    this.#made = undefined;
    for (const order of leftBehind) this.#follower.announce(order);
    this.#work();
    // Whoever disables an account, or makes a shadow of it, wants to know that nothing leaves any more.
    const isSending = stored.status === "active" && stored.mode === "live";
    if (!isSending) await this.sentBefore("halted", SENT_PATIENCE_MS);
    return this.stops().filter(({ id, account }) => account === null && !stops.some(({ stop }) => stop.id === id));
  }

  /** From the answer on, no signal is decided that was proven by an older revision of the source. */
  requireSource(source: SourceId, revision: number): void {
    this.#commit(() => requireRevision(this.#sql, source, revision));
  }

  /**
   * Looks after whatever is due, should an alarm have been lost, and whether its configuration is the present one. Returns the
   * stops of everything that the gateway has yet to be told of: it could not store them, or never heard of them.
   */
  async lookAfter(): Promise<readonly TradingStop[]> {
    this.wake();
    return (await this.#readConfiguration()) ?? [];
  }

  /** Starts whatever is due. */
  wake(): void {
    this.#alarmAtMs = undefined;
    this.#commit(() => undefined);
    this.#work();
  }

  /** Never throws, and sets its successor first: the platform gives up on an alarm that fails six times. */
  override async alarm(): Promise<void> {
    this.#alarmAtMs = undefined;
    try {
      this.wake();
    } catch (thrown) {
      log("error", "account.alarm_failed", { error: describeError(thrown) });
      await this.ctx.storage.setAlarm(Date.now() + SAFETY_MS);
    }
  }

  /** Starts whatever is due: steps of orders, and the account's own work. Returns without waiting for any. */
  #work(): void {
    const desk = this.#desk();
    if (desk.ok) this.#heldUntilMs = this.#follower.run(desk.value) ?? 0;
    this.#housekeeping.run();
    if (desk.ok && readDueGoals(this.#sql).length > 0) this.ctx.waitUntil(this.#pursueGoals());
    this.#setAlarm();
  }

  /** Plans every goal anew whose symbol has seen a change. */
  readonly #pursueGoals = singleFlight("pursue_goals", async () => {
    for (let due = readDueGoals(this.#sql); due.length > 0; due = readDueGoals(this.#sql)) {
      const desk = this.#desk();
      if (!desk.ok) return;
      // An exit does not wait for what somebody else's entry has to know.
      const exits = due.filter(({ goal }) => symbolsToPrice(goal.instruction).length === 0);
      const goals = exits.length > 0 ? exits : due;
      const instructions = goals.map(({ goal }) => goal.instruction);
      const referencePrices = await learnForInstructions(instructions, this.#learning(desk.value));
      // Somebody may have set another policy while the broker was asked.
      const now = this.#desk();
      if (!now.ok) return;
      const context = this.#contextOf(now.value);
      const newId = () => this.#newId(context.nowMs);
      const args = { ...context, random: randomFraction(), referencePrices, newId };
      this.#commit(() => goals.forEach(({ id }) => carryOn(this.#sql, id, args)));
    }
    this.#work();
  });

  /** One transaction, and the alarm with it: whatever is stored as due is also what wakes the object. */
  #commit<T>(change: () => T): T {
    if (this.#isCommitting) return change();
    this.#isCommitting = true;
    try {
      return this.ctx.storage.transactionSync(() => {
        const result = change();
        this.#setAlarm();
        return result;
      });
    } catch (thrown) {
      this.#alarmAtMs = undefined;
      this.#recent = undefined;
      throw thrown;
    } finally {
      this.#isCommitting = false;
    }
  }

  #setAlarm(): void {
    const nowMs = Date.now();
    const own = this.#housekeeping.nextAtMs(nowMs, SAFETY_MS);
    const goalsAtMs = readDueGoals(this.#sql).length > 0 ? nowMs + SAFETY_MS : Infinity;
    const atMs = Math.min(own, goalsAtMs, this.#orderAlarmAtMs(nowMs));
    // An alarm that rings too early only finds less to do; one that rings too late leaves an order alone.
    if (atMs === Infinity || (this.#alarmAtMs !== undefined && this.#alarmAtMs <= atMs)) return;
    this.#alarmAtMs = atMs;
    this.ctx.waitUntil(this.ctx.storage.setAlarm(atMs));
  }

  /** What is due already is being worked on in this process, or held back; for that the alarm is only the net below. */
  #orderAlarmAtMs(nowMs: number): number {
    const { isAnyDue, nextMs } = dueTimes(this.#sql, nowMs);
    const netMs = !isAnyDue ? Infinity : nowMs + (this.#desk().ok ? this.#netDelayMs(nowMs) : MISCONFIGURED_MS);
    return Math.min(nextMs ?? Infinity, netMs);
  }

  #netDelayMs(nowMs: number): number {
    if (this.#heldUntilMs <= nowMs) return SAFETY_MS;
    return Math.min(Math.max(this.#heldUntilMs - nowMs, HELD_MS_MIN), HELD_MS_MAX);
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

  #newId(nowMs: number): NewId {
    const uuid = uuidv7(nowMs, randomBytes(10));
    return { order: orderIdOf(this.#account, uuid), uuid };
  }

  /** What a decision goes by at this moment, which may be a moment after the broker was asked for a price. */
  #decisionContext() {
    const desk = this.#desk();
    if (!desk.ok) return desk;
    if (desk.value.settings.status !== "active") return err({ reason: "account_disabled" as const });
    return ok(this.#contextOf(desk.value));
  }

  #learning(desk: Desk) {
    const [sql, prices, instruments, housekeeping] = [this.#sql, this.#prices, this.#instruments, this.#housekeeping];
    return { deps: { sql, prices, instruments, housekeeping }, desk };
  }

  #contextOf({ settings, config, broker, connection }: Desk) {
    return {
      account: this.#account,
      recent: this.#recentOrders(),
      instruments: this.#instruments,
      limits: { ratePerSec: config.RATE_LIMIT_RPS, capacity: config.RATE_LIMIT_RPS },
      broker,
      circuitOpen: connection.isOpen,
      ...settingsAt(settings, Date.now()),
    };
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
  async #knowItself(): Promise<void> {
    if (readConfiguration(this.#sql) === undefined) await this.configure();
  }

  /** What this account may do and through whom, or what is wrong with its configuration. */
  #desk(): Result<Desk, Misconfigured> {
    if (this.#made?.env !== this.env) this.#made = { env: this.env, desk: this.#makeDesk() };
    return this.#made.desk;
  }

  #makeDesk(): Result<Desk, Misconfigured> {
    const refuse = (problem: string) => err({ reason: "misconfigured" as const, problem });
    const config = readConfig(this.env);
    if (!config.ok) return refuse("the configuration is not usable");
    const settings = readConfiguration(this.#sql);
    if (settings === undefined) return refuse("is not configured");
    if (settings.status === "deleted") return refuse("is deleted");
    const broker = brokerFor(settings.connection, {
      account: this.#account,
      env: this.env,
      paperVenue: config.value.PAPER_VENUE,
      credentials: () => openCredentials(this.#account, settings.sealed_credentials, config.value),
      onQuota: (quota) => this.#connection?.heardQuota(quota),
    });
    const connection = (this.#connection ??= this.#connect(broker.limits));
    const listened = connection.listenTo(broker);
    const reached = settings.mode === "shadow" ? withoutSending(listened) : listened;
    return ok({ settings, config: config.value, broker: reached, connection });
  }

  #connect(limits: BucketLimits): Connection {
    return new Connection({
      limits,
      breaker: readBreaker(this.#sql),
      nowMs: Date.now,
      onTrouble: (call, { ending, code }) =>
        log("warn", "broker.call_failed", { account: this.#account, call, ending, code }),
      onBreakerChange: (before, after, caller) => {
        const isClosed = after.state === "closed";
        log(isClosed ? "info" : "error", "circuit_breaker.changed", { account: this.#account, state: after.state });
        const change = { account: this.#account, before, after, caller, nowMs: Date.now() };
        this.#commit(() => changeBreaker(this.#sql, { ...change, requestId: crypto.randomUUID() }));
      },
    });
  }
}

/** A source with a limit of its own may use a tenth of its minute at once. */
function limitsOf(sender: Sender | null, others: BucketLimits): BucketLimits {
  const perMin = sender?.caps?.signals_per_min;
  return perMin === undefined ? others : { ratePerSec: perMin / 60, capacity: Math.max(1, Math.floor(perMin / 10)) };
}
