// sallyport send: signs whatever is typed and sends it to a webhook of the gateway.
import * as z from "zod";
import type { Address } from "../address.ts";
import { type Answer, type RawCall, Refusal, exchange } from "../api.ts";
import { adviseOn } from "../advice.ts";
import { formatWaiting, isHeld } from "../approval-text.ts";
import { COMMON_USAGE, CONNECTION_USAGE, SIGNING_OPTIONS, readArguments, readWhole } from "../arguments.ts";
import { readBody } from "../body.ts";
import type { Command, Context } from "../command.ts";
import { EXIT, type ExitCode, withAdvice } from "../failure.ts";
import { formatOrder, formatOrderBriefly } from "../order-text.ts";
import { type ConnectionOptions, readGatewayAddress, readSigningSecret } from "../settings.ts";
import { nextCommand } from "../next-command.ts";
import { readScheme, signAs } from "../signing.ts";
import { canceledIn, formatReceipt, formatToDo } from "../receipt-text.ts";
import { type Paint, printable } from "../screen.ts";
import { formatStopsOf } from "../stop-text.ts";
import { FanOutView, OrderView, ReceiptView } from "../views.ts";

/** An order in the gateway's own format is answered with the order, anything else with a receipt. */
const One = z.union([ReceiptView, OrderView]);
type One = z.infer<typeof One>;

/** Or, from a source that fans out, with what became of it in each account. */
const Sent = z.union([FanOutView, One]);
type Sent = z.infer<typeof Sent>;

const isReceipt = (body: One): body is ReceiptView => Array.isArray(body["steps"]);
const isFanOut = (body: Sent): body is FanOutView => Array.isArray(body["outcomes"]);

const WAIT_SEC_MAX = 10;
const DEFAULT_SOURCE = "default";

const USAGE = `usage: npx sallyport send [--wait SECONDS] [--source NAME] [--scheme v1 | standard-webhooks]
                          BODY | - | --file FILE

Signs an order, or an alert in any format that the source takes, and sends it, and shows what the
gateway made of it: an order, or what came of each thing that the alert asks for. Exits with 0 when
the gateway recorded it, also when its policy denied it: read the status.

  BODY, -, --file FILE the exact text to sign and send: here, from stdin or from a file
  --wait SECONDS       wait so long, ${WAIT_SEC_MAX} at most, until the broker has accepted or refused
  --source NAME        the last part of the webhook's path (default "default")
  --scheme SCHEME      how it is signed: v1 (default) or standard-webhooks
  --secret-file FILE   a file that holds the secret and nothing else
${CONNECTION_USAGE}
${COMMON_USAGE}

The secret comes from --secret-file, SALLYPORT_SECRET or, for a gateway on this machine, .dev.vars.

  npx sallyport send --wait 5 '{"symbol":"AAPL","side":"buy","type":"market","quantity":"10"}'
  npx sallyport send --file order.json --json | jq .status
  npx sallyport send --source alerts --secret-file alerts.secret 'BUY 10 AAPL'
  npx sallyport send --url https://gateway.example.com --secret-file hmac.secret --file order.json`;

export const send: Command = { summary: "sign an order or an alert and send it", usage: USAGE, run };

async function run(args: readonly string[], { screen, env }: Context): Promise<ExitCode> {
  const { values, positionals } = readArguments(args, {
    ...SIGNING_OPTIONS,
    source: { type: "string" },
    wait: { type: "string" },
  });
  const wait = values.wait === undefined ? {} : { Prefer: `wait=${readWhole("--wait", values.wait, WAIT)}` };
  const scheme = readScheme(values.scheme);
  const address = readGatewayAddress(values, env);
  const { bytes } = await readBody(positionals, values.file);
  const secret = readSigningSecret(values, env, address);
  const { headers } = signAs(scheme, bytes, secret);
  const path = `/webhooks/${encodeURIComponent(values.source ?? DEFAULT_SOURCE)}`;
  const look = nextCommand("orders", [], values);
  const call = { method: "POST", path, headers: { ...headers, ...wait }, bytes, look } as const;
  const answer = await sendSigned(address, call, values, values.source ?? DEFAULT_SOURCE);
  screen.show({ document: answer.body, text: () => formatAnswer(answer, values, screen.paint) });
  return EXIT.done;
}

function formatAnswer({ status, headers, body }: Answer<Sent>, options: ConnectionOptions, paint: Paint): string {
  const isReplayed = headers.has("Idempotency-Replayed");
  if (!isFanOut(body)) return formatOne({ status, isReplayed, body, isOneOfMany: false }, options, paint);
  // Account by account, in the gateway's order.
  return body.outcomes
    .map(({ account, status: own, order, receipt, problem }) => {
      const one = order ?? receipt;
      return one === undefined
        ? [
            `${account}: HTTP ${own}${problem === undefined ? "" : ` ${problem.code}: ${printable(problem.detail)}`}`,
            ...adviseOn([problem?.code], { account }, options),
          ].join("\n\n")
        : `${account}: ${formatOne({ status: own, isReplayed, body: one, isOneOfMany: true }, options, paint)}`;
    })
    .join("\n\n");
}

