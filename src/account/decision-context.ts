// What a decision is made with, beside the order itself.
import type { Broker } from "../domain/broker.ts";
import type { AccountId } from "../domain/ids.ts";
import type { Origin } from "../domain/origin.ts";
import type { Policy } from "../domain/risk/policy.ts";
import type { SourceCaps } from "../domain/source.ts";
import type { Instruments } from "./instruments.ts";
import type { RecentOrders } from "./recent-orders.ts";

/** What the isolate that proved a signal knows of its source. */
export type Sender = {
  /** Which revision of the source it goes by; `null` for the one source that settings alone describe. */
  readonly revision: number | null;
  readonly origin: Origin;
  readonly caps: SourceCaps | null;
  /** Who is behind it, where that is written down. */
  readonly owner: string | null;
};

export type DecisionContext = {
  readonly account: AccountId;
  readonly policy: Policy;
  readonly minimumOrigin: Origin;
  readonly broker: Pick<Broker, "supports">;
  readonly circuitOpen: boolean;
  readonly nowMs: number;
  readonly recent: RecentOrders;
  readonly instruments: Pick<Instruments, "find">;
};
