// What the account is handed as a signal: who has sent it, what proves that, and what it asks for.
import type { Actor } from "../../domain/audit-entry.ts";
import type { GoalSettings } from "../../domain/goal/goal.ts";
import type { SourceId } from "../../domain/ids.ts";
import type { Origin } from "../../domain/origin.ts";
import type { Circumstances, Notice } from "../../domain/signal/format.ts";
import type { Instruction } from "../../domain/signal/instruction.ts";
import type { SignalLimits } from "../../domain/signal/rule.ts";
import type { SignatureScheme } from "../../domain/signature.ts";
import type { SourceCaps } from "../../domain/source.ts";
import type { StopReach } from "../../domain/trading-stop.ts";
import type { Claims } from "./nonces.ts";

/** What the isolate that proved a signal knows of its source. */
export type Sender = {
  /** Which revision of the source it goes by; `null` for the one source that settings alone describe. */
  readonly revision: number | null;
  readonly origin: Origin;
  readonly caps: SourceCaps | null;
  /** Who is behind it, where that is written down. */
  readonly owner: string | null;
};

/** How a signal proved where it comes from, and what of that is used up by it. */
export type Proof = {
  readonly scheme: SignatureScheme | "url_token";
  /** Which of the source's secrets signed it. */
  readonly keyId: string;
  readonly claims: Claims;
};

/** All of a signal but what it asks for. */
export type Envelope = {
  readonly source: SourceId;
  readonly actor: Actor;
  /** `null` for an order given with an API key: its own id is what keeps it from running twice. */
  readonly proof: Proof | null;
  /** `null` for an order given with an API key. */
  readonly sender: Sender | null;
  readonly idempotencyKey: string | null;
  readonly bodySha256: string;
  readonly requestId: string;
  readonly clientIp: string | null;
};

/** A signal that is more than one order. */
export type InstructionSignal = Envelope & {
  readonly proof: Proof;
  readonly instructions: readonly Instruction[];
  /** The sender's own name for it. */
  readonly name: string | null;
  readonly settings: GoalSettings & SignalLimits;
  /** What it stops when it says so. */
  readonly stopReach: StopReach;
  readonly format: string;
  readonly circumstances: Circumstances;
  readonly notices: readonly Notice[];
};

/** On whose behalf positions are changed: a signal says all of this, and so does a person who has everything left. */
export type Mandate = Pick<InstructionSignal, "source" | "actor" | "sender" | "requestId" | "clientIp"> & {
  readonly settings: GoalSettings;
};

/** What a signal says of everything that it asks for, whenever that is carried out. */
export type Carried = Mandate & Pick<InstructionSignal, "settings" | "circumstances" | "stopReach">;