type OneAnswer = {
  readonly status: number;
  readonly isReplayed: boolean;
  readonly body: One;
  /** In each of several accounts: what every rule says would be as many long tables. */
  readonly isOneOfMany: boolean;
};

function formatOne(
  { status, isReplayed, body, isOneOfMany }: OneAnswer,
  options: ConnectionOptions,
  paint: Paint,
): string {
  const { outcomes, command, text, stops, toDo, isOver, isWhole } = isReceipt(body)
    ? showReceipt(body, options, paint)
    : showOrder(body, isOneOfMany, options, paint);
  const said = isReplayed ? SENT_BEFORE : outcomes[status];
  const more = [isOver ? [] : "what becomes of it", isWhole ? [] : "what every rule says"].flat();
  return [
    `HTTP ${status}: ${said ?? "recorded"}.`,
    text,
    // A stop of then may have been released by now, and somebody else's may stand.
    ...(isReplayed ? [] : stops),
    ...toDo,
    ...(more.length === 0 ? [] : [`Read ${more.join(", and ")}:\n\n  ${nextCommand(command, [body.id], options)}`]),
  ].join("\n\n");
}

const SENT_BEFORE = "sent before, and stands so now";

type Shown = {
  /** What a status means. */
  readonly outcomes: Readonly<Record<number, string>>;
  /** What reads it again. */
  readonly command: string;
  readonly text: string;
  /** What is left to a person. */
  readonly toDo: readonly string[];
  /** What it has stopped, in words, and how to release that. */
  readonly stops: readonly string[];
  /** Whether nothing more becomes of it. */
  readonly isOver: boolean;
  /** Whether the text leaves nothing out. */
  readonly isWhole: boolean;
};

const showOrder = (order: OrderView, isBrief: boolean, options: ConnectionOptions, paint: Paint): Shown => ({
  outcomes: {
    200: describeDecision(order),
    202: isHeld(order) ? "recorded, and held: the rules let it pass, and a person has to" : "recorded, and approved",
  },
  command: "orders show",
  text: isBrief ? formatOrderBriefly(order, paint) : formatOrder(order, paint),
  toDo: [
    ...[order].filter(isHeld).map((held) => formatWaiting(held, options)),
    ...adviseOn([order.reason?.code], order, options),
  ],
  stops: [],
  isOver: order.status === "denied" || order.status === "shadowed",
  isWhole: !isBrief || order.verdicts.every(({ passed }) => !passed),
});

function describeDecision({ status }: OrderView): string {
  if (status === "denied") return "recorded, and denied by the policy";
  return status === "shadowed" ? SHADOWED : SENT_BEFORE;
}

const SHADOWED = "recorded, and approved; the account is a shadow and sends nothing";

const showReceipt = (receipt: ReceiptView, options: ConnectionOptions, paint: Paint): Shown => ({
  outcomes: { 200: describeDone(receipt), 202: "recorded, and set going" },
  command: "signals show",
  text: formatReceipt(receipt, paint),
  toDo: formatToDo(receipt, options),
  stops: formatStopsOf(receipt, options),
  isOver: receipt.steps.every(({ outcome }) => OVER.has(outcome)),
  isWhole: true,
});

const OVER: ReadonlySet<string> = new Set(["done", "failed", "shadowed"]);

/** No order comes of it any more. It may have taken something away all the same. */
function describeDone({ steps }: ReceiptView): string {
  if (steps.some(({ stop }) => stop !== null)) return "recorded, and trading is stopped";
  if (steps.some(({ outcome }) => outcome === "shadowed")) return SHADOWED;
  return canceledIn(steps).size === 0
    ? "recorded, and nothing is on its way"
    : "recorded, and cancels are on their way";
}

async function sendSigned(
  address: Address,
  call: RawCall,
  options: ConnectionOptions,
  source: string,
): Promise<Answer<Sent>> {
  try {
    return await exchange(address, call, Sent);
  } catch (thrown) {
    throw thrown instanceof Refusal ? withAdvice(thrown, adviseSender(thrown, source, options)) : thrown;
  }
}

/** What the gateway does not say of a signature, whoever holds the secret can find out. */
function adviseSender({ document }: Refusal, source: string, options: ConnectionOptions): readonly string[] {
  if (document.code === "unauthorized") {
    return [
      `${nextCommand("doctor", [], options)} says whether the clock and the secret here are the gateway's; npx sallyport verify ` +
        "says which part of a captured request is wrong.",
    ];
  }
  const { errors } = Errors.catch({}).parse(document);
  return adviseOn([document.code, ...(errors ?? []).map(({ code }) => code)], { source }, options);
}

/** A field of a signal that is wrong has a code of its own. */
const Errors = z.looseObject({ errors: z.array(z.looseObject({ code: z.string().optional() })).optional() });

const WAIT = { min: 0, max: WAIT_SEC_MAX };
