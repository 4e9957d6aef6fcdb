// What every signal goes through once it has proven itself: read it, find its account, or its accounts, hand it over.
import type { SignalRefusal } from "../account/door/door.ts";
import { stopsEverything } from "../account/stops/stop-by-signal.ts";
import { accountStub } from "../account/stub.ts";
import type { Config } from "../config.ts";
import { decodeUtf8 } from "../crypto/encoding.ts";
import type { AccountId } from "../domain/ids.ts";
import { findUnfit, ownOrderIn } from "../domain/signal/own-order.ts";
import { type SignalRead, readSignal } from "../domain/signal/read.ts";
import type { SignalSettings } from "../domain/signal/settings.ts";
import { type Result, assertNever, err, ok } from "../domain/result.ts";
import { openDatabase } from "../storage/client.ts";
import { type Misconfigured, type NotTold, askTwice, namingSetting } from "./ask-account.ts";
import { type FannedOut, fanOut } from "./fan-out.ts";
import { type BodyRefusal, invalidFields } from "./json-body.ts";
import type { SignedSource } from "./signed-source.ts";
import { stopEverything } from "./stop-everything.ts";
import type { Submitted } from "./submitted.ts";
import { type TargetRefusal, targetAccount } from "./target-account.ts";
import type { Envelope, InstructionSignal, Proof } from "../account/door/envelope.ts";

/** The body names an account that is not there, or that the source may not send to. */
type AccountUnknown = { readonly reason: "account_unknown" };

export type SubmitRefusal = BodyRefusal | Misconfigured | AccountUnknown | SignalRefusal | NotTold;

export type ProvenSignal = Pick<Envelope, "bodySha256" | "requestId" | "clientIp"> & {
  readonly source: Pick<SignedSource, "id" | "sender" | "signals" | "account" | "accounts" | "fanOut">;
  /** Every key that proved it. */
  readonly keyIds: readonly string[];
  readonly proof: Proof;
  readonly body: Uint8Array<ArrayBuffer>;
  /** What names it beside a name in its own words: known with its request, or once it has been read. */
  readonly nameOf: (signal: SignalRead) => string | null;
  /** When it was sent, where that has been proven; what is in its own words comes first. */
  readonly sentAtMs: number | undefined;
  /** How long the caller waits for the broker's word. */
  readonly waitMs: number;
};

export type SubmitContext = {
  readonly isThere: (account: AccountId) => Promise<boolean>;
  readonly config: Config;
  readonly env: Env;
  readonly now: Date;
};

export async function submitSignal(
  proven: ProvenSignal,
  { isThere, config, env, now }: SubmitContext,
): Promise<Result<Submitted | FannedOut, SubmitRefusal>> {
  const { source, keyIds, body } = proven;
  const text = decodeUtf8(body);
  if (text === undefined) return err({ reason: "malformed_body", cause: { reason: "not_utf8" } });
  const read = readSignal(text, source.signals);
  if (!read.ok) return read;
  const unfit = ownOrderIn(read.value, source.signals) === undefined ? findUnfit(read.value) : [];

  const database = () => openDatabase(env.DB);
  const named = read.value.account;
  const handTo = (account: AccountId, proof: Proof) => handOver(account, read.value, { ...proven, proof }, env);
  // A stop of everything is one account's to set: set by each, it would be several, and come back one by one.
  const asked = { sender: source.sender, stopReach: source.signals.stop_reach };
  const isForAll = stopsEverything(read.value.instructions, asked);
  if (named === undefined && source.account !== null && source.fanOut.length > 0 && !isForAll) {
    if (unfit.length > 0) return invalidFields(unfit);
    return ok(await fanOut([source.account, ...source.fanOut], { proven, isThere, handTo }));
  }
  const account = await targetAccount({ named, source, keyIds, isThere, config, database, now });
  if (!account.ok) return refuse(account.error);
  return unfit.length > 0 ? invalidFields(unfit) : handTo(account.value, proven.proof);
}

/** Has one account decide about the signal, and carry it out. Throws where the account cannot be reached. */
async function handOver(
  account: AccountId,
  read: SignalRead,
  { source, proof, nameOf, bodySha256, requestId, clientIp, sentAtMs, waitMs }: ProvenSignal,
  env: Env,
): Promise<Result<Submitted, Misconfigured | SignalRefusal | NotTold>> {
  const shared = {
    source: source.id,
    actor: { kind: "source" as const, id: source.id },
    proof,
    sender: source.sender,
    idempotencyKey: nameOf(read),
    bodySha256,
    requestId,
    clientIp,
  };
  const stub = () => accountStub(env, account);
  const order = ownOrderIn(read, source.signals);
  if (order !== undefined) {
    const submit = async (isFirst: boolean) => stub().submit({ ...shared, order }, isFirst ? waitMs : 0);
    return namingSetting(account, await askTwice(submit));
  }
  const { circumstances } = read;
  const signal: InstructionSignal = {
    ...shared,
    instructions: read.instructions,
    name: read.client_order_id ?? null,
    settings: settingsOf(source.signals),
    stopReach: source.signals.stop_reach,
    format: read.format,
    circumstances: { ...circumstances, sentAtMs: circumstances.sentAtMs ?? sentAtMs },
    notices: read.notices,
  };
  const instruct = async (isFirst: boolean) => stub().instruct(signal, isFirst ? waitMs : 0);
  const instructed = namingSetting(account, await askTwice(instruct));
  if (!instructed.ok) return instructed;
  const { wideStops, ...submitted } = instructed.value;
  // In the name of the request that asked first: what it has done in an account is not done there again.
  const caller = { actor: shared.actor, requestId: submitted.receipt.request_id, clientIp };
  const told = await stopEverything(env, wideStops, caller);
  return told.ok ? ok(submitted) : told;
}

const settingsOf = (settings: SignalSettings): InstructionSignal["settings"] => ({
  onOpposite: settings.on_opposite,
  defaultSize: settings.default_size,
  max_age_sec: settings.max_age_sec,
  delayed_feed: settings.delayed_feed,
  position_gap: settings.position_gap,
});

function refuse(refusal: TargetRefusal): Result<never, AccountUnknown | Misconfigured> {
  switch (refusal.reason) {
    case "account_unknown":
      return err(refusal);
    case "default_unknown":
      return err({ reason: "misconfigured", problem: "DEFAULT_ACCOUNT: there is no such account" });
    case "account_moved": {
      const problem = `DEFAULT_ACCOUNT: this secret leads to account ${refusal.pinned}; give the source a new secret to move it`;
      return err({ reason: "misconfigured", problem });
    }
    default:
      return assertNever(refusal);
  }
}
