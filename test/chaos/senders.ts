// The two kinds of sender. A careful one signs anew and asks again until it has an answer; a hasty one gives up after three
// seconds and sends the same bytes again after a 5xx only, as TradingView does through a relay that signs for it.
import { type SignedRequest, sign } from "../../src/cli/sign.ts";
import { sleep } from "../../src/cli/gateway-process.ts";
import type { MortalGateway } from "./gateway.ts";
import type { Heard, Ledger, Sent } from "./ledger.ts";
import type { Intent } from "./plan.ts";
import { randomOf } from "./random.ts";

const CAREFUL_TIMEOUT_MS = 10_000;
/** Longer than any start of a gateway takes. */
const CAREFUL_PATIENCE_MS = 120_000;
const CAREFUL_BACKOFF_MS = [100, 1_000] as const;
const HASTY_TIMEOUT_MS = 3_000;
const HASTY_RESENDS_MAX = 3;
const HASTY_RESEND_AFTER_MS = 5_000;
const SENDERS = 16;

type Outcome = Heard | "timeout" | "connection_error";

export type Senders = {
  readonly gateway: MortalGateway;
  readonly ledger: Ledger;
  readonly seed: string;
  /** An answer with an order in it has come. */
  readonly onAnswer: (intent: Intent, orderId: string) => void;
  /** Nothing more will be sent for one more intent. */
  readonly onDone: () => void;
};

/**
 * Sends every intent, a few at a time. A new one is begun only while a gateway is up: one that meets a closed port proves
 * nothing, and a hasty sender would lose it for good.
 */
export async function sendAll(intents: readonly Intent[], senders: Senders): Promise<void> {
  const queue = [...intents];
  const work = async (): Promise<void> => {
    for (let intent = queue.shift(); intent !== undefined; intent = queue.shift()) {
      await senders.gateway.whenUp();
      await sendCopies(intent, senders);
      senders.onDone();
      await sleep(intent.pauseMs);
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, work));
}

/** Every copy signs for itself, as two relays of the same signal would. */
async function sendCopies(intent: Intent, senders: Senders): Promise<void> {
  const send = intent.sender === "careful" ? sendCarefully : sendHastily;
  await Promise.all(Array.from({ length: intent.copies }, (_, copy) => send(intent, senders, copy)));
}

export async function sendCarefully(intent: Intent, senders: Senders, copy = 0): Promise<void> {
  const random = randomOf(senders.seed, "backoff", intent.wanted.client_order_id, copy);
  for (const deadlineMs = Date.now() + CAREFUL_PATIENCE_MS; Date.now() < deadlineMs;) {
    const request = waiting(signed(intent, senders), intent.waitSec);
    const outcome = await attempt(intent, request, CAREFUL_TIMEOUT_MS, senders);
    if (typeof outcome === "object" && outcome.status < 500 && outcome.status !== 429) return;
    await sleep(random.between(...CAREFUL_BACKOFF_MS));
  }
}

async function sendHastily(intent: Intent, senders: Senders): Promise<void> {
  const request = signed(intent, senders);
  for (let resends = 0; ; resends++) {
    const outcome = await attempt(intent, request, HASTY_TIMEOUT_MS, senders);
    const isWorthIt = typeof outcome === "object" && outcome.status >= 500 && outcome.status !== 504;
    if (!isWorthIt || resends === HASTY_RESENDS_MAX) return;
    await sleep(HASTY_RESEND_AFTER_MS);
  }
}

const signed = ({ wanted }: Intent, { gateway }: Senders): SignedRequest =>
  sign(JSON.stringify(wanted), gateway.secrets.hmacSecret);

const waiting = (request: SignedRequest, sec: number): SignedRequest =>
  sec === 0 ? request : { ...request, headers: { ...request.headers, Prefer: `wait=${sec}` } };

async function attempt(intent: Intent, request: SignedRequest, timeoutMs: number, senders: Senders): Promise<Outcome> {
  const sent = senders.ledger.of(intent);
  sent.sends += 1;
  const outcome = await post(`${senders.gateway.url}/webhooks/default`, request, timeoutMs);
  note(sent, outcome);
  if (typeof outcome === "object" && outcome.orderId !== null) senders.onAnswer(intent, outcome.orderId);
  return outcome;
}

function note(sent: Sent, outcome: Outcome): void {
  if (outcome === "timeout") sent.timeouts += 1;
  else if (outcome === "connection_error") sent.connectionErrors += 1;
  else sent.heard.push(outcome);
}

async function post(url: string, { body, headers }: SignedRequest, timeoutMs: number): Promise<Outcome> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, { method: "POST", body, headers, signal });
    const answer = (await response.json()) as { id?: string; code?: string };
    return { status: response.status, orderId: response.ok ? (answer.id ?? null) : null, code: answer.code ?? null };
  } catch {
    return signal.aborted ? "timeout" : "connection_error";
  }
}
