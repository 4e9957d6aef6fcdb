// Decides which of the due orders take a step now, within what the connection and this process carry: what ends an exposure
// first, then orders to send, doubts and live orders in turns. Starts steps and never waits for one.
import type { Broker } from "../../domain/broker.ts";
import type { NextMove } from "../../domain/follow.ts";
import type { OrderId } from "../../domain/ids.ts";
import type { Purpose } from "../../domain/pace.ts";
import type { Connection } from "../connection.ts";
import { planStep, purposeOfMove } from "./follow.ts";
import type { PlanDeps } from "./follow.ts";
import { type OrderRow, readDue } from "../orders/orders.ts";

/** Calls at the same time. With housekeeping's one that leaves the audit log one of the platform's six connections. */
const AT_ONCE = 4;
/** Of these, how many may be in other hands while an exit, or a cancel, needs one. */
const WITHOUT_AN_EXIT = 3;
const WITHOUT_A_CANCEL = 3;
/** How many may be for purposes that can wait, and how many for one that only asks. */
const PATIENT_AT_ONCE = 2;
const ASKING_AT_ONCE = 1;
/** From so many live orders due at once, one list stands for a look at each. */
const SWEEP_FROM = 6;
/** Doubts looked at when the first of them are held back. */
const LOOKED_AT_MAX = 200;
/** Orders that one list is held against. */
const SWEEP_MAX = 1_000;

const URGENT: readonly Purpose[] = ["cancel", "exit"];
const PATIENT: readonly Purpose[] = ["send", "ask", "watch"];

export type DispatchDeps = PlanDeps & {
  readonly sql: SqlStorage;
  readonly connection: Connection;
  readonly broker: Broker;
  /** Takes the step; whatever happens in it, it settles, and the order is not due at the same moment any more. */
  readonly step: (row: OrderRow, next: NextMove) => Promise<void>;
  /** Looks at all of these at once; returns those that have to be asked for by name. */
  readonly sweep: (rows: readonly OrderRow[]) => Promise<readonly OrderId[]>;
  /** Keeps the process alive for it. */
  readonly start: (work: Promise<void>) => void;
  /** Called when a step has ended: there may be room for more. */
  readonly onEnd: () => void;
};

/** What is under way for one order. `purpose`: what the broker is called for, if it is. */
type InFlight = { readonly purpose: Purpose | undefined; readonly end: Promise<void> };

export class Dispatcher {
  readonly #inFlight = new Map<OrderId, InFlight>();
  /** Orders that no step may be taken for, and until when. */
  readonly #still = new Map<OrderId, Promise<void>>();
  /** Live orders that the last list did not show. */
  readonly #missing = new Set<OrderId>();
  #sweeping = false;
  #runs = 0;

