// GET /v1/instruments and POST /v1/admin/instruments/refresh: what an account's broker trades, and reading that anew.
import { type OpenAPIHono, createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { RefreshRefusal } from "../../account/risk/instruments.ts";
import { accountStub } from "../../account/stub.ts";
import { AccountId } from "../../domain/ids.ts";
import { Instrument } from "../../domain/instrument.ts";
import { Symbol } from "../../domain/order.ts";
import { assertNever } from "../../domain/result.ts";
import { type Misconfigured, namingSetting } from "../../intake/ask-account.ts";
import { accountNamed } from "../../intake/read-order.ts";
import { findAccount } from "../../storage/accounts.ts";
import { openDatabase } from "../../storage/client.ts";
import { countInstruments, findInstruments } from "../../storage/instruments.ts";
import { readBody } from "../admin.ts";
import { callerOf } from "../caller.ts";
import type { AppEnv } from "../env.ts";
import { guarded } from "../guarded.ts";
import { asking, knownAccount } from "../known-ids.ts";
import { guardedProblems, jsonOf } from "../openapi.ts";
import { type Trouble, refuse, unavailable } from "../problem.ts";
import { troubleOf } from "../refusal.ts";

const SYMBOLS_MAX = 50;

const Symbols = z
  .string()
  .transform((text) => [...new Set(text.split(","))])
  .pipe(z.array(Symbol).max(SYMBOLS_MAX, { error: `must name at most ${SYMBOLS_MAX} symbols` }));

const InstrumentList = z
  .object({
    broker: z.string().meta({ description: "Accounts at the same kind of broker share one list." }),
    listed: z.int().meta({ description: "How many it listed when it was last asked." }),
    refreshed_at: z.iso.datetime().nullable().meta({ description: "When that was; null where it never was." }),
    instruments: z.array(Instrument).meta({ description: "Those asked for that are listed, or once were: `status`." }),
    not_listed: z.array(Symbol).meta({ description: "The others." }),
  })
  .meta({ id: "InstrumentList" });

const getInstruments = createRoute({
  method: "get",
  path: "/v1/instruments",
  operationId: "listInstruments",
  summary: "Read instruments of an account's broker by symbol",
  description:
    "As the broker has listed them when it was last asked, which is done once a day. Without `symbols`: how many there are, and " +
    "since when.",
  ...guarded(["orders:read"]),
  request: {
    query: z.strictObject({
      account: AccountId.optional().meta({ description: "The gateway's default account when absent." }),
      symbols: Symbols.optional().meta({
        description: `Up to ${SYMBOLS_MAX}, in the broker's spelling, separated by commas.`,
        example: "AAPL,MSFT",
      }),
    }),
  },
  responses: {
    200: jsonOf(InstrumentList, "What is known of them."),
    ...guardedProblems("not_found", "invalid_request"),
  },
});

const RefreshInstruments = z
  .strictObject({ account: AccountId.meta({ description: "Whose broker is asked, with the account's key." }) })
  .meta({ id: "RefreshInstruments" });

const InstrumentsRefreshed = z
  .object({
    listed: z.int().meta({ description: "How many the broker lists." }),
    added: z.int().meta({ description: "Of these, how many were never listed before." }),
    changed: z.int().meta({ description: "How many are listed otherwise than before, or again." }),
    gone: z.int().meta({ description: "How many are not listed any more: they are `inactive` now." }),
  })
  .meta({ id: "InstrumentsRefreshed" });

const mayRefresh = guarded(["admin:accounts"], "instrument_refresh");

const postRefresh = createRoute({
  method: "post",
  path: "/v1/admin/instruments/refresh",
  operationId: "refreshInstruments",
  summary: "Ask an account's broker now for what it trades",
  description:
    "It is asked once a day without that. The list is that of all accounts at the same kind of broker. A long one takes some " +
    "seconds to read.",
  security: mayRefresh.security,
  request: { body: { required: true, content: { "application/json": { schema: RefreshInstruments } } } },
  responses: {
    200: jsonOf(InstrumentsRefreshed, "The list is the broker's of this moment."),
    ...guardedProblems("broker_silent", "invalid_request", "body_too_large", "malformed_body"),
  },
});

export function mountInstruments(app: OpenAPIHono<AppEnv>): void {
  app.openapi(getInstruments, async (c) => {
    const { account: named, symbols = [] } = c.req.valid("query");
    const account = await knownAccount(c, named);
    const database = openDatabase(c.env.DB);
    const broker = (await findAccount(database, account))?.account.connection.broker;
    if (broker === undefined) refuse(c, { code: "not_found", detail: "No account has this id." });
    const [found, list] = await Promise.all([
      findInstruments(database, broker, symbols),
      countInstruments(database, broker),
    ]);
    return c.json(
      {
        broker,
        listed: list?.listed ?? 0,
        refreshed_at: list?.refreshed_at ?? null,
        instruments: symbols.flatMap((symbol) => found.get(symbol) ?? []),
        not_listed: symbols.filter((symbol) => !found.has(symbol)),
      },
      200,
    );
  });

  // Registered by hand: the generated validator's JSON reader is not a strict one.
  app.openAPIRegistry.registerPath(postRefresh);

  app.post(postRefresh.getRoutingPath(), ...mayRefresh.middleware, async (c) => {
    const { account: named } = await readBody(c, RefreshInstruments);
    const account = await accountNamed(named, asking(c));
    if (!account.ok) refuse(c, troubleOf(c, account.error));
    const answer = await accountStub(c.env, account.value).refreshInstruments(callerOf(c));
    const refreshed = namingSetting(account.value, answer);
    if (!refreshed.ok) refuse(c, troubleWith(c, refreshed.error));
    return c.json(refreshed.value, 200);
  });
}

function troubleWith(c: Context<AppEnv>, refusal: RefreshRefusal | Misconfigured): Trouble {
  switch (refusal.reason) {
    case "broker_silent":
      return {
        code: "broker_silent",
        detail: `The broker has not said what it lists (${refusal.code}). The list is as it was; try again.`,
        headers: { "Retry-After": "15" },
      };
    case "not_stored":
      return unavailable("The broker's list could not be stored, and is as it was. Try again.");
    case "misconfigured":
      return troubleOf(c, refusal);
    default:
      return assertNever(refusal);
  }
}
