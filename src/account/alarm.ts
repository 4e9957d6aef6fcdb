// The object's one alarm. Work that is due is begun at once, in this process; the alarm rings for what is due later, and a moment
// after what is being worked on, should the process die of it.
import type { AccountStore } from "./context.ts";
import type { Housekeeping } from "./housekeeping.ts";
import { dueTimes } from "./orders/orders.ts";
import { isAnythingDue } from "./signals/sequels.ts";

/** When to look after work that should be done by then, and is not if the process died. */
const SAFETY_MS = 1_000;
/** When to look again while the account is missing from the configuration: a deployment has to happen first. */
const MISCONFIGURED_MS = 60_000;
/** Held-back orders are looked at again within this time, whatever holds them back: approvals run out meanwhile. */
const HELD_MS_MAX = 15_000;
/** A call that is due sooner than this is not worth an alarm of its own. */
const HELD_MS_MIN = 50;

export type AlarmDeps = Pick<AccountStore, "sql" | "start"> & {
  /** Of the object: has it ring at that time, and not at any other. */
  readonly setAlarm: (atMs: number) => Promise<void>;
  readonly housekeeping: Pick<Housekeeping, "nextAtMs">;
  /** Whether the account's settings are usable at this moment. */
  readonly isUsable: () => boolean;
};

export class Alarm {
  readonly #deps: AlarmDeps;
  /** When it is set to ring, as far as this process knows. */
  #atMs: number | undefined;
  #heldUntilMs = 0;

  constructor(deps: AlarmDeps) {
    this.#deps = deps;
  }

  /** Until when due orders are held back by the connection; `null` where none is. */
  holdBack(untilMs: number | null): void {
    this.#heldUntilMs = untilMs ?? 0;
  }

  /** It has rung, or nobody knows any more whether it is set. */
  forget(): void {
    this.#atMs = undefined;
  }

  /** Sets it to what is due next. One that rings too early only finds less to do; one that rings too late leaves an order alone. */
  set(): void {
    const atMs = this.#nextAtMs(Date.now());
    if (atMs === Infinity || (this.#atMs !== undefined && this.#atMs <= atMs)) return;
    this.#atMs = atMs;
    this.#deps.start(this.#deps.setAlarm(atMs));
  }

  /** Whatever went wrong when it rang, it rings again. */
  async ringAgain(): Promise<void> {
    await this.#deps.setAlarm(Date.now() + SAFETY_MS);
  }

  #nextAtMs(nowMs: number): number {
    const { sql, housekeeping, isUsable } = this.#deps;
    const goalsAtMs = isAnythingDue(sql) ? nowMs + SAFETY_MS : Infinity;
    // What is due already is being worked on in this process, or held back: for that it is only the net below.
    const { isAnyDue, nextMs } = dueTimes(sql, nowMs);
    const netMs = !isAnyDue ? Infinity : nowMs + (isUsable() ? this.#netDelayMs(nowMs) : MISCONFIGURED_MS);
    return Math.min(housekeeping.nextAtMs(nowMs, SAFETY_MS), goalsAtMs, nextMs ?? Infinity, netMs);
  }

  #netDelayMs(nowMs: number): number {
    if (this.#heldUntilMs <= nowMs) return SAFETY_MS;
    return Math.min(Math.max(this.#heldUntilMs - nowMs, HELD_MS_MIN), HELD_MS_MAX);
  }
}
