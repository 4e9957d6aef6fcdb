// Carries the account's orders to their ends: gives the dispatcher's steps their storage, clock and broker, and tells who waits.
import { randomFraction } from "../../crypto/random.ts";
import type { NextMove } from "../../domain/follow.ts";
import type { OrderId } from "../../domain/ids.ts";
import type { OrderEvent } from "../../domain/lifecycle.ts";
import { type Order, intentOf, isTerminal } from "../../domain/order.ts";
import type { Purpose } from "../../domain/pace.ts";
import { needsPrice } from "../../domain/risk/needs-price.ts";
import { policyAt } from "../../domain/risk/overrides.ts";
import { mayLeave } from "../../domain/risk/rules/trading-state.ts";
import { describeError, log } from "../../log.ts";
import { readConfiguration } from "../configuration.ts";
import type { AccountStore, Desk } from "../context.ts";
import { decisionContextOf } from "../risk/decision-context.ts";
import { Dispatcher } from "./dispatcher.ts";
import { type PlanDeps, planStep, takeStep } from "./follow.ts";
import { readHoldings } from "../positions/holdings.ts";
import { learnBook } from "../risk/learn.ts";
import { parentLives } from "../orders/legs.ts";
import { type OrderRow, findOrder, lookAgain, makeDue, makeSymbolDue } from "../orders/orders.ts";
import { postponeLook, recordEvent } from "../orders/record.ts";
import type { Instruments } from "../risk/instruments.ts";
import type { RecentOrders } from "../risk/recent-orders.ts";
import type { ReferencePrices } from "../risk/reference-prices.ts";
import { releaseOrder } from "../orders/replace.ts";
import { tradingStateOf } from "../stops/stops.ts";
import { sweepOrders } from "./sweep.ts";
import type { Waiters } from "./waiters.ts";

export type FollowerDeps = AccountStore & {
  readonly waiters: Waiters;
  readonly prices: ReferencePrices;
  readonly recent: () => RecentOrders;
  readonly instruments: Pick<Instruments, "find" | "isUnlisted" | "know">;
  /** Called when a step has ended: there may be room for more. */
  readonly onEnd: () => void;
};

export class Follower {
  readonly #deps: FollowerDeps;
  readonly #dispatcher = new Dispatcher();
  /** How often the paper market was moved, to notice a move in the middle of a look. */
  #marketMoves = 0;

  constructor(deps: FollowerDeps) {
    this.#deps = deps;
  }

