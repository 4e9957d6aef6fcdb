// Decides which of the due orders take a step now: cancels, then exits, then other orders, then doubts to settle, then live orders to
// watch; within what the connection and this process carry. Starts steps and never waits for one.
import type { Broker } from "../domain/broker.ts";
import type { NextMove } from "../domain/follow.ts";
import type { OrderId } from "../domain/ids.ts";
import type { Order } from "../domain/order.ts";
import type { Purpose } from "../domain/pace.ts";
import type { Connection } from "./connection.ts";
import { planStep, purposeOfMove } from "./follow.ts";
import type { PlanDeps } from "./follow.ts";
import { type OrderRow, readDue } from "./orders.ts";

/** Calls at the same time. With housekeeping's one that leaves the audit log one of the platform's six connections. */
const IN_FLIGHT_MAX = 4;
/** Of these, how many may be asking the broker: one is always free for sending and canceling. */
const ASKING_MAX = 3;
/** Of those, how many for one purpose: neither doubts nor live orders keep the others from being looked at. */
const ASKING_FOR_MAX = 2;
/** From so many live orders due at once, one list stands for a look at each. */
const SWEEP_FROM = 6;
/** Orders that one list is held against. */
const SWEEP_MAX = 1_000;
/** Orders looked at in one run: entries that are held back must not hide an exit behind them. */
const LOOKED_AT_MAX = 200;

export type DispatchDeps = PlanDeps & {
  readonly sql: SqlStorage;
  readonly connection: Connection;
  readonly broker: Broker;
  /** Whether it closes a position: such an order is tried also while the broker does not answer. */
  readonly isExit: (order: Order) => boolean;
  /** Takes the step; whatever happens in it, it settles, and the order is not due at the same moment any more. */
  readonly step: (row: OrderRow, next: NextMove) => Promise<void>;
  /** Looks at all of these at once; returns those that have to be asked for by name. */
  readonly sweep: (rows: readonly OrderRow[]) => Promise<readonly OrderId[]>;
  /** Puts a held order off until then, so that those behind it come forward. */
  readonly hold: (row: OrderRow, untilMs: number) => void;
  /** Keeps the process alive for it. */
  readonly start: (work: Promise<void>) => void;
  /** Called when a step has ended: there may be room for more. */
  readonly onEnd: () => void;
};

export class Dispatcher {
  /** Orders that a step is being taken for, and what the broker is called for in it. */
  readonly #inFlight = new Map<OrderId, Purpose | undefined>();
  /** Live orders that the last list did not show. */
  readonly #missing = new Set<OrderId>();
  #sweeping = false;

  /** Starts what may start. Returns until when due work is held back, or `null` if none is. */
  run(deps: DispatchDeps): number | null {
    this.#runAll("cancel", deps);
    this.#runAll("exit", deps);
    this.#runAll("send", deps);
    this.#runSome(this.#due("ask", deps), deps);
    const watched = this.#due("watch", deps);
    if (this.#isWorthSweeping(watched)) return this.#sweep(deps);
    for (const row of watched) {
      const untilMs = this.#isFull() ? null : this.#start(row, deps);
      if (untilMs !== null) return untilMs;
    }
    return null;
  }

  /** What is held back steps aside, because an exit behind it may leave. */
  #runAll(purpose: "cancel" | "exit" | "send", deps: DispatchDeps): void {
    for (let looked = 0; looked < LOOKED_AT_MAX && !this.#isFull();) {
      const rows = this.#due(purpose, deps).filter(({ order }) => !this.#inFlight.has(order.id));
      if (rows.length === 0) return;
      looked += rows.length;
      this.#runSome(rows, deps);
    }
  }

  #runSome(rows: readonly OrderRow[], deps: DispatchDeps): void {
    for (const row of rows) {
      const untilMs = this.#isFull() ? null : this.#start(row, deps);
      if (untilMs !== null) deps.hold(row, untilMs);
    }
  }

  #due(purpose: Purpose, { sql, nowMs }: DispatchDeps): OrderRow[] {
    return readDue(sql, purpose, nowMs(), IN_FLIGHT_MAX + SWEEP_FROM);
  }

  /** Starts the order's next step, if there is room for it. Returns until when the connection holds it back. */
  #start(row: OrderRow, deps: DispatchDeps): number | null {
    const { id } = row.order;
    if (this.#inFlight.has(id)) return null;
    const next = planStep(row, deps);
    const purpose = purposeOfMove(next, row);
    if ((purpose === "ask" || purpose === "watch") && !this.#mayAsk(purpose)) return null;
    if (purpose !== undefined) {
      const pass = deps.connection.draw(purpose, () => deps.isExit(row.order));
      if (pass.held) return pass.untilMs;
    }
    this.#inFlight.set(id, purpose);
    deps.start(
      deps.step(row, next).finally(() => {
        this.#inFlight.delete(id);
        this.#missing.delete(id);
        deps.onEnd();
      }),
    );
    return null;
  }

  #isWorthSweeping(rows: readonly OrderRow[]): boolean {
    return this.#sweeping || rows.filter(({ order }) => !this.#missing.has(order.id)).length >= SWEEP_FROM;
  }

  #sweep(deps: DispatchDeps): number | null {
    if (this.#sweeping || !this.#mayAsk("watch") || this.#isFull()) return null;
    const pass = deps.connection.draw("watch");
    if (pass.held) return pass.untilMs;
    const due = readDue(deps.sql, "watch", deps.nowMs(), SWEEP_MAX).filter(
      ({ order }) => !this.#inFlight.has(order.id),
    );
    this.#sweeping = true;
    deps.start(
      deps
        .sweep(due)
        .then((missing) => missing.forEach((id) => this.#missing.add(id)))
        .finally(() => {
          this.#sweeping = false;
          deps.onEnd();
        }),
    );
    return null;
  }

  #isFull(): boolean {
    return this.#inFlight.size + (this.#sweeping ? 1 : 0) >= IN_FLIGHT_MAX;
  }

  #mayAsk(purpose: "ask" | "watch"): boolean {
    const asking = this.#inFlightFor("ask") + this.#inFlightFor("watch");
    return asking < ASKING_MAX && this.#inFlightFor(purpose) < ASKING_FOR_MAX;
  }

  #inFlightFor(purpose: "ask" | "watch"): number {
    const lists = purpose === "watch" && this.#sweeping ? 1 : 0;
    return [...this.#inFlight.values()].filter((other) => other === purpose).length + lists;
  }
}
