// How one account stands: its broker, the way there, and its record. Pure.
import type { Account } from "../domain/account.ts";
import type { CircuitBreakerView } from "../domain/circuit-breaker.ts";
import { type Check, counted, failed, passed, warned } from "../domain/check.ts";
import type { GatewayCheck } from "./gateway-checks.ts";

/** The outbox tries again every minute at least: what is older than two was refused. */
const RECORD_LATE_MS = 120_000;

export type AccountFacts = {
  readonly account: Pick<Account, "id" | "status" | "connection">;
  /** When the broker last said what the account holds, and whether that was too long ago, although it has just been asked. */
  readonly broker: { readonly as_of: string | null; readonly stale: boolean };
  readonly breaker: CircuitBreakerView;
  /** When the latest orders last changed, in ms. */
  readonly changesMs: readonly number[];
  /** The time of the last entry that the public record has, in ms. */
  readonly recordedMs: number | null;
};

export const checkAccount = (facts: AccountFacts, nowMs: number): GatewayCheck[] =>
  [checkBroker(facts, nowMs), checkBreaker(facts), checkRecord(facts, nowMs)].map((check) =>
    about(facts.account, check),
  );

/** Of an account that an operator has closed, nothing is urgent. */
export const about = <Id extends string>(account: Pick<Account, "id" | "status">, check: Check<Id>): Check<Id> => ({
  ...check,
  account: account.id,
  status: check.status === "failed" && account.status === "disabled" ? "warning" : check.status,
});

function checkBroker({ account, broker, breaker }: AccountFacts, nowMs: number): GatewayCheck {
  const check = "account.broker";
  const { broker: venue } = account.connection;
  const { as_of: answeredAt, stale } = broker;
  const calls = breaker.consecutive_failures;
  if (answeredAt !== null && !stale) {
    const agoSec = Math.max(0, Math.round((nowMs - Date.parse(answeredAt)) / 1000));
    return calls === 0
      ? passed(check, `${venue} answers with the account's key; last ${agoSec} s ago.`)
      : warned(
          check,
          `${venue} answered ${agoSec} s ago, and has not answered ${counted(calls, "call")} since.`,
          "Ask again in a moment. If it goes on, the circuit breaker opens and tries again by itself.",
        );
  }
  if (calls > 0) {
    return failed(
      check,
      `${venue} does not answer: ${counted(calls, "call")} in a row found nobody.`,
      "See whether the broker is down. It is tried again by itself; exits and cancels are tried all the while.",
    );
  }
  return failed(
    check,
    `${venue} has not said what the account holds${answeredAt === null ? "" : ` since ${answeredAt}`}: it may refuse the key.`,
    "Look in the log for broker.call_failed. With http_401 or http_403 the key is refused: give the account another one, " +
      `npx sallyport accounts credentials ${account.id} --file FILE. With http_429 something else uses up the broker's limit.`,
  );
}

function checkBreaker({ account, breaker }: AccountFacts): GatewayCheck {
  if (breaker.state === "closed") return passed("account.circuit_breaker", "It is closed: calls go out.");
  return failed(
    "account.circuit_breaker",
    `It is ${breaker.state === "open" ? "open" : "half open"} since ${breaker.opened_at ?? "an unknown time"}: no entry goes out. The next probe leaves at ${breaker.retry_at ?? "an unknown time"}.`,
    `It closes when the broker answers. If you know that it is back: POST /v1/accounts/${account.id}/circuit-breaker/reset`,
  );
}

function checkRecord({ changesMs, recordedMs }: AccountFacts, nowMs: number): GatewayCheck {
  const unrecorded = changesMs.filter((ms) => recordedMs === null || ms > recordedMs);
  const lateMs = nowMs - Math.min(...unrecorded);
  if (unrecorded.length === 0 || lateMs <= RECORD_LATE_MS) {
    return passed("account.audit_log", "The audit log keeps up.");
  }
  return failed(
    "account.audit_log",
    `The audit log is behind: an order changed ${Math.floor(lateMs / 60_000)} min ago, and it has nothing of that.`,
    "Nothing is lost: the account keeps it until D1 takes it. The log line account.audit_delivery_failed says why it does not.",
  );
}
