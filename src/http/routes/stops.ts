// /v1/stops: stopping trading, everywhere or in a part of it, and releasing it.
import { type OpenAPIHono, createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { accountStub } from "../../account/stub.ts";
import { type Principal, mayUse } from "../../domain/access.ts";
import { directoryOf } from "../../directory/isolate.ts";
import { AccountId, type SourceId } from "../../domain/ids.ts";
import { API_SOURCE, DEFAULT_SOURCE } from "../../domain/source.ts";
import { SignalReceipt } from "../../domain/signal/receipt.ts";
import { type NewStop, NewStop as NewStopSchema, type StopLevel, TradingStop } from "../../domain/trading-stop.ts";
import { UNKNOWN_ACCOUNT } from "../../intake/read-order.ts";
import type { StoppedEverywhere } from "../../gateway/gateway-object.ts";
import { readStopsOf } from "../../gateway/read-stops.ts";
import { gatewayStub } from "../../gateway/stub.ts";
import { isSymbolKnown } from "../../storage/instruments.ts";
import { openDatabase } from "../../storage/client.ts";
import { within } from "../../within.ts";
import { mustDo, notTold, readBody } from "../admin.ts";
import { callerOf } from "../caller.ts";
import type { AppEnv } from "../env.ts";
import { guarded } from "../guarded.ts";
import { guardedProblems, jsonOf } from "../openapi.ts";
import { type Trouble, invalidRequest, refuse, unavailable } from "../problem.ts";
import { ChangeReason } from "../../domain/change-reason.ts";

/** How long to wait for the answers to orders that left before the stop. */
const SENT_PATIENCE_MS = 8_000;
/** How long to wait for what would be good to know before a stop is set. */
const READING_MS = 2_000;

const mayStop = guarded(["kill", "admin:risk"]);
const mayRelease = guarded(["admin:risk"]);

const Stopped = z
  .strictObject({
    stop: TradingStop,
    accounts: z
      .array(
        z.strictObject({
          account: AccountId,
          canceled: z.int().meta({ description: "Live orders that are wanted canceled now." }),
          on_the_wire: z.array(z.string()).meta({
            description:
              "Orders that had left for the broker before, and whose answer has not come yet. Nothing else leaves.",
          }),
          flattened: SignalReceipt.nullable().meta({
            description:
              "With `flatten`, what becomes of each position, like the receipt of a signal: `GET /v1/signals/{id}` has it as it " +
              "then stands. `null` where positions are to stay.",
          }),
        }),
      )
      .meta({ description: "Where it is in force." }),
  })
  .meta({ id: "TradingStopped" });

const StopList = z
  .object({
    stops: z.array(TradingStop),
    unread: z.array(AccountId).meta({
      description: "Accounts that did not answer in time: what is stopped only there is not in the list.",
    }),
  })
  .meta({ id: "StopList" });

const Release = z.strictObject({ reason: ChangeReason.optional() }).meta({ id: "ReleaseStop" });

const params = z.object({ id: z.string().meta({ description: "The stop's `id`." }) });
const bodyOf = <T extends z.ZodType>(schema: T) => ({ required: true, content: { "application/json": { schema } } });

const listStops = createRoute({
  method: "get",
  path: "/v1/stops",
  operationId: "listStops",
  summary: "List the stops that are in force",
  ...guarded(["kill", "admin:risk", "orders:read"]),
  responses: {
    200: jsonOf(StopList, "Each once."),
    ...guardedProblems("invalid_request"),
  },
});

const postStop = createRoute({
  method: "post",
  path: "/v1/stops",
  operationId: "stopTrading",
  summary: "Stop trading",
  description:
    "Everywhere, or only in an account, of a source, or in a symbol. It is in force when the answer is there, also for what was " +
    "approved before and has not left. The accounts go by it even while the database is away. Cancels always pass, and exits " +
    "unless the state is `halted`. With `flatten`, every position that it reaches is closed as well, each account's in the " +
    "transaction that sets the stop.",
  security: mayStop.security,
  request: { body: bodyOf(NewStopSchema) },
  responses: {
    200: jsonOf(Stopped, "In force."),
    ...guardedProblems("not_told", "invalid_request", "body_too_large", "malformed_body", "beyond_own_rights"),
  },
});

const releaseStop = createRoute({
  method: "post",
  path: "/v1/stops/{id}/release",
  operationId: "releaseStop",
  summary: "Release a stop",
  description:
    "Nobody releases what somebody above them has set: a key that is bound to accounts does not release what one that is " +
    "bound to none has stopped. Stops of everything that say the same are released together. Orders that it has ended stay " +
    "ended.",
  security: mayRelease.security,
  request: { params, body: bodyOf(Release) },
  responses: {
    200: jsonOf(TradingStop, "No longer in force."),
    ...guardedProblems(
      "not_told",
      "invalid_request",
      "body_too_large",
      "malformed_body",
      "not_found",
      "stop_of_higher_level",
    ),
  },
});

export function mountStops(app: OpenAPIHono<AppEnv>): void {
  app.openapi(listStops, async (c) => {
    const { stops, unread } = await readStopsOf(c.env, await visibleAccounts(c));
    return c.json({ stops: [...stops], unread: [...unread] }, 200);
  });

  // Registered by hand: the generated validator's JSON reader is not a strict one.
  for (const route of [postStop, releaseStop]) app.openAPIRegistry.registerPath(route);

  app.post(postStop.getRoutingPath(), ...mayStop.middleware, async (c) => {
    const wanted = await readBody(c, NewStopSchema);
    await mustReach(c, wanted);
    const { stop, reached } = await set(c, wanted);
    const accounts = await Promise.all(
      reached.map(async ({ account, canceled, flattened }) => ({
        account,
        canceled,
        on_the_wire: [...(await accountStub(c.env, account).sentBefore(stop.state, SENT_PATIENCE_MS))],
        flattened,
      })),
    );
    return c.json({ stop, accounts }, 200);
  });

  app.post(releaseStop.getRoutingPath(), ...mayRelease.middleware, async (c) => {
    const id = c.req.param("id");
    const { reason } = await readBody(c, Release);
    const [level, why, caller] = [levelOf(c.var.principal), reason ?? null, callerOf(c)];
    const { stops, unread } = await readStopsOf(c.env, await visibleAccounts(c));
    const account = stops.find((stop) => stop.id === id)?.account ?? null;
    if (account !== null)
      return c.json(mustDo(c, await accountStub(c.env, account).release(id, level, why, caller)), 200);
    const released = await gatewayStub(c.env).release(id, level, why, caller);
    if (!released.ok && released.error.reason === "not_there")
      refuse(c, unread.length > 0 ? notLookedInto(unread) : NO_SUCH_STOP);
    const { answer, untold } = mustDo(c, released);
    return untold.length === 0 ? c.json(answer, 200) : notTold(c, untold);
  });
}

/** Sets it where it is to be in force; ends the request where that could not be done everywhere. */
async function set(
  c: Context<AppEnv>,
  { cancel: cancels, flatten, ...terms }: NewStop,
): Promise<Pick<StoppedEverywhere, "stop" | "reached">> {
  const stop: TradingStop = {
    ...terms,
    id: crypto.randomUUID(),
    level: levelOf(c.var.principal),
    set_by: c.var.principal.id,
    set_at: new Date().toISOString(),
  };
  const actions = { cancels, flatten };
  if (stop.account !== null) {
    const { inForce, ...done } = await accountStub(c.env, stop.account).stop(stop, actions, callerOf(c));
    return { stop: inForce[0] ?? stop, reached: [{ account: stop.account, ...done }] };
  }
  const { answer, untold } = await gatewayStub(c.env).stop(stop, actions, callerOf(c));
  if (untold.length > 0 || !answer.isStored) notTold(c, answer.isStored ? untold : [...untold, "the database"]);
  return answer;
}

/** Who is bound to accounts stops and releases there. */
const levelOf = ({ accounts }: Principal): StopLevel => (accounts === null ? "gateway" : "account");

/** A stop with a typing error in it stops nothing: what it names has to be there. */
async function mustReach(c: Context<AppEnv>, { account, source, symbol }: NewStop): Promise<void> {
  const { principal } = c.var;
  if (account === null && principal.accounts !== null) {
    const errors = [{ pointer: "/account", code: "beyond_own_rights", message: "name one of your accounts" }];
    mustDo(c, { ok: false, error: { reason: "beyond_own_rights", errors } });
  }
  const directory = directoryOf(c.env);
  const isAccount = account === null || (mayUse(principal, account) && (await directory.hasAccount(account)));
  const isSource = source === null || OWN_SOURCES.includes(source) || (await directory.hasSource(source));
  const errors = [
    ...(isAccount ? [] : [UNKNOWN_ACCOUNT]),
    ...(isSource ? [] : [{ pointer: "/source", code: "source_unknown", message: "no such source" }]),
    ...((await isSymbol(c, symbol))
      ? []
      : [{ pointer: "/symbol", code: "symbol_unknown", message: "no broker here lists it" }]),
  ];
  if (errors.length > 0) refuse(c, invalidRequest(errors));
}

const NO_SUCH_STOP: Trouble = {
  code: "not_found",
  detail: "No stop that is in force has this id: `GET /v1/stops` lists those that are.",
};

/** It may be one of theirs. */
const notLookedInto = (unread: readonly AccountId[]): Trouble =>
  unavailable(`No other account has this stop, and ${unread.join(", ")} did not answer. Send the same request again.`);

/** A stop does not wait for the database to say. */
async function isSymbol(c: Context<AppEnv>, symbol: string | null): Promise<boolean> {
  if (symbol === null) return true;
  return within(READING_MS, isSymbolKnown(openDatabase(c.env.DB), symbol)).catch(() => true);
}

const OWN_SOURCES: readonly SourceId[] = [DEFAULT_SOURCE, API_SOURCE];

const visibleAccounts = async (c: Context<AppEnv>): Promise<readonly AccountId[]> =>
  [...(await directoryOf(c.env).current()).accounts].filter((account) => mayUse(c.var.principal, account));