  /** Starts the steps that may start. Returns until when due orders are held back, or `null` if none is. */
  run(desk: Desk): number | null {
    const { sql, start, onEnd } = this.#deps;
    return this.#dispatcher.run({
      ...this.#planDeps(desk),
      sql,
      connection: desk.connection,
      broker: desk.broker,
      step: (row, next) => this.#step(row, next, desk),
      sweep: (rows) => this.#sweep(rows, desk),
      start,
      onEnd,
    });
  }

  #planDeps({ broker, settings }: Desk): PlanDeps {
    const { sql } = this.#deps;
    return {
      broker,
      nowMs: Date.now,
      mayLeave: (order) => {
        const state = settings.status === "active" ? tradingStateOf(sql, order) : "halted";
        return mayLeave(intentOf(order), state, () => readHoldings(sql, order, [order.id]));
      },
      isShadow: settings.mode === "shadow",
      predecessorEnded: ({ replaces }) => {
        const old = replaces === null ? undefined : findOrder(sql, replaces)?.order;
        return old === undefined || isTerminal(old.status);
      },
      parentLives: (leg) => parentLives(sql, leg),
    };
  }

  /** Does something with an order while no step is being taken for it, and none begins. */
  whileStill<T>(id: OrderId, work: () => Promise<T>): Promise<T> {
    return this.#dispatcher.whileStill(id, this.#deps.onEnd, work);
  }

  /** When every order that is on its way to the broker for these purposes has been answered. */
  sent(purposes: readonly Purpose[]): Promise<void> {
    return this.#dispatcher.sent(purposes);
  }

  sending(purposes: readonly Purpose[]): readonly OrderId[] {
    return this.#dispatcher.sending(purposes);
  }

  /** The paper market moved: what it may have filled is looked at now. */
  marketMoved(symbol: string): void {
    this.#marketMoves += 1;
    this.#deps.commit(() => makeSymbolDue(this.#deps.sql, symbol));
  }

  /** Records an event if the order is still where it was when `seen` was read. */
  record(seen: OrderRow, event: OrderEvent): OrderRow | undefined {
    const { sql, commit } = this.#deps;
    const { id, delivery, attempts } = seen.order;
    const recorded = commit(() => {
      const now = findOrder(sql, id);
      if (now === undefined || now.order.delivery !== delivery || now.order.attempts !== attempts) return undefined;
      return recordEvent(sql, now, event, { nowMs: Date.now(), random: randomFraction() });
    });
    if (recorded === undefined || !recorded.ok) {
      const { event: refused, ...state } = recorded?.error ?? { event: event.type };
      log("error", "account.event_refused", { order_id: id, refused, ...state });
      return undefined;
    }
    if (event.type === "legs_missing") log("warn", "order.legs_missing", { order_id: id, symbol: seen.order.symbol });
    this.announce(recorded.value.order);
    return recorded.value;
  }

  /** Tells who waits for the order, and the log where somebody should look. */
  announce(order: Order): void {
    this.#deps.waiters.tell(order.id);
    if (order.delivery === "unknown" || order.delivery === "needs_operator") {
      const level = order.delivery === "unknown" ? "warn" : "error";
      const facts = { order_id: order.id, request_id: order.request_id, code: order.reason?.code };
      log(level, `order.${order.delivery}`, facts);
    }
  }

  async #step(row: OrderRow, next: NextMove, desk: Desk): Promise<void> {
    const { sql, commit } = this.#deps;
    const { id } = row.order;
    const marketMoves = this.#marketMoves;
    try {
      await takeStep(row, next, {
        broker: desk.broker,
        record: (seen, event) => this.record(seen, event),
        postpone: (retryAfterMs, looks) => this.#postpone(row, retryAfterMs ?? 0, looks),
        isCutOff: () => desk.connection.isOpen,
        lookAtParent: () => this.#lookAtParent(row),
        release: () => this.#release(row.order, desk),
      });
    } catch (thrown) {
      log("error", "account.step_failed", { order_id: id, move: next.move, error: describeError(thrown) });
    }
    const after = findOrder(sql, id);
    // A step that changed nothing, because it failed, would be due again at once, and for ever.
    if (after?.dueAtMs === row.dueAtMs) this.#postpone(row, 0);
    // The look may have told enough to act on: then nobody waits for the next one.
    else if (after?.order.delivery === "unknown" && planStep(after, this.#planDeps(desk)).move !== "look_up") {
      commit(() => makeDue(sql, id));
    }
    // What was just put off may have looked at the market before it moved.
    if (this.#marketMoves !== marketMoves) commit(() => makeSymbolDue(sql, row.order.symbol));
  }

  #lookAtParent(leg: OrderRow): void {
    const { sql, commit } = this.#deps;
    const { parent } = leg.order;
    commit(() => {
      if (parent !== undefined) lookAgain(sql, parent);
      this.#postpone(leg, 0);
    });
  }

  #postpone(seen: OrderRow, retryAfterMs: number, looks?: number): void {
    const { sql, commit } = this.#deps;
    commit(() => {
      const row = findOrder(sql, seen.order.id);
      // Somebody has wanted it canceled since: that is due now, whatever the look told.
      if (row === undefined || row.order.cancel_requested_at !== seen.order.cancel_requested_at) return;
      const nowMs = Date.now();
      postponeLook(sql, row, nowMs, nowMs + retryAfterMs, looks);
    });
  }

  async #release({ id, ...waiting }: Order, desk: Desk): Promise<void> {
    const { sql, account, commit, prices, recent, instruments } = this.#deps;
    const { policy } = policyAt(desk.settings.policy, desk.settings.overrides, Date.now());
    const tradingState = tradingStateOf(sql, waiting);
    const holdings = () => readHoldings(sql, waiting, [id]);
    const [own = [], others = []] = needsPrice(waiting, { policy, tradingState }, holdings)
      ? await Promise.all([
          prices.latest([waiting.symbol], desk.broker, Date.now()),
          learnBook(policy, [waiting.symbol], { deps: { sql, prices }, broker: desk.broker }),
          instruments.know([waiting.symbol], desk),
        ])
      : [];
    const referencePrices = new Map([...others, ...own]);
    const known = { account, recent: recent(), instruments, referencePrices, lastTrades: prices.told };
    // Somebody may have set another policy while the broker was asked.
    const settings = readConfiguration(sql) ?? desk.settings;
    const context = decisionContextOf({ ...desk, settings }, known, Date.now());
    commit(() => releaseOrder(sql, id, { ...context, random: randomFraction() }));
    const released = findOrder(sql, id)?.order;
    if (released !== undefined) this.announce(released);
  }

  /** All that one list tells, in one transaction. */
  async #sweep(rows: readonly OrderRow[], { broker }: Desk): Promise<readonly OrderId[]> {
    const { sql, commit } = this.#deps;
    const told: (() => void)[] = [];
    // Their orders tell of these: see planStep.
    const dependent = rows.filter(({ order }) => order.parent !== undefined && parentLives(sql, order));
    const missing = await sweepOrders(
      rows.filter((row) => !dependent.includes(row)),
      {
        broker,
        report: (row, report) => told.push(() => void this.record(row, { type: "report", report })),
        postpone: (row) => told.push(() => this.#postpone(row, 0)),
      },
    );
    commit(() => told.forEach((tell) => tell()));
    return [...missing, ...dependent.map(({ order }) => order.id)];
  }
}
