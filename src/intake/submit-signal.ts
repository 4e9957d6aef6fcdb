// What every signal goes through once it has proven itself: read it, find its account, hand it over.
import type { Admitted, Signal, SignalRefusal } from "../account/admit.ts";
import { accountStub } from "../account/stub.ts";
import type { Config } from "../config.ts";
import type { AccountId } from "../domain/ids.ts";
import { type Result, assertNever, err } from "../domain/result.ts";
import { openDatabase } from "../storage/client.ts";
import { type Misconfigured, askTwice, namingSetting } from "./ask-account.ts";
import { type BodyRefusal, parseBytes } from "./json-body.ts";
import { readOrder } from "./read-order.ts";
import type { SignedSource } from "./signed-source.ts";
import { type TargetRefusal, targetAccount } from "./target-account.ts";

/** The body names an account that is not there, or that the source may not send to. */
type AccountUnknown = { readonly reason: "account_unknown" };

export type SubmitRefusal = BodyRefusal | Misconfigured | AccountUnknown | SignalRefusal;

export type ProvenSignal = Pick<Signal, "idempotencyKey" | "bodySha256" | "requestId" | "clientIp"> & {
  readonly source: Pick<SignedSource, "id" | "sender" | "account" | "accounts">;
  /** Every key that proved it. */
  readonly keyIds: readonly string[];
  readonly proof: NonNullable<Signal["proof"]>;
  readonly body: Uint8Array<ArrayBuffer>;
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
): Promise<Result<Admitted, SubmitRefusal>> {
  const { source, keyIds, proof, body, bodySha256, idempotencyKey, requestId, clientIp, waitMs } = proven;
  const json = parseBytes(body);
  if (!json.ok) return json;
  const order = readOrder(json.value);
  if (!order.ok) return order;

  const database = () => openDatabase(env.DB);
  const named = order.value.account;
  const account = await targetAccount({ named, source, keyIds, isThere, config, database, now });
  if (!account.ok) return refuse(account.error);
  const signal: Signal = {
    source: source.id,
    actor: { kind: "source", id: source.id },
    proof,
    sender: source.sender,
    order: order.value,
    idempotencyKey,
    bodySha256,
    requestId,
    clientIp,
  };
  const submit = async (isFirst: boolean) => accountStub(env, account.value).submit(signal, isFirst ? waitMs : 0);
  return namingSetting(account.value, await askTwice(submit));
}

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
