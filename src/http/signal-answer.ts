// How a signal is answered: an order in the gateway's own format with the order, any other signal with its receipt, and one that
// went to several accounts with a list of what each has made of it.
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { AccountId } from "../domain/ids.ts";
import { rateLimitFields, sourceStatus } from "../domain/limit.ts";
import { Order } from "../domain/order.ts";
import { NativeInstruction } from "../domain/signal/native-instruction.ts";
import { NativeOrder } from "../domain/signal/native.ts";
import { SignalReceipt, type StepOutcome } from "../domain/signal/receipt.ts";
import type { FannedOut } from "../intake/fan-out.ts";
import type { Submitted } from "../intake/submitted.ts";
import type { AppEnv } from "./env.ts";
import { jsonOf } from "./openapi.ts";
import { answerOrder, replayed, statusOf } from "./order-answer.ts";
import { PROBLEMS, Problem, type Trouble, describeTrouble, problem } from "./problem.ts";
import { troubleOf } from "./refusal.ts";

/** Whatever an alert sends, in one of the formats that docs/signals.md lists. */
const Alert = z.record(z.string(), z.unknown()).meta({ id: "Alert" });

export const SIGNAL_BODIES = {
  "application/json": { schema: z.union([NativeOrder, NativeInstruction, Alert]) },
  "text/plain": { schema: z.string() },
};

const SignalAnswer = z.union([Order, SignalReceipt]);

const FanOutAnswer = z
  .object({
    outcomes: z.array(
      z.object({
        account: AccountId,
        status: z
          .number()
          .int()
          .meta({
            description:
              "What the account alone would have been answered with: 202 or 200 and the `order` or the `receipt`, or another and " +
              "the `problem`.",
          }),
        order: Order.optional(),
        receipt: SignalReceipt.optional(),
        problem: Problem.optional(),
      }),
    ),
  })
  .meta({ id: "FanOutAnswer" });

export const SIGNAL_ANSWERS = {
  200: jsonOf(
    z.union([Order, SignalReceipt, FanOutAnswer]),
    "Denied by the policy, or nothing came of it, or it was sent before and is answered as it now stands " +
      "(`Idempotency-Replayed: true`); nothing more is sent. Or, where the source fans out, what became of it in each account.",
    ["Location", "RateLimit", "RateLimit-Policy", "Idempotency-Replayed", "Preference-Applied"],
  ),
  202: jsonOf(
    SignalAnswer,
    "Recorded, and set going: an order in the gateway's own format is answered with the order, any other signal with what came " +
      "of each thing it asks for.",
    ["Location", "RateLimit", "RateLimit-Policy", "Preference-Applied"],
  ),
};

export function answerSignal(
  c: Context<AppEnv>,
  answer: Submitted | FannedOut,
  more: Readonly<Record<string, string>> = {},
): Response {
  if ("outcomes" in answer) return answerFanOut(c, answer, more);
  const headers = { ...rateLimitFields([sourceStatus(answer)]), ...more };
  const { order, receipt, duplicate } = answer;
  if (order !== undefined) return answerOrder(c, { order, duplicate }, headers);
  return c.json(receipt, receiptStatusOf(answer), {
    Location: `/v1/signals/${receipt.id}`,
    ...replayed(answer),
    ...headers,
  });
}

const receiptStatusOf = ({ receipt, duplicate }: Extract<Submitted, { receipt: object }>): 200 | 202 =>
  !duplicate && receipt.steps.some(({ outcome }) => UNDER_WAY.has(outcome)) ? 202 : 200;

const UNDER_WAY: ReadonlySet<StepOutcome> = new Set(["waiting", "working", "ordered"]);

/** The account can take it later: once it is reached, or once the sender's rate allows. */
const WORTH_ANOTHER: ReadonlySet<number> = new Set([429, 503]);

/** Every account's outcome, as a batch has every order's. Where none has taken it, the request has failed, and says so. */
function answerFanOut(c: Context<AppEnv>, { outcomes }: FannedOut, more: Readonly<Record<string, string>>): Response {
  const answers = outcomes.map(({ account, outcome }) =>
    outcome.ok ? { account, submitted: outcome.value } : { account, trouble: troubleOf(c, outcome.error) },
  );
  const taken = answers.flatMap(({ submitted }) => submitted ?? []);
  const troubles = answers.flatMap(({ account, trouble }) => (trouble === undefined ? [] : [{ account, ...trouble }]));
  // What is worth sending again is told before what is not.
  const worst = troubles.find(({ code }) => WORTH_ANOTHER.has(PROBLEMS[code].status)) ?? troubles[0];
  if (taken.length === 0 && worst !== undefined) {
    const reasons = troubles.map(({ account, code }) => `${account}: ${code}`).join(", ");
    const { account: _, ...trouble } = worst;
    return problem(c, { ...trouble, detail: `No account has taken it (${reasons}). ${trouble.detail}` });
  }
  const described = answers.map(({ account, submitted, trouble }) =>
    submitted === undefined ? { account, ...describeProblem(c, trouble) } : { account, ...describe(submitted) },
  );
  const scarcest = taken.toSorted((a, b) => a.remaining - b.remaining).slice(0, 1);
  return c.json({ outcomes: described } satisfies z.infer<typeof FanOutAnswer>, 200, {
    ...replayed({ duplicate: taken.length === answers.length && taken.every(({ duplicate }) => duplicate) }),
    ...rateLimitFields(scarcest.map(sourceStatus)),
    ...more,
  });
}

const describe = (submitted: Submitted) =>
  submitted.order === undefined
    ? { status: receiptStatusOf(submitted), receipt: submitted.receipt }
    : { status: statusOf(submitted), order: submitted.order };

function describeProblem(c: Context<AppEnv>, trouble: Trouble) {
  const described = describeTrouble(c, trouble);
  return { status: described.status, problem: described };
}