  /** Starts what may start. Returns until when due work is held back, or `null` if none is. */
  run(deps: DispatchDeps): number | null {
    this.#runs += 1;
    const purposes = [...rotate(URGENT, this.#runs), ...rotate(PATIENT, this.#runs)];
    const held = purposes.map((purpose) => this.#runDue(purpose, deps)).filter((untilMs) => untilMs !== null);
    return held.length === 0 ? null : Math.min(...held);
  }

  /** When every order that is being sent for these purposes has been answered. */
  async sent(purposes: readonly Purpose[]): Promise<void> {
    const ends = this.sending(purposes).map((id) => this.#inFlight.get(id)?.end);
    await Promise.all(ends.filter((end) => end !== undefined));
  }

  /** The orders that are being sent for these purposes. */
  sending(purposes: readonly Purpose[]): readonly OrderId[] {
    return [...this.#inFlight].flatMap(([id, { purpose }]) =>
      purpose !== undefined && purposes.includes(purpose) ? [id] : [],
    );
  }

  /** Does something with an order while no step is being taken for it. */
  async whileStill<T>(id: OrderId, onEnd: () => void, work: () => Promise<T>): Promise<T> {
    for (let other = this.#still.get(id); other !== undefined; other = this.#still.get(id)) await other;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#still.set(id, promise);
    try {
      const step = this.#inFlight.get(id);
      if (step !== undefined) await step.end;
      return await work();
    } finally {
      this.#still.delete(id);
      resolve();
      onEnd();
    }
  }

  #runDue(purpose: Purpose, deps: DispatchDeps): number | null {
    const rows = this.#due(purpose, AT_ONCE + SWEEP_FROM, deps);
    if (purpose === "watch" && this.#isWorthSweeping(rows)) return this.#sweep(deps);
    const held = this.#startAll(rows, deps);
    // Behind doubts that are all held back there can be one whose order is to be sent again.
    if (purpose === "ask" && held.size > 0) this.#startAll(this.#due(purpose, LOOKED_AT_MAX, deps), deps, held);
    return held.size === 0 ? null : Math.min(...held.values());
  }

  #due(purpose: Purpose, limit: number, { sql, nowMs }: DispatchDeps): OrderRow[] {
    return readDue(sql, purpose, nowMs(), limit).filter(
      ({ order }) => !this.#inFlight.has(order.id) && !this.#still.has(order.id),
    );
  }

  /** Starts what may start. What holds one order back holds back all that need the same call: returns until when, for each. */
  #startAll(rows: readonly OrderRow[], deps: DispatchDeps, held = new Map<Purpose, number>()): Map<Purpose, number> {
    for (const row of rows) {
      const next = planStep(row, deps);
      const purpose = purposeOfMove(next, row);
      if (purpose !== undefined && held.has(purpose)) continue;
      const untilMs = this.#start(row, next, purpose, deps);
      if (untilMs !== null && purpose !== undefined) held.set(purpose, untilMs);
    }
    return held;
  }

  /** Starts a step, if there is room for it. Returns until when the connection holds it back. */
  #start(row: OrderRow, next: NextMove, purpose: Purpose | undefined, deps: DispatchDeps): number | null {
    if (this.#inFlight.has(row.order.id) || !this.#hasRoomFor(purpose)) return null;
    if (purpose !== undefined) {
      const pass = deps.connection.draw(purpose);
      if (pass.held) return pass.untilMs;
    }
    const { id } = row.order;
    const end = deps.step(row, next).finally(() => {
      this.#inFlight.delete(id);
      this.#missing.delete(id);
      deps.onEnd();
    });
    this.#inFlight.set(id, { purpose, end });
    deps.start(end);
    return null;
  }

  #isWorthSweeping(rows: readonly OrderRow[]): boolean {
    return this.#sweeping || rows.filter(({ order }) => !this.#missing.has(order.id)).length >= SWEEP_FROM;
  }

  #sweep(deps: DispatchDeps): number | null {
    if (!this.#hasRoomFor("watch")) return null;
    const pass = deps.connection.draw("watch");
    if (pass.held) return pass.untilMs;
    const due = this.#due("watch", SWEEP_MAX, deps);
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

  /** A slow answer to one kind of call leaves a place for an exit and one for a cancel. */
  #hasRoomFor(purpose: Purpose | undefined): boolean {
    const calls = [...this.#inFlight.values()].map((step) => step.purpose);
    if (this.#sweeping) calls.push("watch");
    const count = (isOne: (other: Purpose | undefined) => boolean) => calls.filter(isOne).length;
    if (calls.length >= AT_ONCE) return false;
    if (purpose === undefined) return true;
    if (purpose !== "exit" && count((other) => other !== "exit") >= WITHOUT_AN_EXIT) return false;
    if (purpose !== "cancel" && count((other) => other !== "cancel") >= WITHOUT_A_CANCEL) return false;
    if (URGENT.includes(purpose)) return true;
    if (count((other) => other !== undefined && PATIENT.includes(other)) >= PATIENT_AT_ONCE) return false;
    return purpose === "send" || count((other) => other === purpose) < ASKING_AT_ONCE;
  }
}

const rotate = <T>(items: readonly T[], by: number): T[] => [
  ...items.slice(by % items.length),
  ...items.slice(0, by % items.length),
];
