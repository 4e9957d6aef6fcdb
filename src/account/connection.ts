// The way to the broker, guarded: every call is drawn from the request budget and passes the circuit breaker, and every
// ending is told to both. The breaker outlives the process; the budget starts half empty with each.
import type { Broker, NotSent, Quota, Unknown } from "../domain/broker.ts";
import {
  type CircuitBreaker,
  CLOSED,
  mayProbe,
  nextProbeAtMs,
  onFailure,
  onProbe,
  onSuccess,
  signOfEnding,
} from "../domain/circuit-breaker.ts";
import { type Pace, type Purpose, drawCall, onQuota, onRetryAfter, startPace } from "../domain/pace.ts";
import type { BucketLimits } from "../domain/token-bucket.ts";
import type { Caller } from "./caller.ts";

export type ConnectionDeps = {
  readonly limits: BucketLimits;
  readonly breaker: CircuitBreaker;
  /** Keeps the breaker, and tells the world when it opened or closed. */
  readonly onBreakerChange: (before: CircuitBreaker, after: CircuitBreaker, caller?: Caller) => void;
  /** A call that nothing came of, and why. */
  readonly onTrouble: (call: string, trouble: NotSent | Unknown) => void;
  readonly nowMs: () => number;
};

/** `held`: not now; worth trying again at `untilMs`. */
export type Pass = { readonly held: false } | { readonly held: true; readonly untilMs: number };

type Ending = Parameters<typeof signOfEnding>[0];

export class Connection {
  readonly #deps: ConnectionDeps;
  #pace: Pace;
  #breaker: CircuitBreaker;

  constructor(deps: ConnectionDeps) {
    this.#deps = deps;
    this.#breaker = deps.breaker;
    this.#pace = startPace(deps.limits, deps.nowMs());
  }

  get breaker(): CircuitBreaker {
    return this.#breaker;
  }

  get isOpen(): boolean {
    return this.#breaker.state !== "closed";
  }

  /**
   * Takes one call out of the budget, or says until when to wait. Cancels and exits pass an open breaker. An entry waits for
   * somebody else's probe: of all calls it is the one whose loss would hurt.
   */
  draw(purpose: Purpose): Pass {
    const nowMs = this.#deps.nowMs();
    const isProbe = this.isOpen && purpose !== "cancel" && purpose !== "exit";
    if (isProbe && (purpose === "send" || !mayProbe(this.#breaker, nowMs))) {
      return { held: true, untilMs: nextProbeAtMs(this.#breaker) ?? nowMs };
    }
    const drawn = drawCall(this.#pace, this.#deps.limits, purpose, nowMs);
    this.#pace = drawn.pace;
    if (!drawn.allowed) return { held: true, untilMs: nowMs + drawn.waitMs };
    if (isProbe) this.#change(onProbe(this.#breaker, nowMs));
    return { held: false };
  }

  /** A person knows that the broker is back. */
  reset(caller: Caller): void {
    this.#change(CLOSED, caller);
  }

  heardQuota(quota: Quota): void {
    this.#pace = onQuota(this.#pace, quota, this.#deps.nowMs());
  }

  /** The same broker, with every ending told to the breaker and the budget. Prices come from elsewhere and do not count. */
  listenTo(broker: Broker): Broker {
    const told = async <E extends Ending>(call: string, answer: Promise<E>): Promise<E> => {
      const ending = await answer;
      this.#heard(call, ending);
      return ending;
    };
    return {
      ...broker,
      submit: (intent) => told("submit", broker.submit(intent)),
      find: (clientOrderId) => told("find", broker.find(clientOrderId)),
      cancel: (venueOrderId) => told("cancel", broker.cancel(venueOrderId)),
      openOrders: () => told("open_orders", broker.openOrders()),
      executions: (sinceMs) => told("executions", broker.executions(sinceMs)),
      holdings: () => told("holdings", broker.holdings()),
      balances: () => told("balances", broker.balances()),
      instruments: () => told("instruments", broker.instruments()),
    };
  }

  #heard(call: string, ending: Ending): void {
    if (ending.ending === "not_sent" || ending.ending === "unknown") this.#deps.onTrouble(call, ending);
    const nowMs = this.#deps.nowMs();
    const sign = signOfEnding(ending);
    if (ending.ending === "not_sent" && sign === "answered") {
      this.#pace = onRetryAfter(this.#pace, ending.retryAfterMs, nowMs);
    }
    if (sign === "answered") this.#change(onSuccess(this.#breaker));
    if (sign === "outage") this.#change(onFailure(this.#breaker, nowMs));
  }

  #change(after: CircuitBreaker, caller?: Caller): void {
    const before = this.#breaker;
    if (after === before) return;
    this.#breaker = after;
    if (before.state !== "closed" || after.state !== "closed") this.#deps.onBreakerChange(before, after, caller);
  }
}
